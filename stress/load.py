"""Load: many clients send the tour's requests at once. Is each response right, do workers grow?

    python -m stress.load --server gunicorn --requests 200000 --clients 32

Every second request fails, in each way of the tour in turn. Each request carries a token, which
must be in its own response and in no other. The script needs Linux (`/proc`). The exit status is 1
if anything is wrong.
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
from typing import NamedTuple

from example_project.demo.server import Server, manage
from example_project.demo.tour.checks import Response, find_faults
from example_project.demo.tour.rows import Row
from stress.bodies import is_error_body
from stress.load_rows import FAILING, SUCCESSFUL, TOKEN, UNREADABLE, fill_row, get_key_of
from stress.middleware import HEADER
from stress.reports import (
    SETTINGS,
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
    get_workers,
    read_log,
    serve,
)

TIMEOUT = 60.0
MAX_GROWTH = 0.05
"""The growth of a worker, after the first tenth of the requests, that is accepted."""
MIN_REQUESTS_FOR_GROWTH = 20_000
"""Workers still warm up in a shorter run."""

REFERENCE = re.compile(r"Reference: ([0-9a-f]{12})")
MAX_COLUMN = 4000
REQUESTS_PER_CONNECTION = 50
"""A client then opens another connection, so that every worker gets its share of the clients."""


class Sample(NamedTuple):
    """The resident sizes of the workers after a number of requests."""

    done: int
    sizes: dict[int, int]


class Client:
    """One of the clients: its connection, its resources, and the violations it has seen."""

    def __init__(self, number: int, server: Server, left: itertools.count[int], end: int) -> None:
        """Keep its number, the server, and the counter of requests that all clients share."""
        self.number, self.left, self.end = number, left, end
        self.url = server.url
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
        self.ids: dict[str, str] = {}
        self.violations: list[str] = []
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.outcomes: Counter[tuple[str, int]] = Counter()
        self.references: list[str] = []
        self.done = 0

    def run(self) -> None:
        """Send a row that succeeds, a row that fails, and so on."""
        # Each client starts at another row, so that different failures meet.
        failing = itertools.islice(itertools.cycle(FAILING), self.number, None)
        for rows in zip(itertools.cycle(SUCCESSFUL), failing, strict=False):
            for row in rows:
                if next(self.left) >= self.end:
                    self.connection.close()
                    return
                self.send_row(row)

    def send_row(self, row: Row) -> None:
        """Send one row, and check the response."""
        self.done += 1
        if self.done % REQUESTS_PER_CONNECTION == 0:
            self.connection.close()
        if row is SUCCESSFUL[0]:
            self.ids = {"serial": self.make_token()}
        token = self.make_token()
        column = self.done % MAX_COLUMN + 1
        values = {"token": token, "blanks": " " * (column - 1), "column": str(column)}
        sent = fill_row(row, {**self.ids, **values, "url": self.url})
        begun = time.perf_counter()
        try:
            response = self.send(sent, token)
        except (OSError, http.client.HTTPException) as exc:
            self.violations.append(f"{row.label}: no response: {exc!r}")
            self.connection.close()
            return
        self.times[row.status < 400].append(time.perf_counter() - begun)
        self.outcomes[row.label, response.status] += 1
        for fault in (*find_faults(sent, response), *self.find_mix_ups(sent, response, token)):
            self.violations.append(f"{row.label}: {fault}: {response.text[:300]}")
        self.keep(row, response)

    def make_token(self) -> str:
        """Return a string that only the next request has."""
        return f"U-{self.number}-{self.done}-"

    def send(self, row: Row, token: str) -> Response:
        """Send a request and return the response."""
        self.connection.request(
            row.method, row.path, row.body or None, {**row.headers, HEADER: token}
        )
        response = self.connection.getresponse()
        return Response(response.status, response.reason, response.headers, response.read())

    def find_mix_ups(self, row: Row, response: Response, token: str) -> list[str]:
        """Return the violations: the token is missing, or the response has another's token."""
        mix_ups = []
        # A request that cannot be read does not reach the middleware.
        if row.label != UNREADABLE and response.headers[HEADER] != token:
            mix_ups.append(f"{HEADER} is {response.headers[HEADER]}, not {token}")
        others = set(TOKEN.findall(response.text)) - {token, self.ids["serial"]}
        if others:
            mix_ups.append(f"it contains {others}")
        has_serial = self.ids["serial"] in row.body and row.status < 202 and not row.exactly
        if has_serial and self.ids["serial"] not in response.text:
            mix_ups.append("its serial number is missing")
        if row.status >= 400 and not is_error_body(response.json):
            mix_ups.append("it is not the body of an error")
        return mix_ups

    def keep(self, row: Row, response: Response) -> None:
        """Keep the id of a resource that the row has created, and the reference of a 500."""
        if row.status == 500:
            self.references += REFERENCE.findall(response.text)
        key = get_key_of(row)
        if key and isinstance(response.json, dict):
            self.ids[key] = str(response.json.get("id"))


class Load:
    """One run against one server."""

    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        """Keep the server and the command line."""
        self.server, self.requests = server, options.requests
        left = itertools.count()
        self.clients = [
            Client(number, server, left, options.requests) for number in range(options.clients)
        ]
        self.deadline = time.monotonic() + options.max_seconds
        self.samples: list[Sample] = []
        self.seconds = 0.0

    def run(self) -> None:
        """Run the clients, and sample the workers meanwhile."""
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
        """Append the size of each worker to the samples."""
        sizes = {pid: get_memory(pid) for pid in get_workers(self.server)}
        self.samples.append(Sample(sum(client.done for client in self.clients), sizes))

    def show_progress(self) -> None:
        """Print the number of requests so far."""
        done, sizes = self.samples[-1]
        wrong = sum(len(client.violations) for client in self.clients)
        shown = ", ".join(f"{size / MEGABYTE:.1f}" for size in sizes.values())
        print(f"{self.seconds:6.0f} s: {done} requests, {wrong} wrong, {shown} MB", flush=True)

    def report(self) -> bool:
        """Print the figures; return whether everything is right."""
        done = sum(client.done for client in self.clients)
        outcomes: Counter[tuple[str, int]] = sum((c.outcomes for c in self.clients), Counter())
        failed = sum(count for (_, status), count in outcomes.items() if status >= 400)
        print(f"{done} requests in {self.seconds:.0f} s, {failed} of the responses are errors")
        for label, success in (("successes", True), ("errors", False)):
            times = [seconds for client in self.clients for seconds in client.times[success]]
            print(f"{label}: {format_percentiles(times)}")
        for (label, status), count in sorted(outcomes.items()):
            print(f"  {count:6d} x {status} {label}")
        violations = [violation for client in self.clients for violation in client.violations]
        print_violations(violations)
        has_references = self.check_references()
        is_flat = self.check_memory()
        return done >= self.requests and not violations and has_references and is_flat

    def check_references(self) -> bool:
        """Print, and return whether each reference that a client got is once in the log."""
        received = Counter(reference for client in self.clients for reference in client.references)
        logged = Counter(REFERENCE.findall(read_log(self.server)))
        print(f"references: {len(received)} received, {len(logged)} in the log")
        return received == logged and not any(count > 1 for count in received.values())

    def check_memory(self) -> bool:
        """Print, and return whether the workers kept their size after the first tenth."""
        later = [sample for sample in self.samples if sample.done >= self.requests / 10]
        if not later or len({tuple(sample.sizes) for sample in self.samples}) > 1:
            print("memory: the run was cut short, or a worker has died")
            return False
        is_flat = True
        for pid, first in later[0].sizes.items():
            sizes = [sample.sizes[pid] for sample in later]
            growth = max(sizes) / first - 1
            is_flat = is_flat and growth <= MAX_GROWTH
            print(
                f"memory of worker {pid}: {first / MEGABYTE:.1f} MB after the first tenth, then at "
                f"most {max(sizes) / MEGABYTE:.1f} MB ({growth:+.1%}), at the end "
                f"{sizes[-1] / MEGABYTE:.1f} MB; {get_cpu_seconds(pid):.0f} s of processor time"
            )
        if self.requests < MIN_REQUESTS_FOR_GROWTH:
            print(f"memory: not judged in a run of fewer than {MIN_REQUESTS_FOR_GROWTH} requests")
            return True
        return is_flat


def main() -> int:
    """Make a database, start the server, run the clients, report, and clean up."""
    parser = make_parser("load", __doc__)
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn", help="the server")
    parser.add_argument(
        "--requests", type=int, default=5_000, help="of all clients; 200000 for the figures"
    )
    parser.add_argument("--clients", type=int, default=16, help="that send at once")
    parser.add_argument("--workers", type=int, default=2, help="of the server")
    parser.add_argument("--threads", type=int, default=16, help="of each worker of gunicorn")
    parser.add_argument("--max-seconds", type=float, default=7200, help="a longer run has failed")
    options = parser.parse_args()
    print_versions(options.server)
    with tempfile.TemporaryDirectory(prefix="django-apierrors-load-") as directory:
        database = Path(directory, "load.sqlite3")
        manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
        manage("seed_demo", database=database, settings=SETTINGS)
        environment = {"EXAMPLE_DATABASE": str(database)}
        sizes = {"workers": options.workers, "threads": options.threads}
        with serve(options.server, environment, **sizes) as server:
            load = Load(server, options)
            load.run()
            return 0 if load.report() else 1


if __name__ == "__main__":
    sys.exit(main())
