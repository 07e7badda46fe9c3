"""The renderer: errors that a view returns come out in the format, successes as DRF has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

from django_apierrors import failsafe
from django_apierrors.encoders import encode
from django_apierrors.errors import Error, is_body
from django_apierrors.headers import add_required_headers
from django_apierrors.problems import (
    JSON,
    get_last_resort,
    make_problem,
    negotiate,
    prefers_problem,
)
from django_apierrors.scope import is_excluded

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.response import Response


class JSONRenderer(renderers.JSONRenderer):
    """DRF's JSONRenderer, by `orjson` where that is installed.

    A response of status 400 or more gets the body of this project and the headers that its status
    must carry; one that has that body already is left as it is.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return `data` as JSON, an empty text for a success without data."""
        context = renderer_context or {}
        response = context.get("response")
        if response is not None and response.status_code >= 400:
            try:
                data = bring_into_format(response, data, context)
            except Exception:
                failsafe.log_failure("bringing a returned error into the format")
                return get_last_resort(response, context.get("request"))
        if data is None:
            return b""
        if self.is_compact_utf8() and not self.is_indented(accepted_media_type, context):
            return encode(data)
        rendered: bytes = super().render(data, accepted_media_type, context)
        return rendered

    def is_compact_utf8(self) -> bool:
        """Tell whether DRF's JSON settings, and a subclass's, are DRF's defaults."""
        return (
            self.compact
            and self.strict
            and not self.ensure_ascii
            and self.encoder_class is JSONEncoder
            and type(self).get_indent is renderers.JSONRenderer.get_indent
        )

    def is_indented(self, accepted_media_type: str | None, context: Mapping[str, Any]) -> bool:
        """Tell whether the client (`Accept: …; indent=2`) or the browsable API wants lines."""
        asked_for = accepted_media_type is not None and "indent" in accepted_media_type
        return asked_for or context.get("indent") is not None


def bring_into_format(response: Response, data: Any, context: Mapping[str, Any]) -> Any:
    """Return the body of the error that a view returned as `response` with `data`."""
    request = context.get("request")
    if request is not None and is_excluded(request):
        return data
    renderer = getattr(response, "accepted_renderer", None)
    # The browsable API calls this renderer for what it shows inside its page; the middleware has a
    # problem in place of that.
    response.is_api_error = not is_html(renderer) or makes_page(renderer, request)  # type: ignore[attr-defined]
    is_problem = False
    if not is_html(renderer):
        response["Content-Type"] = JSON
        is_problem = negotiate(response, request)
    if not is_body(data, response.status_code):
        error = Error.of_data(data, response.status_code)
        # The code may carry another status: the project's, for a code of the catalogue.
        response.status_code = error.status
        data = response.data = error.get_body(request)
    if is_problem:
        data = response.data = make_problem(data)
    add_required_headers(response, request, context.get("view"))
    return data


def is_html(renderer: object) -> bool:
    """Tell whether a renderer makes pages for people."""
    return getattr(renderer, "media_type", None) == "text/html"


def makes_page(renderer: object, request: HttpRequest | Request | None) -> bool:
    """Tell whether `renderer` makes the answer to a failure: HTML, where no problem is wanted."""
    return is_html(renderer) and not prefers_problem(request, to="text/html")
