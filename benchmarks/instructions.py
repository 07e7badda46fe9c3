"""How many instructions does a request take? What a clock says of a busy machine is no answer.

    python -m benchmarks.instructions --only E1 E3

`valgrind --tool=callgrind` counts what the processor is told between two marks: two functions of
the C library that nothing else here calls.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

BEGIN, END = "getsid", "getpgid"

# By then Python has specialised its bytecode, and all that is remembered is.
WARM_UP = 24
TIMES = 10
SLOW = frozenset({"E9", "E10", "S3"})

Counts = dict[str, dict[str, int]]


def main() -> None:
    """Count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=(), metavar="E1")
    parser.add_argument("--of", nargs="*", default=(), metavar="ours")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        run(options.only, options.of)
        return
    for line in make_table(count(options.only, options.of)):
        print(line)


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
    from benchmarks import speed_project

    names = only or [*speed_project.SCENARIOS]
    for configuration, application in speed_project.make_configurations(names).items():
        if of and configuration not in of:
            continue
        for name in names:
            send = speed_project.make_request(application, name)
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
