"""The handler: the function for DRF's `EXCEPTION_HANDLER`, which DRF calls for each exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback
from rest_framework.views import exception_handler as drf_exception_handler

from django_apierrors import fallback
from django_apierrors.errors import find_django_request
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.handling.monitors import is_monitor, notify_monitors
from django_apierrors.handling.reporting import get_error, is_unhandled, report
from django_apierrors.handling.responses import make_fallback_response, make_response, set_renderer
from django_apierrors.handling.rollback import opened_all_blocks, roll_back_open_blocks
from django_apierrors.http.scope import is_excluded, is_html, is_of_project, prefers_debug_page
from django_apierrors.recognition import recognise
from django_apierrors.recognition.api_exceptions import find_status
from django_apierrors.renderers import JSONRenderer

if TYPE_CHECKING:
    Base = APIView
else:
    Base = object

# The methods of DRF and of adrf that an exception passes on its way out of a view.
EXITS = frozenset(
    ("dispatch", "sync_dispatch", "async_dispatch", "handle_exception", "raise_uncaught_exception")
)


def exception_handler(exc: Exception, context: Mapping[str, Any] | None) -> Response | None:
    """Return the response for `exc`, in DRF's signature.

    With the middleware, return a response for DRF's own exceptions only, and `None` for all others:
    they leave the view, and pass decorators and transactions until the middleware responds. Without
    the middleware, return a response for every exception, unless other code of the project may
    respond to it.
    """
    context = context or {}
    request, view = context.get("request"), context.get("view")
    # A redirect or a 304 is not an error.
    is_success = isinstance(exc, APIException) and (find_status(exc) or 500) < 400
    if is_success or (request is not None and is_excluded(request)):
        return drf_exception_handler(exc, dict(context))
    if isinstance(exc, DRF_EXCEPTIONS):
        # Before set_rollback(): the response may need the permissions, whose queries fail in a
        # transaction that is marked for rollback.
        response = _respond(exc, request, view)
        set_rollback()
        return response
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:
        return None
    state = getattr(find_django_request(request), "apierrors_state", None)
    if state is not None and view is not None:
        state.defer(request, view)
        return None
    if _is_called_by_project(request, view) or _is_for_middleware(exc) or _has_debug_page(request):
        return None
    if not opened_all_blocks(getattr(getattr(request, "resolver_match", None), "func", None)):
        # If the handler responded, either the writes of a middleware would be rolled back, or the
        # writes of the view would be committed.
        return None
    response = _respond(exc, request, view)
    roll_back_open_blocks()
    notify_monitors(settings.MIDDLEWARE, find_django_request(request), exc)
    return response


class ErrorFormatMixin(Base):
    """Gives the errors of one view the format, while the rest of the project keeps DRF's.

    Put it in front of the view's base class. Errors that the view raises and errors that it returns
    get the format. HTML pages stay as they are.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raise ImproperlyConfigured if the methods of APIView precede those of the mixin."""
        super().__init_subclass__(**kwargs)
        if APIView in cls.__mro__[: cls.__mro__.index(ErrorFormatMixin)]:
            ordered = sorted(cls.__bases__, key=lambda base: not issubclass(base, ErrorFormatMixin))
            names = ", ".join(base.__name__ for base in ordered)
            raise ImproperlyConfigured(
                f"ErrorFormatMixin must precede APIView. Write: class {cls.__name__}({names})."
            )

    def get_exception_handler(self) -> Any:
        """Return our handler in place of the project's."""
        return exception_handler

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the response; our renderer renders it if it is an error."""
        response = super().finalize_response(request, response, *args, **kwargs)
        renderer = getattr(response, "accepted_renderer", None)
        is_error = response.status_code >= 400 and renderer is not None and not is_html(renderer)
        if is_error and not isinstance(renderer, JSONRenderer):
            set_renderer(response, request, self)
        return response


def _is_called_by_project(request: Request | None, view: APIView | None) -> bool:
    """Whether other code of the project called `view`, and may catch its exception."""
    if view is None:
        return False
    cls, match = type(view), getattr(request, "resolver_match", None)
    # The URL leads to another view, which may have a savepoint around this one.
    if match is not None and getattr(match.func, "cls", None) is not cls:
        return True
    for base in cls.__mro__:
        for name in filter(vars(base).__contains__, EXITS):
            method = vars(base)[name]
            # @method_decorator(…, name="dispatch") keeps the module of the method that it wraps.
            if is_of_project(method) and (name != "handle_exception" or _catches(method)):
                return True
    return False


def _catches(method: Any) -> bool:
    """Whether a `handle_exception()` has a `try` or a `with` statement, and may catch exceptions.

    Most overrides only log the exception and call DRF's method, so the handler can respond.
    """
    return bool(getattr(getattr(method, "__code__", None), "co_exceptiontable", b""))


def _has_debug_page(request: Request | None) -> bool:
    """Whether the exception leaves the view, so that Django sends its technical page."""
    # DRF's raise_uncaught_exception() reads `accepted_renderer` if `DEBUG` is on.
    django_request = find_django_request(request)
    is_negotiated = getattr(request, "accepted_renderer", None) is not None
    return is_negotiated and django_request is not None and prefers_debug_page(django_request)


def _is_for_middleware(exc: Exception) -> bool:
    """Whether `exc` is not recognised, and a middleware that may respond to it is installed."""
    paths = [path for path in settings.MIDDLEWARE if not path.startswith("django_apierrors.")]
    others = [path for path in paths if not is_monitor(path)]
    if not any(_has_process_exception(import_string(path)) for path in others):
        return False
    try:
        return is_unhandled(recognise(exc), exc)
    except Exception:
        # _respond() fails in the same way, and logs it.
        return False


def _has_process_exception(middleware: Any) -> bool:
    # A middleware may be a function that sets `process_exception` on its result, such as allauth's.
    # The constructor of a class may set this attribute too.
    functions = [vars(base).get("__init__") for base in getattr(middleware, "__mro__", ())]
    codes = [getattr(function, "__code__", None) for function in (middleware, *functions)]
    names = {name for code in codes if code for name in (*code.co_names, *code.co_consts)}
    return hasattr(middleware, "process_exception") or "process_exception" in names


def _respond(exc: Exception, request: Request | None, view: APIView | None) -> Response:
    """Recognise `exc`, make its response, and report it."""
    error = None
    try:
        error = get_error(exc, request, view)
        response = make_response(error, request, view, exc)
    except Exception:
        fallback.log_failure("responding to an exception")
        response = make_fallback_response(request)
    try:
        report(exc, find_django_request(request), response, error)
    except Exception:
        fallback.log_failure("reporting an exception")
    return response
