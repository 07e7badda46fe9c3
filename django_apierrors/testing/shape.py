"""The shape of the body: as a JSON Schema, and as a test that needs no package for one.

It covers what each setting makes of a body: `CODE_FORMAT`, `DETAILS`, `MORE_INFO`, `PROBLEM_JSON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

CODE_NAME: Final = "[A-Z_][A-Z0-9_]*"
MAX_NUMBER: Final = 2**32 - 1

# What RFC 9457 adds with `PROBLEM_JSON`: all of it or nothing.
PROBLEM_MEMBERS: Final = ("type", "title", "detail")

FILLED: Final = {"type": "string", "minLength": 1}

# JSON Schema, draft 2020-12.
ERROR_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Error",
    "type": "object",
    "properties": {
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "errors": {"type": "array", "items": FILLED, "minItems": 1},
        "code": {
            "anyOf": [
                {"type": "string", "pattern": f"^{CODE_NAME}$"},
                {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
            ]
        },
        "moreInfo": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "code": FILLED, "message": FILLED},
                "required": ["field", "code", "message"],
                "additionalProperties": False,
            },
        },
        **dict.fromkeys(PROBLEM_MEMBERS, FILLED),
    },
    "required": ["status", "errors", "code", "moreInfo"],
    "dependentRequired": {name: list(PROBLEM_MEMBERS) for name in PROBLEM_MEMBERS},
    "additionalProperties": False,
}


def is_text(value: object) -> bool:
    """Tell whether `value` is a text."""
    return isinstance(value, str)


def is_filled(value: object) -> bool:
    """Tell whether `value` is a text with something in it."""
    return isinstance(value, str) and value != ""


def is_code(value: object) -> bool:
    """Tell whether `value` is a code: a name in capitals, or a number of 32 bits."""
    if isinstance(value, str):
        return re.fullmatch(CODE_NAME, value) is not None
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_detail(value: object) -> bool:
    """Tell whether `value` is an entry of `details`."""
    return (
        isinstance(value, dict)
        and set(value) == {"field", "code", "message"}
        and is_text(value["field"])
        and is_filled(value["code"])
        and is_filled(value["message"])
    )


# What each member must be: in words, and as a test.
REQUIRED: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "status": (
        "an HTTP status from 400 to 599",
        lambda value: type(value) is int and 400 <= value <= 599,
    ),
    "errors": (
        "a list of one text or more, none of them empty",
        lambda value: isinstance(value, list) and bool(value) and all(map(is_filled, value)),
    ),
    "code": ("the name of a code in capitals, or its number", is_code),
    "moreInfo": ("a text", is_text),
}
OPTIONAL: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "details": (
        "a list of objects with the texts field, code and message",
        lambda value: isinstance(value, list) and all(map(is_detail, value)),
    ),
    **dict.fromkeys(PROBLEM_MEMBERS, ("a text that is not empty", is_filled)),
}


def find_faults_of_shape(body: object, more_members: Collection[str] = ()) -> Iterator[str]:
    """Yield what keeps `body`, decoded JSON, from being one of ours.

    `more_members` are those that the project adds.
    """
    if not isinstance(body, dict):
        yield f"the body must be an object, not {body!r}"
        return
    known = {**REQUIRED, **OPTIONAL}
    for name, (words, is_right) in known.items():
        if name in body and not is_right(body[name]):
            yield f"{name!r} must be {words}, not {body[name]!r}"
    missing = [name for name in REQUIRED if name not in body]
    if not missing and body.keys() & set(PROBLEM_MEMBERS):
        missing = [name for name in PROBLEM_MEMBERS if name not in body]
    for name in missing:
        yield f"{name!r} is missing"
    for name in body:
        if name not in known and name not in more_members:
            yield f"{name!r} is no member of an error"
