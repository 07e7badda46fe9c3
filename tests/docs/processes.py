"""The commands, the server and the workers of a page.

`python manage.py …` runs in a process that is forked from one that has imported Django already. The
docs have about a hundred of these commands, and each would spend most of its time on the same
imports. Neither DRF's views nor this package is imported before the fork: they read the settings.
This module imports the standard library alone, because the forking process imports it.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import runpy
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

# The server's address in the docs. In the tests it listens on a free port.
ADDRESS = "127.0.0.1:8000"
TIMEOUT = 60
# The number of characters of a log in a failure: Django's technical page has 90,000.
MAX_LOG = 4000

# Holds `.curlrc`, which silences curl's progress.
STOCK_PROJECT = Path(__file__).resolve().parent / "stock_project"

SCRIPT = re.compile(r"python (?P<arguments>\w+\.py\b[^|<>&;$`*]*)")
PRELOADED = [
    "django.contrib.admindocs.views",
    "django.core.management.commands.migrate",
    "django.core.management.commands.runserver",
    "django.db.backends.sqlite3.base",
    "rest_framework.compat",
    __name__,
]


def get_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


class ForkedScript:
    """A script in a forked process, with the methods of `subprocess.Popen`."""

    def __init__(
        self, arguments: list[str], directory: Path, environment: Mapping[str, str], output: Path
    ) -> None:
        """Start `python` with these arguments; its output is appended to a file."""
        self.process = get_context().Process(
            target=run_script, args=(arguments, directory, environment, output)
        )
        self.process.start()

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.process), timeout)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()


def run_script(
    arguments: list[str], directory: Path, environment: Mapping[str, str], output: Path
) -> None:
    with output.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    # The process may be killed before it would flush a buffer.
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = arguments
    sys.path.insert(0, str(directory))
    runpy.run_path(arguments[0], run_name="__main__")


class Processes:
    """Runs the commands of a page, one after the other, in one directory."""

    def __init__(self, directory: Path, environment: Path | None) -> None:
        """Set the directory, and a virtual environment instead of the tests' own."""
        self.cwd = directory
        self.log = directory.with_suffix(".log")
        self.output = directory.with_suffix(".out")
        self.running: dict[str, ForkedScript | subprocess.Popen[bytes]] = {}
        self.environment = environment
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        programs = environment / "bin" if environment else Path(sys.executable).parent
        self.variables = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "CURL_HOME": str(STOCK_PROJECT),
        }

    def run(self, text: str) -> tuple[int, str]:
        """Return the exit status and the output of a command."""
        self.output.unlink(missing_ok=True)
        process = self._start(text.replace(ADDRESS, self.address), self.output, shell=True)
        status = process.wait(TIMEOUT)
        printed = self.output.read_text().replace("\r\n", "\n")
        return status, printed.replace(self.address, ADDRESS)

    def start(self, name: str, text: str) -> ForkedScript | subprocess.Popen[bytes]:
        """Start a command that runs until the end of the page; replace the command of that name."""
        self.stop(name)
        self.running[name] = self._start(text, self.log, shell=False)
        return self.running[name]

    def _start(
        self, text: str, output: Path, *, shell: bool
    ) -> ForkedScript | subprocess.Popen[bytes]:
        output.touch()
        script = SCRIPT.fullmatch(text)
        if script and self.environment is None:
            arguments = shlex.split(script["arguments"])
            return ForkedScript(arguments, self.cwd, self.variables, output)
        with output.open("ab") as file:
            return subprocess.Popen(
                text if shell else shlex.split(text),
                shell=shell,
                cwd=self.cwd,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def serve(self) -> None:
        """Start the server, and wait until it listens."""
        text = f"python manage.py runserver --noreload --skip-checks {self.address}"
        process = self.start("runserver", text)
        host, port = self.address.split(":")
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the server did not start:\n{self.get_log()}")

    def stop(self, name: str) -> None:
        """Kill the process of that name, if it exists."""
        process = self.running.pop(name, None)
        if process is not None:
            # Not terminated: a worker would finish its task first.
            process.kill()
            process.wait(TIMEOUT)

    def stop_all(self) -> None:
        for name in list(self.running):
            self.stop(name)

    def get_log(self) -> str:
        """Return the end of the log of the server and the workers."""
        return self.log.read_text(errors="replace")[-MAX_LOG:] if self.log.exists() else ""
