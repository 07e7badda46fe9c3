"""Operations with each task backend: a server, a worker, and a database or a broker as processes.

`test_views.py` tests everything that does not depend on the task backend.
"""

from __future__ import annotations

import json
import os
import re
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

from django_apierrors.operations.handles import read_handle
from tests.bodies import body
from tests.services import require_package, require_server, skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
PATIENCE = 30.0

DB_WORKER = ("django", "db_worker", "--interval", "0.1", "--no-startup-delay")
WORKERS: Mapping[str, tuple[str, ...]] = {
    "sqlite": DB_WORKER,
    "postgresql": DB_WORKER,
    "rq": ("django", "rqworker", "default", "--job-class", "django_tasks_rq.Job"),
    "celery": ("celery", "-A", "tests.operations.celery", "worker", "--concurrency", "1"),
}
PACKAGES = {
    "sqlite": "django_tasks_db",
    "postgresql": "django_tasks_db",
    "rq": "django_tasks_rq",
    "celery": "django_tasks_celery",
}
ON_REDIS = frozenset({"rq", "celery"})


class Reply(NamedTuple):
    """The response of a server; its status is 0 if there was no response."""

    status: int
    headers: Any
    body: Any


class Backend:
    """A task backend with a server, and with a database or a broker of its own."""

    def __init__(self, name: str, directory: Path, database: str, redis_port: int) -> None:
        self.name = name
        self.directory = directory
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.operations.live_settings",
            "TEST_BACKEND": name,
            "TEST_DATABASE": database,
            "TEST_REDIS_PORT": str(redis_port),
        }
        self.url = ""
        self.worker: Process | None = None

    def run(self, *command: str) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "django", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr

    def start(self, *command: str) -> Process:
        """Start a Python module as a process that keeps running."""
        return Process(command, self.environment, self.directory / f"{command[1]}.log")

    def start_worker(self) -> None:
        """Start a worker unless one is running."""
        if self.worker is None:
            self.worker = self.start(*WORKERS[self.name])

    def kill_worker(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker = None

    def serve(self) -> Process:
        """Start the server, and wait until it responds."""
        port = find_free_port()
        self.url = f"http://127.0.0.1:{port}"
        server = self.start("django", "runserver", "--noreload", "--skip-checks", str(port))
        wait(lambda: self.request("GET", "/operations/x").status == 404)
        return server

    def request(self, method: str, url: str, data: Any = None) -> Reply:
        url = url if url.startswith("http") else self.url + url
        request = urllib.request.Request(url, method=method)
        if data is not None:
            request.data = json.dumps(data).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return read(response)
        except urllib.error.HTTPError as exc:
            with exc:
                return read(exc)
        except OSError:
            return Reply(0, {}, None)

    def accept(self, task: str, data: Any = None) -> Reply:
        """Send a request that the server accepts."""
        accepted = self.request("POST", f"/accept/{task}", data or {})
        assert accepted.status == 202, (accepted, self.get_logs())
        return accepted

    def wait_for(self, accepted: Reply, *statuses: str) -> Reply:
        """Poll an operation until it has one of these statuses."""
        reply = Reply(0, {}, None)

        def poll() -> bool:
            nonlocal reply
            reply = self.request("GET", accepted.headers["Location"])
            return reply.body.get("status") in statuses

        try:
            wait(poll)
        except AssertionError as exc:
            raise AssertionError((reply, self.get_logs())) from exc
        return reply

    def get_logs(self) -> str:
        return "\n".join(log.read_text() for log in self.directory.glob("*.log"))


class Process:
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
        """Kill the process as a power failure does: without any clean-up."""
        for pid in [self.popen.pid, *get_descendants(self.popen.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.popen.wait(timeout=PATIENCE)
        self.log.close()


def get_descendants(pid: int) -> list[int]:
    """Return the ids of the processes that `pid` started, and of those that they started."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    children = [child for child, parent in pairs if parent == pid]
    return [*children, *(each for child in children for each in get_descendants(child))]


def read(response: Any) -> Reply:
    content = response.read()
    return Reply(response.status, response.headers, json.loads(content) if content else None)


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.05)


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", params=WORKERS)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Each task backend, with a server and without a worker."""
    require_package(PACKAGES[request.param])
    directory = tmp_path_factory.mktemp(request.param)
    database = str(directory / "db.sqlite3")
    if request.param == "postgresql":
        require_server("PostgreSQL", POSTGRESQL_PORT)
        database = request.getfixturevalue("postgresql_database")
    elif request.param in ON_REDIS:
        require_server("Redis", REDIS_PORT)
        request.getfixturevalue("redis")
    backend = Backend(request.param, directory, database, REDIS_PORT)
    if request.param not in ON_REDIS:
        backend.run("migrate", "--run-syncdb", "--verbosity", "0")
    server = backend.serve()
    yield backend
    backend.kill_worker()
    server.kill()


@pytest.fixture(scope="module")
def postgresql_database() -> Iterator[str]:
    import psycopg

    name = f"apierrors_operations_{os.getpid()}"
    user = os.environ.get("PGUSER", "postgres")
    with psycopg.connect(
        host="127.0.0.1", user=user, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def redis() -> Iterator[Any]:
    """A client of an empty database that only the tests use."""
    from redis import Redis

    client = Redis(port=REDIS_PORT, db=15)
    mark = "django_apierrors:tests"
    if client.dbsize() and not client.exists(mark):
        skip_or_fail("database 15 of the Redis server contains data that is not the tests'")
    client.flushdb()
    client.set(mark, "")
    yield client
    client.flushdb()


def prune(backend: Backend, accepted: Reply, request: pytest.FixtureRequest) -> None:
    """Delete the result of an operation, as the task backend does after a while."""
    if backend.name in ON_REDIS:
        handle = read_handle(accepted.body["id"], None)
        assert handle is not None
        redis = request.getfixturevalue("redis")
        redis.delete(*redis.scan_iter(f"*{handle.result_id}*"))
    else:
        backend.run("prune_db_task_results", "--min-age-days", "0", "--verbosity", "0")


def test_an_operation_is_ready_runs_succeeds_and_is_pruned(
    backend: Backend, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    backend.kill_worker()
    accepted = backend.accept("wait_for", {"directory": str(tmp_path), "name": "ü"})
    poll = backend.request("GET", accepted.headers["Location"])
    assert (poll.status, poll.body) == (200, accepted.body)
    assert (poll.headers["Retry-After"], poll.headers["Cache-Control"]) == ("5", "no-store")

    backend.start_worker()
    running = backend.wait_for(accepted, "running")
    assert running.body == {**accepted.body, "status": "running"}
    (tmp_path / "go").touch()
    successful = backend.wait_for(accepted, "successful")
    assert successful.body == {**accepted.body, "status": "successful", "result": "ü"}
    assert "Retry-After" not in successful.headers
    assert (tmp_path / "ü").read_text() == "run\n"

    prune(backend, accepted, request)
    pruned = backend.request("GET", accepted.headers["Location"])
    assert (pruned.status, pruned.body) == (410, body("GONE"))


def test_an_operation_fails_with_the_error_of_its_exception(backend: Backend) -> None:
    backend.start_worker()
    errors = {
        "validation": body("INVALID_CONTENT", "Secret of validation."),
        "missing": body("MISSING_RESOURCE"),
        "unavailable": body("SERVICE_UNAVAILABLE"),
        "a code": body("CART_FULL", "Secret of a code.", status=409),
        "data": {**body("CONFLICT", "Secret of data.", status=409), "extra": {"available": 3}},
        "rows": body(
            "INVALID_CONTENT",
            *(f"rows[{row}]: Secret of rows." for row in range(999)),
            "2001 more errors were left out.",
        ),
        "a group": body("CART_FULL", "Secret of a group.", status=409),
        "half a pair": body("CONFLICT", "?\0", status=409),
        "a keyword": body("ROW_TAKEN", "Row Secret of a keyword.", status=409),
    }
    accepted = {how: backend.accept("fail", {"how": how}) for how in errors}

    for how, error in errors.items():
        failed = backend.wait_for(accepted[how], "failed", "successful")
        assert failed.body == {**accepted[how].body, "status": "failed", "error": error}
        assert "Retry-After" not in failed.headers


def test_an_unhandled_exception_has_the_reference_of_the_workers_log(backend: Backend) -> None:
    backend.start_worker()
    failed = backend.wait_for(backend.accept("fail", {"how": "unhandled"}), "failed")
    [message] = failed.body["error"]["errors"]
    assert failed.body["error"] == body("INTERNAL_ERROR", message)
    assert get_reference(message) in backend.get_logs()


def get_reference(message: str) -> str:
    """Return the reference at the end of a message."""
    match = re.search(r" Reference: (\S+)\.$", message)
    assert match, message
    return match[1]


def test_a_result_without_json_fails_its_operation_and_is_reported_once(backend: Backend) -> None:
    backend.start_worker()
    for name in ("nan", "half a pair", "a class"):
        failed = backend.wait_for(backend.accept("return_value", {"name": name}), "failed")
        [message] = failed.body["error"]["errors"]
        assert failed.body["error"] == body("INTERNAL_ERROR", message)
        for _poll in range(2):
            assert backend.request("GET", failed.body["href"]).body == failed.body
        reference, logs = get_reference(message), backend.get_logs()
        assert reference in logs
        # If the worker cannot store the result, the id of the task is the reference.
        is_reported_by_server = len(reference) == 12
        assert logs.count(f"Reference: {reference}") == is_reported_by_server


def test_a_killed_worker_fails_its_operation_and_the_task_is_not_run_again(
    backend: Backend, tmp_path: Path
) -> None:
    backend.start_worker()
    accepted = backend.accept("wait_for", {"directory": str(tmp_path), "name": "log"})
    url = accepted.headers["Location"]
    wait((tmp_path / "log").exists)
    backend.kill_worker()

    assert backend.request("GET", url).body["status"] == "running"
    backend.request("POST", "/set-timeout", {"seconds": 0})
    failed = backend.request("GET", url)
    outcome = {"status": "failed", "error": body("GATEWAY_TIMEOUT")}
    assert failed.body == {**accepted.body, **outcome}
    backend.request("POST", "/set-timeout", {"seconds": 3600})
    (tmp_path / "go").touch()
    backend.start_worker()
    backend.wait_for(backend.accept("do_nothing"), "successful")
    backend.request("POST", "/set-timeout", {"seconds": 0})
    assert backend.request("GET", url).body == failed.body
    backend.request("POST", "/set-timeout", {"seconds": 3600})
    assert (tmp_path / "log").read_text() == "run\n"


def test_an_operation_whose_task_was_removed_is_gone(backend: Backend) -> None:
    backend.kill_worker()
    url = backend.accept("doomed").headers["Location"]
    assert backend.request("GET", url).body["status"] == "ready"

    assert backend.request("POST", "/remove-task").status == 204
    gone = backend.request("GET", url)
    assert (gone.status, gone.body) == (410, body("GONE"))


@pytest.mark.parametrize("name", ["sqlite", "rq", "celery"])
def test_an_unavailable_task_backend_is_a_503_within_five_seconds(
    name: str, tmp_path: Path
) -> None:
    require_package(PACKAGES[name])
    directory = tmp_path / "database"
    directory.mkdir()
    backend = Backend(name, tmp_path, str(directory / "db.sqlite3"), find_free_port())
    server = backend.serve()
    directory.rename(tmp_path / "elsewhere")
    start = time.monotonic()
    response = backend.request("POST", "/accept/do_nothing", {})
    duration = time.monotonic() - start
    server.kill()

    assert (response.status, response.body) == (503, body("SERVICE_UNAVAILABLE"))
    assert response.headers["Retry-After"] == "5"
    # With its own retries the client of Redis takes 19 seconds.
    assert duration < 5
