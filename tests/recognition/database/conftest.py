"""The fixtures of the tests on real databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import Error, connection, transaction

from tests.recognition.database.databases import (
    DRIVERS,
    NAME,
    Driver,
    create_rows,
    create_tables,
    execute,
    use,
)
from tests.services import require_package, require_server, skip_or_fail


@pytest.fixture(scope="session")
def create_database(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Callable[[Driver], dict[str, Any]]]:
    """Return a function that creates the database of a vendor once; drop them at the end."""
    homes: dict[str, dict[str, Any]] = {}
    path = tmp_path_factory.mktemp("database") / "db.sqlite3"

    def create(driver: Driver) -> dict[str, Any]:
        name = NAME if driver.home else str(path)
        parameters = {"ENGINE": driver.engine, "NAME": name, **driver.parameters}
        if driver.vendor not in homes:
            home = parameters | {"NAME": driver.home}
            if driver.home:
                with use(home):
                    connect(driver)
                    execute(f"DROP DATABASE IF EXISTS {NAME}", f"CREATE DATABASE {NAME}")
            homes[driver.vendor] = home
            with use(parameters):
                create_tables()
        return parameters

    yield create
    with django_db_blocker.unblock():
        for vendor, home in homes.items():
            if vendor != "sqlite":
                with use(home):
                    force = " WITH (FORCE)" if vendor == "postgresql" else ""
                    execute(f"DROP DATABASE {NAME}{force}")


def connect(driver: Driver) -> None:
    """Skip, if the server does not accept the user of the tests without a password."""
    try:
        connection.ensure_connection()
    except Error as exc:
        user, port = driver.parameters["USER"], driver.parameters["PORT"]
        skip_or_fail(f"no {driver.vendor} for {user} on 127.0.0.1:{port}: {exc}")


@pytest.fixture(scope="module", params=DRIVERS)
def driver(
    request: pytest.FixtureRequest,
    create_database: Callable[[Driver], dict[str, Any]],
    django_db_blocker: Any,
) -> Iterator[Driver]:
    """Make the database of one driver the `default` for the tests of one module."""
    driver = DRIVERS[request.param]
    require_package(driver.package)
    if driver.home:
        require_server(driver.vendor, driver.parameters["PORT"])
    with django_db_blocker.unblock(), use(create_database(driver)):
        yield driver


@pytest.fixture
def rows(driver: Driver) -> None:
    """Have the rows that the tests collide with, and a new connection."""
    with suppress(Error):
        connection.close()
    with transaction.atomic():
        create_rows()
