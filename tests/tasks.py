"""The tasks of the test suite, for `django.tasks` or, on Django 5.2, its backport."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError

from django_apierrors.exceptions import InvalidState
from tests.models import Shelf

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

PATIENCE = 30.0

FAILURES: dict[str, type[Exception]] = {
    "validation": ValidationError,
    "django-validation": DjangoValidationError,
    "state": InvalidState,
    "missing": Shelf.DoesNotExist,
    "refused": ConnectionRefusedError,
    "bug": KeyError,
}


@task
def echo(**document: Any) -> dict[str, Any]:
    """Return what was sent."""
    return document


@task
def add(a: int, b: int = 1) -> int:
    """Return a sum."""
    return a + b


@task(takes_context=True)
def count_attempts(context: Any, name: str) -> list[Any]:
    """Return what the context says."""
    return [name, context.attempt]


@task
def do_nothing() -> None:
    """Return nothing."""


@task
def make_shelf(name: str) -> int:
    """Put up a shelf, and return its key."""
    return Shelf.objects.create(name=name).pk


@task
def fail(how: str) -> None:
    """Raise one of `FAILURES`."""
    raise FAILURES[how](f"Secret of {how}.")


@task
def raise_path(path: str) -> None:
    """Raise an exception of a class that calls itself `path`, which nobody can import."""
    module, _, name = path.rpartition(".")
    raise type(name, (Exception,), {"__module__": module, "__qualname__": name})("Secret.")


@task
def wait_for(directory: str, name: str) -> str:
    """Write down that it ran, and wait until the directory has a file called `go`."""
    log = os.open(Path(directory, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, b"run\n")
    os.close(log)
    deadline = time.monotonic() + PATIENCE
    while not Path(directory, "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return name


@task
def doomed() -> None:
    """Be removed before anyone asks."""


def undecorated() -> None:
    """Be no task by this name."""


misnamed = task(undecorated)
