"""``make demo`` as a process: its output, its task backends, and how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from example_project.demo.server import ROOT, find_free_port, is_port_free, manage
from example_project.demo.task_backends import TASK_BACKENDS, TaskBackend, get_task_backend
from example_project.demo.tour.rows import ACCEPTED, SECTIONS
from tests.example_project.fixtures import DEMO_SETTINGS, SETTINGS
from tests.example_project.programs import TIMEOUT, get_command, run
from tests.services import require_package

ROW_COUNT = sum(len(section.rows) for section in SECTIONS)
NO_ISSUES = "System check identified no issues (0 silenced).\n"


STOPPED = "\nThe demo has stopped. Its database is deleted.\n"
# Printed before the last command to try.
LAST_COMMENT = "  # an unhandled exception\n"


@contextmanager
def running_demo(
    port: int, line: str = LAST_COMMENT, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the demo, and yield it with its output before a line."""
    with subprocess.Popen(
        get_command("demo", "--port", str(port)),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process, "".join(iter(process.stdout.readline, line))
        finally:
            process.kill()


def get_children(parent: int) -> dict[int, str]:
    """Return the ids and command lines of the children of a process."""
    completed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 2) for line in completed.stdout.splitlines()]
    return {int(pid): args for pid, ppid, args in lines if int(ppid) == parent}


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_once_exits_after_the_tour_with_its_status() -> None:
    port = find_free_port()

    completed = run("demo", "--once", "--port", str(port))

    assert completed.returncode == 0, completed.stdout
    assert completed.stdout.startswith(
        "Creating a database ...\n"
        "  seeded 3 operators, each with an API key\n"
        "  seeded 2 collections\n"
        "  seeded 4 thngs\n"
        f"Starting the server on 127.0.0.1:{port} ...\n"
        "Starting the worker (EXAMPLE_TASKS=db: python manage.py db_worker) ...\n"
    )
    assert completed.stdout.endswith(f"All {ROW_COUNT} responses are as expected.\n")
    assert is_port_free(port)


@pytest.mark.once
def test_the_immediate_task_backend_needs_no_worker() -> None:
    completed = run("demo", "--once", "--port", str(find_free_port()), EXAMPLE_TASKS="immediate")

    assert completed.returncode == 0, completed.stdout
    for line in (
        "EXAMPLE_TASKS=immediate: the server runs tasks immediately, without a worker.",
        "  202 Accepted is left out: EXAMPLE_TASKS=immediate runs tasks immediately.",
        f"All {ROW_COUNT - len(ACCEPTED)} responses are as expected.",
    ):
        assert f"\n{line}\n" in completed.stdout


@pytest.mark.once
def test_an_unknown_task_backend_is_rejected_with_the_known_ones() -> None:
    completed = run("demo", "--port", str(find_free_port()), EXAMPLE_TASKS="abacus")

    assert (completed.returncode, completed.stdout) == (
        1,
        "EXAMPLE_TASKS=abacus is not a task backend. Use one of db, rq, celery, immediate.\n",
    )


def test_a_task_backend_whose_package_is_missing_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TASK_BACKENDS, "db", TaskBackend("db", "not_installed.Backend"))
    monkeypatch.setenv("EXAMPLE_TASKS", "db")

    with pytest.raises(
        ImproperlyConfigured, match=r"^EXAMPLE_TASKS=db needs the package not_installed\."
    ):
        get_task_backend()


@pytest.mark.parametrize("backend", TASK_BACKENDS.values(), ids=TASK_BACKENDS)
def test_the_demo_passes_the_system_checks_with_each_task_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: TaskBackend
) -> None:
    require_package(backend.package)
    monkeypatch.setenv("EXAMPLE_TASKS", backend.name)

    assert manage("check", database=tmp_path / "none", settings=DEMO_SETTINGS) == NO_ISSUES


@pytest.mark.parametrize("settings", [SETTINGS, "example_project.minimal.settings"])
def test_the_projects_pass_the_system_checks_and_have_all_migrations(
    tmp_path: Path, settings: str
) -> None:
    database = tmp_path / "empty.sqlite3"

    assert manage("check", database=database, settings=settings) == NO_ISSUES
    output = manage("makemigrations", "--check", database=database, settings=settings)
    assert output == "No changes detected\n"


def test_a_command_that_cannot_be_started_leaves_no_signal_blocked(tmp_path: Path) -> None:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    with pytest.raises(ValueError, match="null"):
        manage("check\0", database=tmp_path / "none", settings=SETTINGS)

    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked


@pytest.mark.once
def test_a_worker_that_does_not_start_ends_the_demo_and_its_server() -> None:
    require_package("django_tasks_rq")
    port, redis_port = find_free_port(), str(find_free_port())

    completed = run("demo", "--port", str(port), EXAMPLE_TASKS="rq", EXAMPLE_REDIS_PORT=redis_port)

    assert completed.returncode == 1
    assert "\nThe worker did not start. Its log:\n" in completed.stdout
    assert f"connecting to 127.0.0.1:{redis_port}" in completed.stdout
    assert is_port_free(port)


@pytest.mark.once
def test_with_details_the_tour_does_not_run_and_a_worker_that_exits_ends_the_demo() -> None:
    port = find_free_port()
    with running_demo(port, EXAMPLE_DETAILS="1") as (process, output):
        children = get_children(process.pid)
        worker = next(pid for pid, command in children.items() if "db_worker" in command)
        os.kill(worker, signal.SIGKILL)
        rest = process.stdout.read()

    assert "responses are" not in output
    assert rest.endswith("\nThe worker has exited.\n")
    assert is_port_free(port)


@pytest.mark.once
def test_a_port_in_use_is_reported_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        completed = run("demo", "--port", str(port))

    assert (completed.returncode, completed.stdout) == (
        1,
        f"Port {port} is in use. Stop the other program, or use another port:\n"
        f"  make demo PORT={port + 1}\n",
    )


@pytest.mark.once
def test_a_signal_ends_the_demo_and_its_processes() -> None:
    port = find_free_port()
    with running_demo(port) as (process, output):
        curl = process.stdout.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        connection.request("GET", "/_status/500")
        status = connection.getresponse().status
        connection.close()
        children = get_children(process.pid)
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert f"The server runs at http://127.0.0.1:{port} until Ctrl-C." in output
    assert curl == f"  curl -i http://127.0.0.1:{port}/_status/500\n"
    assert status == 500
    assert (process.returncode, rest) == (0, STOPPED)
    assert is_port_free(port)
    assert len(children) == 2
    assert not [pid for pid in children if is_running(pid)]


@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_demo_before_it_has_started(number: signal.Signals) -> None:
    with running_demo(find_free_port(), "Creating a database ...\n") as (process, _):
        process.send_signal(number)
        rest = process.stdout.read()

    assert (process.returncode, rest) == (0, STOPPED)
