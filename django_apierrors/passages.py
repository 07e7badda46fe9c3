"""Passages: functions of other packages, and what an exception that went through one means.

For exceptions whose class says too little: a ValueError of a look-up, a bare OSError of a broker's
client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import Http404

if TYPE_CHECKING:
    from types import TracebackType


class Passage(NamedTuple):
    """A function that an exception went through, and what its being of `classes` means there."""

    modules: frozenset[str]
    classes: tuple[type[BaseException], ...]
    code: str
    # What counts came from below the function, and may be the context of what it then raised.
    from_below: bool = False
    # Their subclasses say themselves what they mean: a TimeoutError is an OSError.
    is_exact: bool = False


LOOKUP = Passage(
    frozenset({"rest_framework.generics", "django.shortcuts", "adrf.generics"}),
    (ValueError, TypeError, OverflowError, ValidationError, DataError),
    "INVALID_ID",
    from_below=True,
)
# Django's parse_header_parameters() cannot decode some parameters: `text/html; a*=bogus''x`.
NEGOTIATION = Passage(
    frozenset({"rest_framework.negotiation"}), (ValueError, LookupError), "UNSUPPORTED_MEDIA_TYPE"
)

PASSAGES: Mapping[str, Passage] = {
    "get_object_or_404": LOOKUP,
    "aget_object_or_404": LOOKUP,
    "select_renderer": NEGOTIATION,
    "select_parser": NEGOTIATION,
    # DRF raises a bare Http404 where `?format=` names no renderer.
    "filter_renderers": Passage(
        frozenset({"rest_framework.negotiation"}), (Http404,), "UNSUPPORTED_MEDIA_TYPE"
    ),
    # DRF before 3.18 takes any charset, and all of its parsers let a RecursionError pass.
    "parse": Passage(
        frozenset({"rest_framework.parsers"}),
        (ValueError, LookupError, RecursionError),
        "INVALID_CONTENT",
    ),
    # CommonMiddleware under DEBUG, where it would else redirect an unsafe method.
    "get_full_path_with_slash": Passage(
        frozenset({"django.middleware.common"}), (RuntimeError,), "MISSING_RESOURCE"
    ),
    # Where no address of a name can be connected to, asyncio puts the failures into one text.
    "create_connection": Passage(
        frozenset({"asyncio.base_events"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # As does anyio.
    "connect_tcp": Passage(
        frozenset({"anyio._core._sockets"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # py-amqp, where the broker hangs up or talks nonsense.
    "read_frame": Passage(
        frozenset({"amqp.transport"}), (OSError,), "SERVICE_UNAVAILABLE", is_exact=True
    ),
    # Celery, where the store of its results stays away.
    "reconnect_on_error": Passage(
        frozenset({"celery.backends.asynchronous", "celery.backends.redis"}),
        (RuntimeError,),
        "SERVICE_UNAVAILABLE",
        is_exact=True,
    ),
}


def find_passage(exception: BaseException) -> str | None:
    """Return the name of the code of the first passage that `exception` went through, if any."""
    context = None if exception.__suppress_context__ else exception.__context__
    step = exception.__traceback__
    while step is not None:
        name = step.tb_frame.f_code.co_name
        if name in PASSAGES and _fits(PASSAGES[name], exception, context, step):
            return PASSAGES[name].code
        step = step.tb_next
    return None


def _fits(
    passage: Passage,
    exception: BaseException,
    context: BaseException | None,
    step: TracebackType,
) -> bool:
    if step.tb_frame.f_globals.get("__name__") not in passage.modules:
        return False
    if passage.is_exact:
        return type(exception) in passage.classes
    if not passage.from_below:
        return isinstance(exception, passage.classes)
    # What the function itself raises is its word on how it was called: a bug.
    raised_below = step.tb_next is not None and isinstance(exception, passage.classes)
    return raised_below or isinstance(context, passage.classes)
