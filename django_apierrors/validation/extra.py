"""The `extra` of a body: the data in a detail that is neither a message nor a code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.functional import Promise
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import get_error_detail
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.utils.serializer_helpers import ReturnDict

from django_apierrors.fallback import log_failure, logger

CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)

# `dict` first: for its instances, isinstance() does not search the registry of `Mapping`.
MAPPINGS = (dict, Mapping)

# The types that a client may see. Anything else (a model, an exception, a function) would show its
# repr, and with it internals of the server.
VALUE_TYPES = (str, Promise, bytes, int, float, Decimal, UUID, date, time, timedelta, Enum)

# Further levels of data are left out: encoders have a limit.
MAX_DEPTH = 32

# The names of fields that are also keys of messages in the error objects of libraries.
COPIED_NAMES = frozenset({"causes", "detail", "details", "error", "messages", "violations"})

# The largest number of values that are read again because their container is in several places.
MAX_REPEATED = 20_000

# In place of data, if a part of a detail does not contain data.
NO_DATA: Any = object()

# A plain dict: MappingProxyType can be neither pickled nor copied.
NO_EXTRA: Mapping[str, Any] = {}


class Repeats:
    """Limits how often containers in several places are read.

    Sixteen levels of `{"a": inner, "b": inner}` have 65,536 paths to the innermost dict.
    """

    def __init__(self) -> None:
        """Start without containers."""
        self.ids: set[int] = set()
        self.room = MAX_REPEATED

    def can_read(self, container: Any) -> bool:
        """Whether `container` is to be read. Each call counts as one reading."""
        is_repeated = id(container) in self.ids
        self.ids.add(id(container))
        self.room -= (1 + len(container)) * is_repeated
        return not is_repeated or self.room >= 0


def clean(string: str) -> str:
    """Return `string` without halves of surrogate pairs; messages repeat what a client sent."""
    return string if string.isascii() else string.encode(errors="replace").decode()


def get_string(value: object) -> str:
    """Return a value of one of the VALUE_TYPES as a string, `""` if the conversion fails."""
    value = value.value if isinstance(value, Enum) else value
    try:
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        return str.__str__(value) if isinstance(value, str) else str(value)
    except Exception:
        # A lazy string may raise. An int with thousands of digits does.
        log_failure("reading a value in the detail of an error")
        return ""


def make_data(value: Any, outer: tuple[int, ...] = (), repeats: Repeats | None = None) -> Any:
    """Return `value` as JSON can represent it, `NO_DATA` if a client may not see it.

    `outer` has the ids of the containers around it.
    """
    repeats = repeats or Repeats()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, CONTAINERS):
        if id(value) in outer or len(outer) >= MAX_DEPTH or not repeats.can_read(value):
            return NO_DATA
        outer = (*outer, id(value))
        if not isinstance(value, Mapping):
            entries = (make_data(entry, outer, repeats) for entry in value)
            return [entry for entry in entries if entry is not NO_DATA]
        pairs = [
            (clean(get_string(key)), make_data(entry, outer, repeats))
            for key, entry in value.items()
            if isinstance(key, VALUE_TYPES)
        ]
        return {key: entry for key, entry in pairs if entry is not NO_DATA}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes)):
        return clean(get_string(value))
    if isinstance(value, int):
        return int(value) if abs(value) < 2**64 else get_string(value) or NO_DATA
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (Promise, Decimal, UUID, time)):
        # DRF's encoder raises an error for a time with a time zone.
        return clean(str(value))
    return JSONEncoder().default(value) if isinstance(value, VALUE_TYPES) else NO_DATA


def read_extra(extra: object) -> Mapping[str, Any]:
    """Return the `extra` of an exception, or of a code, as JSON can represent it."""
    if isinstance(extra, Mapping):
        return make_data(expand(extra))  # type: ignore[no-any-return]
    if extra is not None:
        logger.warning("The `extra` of an error must be a dict, not %s.", type(extra).__name__)
    return NO_EXTRA


def expand(value: Any, outer: tuple[int, ...] = (), repeats: Repeats | None = None) -> Any:
    """Return `value` with each generator, dict view and queryset in it as DRF's encoder reads it.

    `outer` has the ids of the containers around it. The errors of a serializer stay unchanged.
    """
    if value is None or isinstance(value, VALUE_TYPES):
        return value
    if not isinstance(value, CONTAINERS):
        try:
            value = JSONEncoder().default(value)
        except TypeError:
            return value
        except Exception:
            # The query of a queryset may fail.
            log_failure("reading a value in the detail of an error")
            return value
    is_unchanged = not isinstance(value, CONTAINERS) or hasattr(value, "serializer")
    repeats = repeats or Repeats()
    if is_unchanged or id(value) in outer or len(outer) > MAX_DEPTH or not repeats.can_read(value):
        return value
    if is_copy_of_errors(value):
        return ReturnDict(value, serializer=None)  # type: ignore[call-overload]
    outer = (*outer, id(value))
    if isinstance(value, Mapping):
        return {key: expand(entry, outer, repeats) for key, entry in value.items()}
    return [expand(entry, outer, repeats) for entry in value]


def is_copy_of_errors(value: Any) -> bool:
    """Whether `value` is a dict made of the errors of a serializer with a field of `COPIED_NAMES`.

    All its values are lists and dicts of DRF's messages. A dict with one key, such as
    `{"error": exc.detail}`, is not a copy if all its messages have a general code.
    """
    if not isinstance(value, Mapping) or "errors" in value:
        return False
    names, values = COPIED_NAMES & value.keys(), [*value.values()]
    is_envelope = any(isinstance(value.get(name), Mapping) for name in ("detail", "error"))
    if is_envelope or not names or not all(isinstance(inner, CONTAINERS) for inner in values):
        return False
    codes, seen = [], set[int]()
    while values:
        inner = values.pop()
        if isinstance(inner, ErrorDetail):
            codes.append(inner.code)
        elif not isinstance(inner, CONTAINERS) or hasattr(inner, "serializer"):
            return False
        elif id(inner) not in seen:
            seen.add(id(inner))
            values += inner.values() if isinstance(inner, Mapping) else inner
    return len(value) > 1 or any(code not in ("invalid", "error") for code in codes)


def restore_values(detail: Any, given: object, depth: int = 0) -> Any:
    """Return `detail` with the values of `given`, from which DRF has made strings.

    APIException turns the 3 in `{"detail": "Only 3 left.", "available": 3}` into "3".
    """
    if detail is given or depth > MAX_DEPTH or hasattr(detail, "serializer"):
        return detail
    if isinstance(given, ValidationError):
        # DRF has called str(), which returns the repr of a list or of a dict.
        errors: Any = get_error_detail(given)
        is_entry = isinstance(detail, str) and isinstance(errors, list) and len(errors) == 1
        return errors[0] if is_entry else errors
    if isinstance(detail, dict) and isinstance(given, Mapping):
        if is_copy_of_errors(given):
            return ReturnDict(detail, serializer=None)  # type: ignore[call-overload]
        return {
            key: restore_values(value, given[key], depth + 1) if key in given else value
            for key, value in detail.items()
        }
    if isinstance(detail, list) and isinstance(given, (list, tuple)) and len(detail) == len(given):
        pairs = zip(detail, given, strict=True)
        return [restore_values(value, inner, depth + 1) for value, inner in pairs]
    if given is not None and not isinstance(given, VALUE_TYPES):
        # DRF has called str(), which returns the repr of an object whose class has no __str__().
        is_internal = isinstance(given, Model) or type(given).__str__ is object.__str__
        return expand(given) if is_internal and isinstance(detail, str) else detail
    is_string = isinstance(given, (str, Promise)) and not isinstance(given, Enum)
    return detail if is_string or detail not in (str(given), get_string(given)) else given
