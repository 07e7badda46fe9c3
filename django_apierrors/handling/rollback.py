"""Rollback: a view that fails loses its writes, even if the handler has a response for it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.handlers.base import BaseHandler
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic, atomic


def roll_back_open_blocks() -> None:
    """Mark every open `transaction.atomic()` block for rollback, but a TestCase's own.

    DRF's `set_rollback()` marks the block of `ATOMIC_REQUESTS` alone: a view decorated with
    `transaction.atomic` would commit the writes before its exception.
    """
    for connection in connections.all(initialized_only=True):
        position = find_open_block(connection)
        if position is not None:
            connection.set_rollback(True)
            _remove_savepoints(connection, position + 1)


def find_open_block(connection: BaseDatabaseWrapper) -> int | None:
    """Return the position of the outermost `atomic()` block that is not a TestCase's own, if any.

    `atomic_blocks`, `_from_testcase` and `savepoint_ids` are private: checked on Django 5.2 to 6.1.
    """
    blocks: Any = connection.atomic_blocks
    positions = (number for number, block in enumerate(blocks) if not block._from_testcase)
    return next(positions, None)


def opened_all_blocks(callback: Any) -> bool:
    """Whether the view `callback` of the URLconf, `None` if it is unknown, opened all open blocks.

    A middleware may have opened others, and a view that fails must not undo the writes of the
    middleware. The view's blocks are those of its decorators, and Django's for `ATOMIC_REQUESTS`.
    A `with` statement in a function around the view cannot be distinguished from a middleware's.
    """
    open_blocks = {
        connection.alias: len(connection.atomic_blocks) - position
        for connection in connections.all(initialized_only=True)
        if (position := find_open_block(connection)) is not None
    }
    if not open_blocks or callback is None:
        return not open_blocks
    try:
        own_blocks = Counter(_iter_decorators(callback))
    except Exception:
        # The callback may be any object.
        return False
    return all(own_blocks[alias] == number for alias, number in open_blocks.items())


def _iter_decorators(callback: Any) -> Iterator[str]:
    """Yield the database of each `transaction.atomic` decorator of a view and its `dispatch()`.

    A decorator is in the closure of the function that it returns.
    """
    functions: dict[Any, None] = {}
    dispatch = getattr(getattr(callback, "cls", None), "dispatch", None)
    for function in (BaseHandler().make_view_atomic(callback), dispatch):
        while function is not None:
            # The callback of a class has the `__wrapped__` of its dispatch().
            functions[function] = None
            function = getattr(function, "__wrapped__", None)
    for function in filter(inspect.isfunction, functions):
        for value in inspect.getclosurevars(function).nonlocals.values():
            # @method_decorator has a list of decorators.
            for item in value if isinstance(value, list) else [value]:
                if item is atomic or isinstance(item, Atomic):
                    yield getattr(item, "using", None) or DEFAULT_DB_ALIAS


def _remove_savepoints(connection: BaseDatabaseWrapper, first: int) -> None:
    """Remove the savepoints of the blocks from position `first` on, inside the outermost one.

    Atomic.__exit__() removes the mark when it rolls back to a savepoint, and the blocks around it
    would commit. Without a savepoint it passes the mark on to the next block.
    """
    # The outermost block of a transaction has no savepoint, and no entry in the list.
    without_entry = len(connection.atomic_blocks) - len(connection.savepoint_ids)
    for position in range(first - without_entry, len(connection.savepoint_ids)):
        connection.savepoint_ids[position] = None  # type: ignore[call-overload]
