"""Outages: the database stops and starts again under load. What do clients see, what is stored?

    python -m stress.outages --server gunicorn --outages 20

The script runs a PostgreSQL server of its own (the programs must be installed) in a temporary
directory. Every second outage is a crash. The exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter

from example_project.demo.server import Server
from example_project.demo.tour.checks import Response
from stress.bodies import is_error_body
from stress.postgresql import connect, serve_postgresql, start_postgresql
from stress.reports import make_parser, print_versions, print_violations
from stress.servers import COMMANDS, get_workers, read_log, serve
from stress.settings import ROWS_PER_ORDER
from tests.recognition.database.own_servers import PostgreSQL

URLS = ("/stress/orders", "/stress/explicit-orders")
TABLE = "CREATE TABLE orders (token text NOT NULL, number integer NOT NULL)"
TIMEOUT = 60.0
DOWN_SECONDS = 1.0
RECOVERY_SECONDS = 30.0
"""The time until every worker must have sent a success after the database is back."""


class Client:
    """Writes and reads one order after the other, and keeps the outcome of each."""

    def __init__(self, number: int, server: Server) -> None:
        """Keep its number and the server."""
        self.number = number
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
        self.statuses: Counter[int] = Counter()
        # Whether each order was acknowledged, by its token.
        self.orders: dict[str, bool] = {}
        self.violations: list[str] = []
        # The time of the last success of each worker.
        self.successes: dict[str, float] = {}
        self.is_over = False

    def run(self) -> None:
        """Write orders and read them, until the run is over."""
        for number in itertools.count():
            if self.is_over:
                self.connection.close()
                return
            token = f"{self.number}-{number}"
            url = URLS[number % len(URLS)]
            written = self.send("POST", url, json.dumps({"token": token}), 201)
            self.orders[token] = written is not None
            read = self.send("GET", f"{url}?token={token}", None, 200)
            if written and read and read.json != {"token": token, "rows": ROWS_PER_ORDER}:
                self.violations.append(f"{token} was written, but the server returned {read.text}")
            # The next connection may reach another worker.
            self.connection.close()

    def send(self, method: str, url: str, content: str | None, status: int) -> Response | None:
        """Send a request and return its success, or `None`."""
        try:
            self.connection.request(method, url, content, {"Content-Type": "application/json"})
            reply = self.connection.getresponse()
            response = Response(reply.status, reply.reason, reply.headers, reply.read())
        except (OSError, http.client.HTTPException) as exc:
            self.violations.append(f"{method}: no response: {exc!r}")
            self.connection.close()
            return None
        self.statuses[response.status] += 1
        if response.status == status:
            self.successes[response.headers["X-Worker"]] = time.monotonic()
            return response
        if not is_unavailable(response):
            self.violations.append(f"{method}: {response.status} {response.text[:300]}")
        # Shorter than `Retry-After`, so that a run has many requests.
        time.sleep(0.02)
        return None


def is_unavailable(response: Response) -> bool:
    """Whether the response is the 503 that is expected during an outage."""
    return (
        response.status == 503
        and is_error_body(response.json)
        and response.json["code"] == "SERVICE_UNAVAILABLE"
        and int(response.headers["Retry-After"]) > 0
    )


class Outages:
    """The run: clients write orders while the database stops and starts."""

    def __init__(self, server: Server, database: PostgreSQL, options: argparse.Namespace) -> None:
        """Keep both servers and the command line."""
        self.server, self.database, self.options = server, database, options
        self.clients = [Client(number, server) for number in range(options.clients)]
        self.workers = get_workers(server)
        self.recoveries: list[float] = []
        self.violations: list[str] = []

    @property
    def statuses(self) -> Counter[int]:
        """The number of responses of all clients, by status."""
        return sum((client.statuses for client in self.clients), Counter())

    def run(self) -> None:
        """Run the clients and the outages."""
        threads = [threading.Thread(target=client.run) for client in self.clients]
        for thread in threads:
            thread.start()
        try:
            for number in range(1, self.options.outages + 1):
                time.sleep(self.options.interval)
                self.interrupt(is_crash=number % 2 == 0)
                self.wait_for_recovery(number)
                print(f"outage {number}: {dict(self.statuses)}", flush=True)
        finally:
            for client in self.clients:
                client.is_over = True
            for thread in threads:
                thread.join()

    def interrupt(self, *, is_crash: bool) -> None:
        """Stop the database for a while."""
        if is_crash:
            self.database.stop()
        else:
            self.database.shut_down()
        time.sleep(DOWN_SECONDS)
        start_postgresql(self.database)

    def wait_for_recovery(self, number: int) -> None:
        """Wait until each worker has sent a success again."""
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
        self.violations.append(f"outage {number}: a worker has not recovered")

    def report(self) -> bool:
        """Print the figures; return whether everything is right."""
        statuses = self.statuses
        violations = [*self.violations, *(v for client in self.clients for v in client.violations)]
        print(f"responses: {dict(statuses)}")
        recoveries = sorted(self.recoveries) or [0.0]
        print(
            f"every worker recovered after {recoveries[len(recoveries) // 2]:.2f} s in the median, "
            f"{recoveries[-1]:.2f} s at most"
        )
        if get_workers(self.server) != self.workers:
            violations.append("a worker was restarted")
        log = read_log(self.server)
        if "django_apierrors failed" in log or "Internal Server Error" in log:
            violations.append("the log has an unhandled exception")
        violations += self.find_wrong_orders()
        print_violations(violations)
        return bool(statuses[503] and statuses[201]) and not violations

    def find_wrong_orders(self) -> list[str]:
        """Return the orders that are lost or stored in part."""
        with connect(self.database) as connection:
            cursor = connection.execute("SELECT token, count(*) FROM orders GROUP BY token")
            stored = dict(cursor.fetchall())
        orders = {token: ok for client in self.clients for token, ok in client.orders.items()}
        lost = [token for token, ok in orders.items() if ok and token not in stored]
        partial = [token for token, count in stored.items() if count != ROWS_PER_ORDER]
        # The database may stop after it has written a COMMIT and before it has confirmed it.
        unconfirmed = [token for token, ok in orders.items() if not ok and token in stored]
        print(f"orders: {sum(orders.values())} acknowledged, {len(orders)} sent")
        print(f"acknowledged and lost: {len(lost)}; stored in part: {len(partial)}; ", end="")
        print(f"answered with an error, and stored as a whole: {len(unconfirmed)}")
        return [
            *(f"{token} was lost" for token in lost),
            *(f"{token} is stored in part" for token in partial),
        ]


def main() -> int:
    """Start both servers, run, report, and clean up."""
    parser = make_parser("outages", __doc__)
    parser.add_argument("--server", choices=COMMANDS, default="gunicorn", help="the server")
    parser.add_argument("--outages", type=int, default=3, help="in this run; 20 for the figures")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between two outages")
    parser.add_argument("--clients", type=int, default=16, help="that send at once")
    options = parser.parse_args()
    print_versions(options.server, "psycopg")
    with serve_postgresql() as database:
        with connect(database) as connection:
            connection.execute(TABLE)
        environment = {"STRESS_POSTGRESQL_PORT": str(database.port)}
        with serve(options.server, environment) as server:
            outages = Outages(server, database, options)
            outages.run()
            return 0 if outages.report() else 1


if __name__ == "__main__":
    sys.exit(main())
