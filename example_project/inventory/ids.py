"""Ids as in the API document: 24 characters, without 0, I, O and l, which look alike."""

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
    """Return a random id that cannot be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


class IdField(models.CharField):
    """A model field for ids that rejects malformed ids.

    As in Django's ``UUIDField``, ``to_python`` raises ``ValidationError``. Every lookup calls it
    through ``CharField.get_prep_value``, so a malformed id in a URL is INVALID_ID, not
    MISSING_RESOURCE, in DRF's own views too. A malformed id in a body is INVALID_ID through
    the code ``invalid_id``.
    """

    default_error_messages = {
        "invalid_id": f"An id has {LENGTH} characters, digits and letters other than 0, I, O and l."
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", new_id)
        super().__init__(*args, **{"max_length": LENGTH, "editable": False, **kwargs})

    def to_python(self, value: Any) -> str | None:
        """Return ``value`` if it is a well-formed id, else raise ``ValidationError``."""
        if value is None:
            return None
        if isinstance(value, str) and WELL_FORMED.fullmatch(value):
            return value
        raise ValidationError(self.error_messages["invalid_id"], code="invalid_id")
