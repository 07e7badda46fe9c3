"""``make demo``: a fresh database, a server, the tour, and commands to try.

    python -m example_project.demo [--once] [--port 8000]

The server is Django's own and the database a temporary file: nothing but the package and its
dependencies has to be installed, and nothing is left behind.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from example_project import server
from example_project.demo_data import NOTHING_KEY, RAINY_DAYS, READ_KEY, UMBRELLA, WRITE_KEY
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

TO_TRY: tuple[tuple[str, str, str | None, str], ...] = (
    ("the thngs", "/thngs", READ_KEY, ""),
    ("a new one", "/thngs", WRITE_KEY, JSON_DATA),
    ("an id that is none", "/thngs/not-an-id", READ_KEY, ""),
    ("a key that may only read", f"/thngs/{UMBRELLA}", READ_KEY, "-X DELETE"),
    ("a collection that is not empty", f"/collections/{RAINY_DAYS}", WRITE_KEY, "-X DELETE"),
    ("no key", "/thngs", None, ""),
    ("a bug", "/_status/500", None, ""),
)
"""What it shows, the path, the key, curl's other options."""


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
    if not server.is_free(options.port):
        terminal.line(f"Port {options.port} is in use. Stop what listens there, or name another:")
        terminal.line(f"make demo PORT={options.port + 1}", indent=2)
        return 1
    for other_end in (signal.SIGTERM, signal.SIGHUP):
        # As with Ctrl-C, the server is stopped on the way out.
        signal.signal(other_end, signal.default_int_handler)
    try:
        return demo(options.port, options.once, terminal)
    except KeyboardInterrupt:
        terminal.line()
        terminal.line("The server is stopped and its database deleted.")
        return 0


def demo(port: int, once: bool, terminal: Terminal) -> int:
    """Run the demo and return its exit status."""
    with tempfile.TemporaryDirectory(prefix="django-apierrors-demo-") as directory:
        database, log = Path(directory, "demo.sqlite3"), Path(directory, "server.log")
        try:
            prepare(database, terminal)
            terminal.line(f"Starting the server on {server.HOST}:{port} ...")
            with server.serve(
                database, log, port=port, kind="runserver", settings=SETTINGS
            ) as running:
                status = tour(running.url, terminal)
                if status:
                    print_log(log, terminal)
                if not once:
                    print_commands(running, terminal)
                    wait(running, terminal)
        except (subprocess.CalledProcessError, server.ServerError) as error:
            terminal.line(str(error), "red")
            return 1
    return status


def prepare(database: Path, terminal: Terminal) -> None:
    """Make the database and fill it."""
    terminal.line("Making a database ...")
    server.manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
    terminal.stream.write(server.manage("seed_demo", database=database, settings=SETTINGS))


def print_log(log: Path, terminal: Terminal) -> None:
    """Print the end of the server's log."""
    terminal.line()
    terminal.line("The end of the server's log:", "bold")
    for line in log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]:
        terminal.line(line, "dim", indent=2)


def print_commands(running: server.Server, terminal: Terminal) -> None:
    """Print the keys, and commands to try them with."""
    url = running.url
    terminal.line()
    terminal.line(f"The server stays at {url} until Ctrl-C. Its keys:", "bold")
    for key, opens in KEYS:
        terminal.line(f"{key:<30} {opens}", indent=2)
    terminal.line()
    terminal.line("To try in another terminal:", "bold")
    terminal.stream.write(f"  # its log\n  tail -f {running.log}\n")
    for what, path, key_sent, options in TO_TRY:
        terminal.line(f"# {what}", "dim", indent=2)
        # Not folded by the terminal's width: a command must stay one when it is copied.
        header = f"-H 'Authorization: {key_sent}'" if key_sent else ""
        parts = [part for part in (f"curl -i {url}{path}", header, options) if part]
        terminal.stream.write("  " + " \\\n    ".join(parts) + "\n")
    terminal.stream.flush()


def wait(running: server.Server, terminal: Terminal) -> None:
    """Return when the server has ended, which it does not do by itself."""
    while running.process.poll() is None:
        time.sleep(0.2)
    terminal.line("The server has ended.", "red")


if __name__ == "__main__":
    sys.exit(main())
