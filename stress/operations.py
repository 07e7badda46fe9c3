"""Operations: workers are killed while they work. Is an operation lost, is one run twice?

    python -m stress.operations --operations 10000 --kills 20

The script runs a PostgreSQL server of its own, as `outages` does. Two `db_worker` processes run the
tasks; every few seconds one of them is killed (SIGKILL) and replaced. The exit status is
1 if anything is wrong.
"""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from queue import Empty, Queue
from typing import Any, NamedTuple

from stress.postgresql import serve_postgresql
from stress.reports import (
    SETTINGS,
    format_percentiles,
    make_parser,
    print_versions,
    print_violations,
)

OWNERS = ("anna", "bert")
MAX_SECONDS = 3600


class Operation(NamedTuple):
    """An operation that was accepted."""

    number: int
    owner: str
    url: str


class Run:
    """The state that the threads share; lists and counters only grow."""

    def __init__(self, operations: int, kills: int, interval: float) -> None:
        """Keep the number of operations and of kills, and the seconds between two kills."""
        self.operations, self.kills, self.interval = operations, kills, interval
        self.numbers = deque(range(operations))
        self.waiting: Queue[Operation] = Queue()
        self.outcomes: dict[int, str] = {}
        self.violations: list[str] = []
        self.accept_times: list[float] = []
        self.poll_times: list[float] = []
        self.killed = 0
        self.last_success = 0.0
        self.started = time.monotonic()

    def is_over(self) -> bool:
        """Whether every operation has ended, or the time is over."""
        return len(self.outcomes) >= self.operations or self.get_seconds() > MAX_SECONDS

    def get_seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def accept(self) -> None:
        """Create operations until there are enough."""
        client = make_client()
        while self.numbers:
            try:
                number = self.numbers.popleft()
            except IndexError:
                return
            owner = OWNERS[number % 2]
            begun = time.perf_counter()
            response = client.post(
                "/stress/numbers",
                {"number": number},
                content_type="application/json",
                headers={"X-Owner": owner},
            )
            self.accept_times.append(time.perf_counter() - begun)
            if response.status_code == 202:
                self.waiting.put(Operation(number, owner, response["Location"]))
            else:
                self.violations.append(f"{number}: {response.status_code} {response.content!r}")
                self.outcomes[number] = "not accepted"

    def poll(self) -> None:
        """Poll operations until all have ended."""
        client = make_client()
        while not self.is_over():
            try:
                operation = self.waiting.get(timeout=0.5)
            except Empty:
                continue
            begun = time.perf_counter()
            response = client.get(operation.url, headers={"X-Owner": operation.owner})
            self.poll_times.append(time.perf_counter() - begun)
            self.check(operation, response)
            # Shorter than `Retry-After`, so that a run has many polls.
            time.sleep(0.005)

    def check(self, operation: Operation, response: Any) -> None:
        """Keep the outcome of an operation, or queue it for the next poll."""
        body = response.json()
        status = body.get("status")
        if status in ("ready", "running"):
            if response.get("Cache-Control") != "no-store" or "Retry-After" not in response:
                self.violations.append(f"{operation.number}: no Retry-After, or it may be cached")
            self.waiting.put(operation)
            return
        other = OWNERS[1 - operation.number % 2]
        status_for_other = make_client().get(operation.url, headers={"X-Owner": other}).status_code
        if status_for_other != 404:
            self.violations.append(f"{operation.number}: {other} got {status_for_other}")
        if status == "successful" and body["result"] == operation.number:
            self.outcomes[operation.number] = "successful"
            self.last_success = self.get_seconds()
        elif status == "failed" and body["error"]["code"] == "GATEWAY_TIMEOUT":
            self.outcomes[operation.number] = "killed"
        else:
            self.violations.append(f"{operation.number}: {body}")
            self.outcomes[operation.number] = "other"

    def kill(self) -> None:
        """Keep two workers running, and kill one of them every few seconds."""
        chance = random.Random(0)
        workers = [start_worker(), start_worker()]
        next_kill = time.monotonic() + 2 * self.interval
        while not self.is_over():
            time.sleep(0.1)
            if self.killed < self.kills and time.monotonic() > next_kill:
                # On POSIX kill() is SIGKILL: the worker cannot clean up.
                stop(workers.pop(chance.randrange(2)))
                self.killed += 1
                workers.append(start_worker())
                next_kill = time.monotonic() + self.interval * chance.uniform(0.5, 1.5)
        for worker in workers:
            stop(worker)

    def show_progress(self) -> None:
        """Print the progress every ten seconds."""
        shown = 0.0
        while not self.is_over():
            time.sleep(0.2)
            seconds = self.get_seconds()
            if seconds > shown + 10:
                shown = seconds
                print(
                    f"{seconds:6.0f} s: {len(self.accept_times)} accepted, {len(self.outcomes)} "
                    f"done, {len(self.poll_times)} polls, {self.killed} kills",
                    flush=True,
                )

    def run(self, threads: int) -> None:
        """Run all threads until every operation has ended."""
        jobs = [self.kill, self.show_progress, *[self.accept, self.poll] * threads]
        running = [threading.Thread(target=job) for job in jobs]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def report(self) -> bool:
        """Print the figures; return whether everything is right."""
        states, runs = count_tasks(), count_runs()
        tasks = sum(states.values())
        outcomes = Counter(self.outcomes.values())
        killed = [number for number, outcome in self.outcomes.items() if outcome == "killed"]
        twice = sum(1 for times in runs.values() if times > 1)
        wrong = sum(1 for n, end in self.outcomes.items() if end == "successful" and runs[n] != 1)
        rate = outcomes["successful"] / (self.last_success or 1)
        print(f"{self.last_success:.0f} s to the last success, {rate:.0f} operations/s")
        print(f"accepted: {len(self.accept_times)}, {format_percentiles(self.accept_times)}")
        print(f"polls: {len(self.poll_times)}, {format_percentiles(self.poll_times)}")
        print(f"workers killed: {self.killed}; tasks of the backend: {tasks}, {dict(states)}")
        print(f"outcomes: {dict(outcomes)}")
        print(f"killed at work, and shown as failed (GATEWAY_TIMEOUT): {len(killed)}, ", end="")
        print(f"of which {sum(runs[number] for number in killed)} had begun to run")
        print(f"lost: {self.operations - tasks}; without an outcome: ", end="")
        print(f"{self.operations - len(self.outcomes)}; run twice: {twice}; ", end="")
        print(f"successful without exactly one run: {wrong}")
        print_violations(self.violations)
        is_complete = tasks == self.operations == len(self.outcomes)
        return is_complete and not (twice or wrong or self.violations)


def make_client() -> Any:
    """Return a test client that returns a 500 as a server does."""
    from django.test import Client

    return Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")


def start_worker() -> subprocess.Popen[bytes]:
    """Start a worker of the task backend."""
    command = ["-m", "django", "db_worker", "--interval", "0.05", "--no-startup-delay"]
    return subprocess.Popen([sys.executable, *command, "--verbosity", "0"], env=os.environ)


def stop(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker."""
    worker.kill()
    worker.wait()


def count_tasks() -> Counter[str]:
    """Return how many tasks the backend has, by state."""
    from django_tasks_db.models import DBTaskResult

    return Counter(DBTaskResult.objects.values_list("status", flat=True))


def count_runs() -> Counter[int]:
    """Return how often each number was recorded."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT number, count(*) FROM runs GROUP BY number")
        return Counter(dict(cursor.fetchall()))


def start_django(port: int) -> None:
    """Set Django up for this process and for the workers, and make the tables."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "STRESS_POSTGRESQL_PORT": str(port),
        "EXAMPLE_TASKS": "db",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    # The 404 of the other client is expected.
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    call_command("migrate", "django_tasks_database", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE runs (number integer NOT NULL)")


def main() -> int:
    """Start the database, run, report, and clean up."""
    parser = make_parser("operations", __doc__)
    parser.add_argument("--operations", type=int, default=10_000, help="to accept")
    parser.add_argument("--kills", type=int, default=20, help="of a worker")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two kills")
    parser.add_argument("--threads", type=int, default=2, help="that accept, and that poll")
    options = parser.parse_args()
    print_versions("django-tasks-db", "psycopg")
    with serve_postgresql() as database:
        start_django(database.port)
        run = Run(options.operations, options.kills, options.interval)
        run.run(options.threads)
        return 0 if run.report() else 1


if __name__ == "__main__":
    sys.exit(main())
