"""Flattening: the nested details of a validation error -> a flat list of items with paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add
from typing import NamedTuple, Self, TypeAlias, overload

from django.utils.functional import Promise
from rest_framework.exceptions import ErrorDetail

from django_apierrors.rows import Found, find_in_rows
from django_apierrors.segments import PART, TEXTUAL, Names, get_segment, is_name

Entries: TypeAlias = Iterator[tuple[object, object]]
# The segments of a path, and the texts that stand there.
Leaves: TypeAlias = Iterable[tuple[list[str], Sequence[object]]]

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
        return f"{self.field}{PART}{self.message}" if self.field else self.message


class Items(Sequence[Item]):
    """The items to send, how many more there were (`left_out`), and the own codes of them all.

    It holds paths and texts: an `Item` is made where one is asked for. Most errors send no more
    than their messages, and ten thousand of those are made in less time than the items.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        """Take the items to send."""
        items = [*items]
        self._prefixes = [_make_prefix(item.field) for item in items]
        self._texts = [ErrorDetail(item.message, item.code) for item in items]
        self.codes: set[str | None] = {item.code for item in items}
        self.left_out = 0

    def __len__(self) -> int:
        """Return how many are sent."""
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        """Return an item, or some of them."""
        if isinstance(index, slice):
            return [*map(_make_item, self._prefixes[index], self._texts[index])]
        return _make_item(self._prefixes[index], self._texts[index])

    def __eq__(self, other: object) -> bool:
        """Tell whether `other` has the same items."""
        return isinstance(other, (Items, list)) and [*self] == [*other]

    def get_only_text(self) -> str | None:
        """Return the text where there is one alone, of no field."""
        if len(self._texts) != 1 or self._prefixes[0]:
            return None
        return self[0].message

    def get_messages(self) -> list[str]:
        """Return the messages as they are sent, the path of its field in front of each."""
        messages = [*map(add, self._prefixes, self._texts)]
        # One look at all of them: hardly any repeats half of a surrogate pair.
        if "".join(messages).isascii():
            return messages
        return [_make_encodable(message) for message in messages]

    def gather(self, leaves: Leaves, limit: int | None) -> Self:
        """Take the texts of `leaves` that are not empty; the codes of those left out count too."""
        prefixes, kept, codes, left_out = self._prefixes, self._texts, self.codes, 0
        for segments, texts in leaves:
            prefix = None
            for text in texts:
                # What is given as a code may be anything, half a surrogate pair too.
                if type(text) is not ErrorDetail or not is_name(text.code):
                    text = _make_detail(text)
                if not text or text.isspace():
                    continue
                codes.add(text.code)
                if limit is not None and len(kept) >= limit:
                    left_out += 1
                    continue
                prefix = prefix or _make_prefix("".join(segments).removeprefix("."))
                prefixes.append(prefix)
                kept.append(text)
        self._leave_room(left_out)
        return self

    def take(self, found: Found) -> Self:
        """Take what was found in rows, as gather() would have found it."""
        self._prefixes, self._texts = found.prefixes, found.texts
        self.codes.update(found.codes)
        self._leave_room(found.left_out)
        return self

    def _leave_room(self, left_out: int) -> None:
        """Leave out one more, where some are left out, for the message that says how many."""
        if left_out:
            self.left_out = left_out + 1
            self._prefixes.pop()
            self._texts.pop()


def flatten(detail: object, limit: int | None = None) -> Items:
    """Return the messages of `detail`, in their order, each with its path.

    `detail` may be anything. A list of texts is the messages of one field; other entries of a list
    go by their index, and so do int keys: DRF 3.18 sends the failing rows of `many=True` as a dict
    of them. Of more than `limit` messages `limit - 1` come back, which leaves room for a last one
    that says how many were left out.
    """
    # Most details are one text, and most others the errors of a serializer.
    if isinstance(detail, str):
        return Items().gather([([], [detail])], limit)
    found = find_in_rows(detail, limit)
    if found is not None:
        return Items().take(found)
    return Items().gather(_walk(detail), limit)


def flatten_body(data: object, limit: int | None = None) -> Items:
    """Return the messages of an error body that somebody else made up, in whatever shape.

    What a serializer made (`serializer.errors`) is as in an exception. Else a member such as
    `detail` or `error` is the message, or holds all of them, and is no field:
    `{"error": "Refused.", "ok": false, "email": "Used already."}` gives `Refused.` and
    `email: Used already.`.
    """
    if isinstance(data, Mapping) and not hasattr(data, "serializer"):
        return Items().gather(_walk_body(data), limit)
    return flatten(data, limit)


def _walk_body(data: Mapping[object, object]) -> Leaves:
    message = get_message(data)
    if message is not None:
        yield [], [ErrorDetail(message.message, message.code)]
    for key, value in data.items():
        if not isinstance(value, CONTAINERS):
            # Beside a message a number is hardly another one.
            is_other = key in OTHER_MEMBERS or key in MESSAGE_MEMBERS
            if not is_other and (message is None or isinstance(value, str)):
                yield from _walk({key: value})
        elif key in ENVELOPES:
            inner = get_message(value)
            yield from _walk(value) if inner is None else [([], [inner.message])]
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


def _walk(detail: object) -> Leaves:
    """Yield all texts of `detail` with the segments of their paths, in time linear in their number.

    A stack takes the place of recursion, since a client chooses the depth; the segments are one
    list, to be joined before the next step and only for what is sent. A container inside itself is
    passed over.
    """
    segments: list[str] = []
    stack: list[tuple[int, Entries]] = []
    entries: Entries = iter([(None, detail)])
    opened = set[int]()
    names = Names()
    while True:
        for key, value in entries:
            segments.append(names[key] if type(key) is str else get_segment(key))
            if type(value) is list and len(value) == 1 and type(value[0]) is ErrorDetail:
                # The one message of a field, which is what most lists are.
                yield segments, value
            elif isinstance(value, TEXTUAL):
                yield segments, (value,)
            elif isinstance(value, CONTAINERS) and id(value) not in opened:
                opened.add(id(value))
                stack.append((id(value), entries))
                entries = _get_entries(value)
                break
            segments.pop()
        else:
            if not stack:
                return
            identity, entries = stack.pop()
            opened.discard(identity)
            segments.pop()


def _get_entries(container: object) -> Entries:
    """Return an iterator over the keys and the values of `container`; a text in a list has none."""
    if isinstance(container, Mapping):
        return iter(container.items())
    assert isinstance(container, (list, tuple, set, frozenset))
    return (
        (index if isinstance(value, CONTAINERS) else None, value)
        for index, value in enumerate(container)
    )


def _make_prefix(path: str) -> str:
    return f"{path}{PART}" if path else ""


def _make_item(prefix: str, text: ErrorDetail) -> Item:
    path = prefix.removesuffix(PART)
    message = str.__str__(text)
    return Item(_make_encodable(path), text.code, _make_encodable(message))


def _make_detail(leaf: object) -> ErrorDetail:
    text = str.__str__(leaf) if isinstance(leaf, str) else str(leaf)
    return ErrorDetail(text, _get_text(getattr(leaf, "code", None)))


def _get_text(value: object) -> str | None:
    # The value of an Enum that is a str too; str() would name its member.
    return _make_encodable(str.__str__(value)) if isinstance(value, str) and value else None


def _make_encodable(text: str) -> str:
    """Return `text` without halves of surrogate pairs; messages repeat what a client sent."""
    return text.encode(errors="replace").decode()
