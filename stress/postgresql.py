"""A PostgreSQL server that the stress scripts stop and start, in a temporary directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from tests.recognition.database.own_servers import PostgreSQL, own_server


@contextmanager
def serve_postgresql() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL server of the script's own until the block ends."""
    with own_server(PostgreSQL) as database:
        start_postgresql(database)
        yield database


def start_postgresql(database: PostgreSQL) -> None:
    """Start the server, and return when it accepts connections."""
    database.start("-c", "max_connections=200")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), connect(database):
            return
        time.sleep(0.02)
    raise TimeoutError(f"PostgreSQL does not accept connections on port {database.port}.")


def connect(database: PostgreSQL) -> psycopg.Connection[Any]:
    """Return a connection of the script's own."""
    return psycopg.connect(
        host="127.0.0.1", port=database.port, user="postgres", dbname="postgres", autocommit=True
    )
