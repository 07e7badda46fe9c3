"""Speed: errors and successes beside those of stock DRF and of drf-standardized-errors.

    python -m benchmarks.speed --rounds 40

One process sends requests through Django's WSGI handler. In each round every configuration has its
turn, in a random order, so that a busy machine slows all of them. A figure is the median, over the
rounds, of the ratio of its CPU time to that of stock DRF. `stock again` is a second copy of stock
DRF: its distance from 1 is noise. A second process measures the successes without orjson.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from statistics import median
from time import process_time_ns

PACKAGES = ("django", "djangorestframework", "drf-standardized-errors", "orjson")

REFERENCE = "stock DRF"

# The turn of a configuration, in nanoseconds of CPU time.
TURN = 15_000_000

# The rounds of a request that takes longer than a turn.
MIN_ROUNDS = 5

Row = dict[str, float]
"""The milliseconds of stock DRF, then the ratio of each other configuration to it."""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=40, help="default: %(default)s")
    parser.add_argument("--only", default="", help="the requests that have this in their names")
    parser.add_argument(
        "--without-orjson", action="store_true", help="print the successes without orjson, as JSON"
    )
    options = parser.parse_args()
    rows = measure_scenarios(options)
    if options.without_orjson:
        print(json.dumps(rows))
        return
    rows |= {f"{name}, without orjson": row for name, row in run_without_orjson().items()}
    print("\n".join(make_table(rows)))


def run_without_orjson() -> dict[str, Row]:
    """Return the rows that a process without orjson measures."""
    command = [sys.executable, "-m", "benchmarks.speed", "--without-orjson", *sys.argv[1:]]
    completed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    rows: dict[str, Row] = json.loads(completed.stdout)
    return rows


def measure_scenarios(options: argparse.Namespace) -> dict[str, Row]:
    """Return the row of each scenario."""
    if options.without_orjson:
        # `import orjson` raises ImportError, as if it were not installed.
        sys.modules["orjson"] = None  # type: ignore[assignment]
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    from benchmarks.project import CONFIGURATIONS
    from benchmarks.scenarios import ERRORS, SUCCESSES, make_application, make_sender

    applications = {
        name: make_application(configuration) for name, configuration in CONFIGURATIONS.items()
    }
    scenarios = SUCCESSES if options.without_orjson else {**ERRORS, **SUCCESSES}
    return {
        name: measure(
            {
                configuration: make_sender(application, scenario)
                for configuration, application in applications.items()
            },
            options.rounds,
        )
        for name, scenario in scenarios.items()
        if options.only in name
    }


def measure(senders: Mapping[str, Callable[[], None]], rounds: int) -> Row:
    """Return the row of one scenario."""
    for send in senders.values():
        warm_up(send)
    seconds = spend(senders[REFERENCE], 1)
    times = max(1, round(TURN / seconds))
    rounds = max(MIN_ROUNDS, min(rounds, round(rounds * TURN * 4 / seconds)))
    spent: dict[str, list[int]] = {name: [] for name in senders}
    for _round in range(rounds):
        for name in random.sample(list(senders), len(senders)):
            spent[name].append(spend(senders[name], times))
    row = {REFERENCE: median(spent[REFERENCE]) / times / 1_000_000}
    for name in senders:
        if name != REFERENCE:
            pairs = zip(spent[name], spent[REFERENCE], strict=True)
            row[name] = median(turn / reference for turn, reference in pairs)
    return row


def warm_up(send: Callable[[], None]) -> None:
    """Send the request for about a turn, and at least twice."""
    begun = process_time_ns()
    send()
    send()
    while process_time_ns() < begun + TURN:
        send()


def spend(send: Callable[[], None], times: int) -> int:
    """Return the CPU time of `times` calls in nanoseconds, without the collection of garbage."""
    gc.collect()
    gc.disable()
    try:
        begun = process_time_ns()
        for _time in range(times):
            send()
        return process_time_ns() - begun
    finally:
        gc.enable()


def make_table(rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield the lines of the table, in Markdown, and the versions."""
    names = list(next(iter(rows.values())))
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for scenario, row in rows.items():
        cells = [f"{row[REFERENCE]:.3g} ms", *(f"{row[name]:.2f}" for name in names[1:])]
        yield f"| {scenario} | {' | '.join(cells)} |"
    yield ""
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    yield f"Python {platform.python_version()} ({platform.machine()}), {packages}"


if __name__ == "__main__":
    main()
