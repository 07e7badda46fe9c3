"""Floods: what does a hostile request cost, and does the server still respond to others?

    python -m stress.floods --server gunicorn

Each flood goes to a view with this package's parser, negotiation, handler and renderer, then to the
same view with DRF's own. The script needs Linux (`/proc`). The exit status is 1 if a response is
wrong or too large, or if another client did not get its response.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from example_project.demo.server import Server
from stress.bodies import is_error_body
from stress.reports import (
    format_percentiles,
    make_parser,
    print_versions,
    print_violations,
)
from stress.servers import (
    COMMANDS,
    MEGABYTE,
    get_cpu_seconds,
    get_memory,
    get_peak_memory,
    get_workers,
    read_log,
    reset_peak_memory,
    serve,
)

TIMEOUT = 300.0
PROBE_INTERVAL = 0.05
MAX_CONTENT = 256 * 1024
"""The largest body of an error, in bytes: 1,000 messages of more than 100 characters."""

WARM_UP = 20
SLOW_STEPS, SLOW_PAUSE = 30, 0.1
KINDS = ("ours", "stock")


class Outcome(NamedTuple):
    """The status of a response (0: there was no response) and its content."""

    status: int
    content: bytes = b""


class Request(NamedTuple):
    """A hostile request."""

    body: bytes = b""
    headers: Mapping[str, str] = {}
    method: str = "POST"


def get_head(path: str, request: Request) -> bytes:
    """Return the request line and the headers."""
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
    """Return the response; it can be lost if the server closes before it has read everything."""
    try:
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionError:
        return Outcome(0)
    head, _, content = received.partition(b"\r\n\r\n")
    return Outcome(int(head.split()[1]), content) if head else Outcome(0)


def send(server: Server, path: str, request: Request) -> Outcome:
    """Send a request as clients do."""
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        # The server may respond before it closes the connection.
        with suppress(ConnectionError):
            connection.sendall(get_head(path, request) + request.body)
        return receive(connection)


def send_half(server: Server, path: str, request: Request) -> Outcome:
    """Close the connection in the middle of the body."""
    half = request.body[: len(request.body) // 2]
    return send_and_close(server, get_head(path, request) + half)


def send_all(server: Server, path: str, request: Request) -> Outcome:
    """Close the connection after the request, and before the response."""
    return send_and_close(server, get_head(path, request) + request.body)


def send_and_close(server: Server, content: bytes) -> Outcome:
    """Send bytes and wait for nothing."""
    with socket.create_connection((server.host, server.port), TIMEOUT) as connection:
        connection.sendall(content)
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
    """A hostile request, how it is sent, and the statuses that this package may respond with."""

    name: str
    request: Request
    statuses: frozenset[int] = frozenset({400})
    send: Callable[[Server, str, Request], Outcome] = send


def make_floods(items: int, depth: int, size: int) -> list[Flood]:
    """Return the floods, for a number of items, of levels, and of bytes."""
    no_response = frozenset({0})
    long_text = Request(b'{"name": "' + b"x" * size + b'"}')
    malformed = Request(long_text.body[:-1])
    brackets = Request(b"[" + b"[]," * (size // 3) + b"[]]")
    numbers = Request(b"[" + b"1," * (size // 2) + b"1]")
    invalid_items = Request(b'{"name": "x", "numbers": [' + b",".join([b'"x"'] * items) + b"]}")
    # Each message begins with the key: stock DRF sends it once.
    long_key = b"k" * (size // 100)
    keys = Request(
        b'{"name": "x", "tables": {"' + long_key + b'": [' + b",".join([b'"x"'] * items) + b"]}}"
    )
    rejected_key = Request(b'{"operator": "x", "numbers": [' + b"1," * items + b"1]}")
    rejected_list = Request(
        b'{"operator": [' + b'"x",' * items + b'"x"], "a": "' + b"," * items + b'"}'
    )
    long_message = Request(b'{"missing": "' + b"x" * size + b'"}')
    group = Request(b'{"errors": %d}' % (items // 10))
    arrays = Request(b"[" * depth + b"]" * depth)
    objects = Request(b'{"a":' * depth + b"1" + b"}" * depth)
    accept = ",".join(["text/html;level=1;q=0.1"] * 340)[:8000]
    no_json = Request(method="GET", headers={"Accept": accept})
    return [
        Flood(f"a text of {size:,} bytes", long_text),
        Flood(f"{size:,} bytes, malformed at the end", malformed),
        Flood(f"{size:,} bytes of brackets", brackets),
        Flood(f"{size:,} bytes of numbers", numbers),
        Flood("30,000,000 bytes", Request(b" " * 30_000_000), frozenset({0, 413})),
        Flood(f"{items:,} validation errors", invalid_items),
        Flood(f"{items:,} validation errors below a key of {len(long_key):,} bytes", keys),
        Flood(f"a rejected key beside {items:,} numbers", rejected_key),
        Flood(f"a rejected list of {items:,} keys", rejected_list),
        Flood(f"a message with a text of {size:,} bytes", long_message, frozenset({404})),
        Flood(f"a group of {items // 10:,} exceptions", group),
        Flood(f"{depth:,} levels of arrays", arrays),
        Flood(f"{depth:,} levels of objects", objects),
        Flood("8,000 bytes of Accept, no JSON", no_json, frozenset({415})),
        Flood("closes in the middle of the body", long_text, no_response, send_half),
        Flood("closes before the response", long_text, no_response, send_all),
        Flood("3 seconds for the body", Request(long_text.body[:3000]), send=send_slowly),
    ]


class Probe(threading.Thread):
    """Another client, which sends small requests and measures how long it waits."""

    def __init__(self, server: Server, path: str) -> None:
        """Keep the server and the path."""
        super().__init__(daemon=True)
        self.server, self.path = server, path
        self.times: list[float] = []
        self.failures = 0
        self.is_over = False

    def run(self) -> None:
        """Send requests until the flood is over."""
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
    """Send a flood, print its cost, and return the violations."""
    workers, path = get_workers(server), f"/stress/{kind}/documents"
    # The workers import modules during the first requests.
    for _ in range(WARM_UP):
        send(server, path, Request(b"{}"))
    before = {pid: get_memory(pid) for pid in workers}
    for pid in workers:
        reset_peak_memory(pid)
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
        f"{largest} bytes sent; other client: {len(probe.times)} requests, "
        f"{format_percentiles(probe.times)}, at most {max(probe.times):.2f} s, "
        f"{probe.failures} failed",
        flush=True,
    )
    violations = find_violations(outcomes, flood.statuses) if kind == "ours" else []
    if probe.failures:
        violations.append(f"{probe.failures} requests of the other client failed")
    if get_workers(server) != workers:
        violations.append("a worker died")
    return violations


def run(flood: Flood, kind: str, options: argparse.Namespace) -> list[str]:
    """Send a flood to a new server, and return the violations.

    In the same server, the garbage of one flood would be collected during the next one.
    """
    with serve(options.server) as server:
        violations = measure(server, flood, kind, options)
        if "django_apierrors failed" in read_log(server):
            violations.append("the log has a failure of this package")
    return [f"{kind}: {flood.name}: {violation}" for violation in violations]


def is_idle(workers: list[int]) -> bool:
    """Whether the workers only respond to the probe."""
    before = sum(map(get_cpu_seconds, workers))
    time.sleep(0.5)
    return sum(map(get_cpu_seconds, workers)) - before < 0.25


def find_violations(outcomes: list[Outcome], statuses: frozenset[int]) -> list[str]:
    """Return the faults of the responses to a flood."""
    violations = []
    for status, content in outcomes:
        if status not in statuses:
            violations.append(f"{status} {content[:200]!r}")
        if len(content) > MAX_CONTENT:
            violations.append(f"a response of {len(content)} bytes")
        if status and not is_error_body(json.loads(content)):
            violations.append(f"not the body of an error: {content[:200]!r}")
    return violations


def main() -> int:
    """Send every flood, and report."""
    parser = make_parser("floods", __doc__)
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn", help="the server")
    parser.add_argument("--times", type=int, default=2, help="requests of each flood")
    parser.add_argument("--clients", type=int, default=4, help="that send at once")
    parser.add_argument("--items", type=int, default=1_000_000, help="invalid items of a list")
    parser.add_argument("--depth", type=int, default=100_000, help="levels of nesting")
    parser.add_argument("--size", type=int, default=10_000_000, help="bytes of a large body")
    parser.add_argument("--only", default="", help="the floods that have this in their names")
    options = parser.parse_args()
    print_versions(options.server)
    violations = [
        violation
        for flood in make_floods(options.items, options.depth, options.size)
        if options.only in flood.name
        for kind in KINDS
        for violation in run(flood, kind, options)
    ]
    print_violations(violations)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
