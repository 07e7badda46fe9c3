"""Tables for a terminal and for Markdown."""

from __future__ import annotations

import pytest

from django_apierrors.management.tables import TIED, fold, make_markdown, make_table

HEAD = ("code", "meaning")
ROWS = [
    ("GONE", ""),
    ("INVALID_ID", "The identifier is wrong, in the URL or a field."),
]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, ["INVALID_ID  The identifier is wrong, in the URL or a field."]),
        (36, ["INVALID_ID  The identifier is wrong,", "            in the URL or a field."]),
        (30, ["INVALID_ID", "  The identifier is wrong, in", "  the URL or a field."]),
    ],
    ids=["unlimited", "folded", "below the row"],
)
def test_the_last_column_is_folded_to_the_width(width: int | None, expected: list[str]) -> None:
    lines = list(make_table(HEAD, ROWS, width))
    assert lines[-len(expected) :] == expected
    assert lines[-len(expected) - 1] == "GONE"


@pytest.mark.parametrize("width", [1, 22, 50])
def test_no_line_is_wider_than_the_terminal_or_the_narrowest_text(width: int) -> None:
    assert max(map(len, make_table(HEAD, ROWS, width))) <= max(width, 22)


def test_a_text_is_folded_with_its_indents_but_not_at_a_non_breaking_space() -> None:
    text = f"404{TIED}GONE, 500{TIED}INTERNAL_ERROR"
    assert fold(text, 26, "! ", "  ") == ["! 404 GONE,", "  500 INTERNAL_ERROR"]
    assert fold(text, None, "! ", "  ") == ["! 404 GONE, 500 INTERNAL_ERROR"]


def test_markdown_escapes_cells_and_tags() -> None:
    assert list(make_markdown(HEAD, [("A", "x | y\n<script> \\")])) == [
        "| code | meaning |",
        "|---|---|",
        "| A | x \\| y &lt;script> \\\\ |",
    ]
