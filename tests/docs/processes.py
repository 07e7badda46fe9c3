"""The processes of a page of the docs: its commands, its server, its workers."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Where the docs say that the server is; here it listens on a port that is free.
ADDRESS = "127.0.0.1:8000"
TIMEOUT = 60
# Of what a failure shows: Django's technical page has 90,000 characters.
LONGEST = 4000

CURLRC = Path(__file__).resolve().parent / "stock_project"


class Processes:
    """Runs commands as a reader would, in the order in which they come."""

    def __init__(self, directory: Path, environment: Path | None) -> None:
        """Take the directory to run in, and a virtual environment other than the tests' own."""
        self.cwd = directory
        self.log = directory.with_suffix(".log")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        programs = environment / "bin" if environment else Path(sys.executable).parent
        self.variables = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            # Silences curl's progress.
            "CURL_HOME": str(CURLRC),
        }

    def run(self, text: str) -> tuple[int, str]:
        """Return the exit status of a command and what it prints."""
        done = subprocess.run(
            text.replace(ADDRESS, self.address),
            shell=True,
            cwd=self.cwd,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return done.returncode, done.stdout.replace("\r\n", "\n").replace(self.address, ADDRESS)

    def start(self, name: str, text: str) -> subprocess.Popen[bytes]:
        """Start what runs until the page ends, in place of the one before of that name."""
        self.stop(name)
        with self.log.open("ab") as output:
            self.running[name] = subprocess.Popen(
                shlex.split(text),
                cwd=self.cwd,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.running[name]

    def serve(self) -> None:
        """Start the server, and return once it listens."""
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
        pytest.fail(f"the server did not start:\n{self.get_log()}")

    def stop(self, name: str) -> None:
        """Stop what was started by that name."""
        process = self.running.pop(name, None)
        if process is not None:
            # Not terminated: a worker would see its task to the end first.
            process.kill()
            process.wait(TIMEOUT)

    def stop_all(self) -> None:
        """Stop all that was started."""
        for name in list(self.running):
            self.stop(name)

    def get_log(self) -> str:
        """Return the end of what the server and the workers have said."""
        return self.log.read_text(errors="replace")[-LONGEST:] if self.log.exists() else ""
