"""The servers that benchmarks load, and what they cost: processor time and memory, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from example_project.demo.server import HOST, Server
from example_project.demo.server import find_free_port as free_port
from example_project.demo.server import run_process as running
from example_project.demo.server import wait_for_response as wait_until_it_answers

TICKS = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1024 * 1024

# Clients that a busy machine lets wait are not hung up on, and workers not killed.
COMMANDS = {
    "gunicorn": "-m gunicorn benchmarks.wsgi --bind {host}:{port} --workers {workers} "
    "--threads {threads} --keep-alive 75 --timeout 120",
    "uvicorn": "-m uvicorn benchmarks.asgi:application --host {host} --port {port} "
    "--workers {workers} --timeout-keep-alive 75 --timeout-worker-healthcheck 120 --no-access-log",
}


@contextmanager
def serve(
    kind: str,
    environment: dict[str, str],
    log: Path,
    *,
    workers: int,
    threads: int = 8,
) -> Iterator[Server]:
    """Run a server until the block ends; `threads` are those of each worker of gunicorn.

    The settings are those that `environment` names.
    """
    port = free_port()
    command = COMMANDS[kind].format(host=HOST, port=port, workers=workers, threads=threads)
    with running(command, log, {**os.environ, "PYTHONUNBUFFERED": "1", **environment}) as process:
        server = Server(HOST, port, log, process)
        wait_until_it_answers(server)
        yield server


def get_workers(server: Server) -> list[int]:
    """Return the ids of the processes that answer requests, oldest first."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # Beside its workers, uvicorn has a process of Python's that minds their semaphores.
    return [
        int(child)
        for child in children
        if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def get_memory(pid: int) -> int:
    """Return the resident size of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def get_peak_memory(pid: int) -> int:
    """Return the largest resident size of a process since `forget_peak_memory()`, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def forget_peak_memory(pid: int) -> None:
    """Have the peak measured anew from here on; see proc(5), `clear_refs`."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def get_cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    # The name of the program, in parentheses, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
