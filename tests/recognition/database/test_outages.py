"""Databases that are away, busy, locked or late, over each driver: 503 or 504, and on it goes.

Each row of `docs/databases.md` about an outage has a row in `FAULTS` or `REFUSALS` here.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, NamedTuple

import pytest
from django.db import Error, close_old_connections, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.generics import GenericAPIView
from tests.bodies import body
from tests.databases import NAME, Database, execute, use
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"

TOP, LOW, LAST = 90001, 90002, 90003


@contextmanager
def another() -> Iterator[BaseDatabaseWrapper]:
    """Open another connection to the same database."""
    # It is closed by the thread that has opened it, or by this one once that has ended.
    other = connection.copy()
    other.inc_thread_sharing()
    try:
        yield other
    finally:
        with suppress(Error):
            other.close()


def get_id() -> int:
    """Return what the server calls this connection."""
    ask = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}
    with connection.cursor() as cursor:
        cursor.execute(ask[connection.vendor])
        return int(cursor.fetchone()[0])


def tell(other: BaseDatabaseWrapper, *statements: str) -> None:
    """Run statements on another connection."""
    with other.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def meanwhile(act: Callable[[BaseDatabaseWrapper], object]) -> Iterator[None]:
    """Have `act` done over another connection, again and again, until it is over."""
    is_over = threading.Event()
    with another() as other:
        other.ensure_connection()

        def act_until_it_is_over() -> None:
            # What comes before there is something to cut short does nothing.
            while not is_over.wait(0.1):
                with suppress(Error):
                    act(other)

        thread = threading.Thread(target=act_until_it_is_over)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
CANCEL = {"postgresql": "SELECT pg_cancel_backend({})", "mysql": "KILL QUERY {}"}

# Long enough to be cut short, and something to cut: MariaDB's SLEEP() does not mind.
LONG = {
    "postgresql": "SELECT pg_sleep(20)",
    "mysql": "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, "
    "information_schema.columns c",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT COUNT(*) FROM n",
}


def be_killed() -> None:
    """Have the server close the connection between two queries."""
    statement = KILL[connection.vendor].format(get_id())
    with another() as other:
        tell(other, statement)
    time.sleep(0.05)
    execute("SELECT 1")


def be_killed_in_a_transaction() -> None:
    """Have the server close the connection between two queries of a transaction."""
    with transaction.atomic():
        Shelf.objects.create(name="written")
        be_killed()


def be_killed_in_a_query() -> None:
    """Have the server close the connection while it is at work."""
    statement = KILL[connection.vendor].format(get_id())
    with meanwhile(lambda other: tell(other, statement)):
        execute(LONG[connection.vendor])


def be_cancelled() -> None:
    """Have somebody cancel the query."""
    connection.ensure_connection()
    raw, statement = connection.connection, CANCEL.get(connection.vendor, "")
    if connection.vendor != "sqlite":
        statement = statement.format(get_id())
    with meanwhile(lambda other: tell(other, statement) if statement else raw.interrupt()):
        execute(LONG[connection.vendor])


def be_closed() -> None:
    """Have the driver's connection closed between two queries."""
    execute("SELECT 1")
    connection.connection.close()
    execute("SELECT 1")


def be_closed_at_work() -> None:
    """Have the driver's connection closed between two queries of one cursor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        connection.connection.close()
        cursor.execute("SELECT 1")


def be_idle() -> None:
    """Be idle for longer than the server allows."""
    if connection.vendor == "postgresql":
        execute("SET idle_session_timeout = 1")
        time.sleep(0.3)
    else:
        execute("SET SESSION wait_timeout = 1")
        time.sleep(1.5)
    execute("SELECT 1")


def be_idle_in_a_transaction() -> None:
    """Hold a transaction open for longer than the server allows."""
    with transaction.atomic():
        execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        time.sleep(0.3)
        execute("SELECT 1")


def take_too_long() -> None:
    """Run a query for longer than is allowed."""
    limits = {
        "postgresql": "SET statement_timeout = 50",
        "mysql": "SET SESSION max_statement_time = 0.05",
    }
    execute(limits[connection.vendor], LONG[connection.vendor])


@contextmanager
def lock(pk: int) -> Iterator[None]:
    """Have somebody else hold a row."""
    with another() as other:
        other.set_autocommit(False)
        tell(other, f"SELECT * FROM tests_shelf WHERE id = {pk} FOR UPDATE")
        yield
        other.rollback()


def wait_for_a_lock() -> None:
    """Wait for a row for longer than is allowed."""
    limits = {
        "postgresql": "SET lock_timeout = 50",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 0",
    }
    with lock(TOP):
        execute(limits[connection.vendor])
        Shelf.objects.filter(pk=TOP).update(name="mine")


def want_a_lock_now() -> None:
    """Want a row that somebody else holds, or nothing."""
    with lock(TOP), transaction.atomic():
        Shelf.objects.select_for_update(nowait=True).get(pk=TOP)


def wait_for_the_other() -> None:
    """Wait until the other connection waits for us, where the order decides who gives way."""
    if connection.vendor == "mysql":
        return
    waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)


def meet_in_a_deadlock() -> None:
    """Want what somebody has who waits for what is ours."""
    with another() as other:
        other.set_autocommit(False)
        # InnoDB has the one give way who has written less.
        writes = [f"INSERT INTO tests_shelf (name) VALUES ('written {i}')" for i in range(9)]
        tell(other, *writes, f"UPDATE tests_shelf SET name = 'theirs' WHERE id = {LOW}")
        wish = f"UPDATE tests_shelf SET name = 'theirs too' WHERE id = {TOP}"
        thread = threading.Thread(target=tell, args=(other, wish))
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    # Here it is the first to look for a deadlock.
                    execute("SET LOCAL deadlock_timeout = 10")
                execute(f"UPDATE tests_shelf SET name = 'ours' WHERE id = {TOP}")
                thread.start()
                wait_for_the_other()
                execute(f"UPDATE tests_shelf SET name = 'ours too' WHERE id = {LOW}")
        finally:
            thread.join()
            other.rollback()


def read_what_has_changed() -> None:
    """Write, by what was read, what somebody else has written since."""
    if connection.vendor == "mysql":
        execute(
            "SET SESSION innodb_snapshot_isolation = ON",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        )
    if connection.vendor == "sqlite":
        execute("PRAGMA busy_timeout = 20")
    with another() as other, transaction.atomic():
        if connection.vendor == "postgresql":
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert Shelf.objects.get(pk=TOP)
        tell(other, f"UPDATE tests_shelf SET name = 'theirs' WHERE id = {TOP}")
        Shelf.objects.filter(pk=TOP).update(name="ours")


def write_to_a_reader() -> None:
    """Write where only reading is allowed."""
    modes = {
        "postgresql": "SET default_transaction_read_only = on",
        "mysql": "SET SESSION TRANSACTION READ ONLY",
        "sqlite": "PRAGMA query_only = ON",
    }
    execute(modes[connection.vendor])
    Shelf.objects.create(name="written")


def write_to_what_is_locked() -> None:
    """Write while somebody else does."""
    execute("PRAGMA busy_timeout = 20")
    with another() as other:
        tell(other, "BEGIN EXCLUSIVE")
        Shelf.objects.create(name="written")


def misspell_a_column() -> None:
    """Ask for what there is not."""
    execute("SELECT secret FROM tests_shelf")


def misspell_a_word() -> None:
    """Say what is no SQL."""
    execute("SELEC secret")


POSTGRESQL, MARIADB = ["psycopg", "psycopg2"], ["mysqlclient", "PyMySQL"]
SERVERS = [*POSTGRESQL, *MARIADB]
ALL = [*SERVERS, "sqlite3"]
UNAVAILABLE, LATE = "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"


class Fault(NamedTuple):
    """What a view does, the code that it ends in, and the drivers that it can be done over."""

    act: Callable[[], None]
    code: str
    drivers: list[str]


FAULTS = {
    "killed": Fault(be_killed, UNAVAILABLE, SERVERS),
    "killed in a transaction": Fault(be_killed_in_a_transaction, UNAVAILABLE, SERVERS),
    "killed in a query": Fault(be_killed_in_a_query, UNAVAILABLE, SERVERS),
    "closed": Fault(be_closed, UNAVAILABLE, ALL),
    "closed at work": Fault(be_closed_at_work, UNAVAILABLE, [*POSTGRESQL, "sqlite3"]),
    "idle": Fault(be_idle, UNAVAILABLE, SERVERS),
    "idle in a transaction": Fault(be_idle_in_a_transaction, UNAVAILABLE, POSTGRESQL),
    "statement timeout": Fault(take_too_long, LATE, SERVERS),
    "cancelled": Fault(be_cancelled, LATE, ALL),
    "lock timeout": Fault(wait_for_a_lock, UNAVAILABLE, SERVERS),
    "NOWAIT": Fault(want_a_lock_now, UNAVAILABLE, SERVERS),
    "deadlock": Fault(meet_in_a_deadlock, UNAVAILABLE, SERVERS),
    "serialization failure": Fault(read_what_has_changed, UNAVAILABLE, ALL),
    "read-only": Fault(write_to_a_reader, UNAVAILABLE, ALL),
    "locked": Fault(write_to_what_is_locked, UNAVAILABLE, ["sqlite3"]),
}


def get_cases(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each driver with each row that can be provoked over it."""
    return [(driver, name) for name, row in table.items() for driver in row.drivers]


# What a project itself does wrong.
BUGS: Mapping[str, Callable[[], None]] = {
    "a column that is not there": misspell_a_column,
    "a syntax error": misspell_a_word,
}

ACTS = {
    **{name: fault.act for name, fault in FAULTS.items()},
    **BUGS,
    "anything": lambda: execute("SELECT 1"),
}


class FaultView(APIView):
    """Stock DRF's view."""

    def get(self, request: Request, name: str) -> Response:
        ACTS[name]()
        return Response({})

    def post(self, request: Request, name: str) -> Response:
        return Response({"id": Shelf.objects.create(name="next").pk}, status=201)


class OurFaultView(FaultView, GenericAPIView):
    """The same in our wing."""

    queryset = Shelf.objects.all()


urlpatterns = [
    path("stock/<str:name>/", FaultView.as_view()),
    path("ours/<str:name>/", OurFaultView.as_view()),
]

WINGS = {"stock, middleware": ("stock", [MIDDLEWARE]), "ours, two lines only": ("ours", [])}


@pytest.fixture(params=WINGS)
def wing(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Return the name of a wing, with the middleware or without it."""
    wing, settings.MIDDLEWARE = WINGS[request.param]
    return wing


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def end_request() -> None:
    """Do what Django does at the end of a request, from which the test client keeps it."""
    # What PyMySQL and mysqlclient have closed they cannot close again.
    with suppress(Error):
        close_old_connections()


def assert_unavailable(client: Client, target: str, code: str, caplog: Any) -> None:
    """Assert what a client is told, and what the log."""
    caplog.clear()
    response = client.get(target)
    answer = body(code)
    assert (response.status_code, response.json()) == (answer["status"], answer)
    assert response["Retry-After"] == "5"
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelno, bool(record.exc_info)) == (logging.WARNING, True)
    assert not connection.in_atomic_block


def assert_it_goes_on(client: Client, target: str) -> None:
    """Assert that the next request writes, and that nothing else was written."""
    end_request()
    response = client.post(target, "{}", content_type="application/json")
    assert response.status_code == 201, response.content
    names = set(Shelf.objects.values_list("name", flat=True))
    assert names - {"shelf 90001", "shelf 90002", "shelf 90003", "theirs"} == {"next"}


@pytest.mark.parametrize(("database", "name"), get_cases(FAULTS), indirect=["database"])
def test_a_database_that_cannot_now_is_unavailable_and_the_next_request_answers(
    name: str, database: Database, wing: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    target = f"/{wing}/{name}/"
    assert_unavailable(client, target, FAULTS[name].code, caplog)
    assert_it_goes_on(client, target)


@pytest.mark.parametrize("name", BUGS)
def test_a_query_of_the_project_that_is_wrong_is_a_bug(
    name: str, database: Database, wing: str, client: Client
) -> None:
    response = client.get(f"/{wing}/{name}/")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.content.decode()
    assert_it_goes_on(client, f"/{wing}/{name}/")


@contextmanager
def nothing_there(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """Lead to a port that nobody listens at, to a directory that is not there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    if connection.vendor == "sqlite":
        yield {"NAME": str(tmp_path / "nowhere" / "db.sqlite3")}
    else:
        yield {"PORT": port}


@contextmanager
def nobody_answers(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """Lead to somebody who accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = connections.settings["default"]["OPTIONS"] | {"connect_timeout": 2}
        if connection.vendor == "mysql":
            options["read_timeout"] = 2
        yield {"PORT": silent.getsockname()[1], "OPTIONS": options}


@contextmanager
def too_many(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """Be somebody who may have one connection, and has it."""
    if connection.vendor == "postgresql":
        begin = [f"CREATE ROLE {NAME} LOGIN CONNECTION LIMIT 1"]
        end = [f"DROP ROLE {NAME}"]
    else:
        begin = [
            f"CREATE USER {NAME}@'%' WITH MAX_USER_CONNECTIONS 1",
            f"CREATE USER {NAME}@localhost WITH MAX_USER_CONNECTIONS 1",
            f"GRANT ALL ON {NAME}.* TO {NAME}@'%'",
            f"GRANT ALL ON {NAME}.* TO {NAME}@localhost",
        ]
        end = [f"DROP USER {NAME}@'%', {NAME}@localhost"]
    execute(*begin)
    try:
        with use(connections.settings["default"] | {"USER": NAME}), another() as other:
            other.ensure_connection()
            yield {"USER": NAME}
    finally:
        execute(*end)


@contextmanager
def a_database_that_is_not(tmp_path: Any) -> Iterator[dict[str, Any]]:
    """Lead to a database that nobody has made."""
    yield {"NAME": f"{NAME}_not"}


class Refusal(NamedTuple):
    """What makes connecting fail, and over which drivers it can."""

    prepare: Callable[[Any], AbstractContextManager[dict[str, Any]]]
    drivers: list[str]


REFUSALS = {
    "not there": Refusal(nothing_there, ALL),
    "silent": Refusal(nobody_answers, SERVERS),
    "too many connections": Refusal(too_many, SERVERS),
    "no such database": Refusal(a_database_that_is_not, SERVERS),
}


@pytest.mark.parametrize(("database", "name"), get_cases(REFUSALS), indirect=["database"])
def test_a_database_that_refuses_to_connect_is_unavailable(
    name: str,
    database: Database,
    wing: str,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Any,
) -> None:
    with REFUSALS[name].prepare(tmp_path) as parameters, use(database.configure(**parameters)):
        assert_unavailable(client, f"/{wing}/anything/", UNAVAILABLE, caplog)
        end_request()
    assert_it_goes_on(client, f"/{wing}/anything/")
