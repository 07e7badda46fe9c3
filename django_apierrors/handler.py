"""The handler: DRF's `EXCEPTION_HANDLER`, for every exception that DRF hands to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework.views import exception_handler as stock_exception_handler

from django_apierrors import failsafe
from django_apierrors.answers import get_answer, recall_response
from django_apierrors.conf import get_setting
from django_apierrors.naming import tell_unnamed
from django_apierrors.probing import tell_forbidden
from django_apierrors.refusals import get_detail
from django_apierrors.renderers import JSONRenderer, makes_page
from django_apierrors.reporting import (
    ANSWERED_BY_DRF,
    is_bug,
    make_reference,
    report_bug,
    report_failure,
    show_reference,
)
from django_apierrors.responses import make_last_resort, make_response
from django_apierrors.rollback import roll_back_open_blocks, roll_back_request
from django_apierrors.scope import is_excluded

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.views import APIView


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Return the response for `exc`, in DRF's signature.

    With the middleware installed that is for what stock DRF answers; all else gets `None` and
    travels on, so that decorators, transactions and Django's reporting see what they always saw,
    until the middleware answers it. Without the middleware everything is answered here.
    """
    request, view = context.get("request"), context.get("view")
    if request is not None and _is_excluded(request):
        return stock_exception_handler(exc, dict(context))
    if isinstance(exc, ANSWERED_BY_DRF):
        # The answer comes first: it may ask permissions, and with them the database, which a block
        # that is marked for rollback refuses.
        response = _answer(exc, request, view)
        roll_back_request()
        return response
    if get_setting("DEBUG_PROPAGATE_EXCEPTIONS"):
        return None
    # Not of DRF's request, which raises two errors over an attribute that is not there.
    if request is not None and hasattr(getattr(request, "_request", request), "apierrors"):
        _let_travel(request, view)
        return None
    response = _answer(exc, request, view)
    roll_back_open_blocks()
    return response


def _is_excluded(request: Request) -> bool:
    try:
        return is_excluded(request)
    except Exception:
        failsafe.log_failure("asking whether a request is the API's")
        return False


def _answer(exc: Exception, request: Request | None, view: APIView | None) -> HttpResponse:
    try:
        response, bug = _make_answer(exc, request, view)
    except Exception:
        failsafe.log_failure("answering an exception")
        response, bug = make_last_resort(request), True
    report = report_bug if bug else report_failure
    try:
        report(exc, request._request if request is not None else None, response)
    except Exception:
        failsafe.log_failure("reporting an exception")
    return response


def _make_answer(
    exc: Exception, request: Request | None, view: APIView | None
) -> tuple[HttpResponse, bool]:
    """Return the response, and whether `exc` is a bug."""
    known = get_answer(exc)
    response: HttpResponse | None = known.get_response(request, view)
    if response is not None:
        return response, False
    error = known.error
    if request is not None and view is not None:
        error = tell_forbidden(error, exc, request, view)
        error = tell_unnamed(error, exc, request)
    bug = is_bug(error, exc)
    reference = make_reference(exc) if bug else ""
    response = recall_response(error, known.language, request, view, reference)
    if response is None:
        serializer = getattr(get_detail(exc), "serializer", None)
        response = make_response(show_reference(error, reference), request, view, serializer)
    return response, bug


def _let_travel(request: Request, view: APIView | None) -> None:
    """Tell the middleware that the view is DRF's, and of the page that was negotiated, if any."""
    request.apierrors.is_of_drf = True  # type: ignore[attr-defined]
    request.apierrors.drf_request = request  # type: ignore[attr-defined]
    renderer = getattr(request, "accepted_renderer", None)
    if makes_page(renderer, request):
        request.apierrors.page = (request, view)  # type: ignore[attr-defined]
    elif renderer is None:
        # DRF's raise_uncaught_exception() reads its format under DEBUG, and where negotiation
        # itself failed would hide the exception behind an AttributeError.
        request.accepted_renderer = JSONRenderer()
