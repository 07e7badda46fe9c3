"""``make demo``: a fresh database, a server, its worker, the tour, and commands to try.

    [EXAMPLE_TASKS=db|rq|celery|immediate] python -m example_project.demo [--once] [--port 8000]

The server is Django's own, the database a temporary file and, unless ``EXAMPLE_TASKS`` names
another engine, the worker's queue a table in it: besides the package, its dependencies and
``django-tasks-db`` nothing has to be installed, and nothing is left behind.
"""

from __future__ import annotations

import argparse
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

from example_project import documentation, server
from example_project.demo_data import NOTHING_KEY, RAINY_DAYS, READ_KEY, UMBRELLA, WRITE_KEY
from example_project.engines import VARIABLE, Engine, get_engine
from example_project.terminal import Terminal
from example_project.tour import tour

SETTINGS = "example_project.settings_demo"
LOG_LINES_SHOWN = 40

KEYS = (
    (WRITE_KEY, "opens everything"),
    (READ_KEY, "opens GET"),
    (NOTHING_KEY, "opens nothing"),
)

JSON_DATA = """-H 'Content-Type: application/json' -d '{"name": "Lantern"}'"""

JSON_ARRAY = """-H 'Content-Type: application/json' -d '[{"name": "Kettle"}, {"tags": []}]'"""

TO_TRY: tuple[tuple[str, str, str | None, str], ...] = (
    ("the thngs", "/thngs", READ_KEY, ""),
    ("a new one", "/thngs", WRITE_KEY, JSON_DATA),
    ("many, by the worker; then GET its Location", "/thngs/imports", WRITE_KEY, JSON_ARRAY),
    ("an id that is none", "/thngs/not-an-id", READ_KEY, ""),
    ("a key that may only read", f"/thngs/{UMBRELLA}", READ_KEY, "-X DELETE"),
    ("a collection that is not empty", f"/collections/{RAINY_DAYS}", WRITE_KEY, "-X DELETE"),
    ("no key", "/thngs", None, ""),
    ("a bug", "/_status/500", None, ""),
)
"""What it shows, the path, the key, curl's other options."""


@dataclass(frozen=True)
class Processes:
    """What the demo has started: the server, and a worker where the engine has one."""

    server: server.Server
    worker: subprocess.Popen[bytes] | None
    worker_log: Path

    @property
    def logs(self) -> list[tuple[str, Path]]:
        """Whose logs there are, and where."""
        logs = [("server", self.server.log)]
        return [*logs, ("worker", self.worker_log)] if self.worker else logs


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run the demo, until the tour's end or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m example_project.demo",
        description="A fresh database, a server, a tour of the errors, and commands to try.",
    )
    parser.add_argument("--once", action="store_true", help="end after the tour, with its status")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    options = parser.parse_args(arguments)
    terminal = Terminal(sys.stdout)
    try:
        engine = get_engine()
    except ImproperlyConfigured as error:
        terminal.line(str(error))
        return 1
    if not server.is_free(options.port):
        terminal.line(f"Port {options.port} is in use. Stop what listens there, or name another:")
        terminal.line(f"make demo PORT={options.port + 1}", indent=2)
        return 1
    return run(options.port, options.once, engine, terminal)


def run(port: int, once: bool, engine: Engine, terminal: Terminal) -> int:
    """Run the demo, and leave nothing running however it ends."""
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # As with Ctrl-C, which a shell has its background jobs ignore, the server and the worker
        # are stopped on the way out.
        signal.signal(end, signal.default_int_handler)
    try:
        return demo(port, once, engine, terminal)
    except KeyboardInterrupt:
        terminal.line()
        terminal.line("All is stopped, and the database deleted.")
        return 0


def demo(port: int, once: bool, engine: Engine, terminal: Terminal) -> int:
    """Run the demo and return its exit status."""
    with tempfile.TemporaryDirectory(prefix="django-apierrors-demo-") as directory:
        database = Path(directory, "demo.sqlite3")
        try:
            prepare(database, terminal)
            with start(port, database, engine, terminal) as processes:
                status = tour(processes.server.url, terminal, engine.worker is None)
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
def start(port: int, database: Path, engine: Engine, terminal: Terminal) -> Iterator[Processes]:
    """Run the server and the engine's worker until the block ends; raises ``ServerError``."""
    log, worker_log = database.with_name("server.log"), database.with_name("worker.log")
    with ExitStack() as stack:
        terminal.line(f"Starting the server on {server.HOST}:{port} ...")
        serving = server.serve(database, log, port=port, kind="runserver", settings=SETTINGS)
        running = stack.enter_context(serving)
        terminal.line(announce(engine))
        working = server.work(engine, database, worker_log, settings=SETTINGS)
        yield Processes(running, stack.enter_context(working), worker_log)


def announce(engine: Engine) -> str:
    """Return what is said of the engine."""
    if engine.worker is None:
        return f"{VARIABLE}={engine.name}: accepted work is done at once, no worker is needed."
    command = " ".join(engine.worker.split()[:2])
    return f"Starting the worker ({VARIABLE}={engine.name}: python {command}) ..."


def prepare(database: Path, terminal: Terminal) -> None:
    """Make the database and fill it."""
    terminal.line("Making a database ...")
    server.manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
    terminal.stream.write(server.manage("seed_demo", database=database, settings=SETTINGS))


def print_logs(processes: Processes, terminal: Terminal) -> None:
    """Print the ends of the logs."""
    for name, log in processes.logs:
        terminal.line()
        terminal.line(f"The end of the {name}'s log:", "bold")
        for line in log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]:
            terminal.line(line, "dim", indent=2)


def print_commands(processes: Processes, terminal: Terminal) -> None:
    """Print the keys, and commands to try them with."""
    url = processes.server.url
    terminal.line()
    terminal.line(f"The server stays at {url} until Ctrl-C. Its keys:", "bold")
    for key, opens in KEYS:
        terminal.line(f"{key:<30} {opens}", indent=2)
    if documentation.IS_INSTALLED:
        terminal.line(f"All that it answers is described at {url}/docs")
    terminal.line()
    terminal.line("To try in another terminal:", "bold")
    for name, log in processes.logs:
        terminal.stream.write(f"  # the {name}'s log\n  tail -f {log}\n")
    for what, path, key_sent, options in TO_TRY:
        terminal.line(f"# {what}", "dim", indent=2)
        # Not folded by the terminal's width: a command must stay one when it is copied.
        header = f"-H 'Authorization: {key_sent}'" if key_sent else ""
        parts = [part for part in (f"curl -i {url}{path}", header, options) if part]
        terminal.stream.write("  " + " \\\n    ".join(parts) + "\n")
    terminal.stream.flush()


def wait(processes: Processes, terminal: Terminal) -> None:
    """Return when the server or the worker has ended, which neither does by itself."""
    while True:
        if processes.server.process.poll() is not None:
            terminal.line("The server has ended.", "red")
            return
        if processes.worker is not None and processes.worker.poll() is not None:
            terminal.line("The worker has ended.", "red")
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
