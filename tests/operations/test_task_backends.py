"""Operations on each engine: a server, a worker, a database or a broker, processes and all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from django_apierrors.catalog import CATALOG
from django_apierrors.operations.handles import read_handle
from tests.services import refuse, require_package, require_server

ROOT = Path(__file__).resolve().parents[2]
POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
PATIENCE = 30.0

DB_WORKER = ("django", "db_worker", "--interval", "0.1", "--no-startup-delay")
WORKERS: Mapping[str, tuple[str, ...]] = {
    "sqlite": DB_WORKER,
    "postgresql": DB_WORKER,
    "rq": ("django", "rqworker", "default", "--job-class", "django_tasks_rq.Job"),
    "celery": ("celery", "-A", "tests.celery", "worker", "--concurrency", "1"),
}
PACKAGES = {
    "sqlite": "django_tasks_db",
    "postgresql": "django_tasks_db",
    "rq": "django_tasks_rq",
    "celery": "django_tasks_celery",
}
ON_REDIS = frozenset({"rq", "celery"})


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: Any
    body: Any


class Engine:
    """A server with a database or a broker of its own, and its workers."""

    def __init__(
        self, name: str, directory: Path, database: str, redis_port: int, timeout: int = 3600
    ) -> None:
        self.name = name
        self.directory = directory
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.operations.live_settings",
            "TEST_ENGINE": name,
            "TEST_DATABASE": database,
            "TEST_REDIS_PORT": str(redis_port),
            "TEST_OPERATION_TIMEOUT": str(timeout),
        }
        self.url = ""

    def run(self, *command: str) -> None:
        """Run one of Django's commands to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self, *command: str) -> Process:
        """Start a Python module that goes on running."""
        return Process(command, self.environment, self.directory / f"{command[1]}.log")

    def serve(self) -> Process:
        """Start the server, and wait until it listens."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        server = self.start("django", "runserver", "--noreload", "--skip-checks", str(port))
        wait(lambda: self.ask("GET", "/operations/x").status == 404)
        return server

    def ask(self, method: str, url: str, document: Any = None, **headers: str) -> Answer:
        """Send one request; an answer of status 0 is none."""
        url = url if url.startswith("http") else self.url + url
        request = urllib.request.Request(url, method=method, headers=headers)
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return read(response)
        except urllib.error.HTTPError as exc:
            with exc:
                return read(exc)
        except OSError:
            return Answer(0, {}, None)

    def accept(self, task: str, document: Any = None) -> Answer:
        """Have work accepted."""
        accepted = self.ask("POST", f"/accept/{task}", document or {})
        assert accepted.status == 202, (accepted, self.get_logs())
        return accepted

    def wait_for(self, url: str, *statuses: str) -> Answer:
        """Poll an operation until it has one of these statuses."""
        try:
            return wait(
                lambda: next(
                    (one for one in [self.ask("GET", url)] if one.body.get("status") in statuses),
                    None,
                )
            )
        except AssertionError as exc:
            raise AssertionError((self.ask("GET", url), self.get_logs())) from exc

    def get_logs(self) -> str:
        """Return what the processes printed."""
        return "\n".join(log.read_text() for log in self.directory.glob("*.log"))


class Process:
    """A process, with all that it starts."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self.log: IO[bytes] = log.open("ab")
        self.popen = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """Kill it as a machine that loses its power does: nobody cleans up."""
        for pid in [self.popen.pid, *get_descendants(self.popen.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.popen.wait(timeout=PATIENCE)
        self.log.close()


def get_descendants(pid: int) -> list[int]:
    """Return the processes that `pid` started, and those that they started."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    children = [child for child, parent in pairs if parent == pid]
    return [*children, *(one for child in children for one in get_descendants(child))]


def read(response: Any) -> Answer:
    """Return the answer in a response of urllib's."""
    content = response.read()
    return Answer(response.status, response.headers, json.loads(content) if content else None)


def wait(look: Callable[[], Any]) -> Any:
    """Return the first thing that `look` finds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def find_free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", params=WORKERS)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Each engine, with a server and without a worker."""
    require_package(PACKAGES[request.param])
    directory = tmp_path_factory.mktemp(request.param)
    database = str(directory / "db.sqlite3")
    if request.param == "postgresql":
        require_server("PostgreSQL", POSTGRESQL_PORT)
        database = request.getfixturevalue("postgresql_database")
    elif request.param in ON_REDIS:
        require_server("Redis", REDIS_PORT)
        request.getfixturevalue("redis")
    engine = Engine(request.param, directory, database, REDIS_PORT)
    engine.run("migrate", "--run-syncdb", "--verbosity", "0")
    server = engine.serve()
    yield engine
    server.kill()


@pytest.fixture(scope="module")
def hasty(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Another server of the same engine, with no patience for work that runs."""
    database = engine.environment["TEST_DATABASE"]
    directory = tmp_path_factory.mktemp("hasty")
    hasty = Engine(engine.name, directory, database, REDIS_PORT, timeout=0)
    server = hasty.serve()
    yield hasty
    server.kill()


@pytest.fixture(scope="module")
def postgresql_database() -> Iterator[str]:
    """A new database on the server."""
    import psycopg

    name = f"apierrors_engines_{os.getpid()}"
    user = os.environ.get("PGUSER", "postgres")
    with psycopg.connect(
        host="127.0.0.1", user=user, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def redis() -> Iterator[Any]:
    """A client of the database that the tests use, which is nobody else's, and empty."""
    from redis import Redis

    client = Redis(port=REDIS_PORT, db=15)
    mark = "django_apierrors:tests"
    if client.dbsize() and not client.exists(mark):
        refuse("database 15 of the Redis server holds something that is not the tests'")
    client.flushdb()
    client.set(mark, "")
    yield client
    client.flushdb()


@pytest.fixture
def worker(engine: Engine) -> Iterator[Process]:
    """A worker of the engine."""
    process = engine.start(*WORKERS[engine.name])
    yield process
    process.kill()


def error(name: str) -> dict[str, Any]:
    """Return the body of an error without messages of its own."""
    code = CATALOG[name]
    return {
        "status": code.status,
        "errors": [str(code.message)],
        "code": name,
        "moreInfo": "",
    }


def test_an_operation_is_ready_without_a_worker_and_says_when_to_ask_again(engine: Engine) -> None:
    accepted = engine.accept("echo", {"a": [1, "ü"]})

    handle = accepted.body["id"]
    url = f"{engine.url}/operations/{handle}"
    created = accepted.body["createdAt"]
    assert accepted.body == {"id": handle, "href": url, "status": "ready", "createdAt": created}
    assert accepted.headers["Location"] == accepted.headers["Content-Location"] == url
    assert accepted.headers["Retry-After"] == "5"
    poll = engine.ask("GET", url)
    assert (poll.status, poll.body) == (200, accepted.body)
    assert (poll.headers["Retry-After"], poll.headers["Cache-Control"]) == ("5", "no-store")


@pytest.mark.usefixtures("worker")
def test_an_operation_runs_and_succeeds(engine: Engine, tmp_path: Path) -> None:
    accepted = engine.accept("wait_for", {"directory": str(tmp_path), "name": "one"})
    url = accepted.headers["Location"]

    running = engine.wait_for(url, "running")
    assert running.body == {**accepted.body, "status": "running"}
    assert (running.headers["Retry-After"], running.headers["Cache-Control"]) == ("5", "no-store")
    (tmp_path / "go").touch()
    successful = engine.wait_for(url, "successful")
    assert successful.body == {**accepted.body, "status": "successful", "result": "one"}
    assert "Retry-After" not in successful.headers
    assert (tmp_path / "one").read_text() == "run\n"


@pytest.mark.usefixtures("worker")
def test_an_operation_fails_with_the_error_of_its_exception(engine: Engine) -> None:
    codes = {
        "validation": "INVALID_CONTENT",
        "missing": "MISSING_RESOURCE",
        "refused": "SERVICE_UNAVAILABLE",
        "bug": "INTERNAL_ERROR",
    }
    accepted = {how: engine.accept("fail", {"how": how}) for how in codes}

    failed = {
        how: engine.wait_for(one.headers["Location"], "failed", "successful")
        for how, one in accepted.items()
    }
    assert {how: one.body for how, one in failed.items()} == {
        how: {**accepted[how].body, "status": "failed", "error": error(code)}
        for how, code in codes.items()
    }
    assert not any("Retry-After" in one.headers for one in failed.values())


def test_an_operation_is_its_callers_alone(engine: Engine) -> None:
    accepted = engine.ask("POST", "/accept/do_nothing", {}, **{"X-User": "1"})
    url = accepted.headers["Location"]

    assert engine.ask("GET", url, **{"X-User": "1"}).body == accepted.body
    for others in ({"X-User": "2"}, {}):
        refused = engine.ask("GET", url, **others)
        assert (refused.status, refused.body) == (404, error("MISSING_RESOURCE"))


def test_a_task_without_the_arguments_it_needs_is_a_bug_before_the_202(engine: Engine) -> None:
    refused = engine.ask("POST", "/accept/add", {"b": 1})

    assert (refused.status, refused.body["code"]) == (500, "INTERNAL_ERROR")


@pytest.mark.usefixtures("worker")
def test_an_operation_that_was_pruned_is_gone(
    engine: Engine, request: pytest.FixtureRequest
) -> None:
    url = engine.accept("do_nothing").headers["Location"]
    engine.wait_for(url, "successful")

    if engine.name in ON_REDIS:
        handle = read_handle(url.rpartition("/")[2], None)
        assert handle is not None
        redis = request.getfixturevalue("redis")
        redis.delete(*redis.scan_iter(f"*{handle.result_id}*"))
    else:
        engine.run("prune_db_task_results", "--min-age-days", "0", "--verbosity", "0")
    gone = engine.ask("GET", url)
    if engine.name == "celery":
        # It takes what it has forgotten for what no worker has begun.
        assert (gone.status, gone.body["status"]) == (200, "ready")
    else:
        assert (gone.status, gone.body) == (410, error("GONE"))


def test_a_worker_that_is_killed_fails_its_operation_and_nothing_is_run_again(
    engine: Engine, hasty: Engine, tmp_path: Path
) -> None:
    killed = engine.start(*WORKERS[engine.name])
    accepted = engine.accept("wait_for", {"directory": str(tmp_path), "name": "one"})
    wait((tmp_path / "one").exists)
    killed.kill()

    assert engine.ask("GET", accepted.headers["Location"]).body["status"] == "running"
    href = f"{hasty.url}/operations/{accepted.body['id']}"
    failed = hasty.ask("GET", href)
    outcome = {"status": "failed", "error": error("GATEWAY_TIMEOUT")}
    assert failed.body == {**accepted.body, "href": href, **outcome}
    (tmp_path / "go").touch()
    restarted = engine.start(*WORKERS[engine.name])
    engine.wait_for(engine.accept("do_nothing").headers["Location"], "successful")
    restarted.kill()
    assert hasty.ask("GET", href).body == failed.body
    assert (tmp_path / "one").read_text() == "run\n"


def test_an_operation_whose_task_was_removed_is_gone(hasty: Engine) -> None:
    url = hasty.accept("doomed").headers["Location"]
    assert hasty.ask("GET", url).body["status"] == "ready"

    assert hasty.ask("POST", "/forget").status == 204
    gone = hasty.ask("GET", url)
    assert (gone.status, gone.body) == (410, error("GONE"))


@pytest.mark.parametrize("name", ["sqlite", "rq", "celery"])
def test_without_an_engine_nothing_is_accepted_and_the_client_knows_within_a_second(
    name: str, tmp_path: Path
) -> None:
    require_package(PACKAGES[name])
    place = tmp_path / "there"
    place.mkdir()
    engine = Engine(name, tmp_path, str(place / "db.sqlite3"), find_free_port())
    server = engine.serve()
    place.rename(tmp_path / "elsewhere")
    before = time.monotonic()
    refused = engine.ask("POST", "/accept/do_nothing", {})
    duration = time.monotonic() - before
    server.kill()

    assert (refused.status, refused.body) == (503, error("SERVICE_UNAVAILABLE"))
    assert refused.headers["Retry-After"] == "5"
    assert duration < 1
