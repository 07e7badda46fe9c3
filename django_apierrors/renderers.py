"""The renderer: converts the errors that views return, and renders successes as DRF does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rest_framework import renderers
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from django_apierrors import fallback
from django_apierrors.errors import Error, extend_body
from django_apierrors.http.encoders import encode
from django_apierrors.http.headers import add_required_headers
from django_apierrors.http.problems import JSON, apply_content_type, apply_fallback, make_problem
from django_apierrors.http.scope import is_excluded, is_html, makes_page
from django_apierrors.signals import send_error_sent
from django_apierrors.validation.shape import is_error_body


class JSONRenderer(renderers.JSONRenderer):
    """DRF's JSONRenderer, which uses `orjson` if it is installed.

    A response of status 400 or more gets a body in the format and the headers that its status must
    carry. A body in the format stays as it is.
    """

    # The error that the handler made a body of, the code in the body, and the exception.
    error: Error | None = None
    code: str | int | None = None
    exception: BaseException | None = None
    # Whether the function in `BODY` is called here, because the handler ran on the event loop,
    # where it may not use the database. Django calls this renderer in a thread.
    is_deferred = False

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return `data` as JSON; no bytes for a success without data."""
        context = renderer_context or {}
        response = context.get("response")
        if response is None or response.status_code < 400:
            return self.render_data(data, accepted_media_type, context)
        request = context.get("request")
        data, error = self.read_data(data, response, request)
        sent: Any = error
        is_inside_page = is_html(getattr(response, "accepted_renderer", None))
        try:
            body = apply_format(response, data, context, error)
            rendered = self.render_data(body, accepted_media_type, context)
            sent = error or body
        except Exception:
            fallback.log_failure("rendering an error")
            rendered, sent = apply_fallback(response, request), fallback.get_body()
            if is_inside_page:
                response["Content-Type"] = "text/html; charset=utf-8"
                is_inside_page = False
            # The settings may be the cause.
            with suppress(Exception):
                add_required_headers(response, sent, request)
        if getattr(response, "is_api_error", False):
            if is_inside_page:
                # The signal is sent once. If the handler made the error, its callback runs first,
                # and sends the signal with the error and the exception.
                response.add_post_render_callback(lambda page: send_error_sent(page, request, sent))
            else:
                send_error_sent(response, request, sent, self.exception)
        # Otherwise a cycle: the traceback of the exception has the frame of dispatch(), which
        # refers to the response, which refers to this renderer.
        self.exception = None
        return rendered

    def read_data(self, data: Any, response: Response, request: Any) -> tuple[Any, Error | None]:
        """Return the body to send, and the error of the handler if `data` is its body.

        Other keys than `code` may have been changed.
        """
        if self.error is None or not is_error_body(data) or data["code"] != self.code:
            return data, None
        if not self.is_deferred:
            return data, self.error
        data = response.data = extend_body(data, self.error, request)
        return data, self.error.with_code_of(data)

    def render_data(
        self, data: Any, accepted_media_type: str | None, context: Mapping[str, Any]
    ) -> bytes:
        """Return `data` as JSON; no bytes for `None`."""
        if data is None:
            return b""
        if self.is_compact_utf8() and not self.is_indented(accepted_media_type, context):
            return encode(data)
        rendered: bytes = super().render(data, accepted_media_type, context)
        return rendered

    def is_compact_utf8(self) -> bool:
        """Whether DRF's JSON settings, and those of a subclass, are DRF's defaults."""
        return (
            self.compact
            and self.strict
            and not self.ensure_ascii
            and self.encoder_class is JSONEncoder
            and type(self).get_indent is renderers.JSONRenderer.get_indent
        )

    def is_indented(self, accepted_media_type: str | None, context: Mapping[str, Any]) -> bool:
        """Whether the client (`Accept: …; indent=2`) or the browsable API needs indented JSON."""
        is_requested = accepted_media_type is not None and "indent" in accepted_media_type
        return is_requested or context.get("indent") is not None


def apply_format(
    response: Response, data: Any, context: Mapping[str, Any], error: Error | None = None
) -> Any:
    """Return the body for `response`, an error with `data`; adapt its headers and its status.

    `data` that is a body already, because the handler built it from `error`, gets the status of
    `response` only.
    """
    request = context.get("request")
    is_body = error is not None or is_error_body(data)
    if not is_body and request is not None and is_excluded(request):
        return data
    renderer = getattr(response, "accepted_renderer", None)
    is_inside_page = is_html(renderer)
    # The browsable API calls this renderer for the JSON inside its page. If the client prefers
    # problem details, the middleware replaces that page.
    response.is_api_error = not is_inside_page or makes_page(renderer, request)  # type: ignore[attr-defined]
    is_problem = False
    if not is_inside_page:
        response["Content-Type"] = JSON
        is_problem = apply_content_type(response, request)
    if is_body and data["status"] != response.status_code:
        # A project's handler may change only the status of the response.
        data = response.data = {**data, "status": int(response.status_code)}
    elif not is_body:
        error = Error.of_data(data, response.status_code)
        # A code of the catalogue may have another status in the project.
        response.status_code = error.status
        data = response.data = error.get_body(request)
    if is_problem:
        data = response.data = make_problem(data, error.reference if error else None)
    add_required_headers(response, data, request, context.get("view"))
    return data
