"""The work that is accepted with a 202, and done by a worker."""

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
    # Django 5.2 has the backport.
    from django_tasks import task


class Refusal(TypedDict):
    """A row that was not created: its place in the array, and what is wrong with it."""

    row: int
    code: str | int
    errors: list[str]


class Report(TypedDict):
    """What became of an import: how many rows, the ids of the new thngs, the refused rows."""

    total: int
    created: int
    refused: int
    thngs: list[str]
    refusals: list[Refusal]


@task
def import_thngs(rows: Iterable[Any]) -> Report:
    """Create a thng of each row that is one, and tell what is wrong with the others.

    Each row is written on its own, whole or not at all, so others may write in between. What is
    wrong with the server, not with a row, ends the import, and leaves the rows before it created.
    """
    thngs: list[str] = []
    refusals: list[Refusal] = []
    for number, row in enumerate(rows):
        try:
            thngs.append(create_thng(row))
        except (ValidationError, IntegrityError) as error:
            refusals.append(refuse(number, error))
    return {
        "total": len(thngs) + len(refusals),
        "created": len(thngs),
        "refused": len(refusals),
        "thngs": thngs,
        "refusals": refusals,
    }


def create_thng(row: Any) -> str:
    """Create a thng as a POST does, and return its id."""
    serializer = ThngSerializer(data=row)
    serializer.is_valid(raise_exception=True)
    return serializer.save().pk


def refuse(number: int, error: Exception) -> Refusal:
    """Return the refusal of a row, in the words that a POST would be answered with."""
    if isinstance(error, ValidationError):
        # An int is an index of the path: `[3].name: This field is required.`
        body = recognise(ValidationError({number: error.detail})).get_body()
        messages = body["errors"]
    else:
        body = recognise(error).get_body()
        messages = [f"[{number}]: {message}" for message in body["errors"]]
    return {"row": number, "code": body["code"], "errors": messages}
