"""Fuzz: the targets of the tests' fuzzer, seed after seed, for as long as it is told.

    python -m benchmarks.fuzz --minutes 30

Each round runs every target with the next seed. What fails is shown, as small as hypothesis made
it, with its seed; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.versions import get_versions

if TYPE_CHECKING:
    from tests.fuzz.targets import Target


def main() -> int:
    """Make a database, fuzz, report, and leave nothing behind."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--minutes", type=float, default=1, help="default: %(default)s; 30 for the figures"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--examples", type=int, default=500, help="of each target in a round")
    parser.add_argument("--only", default="", help="the targets that have this in their names")
    options = parser.parse_args()
    print(get_versions("hypothesis"), flush=True)
    with tempfile.TemporaryDirectory(prefix="django-apierrors-fuzz-") as directory:
        os.environ["BENCHMARK_DATABASE"] = str(Path(directory, "fuzz.sqlite3"))
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.fuzz_settings"
        import django
        from django.core.management import call_command

        # What is raised may be more than the logging of Python can put into words.
        logging.raiseExceptions = False
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        return fuzz(options)


def fuzz(options: argparse.Namespace) -> int:
    """Fuzz until the time is over; return the exit status."""
    from tests.fuzz.project import ANSWERS
    from tests.fuzz.targets import TARGETS

    targets = [target for target in TARGETS if options.only in target.name]
    counts: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    begun, seed = time.monotonic(), options.seed
    while time.monotonic() < begun + options.minutes * 60:
        for target in targets:
            before = ANSWERS.total()
            if not holds(target, seed, options.examples):
                failures[target.name] += 1
            counts[target.name] += ANSWERS.total() - before
        seed += 1
        seconds = time.monotonic() - begun
        print(f"{seconds:6.0f} s: seed {seed - 1}, {ANSWERS.total()} requests", flush=True)
    print(f"seeds {options.seed} to {seed - 1}, {ANSWERS.total()} requests in {seconds:.0f} s")
    for name, count in counts.items():
        print(f"  {count:7d} {name}, {failures[name]} failures")
    kinds: Counter[int] = Counter()
    for status, count in ANSWERS.items():
        kinds[status // 100] += count
    print("answers:", ", ".join(f"{count} x {kind}xx" for kind, count in sorted(kinds.items())))
    return 1 if failures else 0


def holds(target: Target, seed: int, examples: int) -> bool:
    """Run a target with a seed, and tell whether it held; leave no rows behind."""
    from hypothesis import HealthCheck

    from tests.models import Parcel, Shelf, Thing

    options: dict[str, Any] = {"deadline": None, "database": None, "print_blob": False}
    try:
        target.run(seed, max_examples=examples, suppress_health_check=list(HealthCheck), **options)
    except Exception as exc:
        steps = "".join(traceback.format_tb(BaseException.__traceback__.__get__(exc)))
        print(f"{target.name} fails with seed {seed}:\n{steps[-3000:]}")
        print(*getattr(exc, "__notes__", ()), str(exc)[:2000], sep="\n", flush=True)
        return False
    finally:
        for model in (Parcel, Thing, Shelf):
            model.objects.all().delete()
    return True


if __name__ == "__main__":
    sys.exit(main())
