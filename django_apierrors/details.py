"""Flattening: the nested details of a validation error -> a flat list of items with paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from rest_framework.settings import api_settings

Entries: TypeAlias = Iterator[tuple[str, object]]

# What may stand in a message as it is. Anything else (a model, an exception, a function) would
# show its repr, and with it the inside of the server.
TEXTUAL = (str, Promise, int, float, Decimal, UUID, date, time)

CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)

# The members that hold the message in the bodies that libraries and projects make up themselves.
# In details proper these names are fields; flatten() knows no such member.
MESSAGE_MEMBERS = ("detail", "message", "error_description", "error", "msg")


class Item(NamedTuple):
    """One message: the path of its field (`""`: of none), its own code, its text."""

    field: str
    code: str | None
    message: str

    def __str__(self) -> str:
        """Return the message as it is sent, its field in front."""
        return f"{self.field}: {self.message}" if self.field else self.message


class Items(list[Item]):
    """The items to send, and how many more there were: `left_out`."""

    left_out: int = 0


def flatten(detail: object, limit: int | None = None) -> Items:
    """Return the messages of `detail`, in their order, each with its path.

    `detail` may be anything. A list of texts is the messages of one field; other entries of a list
    go by their index, and so do int keys: DRF 3.18 sends the failing rows of `many=True` as a dict
    of them. Of more than `limit` messages `limit - 1` come back, which leaves room for a last one
    that says how many were left out.
    """
    items = Items()
    for path, leaf in _walk(detail):
        if limit is not None and len(items) >= limit:
            items.left_out += 1
            continue
        text = str(leaf)
        if text and not text.isspace():
            items.append(Item(path, _get_text(getattr(leaf, "code", None)), text))
    if items.left_out:
        items.left_out += 1
        items.pop()
    return items


def flatten_body(data: object, limit: int | None = None) -> Items:
    """Return the messages of an error body that somebody else made up, in whatever shape.

    A body with a message of its own is that message, and beside it only what is nested:
    `{"error": "Refused.", "ok": false, "fields": {"name": ["Too short."]}}` gives two items.
    """
    message = get_message(data)
    if message is None or not isinstance(data, Mapping):
        return flatten(data, limit)
    nested = {key: value for key, value in data.items() if isinstance(value, CONTAINERS)}
    items = flatten({NON_FIELD_ERRORS: [message.message], **nested}, limit)
    if items and items[0].message == message.message:
        items[0] = message
    return items


def get_message(data: object) -> Item | None:
    """Return the one message of a dict such as `{"detail": "No.", "code": "no"}`, if it has one."""
    if isinstance(data, Mapping):
        for member in MESSAGE_MEMBERS:
            text = data.get(member)
            if isinstance(text, str) and text.strip():
                code = _get_text(data.get("code")) or _get_text(getattr(text, "code", None))
                return Item("", code, str(text))
    return None


def _walk(detail: object) -> Iterator[tuple[str, object]]:
    """Yield each text of `detail` with its path, in time linear in the number of entries.

    A stack takes the place of recursion, since a client chooses the depth, and a path is joined
    only where a text is found. A container inside itself is passed over.
    """
    segments: list[str] = []
    stack: list[tuple[int, Entries]] = []
    entries: Entries = iter([("", detail)])
    opened = set[int]()
    while True:
        path = None
        for segment, value in entries:
            if isinstance(value, TEXTUAL):
                if path is None:
                    path = "".join(segments)
                yield (path + segment).removeprefix("."), value
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
    return str(value) if isinstance(value, str) and value else None
