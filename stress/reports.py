"""Code that the stress scripts share: the command line, the lines of a report."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import quantiles

SETTINGS = "stress.settings"

PACKAGES = ("django", "djangorestframework", "orjson")


def make_parser(script: str, doc: str | None) -> argparse.ArgumentParser:
    """Return the parser of a script's command line; `doc` is the docstring of its module."""
    return argparse.ArgumentParser(
        prog=f"python -m stress.{script}",
        description=(doc or "").partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def print_versions(*packages: str) -> None:
    """Print the versions of Python, of the main packages and of `packages`, and the load."""
    names = ", ".join(f"{package} {get_version(package)}" for package in (*PACKAGES, *packages))
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {names}; {os.cpu_count()} processors, "
        f"load before the run {load}",
        flush=True,
    )


def get_version(package: str) -> str:
    """Return the version of `package`, or `absent`."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def print_violations(violations: Sequence[str]) -> None:
    """Print the number of violations and the first ten."""
    print(f"violations: {len(violations)}", *violations[:10], sep="\n  ")


def format_percentiles(seconds: list[float]) -> str:
    """Return the median, 95th and 99th percentile in milliseconds."""
    cuts = quantiles(seconds if len(seconds) > 1 else [0.0, 0.0], n=100, method="inclusive")
    return ", ".join(f"p{p} {1000 * cuts[p - 1]:.1f} ms" for p in (50, 95, 99))
