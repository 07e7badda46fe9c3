"""Servers that stop, recover, only read or are full: each of the tests' own, over each driver."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from django.db import Error, close_old_connections, connection
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bodies import body
from tests.databases import DRIVERS, Driver, execute, make_tables, use
from tests.models import Shelf
from tests.own_servers import MariaDB, PostgreSQL, own_server
from tests.services import require_package

# Slow, and nothing that a version of Django or DRF changes.
pytestmark = [pytest.mark.once, pytest.mark.urls(__name__)]


class ShelvesView(APIView):
    def get(self, request: Request) -> Response:
        return Response([shelf.name for shelf in Shelf.objects.order_by("pk")])

    def post(self, request: Request) -> Response:
        Shelf.objects.create(name=request.data["name"])
        return Response({}, status=201)


urlpatterns = [path("shelves/", ShelvesView.as_view())]


@pytest.fixture(params=["middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture(scope="module")
def made() -> Iterator[Callable[[Driver], PostgreSQL | MariaDB]]:
    """Return a function that makes the server of a vendor, once."""
    servers: dict[str, PostgreSQL | MariaDB] = {}
    with ExitStack() as stack:

        def make(driver: Driver) -> PostgreSQL | MariaDB:
            if driver.vendor not in servers:
                cls = PostgreSQL if driver.vendor == "postgresql" else MariaDB
                server = servers[driver.vendor] = stack.enter_context(own_server(cls))
                server.start()
                prepare(driver, server)
            return servers[driver.vendor]

        yield make


def configure(driver: Driver, server: PostgreSQL | MariaDB, name: str, user: str) -> dict[str, Any]:
    """Return the settings of a database of `server`."""
    place = {"HOST": "127.0.0.1", "PORT": server.port, "OPTIONS": {}}
    return {"ENGINE": driver.engine, "NAME": name, "USER": user, **place}


def prepare(driver: Driver, server: PostgreSQL | MariaDB) -> None:
    """Make a database, its tables, and a user without privileges: those may write to a reader."""
    with use(configure(driver, server, driver.home, driver.parameters["USER"])):
        wait_until(is_usable)
        if driver.vendor == "postgresql":
            execute("CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app")
        else:
            execute("CREATE DATABASE app", "CREATE USER app@'127.0.0.1'")
            execute("GRANT ALL ON app.* TO app@'127.0.0.1'")
    with use(configure(driver, server, "app", "app")):
        make_tables()


@pytest.fixture(scope="module", params=["psycopg", "psycopg2", "mysqlclient", "PyMySQL"])
def server(
    request: pytest.FixtureRequest,
    made: Callable[[Driver], PostgreSQL | MariaDB],
    django_db_blocker: Any,
) -> Iterator[PostgreSQL | MariaDB]:
    """Have a server of the tests' own as `default`."""
    driver = DRIVERS[request.param]
    require_package(driver.package)
    with django_db_blocker.unblock():
        server = made(driver)
        with use(configure(driver, server, "app", "app")):
            yield server


def is_usable() -> bool:
    """Tell whether the database can be asked."""
    try:
        execute("SELECT 1")
    except Error:
        end_request()
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something, up to half a minute."""
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it never came")


def end_request() -> None:
    """Do what Django does at the end of a request, from which the test client keeps it."""
    with suppress(Error):
        close_old_connections()


def get_answer(client: Client, name: str | None = None) -> tuple[int, Any, str | None]:
    """Read, or write a shelf called `name`; return status, body and `Retry-After`."""
    if name is None:
        response = client.get("/shelves/")
    else:
        response = client.post(
            "/shelves/", json.dumps({"name": name}), content_type="application/json"
        )
    end_request()
    return response.status_code, response.json(), response.headers.get("Retry-After")


UNAVAILABLE = (503, body("SERVICE_UNAVAILABLE"), "5")


@contextmanager
def running(server: Any, *options: str) -> Iterator[None]:
    """Have the server run with other options, and then as before."""
    server.stop()
    end_request()
    server.start(*options)
    try:
        yield
    finally:
        end_request()
        server.stop()
        server.start()
        wait_until(is_usable)
        execute("DELETE FROM tests_shelf")


def test_a_server_that_stops_is_unavailable_until_it_is_back(
    server: PostgreSQL | MariaDB, client: Client
) -> None:
    with running(server):
        wait_until(is_usable)
        assert get_answer(client, "before")[0] == 201
        execute("SELECT 1")
        server.stop()
        # The connection that was open, then a new one.
        assert get_answer(client) == UNAVAILABLE
        assert get_answer(client, "lost") == UNAVAILABLE
        server.start()
        wait_until(is_usable)
        assert get_answer(client, "after")[0] == 201
        assert get_answer(client) == (200, ["before", "after"], None)


def test_a_server_that_is_full_is_unavailable(server: PostgreSQL | MariaDB, client: Client) -> None:
    options = {
        PostgreSQL: ["-c", "max_connections=10", "-c", "superuser_reserved_connections=0"],
        MariaDB: ["--max-connections=10"],
    }
    with running(server, *options[type(server)]), ExitStack() as stack:
        wait_until(is_usable)
        connection.close()
        for _ in range(10):
            other = connection.copy()
            other.ensure_connection()
            stack.callback(other.close)
        assert get_answer(client) == UNAVAILABLE
        stack.close()
        wait_until(is_usable)
        assert get_answer(client)[0] == 200


def test_a_server_that_only_reads_is_unavailable_to_writers(
    server: PostgreSQL | MariaDB, client: Client
) -> None:
    if isinstance(server, PostgreSQL):
        server.shut_down()
        server.be_standby(True)
        server.start()
        end_request()
    with running(server, *([] if isinstance(server, PostgreSQL) else ["--read-only"])):
        wait_until(is_usable)
        assert get_answer(client, "lost") == UNAVAILABLE
        assert get_answer(client) == (200, [], None)
        if isinstance(server, PostgreSQL):
            server.be_standby(False)
    assert get_answer(client, "next")[0] == 201
    execute("DELETE FROM tests_shelf")


def test_a_server_that_recovers_is_unavailable_to_all(
    server: PostgreSQL | MariaDB, client: Client
) -> None:
    if isinstance(server, MariaDB):
        # It does not listen before it has recovered.
        return
    server.shut_down()
    server.be_standby(True)
    server.start("-c", "hot_standby=off")
    end_request()
    assert get_answer(client) == UNAVAILABLE
    server.stop()
    server.be_standby(False)
    server.start()
    wait_until(is_usable)
    assert get_answer(client) == (200, [], None)
