"""Databases: what SQLite refuses, provoked for real, and how a client is told."""

from __future__ import annotations

import json
import resource
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import psycopg
import psycopg2
import pymysql
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.recognition import recognise
from django_apierrors.recognition.database.codes import (
    CODES_BY_MYSQL_NUMBER,
    CODES_BY_SQLITE_NAME,
    CODES_BY_SQLSTATE,
    CODES_BY_TEXT,
)
from tests.models import Shelf, Thing

pytestmark = pytest.mark.urls(__name__)


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ShelvesView(generics.ListCreateAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfView(generics.RetrieveUpdateDestroyAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ThingsView(APIView):
    """A view that leaves every check to the database."""

    def post(self, request: Request) -> Response:
        Thing.objects.create(**request.data)
        return Response({}, status=201)


class RenumberView(APIView):
    """A view that sends the database a statement of its own."""

    def post(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute(request.data["sql"])
        return Response({})


urlpatterns = [
    path("shelves/", ShelvesView.as_view()),
    path("shelves/<int:pk>/", ShelfView.as_view()),
    path("things/", ThingsView.as_view()),
    path("sql/", RenumberView.as_view()),
]


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def post(client: Client, target: str, **data: object) -> HttpResponse:
    """Send `data` as JSON."""
    return client.post(target, json.dumps(data), content_type="application/json")


def body_of(name: str, *errors: str, status: int = 400) -> dict[str, Any]:
    """Return the whole body of the code called `name`."""
    texts = list(errors) or [str(CATALOG[name].message)]
    return {"status": status, "errors": texts, "code": name, "moreInfo": ""}


def read(response: HttpResponse) -> Any:
    """Return the body, once its status is that of the response."""
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    return body


TAKEN = str(CATALOG["ALREADY_EXISTS"].message)
MISSING = str(CATALOG["INVALID_CONTENT"].description)


@pytest.mark.django_db
def test_a_unique_clash_that_the_validator_finds_is_already_exists(client: Client) -> None:
    Shelf.objects.create(name="top")
    response = post(client, "/shelves/", name="top")
    assert read(response) == body_of("ALREADY_EXISTS", "name: shelf with this name already exists.")


@pytest.mark.django_db
def test_a_unique_clash_that_the_database_finds_names_the_field(client: Client) -> None:
    Thing.objects.create(name="cup")
    assert read(post(client, "/things/", name="cup")) == body_of("ALREADY_EXISTS", f"name: {TAKEN}")


@pytest.mark.django_db
def test_a_clash_of_several_fields_names_them_all(client: Client) -> None:
    shelf = Shelf.objects.create(name="top")
    Thing.objects.create(name="cup", shelf=shelf, size=1)
    assert read(post(client, "/things/", name="mug", shelf_id=shelf.pk, size=1)) == body_of(
        "ALREADY_EXISTS", f"shelf, size: {TAKEN}"
    )


@pytest.mark.django_db
def test_a_clash_of_the_primary_key_names_it(client: Client) -> None:
    thing = Thing.objects.create(name="cup")
    assert read(post(client, "/things/", name="mug", key=str(thing.pk))) == body_of(
        "ALREADY_EXISTS", f"key: {TAKEN}"
    )


@pytest.mark.django_db
def test_a_clash_follows_the_status_that_the_project_gives_its_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 409}}}
    Thing.objects.create(name="cup")
    assert read(post(client, "/things/", name="cup")) == body_of(
        "ALREADY_EXISTS", f"name: {TAKEN}", status=409
    )


@pytest.mark.django_db
def test_a_value_that_must_not_be_null_names_the_field(client: Client) -> None:
    assert read(post(client, "/things/", name="cup", size=None)) == body_of(
        "INVALID_CONTENT", f"size: {MISSING}"
    )


@pytest.mark.django_db
def test_a_check_constraint_is_invalid_state(client: Client) -> None:
    assert read(post(client, "/things/", name="cup", size=-1)) == body_of("INVALID_STATE")


@pytest.mark.django_db
def test_a_delete_that_a_protected_row_forbids_is_invalid_state(client: Client) -> None:
    shelf = Shelf.objects.create(name="top")
    Thing.objects.create(name="cup", shelf=shelf)
    assert read(client.delete(f"/shelves/{shelf.pk}/")) == body_of("INVALID_STATE")
    assert Shelf.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_parent_that_is_not_there_is_a_400_of_missing_resource(client: Client) -> None:
    assert read(post(client, "/things/", name="cup", shelf_id=10**6)) == body_of("MISSING_RESOURCE")


@pytest.mark.django_db
@pytest.mark.parametrize("sql", ["SELECT secret", "SELEC 1", "SELECT * FROM secret"])
def test_sql_that_is_wrong_is_a_bug(client: Client, sql: str) -> None:
    response = post(client, "/sql/", sql=sql)
    assert read(response)["code"] == "INTERNAL_ERROR"
    assert "secret" not in response.content.decode()


@pytest.mark.django_db
def test_what_is_rolled_back_may_be_used_again(client: Client) -> None:
    Thing.objects.create(name="cup")
    with transaction.atomic():
        post(client, "/things/", name="cup")
        transaction.set_rollback(True)
    assert Thing.objects.count() == 1


def provoke_constraint(create: str, *statements: str) -> Callable[[Path], None]:
    """Return a function that makes a table and runs `statements`, the last of which fails."""

    def provoke(directory: Path) -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.executescript(create)
            for statement in statements:
                database.execute(statement)

    return provoke


def provoke_too_big(directory: Path) -> None:
    """Send a text longer than SQLite takes."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100)
        database.execute("SELECT ?", ["x" * 200])


def provoke_busy(directory: Path) -> None:
    """Write while somebody else does."""
    name = directory / "busy.db"
    with closing(sqlite3.connect(name)) as one, closing(sqlite3.connect(name, timeout=0)) as other:
        one.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE t (a)")


def provoke_locked(directory: Path) -> None:
    """Write to a table that the same shared cache reads from."""
    name = f"file:{directory.name}?mode=memory&cache=shared"
    with (
        closing(sqlite3.connect(name, uri=True)) as one,
        closing(sqlite3.connect(name, uri=True)) as other,
    ):
        one.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        reading = other.execute("SELECT a FROM t")
        next(reading)
        one.execute("DROP TABLE t")


def provoke_cantopen(directory: Path) -> None:
    """Open a database in a directory that is not there."""
    sqlite3.connect(directory / "nowhere" / "a.db")


def provoke_readonly(directory: Path) -> None:
    """Write to a database that was opened for reading."""
    name = directory / "readonly.db"
    sqlite3.connect(name).close()
    with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as database:
        database.execute("CREATE TABLE t (a)")


def provoke_full(directory: Path) -> None:
    """Write more pages than the database may have."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])


@contextmanager
def small_files() -> Iterator[None]:
    """Have the system refuse to let a file of this process grow beyond 4 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def provoke_ioerr(directory: Path) -> None:
    """Have a write fail below SQLite."""
    with closing(sqlite3.connect(directory / "ioerr.db")) as database, small_files():
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])
        database.commit()


def provoke_interrupt(directory: Path) -> None:
    """Be interrupted at work."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.set_progress_handler(lambda: 1, 1)
        database.execute("CREATE TABLE t (a)")


PROVOKED: Mapping[str, Callable[[Path], None]] = {
    "SQLITE_CONSTRAINT_UNIQUE": provoke_constraint(
        "CREATE TABLE t (a UNIQUE)", "INSERT INTO t VALUES (1), (1)"
    ),
    "SQLITE_CONSTRAINT_PRIMARYKEY": provoke_constraint(
        "CREATE TABLE t (a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (1)"
    ),
    "SQLITE_CONSTRAINT_ROWID": provoke_constraint(
        "CREATE TABLE t (a)", "INSERT INTO t (rowid, a) VALUES (1, 1), (1, 1)"
    ),
    "SQLITE_CONSTRAINT_NOTNULL": provoke_constraint(
        "CREATE TABLE t (a NOT NULL)", "INSERT INTO t VALUES (NULL)"
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": provoke_constraint(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p (id))",
        "INSERT INTO t VALUES (7)",
    ),
    "SQLITE_CONSTRAINT": provoke_constraint(
        "CREATE TABLE t (a CHECK (a > 0))", "INSERT INTO t VALUES (0)"
    ),
    "SQLITE_MISMATCH": provoke_constraint(
        "CREATE TABLE t (a INTEGER PRIMARY KEY)", "INSERT INTO t VALUES ('x')"
    ),
    "SQLITE_TOOBIG": provoke_too_big,
    "SQLITE_INTERRUPT": provoke_interrupt,
    "SQLITE_BUSY": provoke_busy,
    "SQLITE_LOCKED": provoke_locked,
    "SQLITE_CANTOPEN": provoke_cantopen,
    "SQLITE_READONLY": provoke_readonly,
    "SQLITE_FULL": provoke_full,
    "SQLITE_IOERR": provoke_ioerr,
}


def answer(fail: Callable[[], object]) -> HttpResponse:
    """Return the rendered answer of a DRF view in which `fail` is called."""

    class FailingView(APIView):
        def post(self, request: Request) -> Response:
            fail()
            return Response({})

    return FailingView.as_view()(APIRequestFactory().post("/things/", {"shelf": 7})).render()


@pytest.mark.parametrize("name", CODES_BY_SQLITE_NAME)
def test_a_failure_of_sqlite_is_named_as_in_the_table(name: str, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        PROVOKED[name](tmp_path)
    assert caught.value.sqlite_errorname.startswith(name)


STATUSES = {"SERVICE_UNAVAILABLE": 503, "GATEWAY_TIMEOUT": 504}


@pytest.mark.parametrize("name", CODES_BY_SQLITE_NAME)
def test_a_failure_that_comes_from_the_driver_itself_has_its_code(
    name: str, tmp_path: Path
) -> None:
    code = CODES_BY_SQLITE_NAME[name]
    status = STATUSES.get(code, 400)
    assert read(answer(lambda: PROVOKED[name](tmp_path))) == body_of(code, status=status)


def test_a_trigger_that_refuses_is_invalid_state(tmp_path: Path) -> None:
    provoke = provoke_constraint(
        "CREATE TABLE t (a);"
        "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'secret'); END",
        "INSERT INTO t VALUES (1)",
    )
    assert read(answer(lambda: provoke(tmp_path))) == body_of("INVALID_STATE")


def test_an_unavailable_database_says_when_to_come_back(tmp_path: Path) -> None:
    assert answer(lambda: provoke_cantopen(tmp_path))["Retry-After"] == "5"


def test_an_operational_error_that_says_nothing_more_is_a_bug() -> None:
    def fail() -> None:
        raise OperationalError("secret")

    assert read(answer(fail))["code"] == "INTERNAL_ERROR"


def test_an_integrity_error_that_says_nothing_more_is_invalid_state() -> None:
    def fail() -> None:
        raise IntegrityError("secret")

    assert read(answer(fail)) == body_of("INVALID_STATE")


@pytest.mark.parametrize("state", CODES_BY_SQLSTATE)
def test_a_sqlstate_or_its_class_is_recognised(state: str) -> None:
    exception = OperationalError()
    exception.__cause__ = psycopg.Error()
    exception.__cause__.sqlstate = state.ljust(5, "9")

    assert recognise(exception).code.name == CODES_BY_SQLSTATE[state]


@pytest.mark.parametrize("state", CODES_BY_SQLSTATE)
def test_psycopg2_calls_the_same_pgcode(state: str) -> None:
    error = type("SomeError", (psycopg2.OperationalError,), {"pgcode": state.ljust(5, "9")})

    assert recognise(error()).code.name == CODES_BY_SQLSTATE[state]


# Django's tests over it are skipped where mysqlclient could not be built; these are not about it.
MYSQL_DRIVERS = [pymysql, *([import_module("MySQLdb")] if find_spec("MySQLdb") else [])]
MYSQL_CLASSES = [
    cls
    for driver in MYSQL_DRIVERS
    for cls in (driver.OperationalError, driver.IntegrityError, driver.DataError)
]


@pytest.mark.parametrize("cls", MYSQL_CLASSES, ids=str)
@pytest.mark.parametrize("number", CODES_BY_MYSQL_NUMBER)
def test_a_number_of_mysql_is_recognised_raw_and_wrapped(number: int, cls: type[Exception]) -> None:
    raw = cls(number, "secret")
    wrapped = OperationalError(number, "secret")
    wrapped.__cause__ = raw

    assert recognise(raw).code.name == CODES_BY_MYSQL_NUMBER[number]
    assert recognise(wrapped) == recognise(raw)


@pytest.mark.parametrize(
    "exception",
    [
        *(
            exception
            for driver in MYSQL_DRIVERS
            for exception in (
                driver.OperationalError(1054, "Unknown column 'secret' in 'SELECT'"),
                driver.ProgrammingError(1064, "You have an error in your SQL syntax"),
                driver.ProgrammingError(1146, "Table 'secret' doesn't exist"),
                driver.OperationalError("secret"),
                driver.OperationalError(),
            )
        ),
        psycopg.errors.ObjectInUse("secret"),
        psycopg.InterfaceError("the cursor is closed"),
        sqlite3.ProgrammingError("Cannot operate on a closed cursor."),
        ValueError(1062, "secret"),
        ValueError("unsupported format character"),
        OverflowError("int too large to convert to float"),
    ],
    ids=repr,
)
def test_what_is_in_no_table_is_a_bug(exception: Exception) -> None:
    assert recognise(exception).code.name == "INTERNAL_ERROR"


@pytest.mark.parametrize("row", CODES_BY_TEXT, ids=str)
def test_what_a_driver_says_in_words_alone_is_recognised(row: tuple[str, str]) -> None:
    path, text = row
    assert recognise(resolve_name(path)(text)).code.name == CODES_BY_TEXT[row]
    assert recognise(resolve_name(path)(f"{text} Or so.")).code.name == "INTERNAL_ERROR"


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [
        (psycopg.errors.UniqueViolation, "ALREADY_EXISTS", 400),
        (psycopg.errors.ForeignKeyViolation, "MISSING_RESOURCE", 400),
        (psycopg.errors.CheckViolation, "INVALID_STATE", 400),
        (psycopg.errors.StringDataRightTruncation, "INVALID_CONTENT", 400),
        (psycopg.errors.DeadlockDetected, "SERVICE_UNAVAILABLE", 503),
        (psycopg.errors.QueryCanceled, "GATEWAY_TIMEOUT", 504),
        (psycopg.errors.AdminShutdown, "SERVICE_UNAVAILABLE", 503),
        (psycopg.errors.UndefinedTable, "INTERNAL_ERROR", 500),
    ],
)
def test_what_postgresql_reports_is_recognised(
    cause: type[psycopg.Error], code: str, status: int
) -> None:
    exception = DatabaseError("SQL")
    exception.__cause__ = cause("SQL")
    error = recognise(exception)

    assert (error.code.name, error.status) == (code, status)


def test_a_postgresql_that_refuses_the_connection_is_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(host="127.0.0.1", port=port)
    exception = OperationalError(*caught.value.args)
    exception.__cause__ = caught.value

    assert recognise(exception).code.name == "SERVICE_UNAVAILABLE"
