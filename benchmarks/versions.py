"""What a benchmark was run with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("django", "djangorestframework", "orjson")


def get_versions(*packages: str) -> str:
    """Return the versions of Python, of what we stand on and of `packages`, in one line."""
    named = (f"{package} {get_version(package)}" for package in (*PACKAGES, *packages))
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {', '.join(named)}; {os.cpu_count()} processors, "
        f"load before the run {load}"
    )


def get_version(package: str) -> str:
    """Return the version of `package`, `absent` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
