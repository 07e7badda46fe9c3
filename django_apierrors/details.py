"""Flattening: the nested details of a validation error -> a flat list of items with paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

Entries: TypeAlias = Iterator[tuple[str, object]]
Leaves: TypeAlias = Iterable[tuple[list[str], object]]

# What may stand in a message as it is. Anything else (a model, an exception, a function) would
# show its repr, and with it the inside of the server.
TEXTUAL = (str, Promise, int, float, Decimal, UUID, date, time)

CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)

# The members that hold the message in the bodies that libraries and projects make up themselves.
# In details proper these names are fields; flatten() knows no such member.
MESSAGE_MEMBERS = ("detail", "message", "error_description", "error", "msg", "reason")

# The members of such bodies that may hold all messages.
ENVELOPES = frozenset({"detail", "error", "errors"})

# The members of such bodies that are no messages, unless they hold a list or a dict: then they are
# the fields that a serializer has under these names.
OTHER_MEMBERS = frozenset({"code", "ok", "status", "status_code", "success", "type"})


class Item(NamedTuple):
    """One message: the path of its field (`""`: of none), its own code, its text."""

    field: str
    code: str | None
    message: str

    def __str__(self) -> str:
        """Return the message as it is sent, its field in front."""
        return f"{self.field}: {self.message}" if self.field else self.message


class Items(list[Item]):
    """The items to send, how many more there were (`left_out`), and the own codes of them all."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        """Take the items to send."""
        super().__init__(items)
        self.left_out = 0
        self.codes = {item.code for item in self}


def flatten(detail: object, limit: int | None = None) -> Items:
    """Return the messages of `detail`, in their order, each with its path.

    `detail` may be anything. A list of texts is the messages of one field; other entries of a list
    go by their index, and so do int keys: DRF 3.18 sends the failing rows of `many=True` as a dict
    of them. Of more than `limit` messages `limit - 1` come back, which leaves room for a last one
    that says how many were left out.
    """
    return _collect(_walk(detail), limit)


def flatten_body(data: object, limit: int | None = None) -> Items:
    """Return the messages of an error body that somebody else made up, in whatever shape.

    What a serializer made (`serializer.errors`) is as in an exception. Else a member such as
    `detail` or `error` is the message, or holds all of them, and is no field:
    `{"error": "Refused.", "ok": false, "email": "Used already."}` gives `Refused.` and
    `email: Used already.`.
    """
    if isinstance(data, Mapping) and not hasattr(data, "serializer"):
        return _collect(_walk_body(data), limit)
    return flatten(data, limit)


def _walk_body(data: Mapping[object, object]) -> Leaves:
    message = get_message(data)
    if message is not None:
        yield [], ErrorDetail(message.message, message.code)
    for key, value in data.items():
        if not isinstance(value, CONTAINERS):
            # Beside a message a number is hardly another one.
            is_other = key in OTHER_MEMBERS or key in MESSAGE_MEMBERS
            if not is_other and (message is None or isinstance(value, str)):
                yield from _walk({key: value})
        elif key in ENVELOPES:
            inner = get_message(value)
            yield from _walk(value) if inner is None else [([], inner.message)]
        else:
            yield from _walk({key: value})


def get_message(data: object) -> Item | None:
    """Return the one message of a dict such as `{"detail": "No.", "code": "no"}`, if it has one."""
    if isinstance(data, Mapping):
        for member in MESSAGE_MEMBERS:
            text = data.get(member)
            if isinstance(text, (str, Promise)) and str(text).strip():
                code = _get_text(data.get("code")) or _get_text(getattr(text, "code", None))
                return Item("", code, _make_encodable(str(text)))
    return None


def get_own_code(data: object) -> str | None:
    """Return the code that a made-up body says of itself, at its top or inside its `error`."""
    if not isinstance(data, Mapping) or hasattr(data, "serializer"):
        return None
    message = get_message(data) or get_message(data.get("error"))
    return message.code if message is not None else _get_text(data.get("code"))


def _collect(leaves: Leaves, limit: int | None) -> Items:
    items = Items()
    for segments, leaf in leaves:
        text = str.__str__(leaf) if isinstance(leaf, str) else str(leaf)
        if not text or text.isspace():
            continue
        code = _get_text(getattr(leaf, "code", None))
        items.codes.add(code)
        if limit is not None and len(items) >= limit:
            items.left_out += 1
        else:
            path = "".join(segments).removeprefix(".")
            items.append(Item(_make_encodable(path), code, _make_encodable(text)))
    if items.left_out:
        items.left_out += 1
        items.pop()
    return items


def _walk(detail: object) -> Leaves:
    """Yield each text of `detail` with the segments of its path, in time linear in their number.

    A stack takes the place of recursion, since a client chooses the depth; the segments are one
    list, to be joined before the next step and only for what is sent. A container inside itself is
    passed over.
    """
    segments: list[str] = []
    stack: list[tuple[int, Entries]] = []
    entries: Entries = iter([("", detail)])
    opened = set[int]()
    while True:
        for segment, value in entries:
            if isinstance(value, TEXTUAL):
                segments.append(segment)
                yield segments, value
                segments.pop()
            elif isinstance(value, CONTAINERS) and id(value) not in opened:
                opened.add(id(value))
                segments.append(segment)
                stack.append((id(value), entries))
                entries = _get_entries(value)
                break
        else:
            if not stack:
                return
            identity, entries = stack.pop()
            opened.discard(identity)
            segments.pop()


def _get_entries(container: object) -> Entries:
    """Return an iterator over the segments of the path and the values of `container`."""
    if isinstance(container, Mapping):
        return ((_get_segment(key), value) for key, value in container.items())
    assert isinstance(container, (list, tuple, set, frozenset))
    return (
        (f"[{index}]" if isinstance(value, CONTAINERS) else "", value)
        for index, value in enumerate(container)
    )


def _get_segment(key: object) -> str:
    if key == NON_FIELD_ERRORS or key == api_settings.NON_FIELD_ERRORS_KEY:
        return ""
    if isinstance(key, int):
        return f"[{int(key)}]"
    return f".{key}" if isinstance(key, TEXTUAL) else ""


def _get_text(value: object) -> str | None:
    # The value of an Enum that is a str too; str() would name its member.
    return _make_encodable(str.__str__(value)) if isinstance(value, str) and value else None


def _make_encodable(text: str) -> str:
    """Return `text` without halves of surrogate pairs; messages repeat what a client sent."""
    return text.encode(errors="replace").decode()
