"""Floods: what one hostile request costs, and whether the server answers others meanwhile.

    python -m benchmarks.floods --server gunicorn

Each flood goes to a view with this project's parser, negotiation, handler and renderer, then to the
same view with DRF's own. It needs Linux, whose /proc tells what the workers cost. The exit status
is 1 if an answer is none that it should be or is not bounded, or if others got none.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.bodies import is_body
from benchmarks.load import show
from benchmarks.servers import (
    COMMANDS,
    MEGABYTE,
    forget_peak_memory,
    get_cpu_seconds,
    get_memory,
    get_peak_memory,
    get_workers,
    serve,
)
from benchmarks.versions import get_versions
from example_project.demo.server import Server

TIMEOUT = 300.0
PROBE_INTERVAL = 0.05
MAX_ANSWER = 256 * 1024
"""What an answer of ours has at most, in bytes: a thousand messages of 100 characters and more."""

WARM_UP = 20
SLOW_STEPS, SLOW_PAUSE = 30, 0.1
KINDS = ("ours", "stock")


class Outcome(NamedTuple):
    """What came of one request: the status (0: nobody waited for it), and the answer's content."""

    status: int
    content: bytes = b""


class Request(NamedTuple):
    """A hostile request."""

    body: bytes = b""
    headers: Mapping[str, str] = {}
    method: str = "POST"


def get_head(path: str, request: Request) -> bytes:
    """Return all of a request but its body."""
    headers = {
        "Host": "127.0.0.1",
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(request.body)),
        **request.headers,
    }
    lines = [f"{request.method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def receive(connection: socket.socket) -> Outcome:
    """Return what comes back; a server that does not read all may take its answer with it."""
    try:
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionError:
        return Outcome(0)
    head, _, content = received.partition(b"\r\n\r\n")
    return Outcome(int(head.split()[1]), content) if head else Outcome(0)


def send(server: Server, path: str, request: Request) -> Outcome:
    """Send a request as clients do."""
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        # It may have answered before it closed.
        with suppress(ConnectionError):
            connection.sendall(get_head(path, request) + request.body)
        return receive(connection)


def send_half(server: Server, path: str, request: Request) -> Outcome:
    """Hang up in the middle of the body."""
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        connection.sendall(get_head(path, request) + request.body[: len(request.body) // 2])
    return Outcome(0)


def send_and_leave(server: Server, path: str, request: Request) -> Outcome:
    """Hang up when all is sent, and before anything has come."""
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        connection.sendall(get_head(path, request) + request.body)
    return Outcome(0)


def send_slowly(server: Server, path: str, request: Request) -> Outcome:
    """Send the body in small steps, with a pause after each."""
    step = -(-len(request.body) // SLOW_STEPS)
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        connection.sendall(get_head(path, request))
        for start in range(0, len(request.body), step):
            connection.sendall(request.body[start : start + step])
            time.sleep(SLOW_PAUSE)
        return receive(connection)


class Flood(NamedTuple):
    """A kind of hostile request, and the statuses that ours may answer it with."""

    name: str
    request: Request
    statuses: frozenset[int]
    send: Callable[[Server, str, Request], Outcome] = send


def make_floods(items: int, depth: int, size: int) -> list[Flood]:
    """Return the floods, of a number of items, of levels, and of bytes."""
    refused, gone = frozenset({400}), frozenset({0})
    long_text = b'{"name": "' + b"x" * size + b'"}'
    numbers = b'{"name": "x", "numbers": [' + b",".join([b'"x"'] * items) + b"]}"
    accept = ",".join(["text/html;level=1;q=0.1"] * 340)[:8000]
    return [
        Flood(f"a text of {size:,} bytes", Request(long_text), refused),
        Flood(f"{size:,} bytes, malformed at the end", Request(long_text[:-1]), refused),
        Flood(
            f"{size:,} bytes of brackets", Request(b"[" + b"[]," * (size // 3) + b"[]]"), refused
        ),
        Flood(f"{size:,} bytes of numbers", Request(b"[" + b"1," * (size // 2) + b"1]"), refused),
        Flood("30,000,000 bytes", Request(b" " * 30_000_000), frozenset({0, 413})),
        Flood(f"{items:,} validation errors", Request(numbers), refused),
        Flood(f"{depth:,} levels of arrays", Request(b"[" * depth + b"]" * depth), refused),
        Flood(
            f"{depth:,} levels of objects",
            Request(b'{"a":' * depth + b"1" + b"}" * depth),
            refused,
        ),
        Flood(
            "8,000 bytes of Accept, no JSON",
            Request(method="GET", headers={"Accept": accept}),
            frozenset({415}),
        ),
        Flood("hangs up in the middle of the body", Request(long_text), gone, send_half),
        Flood("hangs up before the answer", Request(long_text), gone, send_and_leave),
        Flood("3 seconds for the body", Request(long_text[:3000]), refused, send_slowly),
    ]


class Probe(threading.Thread):
    """A client that has done nothing wrong, and how long it waits."""

    def __init__(self, server: Server, path: str) -> None:
        """Take whom it asks."""
        super().__init__(daemon=True)
        self.server, self.path = server, path
        self.times: list[float] = []
        self.failures = 0
        self.is_over = False

    def run(self) -> None:
        """Ask, until it is over."""
        while not self.is_over:
            begun = time.perf_counter()
            try:
                status = send(self.server, self.path, Request(method="GET")).status
            except OSError:
                status = 0
            self.times.append(time.perf_counter() - begun)
            self.failures += status != 200
            time.sleep(PROBE_INTERVAL)


def measure(server: Server, flood: Flood, kind: str, options: argparse.Namespace) -> list[str]:
    """Send a flood, print what it cost, and return what was wrong."""
    workers, path = get_workers(server), f"/{kind}/documents"
    # The first requests have the workers import what they need.
    for _ in range(WARM_UP):
        send(server, path, Request(b"{}"))
    before = {pid: get_memory(pid) for pid in workers}
    for pid in workers:
        forget_peak_memory(pid)
    spent = -sum(map(get_cpu_seconds, workers))
    probe = Probe(server, path)
    probe.start()
    begun = time.monotonic()
    with ThreadPoolExecutor(options.clients) as pool:
        outcomes = list(
            pool.map(lambda _: flood.send(server, path, flood.request), range(options.times))
        )
    seconds = time.monotonic() - begun
    while not is_idle(workers):
        time.sleep(0.1)
    probe.is_over = True
    probe.join()
    spent += sum(map(get_cpu_seconds, workers))
    peak = sum(get_peak_memory(pid) - before[pid] for pid in workers) / MEGABYTE
    memory = peak / min(options.times, options.clients)
    statuses = Counter(outcome.status for outcome in outcomes)
    largest = max(len(outcome.content) for outcome in outcomes)
    print(
        f"{kind:5} {flood.name}: {dict(statuses)} in {seconds:.1f} s, "
        f"{spent / options.times:.3f} s of processor time and {memory:.0f} MB each, "
        f"{largest} bytes answered; others: {len(probe.times)} asked, {show(probe.times)}, at "
        f"most {max(probe.times):.2f} s, {probe.failures} refused",
        flush=True,
    )
    found = [f"{kind}: {flood.name}: {probe.failures} others refused"] * bool(probe.failures)
    if get_workers(server) != workers:
        found.append(f"{kind}: {flood.name}: a worker died")
    return found + (find_faults(flood, outcomes) if kind == "ours" else [])


def run(flood: Flood, kind: str, options: argparse.Namespace) -> list[str]:
    """Send a flood to a fresh server, and return what was wrong.

    Fresh, since what DRF leaves to the garbage collector of one flood is paid for by the next.
    """
    with tempfile.TemporaryDirectory(prefix="django-apierrors-floods-") as directory:
        log = Path(directory, "server.log")
        environment = {"DJANGO_SETTINGS_MODULE": "benchmarks.floods_settings"}
        with serve(options.server, environment, log, workers=2) as server:
            found = measure(server, flood, kind, options)
        if "django_apierrors failed" in log.read_text(errors="replace"):
            found.append(f"{kind}: {flood.name}: the log tells of a failure of the error path")
    return found


def is_idle(workers: list[int]) -> bool:
    """Tell whether the workers have nothing left to do but to answer the probe."""
    before = sum(map(get_cpu_seconds, workers))
    time.sleep(0.5)
    return sum(map(get_cpu_seconds, workers)) - before < 0.25


def find_faults(flood: Flood, outcomes: list[Outcome]) -> list[str]:
    """Return what is wrong with the answers to a flood."""
    found = []
    for status, content in outcomes:
        if status not in flood.statuses:
            found.append(f"{flood.name}: {status} {content[:200]!r}")
        if len(content) > MAX_ANSWER:
            found.append(f"{flood.name}: an answer of {len(content)} bytes")
        if status and not is_body(json.loads(content)):
            found.append(f"{flood.name}: no body of an error: {content[:200]!r}")
    return found


def main() -> int:
    """Send every flood, and report."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.floods", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn")
    parser.add_argument("--times", type=int, default=2, help="of each; default: %(default)s")
    parser.add_argument("--clients", type=int, default=4, help="at once; default: %(default)s")
    parser.add_argument("--items", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--depth", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=10_000_000, help="default: %(default)s")
    parser.add_argument("--only", default="", help="the floods that have this in their names")
    options = parser.parse_args()
    print(get_versions(options.server), flush=True)
    found = [
        fault
        for flood in make_floods(options.items, options.depth, options.size)
        if options.only in flood.name
        for kind in KINDS
        for fault in run(flood, kind, options)
    ]
    print(f"violations: {len(found)}", *found[:10], sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
