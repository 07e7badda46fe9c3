"""Databases that are down, busy, locked or slow, over each driver: 503 or 504, then usable again.

Each row of `docs/databases.md` about an outage has a row in `FAULTS` or `CONNECTION_FAULTS` here.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, NamedTuple

import pytest
from django.db import Error, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.generics import GenericAPIView
from tests.models import Shelf
from tests.recognition.database.databases import NAME, Driver, end_request, execute, post, use
from tests.recognition.support import expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

TOP, LOW = 90001, 90002


@contextmanager
def another() -> Iterator[BaseDatabaseWrapper]:
    """Open another connection to the same database, for any thread."""
    other = connection.copy()
    other.inc_thread_sharing()
    try:
        yield other
    finally:
        with suppress(Error):
            other.close()


def run(other: BaseDatabaseWrapper, *statements: str) -> None:
    """Run statements on another connection."""
    with other.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def repeating(act: Callable[[BaseDatabaseWrapper], object]) -> Iterator[None]:
    """Call `act` with another connection every 50 ms: the first call may come too early."""
    done = threading.Event()
    with another() as other:
        other.ensure_connection()

        def repeat() -> None:
            while not done.wait(0.05):
                with suppress(Error):
                    act(other)

        thread = threading.Thread(target=repeat)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


# By vendor; {} is the server's number of the connection.
NUMBER = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
CANCEL = {"postgresql": "SELECT pg_cancel_backend({})", "mysql": "KILL QUERY {}"}
# Over 20 seconds. SLEEP() of MariaDB returns normally when it is killed.
LONG_QUERY = {
    "postgresql": "SELECT pg_sleep(20)",
    "mysql": "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, "
    "information_schema.columns c",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT COUNT(*) FROM n",
}
# A second is MariaDB's minimum.
IDLE_TIMEOUT = {
    "postgresql": ("SET idle_session_timeout = 1", 0.1),
    "mysql": ("SET SESSION wait_timeout = 1", 1.2),
}
STATEMENT_TIMEOUT = {
    "postgresql": "SET statement_timeout = 50",
    "mysql": "SET SESSION max_statement_time = 0.05",
}
LOCK_TIMEOUT = {
    "postgresql": "SET lock_timeout = 50",
    "mysql": "SET SESSION innodb_lock_wait_timeout = 0",
}
READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


def fill(statements: dict[str, str]) -> str:
    """Return the statement of this vendor, with the number of this connection."""
    with connection.cursor() as cursor:
        cursor.execute(NUMBER[connection.vendor])
        return statements[connection.vendor].format(cursor.fetchone()[0])


def be_killed() -> None:
    statement = fill(KILL)
    with another() as other:
        run(other, statement)
    time.sleep(0.02)
    execute("SELECT 1")


def be_killed_in_a_transaction() -> None:
    with transaction.atomic():
        Shelf.objects.create(name="written")
        be_killed()


def be_killed_in_a_query() -> None:
    statement = fill(KILL)
    with repeating(lambda other: run(other, statement)):
        execute(LONG_QUERY[connection.vendor])


def be_cancelled() -> None:
    connection.ensure_connection()
    raw = connection.connection
    statement = "" if connection.vendor == "sqlite" else fill(CANCEL)
    with repeating(lambda other: run(other, statement) if statement else raw.interrupt()):
        execute(LONG_QUERY[connection.vendor])


def be_closed() -> None:
    execute("SELECT 1")
    connection.connection.close()
    execute("SELECT 1")


def be_closed_under_a_cursor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        connection.connection.close()
        cursor.execute("SELECT 1")


def be_idle() -> None:
    statement, wait = IDLE_TIMEOUT[connection.vendor]
    execute(statement)
    time.sleep(wait)
    execute("SELECT 1")


def be_idle_in_a_transaction() -> None:
    with transaction.atomic():
        execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        time.sleep(0.1)
        execute("SELECT 1")


def take_too_long() -> None:
    execute(STATEMENT_TIMEOUT[connection.vendor], LONG_QUERY[connection.vendor])


@contextmanager
def lock(pk: int) -> Iterator[None]:
    """Lock a row over another connection."""
    with another() as other:
        other.set_autocommit(False)
        run(other, f"SELECT * FROM tests_shelf WHERE id = {pk} FOR UPDATE")
        yield
        other.rollback()


def wait_for_a_lock() -> None:
    with lock(TOP):
        execute(LOCK_TIMEOUT[connection.vendor])
        Shelf.objects.filter(pk=TOP).update(name="mine")


def lock_with_nowait() -> None:
    with lock(TOP), transaction.atomic():
        Shelf.objects.select_for_update(nowait=True).get(pk=TOP)


def wait_for_the_other() -> None:
    """Wait until the other connection waits: PostgreSQL ends the later of the two."""
    for _ in range(1000 if connection.vendor == "postgresql" else 0):
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)


def meet_in_a_deadlock() -> None:
    with another() as other:
        other.set_autocommit(False)
        # InnoDB ends the transaction that has written less.
        writes = [f"INSERT INTO tests_shelf (name) VALUES ('written {i}')" for i in range(9)]
        run(other, *writes, f"UPDATE tests_shelf SET name = 'theirs' WHERE id = {LOW}")
        update = f"UPDATE tests_shelf SET name = 'theirs too' WHERE id = {TOP}"
        thread = threading.Thread(target=run, args=(other, update))
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    # The first connection to look for a deadlock gets the error.
                    execute("SET LOCAL deadlock_timeout = 10")
                execute(f"UPDATE tests_shelf SET name = 'ours' WHERE id = {TOP}")
                thread.start()
                wait_for_the_other()
                execute(f"UPDATE tests_shelf SET name = 'ours too' WHERE id = {LOW}")
        finally:
            thread.join()
            other.rollback()


def update_what_has_changed() -> None:
    """Update a row that another connection has updated since it was read."""
    if connection.vendor == "mysql":
        isolation = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        execute("SET SESSION innodb_snapshot_isolation = ON", isolation)
    if connection.vendor == "sqlite":
        execute("PRAGMA busy_timeout = 20")
    with another() as other, transaction.atomic():
        if connection.vendor == "postgresql":
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert Shelf.objects.get(pk=TOP)
        run(other, f"UPDATE tests_shelf SET name = 'theirs' WHERE id = {TOP}")
        Shelf.objects.filter(pk=TOP).update(name="ours")


def write_to_a_reader() -> None:
    execute(READ_ONLY[connection.vendor])
    Shelf.objects.create(name="written")


def write_to_a_locked_database() -> None:
    execute("PRAGMA busy_timeout = 20")
    with another() as other:
        run(other, "BEGIN EXCLUSIVE")
        Shelf.objects.create(name="written")


POSTGRESQL, MARIADB = ["psycopg", "psycopg2"], ["mysqlclient", "PyMySQL"]
SERVERS = [*POSTGRESQL, *MARIADB]
ALL = [*SERVERS, "sqlite3"]
UNAVAILABLE, LATE = "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"


class Fault(NamedTuple):
    """The action of a view, the code of the result, and the drivers that can provoke it."""

    act: Callable[[], None]
    code: str
    drivers: list[str]


FAULTS = {
    "killed": Fault(be_killed, UNAVAILABLE, SERVERS),
    "killed in a transaction": Fault(be_killed_in_a_transaction, UNAVAILABLE, SERVERS),
    "killed in a query": Fault(be_killed_in_a_query, UNAVAILABLE, SERVERS),
    "closed": Fault(be_closed, UNAVAILABLE, ALL),
    "closed under a cursor": Fault(be_closed_under_a_cursor, UNAVAILABLE, [*POSTGRESQL, "sqlite3"]),
    "idle": Fault(be_idle, UNAVAILABLE, SERVERS),
    "idle in a transaction": Fault(be_idle_in_a_transaction, UNAVAILABLE, POSTGRESQL),
    "statement timeout": Fault(take_too_long, LATE, SERVERS),
    "cancelled": Fault(be_cancelled, LATE, ALL),
    "lock timeout": Fault(wait_for_a_lock, UNAVAILABLE, SERVERS),
    "NOWAIT": Fault(lock_with_nowait, UNAVAILABLE, SERVERS),
    "deadlock": Fault(meet_in_a_deadlock, UNAVAILABLE, SERVERS),
    "serialization failure": Fault(update_what_has_changed, UNAVAILABLE, ALL),
    "read-only": Fault(write_to_a_reader, UNAVAILABLE, ALL),
    "locked": Fault(write_to_a_locked_database, UNAVAILABLE, ["sqlite3"]),
}

# Faults of the project itself.
WRONG_QUERIES: dict[str, Callable[[], None]] = {
    "unknown column": lambda: execute("SELECT secret FROM tests_shelf"),
    "syntax error": lambda: execute("SELEC secret"),
}

ACTS = {
    **{name: fault.act for name, fault in FAULTS.items()},
    **WRONG_QUERIES,
    "query": lambda: execute("SELECT 1"),
}


class FaultView(APIView):
    def get(self, request: Request, name: str) -> Response:
        ACTS[name]()
        return Response({})

    def post(self, request: Request, name: str) -> Response:
        return Response({"id": Shelf.objects.create(name="next").pk}, status=201)


class OurFaultView(FaultView, GenericAPIView):
    queryset = Shelf.objects.all()


urlpatterns = [
    path("stock/<str:name>/", FaultView.as_view()),
    path("ours/<str:name>/", OurFaultView.as_view()),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def assert_outage(client: Client, target: str, code: str, caplog: Any) -> None:
    """Compare the response and the log record."""
    caplog.clear()
    response = client.get(target)
    assert read(response) == expect(code)
    assert response["Retry-After"] == "5"
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelno, bool(record.exc_info)) == (logging.WARNING, True)
    assert not connection.in_atomic_block


def assert_usable(client: Client, target: str) -> None:
    """Assert that the next request writes, and that nothing else was written."""
    end_request()
    response = post(client, target, {})
    assert response.status_code == 201, response.content
    names = set(Shelf.objects.values_list("name", flat=True))
    assert names - {"shelf 90001", "shelf 90002", "shelf 90003", "theirs"} == {"next"}


# Every fault over every driver: each driver raises another exception for each fault.
@pytest.mark.parametrize(
    ("driver", "name"),
    [(driver, name) for name, fault in FAULTS.items() for driver in fault.drivers],
    indirect=["driver"],
)
def test_an_outage_has_its_code_and_the_next_request_succeeds(
    name: str, driver: Driver, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert_outage(client, f"/stock/{name}/", FAULTS[name].code, caplog)
    assert_usable(client, f"/stock/{name}/")


def test_our_views_without_the_middleware_send_the_same_body(
    driver: Driver, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    assert_outage(client, "/ours/closed/", UNAVAILABLE, caplog)
    assert_usable(client, "/ours/closed/")


def test_a_wrong_query_is_an_internal_error(driver: Driver, client: Client) -> None:
    for name in WRONG_QUERIES:
        assert read(client.get(f"/stock/{name}/")) == expect("INTERNAL_ERROR")
    assert_usable(client, "/stock/query/")


@contextmanager
def absent(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """A port without a listener, or a directory that does not exist."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    if connection.vendor == "sqlite":
        yield {"NAME": str(tmp_path / "nowhere" / "db.sqlite3")}
    else:
        yield {"PORT": port}


@contextmanager
def silent(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """A listener that accepts a connection and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Two seconds are the minimum of libpq.
        timeouts = {"connect_timeout": 2}
        if connection.vendor == "mysql":
            timeouts = {"connect_timeout": 1, "read_timeout": 1}
        options = connections.settings["default"]["OPTIONS"] | timeouts
        yield {"PORT": listener.getsockname()[1], "OPTIONS": options}


@contextmanager
def too_many(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """A user who may have one connection, and has one."""
    if connection.vendor == "postgresql":
        create = [f"CREATE ROLE {NAME} LOGIN CONNECTION LIMIT 1"]
        drop = f"DROP ROLE {NAME}"
    else:
        create = [
            f"CREATE USER {NAME}@'%' WITH MAX_USER_CONNECTIONS 1",
            f"CREATE USER {NAME}@localhost WITH MAX_USER_CONNECTIONS 1",
            f"GRANT ALL ON {NAME}.* TO {NAME}@'%'",
            f"GRANT ALL ON {NAME}.* TO {NAME}@localhost",
        ]
        drop = f"DROP USER {NAME}@'%', {NAME}@localhost"
    execute(*create)
    try:
        with use({"USER": NAME}), another() as other:
            other.ensure_connection()
            yield {"USER": NAME}
    finally:
        execute(drop)


@contextmanager
def unknown(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """A database that was never created."""
    yield {"NAME": f"{NAME}_not"}


CONNECTION_FAULTS: dict[
    str, tuple[Callable[[Any], AbstractContextManager[dict[str, Any]]], list[str]]
] = {
    "absent": (absent, ALL),
    "silent": (silent, SERVERS),
    "too many connections": (too_many, SERVERS),
    "unknown database": (unknown, SERVERS),
}


@pytest.mark.parametrize(
    ("driver", "name"),
    [(driver, name) for name, (_, drivers) in CONNECTION_FAULTS.items() for driver in drivers],
    indirect=["driver"],
)
def test_a_database_that_cannot_be_connected_to_is_unavailable(
    name: str, driver: Driver, client: Client, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    prepare, _drivers = CONNECTION_FAULTS[name]
    with prepare(tmp_path) as parameters, use(parameters):
        assert_outage(client, "/stock/query/", UNAVAILABLE, caplog)
        end_request()
    assert_usable(client, "/stock/query/")
