"""The queries of a request that write to the database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from django.db import connections
from django.test.utils import CaptureQueriesContext

# The parts of a statement in which WORDS do not mean a write: the prefix that Django logs for
# executemany(), comments, strings, and a clause of a SELECT.
NOISE = re.compile(
    r"^\d+ times: |/\*.*?\*/|'(?:[^']|'')*'|\bFOR (?:NO KEY )?UPDATE\b", re.IGNORECASE | re.DOTALL
)
FIRST_WORD = re.compile(r"\W*(\w+)")
WORDS = ("ALTER", "CREATE", "DELETE", "DROP", "INSERT", "MERGE", "REPLACE", "TRUNCATE", "UPDATE")
WRITE = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)


@contextmanager
def capture_writes(
    databases: Collection[str], ignored_tables: Collection[str] = ()
) -> Iterator[list[str]]:
    """Fill the list with the statements that write, except those that name an ignored table.

    Only the queries of this thread are captured: those of Django's test client, not of a server.
    """
    writes: list[str] = []
    with ExitStack() as stack:
        contexts = [
            stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in databases
        ]
        yield writes
    for context in contexts:
        statements = [str(query["sql"]) for query in context.captured_queries]
        writes += [
            sql
            for sql in statements
            if is_write(sql) and not any(table in sql for table in ignored_tables)
        ]


def is_write(sql: str) -> bool:
    """Whether a statement writes; a statement that begins with WITH may write after that."""
    bare = NOISE.sub(" ", sql)
    first = FIRST_WORD.match(bare)
    word = first[1].upper() if first else ""
    return word in WORDS or (word == "WITH" and WRITE.search(bare) is not None)
