"""The `extra` of a body: the data in a detail that is neither a message nor a code."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

# Data that is nested more deeply is left out: encoders have a limit.
MAX_DEPTH = 32

# The types of values, other than strings, that DRF makes strings of.
VALUE_TYPES = (int, float, Decimal, UUID, date, time, timedelta, Enum)

# The key of data in a detail that is a list.
LIST_KEY = "errors"

# A plain dict: MappingProxyType can be neither pickled nor copied.
NO_EXTRA: Mapping[str, Any] = {}


class Index(int):
    """A step of a path that is the index in a list, not an int key of a mapping."""


def clean(string: str) -> str:
    """Return `string` without halves of surrogate pairs; messages repeat what a client sent."""
    return string if string.isascii() else string.encode(errors="replace").decode()


def restore_values(detail: Any, given: object, depth: int = 0) -> Any:
    """Return `detail` with the values that DRF has made strings of; `given` is what it was made of.

    APIException turns the 3 in `{"detail": "Only 3 left.", "available": 3}` into "3".
    """
    if detail is given or depth > MAX_DEPTH or hasattr(detail, "serializer"):
        return detail
    if isinstance(detail, dict) and isinstance(given, Mapping):
        return {
            key: restore_values(value, given[key], depth + 1) if key in given else value
            for key, value in detail.items()
        }
    if isinstance(detail, list) and isinstance(given, (list, tuple)) and len(detail) == len(given):
        pairs = zip(detail, given, strict=True)
        return [restore_values(value, inner, depth + 1) for value, inner in pairs]
    is_value = given is None or isinstance(given, VALUE_TYPES)
    return given if is_value and isinstance(detail, str) and str(given) == detail else detail


def build_extra(values: Iterable[tuple[tuple[object, ...], object]]) -> Mapping[str, Any]:
    """Return the data as one mapping; each value has the keys and indexes that lead to it."""
    root: dict[object, Any] = {}
    for path, value in values:
        # A list has no name of its own.
        steps = (LIST_KEY, *path) if isinstance(path[0], Index) else path
        node = root
        for step in steps[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                break
        else:
            node[steps[-1]] = value
    return make_plain(root) if root else NO_EXTRA


def make_plain(node: Any) -> Any:
    """Return a tree of keys and indexes as dicts and lists."""
    if not isinstance(node, dict):
        return make_data(node)
    if not node or not all(isinstance(key, Index) for key in node):
        return {make_data(str(key)): make_plain(value) for key, value in node.items()}
    if not isinstance(next(iter(node.values())), dict):
        return [make_plain(value) for value in node.values()]
    # Each object stands at its index.
    return [make_plain(node.get(index, {})) for index in range(max(map(int, node)) + 1)]


def make_data(value: Any) -> Any:
    """Return a value that JSON can represent."""
    if isinstance(value, Enum):
        return make_data(value.value)
    if isinstance(value, str):
        return clean(str.__str__(value))
    if isinstance(value, (Promise, Decimal, UUID)):
        return clean(str(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    # DRF's encoder raises an error for a time with a time zone.
    return value.isoformat() if isinstance(value, time) else value
