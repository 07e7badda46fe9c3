"""Real databases over each driver, one of which becomes the `default` of the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from django.apps import apps
from django.db import Error, close_old_connections, connection, connections
from django.db.models import IntegerField, Model
from django.test import Client

from tests.models import Booking, Parcel, Shelf, Thing, Ticket

MODELS: list[type[Model]] = [Shelf, Thing, Parcel, Ticket, Booking]
NAME = f"apierrors_{os.getpid()}"
BACKENDS = "tests.recognition.database.backends"


class Driver(NamedTuple):
    """A driver, its Django backend, and the server that it connects to."""

    engine: str
    package: str
    vendor: str
    parameters: dict[str, Any]
    # The database to connect to in order to create another.
    home: str = ""


# Faster, because no data has to survive a crash.
POSTGRESQL = {
    "HOST": "127.0.0.1",
    "PORT": 5432,
    "USER": "postgres",
    "OPTIONS": {"options": "-c synchronous_commit=off"},
}
MARIADB = {"HOST": "127.0.0.1", "PORT": 3306, "USER": "root", "OPTIONS": {}}
SQLITE = {"OPTIONS": {"init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"}}

DRIVERS = {
    "psycopg": Driver(
        "django.db.backends.postgresql", "psycopg", "postgresql", POSTGRESQL, "postgres"
    ),
    "psycopg2": Driver(f"{BACKENDS}.psycopg2", "psycopg2", "postgresql", POSTGRESQL, "postgres"),
    "mysqlclient": Driver("django.db.backends.mysql", "MySQLdb", "mysql", MARIADB, "mysql"),
    "PyMySQL": Driver(f"{BACKENDS}.pymysql", "pymysql", "mysql", MARIADB, "mysql"),
    "sqlite3": Driver("django.db.backends.sqlite3", "sqlite3", "sqlite", SQLITE),
}
VENDORS = ("postgresql", "mysql", "sqlite")


def clear_validators() -> None:
    """Clear the ranges of integers that the fields have cached for the database before."""
    for model in apps.get_models():
        for field in model._meta.fields:
            if isinstance(field, IntegerField):
                vars(field).pop("validators", None)


@contextmanager
def use(parameters: dict[str, Any]) -> Iterator[None]:
    """Make `default` a database with these settings, in all threads that connect from now on."""
    settings, kept = connections.settings["default"], connections["default"]
    connections.settings["default"] = settings | parameters
    del connections["default"]
    clear_validators()
    try:
        yield
    finally:
        # PyMySQL and mysqlclient raise if the connection is closed already.
        with suppress(Error):
            connection.close()
        connections.settings["default"] = settings
        connections["default"] = kept
        clear_validators()


def execute(*statements: str) -> None:
    """Run statements on the connection of this thread."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def get_models() -> list[type[Model]]:
    """Return the models that this database can hold."""
    return [m for m in MODELS if m._meta.required_db_vendor in (None, connection.vendor)]


def create_tables() -> None:
    with connection.schema_editor() as editor:
        for model in get_models():
            editor.create_model(model)


def create_rows() -> None:
    """Replace all rows by those that the tests collide with."""
    for model in reversed(get_models()):
        for field in model._meta.local_many_to_many:
            execute(f"DELETE FROM {field.m2m_db_table()}")
        execute(f"DELETE FROM {model._meta.db_table}")
    # Beyond the sequences of PostgreSQL.
    top, low, last = (
        Shelf.objects.create(pk=pk, name=f"shelf {pk}") for pk in (90001, 90002, 90003)
    )
    Thing.objects.create(key="0" * 31 + "1", name="cup", shelf=top, size=1)
    Parcel.objects.create(code="p" * 24, slug="parcel", number=1, shelf=low)
    Ticket.objects.create(pk=90001, email="A@x.org", seat=1, row=1, rank=1, shelf=last)
    if connection.vendor == "postgresql":
        Booking.objects.create(begins=1, ends=3)


def get_rows() -> dict[str, list[Any]]:
    """Return the primary keys of all rows."""
    return {
        model.__name__: sorted(model._base_manager.values_list("pk", flat=True), key=str)
        for model in get_models()
    }


def end_request() -> None:
    """Close old connections, as Django does after a request unless the test client sent it."""
    with suppress(Error):
        close_old_connections()


def post(client: Client, target: str, data: object) -> Any:
    return client.post(target, data, content_type="application/json")
