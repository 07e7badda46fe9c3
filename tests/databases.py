"""Real databases for the tests that need one: each in turn is the `default` of the process.

The rest of the test suite stays on its SQLite in memory, and pays for none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pytest
from django.db import Error, connection, connections, transaction
from django.db.models import Model

from tests.models import Booking, Parcel, Shelf, Thing, Ticket
from tests.services import refuse, require_package, require_server

MODELS: list[type[Model]] = [Shelf, Thing, Parcel, Ticket, Booking]
NAME = f"apierrors_{os.getpid()}"


class Driver(NamedTuple):
    """A driver, and the server that it leads to."""

    engine: str
    package: str
    vendor: str
    parameters: dict[str, Any]
    # The database from which others are created.
    home: str = ""


# Nothing here has to outlive a crash.
ON_POSTGRESQL = {
    "HOST": "127.0.0.1",
    "PORT": 5432,
    "USER": "postgres",
    "OPTIONS": {"options": "-c synchronous_commit=off"},
}
ON_MARIADB = {"HOST": "127.0.0.1", "PORT": 3306, "USER": "root", "OPTIONS": {}}
ON_DISK = {"OPTIONS": {"init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"}}

DRIVERS = {
    "psycopg": Driver(
        "django.db.backends.postgresql", "psycopg", "postgresql", ON_POSTGRESQL, "postgres"
    ),
    "psycopg2": Driver(
        "tests.backends.psycopg2", "psycopg2", "postgresql", ON_POSTGRESQL, "postgres"
    ),
    "mysqlclient": Driver("django.db.backends.mysql", "MySQLdb", "mysql", ON_MARIADB, "mysql"),
    "PyMySQL": Driver("tests.backends.pymysql", "pymysql", "mysql", ON_MARIADB, "mysql"),
    "sqlite3": Driver("django.db.backends.sqlite3", "sqlite3", "sqlite", ON_DISK),
}


class Database(NamedTuple):
    """The database under test: the name of its driver, the vendor's name."""

    driver: str
    vendor: str

    def configure(self, **parameters: Any) -> dict[str, Any]:
        """Return the settings of the database, changed by `parameters`."""
        return connections.settings["default"] | parameters


@contextmanager
def use(parameters: dict[str, Any]) -> Iterator[None]:
    """Have `default` be a database with these settings, in all threads that connect from now on."""
    before, kept = connections.settings["default"], connections["default"]
    connections.settings["default"] = before | parameters
    del connections["default"]
    try:
        yield
    finally:
        # PyMySQL and mysqlclient cannot close what is closed.
        with suppress(Error):
            connection.close()
        connections.settings["default"] = before
        connections["default"] = kept


def execute(*statements: str) -> None:
    """Run statements on the connection of this thread."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def ask_to_be_let_in() -> None:
    """Ask for a server that takes the user of the tests, which has no password."""
    try:
        connection.ensure_connection()
    except Error as exc:
        user, port = connection.settings_dict["USER"], connection.settings_dict["PORT"]
        refuse(f"no {connection.vendor} for {user} on 127.0.0.1:{port}: {exc}")


def make_tables() -> None:
    """Make the tables of the models that this database can hold."""
    with connection.schema_editor() as editor:
        for model in MODELS:
            if model._meta.required_db_vendor in (None, connection.vendor):
                editor.create_model(model)


@pytest.fixture(scope="session")
def made(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Callable[[Driver], dict[str, Any]]]:
    """Return a function that makes the database of a vendor once, and drop them in the end."""
    homes: dict[str, dict[str, Any]] = {}
    path = tmp_path_factory.mktemp("database") / "db.sqlite3"

    def make(driver: Driver) -> dict[str, Any]:
        own = {"ENGINE": driver.engine, "NAME": NAME, **driver.parameters}
        if not driver.home:
            own["NAME"] = str(path)
        if driver.vendor not in homes:
            home = own | {"NAME": driver.home}
            if driver.home:
                with use(home):
                    ask_to_be_let_in()
                    execute(f"DROP DATABASE IF EXISTS {NAME}", f"CREATE DATABASE {NAME}")
            homes[driver.vendor] = home
            with use(own):
                make_tables()
        return own

    yield make
    with django_db_blocker.unblock():
        for vendor, home in homes.items():
            if vendor != "sqlite":
                with use(home):
                    force = " WITH (FORCE)" if vendor == "postgresql" else ""
                    execute(f"DROP DATABASE {NAME}{force}")


@pytest.fixture(scope="module", params=DRIVERS)
def database(
    request: pytest.FixtureRequest,
    made: Callable[[Driver], dict[str, Any]],
    django_db_blocker: Any,
) -> Iterator[Database]:
    """Have the database of one driver for the tests of one module."""
    driver = DRIVERS[request.param]
    require_package(driver.package)
    if driver.home:
        require_server(driver.vendor, driver.parameters["PORT"])
    with django_db_blocker.unblock(), use(made(driver)):
        yield Database(request.param, driver.vendor)


@pytest.fixture
def rows(database: Database) -> None:
    """Have the rows that the tests clash with, and no others, over a connection of its own."""
    with suppress(Error):
        connection.close()
    with transaction.atomic():
        make_rows()


def make_rows() -> None:
    """Delete the rows there are, and make those that the tests clash with."""
    execute(
        *(
            f"DELETE FROM {table}"
            for model in reversed(MODELS)
            if model._meta.required_db_vendor in (None, connection.vendor)
            for table in (
                *(field.m2m_db_table() for field in model._meta.local_many_to_many),
                model._meta.db_table,
            )
        )
    )
    # Beyond what the sequences of PostgreSQL will reach.
    top, low, last = (
        Shelf.objects.create(pk=pk, name=f"shelf {pk}") for pk in (90001, 90002, 90003)
    )
    Thing.objects.create(key="0" * 31 + "1", name="cup", shelf=top, size=1)
    Parcel.objects.create(code="p" * 24, slug="parcel", number=1, shelf=low)
    Ticket.objects.create(pk=90001, email="A@x.org", seat=1, row=1, rank=1, shelf=last)
    if connection.vendor == "postgresql":
        Booking.objects.create(begins=1, ends=3)
