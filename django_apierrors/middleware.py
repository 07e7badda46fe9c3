"""The middleware: all errors outside DRF's handler, from an unmatched URL to a failed COMMIT."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core import exceptions
from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import fallback
from django_apierrors.errors import Body, Error
from django_apierrors.handling import reporting, rewriting
from django_apierrors.handling.malformed_requests import find_unreadable_body_response
from django_apierrors.handling.monitors import notify_monitors
from django_apierrors.handling.responses import make_fallback_response, make_response
from django_apierrors.http.scope import is_api_request, makes_page, prefers_debug_page
from django_apierrors.renderers import JSONRenderer
from django_apierrors.signals import keep_error, send_error_sent

if TYPE_CHECKING:
    from rest_framework.views import APIView

    GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class RequestState:
    """The state of one request, for the middleware: its attribute `apierrors_state`."""

    # A DRF view took part, whether the URL leads to it or a plain view called it.
    is_drf = False
    # The request of the DRF view whose exception was deferred.
    drf_request: Request | None = None
    # The headers that DRF gives to each response of the view that the URL leads to: `Allow`.
    headers: Mapping[str, str] = {}
    # The request and its view, if DRF negotiated HTML.
    html_request: tuple[Request, APIView] | None = None
    # Django responds with its technical page.
    shows_debug_page = False
    # If Django is about to respond to an exception: the error, the body, the exception, and the
    # status that Django's response will have.
    error: Error | None = None
    body: Body | None = None
    exception: BaseException | None = None
    status = 500

    def defer(self, drf_request: Request, view: APIView) -> None:
        """Defer an exception of a DRF view to `process_exception()`."""
        self.is_drf = True
        self.drf_request = drf_request
        if getattr(getattr(drf_request.resolver_match, "func", None), "cls", None) is type(view):
            self.headers = getattr(view, "headers", {})
        renderer = getattr(drf_request, "accepted_renderer", None)
        if makes_page(renderer, drf_request):
            self.html_request = (drf_request, view)
        elif renderer is None:
            # DRF's raise_uncaught_exception() reads the renderer's format under DEBUG. Without a
            # renderer, if negotiation failed, an AttributeError would hide the exception.
            drf_request.accepted_renderer = JSONRenderer()

    def expect(
        self, error: Error, exception: BaseException, request: HttpRequest, status: int = 500
    ) -> None:
        """Keep `error` for the response that Django is about to make, with the status `status`."""
        self.body, self.exception, self.status = error.get_body(request), exception, status
        self.error = error.with_code_of(self.body)
        keep_error(request, self.error)

    def find_body(self, response: HttpResponseBase) -> Body | None:
        """Return the expected body, if `response` is Django's response to the exception.

        Django logs each of its responses to exceptions. A response that Django has not logged is
        another middleware's.
        """
        is_expected = response.status_code == self.status and rewriting.is_logged(response)
        return self.body if is_expected else None


class APIErrorsMiddleware:
    """Bring the errors of API requests into the format; must be the first in `MIDDLEWARE`.

    The first middleware is the outermost: it gets the exceptions and the responses of all others,
    and Django calls its `process_exception` last.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer, sync or async."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Return the response for `request`."""
        if self.is_async:
            return self.acall(request)
        request.apierrors_state = RequestState()  # type: ignore[attr-defined]
        try:
            response = cast("HttpResponseBase", self.get_response(request))
        except Exception as exc:
            return handle_urlconf_error(request, exc)
        return response if response.status_code < 301 else format_response(request, response)

    async def acall(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response for `request`, under ASGI."""
        request.apierrors_state = RequestState()  # type: ignore[attr-defined]
        try:
            response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        except Exception as exc:
            return await sync_to_async(handle_urlconf_error)(request, exc)
        if response.status_code < 301:
            return response
        if getattr(response, "is_api_error", False):
            return format_response(request, response)
        # In a thread: receivers of error_sent, and the function in BODY, may use the database.
        return await sync_to_async(format_response)(request, response)

    def process_view(self, request: HttpRequest, *args: object) -> HttpResponse | None:
        """Read a chunked body, and reject compressed form data: DRF would treat both as empty."""
        return find_unreadable_body_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the response for an exception of a view, its transaction or its rendering.

        `None` for an unhandled exception and for a SuspiciousOperation: Django reports them, and
        its response is rewritten on the way out.
        """
        if settings.DEBUG_PROPAGATE_EXCEPTIONS:
            return None
        try:
            response = handle_exception(request, exception)
            if response is not None:
                # Because we respond, Django does not call process_exception() of the middleware
                # before ours. OpenTelemetry puts its middleware there.
                paths = settings.MIDDLEWARE
                before = takewhile(lambda path: import_string(path) is not type(self), paths)
                notify_monitors(before, request, exception)
            return response
        except Exception:
            # Django then reports the exception and responds with a 500.
            fallback.log_failure("responding to an exception")
            return None


@receiver(got_request_exception, dispatch_uid="django_apierrors.middleware.expect_error")
def expect_error(request: HttpRequest | None = None, **kwargs: object) -> None:
    """Recognise an exception of another middleware or of the URLconf, before Django responds."""
    expect_response(request, sys.exception(), 500)


def expect_bad_request(record: logging.LogRecord) -> bool:
    """Recognise a SuspiciousOperation of another middleware, before Django responds with a 400.

    This function is a filter of loggers, because Django sends no signal for a SuspiciousOperation,
    but logs it.
    """
    exception = record.exc_info[1] if record.exc_info else None
    expect_response(getattr(record, "request", None), exception, 400)
    return True


# Django has a logger for each subclass of SuspiciousOperation.
for cls in vars(exceptions).values():
    if isinstance(cls, type) and issubclass(cls, SuspiciousOperation):
        logging.getLogger(f"django.security.{cls.__name__}").addFilter(expect_bad_request)


def expect_response(
    request: HttpRequest | None, exception: BaseException | None, status: int
) -> None:
    """Recognise an exception to which Django is about to respond with `status`."""
    state: RequestState | None = getattr(request, "apierrors_state", None)
    if request is None or state is None or state.body is not None or exception is None:
        return
    if is_api_request(request) and not prefers_debug_page(request):
        try:
            with rewriting.override_language(request):
                error = reporting.get_error(exception, state.drf_request or request)
                # If the note is missing, Django's log record has no reference. The error is then
                # not kept, and the client gets no reference either.
                if reporting.is_noted(error, reporting.make_exc_info(exception)):
                    state.expect(error, exception, request, status)
        except Exception:
            fallback.log_failure("recognising an exception")


def handle_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Return the response for an exception of a view, `None` if Django makes it."""
    if not is_api_request(request):
        return None
    state: RequestState = request.apierrors_state  # type: ignore[attr-defined]
    state.shows_debug_page = prefers_debug_page(request)
    if state.shows_debug_page:
        return None
    error = reporting.get_error(exception, state.drf_request or request)
    if isinstance(exception, SuspiciousOperation):
        # Django logs it under django.security, and responds with a 400.
        with rewriting.override_language(request):
            state.expect(error, exception, request, status=400)
        return None
    if reporting.is_unhandled(error, exception):
        state.expect(error, exception, request)
        if reporting.is_noted(error, reporting.make_exc_info(exception)):
            return None
        # Django's record would not have the reference. We respond, and our record has it.
    # The page is used once: if its rendering fails, the client gets JSON.
    html_request, state.html_request = state.html_request, None
    if html_request is None:
        response = render(make_response(error, request, exception=exception))
    else:
        drf_request, view = html_request
        page = make_response(error, drf_request, view, exception=exception)
        # DRF's handle_exception() sets this attribute: TemplateHTMLRenderer then uses the templates
        # for errors.
        page.exception = True
        # Django renders the page, and passes an exception of the rendering to process_exception().
        response = view.finalize_response(drf_request, page)
    reporting.report(exception, request, response, error)
    return response


def handle_urlconf_error(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response for an exception that Django cannot handle: a broken URLconf.

    Django has sent the signal `got_request_exception` for it, and has logged nothing.
    """
    is_for_us = is_api_request(request) and not prefers_debug_page(request)
    if settings.DEBUG_PROPAGATE_EXCEPTIONS or not is_for_us:
        raise exception
    try:
        with rewriting.override_language(request):
            error = reporting.get_error(exception, request)
            response = render(make_response(error, request, exception=exception))
            response["Content-Length"] = str(len(response.content))
        rewriting.add_vary(response, request)
        reporting.log_unhandled(exception, request, response, error)
    except Exception:
        fallback.log_failure("responding to an exception")
        return render(make_fallback_response(request))
    return response


def format_response(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Bring `response` into the format if it is an error of the API in another format."""
    state: RequestState = request.apierrors_state  # type: ignore[attr-defined]
    if response.status_code >= 400:
        rewriting.add_vary(response, request)
        add_view_headers(response, state.headers)
    if getattr(response, "streaming", True) or getattr(response, "is_api_error", False):
        return response
    if response.status_code < 400 and not rewriting.is_slash_redirect(request, response):
        return response
    if hasattr(response, "accepted_renderer"):
        state.is_drf = True
    if not is_api_request(request) or is_page(request, response):
        return response
    error_response = cast("HttpResponse", response)
    try:
        body = state.find_body(response)
        error, exception = (None, None) if body is None else (state.error, state.exception)
        with rewriting.override_language(request):
            body = body or rewriting.find_body(request, error_response)
            if body is not None:
                rewriting.rewrite(error_response, request, body, error)
                send_error_sent(response, request, error or body, exception)
    except Exception:
        fallback.log_failure("bringing a response into the format")
        return render(make_fallback_response(request))
    finally:
        # The exception keeps the frames of the view alive.
        state.exception = None
    return response


def add_view_headers(response: HttpResponseBase, headers: Mapping[str, str]) -> None:
    """Add the headers of the view that are missing in `response`."""
    try:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
    except Exception:
        # The project's header may contain a line break.
        fallback.log_failure("adding the headers of a view")


def render(response: Response) -> HttpResponse:
    """Render `response`: Django does not render the substitute of a failed response."""
    rendered: HttpResponse = response.render()
    return rendered


def is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether `response` is a page for a person: DRF negotiated HTML, or Django made the page."""
    state: RequestState = request.apierrors_state  # type: ignore[attr-defined]
    renderer = getattr(response, "accepted_renderer", None)
    if state.html_request is not None or makes_page(renderer, request):
        return True
    is_of_django = (
        state.shows_debug_page or request.resolver_match is None or rewriting.is_logged(response)
    )
    return is_of_django and prefers_debug_page(request)
