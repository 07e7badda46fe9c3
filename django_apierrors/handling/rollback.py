"""Rollback: a view that fails loses its writes, also if the handler has a response for it."""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def roll_back_open_blocks() -> None:
    """Mark every open `transaction.atomic()` block for rollback, but a TestCase's own.

    DRF's `set_rollback()` sees to the block of `ATOMIC_REQUESTS` alone: a view decorated with
    `transaction.atomic` would commit what it wrote before it failed.
    """
    for connection in connections.all(initialized_only=True):
        # `atomic_blocks`, `savepoint_ids` and `_from_testcase` (set by TestCase) are private; checked
        # on Django 5.2 to 6.1, where Atomic in django.db.transaction is built on them.
        blocks = connection.atomic_blocks
        is_of_project = [
            not block._from_testcase  # type: ignore[attr-defined]
            for block in blocks
        ]
        if any(is_of_project):
            connection.set_rollback(True)
            _forget_savepoints(connection, is_of_project.index(True) + 1)


def _forget_savepoints(connection: BaseDatabaseWrapper, first: int) -> None:
    """Forget the savepoints of the blocks from number `first` on, which lie inside ours.

    Atomic.__exit__() takes the mark away once it has rolled back to a savepoint; the blocks around
    it would then commit. Without a savepoint the mark goes up to the next block.
    """
    # The outermost block of a transaction has no savepoint, and no entry in the list.
    without_entry = len(connection.atomic_blocks) - len(connection.savepoint_ids)
    for position in range(first - without_entry, len(connection.savepoint_ids)):
        connection.savepoint_ids[position] = None  # type: ignore[call-overload]
