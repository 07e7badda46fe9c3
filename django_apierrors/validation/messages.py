"""The messages of one error, each with the path of its field, within the limits of a body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple, TypeAlias

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.exceptions import APIException
from rest_framework.settings import api_settings

from django_apierrors.conf import api_errors
from django_apierrors.fallback import logger
from django_apierrors.validation.codes import find_spelling, get_extra
from django_apierrors.validation.extra import NO_DATA, NO_EXTRA, VALUE_TYPES, clean, get_string

# A client may choose the keys of a dict.
MAX_SEGMENT_LENGTH = 100

# The largest number of bytes of a body, and of its messages and its data. The difference is enough
# for the other keys.
MAX_BODY_BYTES = 1_000_000
MAX_CONTENT_BYTES = 990_000

# The longest character in JSON: `\u0001`, and a surrogate pair, `\ud83d\ude00`, in ASCII.
MAX_CHARACTER_BYTES, MAX_CHARACTER_BYTES_IN_ASCII = 6, 12

# The characters that DRF escapes in UTF-8, and the further bytes that each escape needs.
LINE_SEPARATORS = ("\u2028", "\u2029")
ESCAPE_BYTES = 3

TOO_LARGE = "The data %.100r does not fit into the body of an error."

# The key of the data in a detail that is a list.
LIST_KEY = "errors"

# The keys and indexes that lead to a value.
Path: TypeAlias = tuple[object, ...]

# The places in which a client can send a value.
PLACES = BODY, QUERY, PATH, HEADER = "body", "query", "path", "header"


class Item(NamedTuple):
    """One message with the path of its field (`""` if it has no field) and its own code.

    `keys` lead to the field, if they are known. `place` is one of `PLACES`, `""` if the message has
    no place, `None` if the place was not determined yet. `extra` is data about the message. `data`
    is the `initial_data` of the serializer that found the error: `keys` lead from there.
    """

    field: str
    code: str | None
    message: str
    keys: Path = ()
    place: str | None = None
    extra: Mapping[str, Any] = NO_EXTRA
    data: object = None

    def __str__(self) -> str:
        """Return the message as it is sent, the field in front of it."""
        return f"{self.field}: {self.message}" if self.field else self.message


class Messages(NamedTuple):
    """The messages to send, the codes of all messages, and how many messages were left out.

    `code` is the code of the whole detail, if it has one, and `extra` its further data.
    """

    items: Sequence[Item] = ()
    codes: frozenset[str | None] = frozenset()
    left_out: int = 0
    code: object = None
    extra: Mapping[str, Any] = NO_EXTRA


class Limits(NamedTuple):
    """How many messages a body has at most, and how often it contains a message and its path.

    `extra_copies` is the same for the data of a message, `overhead` the number of further bytes for
    each message.
    """

    messages: int | None
    copies: int
    path_copies: int
    extra_copies: int
    overhead: int


def get_limits() -> Limits:
    """Return the limits of the settings: at least two messages, with the truncation message.

    `details` repeats a message with its field and a pointer, which may be twice as long as the
    field. The `detail` of problem details repeats the messages.
    """
    count, has_details = api_errors.MAX_ERRORS, bool(api_errors.DETAILS)
    copies = 1 + has_details + bool(api_errors.PROBLEM_JSON)
    return Limits(
        messages=None if count is None else max(count, 2),
        copies=copies,
        path_copies=copies + 2 * has_details,
        extra_copies=1 + has_details,
        overhead=200 if has_details else 8,
    )


def get_size(value: Any) -> int:
    """Return the number of bytes of a JSON value, as the renderer writes it."""
    if isinstance(value, str) and value.isascii():
        return len(encode_basestring_ascii(value))
    is_ascii, separators = not api_settings.UNICODE_JSON, (",", ":")
    text = json.dumps(value, ensure_ascii=is_ascii, separators=separators)
    if text.isascii():
        return len(text)
    return len(text.encode()) + ESCAPE_BYTES * sum(map(text.count, LINE_SEPARATORS))


class Collector:
    """Collects the messages and the data of a body, as long as there is room for them."""

    def __init__(self) -> None:
        """Start with an empty body, with the limits of the settings."""
        self.limits = get_limits()
        self.room = MAX_CONTENT_BYTES
        self.items: list[Item] = []
        self.codes: set[str | None] = set()
        self.left_out = 0
        self.code: object = None
        self.extra: dict[str, Any] = {}

    def get_messages(self) -> Messages:
        """Return the collected messages and data."""
        if self.left_out and len(self.items) == self.limits.messages:
            # The truncation message replaces one more message.
            self.items.pop()
            self.left_out += 1
        extra = dict(self.extra)
        for item in self.items:
            for key, value in item.extra.items():
                # The data of the whole detail and of the first messages have priority.
                extra.setdefault(key, value)
        codes = frozenset(self.codes)
        return Messages(self.items, codes, self.left_out, self.code, extra or NO_EXTRA)

    def add(
        self,
        field: str,
        code: str | None,
        message: str,
        keys: Path = (),
        place: str | None = None,
        extra: Mapping[str, Any] = NO_EXTRA,
        data: object = None,
    ) -> None:
        """Add a message, or only count it if the body is full."""
        limits = self.limits
        if self.left_out or len(self.items) == limits.messages:
            self.left_out += 1
            return
        size = get_size(message) * limits.copies + limits.overhead
        size += get_size(field) * limits.path_copies if field else 0
        if size > self.room and self.items:
            self.left_out += 1
            return
        if size > self.room:
            length = get_cut_length(self.room // (limits.copies + limits.path_copies))
            field, message, size = cut(field, length), cut(message, length), self.room
        extra_size = get_size(extra) * limits.extra_copies if extra else 0
        if size + extra_size > self.room:
            logger.warning(TOO_LARGE, [*extra])
            extra, extra_size = NO_EXTRA, 0
        self.room -= size + extra_size
        self.items.append(Item(field, code, message, keys, place, extra, data))

    def add_message(
        self, path: Path, value: object, code: object = None, place: str | None = None
    ) -> None:
        """Add the message `value`; `code` has priority over its own code."""
        message = read_message(value)
        if message:
            code = getattr(value, "code", None) if code is None else code
            spelling, path = spell_code(code), drop_general_keys(path)
            self.codes.add(spelling)
            field = "" if self.left_out else make_path(path)
            self.add(field, spelling, message, path, place, get_extra(code))

    def add_extra(self, data: Any) -> None:
        """Add each key of the data whose whole value fits into the body."""
        if data is NO_DATA:
            return
        left_out = []
        for key, value in (data if isinstance(data, dict) else {LIST_KEY: data}).items():
            size = (get_size(key) + get_size(value) + 2) * self.limits.extra_copies
            if size > self.room:
                left_out.append(key)
                continue
            self.room -= size
            self.extra[key] = value
        if left_out:
            # A record with the first keys only: there may be a million.
            logger.warning(TOO_LARGE, ", ".join(left_out[:10]))


def truncate(items: Iterable[Item]) -> Messages:
    """Return the items that can be sent, and the number of the others."""
    collector = Collector()
    for item in items:
        collector.add(*item)
    return collector.get_messages()


def get_general_keys() -> tuple[str, str]:
    """Return the keys under which Django and DRF put messages without a field."""
    return NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY


def drop_general_keys(path: Path) -> Path:
    """Return `path` without the keys of messages without a field."""
    general = get_general_keys()
    return tuple(key for key in path if key not in general)


def make_path(keys: Iterable[object]) -> str:
    """Return the path of a field, as in `lines[0].sku`."""
    return "".join(map(make_segment, keys)).removeprefix(".")


def make_segment(key: object) -> str:
    """Return the part of a path for a key or an index."""
    if isinstance(key, int):
        return f"[{int(key)}]" if abs(key) < 2**64 else "[…]"
    if not isinstance(key, VALUE_TYPES):
        return ""
    # Cut first: a client may send a key of 1 MB above a thousand messages.
    return f".{clean(cut(get_string(key)))}"


def get_cut_length(size: int) -> int:
    """Return the number of characters that have at most `size` bytes in JSON."""
    is_utf8 = api_settings.UNICODE_JSON
    return size // (MAX_CHARACTER_BYTES if is_utf8 else MAX_CHARACTER_BYTES_IN_ASCII)


def cut(string: str, length: int = MAX_SEGMENT_LENGTH) -> str:
    """Return `string`, or the beginning of a longer one."""
    return string if len(string) <= length else f"{string[: length - 1]}…"


def read_message(value: object) -> str:
    """Return a message as a string, `""` if it is blank or of a type that a client may not see."""
    if not isinstance(value, VALUE_TYPES):
        return ""
    message = clean(get_string(value))
    return "" if message.isspace() else message


def spell_code(code: object) -> str | None:
    """Return the code of a message, `None` for `error`: DRF gives it to messages without a code."""
    spelling = find_spelling(code)
    return None if spelling in (None, APIException.default_code) else cut(clean(spelling))
