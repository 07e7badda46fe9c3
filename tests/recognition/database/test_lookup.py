"""The codes of drivers' exceptions, raised by a driver itself or wrapped by Django.

tests/recognition/database/test_databases.py has the errors that name fields.
"""

from __future__ import annotations

import resource
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
from django.db import DatabaseError, IntegrityError, OperationalError

from django_apierrors.recognition import recognise
from django_apierrors.recognition.database.codes import (
    CODES_BY_DRIVER_MESSAGE,
    CODES_BY_MYSQL_NUMBER,
    CODES_BY_SQLITE_NAME,
    CODES_BY_SQLSTATE,
)
from tests.recognition.support import expect, read, respond


def provoke_constraint(create: str, *statements: str) -> Callable[[Path], None]:
    """Return a function that creates tables and runs `statements`, the last of which fails."""

    def provoke(directory: Path) -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.executescript(create)
            for statement in statements:
                database.execute(statement)

    return provoke


def provoke_too_big(directory: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100)
        database.execute("SELECT ?", ["x" * 200])


def provoke_busy(directory: Path) -> None:
    name = directory / "busy.db"
    with closing(sqlite3.connect(name)) as one, closing(sqlite3.connect(name, timeout=0)) as other:
        one.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE t (a)")


def provoke_locked(directory: Path) -> None:
    """Drop a table that another connection to the same shared cache is reading."""
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
    sqlite3.connect(directory / "nowhere" / "a.db")


def provoke_readonly(directory: Path) -> None:
    name = directory / "readonly.db"
    sqlite3.connect(name).close()
    with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as database:
        database.execute("CREATE TABLE t (a)")


def provoke_full(directory: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])


@contextmanager
def small_files() -> Iterator[None]:
    """Limit the files of this process to 4 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def provoke_ioerr(directory: Path) -> None:
    with closing(sqlite3.connect(directory / "ioerr.db")) as database, small_files():
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])
        database.commit()


def provoke_interrupt(directory: Path) -> None:
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


@pytest.mark.parametrize("name", CODES_BY_SQLITE_NAME)
def test_an_exception_of_sqlite_has_the_code_of_its_name(name: str, tmp_path: Path) -> None:
    names = []

    def fail() -> None:
        try:
            PROVOKED[name](tmp_path)
        except sqlite3.Error as exc:
            names.append(exc.sqlite_errorname)
            raise

    code = CODES_BY_SQLITE_NAME[name]
    status = 400 if code == "MISSING_RESOURCE" else None
    assert read(respond(fail)) == expect(code, status=status)
    assert [each.startswith(name) for each in names] == [True]


def test_an_exception_of_a_trigger_is_invalid_state(tmp_path: Path) -> None:
    provoke = provoke_constraint(
        "CREATE TABLE t (a);"
        "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'secret'); END",
        "INSERT INTO t VALUES (1)",
    )
    assert read(respond(lambda: provoke(tmp_path))) == expect("INVALID_STATE")


def get_names(rows: Mapping[Any, str], make: Callable[[Any], BaseException]) -> dict[Any, str]:
    """Return the code of the exception that `make` returns for each key of `rows`."""
    return {key: recognise(make(key)).code.name for key in rows}


def wrap(cause: BaseException) -> OperationalError:
    """Return the exception that Django raises in place of a driver's."""
    exception = OperationalError(*cause.args)
    exception.__cause__ = cause
    return exception


def make_psycopg(state: str) -> BaseException:
    exception = psycopg.Error()
    exception.sqlstate = state.ljust(5, "9")
    return wrap(exception)


def make_psycopg2(state: str) -> BaseException:
    attributes = {"pgcode": state.ljust(5, "9")}
    return type("SomeError", (psycopg2.OperationalError,), attributes)()


@pytest.mark.parametrize("make", [make_psycopg, make_psycopg2])
def test_a_sqlstate_or_its_class_has_its_code(make: Callable[[str], BaseException]) -> None:
    assert get_names(CODES_BY_SQLSTATE, make) == CODES_BY_SQLSTATE


# Without mysqlclient, which has to be built, PyMySQL is enough here.
MYSQL_DRIVERS = [pymysql, *([import_module("MySQLdb")] if find_spec("MySQLdb") else [])]


@pytest.mark.parametrize("driver", MYSQL_DRIVERS, ids=lambda driver: driver.__name__)
def test_a_number_of_mysql_has_its_code_raw_and_wrapped(driver: Any) -> None:
    for cls in (driver.OperationalError, driver.IntegrityError, driver.DataError):
        for make in (cls, lambda *args, cls=cls: wrap(cls(*args))):
            codes = get_names(CODES_BY_MYSQL_NUMBER, lambda number: make(number, "secret"))  # noqa: B023
            assert codes == CODES_BY_MYSQL_NUMBER


def test_a_message_without_a_number_has_its_code_only_if_it_is_whole() -> None:
    rows = CODES_BY_DRIVER_MESSAGE
    assert get_names(rows, lambda row: resolve_name(row[0])(row[1])) == rows
    assert get_names(rows, lambda row: resolve_name(row[0])(f"{row[1]} Or so.")) == (
        dict.fromkeys(rows, "INTERNAL_ERROR")
    )


@pytest.mark.parametrize(
    "exception",
    [
        *(
            exception
            for driver in MYSQL_DRIVERS
            for exception in (
                driver.OperationalError(1054, "Unknown column 'secret' in 'SELECT'"),
                driver.ProgrammingError(1064, "You have an error in your SQL syntax"),
                driver.OperationalError("secret"),
                driver.OperationalError(),
            )
        ),
        wrap(psycopg.errors.UndefinedTable("secret")),
        psycopg.errors.ObjectInUse("secret"),
        psycopg.InterfaceError("the cursor is closed"),
        sqlite3.ProgrammingError("Cannot operate on a closed cursor."),
        ValueError(1062, "secret"),
        ValueError("unsupported format character"),
        OverflowError("int too large to convert to float"),
        OperationalError("secret"),
        DatabaseError("secret"),
    ],
    ids=repr,
)
def test_an_exception_without_a_row_is_an_internal_error(exception: Exception) -> None:
    assert recognise(exception).code.name == "INTERNAL_ERROR"


def test_an_integrity_error_without_details_is_invalid_state() -> None:
    assert recognise(IntegrityError("secret")).get_body() == expect("INVALID_STATE")[1]
