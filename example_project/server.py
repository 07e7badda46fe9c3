"""Starts the example project's server and its worker, for the demo and for the tests."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from example_project.engines import Engine

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0

COMMANDS = {
    "runserver": "manage.py runserver --noreload {host}:{port}",
    "gunicorn": "-m gunicorn example_project.wsgi --bind {host}:{port} --threads 8",
    "uvicorn": "-m uvicorn example_project.asgi:application --host {host} --port {port}",
}
"""What each server is started with. The demo takes Django's own, which needs no installing."""


class ServerError(Exception):
    """The server or the worker ended, or was not there in time; the text ends with its log."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{self.host}:{self.port}"


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on the loopback port."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def environment(database: Path, settings: str) -> dict[str, str]:
    """Return the environment of a process that works on ``database``."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings,
        "EXAMPLE_DATABASE": str(database),
        "PYTHONUNBUFFERED": "1",
    }


def manage(*arguments: str, database: Path, settings: str) -> str:
    """Run a management command and return what it printed."""
    completed = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(database, settings),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return completed.stdout


@contextmanager
def serve(
    database: Path, log: Path, *, port: int = 0, kind: str = "gunicorn", settings: str
) -> Iterator[Server]:
    """Run a server of the given kind, until the block ends; raises ``ServerError``.

    Port 0 takes a free one. What the server prints goes to ``log``.
    """
    port = port or free_port()
    command = COMMANDS[kind].format(host=HOST, port=port)
    with running(command, log, environment(database, settings)) as process:
        server = Server(HOST, port, log, process)
        wait_until_it_answers(server)
        yield server


@contextmanager
def work(
    engine: Engine, database: Path, log: Path, *, settings: str
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Run the engine's worker, until the block ends; raises ``ServerError``.

    An engine that needs no worker gets none. What the worker prints goes to ``log``.
    """
    if engine.worker is None:
        yield None
        return
    with running(engine.worker, log, environment(database, settings)) as process:
        wait_until_it_says(engine.ready, process, log)
        yield process


@contextmanager
def running(
    command: str, log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program until the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started the program, who then stops it.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def wait_until_it_answers(server: Server) -> None:
    """Return once the server has answered a request."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.process.poll() is None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=START_TIMEOUT)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    log = server.log.read_text(errors="replace")
    raise ServerError(f"The server did not start. Its log:\n{log}")


def wait_until_it_says(text: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the worker has printed ``text``."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if text in log.read_text(errors="replace"):
            return
        time.sleep(0.05)
    printed = log.read_text(errors="replace")
    raise ServerError(f"The worker did not start. Its log:\n{printed}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process; by force, with what it started, if it does not go.

    A second Ctrl-C is for those who cannot wait: it leaves nothing running either.
    """
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
