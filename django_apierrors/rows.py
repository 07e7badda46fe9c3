"""Rows: what serializers say of one document, or of many, read straight.

The errors of ten thousand rows have one shape. To read that, all of them at once at each step,
takes a fraction of the time that it takes to walk a tree of any shape, as `details` does with all
else; the same is found either way. Of one document, each field is read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from django_apierrors.segments import PART, Names, get_names_of_no_field, is_name

BY_FIELD = frozenset({dict, ReturnDict})
BY_ROW = frozenset({list, ReturnList})

# What the values of one step may be; a set of their classes is made and compared without a loop.
DETAIL, INT, LIST = {ErrorDetail}, {int}, {list}


class Prefixes(Names):
    """The same with what parts a path from its text."""

    def __init__(self) -> None:
        """Begin with the names that stand for no field."""
        super().__init__()
        self.update(dict.fromkeys(self, PART))

    def __missing__(self, name: str) -> str:
        """Return it for a name that is new; raise TypeError for what is no text."""
        if type(name) is not str:
            raise TypeError(name)
        self[name] = prefix = f"{super().__missing__(name)}{PART}"
        return prefix


class Indices(dict[int, str]):
    """The segments of indices; those of the first rows are ready, since digits take their time."""

    def __missing__(self, index: int) -> str:
        """Return the segment of a further row."""
        return f"[{index}]"


INDICES = Indices({index: f"[{index}]" for index in range(1_000)})


class Found(NamedTuple):
    """What stands in front of each text, the texts, the codes of all, how many more there were."""

    prefixes: list[str]
    texts: list[ErrorDetail]
    codes: set[str]
    left_out: int


def find_in_rows(detail: object, limit: int | None = None) -> Found | None:
    """Return the texts of a serializer's errors, `None` for errors of any other shape.

    At most `limit` of them, since a client chooses how many there are.
    """
    try:
        if type(detail) in BY_ROW:
            assert isinstance(detail, list)
            return _find_in_rows(range(len(detail)), detail, limit)
        if type(detail) not in BY_FIELD:
            return None
        assert isinstance(detail, dict)
        # DRF 3.18 sends the rows that fail as a dict of them.
        if {*map(type, detail)} <= INT:
            return _find_in_rows(detail, [*detail.values()], limit)
        return _find_in_document(detail, limit)
    except TypeError:
        # A code may be anything, and a name that is no text is none of a field.
        return None


def _find_in_rows(indices: Iterable[int], rows: Sequence[Any], limit: int | None) -> Found | None:
    if not {*map(type, rows)} <= BY_FIELD:
        return None
    lists = [*chain.from_iterable(map(dict.values, rows))]
    if not {*map(type, lists)} <= LIST:
        return None
    try:
        # Most fields have one text each.
        texts = [text for [text] in lists]
    except ValueError:
        texts = [*chain.from_iterable(lists)]
        fields = zip(_make_prefixes(indices, rows), lists, strict=True)
        prefixes = [prefix for prefix, own in fields for _text in own]
    else:
        # No paths for rows that are left out. Each row has a text unless one is empty, so that the
        # first of them have enough.
        prefixes = _make_prefixes(indices, rows[: limit if all(rows) else None])
    if not {*map(type, texts)} <= DETAIL or not all(texts) or any(map(str.isspace, texts)):
        return None
    return _make_found(prefixes, texts, {text.code for text in texts}, limit)


def _make_prefixes(indices: Iterable[int], rows: Sequence[Any]) -> list[str]:
    """Return what stands in front of the texts of each field of `rows`, the first of `indices`."""
    names = Prefixes()
    return [
        start + names[name]
        for row, start in zip(rows, map(INDICES.__getitem__, indices), strict=False)
        for name in row
    ]


def _find_in_document(fields: Mapping[Any, Any], limit: int | None) -> Found | None:
    """Return the same of one document, whose few texts are found sooner one by one."""
    of_none = {"", *get_names_of_no_field()}
    prefixes: list[str] = []
    found: list[ErrorDetail] = []
    codes = set()
    for name, texts in fields.items():
        if type(name) is not str or type(texts) is not list:
            return None
        prefix = "" if name in of_none else name + PART
        for text in texts:
            if type(text) is not ErrorDetail or not text or text.isspace():
                return None
            prefixes.append(prefix)
            found.append(text)
            codes.add(text.code)
    return _make_found(prefixes, found, codes, limit)


def _make_found(
    prefixes: list[str], texts: list[ErrorDetail], codes: set[Any], limit: int | None
) -> Found | None:
    if not all(map(is_name, codes)):
        return None
    left_out = 0 if limit is None else max(len(texts) - limit, 0)
    if left_out:
        prefixes, texts = prefixes[:limit], texts[:limit]
    return Found(prefixes, texts, codes, left_out)
