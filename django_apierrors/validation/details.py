"""Flatten the nested detail of a validation error into messages, each with the path of its field.

`{"lines": [{}, {"sku": ["Required."]}]}` becomes `lines[1].sku: Required.`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.functional import Promise
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from django_apierrors.validation.foreign_keys import (
    AMBIGUOUS_CODES,
    MALFORMED,
    find_malformed_keys,
)

# The keys and indexes that lead to a list of messages; the index of the message in that list, or
# `None` for a message that is not in a list; the message.
Leaf: TypeAlias = tuple[Sequence[object], int | None, object]

CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)

# The types that a client may see as they are. Anything else (a model, an exception, a function)
# would show its repr, and with it the inside of the server.
MESSAGE_TYPES = (str, Promise, int, float, Decimal, UUID, date, time)

# The keys under which libraries and projects put the message of an error body. In the details of
# serializers these names are fields, so flatten() does not know them.
MESSAGE_KEYS = ("detail", "message", "error_description", "error", "msg", "reason")

# The keys of such bodies under which all messages may be.
ENVELOPE_KEYS = frozenset({"detail", "error", "errors"})

# The keys of such bodies that hold no message. With a list or a dict below them they are fields of
# a serializer.
OTHER_KEYS = frozenset({"code", "ok", "status", "status_code", "success", "type"})


class Item(NamedTuple):
    """One message: the path of its field (`""` if it is about no field), its own code, itself."""

    field: str
    code: str | None
    message: str

    def __str__(self) -> str:
        """Return the message as it is sent, the field in front of it."""
        return f"{self.field}: {self.message}" if self.field else self.message


class Messages(NamedTuple):
    """The messages to send, the codes of all messages, and how many messages were left out."""

    items: Sequence[Item] = ()
    codes: frozenset[str | None] = frozenset()
    left_out: int = 0


def flatten(detail: object, limit: int | None = None) -> Messages:
    """Return the messages of `detail` in their order, each with its path.

    `detail` may be anything. Strings in a list are messages of one field. Other entries of a list
    are named by their index, and so are int keys: DRF 3.18 has the failing rows of `many=True` in a
    dict with int keys. If there are more than `limit` messages, `limit - 1` are returned: the last
    one that is sent says how many were left out.
    """
    leaves = [((), None, detail)] if isinstance(detail, MESSAGE_TYPES) else _walk(detail)
    return _collect(leaves, limit, detail)


def flatten_body(data: object, limit: int | None = None) -> Messages:
    """Return the messages of an error body that another package or a project built.

    The errors of a serializer (`serializer.errors`) are read as in an exception. Otherwise a key
    such as `detail` or `error` holds the message, or all messages, and is not a field:
    `{"error": "Rejected.", "ok": false, "email": "Used already."}` becomes `Rejected.` and
    `email: Used already.`.
    """
    if isinstance(data, Mapping) and not hasattr(data, "serializer"):
        return _collect(_walk_body(data), limit)
    return flatten(data, limit)


def get_message(data: object) -> Item | None:
    """Return the message of a dict such as `{"detail": "No.", "code": "no"}`, if it has one."""
    if isinstance(data, Mapping):
        for key in MESSAGE_KEYS:
            message = data.get(key)
            if isinstance(message, (str, Promise)) and str(message).strip():
                code = _get_string(data.get("code")) or _get_string(getattr(message, "code", None))
                return Item("", code, clean(str(message)))
    return None


def get_own_code(data: object) -> str | None:
    """Return the code that an error body of another shape has, at its top or inside its `error`."""
    if not isinstance(data, Mapping) or hasattr(data, "serializer"):
        return None
    message = get_message(data) or get_message(data.get("error"))
    return message.code if message is not None else _get_string(data.get("code"))


def get_non_field_keys() -> tuple[str, str]:
    """Return the keys under which Django and DRF put messages that are about no field."""
    return NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY


def make_path(keys: Iterable[object]) -> str:
    """Return the path of a field, as in `lines[0].sku`."""
    non_field_keys = get_non_field_keys()
    return "".join([_make_segment(key, non_field_keys) for key in keys]).removeprefix(".")


def clean(string: str) -> str:
    """Return `string` without halves of surrogate pairs; messages repeat what a client sent."""
    return string if string.isascii() else string.encode(errors="replace").decode()


def _collect(leaves: Iterable[Leaf], limit: int | None, detail: object = None) -> Messages:
    items: list[Item] = []
    codes: set[str | None] = set()
    left_out = 0
    malformed: set[tuple[object, ...]] | None = None
    for keys, index, leaf in leaves:
        message = str.__str__(leaf) if isinstance(leaf, str) else str(leaf)
        if not message or message.isspace():
            continue
        code = _get_string(getattr(leaf, "code", None))
        if code in AMBIGUOUS_CODES:
            if malformed is None:
                malformed = find_malformed_keys(detail)
            if malformed and (*keys, *(() if index is None else (index,))) in malformed:
                code = MALFORMED
        codes.add(code)
        if limit is not None and len(items) >= limit:
            left_out += 1
        else:
            items.append(Item(clean(make_path(keys)), code, clean(message)))
    if left_out:
        # The truncation message takes the place of one more.
        items.pop()
        left_out += 1
    return Messages(items, frozenset(codes), left_out)


def truncate(items: Sequence[Item], limit: int | None) -> Sequence[Item]:
    """Return `items`, or the first `limit - 1` of more: the truncation message takes a place."""
    return items if limit is None or len(items) <= limit else items[: limit - 1]


def _walk_body(data: Mapping[object, object]) -> Iterator[Leaf]:
    message = get_message(data)
    if message is not None:
        yield (), None, ErrorDetail(message.message, message.code)
    for key, value in data.items():
        if not isinstance(value, CONTAINERS):
            # A number beside a message is rarely another message.
            is_other = key in OTHER_KEYS or key in MESSAGE_KEYS
            if not is_other and (message is None or isinstance(value, str)):
                yield from _walk({key: value})
        elif key in ENVELOPE_KEYS:
            inner = get_message(value)
            yield from _walk(value) if inner is None else [((), None, inner.message)]
        else:
            yield from _walk({key: value})


def _walk(detail: object) -> Iterator[Leaf]:
    """Yield all messages of `detail`, which is a container, in time linear in their number.

    A stack takes the place of recursion, because a client chooses the depth. `keys` is one list
    that changes with each step: a copy for each message would take time by depth. A container
    inside itself is passed over.
    """
    keys: list[object] = []
    stack: list[tuple[int, bool, Iterator[tuple[Any, object]]]] = []
    opened: set[int] = set()
    key: Any = None
    value: Any = detail
    while True:
        if isinstance(value, CONTAINERS) and id(value) not in opened:
            opened.add(id(value))
            if stack:
                keys.append(key)
            is_mapping = isinstance(value, Mapping)
            entries = iter(value.items()) if isinstance(value, Mapping) else enumerate(value)
            stack.append((id(value), is_mapping, entries))
        if not stack:
            return
        identity, is_mapping, entries = stack[-1]
        for key, value in entries:
            # Most fields have one message: no step into its list.
            is_only = isinstance(value, list) and [*map(type, value[:2])] == [ErrorDetail]
            if not is_only and not isinstance(value, MESSAGE_TYPES):
                break
            if not is_only and not is_mapping:
                yield keys, key, value
                continue
            keys.append(key)
            yield (keys, 0, value[0]) if is_only else (keys, None, value)
            keys.pop()
        else:
            stack.pop()
            opened.discard(identity)
            if stack:
                keys.pop()
            value = None


def _make_segment(key: object, non_field_keys: Sequence[str]) -> str:
    if isinstance(key, int):
        return f"[{int(key)}]"
    if key in non_field_keys:
        return ""
    return f".{key}" if isinstance(key, MESSAGE_TYPES) else ""


def _get_string(value: object) -> str | None:
    # str() of a member of an Enum that is a str too would be the name of the member.
    return clean(str.__str__(value)) if isinstance(value, str) and value else None
