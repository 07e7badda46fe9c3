"""The shape of an error body: its JSON Schema, and whether a value has this shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django_apierrors.validation.extra import MAPPINGS
from django_apierrors.validation.messages import PLACES

# The JSON Schema of each key, for the OpenAPI document, the test helpers and the result of `BODY`.
# Each description completes "must be".
NON_EMPTY_STRING: Mapping[str, Any] = {"type": "string", "minLength": 1}
BODY_PROPERTIES: Mapping[str, dict[str, Any]] = {
    "status": {
        "description": "an HTTP status from 400 to 599",
        "type": "integer",
        "minimum": 400,
        "maximum": 599,
    },
    "errors": {
        "description": "a list of one or more non-empty strings",
        "type": "array",
        "items": NON_EMPTY_STRING,
        "minItems": 1,
    },
    "code": {
        "description": "the name of a code in capitals, or its number",
        "oneOf": [
            {"type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$"},
            {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        ],
    },
    "moreInfo": {"description": "a string", "type": "string"},
    "extra": {"description": "an object", "type": "object"},
    "details": {
        "description": "a list of objects with field, code, message, in, pointer and extra",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "field": {"type": "string"},
                "code": NON_EMPTY_STRING,
                "message": NON_EMPTY_STRING,
                "in": {"type": "string", "enum": [*PLACES]},
                # RFC 6901, section 3.
                "pointer": {"type": "string", "pattern": "^(/([^~]|~[01])*)*$"},
                "extra": {"type": "object"},
            },
            "required": ["field", "code", "message"],
            "additionalProperties": False,
        },
    },
}
REQUIRED_KEYS = ("status", "errors", "code", "moreInfo")
TYPES: Mapping[str, Any] = {"array": list, "integer": int, "object": dict, "string": str}


def is_error_body(data: object, status: int | None = None) -> bool:
    """Whether `data` is a body of ours, by its whole shape: other APIs use these keys too.

    Its status must be `status`, if that is given.
    Only types are checked, without `BODY_PROPERTIES`: the renderer calls this for every error.
    """
    return (
        isinstance(data, MAPPINGS)
        and isinstance(data.get("status"), int)
        and (status is None or data["status"] == status)
        and isinstance(data.get("code"), (str, int))
        and isinstance(data.get("moreInfo"), str)
        and isinstance(data.get("errors"), list)
        and bool(data["errors"])
        and all(isinstance(message, str) and message for message in data["errors"])
        and isinstance(data.get("extra", {}), MAPPINGS)
    )


def find_invalid_values(
    body: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the reasons why values of `body`, decoded JSON, are not valid by `properties`."""
    for key, value in body.items():
        if key in properties and not is_valid(value, properties[key]):
            yield f"{key!r} must be {properties[key]['description']}, not {value!r}"


def is_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value`, decoded JSON, is valid by the keywords that `BODY_PROPERTIES` uses."""
    if "oneOf" in schema:
        return any(is_valid(value, option) for option in schema["oneOf"])
    # Not isinstance(): a bool is an int.
    if type(value) is not TYPES[schema["type"]]:
        return False
    if isinstance(value, int):
        return bool(schema["minimum"] <= value <= schema["maximum"])
    if isinstance(value, dict):
        if "properties" not in schema:
            return True
        properties = schema["properties"]
        return set(schema["required"]) <= value.keys() <= properties.keys() and all(
            is_valid(entry, properties[key]) for key, entry in value.items()
        )
    if isinstance(value, list):
        return len(value) >= schema.get("minItems", 0) and all(
            is_valid(item, schema["items"]) for item in value
        )
    return (
        len(value) >= schema.get("minLength", 0)
        and value in schema.get("enum", [value])
        and re.search(schema.get("pattern", ""), value) is not None
    )
