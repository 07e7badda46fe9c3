"""Imports: the CPU time and the memory that this package adds to a worker with stock DRF.

    python -m benchmarks.imports

Each run starts two processes, which import Django and DRF. The second process also imports every
module of this package that a server can import. Each process then sends the requests of the speed
benchmark: the first to stock DRF, the second to this package's generic views. The figures are
medians of the runs. The script needs Linux (`/proc`).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import NamedTuple

MEGABYTE = 1024 * 1024

# A server does not import these; `openapi` needs drf-spectacular.
OURS_LEFT_OUT = ("testing", "management", "openapi")
DRF_LEFT_OUT = ("authtoken", "management", "schemas", "documentation", "test")


class Worker(NamedTuple):
    """The milliseconds of the imports, and the megabytes of the process after the requests."""

    drf: float
    ours: float
    memory: float


def main() -> None:
    """Measure in several processes, and print the medians."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.imports", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--runs", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--worker", choices=("stock", "ours"), help="measure this process")
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(measure(options.worker)))
        return
    with TemporaryDirectory() as bytecode:
        # The first worker compiles the modules, and is not counted.
        run_worker("ours", bytecode)
        stock = [run_worker("stock", bytecode) for _ in range(options.runs)]
        ours = [run_worker("ours", bytecode) for _ in range(options.runs)]
    drf_time, our_time = median(each.drf for each in ours), median(each.ours for each in ours)
    before, after = median(each.memory for each in stock), median(each.memory for each in ours)
    print(f"importing DRF: {drf_time:.1f} ms; importing this package: {our_time:.1f} ms more")
    print(
        f"a worker of stock DRF: {before:.1f} MB; with this package: {after - before:.1f} MB more"
    )


def run_worker(kind: str, bytecode: str) -> Worker:
    """Return the figures of a new process, which keeps its bytecode in a directory."""
    command = [sys.executable, "-m", "benchmarks.imports", "--worker", kind]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    return Worker(*json.loads(subprocess.check_output(command, env=environment)))


def measure(kind: str) -> Worker:
    """Return the figures of this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django
    from django.conf import settings

    # Django would import the package before its time is measured.
    settings.INSTALLED_APPS.remove("django_apierrors")
    django.setup()
    drf = import_all("rest_framework", DRF_LEFT_OUT)
    ours = import_all("django_apierrors", OURS_LEFT_OUT) if kind == "ours" else 0.0
    send_requests("generic views" if kind == "ours" else "stock DRF")
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Worker(drf, ours, pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE)


def import_all(package: str, left_out: Collection[str] = ()) -> float:
    """Import the modules of a package, and return the milliseconds of CPU time."""
    begun = process_time()
    for module in iter_modules(import_module(package).__path__):
        name = f"{package}.{module.name}"
        if module.ispkg and module.name not in left_out:
            import_all(name)
        elif module.name not in left_out:
            import_module(name)
    return (process_time() - begun) * 1000


def send_requests(name: str) -> None:
    """Send each request a few times to a configuration."""
    from benchmarks.project import CONFIGURATIONS
    from benchmarks.scenarios import ERRORS, SUCCESSES, make_application, make_sender

    application = make_application(CONFIGURATIONS[name])
    for label, scenario in {**ERRORS, **SUCCESSES}.items():
        # Large requests are not sent: their garbage would be measured.
        if ",000" not in label:
            send = make_sender(application, scenario)
            for _ in range(5):
                send()


if __name__ == "__main__":
    main()
