"""Rollback: a view that fails loses its writes, also if the handler has a response for it."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def roll_back_open_blocks() -> None:
    """Mark every open `transaction.atomic()` block for rollback, but a TestCase's own.

    DRF's `set_rollback()` sees to the block of `ATOMIC_REQUESTS` alone: a view decorated with
    `transaction.atomic` would commit what it wrote before it failed.
    """
    for connection in connections.all(initialized_only=True):
        position = find_open_block(connection)
        if position is not None:
            connection.set_rollback(True)
            _forget_savepoints(connection, position + 1)


def find_open_block(connection: BaseDatabaseWrapper) -> int | None:
    """Return the position of the outermost `atomic()` block that is not a TestCase's own, if any.

    `atomic_blocks`, `_from_testcase` and `savepoint_ids` are private: checked on Django 5.2 to 6.1.
    """
    blocks: Any = connection.atomic_blocks
    positions = (number for number, block in enumerate(blocks) if not block._from_testcase)
    return next(positions, None)


def _forget_savepoints(connection: BaseDatabaseWrapper, first: int) -> None:
    """Forget the savepoints of the blocks from position `first` on, inside the outermost one.

    Atomic.__exit__() removes the mark when it rolls back to a savepoint, and the blocks around it
    would commit. Without a savepoint it passes the mark on to the next block.
    """
    # The outermost block of a transaction has no savepoint, and no entry in the list.
    without_entry = len(connection.atomic_blocks) - len(connection.savepoint_ids)
    for position in range(first - without_entry, len(connection.savepoint_ids)):
        connection.savepoint_ids[position] = None  # type: ignore[call-overload]
