"""``make demo``: a new database, a server, its worker, the tour, and commands to try.

    [EXAMPLE_TASKS=db|rq|celery|immediate] python -m example_project.demo [--once] [--port 8000]

``EXAMPLE_DETAILS=1`` adds ``details`` to the errors, for a front end, and leaves the tour out.

The demo runs Django's development server on a temporary SQLite file, which also contains the tasks
of the worker unless ``EXAMPLE_TASKS`` names another task backend. The file is deleted at the end.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from example_project.demo import server
from example_project.demo.data import NOTHING_KEY, RAINY_DAYS, READ_KEY, UMBRELLA, WRITE_KEY
from example_project.demo.task_backends import VARIABLE, TaskBackend, get_task_backend
from example_project.demo.terminal import Terminal
from example_project.demo.tour.runner import run_tour

SETTINGS = "example_project.demo.settings"
LOG_LINES = 40

KEYS = (
    (WRITE_KEY, "all methods"),
    (READ_KEY, "GET only"),
    (NOTHING_KEY, "no access"),
)

JSON_OBJECT = """-H 'Content-Type: application/json' -d '{"name": "Lantern"}'"""

JSON_ARRAY = """-H 'Content-Type: application/json' -d '[{"name": "Kettle"}, {"tags": []}]'"""

COMMANDS: tuple[tuple[str, str, str | None, str], ...] = (
    ("list the thngs", "/thngs", READ_KEY, ""),
    ("create a thng", "/thngs", WRITE_KEY, JSON_OBJECT),
    ("import thngs in the worker; then GET the Location", "/thngs/imports", WRITE_KEY, JSON_ARRAY),
    ("a malformed id", "/thngs/not-an-id", READ_KEY, ""),
    ("a read-only key", f"/thngs/{UMBRELLA}", READ_KEY, "-X DELETE"),
    ("a collection that is not empty", f"/collections/{RAINY_DAYS}", WRITE_KEY, "-X DELETE"),
    ("no key", "/thngs", None, ""),
    ("an unhandled exception", "/_status/500", None, ""),
)
"""The commands to try: a comment, the path, the API key and further options of curl."""


@dataclass(frozen=True)
class Processes:
    """The processes of the demo: the server, and the worker if the task backend has one."""

    server: server.Server
    worker: subprocess.Popen[bytes] | None
    worker_log: Path

    @property
    def logs(self) -> list[tuple[str, Path]]:
        """The name and the log of each process."""
        logs = [("server", self.server.log)]
        return [*logs, ("worker", self.worker_log)] if self.worker else logs


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run the demo, until the end of the tour or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m example_project.demo",
        description="A new database, a server, a tour of the errors, and commands to try.",
    )
    parser.add_argument("--once", action="store_true", help="exit after the tour, with its status")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    options = parser.parse_args(arguments)
    terminal = Terminal(sys.stdout)
    try:
        backend = get_task_backend()
    except ImproperlyConfigured as error:
        terminal.line(str(error))
        return 1
    if not server.is_port_free(options.port):
        terminal.line(
            f"Port {options.port} is in use. Stop the other program, or use another port:"
        )
        terminal.line(f"make demo PORT={options.port + 1}", indent=2)
        return 1
    for number in server.STOP_SIGNALS:
        # Each raises KeyboardInterrupt, so that the server and the worker are stopped. SIGINT is in
        # the list because shells make their background jobs ignore it.
        signal.signal(number, signal.default_int_handler)
    try:
        return run_demo(options.port, options.once, backend, terminal)
    except KeyboardInterrupt:
        terminal.line()
        terminal.line("The demo has stopped. Its database is deleted.")
        return 0


def run_demo(port: int, once: bool, backend: TaskBackend, terminal: Terminal) -> int:
    """Run the demo and return its exit status."""
    with tempfile.TemporaryDirectory(prefix="django-apierrors-demo-") as directory:
        database = Path(directory, "demo.sqlite3")
        try:
            create_database(database, terminal)
            with run_processes(port, database, backend, terminal) as processes:
                url = processes.server.url
                # The API document, which the tour compares with, has no `details`.
                has_details = os.environ.get("EXAMPLE_DETAILS") == "1"
                status = 0 if has_details else run_tour(url, terminal, backend.worker is None)
                if status:
                    print_logs(processes, terminal)
                if not once:
                    print_commands(processes, terminal)
                    wait(processes, terminal)
        except (subprocess.CalledProcessError, server.ServerError) as error:
            terminal.line(str(error), "red")
            return 1
    return status


@contextmanager
def run_processes(
    port: int, database: Path, backend: TaskBackend, terminal: Terminal
) -> Iterator[Processes]:
    """Run the server and the worker until the block ends; raise ``ServerError`` if one fails."""
    log, worker_log = database.with_name("server.log"), database.with_name("worker.log")
    with ExitStack() as stack:
        terminal.line(f"Starting the server on {server.HOST}:{port} ...")
        web = server.run_server(database, log, port=port, kind="runserver", settings=SETTINGS)
        web_server = stack.enter_context(web)
        terminal.line(describe_worker(backend))
        worker = server.run_worker(backend, database, worker_log, settings=SETTINGS)
        yield Processes(web_server, stack.enter_context(worker), worker_log)


def describe_worker(backend: TaskBackend) -> str:
    """Return the line that is printed before the worker starts."""
    if backend.worker is None:
        return f"{VARIABLE}={backend.name}: the server runs tasks immediately, without a worker."
    command = " ".join(backend.worker.split()[:2])
    return f"Starting the worker ({VARIABLE}={backend.name}: python {command}) ..."


def create_database(database: Path, terminal: Terminal) -> None:
    """Create the database and its data."""
    terminal.line("Creating a database ...")
    server.manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
    terminal.stream.write(server.manage("seed_demo", database=database, settings=SETTINGS))


def print_logs(processes: Processes, terminal: Terminal) -> None:
    """Print the last lines of the logs."""
    for name, log in processes.logs:
        terminal.line()
        terminal.line(f"The last lines of the {name}'s log:", "bold")
        for line in log.read_text(errors="replace").splitlines()[-LOG_LINES:]:
            terminal.line(line, "dim", indent=2)


def print_commands(processes: Processes, terminal: Terminal) -> None:
    """Print the API keys and the commands to try."""
    url = processes.server.url
    terminal.line()
    terminal.line(f"The server runs at {url} until Ctrl-C. Its API keys:", "bold")
    for key, access in KEYS:
        terminal.line(f"{key:<30} {access}", indent=2)
    terminal.line(f"The API and all its errors are documented at {url}/docs")
    terminal.line()
    terminal.line("Commands to try in another terminal:", "bold")
    for name, log in processes.logs:
        terminal.stream.write(f"  # the {name}'s log\n  tail -f {log}\n")
    for comment, path, key, options in COMMANDS:
        terminal.line(f"# {comment}", "dim", indent=2)
        # Not folded to the width of the terminal, so that the command can be copied.
        header = f"-H 'Authorization: {key}'" if key else ""
        parts = [part for part in (f"curl -i {url}{path}", header, options) if part]
        terminal.stream.write("  " + " \\\n    ".join(parts) + "\n")
    terminal.stream.flush()


def wait(processes: Processes, terminal: Terminal) -> None:
    """Return when the server or the worker has exited, which happens only if it fails."""
    while True:
        if processes.server.process.poll() is not None:
            terminal.line("The server has exited.", "red")
            return
        if processes.worker is not None and processes.worker.poll() is not None:
            terminal.line("The worker has exited.", "red")
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
