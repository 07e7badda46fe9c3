"""How fast are errors, and successes, beside those of the DRF that this project stands on?

    python -m benchmarks.speed --rounds 40

One process sends requests through Django's WSGI handler, to one configuration after the other,
round about, so that what slows the machine down slows them all down. The figures are CPU time as a
ratio to stock DRF's of the same round, the median over the rounds. `stock again` is stock DRF,
in views of its own: what it differs from 1 by is noise. What is without orjson runs in a process of
its own, with a stock DRF of its own beside it.
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
from math import log10
from pathlib import Path
from statistics import median
from time import process_time_ns

from benchmarks import speed_plot

PACKAGES = ("django", "djangorestframework", "drf-standardized-errors", "orjson")

# How long a configuration has its turn, in nanoseconds of CPU time.
TURN = 15_000_000

MIN_ROUNDS = 5

WITHOUT_ORJSON = ("stock DRF", "ours", "ours, generic views")

Send = Callable[[], object]
Ratios = dict[str, dict[str, float]]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", nargs="*", default=(), metavar="E1")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("--without-orjson", action="store_true", help="print JSON of that row")
    options = parser.parse_args()
    if options.without_orjson:
        # What `import orjson` meets where it is not installed.
        sys.modules["orjson"] = None  # type: ignore[assignment]
    start_django()
    ratios = measure_scenarios(options)
    if options.without_orjson:
        print(json.dumps(ratios))
        return
    ratios |= {f"{name}, without orjson": row for name, row in run_without_orjson().items()}
    print("\n".join(make_table(ratios)))
    if not options.only:
        print("\n".join(measure_alone(options.rounds)))
    if options.plot:
        options.plot.write_text(speed_plot.draw(ratios), encoding="utf-8")


def run_without_orjson() -> Ratios:
    """Return what this program measures in a process that has no orjson."""
    command = [sys.executable, "-m", "benchmarks.speed", "--without-orjson", *sys.argv[1:]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    ratios: Ratios = json.loads(done.stdout)
    return {name: ratios[name] for name in WITHOUT_ORJSON[1:]}


def start_django() -> None:
    """Set Django up; with the modules that are measured, it is imported after orjson is hidden."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.speed_settings")
    django.setup()


def measure_scenarios(options: argparse.Namespace) -> Ratios:
    """Return the ratios of each configuration by scenario."""
    from benchmarks import speed_project, speed_requests

    names = options.only or [*speed_project.SCENARIOS]
    configurations = {
        name: application
        for name, application in speed_requests.make_configurations(names).items()
        if not options.without_orjson or name in WITHOUT_ORJSON
    }
    ratios: Ratios = {name: {} for name in configurations}
    for name in names:
        sends = {
            configuration: speed_requests.make_request(application, name)
            for configuration, application in configurations.items()
        }
        for configuration, ratio in measure(sends, options.rounds).items():
            ratios[configuration][name] = ratio
    return ratios


def measure_alone(rounds: int) -> Iterator[str]:
    """Yield what handler and renderer alone take, from an exception to bytes."""
    from benchmarks import speed_requests

    times = {}
    for name in ("E1", "E9", "E10"):
        sends = speed_requests.make_alone(name)
        ratio = measure(sends, rounds)["ours"]
        turn = count(sends)
        times[name] = min(spend(sends["ours"], turn) for _try in range(5)) / turn
        yield f"Handler and renderer alone, {name}: {ratio:.2f} of stock DRF's"
    yield f"From E9 to E10 the exponent is {log10(times['E10'] / times['E9']):.2f}"


def measure(sends: Mapping[str, Send], rounds: int) -> dict[str, float]:
    """Return the time that each of `sends` takes, as a ratio to that of the first."""
    reference = next(iter(sends))
    times = count(sends)
    # A request of a second has few rounds, of which each is the steadier.
    rounds = max(MIN_ROUNDS, min(rounds, round(rounds * TURN * 4 / (spend(sends[reference], 1)))))
    ratios: dict[str, list[float]] = {name: [] for name in sends}
    names = list(sends)
    for _round in range(rounds):
        random.shuffle(names)
        spent = {name: spend(sends[name], times) for name in names}
        for name in names:
            ratios[name].append(spent[name] / spent[reference])
    return {name: median(values) for name, values in ratios.items()}


def count(sends: Mapping[str, Send]) -> int:
    """Warm up, and return how often the first of `sends` can be called in a turn."""
    once = [min(spend(send, 1) for _try in range(4)) for send in sends.values()]
    return max(1, round(TURN / once[0]))


def spend(send: Send, times: int) -> int:
    """Return the CPU time of `times` calls, less that of collecting their garbage."""
    gc.collect()
    gc.disable()
    try:
        begun = process_time_ns()
        for _time in range(times):
            send()
        return process_time_ns() - begun
    finally:
        gc.enable()


def make_table(ratios: Ratios) -> Iterator[str]:
    """Yield the lines of the table, in Markdown, and of what it was made with."""
    names = list(next(iter(ratios.values())))
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for configuration, row in ratios.items():
        yield f"| {configuration} | {' | '.join(f'{row[name]:.2f}' for name in names)} |"
    yield ""
    yield f"`python -m benchmarks.speed {' '.join(sys.argv[1:])}`".replace(" `", "`")
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    yield f"Python {platform.python_version()} ({platform.machine()}), {packages}"


if __name__ == "__main__":
    main()
