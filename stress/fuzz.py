"""Fuzz: run the tests' fuzz targets, seed after seed, for a number of minutes.

    python -m stress.fuzz --minutes 30

Each round runs every target with the next seed. A failure is printed with its seed, reduced by
hypothesis; the exit status is then 1.
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

from stress.reports import make_parser, print_versions

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

# Every record is formatted, and then discarded.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"discard": {"class": "logging.FileHandler", "filename": os.devnull}},
    "root": {"handlers": ["discard"], "level": "DEBUG"},
    "loggers": {"django": {"handlers": ["discard"], "level": "INFO", "propagate": False}},
}


def main() -> int:
    """Make a database, fuzz, report, and clean up."""
    parser = make_parser("fuzz", __doc__)
    parser.add_argument("--minutes", type=float, default=1, help="30 for the figures")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--examples", type=int, default=500, help="of each target in a round")
    parser.add_argument("--only", default="", help="the targets that have this in their names")
    options = parser.parse_args()
    print_versions("hypothesis")
    with tempfile.TemporaryDirectory(prefix="django-apierrors-fuzz-") as directory:
        start_django(Path(directory, "fuzz.sqlite3"))
        return fuzz(options)


def start_django(database: Path) -> None:
    """Set Django up with the settings of the tests, and make the tables."""
    import django
    from django.core.management import call_command

    from tests import settings

    # In a file, because each thread would have its own database in memory.
    settings.DATABASES["default"]["NAME"] = str(database)
    settings.LOGGING = LOGGING  # type: ignore[attr-defined]
    os.environ["DJANGO_SETTINGS_MODULE"] = settings.__name__
    # Python's logging cannot format every exception that the targets raise.
    logging.raiseExceptions = False
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def fuzz(options: argparse.Namespace) -> int:
    """Fuzz until the time is over; return the exit status."""
    from tests.fuzz.project import STATUS_COUNTS
    from tests.fuzz.targets import TARGETS

    targets = [target for target in TARGETS if options.only in target.name]
    counts: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    begun, seed = time.monotonic(), options.seed
    while time.monotonic() < begun + options.minutes * 60:
        for target in targets:
            before = STATUS_COUNTS.total()
            failures[target.name] += not check_target(target, seed, options.examples)
            counts[target.name] += STATUS_COUNTS.total() - before
        seed += 1
        seconds = time.monotonic() - begun
        print(f"{seconds:6.0f} s: seed {seed - 1}, {STATUS_COUNTS.total()} requests", flush=True)
    print(
        f"seeds {options.seed} to {seed - 1}, {STATUS_COUNTS.total()} requests in {seconds:.0f} s"
    )
    for name, count in counts.items():
        print(f"  {count:7d} {name}, {failures[name]} failures")
    classes: Counter[int] = Counter()
    for status, count in STATUS_COUNTS.items():
        classes[status // 100] += count
    print("responses:", ", ".join(f"{classes[key]} x {key}xx" for key in sorted(classes)))
    return 1 if failures.total() else 0


def check_target(target: Target, seed: int, examples: int) -> bool:
    """Return whether a target passes with a seed; a failure is printed, and rows are deleted."""
    from hypothesis import HealthCheck

    from tests.models import Parcel, Shelf, Thing

    options: dict[str, Any] = {"deadline": None, "database": None, "print_blob": False}
    try:
        target.run(seed, max_examples=examples, suppress_health_check=list(HealthCheck), **options)
    except Exception as exc:
        # Some exceptions of the targets raise when an attribute is read.
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
