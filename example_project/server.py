"""Starts the example project behind a real HTTP server, for the demo and for the tests."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
    """The server ended, or did not answer in time; the text ends with its log."""


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
    command = COMMANDS[kind].format(host=HOST, port=port).split()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(database, settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started the server, who then stops it.
            start_new_session=True,
        )
    try:
        server = Server(HOST, port, log, process)
        wait_until_it_answers(server)
        yield server
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


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, by force if it does not go."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
