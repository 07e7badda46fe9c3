"""The handler: DRF's `EXCEPTION_HANDLER`, for every exception that DRF hands to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from django_apierrors import fallback
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.handling.reporting import (
    get_error,
    is_unhandled,
    report_recognised,
    report_unhandled,
)
from django_apierrors.handling.responses import make_fallback_response, make_response
from django_apierrors.handling.rollback import opened_all_blocks, roll_back_open_blocks
from django_apierrors.http.scope import is_excluded
from django_apierrors.recognition import recognise

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

# The packages whose `dispatch()` does not respond to exceptions in its own way.
PACKAGES = frozenset({"django", "rest_framework", "adrf", "django_apierrors"})


def exception_handler(exc: Exception, context: Mapping[str, Any] | None) -> Response | None:
    """Return the response for `exc`, in DRF's signature.

    With the middleware installed that is for DRF's own exceptions. All others get `None` and travel
    on, so that decorators, transactions and Django's reporting see them as ever, until the
    middleware responds. Without the middleware every exception has its response here, unless other
    code of the project may respond to it.
    """
    context = context or {}
    request, view = context.get("request"), context.get("view")
    # A redirect or a 304 is not an error.
    is_success = isinstance(exc, APIException) and exc.status_code in range(100, 400)
    if is_success or (request is not None and is_excluded(request)):
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
    if _is_called_by_project(request, view) or _is_for_middleware(exc):
        return None
    if not opened_all_blocks(getattr(getattr(request, "resolver_match", None), "func", None)):
        # A response would roll back what a middleware wrote, or commit what the view wrote.
        return None
    response = _respond(exc, request, view)
    roll_back_open_blocks()
    return response


def _is_called_by_project(request: Request | None, view: APIView | None) -> bool:
    """Whether another view or a `dispatch()` of the project has called DRF's, and may catch."""
    if view is None:
        return False
    cls, match = type(view), getattr(request, "resolver_match", None)
    # The URL leads to another view, which may have a savepoint around this one.
    is_nested = match is not None and getattr(match.func, "cls", None) is not cls
    methods = [vars(base)["dispatch"] for base in cls.__mro__ if "dispatch" in vars(base)]
    # @method_decorator(…, name="dispatch") keeps the module of the method that it wraps.
    return is_nested or any(str(m.__module__).partition(".")[0] not in PACKAGES for m in methods)


def _is_for_middleware(exc: Exception) -> bool:
    """Whether `exc` is not recognised, and a middleware has `process_exception()`."""
    paths = [path for path in settings.MIDDLEWARE if not path.startswith("django_apierrors.")]
    if not any(_has_process_exception(import_string(path)) for path in paths):
        return False
    try:
        return is_unhandled(recognise(exc), exc)
    except Exception:
        # _respond() logs it.
        return False


def _has_process_exception(middleware: Any) -> bool:
    # A function, as allauth's is, sets it on the function that it returns.
    names = getattr(getattr(middleware, "__code__", None), "co_names", ())
    return hasattr(middleware, "process_exception") or "process_exception" in names


def _respond(exc: Exception, request: Request | None, view: APIView | None) -> Response:
    """Recognise `exc`, make its response, and report it."""
    error = None
    try:
        error = get_error(exc, request, view)
        # Of DRF's class alone: the __getattr__() of any other may raise.
        detail = getattr(exc, "detail", None) if isinstance(exc, ValidationError) else None
        response = make_response(error, request, view, getattr(detail, "serializer", None))
    except Exception:
        fallback.log_failure("responding to an exception")
        response = make_fallback_response(request)
    django_request = getattr(request, "_request", request)
    try:
        if error is None or is_unhandled(error, exc):
            report_unhandled(exc, django_request, response, error)
        else:
            report_recognised(exc, django_request, response)
    except Exception:
        fallback.log_failure("reporting an exception")
    return response
