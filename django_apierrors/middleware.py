"""The middleware: errors that no DRF view makes, from an unmatched URL to a COMMIT that fails."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.dispatch import receiver
from rest_framework.response import Response

from django_apierrors import failsafe
from django_apierrors.conf import get_setting
from django_apierrors.errors import NO_HEADERS
from django_apierrors.naming import tell_unnamed
from django_apierrors.recognition import recognise
from django_apierrors.renderers import makes_page
from django_apierrors.reporting import (
    is_bug,
    log_bug,
    make_reference,
    report_failure,
    show_reference,
)
from django_apierrors.responses import make_last_resort, make_response
from django_apierrors.rewriting import (
    find_body,
    is_logged,
    is_slash_redirect,
    rewrite,
    use_own_language,
)
from django_apierrors.scope import is_api_request, is_api_view, prefers_html

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from django_apierrors.errors import Body, Error

    GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class Failure:
    """What is known of a request's failure; on the request as `apierrors`.

    `body` and `headers` are what the exception that Django answers is to be answered with, `status`
    is the status that Django answers it with; `page` is the DRF request and the view for which an
    HTML page was negotiated, `drf_request` the one of which DRF's handler was asked; `is_of_drf`
    says that a DRF view took part, `is_technical` that Django's technical page answers it.
    """

    body: Body | None = None
    headers: Mapping[str, str] = NO_HEADERS
    status = 500
    page: tuple[Request, APIView] | None = None
    drf_request: Request | None = None
    is_of_drf = False
    is_technical = False

    def keep(self, error: Error, request: HttpRequest, status: int = 500) -> None:
        """Keep the body and the headers of `error`, to rewrite Django's answer with."""
        self.status = status
        self.body, self.headers = error.get_body(request), error.headers

    def get_body(self, response: HttpResponseBase) -> Body | None:
        """Return the body, if `response` is Django's answer to the exception and no other's."""
        return self.body if response.status_code == self.status else None


class APIErrorsMiddleware:
    """Bring the errors of API requests into the format; to stand first in `MIDDLEWARE`.

    First means outermost: it sees the exceptions and the responses of all others, and its
    `process_exception` is the last to be asked.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Take the next layer, sync or async."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer `request`."""
        if self.is_async:
            return self._answer_async(request)
        request.apierrors = Failure()  # type: ignore[attr-defined]
        try:
            response = cast("HttpResponseBase", self.get_response(request))
        except Exception as exc:
            return answer_escaped(request, exc)
        return response if response.status_code < 301 else check_response(request, response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        request.apierrors = Failure()  # type: ignore[attr-defined]
        try:
            response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        except Exception as exc:
            return answer_escaped(request, exc)
        return response if response.status_code < 301 else check_response(request, response)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what a view, its transaction or its rendering raised, bugs excepted.

        Django reports those, and has its own record of a SuspiciousOperation; what it then answers
        is rewritten on the way out.
        """
        if get_setting("DEBUG_PROPAGATE_EXCEPTIONS"):
            return None
        try:
            return answer_exception(request, exception)
        except Exception:
            # Django's turn: it reports the exception, and answers with a 500.
            failsafe.log_failure("answering an exception")
            return None


@receiver(got_request_exception, dispatch_uid="django_apierrors.middleware.remember_exception")
def remember_exception(request: HttpRequest | None = None, **kwargs: object) -> None:
    """Recognise what another middleware or the URLconf raised, before Django has answered it."""
    failure: Failure | None = getattr(request, "apierrors", None)
    exception = sys.exc_info()[1]
    if request is None or failure is None or failure.body is not None or exception is None:
        return
    if is_ours(request) and not prefers_technical_page(request):
        try:
            with use_own_language(request):
                failure.keep(recognise_with_reference(exception, request), request)
        except Exception:
            failsafe.log_failure("recognising an exception")


def recognise_with_reference(exception: BaseException, request: HttpRequest) -> Error:
    """Return the error of `exception`, a bug's with the reference that its log record has."""
    failure: Failure = request.apierrors  # type: ignore[attr-defined]
    error = tell_unnamed(recognise(exception), exception, failure.drf_request or request)
    return show_reference(error, make_reference(exception) if is_bug(error, exception) else "")


def answer_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Return the response for an exception of a view, `None` where Django is to answer."""
    if not is_ours(request):
        return None
    failure: Failure = request.apierrors  # type: ignore[attr-defined]
    failure.is_technical = prefers_technical_page(request)
    if failure.is_technical:
        return None
    error = recognise_with_reference(exception, request)
    if isinstance(exception, SuspiciousOperation):
        with use_own_language(request):
            failure.keep(error, request, status=400)
        return None
    if is_bug(error, exception):
        # What is to be said is in it already.
        failure.keep(error, request)
        return None
    # Once: if it is the page that fails, the next exception is answered with the body.
    page, failure.page = failure.page, None
    response = make_response(error, *(page or (request,)))
    if page is not None and isinstance(response, Response):
        drf_request, view = page
        # As DRF's handle_exception() does: templates for errors are chosen by it.
        response.exception = True
        response = view.finalize_response(drf_request, response)
    report_failure(exception, request, response)
    return response


def answer_escaped(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response for what Django itself could not answer: a URLconf that is broken.

    Django has sent its signal for it, once for each layer, and logged nothing; each layer's is a
    new exception.
    """
    is_for_us = is_ours(request) and not prefers_technical_page(request)
    if get_setting("DEBUG_PROPAGATE_EXCEPTIONS") or not is_for_us:
        raise exception
    try:
        with use_own_language(request):
            response = make_response(recognise_with_reference(exception, request), request)
            response["Content-Length"] = str(len(response.content))
        log_bug(exception, request, response)
    except Exception:
        failsafe.log_failure("answering an exception")
        return make_last_resort(request)
    return response


def check_response(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Bring `response` into the format where it is an error of the API in another one."""
    if getattr(response, "streaming", True) or getattr(response, "is_api_error", False):
        return response
    if response.status_code < 400 and not is_slash_redirect(request, response):
        return response
    if hasattr(response, "accepted_renderer"):
        request.apierrors.is_of_drf = True  # type: ignore[attr-defined]
    if not is_ours(request) or is_page(request, response):
        return response
    answer = cast("HttpResponse", response)
    failure: Failure = request.apierrors  # type: ignore[attr-defined]
    try:
        body = failure.get_body(response)
        if body is not None:
            rewrite(answer, request, body, failure.headers)
        else:
            with use_own_language(request):
                body = find_body(request, answer)
                if body is not None:
                    rewrite(answer, request, body)
    except Exception:
        failsafe.log_failure("bringing a response into the format")
        return make_last_resort(request)
    return response


def is_ours(request: HttpRequest) -> bool:
    """Tell whether a failure of `request` is for us to answer."""
    try:
        return is_api_request(request)
    except Exception:
        failsafe.log_failure("asking whether a request is the API's")
        return is_api_view(request)


def prefers_technical_page(request: HttpRequest) -> bool:
    """Tell whether it is a developer's browser, which is to see Django's page about a failure."""
    return get_setting("DEBUG") and prefers_html(request)


def is_page(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether a person is to see `response`: DRF negotiated HTML, or it is technical."""
    failure: Failure = request.apierrors  # type: ignore[attr-defined]
    renderer = getattr(response, "accepted_renderer", None)
    if failure.page is not None or makes_page(renderer, request):
        return True
    is_of_django = failure.is_technical or request.resolver_match is None or is_logged(response)
    return is_of_django and prefers_technical_page(request)
