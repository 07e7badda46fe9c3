"""Rows: what serializers say of one document, or of many, read straight.

The errors of ten thousand rows have one shape. To read that, all of them at once at each step,
takes a third of the time that it takes to walk a tree of any shape, as `details` does with all
else; the same is found either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from django_apierrors.segments import Names, is_name

BY_FIELD = frozenset({dict, ReturnDict})
BY_ROW = frozenset({list, ReturnList})

get_own_code = attrgetter("code")


class Found(NamedTuple):
    """The paths, the texts that stand there, the codes of all, and how many more there were."""

    paths: list[str]
    texts: list[ErrorDetail]
    codes: set[str]
    left_out: int


def find_in_rows(detail: object, limit: int | None = None) -> Found | None:
    """Return the texts of a serializer's errors, `None` for errors of any other shape.

    At most `limit` of them, since a client chooses how many there are.
    """
    starts, rows = _get_rows(detail)
    if not is_all_of(rows, BY_FIELD):
        return None
    lists = [texts for row in rows for texts in row.values()]
    if not is_all_of(chain.from_iterable(rows), {str}) or not is_all_of(lists, {list}):
        return None
    texts = [*chain.from_iterable(lists)]
    if not is_all_of(texts, {ErrorDetail}) or not all(map(str.strip, texts)):
        return None
    try:
        codes = {*map(get_own_code, texts)}
    except TypeError:
        # What is given as a code may be anything.
        return None
    if not all(map(is_name, codes)):
        return None
    kept = texts[:limit]
    return Found(_make_paths(starts, rows, lists, kept), kept, codes, len(texts) - len(kept))


def is_all_of(values: Iterable[object], classes: Set[type]) -> bool:
    """Tell whether the class of each value is one of `classes` itself."""
    return classes >= {*map(type, values)}


def _make_paths(
    starts: Sequence[str], rows: Sequence[Any], lists: Sequence[list[Any]], kept: Sequence[Any]
) -> list[str]:
    """Return the path of each text that is kept."""
    names = Names()
    paths = [start + names[name] for start, row in zip(starts, rows, strict=True) for name in row]
    if starts == [""]:
        paths = [path.removeprefix(".") for path in paths]
    if not {1} >= {*map(len, lists)}:
        paths = [path for path, texts in zip(paths, lists, strict=True) for _text in texts]
    return paths[: len(kept)]


def _get_rows(detail: object) -> tuple[Sequence[str], Sequence[Any]]:
    """Return the paths of the rows, and the rows; a document that is the only one has no path."""
    if type(detail) in BY_ROW:
        assert isinstance(detail, list)
        return [f"[{index}]" for index in range(len(detail))], detail
    if type(detail) in BY_FIELD:
        assert isinstance(detail, dict)
        # DRF 3.18 sends the rows that fail as a dict of them.
        if is_all_of(detail, {int}):
            return [f"[{index}]" for index in detail], [*detail.values()]
    return [""], [detail]
