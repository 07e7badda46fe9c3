"""The handler: DRF's `EXCEPTION_HANDLER`, for every exception that DRF hands to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from django_apierrors import fallback
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.handling.callers import is_awaited
from django_apierrors.handling.reporting import (
    get_error,
    is_unhandled,
    report_recognised,
    report_unhandled,
)
from django_apierrors.handling.responses import make_fallback_response, make_response
from django_apierrors.handling.rollback import UnknownOwnerError, find_own_blocks, roll_back
from django_apierrors.http.scope import is_excluded

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView


def exception_handler(exc: Exception, context: Mapping[str, Any] | None) -> Response | None:
    """Return the response for `exc`, in DRF's signature.

    With the middleware installed that is for DRF's own exceptions. All others get `None` and travel
    on, so that decorators, transactions and Django's reporting see them as ever, until the
    middleware responds. Without the middleware every exception has its response here, unless other
    code around the view may respond to it, or has to see it to roll its transaction back.
    """
    context = context or {}
    request, view = context.get("request"), context.get("view")
    if (request is not None and is_excluded(request)) or _is_success(exc):
        return drf_exception_handler(exc, dict(context))
    if isinstance(exc, DRF_EXCEPTIONS):
        # The response comes first: it may check permissions, and a transaction that is marked for
        # rollback rejects their queries.
        response = _respond(exc, request, view)
        set_rollback()
        return response
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:
        return None
    state = getattr(getattr(request, "_request", request), "apierrors", None)
    if state is not None and view is not None:
        state.defer(request, view)
        return None
    try:
        if is_awaited(exc, view):
            return None
        blocks = find_own_blocks(request, view)
    except UnknownOwnerError:
        return None
    response = _respond(exc, request, view)
    roll_back(blocks)
    return response


def _is_success(exc: Exception) -> bool:
    """Whether `exc` is a redirect, a 304 or another response that is not an error."""
    if not isinstance(exc, APIException):
        return False
    return isinstance(exc.status_code, int) and 200 <= exc.status_code < 400


def _respond(exc: Exception, request: Request | None, view: APIView | None) -> Response:
    """Recognise `exc`, make its response, and report it."""
    error = None
    try:
        error = get_error(exc, request, view)
        detail = exc.detail if isinstance(exc, ValidationError) else None
        response = make_response(error, request, view, getattr(detail, "serializer", None))
    except Exception:
        fallback.log_failure("responding to an exception")
        response = make_fallback_response(request)
    unhandled = error is None or is_unhandled(error, exc)
    report = report_unhandled if unhandled else report_recognised
    try:
        report(exc, getattr(request, "_request", request), response, error)
    except Exception:
        fallback.log_failure("reporting an exception")
    return response
