"""The encoder: `orjson` if it is installed and gives the same values, else DRF's encoder."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from rest_framework.utils import json
from rest_framework.utils.encoders import JSONEncoder

orjson: ModuleType | None
try:
    import orjson
except ImportError:
    orjson = None

# These values go to `default()`, as in DRF: dates in DRF's format, dataclasses, which DRF rejects,
# and subclasses, for which json.dumps() decides: the items() of a QueryDict, not its lists.
ORJSON_OPTIONS = 0
if orjson is not None:
    ORJSON_OPTIONS = (
        orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_SUBCLASS
    )

# The functions that return json.dumps()'s value of an instance of a subclass of a JSON type.
PLAIN_VALUES: Mapping[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    dict: lambda value: dict(value.items()),
    list: list.copy,
}
PLAIN_TYPES = tuple(PLAIN_VALUES)

# Line separators of JavaScript before 2019; DRF and this package escape them.
LINE_SEPARATOR_ESCAPES = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))

get_default: Callable[[Any], Any] = JSONEncoder().default


def encode(data: Any) -> bytes:
    """Return `data` as compact UTF-8 JSON, with the values that DRF's JSONRenderer gives it.

    orjson rejects ints beyond 64 bits, keys that are not strings, and more than 254 levels. DRF's
    encoder then encodes the data, and raises its own exception for data without a form in JSON.
    """
    default = get_default
    if orjson is not None:
        recorder = Recorder()
        try:
            encoded: bytes = orjson.dumps(data, default=recorder.record, option=ORJSON_OPTIONS)
        except TypeError:
            default = recorder.replay
        else:
            return escape_line_separators(encoded)
    text = json.dumps(
        data, default=default, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return escape_line_separators(text.encode())


def escape_line_separators(encoded: bytes) -> bytes:
    """Return `encoded` with U+2028 and U+2029 escaped; a search for one byte comes first."""
    if b"\xe2" in encoded:
        for raw, escaped in LINE_SEPARATOR_ESCAPES:
            encoded = encoded.replace(raw, escaped)
    return encoded


class Recorder:
    """DRF's `default()` for two attempts: the second attempt gets the results of the first.

    Otherwise a generator that orjson has used up would be encoded as empty, the exception of a
    generator would be lost, and a query that fails would be sent twice.
    """

    def __init__(self) -> None:
        """Start without results."""
        self._calls: deque[tuple[object, object]] = deque()

    def record(self, value: Any) -> Any:
        """Return a value of a JSON type in place of `value`, or raise DRF's exception."""
        if isinstance(value, PLAIN_TYPES):
            return next(get(value) for cls, get in PLAIN_VALUES.items() if isinstance(value, cls))
        try:
            outcome = get_default(value)
        except BaseException as exc:
            # orjson replaces any exception by a TypeError, even the SystemExit of a worker.
            self._calls.append((value, exc))
            raise
        self._calls.append((value, outcome))
        return outcome

    def replay(self, value: Any) -> Any:
        """Return the next result of `record()` if it is that for `value`, else a new one.

        json.dumps() has the order of orjson, and calls this method for more values: orjson encodes
        some types itself.
        """
        if not self._calls or self._calls[0][0] is not value:
            return get_default(value)
        _, outcome = self._calls.popleft()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome
