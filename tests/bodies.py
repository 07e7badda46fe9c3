"""The bodies that tests expect."""

from __future__ import annotations

from typing import Any

from django_apierrors.catalog import CATALOG, PRINTED_AS_NUMBER


def body(name: str, *errors: str, status: int | None = None) -> dict[str, Any]:
    """Return the body of the code `name`, with its own message and status where none are given."""
    code = CATALOG[name]
    return {
        "status": status or code.status,
        "errors": list(errors) or [str(code.message)],
        "code": code.number if name in PRINTED_AS_NUMBER else name,
        "moreInfo": "",
    }


# The JSON Schema of a body, with `details` or without.
ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "errors": {
            "type": "array",
            "items": {"type": "string", "pattern": r"\S"},
            "minItems": 1,
        },
        "code": {
            "anyOf": [
                {"type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$", "maxLength": 64},
                {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF},
            ]
        },
        "moreInfo": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string", "minLength": 1},
                    "message": {"type": "string", "pattern": r"\S"},
                },
                "required": ["field", "code", "message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["status", "errors", "code", "moreInfo"],
    "additionalProperties": False,
}
