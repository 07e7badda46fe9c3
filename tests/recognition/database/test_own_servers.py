"""Servers that stop, recover, are read-only or full: started by the tests, over each driver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import Error, connection
from django.test import Client
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.models import Shelf
from tests.recognition.database.databases import (
    DRIVERS,
    Driver,
    create_tables,
    end_request,
    execute,
    post,
    use,
)
from tests.recognition.database.own_servers import MariaDB, OwnServer, PostgreSQL, own_server
from tests.recognition.support import expect, read
from tests.services import require_package

# Slow, and independent of the versions of Django and DRF.
pytestmark = [pytest.mark.once, pytest.mark.urls(__name__)]


class ShelvesView(APIView):
    def get(self, request: Request) -> Response:
        return Response([shelf.name for shelf in Shelf.objects.order_by("pk")])

    def post(self, request: Request) -> Response:
        Shelf.objects.create(name=request.data["name"])
        return Response({}, status=201)


urlpatterns = [path("shelves/", ShelvesView.as_view())]


@pytest.fixture(scope="module")
def start_server() -> Iterator[Callable[[Driver], OwnServer]]:
    """Return a function that starts the server of a vendor, once."""
    servers: dict[str, OwnServer] = {}
    with ExitStack() as stack:

        def start(driver: Driver) -> OwnServer:
            if driver.vendor not in servers:
                cls = PostgreSQL if driver.vendor == "postgresql" else MariaDB
                server = servers[driver.vendor] = stack.enter_context(own_server(cls))
                server.start()
                prepare(driver, server)
            return servers[driver.vendor]

        yield start


CREATE = {
    "postgresql": ["CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app"],
    "mysql": [
        "CREATE DATABASE app",
        "CREATE USER app@'127.0.0.1'",
        "GRANT ALL ON app.* TO app@'127.0.0.1'",
    ],
}


def configure(driver: Driver, server: OwnServer, name: str, user: str) -> dict[str, Any]:
    address = {"HOST": "127.0.0.1", "PORT": server.port, "OPTIONS": {}}
    return {"ENGINE": driver.engine, "NAME": name, "USER": user, **address}


def prepare(driver: Driver, server: OwnServer) -> None:
    """Create a database, its tables, and a user who may not write to a read-only server."""
    with use(configure(driver, server, driver.home, driver.parameters["USER"])):
        wait_until_usable()
        execute(*CREATE[driver.vendor])
    with use(configure(driver, server, "app", "app")):
        create_tables()


@pytest.fixture(scope="module", params=["psycopg", "psycopg2", "mysqlclient", "PyMySQL"])
def server(
    request: pytest.FixtureRequest,
    start_server: Callable[[Driver], OwnServer],
    django_db_blocker: Any,
) -> Iterator[OwnServer]:
    """Make a server of the tests' own the `default`."""
    driver = DRIVERS[request.param]
    require_package(driver.package)
    with django_db_blocker.unblock():
        server = start_server(driver)
        with use(configure(driver, server, "app", "app")):
            yield server


def wait_until_usable() -> None:
    for _ in range(600):
        try:
            execute("SELECT 1")
        except Error:
            end_request()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not become usable")


def request_shelves(name: str | None = None) -> tuple[int, Any, str | None]:
    """Read the shelves, or write one; return the status, the body and `Retry-After`."""
    client = Client(raise_request_exception=False)
    response = (
        client.get("/shelves/") if name is None else post(client, "/shelves/", {"name": name})
    )
    end_request()
    return *read(response), response.headers.get("Retry-After")


UNAVAILABLE = (*expect("SERVICE_UNAVAILABLE"), "5")


@contextmanager
def restarted(server: OwnServer, *options: str) -> Iterator[None]:
    """Run the server with other options, then as before."""
    server.stop()
    end_request()
    server.start(*options)
    try:
        yield
    finally:
        end_request()
        server.stop()
        server.start()
        wait_until_usable()
        execute("DELETE FROM tests_shelf")


def test_a_server_that_stops_is_unavailable_until_it_starts_again(server: OwnServer) -> None:
    assert request_shelves("before")[0] == 201
    execute("SELECT 1")
    server.stop()
    # The open connection, then a new one.
    assert request_shelves() == UNAVAILABLE
    assert request_shelves("lost") == UNAVAILABLE
    server.start()
    wait_until_usable()
    assert request_shelves("after")[0] == 201
    assert request_shelves() == (200, ["before", "after"], None)
    execute("DELETE FROM tests_shelf")


def test_a_server_without_a_free_connection_is_unavailable(server: OwnServer) -> None:
    options = ["--max-connections=10"]
    if isinstance(server, PostgreSQL):
        options = ["-c", "max_connections=10", "-c", "superuser_reserved_connections=0"]
    with restarted(server, *options), ExitStack() as stack:
        wait_until_usable()
        connection.close()
        for _ in range(10):
            other = connection.copy()
            other.ensure_connection()
            stack.callback(other.close)
        assert request_shelves() == UNAVAILABLE
        stack.close()
        wait_until_usable()
        assert request_shelves()[0] == 200


def test_a_read_only_server_is_unavailable_to_writers(server: OwnServer) -> None:
    if isinstance(server, PostgreSQL):
        server.shut_down()
        server.be_standby(True)
    options = [] if isinstance(server, PostgreSQL) else ["--read-only"]
    with restarted(server, *options):
        wait_until_usable()
        assert request_shelves("lost") == UNAVAILABLE
        assert request_shelves() == (200, [], None)
        if isinstance(server, PostgreSQL):
            server.be_standby(False)


# MariaDB does not listen before it has recovered.
@pytest.mark.parametrize("server", ["psycopg", "psycopg2"], indirect=True)
def test_a_server_that_recovers_is_unavailable(server: PostgreSQL) -> None:
    server.shut_down()
    server.be_standby(True)
    server.start("-c", "hot_standby=off")
    end_request()
    assert request_shelves() == UNAVAILABLE
    server.stop()
    server.be_standby(False)
    server.start()
    wait_until_usable()
    assert request_shelves() == (200, [], None)
