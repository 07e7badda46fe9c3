"""Rollback: a view that fails loses its writes, also if the handler has a response for it.

Only the view's own: what a middleware wrote in a transaction around it stays, as in stock DRF.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_apierrors.handling.callers import get_callers, get_module_name

if TYPE_CHECKING:
    from types import FrameType

    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

# Packages with no `with transaction.atomic()` around a view; they only use it as a decorator.
PACKAGES = frozenset({"django", "rest_framework", "adrf", "contextlib", "django_apierrors"})


class OpenBlock(NamedTuple):
    """The position of the outermost `atomic()` block that a view opened on a connection."""

    connection: BaseDatabaseWrapper
    position: int


class UnknownOwnerError(Exception):
    """Other code than the view may have opened a block, and may have to see it fail."""


def find_own_blocks(request: HttpRequest | Request | None, view: APIView | None) -> list[OpenBlock]:
    """Return the outermost block of `view` on each connection; a TestCase's own does not count.

    UnknownOwnerError if it cannot be told from the blocks of other code.
    """
    callers = get_callers(view)
    own_blocks = []
    for connection in connections.all(initialized_only=True):
        position = find_open_block(connection)
        if position is not None and callers:
            if not _is_routed_to(view, request):
                raise UnknownOwnerError
            position = _find_own_position(connection, position, callers)
        if position is not None:
            own_blocks.append(OpenBlock(connection, position))
    return own_blocks


def roll_back(blocks: Iterable[OpenBlock]) -> None:
    """Mark `atomic()` blocks, and all inside them, for rollback.

    DRF's `set_rollback()` sees to the block of `ATOMIC_REQUESTS` alone: a view decorated with
    `transaction.atomic` would commit what it wrote before it failed.
    """
    for connection, position in blocks:
        connection.set_rollback(True)
        _forget_savepoints(connection, position + 1)


def find_open_block(connection: BaseDatabaseWrapper) -> int | None:
    """Return the position of the outermost `atomic()` block that is not a TestCase's own, if any.

    `atomic_blocks`, `_from_testcase` and `savepoint_ids` are private: checked on Django 5.2 to 6.1.
    """
    blocks: Any = connection.atomic_blocks
    positions = (number for number, block in enumerate(blocks) if not block._from_testcase)
    return next(positions, None)


def _is_routed_to(view: APIView | None, request: HttpRequest | Request | None) -> bool:
    """Whether the URL leads to `view`, and no other view has called it."""
    match = getattr(request, "resolver_match", None)
    return match is not None and getattr(match.func, "cls", None) is type(view)


def _find_own_position(
    connection: BaseDatabaseWrapper, outermost: int, callers: list[FrameType]
) -> int | None:
    """Return the position of the first block of the view, `None` if it has opened none.

    The decorator `atomic()`, which `ATOMIC_REQUESTS` is too, is the `self` of a frame. A block of
    `with atomic()` is in no frame: it is the view's if no middleware can have opened it.
    """
    blocks: list[Any] = connection.atomic_blocks
    positions = {id(block): position for position, block in enumerate(blocks)}
    decorators = [id(frame.f_locals.get("self")) for frame in callers]
    decorated = [(positions[key], n) for n, key in enumerate(decorators) if key in positions]
    first, frame_number = min(decorated, default=(None, -1))
    if first == outermost or all(path.startswith("django.") for path in settings.MIDDLEWARE):
        return outermost
    for caller in callers[frame_number + 1 :]:
        if get_module_name(caller).partition(".")[0] not in PACKAGES:
            raise UnknownOwnerError
    return first


def _forget_savepoints(connection: BaseDatabaseWrapper, first: int) -> None:
    """Forget the savepoints of the blocks from position `first` on, inside the outermost one.

    Atomic.__exit__() removes the mark when it rolls back to a savepoint, and the blocks around it
    would commit. Without a savepoint it passes the mark on to the next block.
    """
    # The outermost block of a transaction has no savepoint, and no entry in the list.
    without_entry = len(connection.atomic_blocks) - len(connection.savepoint_ids)
    for position in range(first - without_entry, len(connection.savepoint_ids)):
        connection.savepoint_ids[position] = None  # type: ignore[call-overload]
