"""The tasks of these tests, for `django.tasks` or, on Django 5.2, its backport."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rest_framework.exceptions import APIException, ValidationError

from tests.models import Shelf, Thing

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

PATIENCE = 30.0


class CartError(APIException):
    """An exception whose code is that of `raise`."""

    status_code = 409


class RowError(CartError):
    """An exception that pickle cannot make again."""

    def __init__(self, *, row: str) -> None:
        super().__init__(f"Row {row}", code="row_taken")


EXCEPTIONS: dict[str, Callable[[str], Exception]] = {
    "validation": ValidationError,
    "missing": Shelf.DoesNotExist,
    "unavailable": ConnectionRefusedError,
    "unhandled": KeyError,
    "a code": lambda message: CartError(message, code="cart_full"),
    "data": lambda message: CartError({"detail": message, "available": 3}),
    "rows": lambda message: ValidationError({"rows": {n: [message] for n in range(3_000)}}),
    "a group": lambda message: ExceptionGroup("Secret.", [CartError(message, code="cart_full")]),
    "half a pair": lambda message: CartError("\ud800\0"),
    "a keyword": lambda message: RowError(row=message),
}

# Values that cannot be encoded as JSON.
VALUES: dict[str, Any] = {
    "nan": float("nan"),
    "infinity": {"rows": [{"x": float("-inf")}]},
    "half a pair": "\ud800",
    "a class": object,
    "bytes": b"\xff",
    "a key": {(1, 2): 3},
}
VALUES["itself"] = [VALUES]


@task
def echo(**kwargs: Any) -> dict[str, Any]:
    return kwargs


@task
def add(a: int, b: int = 1) -> int:
    return a + b


@task(takes_context=True)
def count_attempts(context: Any, name: str) -> list[Any]:
    return [name, context.attempt]


@task
def return_value(name: str) -> Any:
    """Return one of `VALUES`."""
    return VALUES[name]


@task
def return_nothing(name: str) -> None:
    """Return `None`."""


@task
def find_thing(key: str = "Secret.") -> None:
    """Look for a key that the client sent, or for one of the project's."""
    Thing.objects.get(pk=key)


@task
def find_shelf(name: str = "Secret.") -> None:
    """Look for a name that the client sent, or for one of the project's."""
    Shelf.objects.get(name=name)


@task
def add_thing(size: int = 10**30) -> None:
    """Save a number that the client sent, or one of the project's."""
    Thing.objects.create(name="thing", size=size)


@task
def do_nothing() -> None:
    """Return `None`."""


@task
def make_shelf(name: str) -> int:
    return Shelf.objects.create(name=name).pk


@task
def fail(how: str) -> None:
    """Raise one of `EXCEPTIONS`."""
    raise EXCEPTIONS[how](f"Secret of {how}.")


@task
def raise_path(path: str) -> None:
    """Raise an exception whose class has the dotted path `path` and cannot be imported."""
    module, _, name = path.rpartition(".")
    raise type(name, (Exception,), {"__module__": module, "__qualname__": name})("Secret.")


@task
def wait_for(directory: str, name: str) -> str:
    """Append a line to the file `name`, then wait until the directory contains a file `go`."""
    log = os.open(Path(directory, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, b"run\n")
    os.close(log)
    deadline = time.monotonic() + PATIENCE
    while not Path(directory, "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return name


@task
def doomed() -> None:
    """A task that tests remove."""


def undecorated() -> None:
    """A function that is not a task under this name."""


misnamed = task(undecorated)
