"""Read the detail of an error, raised or returned: its messages, its code, further data.

`{"lines": [{}, {"sku": ["Required."]}]}` becomes `lines[1].sku: Required.`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.settings import api_settings

from django_apierrors.validation.codes import GENERIC_CODES, get_spelling, is_code
from django_apierrors.validation.error_objects import (
    CONTAINERS,
    has_message,
    is_envelope,
    is_redundant,
    is_sentence,
    read_object,
)
from django_apierrors.validation.extra import (
    MAX_DEPTH,
    NO_EXTRA,
    VALUE_TYPES,
    Index,
    build_extra,
    clean,
)
from django_apierrors.validation.foreign_keys import (
    AMBIGUOUS_CODES,
    MALFORMED,
    find_malformed_keys,
)

# The types that a client may see as they are. Anything else (a model, an exception, a function)
# would show its repr, and with it the inside of the server.
MESSAGE_TYPES = (str, Promise, int, float, Decimal, UUID, date, time)


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


class Mode(Enum):
    """How a part of a detail is read."""

    # The errors of a serializer: each value is a message, each key a field.
    SERIALIZER = "serializer"
    # The detail itself, and what `errors` and the other envelopes hold.
    HELD = "held"
    # Below the name of a field: each value is a message.
    FIELDS = "fields"
    # Beside a message: sentences are messages, other values are data.
    BESIDE = "beside"
    # Inside an object of a list: each value is data.
    DATA = "data"


class Entry(NamedTuple):
    """A value in a detail: its step in the path of the field, and its step in the detail."""

    key: object
    step: object
    value: Any
    mode: Mode


class Located(tuple[object, ...]):
    """The path of the field that an error object names, as one step."""


def read_detail(
    detail: object, status: int, limit: int | None = None, *, is_serializer: bool = False
) -> Messages:
    """Return the messages of `detail` in their order, each with its path, its code and its data.

    `detail` may be anything: that of an exception, or an error body that a view returns. Strings in
    a list are messages of one field. Other entries of a list are named by their index, and so are
    int keys: DRF 3.18 has the failing rows of `many=True` in a dict with int keys. With
    `is_serializer`, or if a serializer made the errors, all keys are fields.

    If there are more than `limit` messages, `limit - 1` are returned: the last one that is sent
    says how many were left out.
    """
    reader = _Reader(status, limit)
    reader.read(detail, Mode.SERIALIZER if is_serializer else Mode.HELD)
    return reader.get_messages()


def read_data(data: object) -> Mapping[str, Any]:
    """Return the data of a mapping as JSON can represent it, `{}` if it is not a mapping."""
    if not isinstance(data, Mapping):
        return NO_EXTRA
    reader = _Reader(500, None)
    reader.read(data, Mode.DATA)
    return reader.get_messages().extra


def get_non_field_keys() -> tuple[str, str]:
    """Return the keys under which Django and DRF put messages that are about no field."""
    return NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY


def make_path(keys: Iterable[object]) -> str:
    """Return the path of a field, as in `lines[0].sku`."""
    return "".join(map(_make_segment, keys)).removeprefix(".")


def truncate(items: Sequence[Item], limit: int | None) -> Sequence[Item]:
    """Return `items`, or the first `limit - 1` of more: the truncation message takes a place."""
    return items if limit is None or len(items) <= limit else items[: limit - 1]


class _Reader:
    """Walks through a detail, in time linear in the number of its values.

    A stack takes the place of recursion, because a client chooses the depth. `field` and `place`
    are lists that change with each step: a copy for each message would take time by depth.
    """

    def __init__(self, status: int, limit: int | None) -> None:
        self.status, self.limit = status, limit
        self.items: list[Item] = []
        self.codes: set[str | None] = set()
        self.left_out = 0
        self.code: object = None
        self.data: list[tuple[tuple[object, ...], object]] = []
        # The steps that lead to the current value, of its field and in the detail.
        self.field: list[object] = []
        self.place: list[object] = []
        # The errors of a serializer, where they are, and the paths of its malformed keys.
        self.errors: tuple[object, int] | None = None
        self.malformed: set[tuple[object, ...]] | None = None

    def get_messages(self) -> Messages:
        """Return what was read."""
        if self.left_out:
            # The truncation message takes the place of one more.
            self.items.pop()
            self.left_out += 1
        extra = build_extra(self.data)
        return Messages(self.items, frozenset(self.codes), self.left_out, self.code, extra)

    def read(self, detail: object, mode: Mode) -> None:
        """Read `detail`; a container inside itself is passed over."""
        entries: Iterator[Entry] = iter([Entry(None, None, detail, mode)])
        if isinstance(detail, ErrorDetail):
            self.code = detail.code
        stack: list[tuple[int, Iterator[Entry]]] = [(0, entries)]
        opened: set[int] = {0}
        while stack:
            identity, entries = stack[-1]
            for entry in entries:
                if not isinstance(entry.value, CONTAINERS) or not entry.value:
                    self.read_leaf(entry)
                elif id(entry.value) not in opened:
                    opened.add(id(entry.value))
                    self.field.append(entry.key)
                    self.place.append(entry.step)
                    stack.append((id(entry.value), iter(self.open(entry))))
                    break
            else:
                stack.pop()
                opened.discard(identity)
                if stack:
                    self.field.pop()
                    self.place.pop()

    def open(self, entry: Entry) -> Iterable[Entry]:
        """Return the entries of a container."""
        mode, value = entry.mode, entry.value
        if mode is not Mode.DATA and hasattr(value, "serializer"):
            if mode is not Mode.SERIALIZER or self.errors is None:
                self.errors, self.malformed = (value, len(self.place)), None
            mode = Mode.SERIALIZER
        if not isinstance(value, Mapping):
            return self.open_list(value, mode)
        if mode in (Mode.SERIALIZER, Mode.DATA):
            return (Entry(key, key, inner, mode) for key, inner in value.items())
        return self.open_mapping(value, mode, isinstance(entry.step, Index))

    def open_list(self, values: Iterable[Any], mode: Mode) -> Iterator[Entry]:
        """Yield the entries of a list: a message does not have its index.

        Nor does an error object in an envelope. Another mapping beside one is data (`{"id": 2}`).
        """
        objects = [isinstance(value, Mapping) and has_message(value) for value in values]
        inner_mode = Mode.FIELDS if mode is Mode.HELD else mode
        if inner_mode is Mode.FIELDS and any(objects):
            inner_mode = Mode.BESIDE
        for number, (value, is_object) in enumerate(zip(values, objects, strict=True)):
            is_nameless = not isinstance(value, CONTAINERS) or (mode is Mode.HELD and is_object)
            yield Entry(None if is_nameless else Index(number), Index(number), value, inner_mode)

    def open_mapping(self, data: Mapping[Any, Any], mode: Mode, is_listed: bool) -> list[Entry]:
        """Return the entries of a mapping of fields, or of an error object."""
        parts = read_object(data, is_listed, self.status)
        if parts is None:
            return self.open_fields(data, mode)
        first = parts.messages[0] if parts.messages else None
        code = parts.code if parts.code is not None else getattr(first, "code", None)
        # The walk to the top takes time by depth: it is taken for the first code only.
        if code is not None and self.code is None and parts.field is None and self.is_at_top():
            self.code = code
        spelling = get_spelling(code)
        entries = [
            Entry(
                Located(parts.field or ()), None, ErrorDetail(str(message), spelling), Mode.FIELDS
            )
            for message in parts.messages
        ]
        is_data = is_listed or parts.field is not None
        rest_mode = Mode.DATA if is_data else Mode.BESIDE
        for key, value in data.items():
            if key in parts.keys or is_redundant(data, key, self.status, is_listed=is_listed):
                continue
            if is_envelope(data, key):
                step = None if isinstance(value, Mapping) else key
                entries.append(Entry(None, step, value, Mode.HELD))
            else:
                entries.append(Entry(key, key, value, rest_mode))
        return entries

    def is_at_top(self) -> bool:
        """Whether the current mapping is the detail, or what one of its envelopes holds."""
        return all(step is None for step in self.place)

    def open_fields(self, data: Mapping[Any, Any], mode: Mode) -> list[Entry]:
        """Return the entries of a mapping of fields; at the top it may have a code."""
        if mode is not Mode.HELD:
            return [Entry(key, key, value, mode) for key, value in data.items()]
        entries = []
        for key, value in data.items():
            # A capitalized word is a message: `{"code": "Expired"}`.
            if key == "code" and self.code is None and is_code(value) and not _is_word(value):
                self.code = value
            elif not is_redundant(data, key, self.status):
                entries.append(Entry(key, key, value, Mode.FIELDS))
        return entries

    def read_leaf(self, entry: Entry) -> None:
        """Read a value that is not a container, or an empty container."""
        value = entry.value
        is_message = isinstance(value, MESSAGE_TYPES)
        if entry.mode is Mode.BESIDE:
            is_message = is_message and self.is_message(value)
        if entry.mode is Mode.DATA or (entry.mode is Mode.BESIDE and not is_message):
            self.add_data(entry)
        elif is_message:
            self.add_message(entry)

    def is_message(self, value: object) -> bool:
        """Whether a value beside a message is another message: a sentence, or of a validator."""
        code = getattr(value, "code", None)
        is_validators = code is not None and code not in GENERIC_CODES and code != self.code
        return isinstance(value, (str, Promise)) and (is_validators or is_sentence(str(value)))

    def add_message(self, entry: Entry) -> None:
        """Add a message with its path and its code, or count it if the limit is reached."""
        value = entry.value
        message = str.__str__(value) if isinstance(value, str) else str(value)
        if not message or message.isspace():
            return
        code = get_spelling(getattr(value, "code", None))
        if code == APIException.default_code:
            # The code of an exception that has none.
            code = None
        elif code in AMBIGUOUS_CODES and entry.mode is Mode.SERIALIZER:
            code = MALFORMED if self.is_malformed(entry) else code
        self.codes.add(code)
        if self.limit is not None and len(self.items) >= self.limit:
            self.left_out += 1
            return
        path = make_path([*self.field, entry.key])
        self.items.append(Item(clean(path), clean(code) if code else None, clean(message)))

    def is_malformed(self, entry: Entry) -> bool:
        """Whether a message of a serializer is about a malformed key."""
        if self.errors is None:
            return False
        errors, depth = self.errors
        if self.malformed is None:
            self.malformed = find_malformed_keys(errors)
        return bool(self.malformed) and (*self.place[depth:], entry.step) in self.malformed

    def add_data(self, entry: Entry) -> None:
        """Add a value that is not a message; types that a client may not see are left out."""
        value = entry.value
        if isinstance(value, CONTAINERS):
            value = {} if isinstance(value, Mapping) else []
        elif value is not None and not isinstance(value, (*MESSAGE_TYPES, *VALUE_TYPES)):
            return
        # The data of a message that is left out is left out too.
        if self.left_out or len(self.place) > MAX_DEPTH:
            return
        steps = tuple(step for step in (*self.place, entry.step) if step is not None)
        if steps and all(isinstance(step, MESSAGE_TYPES) for step in steps):
            self.data.append((steps, value))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value.istitle() and value.isalpha()


def _make_segment(key: object) -> str:
    if isinstance(key, Located):
        return "".join(map(_make_segment, key))
    if isinstance(key, int):
        return f"[{int(key)}]"
    if key in get_non_field_keys():
        return ""
    return f".{key}" if isinstance(key, MESSAGE_TYPES) else ""
