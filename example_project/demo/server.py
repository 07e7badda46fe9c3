"""Servers and workers of the example project as processes, for the demo and for the tests."""

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

from example_project.demo.task_backends import TaskBackend

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

COMMANDS = {
    "runserver": "manage.py runserver --noreload {host}:{port}",
    "gunicorn": "-m gunicorn example_project.wsgi --bind {host}:{port} --threads 8",
    "uvicorn": "-m uvicorn example_project.asgi:application --host {host} --port {port}",
}
"""The command of each server. The demo uses Django's own, which needs no installation."""


class ServerError(Exception):
    """The server or the worker exited, or was not ready in time; the message ends with its log."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The URL of the server, without a trailing slash."""
        return f"http://{self.host}:{self.port}"


def find_free_port() -> int:
    """Return a loopback port on which nothing listens."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def is_port_free(port: int) -> bool:
    """Whether a server can listen on the loopback port."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def build_environment(database: Path, settings: str) -> dict[str, str]:
    """Return the environment variables of a process that uses ``database``."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings,
        "EXAMPLE_DATABASE": str(database),
        "PYTHONUNBUFFERED": "1",
    }


def manage(*arguments: str, database: Path, settings: str) -> str:
    """Run a management command and return its output; it has ended if a signal interrupts."""
    command = [sys.executable, "manage.py", *arguments]
    environment = build_environment(database, settings)
    # Popen loses its process if a signal interrupts the start.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    process = None
    try:
        try:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
            )
        finally:
            # A signal that has arrived since raises KeyboardInterrupt here.
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        output, _ = process.communicate()
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output


@contextmanager
def run_server(
    database: Path, log: Path, *, port: int = 0, kind: str = "gunicorn", settings: str
) -> Iterator[Server]:
    """Run a server of ``COMMANDS`` until the block ends, or raise ``ServerError``.

    Port 0 stands for any free port. The server's output goes to ``log``.
    """
    port = port or find_free_port()
    command = COMMANDS[kind].format(host=HOST, port=port)
    with run_process(command, log, build_environment(database, settings)) as process:
        server = Server(HOST, port, log, process)
        wait_for_response(server)
        yield server


@contextmanager
def run_worker(
    backend: TaskBackend, database: Path, log: Path, *, settings: str
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Run the worker of a task backend until the block ends, or raise ``ServerError``.

    Yields ``None`` if the backend needs no worker. The worker's output goes to ``log``.
    """
    if backend.worker is None:
        yield None
        return
    with run_process(backend.worker, log, build_environment(database, settings)) as process:
        wait_for_log(backend.ready, process, log)
        yield process


@contextmanager
def run_process(
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
            # In a session of its own, the program does not receive the Ctrl-C of a terminal. The
            # demo receives it and stops the program.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop_process(process)


def wait_for_response(server: Server) -> None:
    """Return when the server has responded to a request."""
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


def wait_for_log(text: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the worker has logged ``text``."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        if text in log.read_text(errors="replace"):
            return
        time.sleep(0.05)
    output = log.read_text(errors="replace")
    raise ServerError(f"The worker did not start. Its log:\n{output}")


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process; kill it and its children if it does not exit in time.

    A second Ctrl-C during the wait kills them at once.
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
