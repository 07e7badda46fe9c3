"""The API document's identifiers: 24 characters of an alphabet without look-alikes."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LENGTH = 24
WELL_FORMED = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


def new_id() -> str:
    """Return a random identifier that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


class IdField(models.CharField):
    """A column of identifiers that refuses a malformed one instead of looking it up.

    As with Django's ``UUIDField``, the refusal is a ``ValidationError`` from ``to_python``, which
    every look-up goes through by way of ``CharField.get_prep_value``. That is what tells INVALID_ID
    from MISSING_RESOURCE in stock views; the code says the same of an id in a body.
    """

    default_error_messages = {
        "invalid_id": f"An id has {LENGTH} characters, digits and letters other than 0, I, O and l."
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", new_id)
        super().__init__(*args, **{"max_length": LENGTH, "editable": False, **kwargs})

    def to_python(self, value: Any) -> str | None:
        """Return ``value`` if it is a well-formed identifier, else raise ``ValidationError``."""
        if value is None:
            return None
        if isinstance(value, str) and WELL_FORMED.fullmatch(value):
            return value
        raise ValidationError(self.error_messages["invalid_id"], code="invalid_id")
