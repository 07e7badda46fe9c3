"""Segments: the parts of the path of a field, `lines[0].sku`, and what may be one."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from rest_framework.settings import api_settings

# What may stand in a message as it is. Anything else (a model, an exception, a function) would
# show its repr, and with it the inside of the server.
TEXTUAL = (str, Promise, int, float, Decimal, UUID, date, time)


# What parts the path of a field from the text of its message.
PART = ": "


def get_names_of_no_field() -> tuple[str, str]:
    """Return the names under which Django and DRF say what is about no field."""
    return NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY


class Names(dict[str, str]):
    """The segments of the names that have been met: ten thousand rows have the same ones."""

    def __init__(self) -> None:
        """Begin with the names that stand for no field."""
        super().__init__(dict.fromkeys(get_names_of_no_field(), ""))

    def __missing__(self, name: str) -> str:
        """Return the segment of a name that is new."""
        self[name] = segment = f".{name}"
        return segment


def get_segment(key: object) -> str:
    """Return the segment of an index or a name; `""` for what stands for no field."""
    if isinstance(key, int):
        return f"[{int(key)}]"
    if key in get_names_of_no_field():
        return ""
    return f".{key}" if isinstance(key, TEXTUAL) else ""


def is_name(code: object) -> bool:
    """Tell whether `code` is a plain text that can be the name of a code."""
    return type(code) is str and code.isidentifier()
