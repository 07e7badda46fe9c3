"""JSON out: by `orjson` where it is installed and gives the same values, else by DRF's encoder."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from rest_framework.utils import json
from rest_framework.utils.encoders import JSONEncoder

orjson: ModuleType | None
try:
    import orjson
except ImportError:
    orjson = None

# Dates are spelt DRF's way, and a dataclass stays the error that it is there.
OPTIONS = (orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS) if orjson else 0

# Line separators of JavaScript before 2019; DRF escapes them, and so do we.
LINE_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def encode(data: Any) -> bytes:
    """Return `data` as compact UTF-8 JSON, with the values that DRF's JSONRenderer gives it.

    orjson takes no int beyond 64 bits, no keys but texts and no depth beyond 254; DRF's encoder
    then has its try, and raises what it raises for what has no JSON at all.
    """
    default = Default()
    if orjson is not None:
        try:
            encoded: bytes = orjson.dumps(data, default=default, option=OPTIONS)
        except TypeError:
            default.start_again()
        else:
            return escape_line_separators(encoded)
    text = json.dumps(
        data, default=default, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return escape_line_separators(text.encode())


def escape_line_separators(encoded: bytes) -> bytes:
    """Return `encoded` with U+2028 and U+2029 escaped; a search for one byte comes first."""
    if b"\xe2" in encoded:
        for raw, escaped in LINE_SEPARATORS:
            encoded = encoded.replace(raw, escaped)
    return encoded


class Default:
    """DRF's `default()`, which remembers the iterators it has used up for a second try.

    Without that a generator whose document orjson gives up on would come out empty.
    """

    def __init__(self) -> None:
        """Start with nothing read."""
        self._encoder = JSONEncoder()
        self._read: dict[int, tuple[Iterator[Any], list[Any]]] = {}
        self._given: set[int] = set()

    def __call__(self, value: Any) -> Any:
        """Return what JSON has a type for in place of `value`, or raise TypeError."""
        if not isinstance(value, Iterator):
            return self._encoder.default(value)
        if id(value) in self._given:
            return []
        if id(value) not in self._read:
            # The iterator is kept with its values, so that its id is not used again.
            self._read[id(value)] = (value, list(value))
        self._given.add(id(value))
        return self._read[id(value)][1]

    def start_again(self) -> None:
        """Begin the second try: what was read is given once more."""
        self._given.clear()
