"""The servers of the stress scripts, with their processor time and memory from /proc."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from example_project.demo.server import HOST, Server, find_free_port, run_process, wait_for_response
from stress.reports import SETTINGS

MEGABYTE = 1024 * 1024

# The timeouts are long: a busy machine delays clients and workers.
COMMANDS = {
    "gunicorn": "-m gunicorn django_apierrors.wsgi:get_wsgi_application() --bind {host}:{port} "
    "--workers {workers} --threads {threads} --keep-alive 75 --timeout 120",
    "uvicorn": "-m uvicorn --factory django_apierrors.asgi:get_asgi_application --host {host} "
    "--port {port} --workers {workers} --timeout-keep-alive 75 --timeout-worker-healthcheck 120 "
    "--no-access-log",
}


@contextmanager
def serve(
    kind: str, environment: dict[str, str] | None = None, *, workers: int = 2, threads: int = 8
) -> Iterator[Server]:
    """Run a server until the block ends; `threads` are those of each worker of gunicorn."""
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "PYTHONUNBUFFERED": "1",
        "STRESS_SERVER": kind,
        **(environment or {}),
    }
    port = find_free_port()
    command = COMMANDS[kind].format(host=HOST, port=port, workers=workers, threads=threads)
    with tempfile.TemporaryDirectory(prefix="django-apierrors-") as directory:
        log = Path(directory, "server.log")
        with run_process(command, log, variables) as process:
            server = Server(HOST, port, log, process)
            wait_for_response(server)
            yield server


def read_log(server: Server) -> str:
    """Return the log of the server."""
    return server.log.read_text(errors="replace")


def get_workers(server: Server) -> list[int]:
    """Return the ids of the processes that handle requests, oldest first."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # uvicorn has one more child, in which Python tracks semaphores.
    return [
        int(child)
        for child in children
        if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def get_memory(pid: int) -> int:
    """Return the resident size of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def get_peak_memory(pid: int) -> int:
    """Return the largest resident size of a process since `reset_peak_memory()`, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def reset_peak_memory(pid: int) -> None:
    """Reset the peak of the resident size; see proc(5), `clear_refs`."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def get_cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    # The name of the program, in parentheses, may contain spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
