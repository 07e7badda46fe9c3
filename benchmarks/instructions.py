"""How many instructions does a request take? What a clock says of a busy machine is no answer.

    python -m benchmarks.instructions --only E1 E3
    python -m benchmarks.instructions --guard

`valgrind --tool=callgrind` counts what the processor is told between two marks: two functions of
the C library that nothing else here calls.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

BEGIN, END = "getsid", "getpgid"

# Python 3.13 gives a class 1,000 versions, and looks up the attributes of one that has had them all
# without its caches. DRF changes `Field` with each field that is made (`_creation_counter`), so
# that any server has got there soon; E8 takes 8 % more instructions from then on, stock DRF's too.
VERSIONS = 1_000

# By then Python has specialised its bytecode, and all that is remembered is.
WARM_UP = 24
TIMES = 10
SLOW = frozenset({"E9", "E10", "S3"})

# What `make guard` counts, in half a minute to two.
GUARDED = ("E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E11", "S1", "S2")
GUARDED_OF = ("ours", "ours, generic views")
TOLERANCE = 0.05
RECORDED = Path(__file__).with_name("instructions.json")
PACKAGES = ("django", "djangorestframework", "orjson")

Counts = dict[str, dict[str, int]]


def main() -> None:
    """Count, and print the table; or hold the counts against those that are recorded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=(), metavar="E1")
    parser.add_argument("--of", nargs="*", default=(), metavar="ours")
    parser.add_argument("--guard", action="store_true", help="fail where there are 5 %% more")
    parser.add_argument("--record", action="store_true", help="record them for this environment")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        run(options.only, options.of)
    elif options.record:
        record()
    elif options.guard:
        sys.exit(guard())
    else:
        print("\n".join(make_table(count(options.only, options.of))))


def get_environment() -> str:
    """Return what the counts depend on, beside the code."""
    packages = (f"{package} {version(package)}" for package in PACKAGES)
    python = f"Python {platform.python_version()} ({platform.python_compiler()})"
    return ", ".join([python, platform.machine(), *packages])


def record() -> None:
    """Record the counts of this environment."""
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    recorded[get_environment()] = count(GUARDED, GUARDED_OF)
    RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")


def guard() -> int:
    """Return 1 where a request takes 5 % more instructions than are recorded, else 0."""
    if shutil.which("valgrind") is None:
        print("Not guarded: valgrind is not installed.")
        return int(os.environ.get("REQUIRE_SERVICES") == "1")
    recorded: Counts | None = json.loads(RECORDED.read_text()).get(get_environment())
    if recorded is None:
        print(f"Not guarded: nothing is recorded for {get_environment()} (make guard-record).")
        return 0
    is_too_much = False
    for configuration, row in count(GUARDED, GUARDED_OF).items():
        for name, number in row.items():
            before = recorded[configuration][name]
            verdict = "TOO MUCH" if number > before * (1 + TOLERANCE) else "ok"
            is_too_much = is_too_much or verdict != "ok"
            print(f"{configuration:20} {name:4} {number:9,} {number / before - 1:+.1%} {verdict}")
    return int(is_too_much)


def count(only: Iterable[str] = (), of: Iterable[str] = ()) -> Counts:
    """Return the instructions of a request, by configuration and scenario."""
    with TemporaryDirectory() as directory:
        out = Path(directory, "counts")
        done = subprocess.run(
            [
                *("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"),
                *(f"--zero-before={BEGIN}", f"--dump-before={END}"),
                *(sys.executable, "-m", "benchmarks.instructions", "--inside"),
                *("--only", *only, "--of", *of),
            ],
            # The order of sets, and with it what is called, must be the same each time.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        counts: Counts = {}
        for number, line in enumerate(done.stdout.splitlines(), 1):
            configuration, name, times = json.loads(line)
            summary = re.search(r"^summary: (\d+)", Path(f"{out}.{number}").read_text(), re.M)
            assert summary
            counts.setdefault(configuration, {})[name] = int(summary[1]) // times
        return counts


def run(only: Iterable[str], of: Iterable[str]) -> None:
    """Send the requests that are counted, each kind between two marks, and say what they were."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.speed_settings")
    django.setup()
    from rest_framework.fields import Field

    from benchmarks import speed_project, speed_requests

    for _version in range(VERSIONS):
        Field()
    names = only or [*speed_project.SCENARIOS]
    for configuration, application in speed_requests.make_configurations(names).items():
        if of and configuration not in of:
            continue
        for name in names:
            send = speed_requests.make_request(application, name)
            times = 1 if name in SLOW else TIMES
            for _time in range(2 if name in SLOW else WARM_UP):
                send()
            gc.collect()
            gc.disable()
            os.getsid(0)
            for _time in range(times):
                send()
            os.getpgid(0)
            gc.enable()
            print(json.dumps([configuration, name, times]), flush=True)


def make_table(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the lines of the table: thousands of instructions, and the ratio to stock DRF's."""
    reference = next(iter(counts.values()))
    yield f"| | {' | '.join(reference)} |"
    yield f"|---|{'---|' * len(reference)}"
    for configuration, row in counts.items():
        cells = (
            f"{number // 1000} ({number / reference[name]:.3f})" for name, number in row.items()
        )
        yield f"| {configuration} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
