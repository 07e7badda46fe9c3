"""Rows: what serializers say of one document, or of many, read straight.

The errors of ten thousand rows have one shape. To read that takes half the time that it takes to
walk a tree of any shape, as `details` does with all else; the same is found either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from django_apierrors.segments import Names, is_name

# A path, and a text that stands there.
Found: TypeAlias = tuple[str, ErrorDetail]

BY_FIELD = (dict, ReturnDict)
BY_ROW = (list, ReturnList)


def find_in_rows(
    detail: object, limit: int | None = None
) -> tuple[list[Found], set[str], int] | None:
    """Return the texts of a serializer's errors with their paths, and the codes of them all.

    At most `limit` texts, since a client chooses how many there are, and how many more there were.
    `None` for errors of any other shape.
    """
    found: list[Found] = []
    left_out = 0
    codes = set[str]()
    names = Names()
    for start, row in _get_rows(detail):
        if type(row) not in BY_FIELD:
            return None
        assert isinstance(row, dict)
        for name, texts in row.items():
            if type(name) is not str or type(texts) is not list:
                return None
            path = start + names[name] if start else names[name].removeprefix(".")
            for text in texts:
                if type(text) is not ErrorDetail or type(code := text.code) is not str:
                    return None
                if text and not text.isspace():
                    codes.add(code)
                    if limit is None or len(found) < limit:
                        found.append((path, text))
                    else:
                        left_out += 1
    return (found, codes, left_out) if all(map(is_name, codes)) else None


def _get_rows(detail: object) -> Iterable[tuple[str, object]]:
    """Return the rows, each with its path; a document that is the only one has none."""
    if type(detail) in BY_ROW:
        assert isinstance(detail, list)
        return ((f"[{index}]", row) for index, row in enumerate(detail))
    if type(detail) in BY_FIELD:
        assert isinstance(detail, dict)
        # DRF 3.18 sends the rows that fail as a dict of them.
        if all(type(index) is int for index in detail):
            return ((f"[{index}]", row) for index, row in detail.items())
    return [("", detail)]
