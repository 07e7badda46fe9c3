"""Load: the tour's rows from many clients at once. Is every answer right, does a worker grow?

    python -m benchmarks.load --server gunicorn --requests 200000 --clients 32

Every second request fails, in each way of the tour in turn. Each carries something that is its
alone, which must come back in its own answer and in no other. It needs Linux, whose /proc tells
what the workers cost. The exit status is 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from benchmarks.bodies import is_body
from benchmarks.load_project import HEADER
from benchmarks.load_rows import FAILING, SUCCESSFUL, TOKEN, UNREADABLE, fill_row, get_key_of
from benchmarks.servers import COMMANDS, MEGABYTE, get_cpu_seconds, get_memory, get_workers, serve
from benchmarks.versions import get_versions
from example_project.demo.server import Server, manage
from example_project.demo.tour.checks import Response as Answer
from example_project.demo.tour.checks import find_faults as faults
from example_project.demo.tour.rows import Row

SETTINGS = "benchmarks.load_settings"
TIMEOUT = 60.0
GROWTH = 0.05
"""How much more than after the first tenth a worker may hold."""
SETTLED = 20_000
"""The requests of a run that is long enough to tell: in a shorter one, workers still warm up."""

REFERENCE = re.compile(r"Reference: ([0-9a-f]{12})")
MAX_COLUMN = 4000
REQUESTS_ON_A_CONNECTION = 50
"""After as many a client connects anew, so that every worker gets its share of them."""


class Sample(NamedTuple):
    """The resident sizes of the workers when so many requests were done."""

    done: int
    sizes: dict[int, int]


class Client:
    """One of the clients: a connection, its own resources, and what it found wrong."""

    def __init__(self, number: int, server: Server, left: itertools.count[int], end: int) -> None:
        """Take its number, the server, and the counter of requests that all clients share."""
        self.number, self.left, self.end = number, left, end
        self.url = server.url
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
        self.known: dict[str, str] = {}
        self.violations: list[str] = []
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.outcomes: Counter[tuple[str, int]] = Counter()
        self.references: list[str] = []
        self.done = 0

    def run(self) -> None:
        """Send what is to be sent: a row that succeeds, one that fails, and so on."""
        # Each begins elsewhere, so that different failures meet.
        failing = itertools.islice(itertools.cycle(FAILING), self.number, None)
        for rows in zip(itertools.cycle(SUCCESSFUL), failing, strict=False):
            for row in rows:
                if next(self.left) >= self.end:
                    self.connection.close()
                    return
                self.drive(row)

    def drive(self, row: Row) -> None:
        """Send one row, and hold the answer against it."""
        self.done += 1
        if self.done % REQUESTS_ON_A_CONNECTION == 0:
            self.connection.close()
        if row is SUCCESSFUL[0]:
            self.known = {"serial": self.make_token()}
        token = self.make_token()
        column = self.done % MAX_COLUMN + 1
        blanks = " " * (column - 1)
        own = {"token": token, "blanks": blanks, "column": str(column), "url": self.url}
        sent = fill_row(row, {**self.known, **own})
        begun = time.perf_counter()
        try:
            answer = self.send(sent, token)
        except (OSError, http.client.HTTPException) as exc:
            self.violations.append(f"{row.label}: no answer: {exc!r}")
            self.connection.close()
            return
        self.times[row.status < 400].append(time.perf_counter() - begun)
        self.outcomes[row.label, answer.status] += 1
        for fault in (*faults(sent, answer), *self.find_strangers(sent, answer, token)):
            self.violations.append(f"{row.label}: {fault}: {answer.text[:300]}")
        self.remember(row, answer)

    def make_token(self) -> str:
        """Return what only the next request has."""
        return f"U-{self.number}-{self.done}-"

    def send(self, row: Row, token: str) -> Answer:
        """Send a request and return its answer."""
        self.connection.request(
            row.method, row.path, row.body or None, {**row.headers, HEADER: token}
        )
        response = self.connection.getresponse()
        return Answer(response.status, response.reason, response.headers, response.read())

    def find_strangers(self, row: Row, answer: Answer, token: str) -> list[str]:
        """Return what the answer lacks of its request, or has of another."""
        found = []
        # What cannot be read meets no middleware.
        if row.label != UNREADABLE and answer.headers[HEADER] != token:
            found.append(f"{HEADER} is {answer.headers[HEADER]}, not {token}")
        others = set(TOKEN.findall(answer.text)) - {token, self.known["serial"]}
        if others:
            found.append(f"it holds what is of {others}")
        if self.known["serial"] in row.body and row.status < 202 and not row.exactly:
            found += [] if self.known["serial"] in answer.text else ["its serial number is missing"]
        if row.status >= 400 and not is_body(answer.json):
            found.append("it is no body of an error")
        return found

    def remember(self, row: Row, answer: Answer) -> None:
        """Keep the id of what a row has made, and the reference of a bug."""
        if row.status == 500:
            self.references += REFERENCE.findall(answer.text)
        key = get_key_of(row)
        if key and isinstance(answer.json, dict):
            self.known[key] = str(answer.json.get("id"))


class Load:
    """One run against one server."""

    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        """Take the server and the command line."""
        self.server, self.requests = server, options.requests
        left = itertools.count()
        self.clients = [
            Client(number, server, left, options.requests) for number in range(options.clients)
        ]
        self.deadline = time.monotonic() + options.max_seconds
        self.samples: list[Sample] = []
        self.seconds = 0.0

    def run(self) -> None:
        """Let the clients send, and look at the workers meanwhile."""
        begun = time.monotonic()
        threads = [threading.Thread(target=client.run) for client in self.clients]
        for thread in threads:
            thread.start()
        shown = begun
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.25)
            self.take_sample()
            self.seconds = time.monotonic() - begun
            if time.monotonic() > shown + 10:
                shown = time.monotonic()
                self.show_progress()
            if time.monotonic() > self.deadline:
                for client in self.clients:
                    client.end = 0
        for thread in threads:
            thread.join()
        self.take_sample()

    def take_sample(self) -> None:
        """Note how large each worker is."""
        sizes = {pid: get_memory(pid) for pid in get_workers(self.server)}
        self.samples.append(Sample(sum(client.done for client in self.clients), sizes))

    def show_progress(self) -> None:
        """Print how far it is."""
        done, sizes = self.samples[-1]
        wrong = sum(len(client.violations) for client in self.clients)
        shown = ", ".join(f"{size / MEGABYTE:.1f}" for size in sizes.values())
        print(f"{self.seconds:6.0f} s: {done} requests, {wrong} wrong, {shown} MB", flush=True)

    def report(self) -> bool:
        """Print the figures; return whether all is as it should be."""
        done = sum(client.done for client in self.clients)
        outcomes: Counter[tuple[str, int]] = sum((c.outcomes for c in self.clients), Counter())
        failed = sum(count for (_, status), count in outcomes.items() if status >= 400)
        print(f"{done} requests in {self.seconds:.0f} s, {failed} of them answered with an error")
        for label, success in (("successes", True), ("errors", False)):
            print(f"{label}: {show([t for c in self.clients for t in c.times[success]])}")
        for (label, status), count in sorted(outcomes.items()):
            print(f"  {count:6d} x {status} {label}")
        violations = [violation for client in self.clients for violation in client.violations]
        print(f"wrong answers: {len(violations)}", *violations[:10], sep="\n  ")
        references = self.are_references_logged()
        flat = self.is_memory_flat()
        return done >= self.requests and not violations and references and flat

    def are_references_logged(self) -> bool:
        """Tell whether each reference that a client was given stands once in the log."""
        given = Counter(reference for client in self.clients for reference in client.references)
        logged = Counter(REFERENCE.findall(self.server.log.read_text(errors="replace")))
        print(f"references: {len(given)} given, {len(logged)} in the log")
        return given == logged and not any(count > 1 for count in given.values())

    def is_memory_flat(self) -> bool:
        """Tell whether each worker stayed as it was after the first tenth."""
        later = [sample for sample in self.samples if sample.done >= self.requests / 10]
        if not later or len({tuple(sample.sizes) for sample in self.samples}) > 1:
            print("memory: the run was cut short, or a worker has died")
            return False
        is_flat = True
        for pid, first in later[0].sizes.items():
            sizes = [sample.sizes[pid] for sample in later]
            growth = max(sizes) / first - 1
            is_flat = is_flat and growth <= GROWTH
            print(
                f"memory of worker {pid}: {first / MEGABYTE:.1f} MB after the first tenth, then at "
                f"most {max(sizes) / MEGABYTE:.1f} MB ({growth:+.1%}), at the end "
                f"{sizes[-1] / MEGABYTE:.1f} MB; {get_cpu_seconds(pid):.0f} s of processor time"
            )
        if self.requests < SETTLED:
            print(f"memory: too short a run to tell; {SETTLED} requests do")
            return True
        return is_flat


def show(times: list[float]) -> str:
    """Return percentiles in milliseconds."""
    cuts = quantiles(times if len(times) > 1 else [0.0, 0.0], n=100, method="inclusive")
    return ", ".join(f"p{p} {1000 * cuts[p - 1]:.1f} ms" for p in (50, 95, 99))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn")
    parser.add_argument(
        "--requests", type=int, default=5_000, help="default: %(default)s; 200000 for the figures"
    )
    parser.add_argument("--clients", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=2, help="of the server")
    parser.add_argument("--threads", type=int, default=16, help="of each worker of gunicorn")
    parser.add_argument("--max-seconds", type=float, default=7200, help="then it counts as failed")
    return parser.parse_args(arguments)


def main() -> int:
    """Make a database, start the server, load it, report, and leave nothing behind."""
    options = parse()
    print(get_versions(options.server), flush=True)
    with tempfile.TemporaryDirectory(prefix="django-apierrors-load-") as directory:
        database, log = Path(directory, "load.sqlite3"), Path(directory, "server.log")
        manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
        manage("seed_demo", database=database, settings=SETTINGS)
        environment = {"DJANGO_SETTINGS_MODULE": SETTINGS, "EXAMPLE_DATABASE": str(database)}
        settings: dict[str, Any] = {"workers": options.workers, "threads": options.threads}
        with serve(options.server, environment, log, **settings) as server:
            load = Load(server, options)
            load.run()
            return 0 if load.report() else 1


if __name__ == "__main__":
    sys.exit(main())
