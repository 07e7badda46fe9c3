"""The tasks of the inventory, which a worker runs after a 202."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db import IntegrityError
from rest_framework.exceptions import ValidationError

from django_apierrors.recognition import recognise
from example_project.inventory.serializers import ThngSerializer

try:
    from django.tasks import task
except ImportError:
    # Django 5.2 needs the backport.
    from django_tasks import task


class Rejection(TypedDict):
    """A row that was not created: its index, and its error."""

    row: int
    code: str | int
    errors: list[str]


class Report(TypedDict):
    """The result of an import: numbers of rows, the ids of the new thngs, the rejected rows."""

    total: int
    created: int
    rejected: int
    thngs: list[str]
    rejections: list[Rejection]


@task
def import_thngs(rows: Iterable[Any]) -> Report:
    """Create a thng from each valid row, and report the errors of the others.

    Each row is saved in a transaction of its own, so other requests can write in between. An
    exception that is not about a row ends the import. The thngs that exist by then remain.
    """
    thngs: list[str] = []
    rejections: list[Rejection] = []
    for number, row in enumerate(rows):
        try:
            thngs.append(create_thng(row))
        except (ValidationError, IntegrityError) as error:
            rejections.append(make_rejection(number, error))
    return {
        "total": len(thngs) + len(rejections),
        "created": len(thngs),
        "rejected": len(rejections),
        "thngs": thngs,
        "rejections": rejections,
    }


def create_thng(row: Any) -> str:
    """Create a thng as a POST does, and return its id."""
    serializer = ThngSerializer(data=row)
    serializer.is_valid(raise_exception=True)
    return serializer.save().pk


def make_rejection(number: int, error: Exception) -> Rejection:
    """Return the report of a rejected row, with the code and the messages of a POST's error."""
    if isinstance(error, ValidationError):
        # An int becomes an index in the path: `[3].name: This field is required.`
        body = recognise(ValidationError({number: error.detail})).get_body()
        messages = body["errors"]
    else:
        body = recognise(error).get_body()
        messages = [f"[{number}]: {message}" for message in body["errors"]]
    return {"row": number, "code": body["code"], "errors": messages}
