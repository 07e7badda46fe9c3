"""Fixtures: the example project behind a real HTTP server, with a database and a worker.

``tests/conftest.py`` makes them known: ``pytest_plugins = ["tests.example_server"]``.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from django_apierrors.catalog import CATALOG
from example_project.demo_data import WRITE_KEY
from example_project.engines import get_engine
from example_project.server import Server, manage, serve, work
from example_project.tour_checks import Answer

SETTINGS = "example_project.settings"
DEMO_SETTINGS = "example_project.settings_demo"
DATABASE = "example.sqlite3"
TIMEOUT = 20.0


@pytest.fixture(scope="session")
def example_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated and seeded database, for others to copy."""
    database = tmp_path_factory.mktemp("example") / "template.sqlite3"
    manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
    manage("seed_demo", database=database, settings=SETTINGS)
    return database


@pytest.fixture(scope="session")
def example_server(
    example_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example project with the demo's settings, for tests that mind their own documents."""
    directory = tmp_path_factory.mktemp("example-server")
    yield from start("gunicorn", DEMO_SETTINGS, example_database, directory)


@pytest.fixture(params=["gunicorn", "uvicorn", "runserver"])
def any_server(
    request: pytest.FixtureRequest, example_database: Path, tmp_path: Path
) -> Iterator[Server]:
    """The example project behind each kind of server."""
    yield from start(request.param, DEMO_SETTINGS, example_database, tmp_path)


@pytest.fixture
def fresh_server(example_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The example project with nothing but the demo's data, and no worker."""
    database = Path(shutil.copy(example_database, tmp_path / DATABASE))
    log = tmp_path / "server.log"
    with serve(database, log, kind="gunicorn", settings=DEMO_SETTINGS) as server:
        yield server


@pytest.fixture
def production_server(example_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The example project without the demo's failures."""
    yield from start("gunicorn", SETTINGS, example_database, tmp_path)


def start(kind: str, settings: str, template: Path, directory: Path) -> Iterator[Server]:
    """Run a server of the given kind, and a worker, on a copy of the template."""
    database = Path(shutil.copy(template, directory / DATABASE))
    log = directory / "worker.log"
    with (
        work(get_engine(), database, log, settings=settings),
        serve(database, directory / "server.log", kind=kind, settings=settings) as server,
    ):
        yield server


def send(
    server: Server,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = WRITE_KEY,
    **headers: str,
) -> Answer:
    """Send one request, its body as JSON unless it is text, and return the answer."""
    sent = {"Content-Type": "application/json"} if body is not None else {}
    if key is not None:
        sent["Authorization"] = key
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    content = body if body is None or isinstance(body, str) else json.dumps(body)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, content, sent)
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.headers, response.read())
    finally:
        connection.close()


class LinkTo:
    """Equals any absolute URL of the page of a code, on whichever port the server is."""

    def __init__(self, name: str) -> None:
        """Take the name of the code."""
        self.name = name

    def __eq__(self, other: object) -> bool:
        """Tell whether `other` is such a URL."""
        pattern = rf"http://(127\.0\.0\.1|localhost):\d+/errors/{self.name}"
        return isinstance(other, str) and re.fullmatch(pattern, other) is not None

    def __repr__(self) -> str:
        """Return what stands in a comparison that fails."""
        return f"<link to {self.name}>"


def create(server: Server, path: str = "/thngs", **members: Any) -> dict[str, Any]:
    """Create a document and return it."""
    answer = send(server, "POST", path, {"name": "A test's own", **members})
    assert answer.status == 201, answer.text
    document: dict[str, Any] = answer.json
    return document


def database_of(server: Server) -> Path:
    """Return where the server's database is."""
    return server.log.parent / DATABASE


def execute(server: Server, statement: str, *values: str) -> None:
    """Run one SQL statement on the server's database, behind its back."""
    with closing(sqlite3.connect(database_of(server))) as connection, connection:
        connection.execute(statement, values)


def rows(server: Server) -> list[str]:
    """Return all that is in the server's database, as SQL, but for its operations."""
    with closing(sqlite3.connect(database_of(server))) as connection:
        # The last number that was given to a row is no row.
        others = ("sqlite_sequence", 'INTO "django_tasks_database')
        return [line for line in connection.iterdump() if not any(map(line.__contains__, others))]


def error(status: int, code: str | int, *messages: str) -> dict[str, Any]:
    """Return the body of an error, with a link to the page of its code if it has one."""
    name = "UNAUTHENTICATED" if code == 33619968 else str(code)
    link = LinkTo(name) if name in CATALOG else ""
    return {"status": status, "errors": list(messages), "code": code, "moreInfo": link}
