"""Accept operations, poll them, and kill the workers on the way: is one lost, is one run twice?

    python -m benchmarks.operations --operations 10000 --kills 20

It wants a PostgreSQL server, in which it makes a database of its own (PGHOST, PGUSER). Two
`db_worker` processes do the work; every few seconds one of them is killed (SIGKILL) and another one
started. The exit status is 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from queue import Empty, Queue
from statistics import quantiles
from typing import Any, NamedTuple

DATABASE = f"apierrors_benchmark_{os.getpid()}"
CALLERS = ("anna", "bert")
MAX_SECONDS = 3600
JSON = {"content_type": "application/json"}


class Accepted(NamedTuple):
    """An operation that a caller was promised."""

    number: int
    caller: str
    url: str


class Benchmark:
    """The state that the threads share; lists and counters are appended to, never replaced."""

    def __init__(self, operations: int, kills: int, interval: float) -> None:
        """Take how many operations there are to be, how many kills, and the time between them."""
        self.operations, self.kills, self.interval = operations, kills, interval
        self.numbers = deque(range(operations))
        self.waiting: Queue[Accepted] = Queue()
        self.outcomes: dict[int, str] = {}
        self.violations: list[str] = []
        self.accept_times: list[float] = []
        self.poll_times: list[float] = []
        self.killed = 0
        self.last_success = 0.0
        self.workers: list[subprocess.Popen[bytes]] = []
        self.started = time.monotonic()

    def is_over(self) -> bool:
        """Tell whether every operation has come to its end, or this takes too long."""
        return len(self.outcomes) >= self.operations or self.get_seconds() > MAX_SECONDS

    def get_seconds(self) -> float:
        """Return how long it takes already."""
        return time.monotonic() - self.started

    def accept(self) -> None:
        """Have operations accepted, until there are enough."""
        client = make_client()
        while True:
            try:
                number = self.numbers.popleft()
            except IndexError:
                return
            caller = CALLERS[number % 2]
            begun = time.perf_counter()
            response = client.generic(
                "POST", "/accept", f'{{"number":{number}}}', **JSON, headers={"X-Caller": caller}
            )
            self.accept_times.append(time.perf_counter() - begun)
            if response.status_code != 202:
                self.violations.append(f"{number}: {response.status_code} {response.content!r}")
                self.outcomes[number] = "refused"
                continue
            self.waiting.put(Accepted(number, caller, response["Location"]))

    def poll(self) -> None:
        """Poll operations, until all have come to their end."""
        client = make_client()
        while not self.is_over():
            try:
                operation = self.waiting.get(timeout=0.5)
            except Empty:
                continue
            begun = time.perf_counter()
            response = client.get(operation.url, headers={"X-Caller": operation.caller})
            self.poll_times.append(time.perf_counter() - begun)
            self.judge(operation, response)
            # A client would wait for `Retry-After`; these are in a hurry, but not in a frenzy.
            time.sleep(0.005)

    def judge(self, operation: Accepted, response: Any) -> None:
        """Keep the outcome of an operation, or have it polled again."""
        body = response.json()
        status = body.get("status")
        if status in ("ready", "running"):
            waits = response.headers["Cache-Control"] == "no-store"
            if not waits or "Retry-After" not in response.headers:
                self.violations.append(f"{operation.number}: no word on when to ask again")
            self.waiting.put(operation)
            return
        other = CALLERS[1 - operation.number % 2]
        seen = make_client().get(operation.url, headers={"X-Caller": other}).status_code
        if seen != 404:
            self.violations.append(f"{operation.number}: {other} got {seen}")
        if status == "successful" and body["result"] == operation.number:
            self.outcomes[operation.number] = "successful"
            self.last_success = self.get_seconds()
        elif status == "failed" and body["error"]["code"] == "GATEWAY_TIMEOUT":
            self.outcomes[operation.number] = "killed"
        else:
            self.violations.append(f"{operation.number}: {body}")
            self.outcomes[operation.number] = "other"

    def kill(self) -> None:
        """Keep two workers at work; every now and then kill one."""
        chance = random.Random(0)
        self.workers += [start_worker(), start_worker()]
        next_kill = time.monotonic() + 2 * self.interval
        while not self.is_over():
            time.sleep(0.1)
            if self.killed < self.kills and time.monotonic() > next_kill:
                victim = self.workers.pop(chance.randrange(2))
                # On POSIX that is SIGKILL: the worker has no chance to put anything in order.
                victim.kill()
                victim.wait()
                self.killed += 1
                self.workers.append(start_worker())
                next_kill = time.monotonic() + self.interval * chance.uniform(0.5, 1.5)
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def show_progress(self) -> None:
        """Print how far it is, every ten seconds."""
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
        """Do it all at once."""
        jobs = [self.kill, self.show_progress, *[self.accept, self.poll] * threads]
        running = [threading.Thread(target=job) for job in jobs]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def report(self) -> bool:
        """Print the figures; return whether all is as it should be."""
        rows, runs, states = count()
        outcomes = Counter(self.outcomes.values())
        killed = [number for number, outcome in self.outcomes.items() if outcome == "killed"]
        twice = sum(1 for times in runs.values() if times > 1)
        wrong = sum(1 for n, end in self.outcomes.items() if end == "successful" and runs[n] != 1)
        rate = outcomes["successful"] / (self.last_success or 1)
        print(f"{self.last_success:.0f} s to the last success, {rate:.0f} operations/s")
        print(f"accepted: {len(self.accept_times)}, {show(self.accept_times)}")
        print(f"polls: {len(self.poll_times)}, {show(self.poll_times)}")
        print(f"workers killed: {self.killed}; rows of the engine: {rows}, {dict(states)}")
        print(f"outcomes: {dict(outcomes)}")
        print(f"killed on the way, read as failed (GATEWAY_TIMEOUT): {len(killed)}, ", end="")
        print(f"of which {sum(runs[number] for number in killed)} had begun to run")
        print(f"lost: {self.operations - rows}; without an outcome: ", end="")
        print(f"{self.operations - len(self.outcomes)}; run twice: {twice}; ", end="")
        print(f"successful without exactly one run: {wrong}")
        print(f"violations: {len(self.violations)}", *self.violations[:10], sep="\n  ")
        complete = rows == self.operations == len(self.outcomes)
        return complete and not (twice or wrong or self.violations)


def show(times: list[float]) -> str:
    """Return percentiles in milliseconds."""
    cuts = quantiles(times or [0.0], n=100)
    return ", ".join(f"p{p} {1000 * cuts[p - 1]:.1f} ms" for p in (50, 95, 99))


def make_client() -> Any:
    """Return a client of Django's handler, which shows a 500 as a server does."""
    from django.test import Client

    return Client(raise_request_exception=False)


def start_worker() -> subprocess.Popen[bytes]:
    """Start a worker of the engine."""
    command = ["-m", "django", "db_worker", "--interval", "0.05", "--no-startup-delay"]
    return subprocess.Popen([sys.executable, *command, "--verbosity", "0"], env=os.environ)


def count() -> tuple[int, Counter[int], Counter[str]]:
    """Return how many rows the engine has, how often each number was run, and the states."""
    from django.db import connection
    from django_tasks_db.models import DBTaskResult

    with connection.cursor() as cursor:
        cursor.execute("SELECT number, count(*) FROM runs GROUP BY number")
        runs = Counter(dict(cursor.fetchall()))
    states = Counter(DBTaskResult.objects.values_list("status", flat=True))
    return sum(states.values()), runs, states


def main() -> int:
    """Make the database, run, report, and leave nothing behind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two kills")
    parser.add_argument("--threads", type=int, default=2, help="that accept, and that poll")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.operations_settings"
    import psycopg

    host, user = os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGUSER", "postgres")
    with psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        try:
            os.environ["BENCHMARK_DATABASE"] = DATABASE
            return measure(options)
        finally:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def measure(options: argparse.Namespace) -> int:
    """Run the benchmark in the database that is there."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE runs (number integer NOT NULL)")
    benchmark = Benchmark(options.operations, options.kills, options.interval)
    benchmark.run(options.threads)
    return 0 if benchmark.report() else 1


if __name__ == "__main__":
    sys.exit(main())
