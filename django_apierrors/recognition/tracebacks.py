"""Exceptions that are recognised by the function that they were raised in.

For exceptions whose class is too general: a ValueError of a lookup, a bare OSError of a broker's
client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dis import opmap
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from django.core.exceptions import TooManyFieldsSent, ValidationError
from django.db import DataError
from django.http import Http404
from rest_framework.fields import Field
from rest_framework.pagination import BasePagination
from rest_framework.relations import RelatedField

from django_apierrors.validation.extra import CONTAINERS
from django_apierrors.validation.messages import Path


class RaiseSite(NamedTuple):
    """A function of certain modules, and the code of exceptions of `classes` raised inside it."""

    modules: frozenset[str]
    classes: tuple[type[BaseException], ...]
    code: str
    # Whether an exception counts only if a function that this function calls has raised it. This
    # function may raise another exception in its place, which has the first one as its context.
    raised_below: bool = False
    # Whether subclasses of `classes` do not count: a TimeoutError is an OSError with another code.
    is_exact: bool = False


LOOKUP = RaiseSite(
    frozenset(
        {
            "rest_framework.generics",
            "django.shortcuts",
            "adrf.generics",
            "rest_framework_extensions.mixins",
        }
    ),
    (ValueError, TypeError, OverflowError, ValidationError, DataError),
    "INVALID_ID",
    raised_below=True,
)
# Django's parse_header_parameters() cannot decode some parameters: `text/html; a*=bogus''x`.
NEGOTIATION = RaiseSite(
    frozenset({"rest_framework.negotiation"}), (ValueError, LookupError), "UNSUPPORTED_MEDIA_TYPE"
)

RAISE_SITES: Mapping[str, RaiseSite] = {
    "get_object_or_404": LOOKUP,
    "aget_object_or_404": LOOKUP,
    # NestedViewSetMixin of drf-extensions, for the variables of the parents in the URL.
    "filter_queryset_by_parents_lookups": LOOKUP,
    "select_renderer": NEGOTIATION,
    "select_parser": NEGOTIATION,
    # DRF raises a bare Http404 if `?format=` does not name a renderer.
    "filter_renderers": RaiseSite(
        frozenset({"rest_framework.negotiation"}), (Http404,), "UNSUPPORTED_MEDIA_TYPE"
    ),
    # DRF before 3.18 accepts any charset, and no parser of DRF's catches a RecursionError.
    "parse": RaiseSite(
        frozenset({"rest_framework.parsers"}),
        (ValueError, LookupError, RecursionError),
        "INVALID_CONTENT",
    ),
    # The parameters of a query string. Another function counts the parameters of a body.
    "GET": RaiseSite(
        frozenset({"django.core.handlers.wsgi", "django.core.handlers.asgi"}),
        (TooManyFieldsSent,),
        "INVALID_CONTENT",
    ),
    # CommonMiddleware under DEBUG; without DEBUG it redirects an unsafe method.
    "get_full_path_with_slash": RaiseSite(
        frozenset({"django.middleware.common"}), (RuntimeError,), "MISSING_RESOURCE"
    ),
    # If no address of a name accepts a connection, asyncio raises one OSError with all reasons.
    "create_connection": RaiseSite(
        frozenset({"asyncio.base_events"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # anyio raises one OSError too.
    "connect_tcp": RaiseSite(
        frozenset({"anyio._core._sockets"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # py-amqp, if the broker closes the connection or sends an invalid frame.
    "read_frame": RaiseSite(
        frozenset({"amqp.transport"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # Celery, if its result backend stays unavailable.
    "reconnect_on_error": RaiseSite(
        frozenset({"celery.backends.asynchronous", "celery.backends.redis"}),
        (RuntimeError,),
        "SERVICE_UNAVAILABLE",
        is_exact=True,
    ),
}


# The methods that read the query string: of a pagination, of a filter backend.
QUERY_METHODS = frozenset({"paginate_queryset", "filter_queryset"})

# Two attributes of a pagination: the name of its page parameter, and the message for a page that
# does not exist.
PAGE_PARAMETERS: Mapping[str, str] = {
    "page_query_param": "invalid_page_message",
    "cursor_query_param": "invalid_cursor_message",
}

# The functions of a serializer's field that convert and validate a value. `run_validators` and
# `get_queryset` call code of the project: an exception from there is not about the conversion.
FIELD_FUNCTIONS = frozenset(
    {"run_validation", "run_validators", "to_internal_value", "get_queryset"}
)

RAISE = opmap["RAISE_VARARGS"]

# The modules that raise an exception of another thread or task again, with its frames.
FUTURES = frozenset({"asgiref.sync", "asyncio.futures", "concurrent.futures._base"})


def iter_frames(exception: BaseException) -> Iterator[tuple[FrameType, bool]]:
    """Yield the frames that `exception` passed, the outermost first, and whether each is the last.

    The last frame is the one that raised the exception. An exception object that a module keeps has
    the frames of earlier raises behind those of this raise; they are left out.
    """
    frames: set[FrameType | None] = set()
    step = exception.__traceback__
    while step is not None:
        frame, following = step.tb_frame, step.tb_next
        frames.add(frame)
        # Only a `raise` of an exception that has a traceback adds frames that `frame` did not call.
        is_raise = frame.f_code.co_code[step.tb_lasti] == RAISE
        if is_raise and following is not None and _is_of_earlier_raise(following, frame, frames):
            following = None
        yield frame, following is None
        step = following


def _is_of_earlier_raise(
    step: TracebackType, previous: FrameType, frames: set[FrameType | None]
) -> bool:
    """Whether `step`, which comes after a `raise` in `previous`, belongs to an earlier raise.

    If the function that raises the exception, or a function that it called, has caught it before,
    the frame of `step` or one of its callers is one of `frames`: then it belongs to this raise.
    """
    if previous.f_globals.get("__name__") in FUTURES:
        return False
    caller: FrameType | None = step.tb_frame
    while caller is not None and caller not in frames:
        caller = caller.f_back
    return caller is None


def find_raise_site(exception: BaseException) -> str | None:
    """Return the name of the code of the first raise site that `exception` passed, or `None`."""
    for frame, is_last in iter_frames(exception):
        site = RAISE_SITES.get(frame.f_code.co_name)
        if site is not None and _matches(site, exception, frame, is_last):
            return site.code
    return None


def find_query_reader(exception: BaseException, view: Any) -> Any:
    """Return the pagination or the filter backend of `view` that raised, `None` if neither did."""
    backends = getattr(view, "filter_backends", ())
    for frame, _ in iter_frames(exception):
        if frame.f_code.co_name in QUERY_METHODS:
            reader = frame.f_locals.get("self")
            if issubclass(type(reader), BasePagination) or type(reader) in backends:
                return reader
    return None


def get_page_parameter(pagination: Any) -> tuple[str, object]:
    """Return the name of the page parameter, and the message for a page that does not exist."""
    for name, message in PAGE_PARAMETERS.items():
        if hasattr(pagination, name):
            return getattr(pagination, name), getattr(pagination, message, "")
    return "", ""


def find_rejecting_field(exception: BaseException) -> tuple[Any, Path] | None:
    """Return the field of a serializer that could not convert a value, and the keys to the value.

    Fields of DRF do not catch some exceptions: `HyperlinkedRelatedField` for the value `http://[`,
    `DateTimeField` for a date at the end of the calendar, relations for NUL on PostgreSQL,
    `JSONField` for deep JSON.
    """
    if not isinstance(exception, (ValueError, OverflowError, RecursionError, DataError)):
        return None
    frames = [frame for frame, _ in iter_frames(exception) if _is_of_field(frame)]
    if not frames or frames[-1].f_code.co_name != "to_internal_value":
        return None
    # An exception that a field of the project's own raises is an unhandled exception.
    is_of_drf = frames[-1].f_globals.get("__name__") in (Field.__module__, RelatedField.__module__)
    return (frames[-1].f_locals["self"], _get_keys(frames)) if is_of_drf else None


def _get_keys(frames: list[FrameType]) -> Path:
    """Return the keys that lead through fields to the value in the last frame."""
    keys: list[Any] = []
    field = container = None
    methods = ("run_validation", "to_internal_value")
    for frame in [frame for frame in frames if frame.f_code.co_name in methods]:
        value = frame.f_locals[frame.f_code.co_varnames[1]]
        if field is not frame.f_locals["self"]:
            field = frame.f_locals["self"]
            # The field of the values in a list or a dict has no name.
            keys += [field.field_name] if field.field_name else _find_key(container, value)
        container = value
    return tuple(keys)


def _find_key(container: Any, value: object) -> list[Any]:
    """Return a list with the key or the index of a value in a container, or an empty list."""
    if not isinstance(container, CONTAINERS):
        return []
    entries = container.items() if isinstance(container, Mapping) else enumerate(container)
    return [key for key, inner in entries if inner is value][:1]


def _is_of_field(frame: FrameType) -> bool:
    # Not isinstance(), which evaluates a lazy object.
    is_method = issubclass(type(frame.f_locals.get("self")), Field)
    return is_method and frame.f_code.co_name in FIELD_FUNCTIONS


def _matches(site: RaiseSite, exception: BaseException, frame: FrameType, is_last: bool) -> bool:
    if frame.f_globals.get("__name__") not in site.modules:
        return False
    if site.is_exact:
        return type(exception) in site.classes
    if not site.raised_below:
        return isinstance(exception, site.classes)
    # If the function itself raises it, the project has passed wrong arguments.
    if not is_last and isinstance(exception, site.classes):
        return True
    context = None if exception.__suppress_context__ else exception.__context__
    return isinstance(context, site.classes)
