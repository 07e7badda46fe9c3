"""Read the detail of an error, raised or returned: its messages, its code, further data.

`{"lines": [{}, {"sku": ["Required."]}]}` becomes `lines[1].sku: Required.`
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, Literal, NamedTuple, TypeAlias

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.settings import api_settings

from django_apierrors.fallback import log_failure, logger
from django_apierrors.validation.codes import get_spelling
from django_apierrors.validation.error_objects import (
    ErrorObject,
    find_code_of_fields,
    find_error_object,
    has_message,
    is_envelope,
    is_redundant,
    is_sentence,
)
from django_apierrors.validation.extra import (
    CONTAINERS,
    MAX_DEPTH,
    NO_DATA,
    NO_EXTRA,
    VALUE_TYPES,
    clean,
    get_text,
    make_data,
)
from django_apierrors.validation.foreign_keys import (
    AMBIGUOUS_CODES,
    MALFORMED,
    MAPPINGS,
    find_malformed_keys,
)

# A client may choose the keys of a dict.
MAX_SEGMENT_LENGTH = 100

# Of the messages and the data in a body; its other keys need less than the rest of 1 MB.
MAX_BODY_BYTES = 990_000

# A character as `\ud83d\ude00` in JSON has so many bytes.
MAX_CHARACTER_BYTES = 12

# The key of the data in a detail that is a list.
LIST_KEY = "errors"


# The keys and indexes that lead to a value, and the ids of the containers around it.
Path: TypeAlias = tuple[object, ...]
Outer: TypeAlias = tuple[int, ...]

# Where a part of a detail is: it is the detail itself, or `errors` or another envelope holds it; an
# error object in a list; below the name of a field, where each value is a message; beside a
# message, where sentences are messages, and other values are data.
Context: TypeAlias = Literal["held", "listed", "field", "beside"]


class Item(NamedTuple):
    """One message: the path of its field (`""` if it is about no field), its own code, itself."""

    field: str
    code: str | None
    message: str

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
    """How many messages a body has at most, and how often it contains each of them.

    `overhead` is the number of bytes that it needs for a message besides.
    """

    messages: int | None = None
    copies: int = 1
    overhead: int = 8


NO_LIMITS = Limits()


def read_detail(
    detail: object,
    status: int,
    limits: Limits = NO_LIMITS,
    *,
    extra: object = None,
    is_serializer: bool = False,
) -> Messages:
    """Return the messages of `detail` in their order, each with its path, its code and its data.

    `detail` may be anything: that of an exception, or an error body that a view returns. Strings in
    a list are messages of one field. Other entries of a list are named by their index, and so are
    int keys: DRF 3.18 has the failing rows of `many=True` in a dict with int keys. With
    `is_serializer`, or if a serializer made the errors, all keys are fields. If not all messages
    can be sent, the last one that is sent says how many were left out. `extra` is further data.
    """
    reader = _Reader(status, limits)
    try:
        if is_serializer:
            reader.read_fields(detail)
        else:
            reader.code = getattr(detail, "code", None) if isinstance(detail, str) else None
            reader.add_extra(reader.read(detail))
        if isinstance(extra, Mapping):
            reader.add_extra(make_data(extra))
    except Exception:
        # The mappings of a project may raise anything.
        log_failure("reading the detail of an error")
    return reader.get_messages()


def get_non_field_keys() -> tuple[str, str]:
    """Return the keys under which Django and DRF put messages that are about no field."""
    return NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY


def make_path(keys: Iterable[object]) -> str:
    """Return the path of a field, as in `lines[0].sku`."""
    return "".join(map(make_segment, keys)).removeprefix(".")


def make_segment(key: object) -> str:
    """Return the part of a path for a key or an index."""
    if isinstance(key, int):
        return f"[{int(key)}]" if abs(key) < 2**64 else "[…]"
    if key in get_non_field_keys() or not isinstance(key, VALUE_TYPES):
        return ""
    # Cut first: a client may send a key of 1 MB above a thousand messages.
    return f".{clean(cut(get_text(key)))}"


def cut(string: str, length: int = MAX_SEGMENT_LENGTH) -> str:
    """Return `string`, or the beginning of a longer one."""
    return string if len(string) <= length else f"{string[: length - 1]}…"


def truncate(items: Iterable[Item], limits: Limits) -> Messages:
    """Return the items that can be sent, and the number of the others."""
    reader = _Reader(500, limits)
    for item in items:
        reader.add(*item)
    return reader.get_messages()


def read_message(value: object) -> str:
    """Return a message as a string, `""` if it is blank or of a type that a client may not see."""
    if not isinstance(value, VALUE_TYPES):
        return ""
    message = clean(get_text(value))
    return "" if message.isspace() else message


def spell_code(code: object) -> str | None:
    """Return the code of a message; an exception without a code gives its messages `error`."""
    spelling = get_spelling(code)
    return None if spelling in (None, APIException.default_code) else cut(clean(spelling))


def iter_entries(container: Any) -> Iterator[tuple[object, Any]]:
    """Return an iterator over the keys or indexes of a container, and its values."""
    return iter(container.items()) if isinstance(container, MAPPINGS) else enumerate(container)


class _Reader:
    """Reads a detail, in time linear in its size."""

    def __init__(self, status: int, limits: Limits) -> None:
        self.status = status
        self.count, self.copies, self.overhead = limits
        self.room = MAX_BODY_BYTES
        self.items: list[Item] = []
        self.codes: set[str | None] = set()
        self.left_out = 0
        self.code: object = None
        self.extra: dict[str, Any] = {}
        # Of the keys and the codes that were read.
        self.segments: dict[str, str] = {}
        self.spellings: dict[str, str] = {}
        # The errors of a serializer, the number of keys that lead to them, the malformed keys.
        self.errors: object = None
        self.start = 0
        self.malformed: set[Path] | None = None

    def get_messages(self) -> Messages:
        """Return what was read."""
        if self.left_out and len(self.items) == self.count:
            # The truncation message takes the place of one more.
            self.items.pop()
            self.left_out += 1
        codes, extra = frozenset(self.codes), self.extra or NO_EXTRA
        return Messages(self.items, codes, self.left_out, self.code, extra)

    def add(self, field: str, code: str | None, message: str) -> None:
        """Add a message, or only count it if the body is full."""
        if self.left_out or len(self.items) == self.count:
            self.left_out += 1
            return
        size = len(encode_basestring_ascii(field + message)) * self.copies + self.overhead
        if size > self.room and self.items:
            self.left_out += 1
            return
        if size > self.room:
            length = self.room // MAX_CHARACTER_BYTES // self.copies // 3
            field, message, size = cut(field, length), cut(message, length), self.room
        self.room -= size
        self.items.append(Item(field, code, message))

    def add_message(self, path: Path, value: object, code: object = None) -> None:
        """Add the message `value`, which may have a code from elsewhere."""
        message = read_message(value)
        if message:
            spelling = spell_code(getattr(value, "code", None) if code is None else code)
            self.codes.add(spelling)
            self.add("" if self.left_out else make_path(path), spelling, message)

    def add_extra(self, data: Any) -> None:
        """Add data, as long as there is room for a whole key of it."""
        if data is NO_DATA:
            return
        for key, value in (data if isinstance(data, dict) else {LIST_KEY: data}).items():
            size = len(json.dumps({key: value}))
            if size > self.room:
                logger.warning("The data %.100r does not fit into the body of an error.", key)
                continue
            self.room -= size
            self.extra[key] = value

    def read_fields(self, detail: object, path: Path = ()) -> None:
        """Read the errors of a serializer: each value is a message, each key a field.

        A stack takes the place of recursion, because a client chooses the depth. `keys` is one list
        that changes with each step: a copy for each message would take time by depth. A container
        inside itself is passed over.
        """
        if not isinstance(detail, CONTAINERS):
            self.add_message(path, detail)
            return
        self.errors, self.start, self.malformed = detail, len(path), None
        # Whether `invalid` is about a malformed key depends on the serializer.
        self.spellings.clear()
        keys: list[object] = [*path]
        opened = {id(detail)}
        stack = [(detail, isinstance(detail, MAPPINGS), iter_entries(detail))]
        while stack:
            container, is_mapping, entries = stack[-1]
            entry = self.read_plain(keys, entries)
            if entry is None:
                stack.pop()
                opened.discard(id(container))
                if stack:
                    keys.pop()
                continue
            key, value = entry
            if not isinstance(value, CONTAINERS):
                keys += [key] * is_mapping
                self.read_leaf(keys, value, () if is_mapping else (key,))
                del keys[len(keys) - is_mapping :]
            elif id(value) not in opened:
                opened.add(id(value))
                keys.append(key)
                stack.append((value, isinstance(value, MAPPINGS), iter_entries(value)))

    def read_plain(
        self, keys: list[object], entries: Iterator[tuple[object, Any]]
    ) -> tuple[object, Any] | None:
        """Read the fields with one message, as most have, up to another entry, which is returned.

        Plain code without calls: an import may have ten thousand rows with errors.
        """
        prefix: str | None = None
        segments, spellings = self.segments, self.spellings
        for key, value in entries:
            if type(value) is not list or len(value) != 1 or type(value[0]) is not ErrorDetail:
                return key, value
            message, code = str.__str__(value[0]), value[0].code
            segment = segments.get(key) if type(key) is str else None
            spelling = spellings.get(code) if type(code) is str else None
            if segment is None or spelling is None or not message.isascii() or not message.strip():
                # The first of its kind.
                keys.append(key)
                self.read_leaf(keys, value[0], (0,))
                keys.pop()
            elif self.left_out:
                self.left_out += 1
            else:
                if prefix is None:
                    prefix = make_path(keys)
                field = f"{prefix}{segment}" if prefix else segment.removeprefix(".")
                self.add(field, spelling, message)
        return None

    def read_leaf(self, keys: Sequence[object], value: object, index: Path) -> None:
        """Read a message about the field that `keys` lead to, at `index` in its list."""
        message = read_message(value)
        if not message:
            return
        code = getattr(value, "code", None)
        spelling = spell_code(code)
        if spelling in AMBIGUOUS_CODES and self.is_malformed((*keys[self.start :], *index)):
            spelling = MALFORMED
        elif spelling is not None and not (spelling in AMBIGUOUS_CODES and self.malformed):
            self.spellings[get_text(code)] = spelling
        if keys and type(keys[-1]) is str:
            self.segments[keys[-1]] = make_segment(keys[-1])
        self.codes.add(spelling)
        self.add("" if self.left_out else make_path(keys), spelling, message)

    def is_malformed(self, place: Path) -> bool:
        """Whether the message at `place` in the errors of a serializer is about a malformed key."""
        if self.malformed is None:
            self.malformed = find_malformed_keys(self.errors)
        return bool(self.malformed) and place in self.malformed

    def read(
        self, value: Any, path: Path = (), outer: Outer = (), context: Context = "held"
    ) -> Any:
        """Read a part of a detail, and return the data in it, `NO_DATA` if there is none.

        `outer` has the ids of the containers around it. Very deep parts are read as fields.
        """
        is_beside = context == "beside"
        if not isinstance(value, CONTAINERS):
            if is_beside and not is_sentence(value):
                return make_data(value)
            self.add_message(path, value)
            return NO_DATA
        if id(value) in outer or (is_beside and len(outer) > MAX_DEPTH):
            return NO_DATA
        if hasattr(value, "serializer") or len(outer) > MAX_DEPTH:
            self.read_fields(value, path)
            return NO_DATA
        if is_beside and not value:
            return make_data(value)
        outer = (*outer, id(value))
        if isinstance(value, Mapping):
            return self.read_mapping(value, path, outer, context)
        return self.read_list(value, path, outer, context)

    def read_list(self, values: Any, path: Path, outer: Outer, context: Context) -> Any:
        """Read a list: a message does not have its index, nor does an object in an envelope."""
        is_flat = not any(isinstance(value, CONTAINERS) for value in values)
        if context == "beside" and is_flat and not all(map(is_sentence, values)):
            return make_data(values)
        # Another mapping beside an object is data: `{"id": 2}`.
        objects = list(map(has_message, values))
        scalars: Context = "beside" if context == "beside" else "field"
        mappings: Context = "beside" if any(objects) else scalars
        inner: Context
        rests = []
        for index, (value, is_object) in enumerate(zip(values, objects, strict=True)):
            is_container = isinstance(value, CONTAINERS)
            is_nameless = context == "held" if is_object else not is_container
            inner_path = path if is_nameless else (*path, index)
            inner = "listed" if is_object else mappings if is_container else scalars
            rests.append(self.read(value, inner_path, outer, inner))
        if all(rest is NO_DATA for rest in rests):
            return NO_DATA
        return [{} if rest is NO_DATA else rest for rest in rests]

    def read_mapping(
        self, data: Mapping[Any, Any], path: Path, outer: Outer, context: Context
    ) -> Any:
        """Read an error object, or a mapping of fields."""
        is_listed, is_top = context == "listed", context == "held" and not path
        parts = find_error_object(data, self.status, is_listed)
        code = self.read_object(parts, path) if parts else find_code_of_fields(data)
        has_code = is_top and self.code is None and not (parts and parts.field)
        if has_code:
            self.code = code
        inner: Context = "field" if parts is None and context != "beside" else "beside"
        keys = parts.keys if parts else {"code"} if has_code and code is not None else ()
        rest = {}
        for key, value in data.items():
            if key in keys or (
                (parts or context == "held") and is_redundant(data, key, self.status, is_listed)
            ):
                continue
            if parts and is_envelope(data, key):
                value = self.read(value, path, outer)
            elif parts and (is_listed or parts.field is not None):
                value = make_data(value, outer)
            else:
                value = self.read(value, (*path, key), outer, inner)
            if value is not NO_DATA and isinstance(key, VALUE_TYPES):
                rest[clean(get_text(key))] = value
        return rest or NO_DATA

    def read_object(self, parts: ErrorObject, path: Path) -> object:
        """Read the messages of an error object, and return its code."""
        code = parts.code
        if code is None and parts.messages:
            code = getattr(parts.messages[0], "code", None)
        for message in parts.messages:
            self.add_message((*path, *(parts.field or ())), message, code)
        return code
