"""The response for an error: a DRF `Response` that our renderer renders."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import fallback
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error, extend_body
from django_apierrors.http.headers import add_required_headers
from django_apierrors.http.problems import JSON
from django_apierrors.http.scope import makes_page
from django_apierrors.recognition.api_exceptions import is_error
from django_apierrors.renderers import JSONRenderer
from django_apierrors.signals import keep_error, send_error_sent
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


class PageBody(dict[str, Any]):
    """A body with the serializer that found the error: the browsable API fills its form from it."""

    def __init__(self, body: Any, exception: Any) -> None:
        """Keep the serializer of `exception`, if that is DRF's ValidationError."""
        super().__init__(body)
        # Read from DRF's class only: the __getattr__() of another class may raise.
        is_invalid = isinstance(exception, ValidationError) and is_error(exception)
        self.serializer: Any = getattr(exception.detail, "serializer", None) if is_invalid else None


def make_response(
    error: Error,
    request: AnyRequest | None = None,
    view: APIView | None = None,
    exception: BaseException | None = None,
) -> Response:
    """Return the response for `error`, which was made for `exception`.

    If DRF negotiated HTML (the browsable API, templates), that renderer makes a page. Otherwise our
    renderer is used, even if it is not among the view's renderers.
    """
    is_page = makes_page(getattr(request, "accepted_renderer", None), request)
    body: Any = error.make_body(request)
    has_function = bool(api_errors.BODY)
    is_deferred = has_function and not is_page and is_on_event_loop()
    if has_function and not is_deferred:
        body = extend_body(body, error, request)
        error = error.with_code_of(body)
    keep_error(request, error)
    response = Response(body, status=error.status, headers=dict(error.headers) or None)
    if is_page:
        response.data = PageBody(body, exception)
        # The renderer of the page does not add them.
        add_required_headers(response, body, request, view)

        def send_signal(page: Response) -> None:
            nonlocal exception
            send_error_sent(page, request, error, exception)
            # Its traceback has the frames of the view, and with them the response: a cycle.
            exception = None

        # Later, because adrf calls the handler on the event loop. Django renders in a thread.
        response.add_post_render_callback(send_signal)
    else:
        renderer = set_renderer(response, request, view)
        renderer.error, renderer.code, renderer.exception = error, body["code"], exception
        renderer.is_deferred = is_deferred
    return response


def is_on_event_loop() -> bool:
    """Whether an event loop runs in this thread, as when adrf calls the handler."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def make_fallback_response(request: AnyRequest | None = None) -> Response:
    """Return the response for an error that could not be built."""
    response = Response(fallback.get_body(), status=fallback.STATUS)
    set_renderer(response, request, None)
    return response


def set_renderer(
    response: Response, request: AnyRequest | None, view: APIView | None
) -> JSONRenderer:
    """Set our renderer on `response`, and return the renderer."""
    renderer = JSONRenderer()
    if isinstance(request, Request):
        # DRF's finalize_response() copies these to the response.
        request.accepted_renderer, request.accepted_media_type = renderer, JSON
    response.accepted_renderer, response.accepted_media_type = renderer, JSON
    context = {"view": view, "request": request, "response": response}
    response.renderer_context = context  # type: ignore[attr-defined]
    return renderer
