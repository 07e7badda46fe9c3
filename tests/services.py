"""The servers that a test needs. If a server is missing, the test is skipped, and fails in CI."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec

import pytest

# The oldest Python of packages that do not support all of ours. Older ones skip their tests.
PYTHONS = {"django_tasks_celery": (3, 12)}


def skip_or_fail(reason: str) -> None:
    """Skip the test; fail it if `REQUIRE_SERVICES=1`, as in CI, where nothing may be missing."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


def require_package(name: str) -> None:
    """Skip or fail the test if an optional package is not installed."""
    if find_spec(name) is not None:
        return
    python = PYTHONS.get(name, (3, 11))
    if sys.version_info < python:
        needed = ".".join(map(str, python))
        pytest.skip(f"{name} needs Python {needed} or newer", allow_module_level=True)
    skip_or_fail(f"{name} is not installed")


def require_server(name: str, port: int) -> None:
    """Skip or fail the test if a server does not run on this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as exc:
        skip_or_fail(f"no {name} on 127.0.0.1:{port}: {exc}")
