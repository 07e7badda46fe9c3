"""Fixtures that run the example project as a real server, with a database and a worker."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from example_project.demo.server import Server, manage, run_server, run_worker
from example_project.demo.task_backends import get_task_backend
from tests.sharing import locked_directory

SETTINGS = "example_project.settings"
DEMO_SETTINGS = "example_project.demo.settings"
DATABASE = "example.sqlite3"


@pytest.fixture(scope="session")
def example_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the data of the demo, to be copied."""
    with locked_directory(tmp_path_factory, "example") as directory:
        database = directory / "template.sqlite3"
        if not database.exists():
            manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
            manage("seed_demo", database=database, settings=SETTINGS)
    return database


@pytest.fixture(scope="session")
def example_server(
    example_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The demo's server and worker, shared by tests that only change documents of their own."""
    directory = tmp_path_factory.mktemp("example-server")
    yield from start("gunicorn", DEMO_SETTINGS, example_database, directory)


@pytest.fixture(params=["gunicorn", "uvicorn", "runserver"])
def any_server(
    request: pytest.FixtureRequest, example_database: Path, tmp_path: Path
) -> Iterator[Server]:
    """The demo's server and worker, with each kind of server."""
    yield from start(request.param, DEMO_SETTINGS, example_database, tmp_path)


@pytest.fixture
def fresh_server(example_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The demo's server with only the data of the demo, and without a worker."""
    database = Path(shutil.copy(example_database, tmp_path / DATABASE))
    log = tmp_path / "server.log"
    with run_server(database, log, settings=DEMO_SETTINGS) as server:
        yield server


@pytest.fixture
def production_server(example_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The example project's server and worker, with the settings for production."""
    yield from start("gunicorn", SETTINGS, example_database, tmp_path)


def start(kind: str, settings: str, template: Path, directory: Path) -> Iterator[Server]:
    """Run a server and a worker on a copy of the template."""
    database = Path(shutil.copy(template, directory / DATABASE))
    log = directory / "worker.log"
    with (
        run_worker(get_task_backend(), database, log, settings=settings),
        run_server(database, directory / "server.log", kind=kind, settings=settings) as server,
    ):
        yield server


def get_database(server: Server) -> Path:
    return server.log.parent / DATABASE


def execute(server: Server, statement: str, *values: str) -> None:
    """Run one SQL statement directly on the server's database."""
    with closing(sqlite3.connect(get_database(server))) as connection, connection:
        connection.execute(statement, values)


def dump_rows(server: Server) -> list[str]:
    """Return the rows of the server's database as SQL, without tasks and sequences."""
    excluded = ("sqlite_sequence", 'INTO "django_tasks_database')
    with closing(sqlite3.connect(get_database(server))) as connection:
        return [line for line in connection.iterdump() if not any(map(line.__contains__, excluded))]
