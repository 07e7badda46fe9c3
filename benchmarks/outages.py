"""Outages: the database is stopped and started again under load. What do clients see, what stays?

    python -m benchmarks.outages --server gunicorn --outages 20

It has a PostgreSQL server of its own, whose programs must be installed, in a temporary directory.
Every second outage is a crash. The exit status is 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.bodies import is_body
from benchmarks.outages_settings import API_ERRORS, ROWS
from benchmarks.postgresql import Instance, postgresql
from benchmarks.servers import COMMANDS, get_workers, serve
from benchmarks.versions import get_versions
from example_project.demo.server import Server
from example_project.demo.tour.checks import Response as Answer

URLS = ("/orders", "/explicit-orders")
TABLE = "CREATE TABLE rows (token text NOT NULL, number integer NOT NULL)"
TIMEOUT = 60.0
DOWN_SECONDS = 1.0
RECOVERY_SECONDS = 30.0
"""What every worker is given to answer with a success once the database is there."""

MODES = ("fast", "immediate")


class Client:
    """Orders one after the other, and what became of each."""

    def __init__(self, number: int, server: Server) -> None:
        """Take its number and the server."""
        self.number = number
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
        self.statuses: Counter[int] = Counter()
        self.written: dict[str, bool] = {}
        self.violations: list[str] = []
        # When each worker was last heard of with a success.
        self.successes: dict[str, float] = {}
        self.is_over = False

    def run(self) -> None:
        """Write orders and read them, until it is over."""
        for number in itertools.count():
            if self.is_over:
                self.connection.close()
                return
            token = f"{self.number}-{number}"
            url = URLS[number % len(URLS)]
            written = self.ask("POST", url, json.dumps({"token": token}), 201)
            self.written[token] = written is not None
            read = self.ask("GET", f"{url}?token={token}", None, 200)
            if written and read and read.json != {"token": token, "rows": ROWS}:
                self.violations.append(f"{token} was written, and read as {read.text}")
            # So that a worker that another client sees may be seen by this one too.
            self.connection.close()

    def ask(self, method: str, url: str, content: str | None, status: int) -> Answer | None:
        """Send a request and return the answer, `None` where it was refused."""
        try:
            self.connection.request(method, url, content, {"Content-Type": "application/json"})
            got = self.connection.getresponse()
            answer = Answer(got.status, got.reason, got.headers, got.read())
        except (OSError, http.client.HTTPException) as exc:
            self.violations.append(f"{method}: no answer: {exc!r}")
            self.connection.close()
            return None
        self.statuses[answer.status] += 1
        if answer.status == status:
            self.successes[answer.headers["X-Worker"]] = time.monotonic()
            return answer
        if not is_refusal(answer):
            self.violations.append(f"{method}: {answer.status} {answer.text[:300]}")
        # It would wait for `Retry-After`; this one is in a hurry, but not in a frenzy.
        time.sleep(0.02)
        return None


def is_refusal(answer: Answer) -> bool:
    """Tell whether an answer is the 503 that it should be."""
    return (
        answer.status == 503
        and is_body(answer.json)
        and answer.json["code"] == "SERVICE_UNAVAILABLE"
        and answer.headers["Retry-After"] == str(API_ERRORS["RETRY_AFTER"])
    )


class Outages:
    """The run: the clients order, the database comes and goes."""

    def __init__(self, server: Server, instance: Instance, options: argparse.Namespace) -> None:
        """Take both servers and the command line."""
        self.server, self.instance, self.options = server, instance, options
        self.clients = [Client(number, server) for number in range(options.clients)]
        self.workers = get_workers(server)
        self.recoveries: list[float] = []
        self.violations: list[str] = []

    def run(self) -> None:
        """Do it all."""
        threads = [threading.Thread(target=client.run) for client in self.clients]
        for thread in threads:
            thread.start()
        try:
            for number in range(self.options.outages):
                time.sleep(self.options.interval)
                mode = MODES[number % len(MODES)]
                self.instance.stop(mode)
                time.sleep(DOWN_SECONDS)
                self.instance.start()
                self.wait_for_recovery(number)
                statuses = sum((client.statuses for client in self.clients), Counter())
                print(f"outage {number + 1} ({mode}): {dict(statuses)}", flush=True)
        finally:
            for client in self.clients:
                client.is_over = True
            for thread in threads:
                thread.join()

    def wait_for_recovery(self, number: int) -> None:
        """Wait until each worker has answered with a success again."""
        begun = time.monotonic()
        while time.monotonic() < begun + RECOVERY_SECONDS:
            times = [
                max(client.successes.get(str(worker), 0.0) for client in self.clients)
                for worker in self.workers
            ]
            if min(times) > begun:
                self.recoveries.append(max(times) - begun)
                return
            time.sleep(0.01)
        self.violations.append(f"outage {number + 1}: a worker has not recovered")

    def report(self) -> bool:
        """Print the figures; return whether all is as it should be."""
        statuses = sum((client.statuses for client in self.clients), Counter())
        violations = [*self.violations, *(v for client in self.clients for v in client.violations)]
        print(f"answers: {dict(statuses)}")
        print(f"each worker answered again after {show(self.recoveries)}")
        log = self.server.log.read_text(errors="replace")
        if get_workers(self.server) != self.workers:
            violations.append("a worker was started anew")
        if "django_apierrors failed" in log or "Internal Server Error" in log:
            violations.append("the log tells of a bug")
        violations += self.find_halves()
        print(f"violations: {len(violations)}", *violations[:10], sep="\n  ")
        return bool(statuses[503] and statuses[201]) and not violations

    def find_halves(self) -> list[str]:
        """Return what is in the database and should not be, or the other way round."""
        with self.instance.connect() as connection:
            rows = dict(
                connection.execute("SELECT token, count(*) FROM rows GROUP BY token").fetchall()
            )
        written = {token: ok for client in self.clients for token, ok in client.written.items()}
        lost = [token for token, ok in written.items() if ok and token not in rows]
        halves = [token for token, count in rows.items() if count != ROWS]
        # The server may go after it has written a COMMIT and before it says so.
        kept = [token for token, ok in written.items() if not ok and token in rows]
        print(f"orders: {sum(written.values())} acknowledged, {len(written)} sent")
        print(f"acknowledged and lost: {len(lost)}; half-written: {len(halves)}; ", end="")
        print(f"refused, and written as a whole: {len(kept)}")
        return [f"{token} was lost" for token in lost] + [f"{token} is half" for token in halves]


def show(times: list[float]) -> str:
    """Return how long it took at best, in the middle and at worst."""
    ordered = sorted(times) or [0.0]
    shown = (ordered[0], ordered[len(ordered) // 2], ordered[-1])
    return "{:.2f} s at best, {:.2f} s in the median, {:.2f} s at worst".format(*shown)


def main() -> int:
    """Start both servers, run, report, and leave nothing behind."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.outages", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn")
    parser.add_argument(
        "--outages", type=int, default=3, help="default: %(default)s; 20 for the figures"
    )
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between two outages")
    parser.add_argument("--clients", type=int, default=16, help="default: %(default)s")
    options = parser.parse_args()
    print(get_versions(options.server, "psycopg"), flush=True)
    with tempfile.TemporaryDirectory(prefix="django-apierrors-outages-") as name:
        directory = Path(name)
        with postgresql(directory) as instance:
            with instance.connect() as connection:
                connection.execute(TABLE)
            environment = {
                "DJANGO_SETTINGS_MODULE": "benchmarks.outages_settings",
                "BENCHMARK_PORT": str(instance.port),
                "BENCHMARK_SERVER": options.server,
            }
            log = directory / "server.log"
            with serve(options.server, environment, log, workers=2) as server:
                outages = Outages(server, instance, options)
                outages.run()
                return 0 if outages.report() else 1


if __name__ == "__main__":
    sys.exit(main())
