"""Tables for a terminal and for Markdown."""

from __future__ import annotations

import pytest

from django_apierrors.management.tables import TIED, fold, make_markdown, make_table

HEAD = ("code", "meaning")
ROWS = [
    ("GONE", "It was there."),
    ("INVALID_ID", "The identifier is wrong, in the URL or a field."),
]


def test_a_table_is_aligned_and_not_folded_where_nothing_is_wide_or_narrow() -> None:
    assert list(make_table(HEAD, ROWS)) == [
        "code        meaning",
        "GONE        It was there.",
        "INVALID_ID  The identifier is wrong, in the URL or a field.",
    ]


def test_the_last_column_is_folded_to_the_width() -> None:
    assert list(make_table(HEAD, ROWS, 36)) == [
        "code        meaning",
        "GONE        It was there.",
        "INVALID_ID  The identifier is wrong,",
        "            in the URL or a field.",
    ]


def test_the_last_column_stands_below_where_there_is_no_room_beside() -> None:
    assert list(make_table(HEAD, ROWS, 30)) == [
        "code",
        "  meaning",
        "GONE",
        "  It was there.",
        "INVALID_ID",
        "  The identifier is wrong, in",
        "  the URL or a field.",
    ]


def test_an_empty_cell_is_a_line_of_its_own() -> None:
    assert list(make_table(HEAD, [("GONE", "")], 80)) == ["code  meaning", "GONE"]


@pytest.mark.parametrize("width", range(1, 130, 7))
def test_no_line_of_a_table_is_wider_than_a_terminal_that_has_room(width: int) -> None:
    lines = list(make_table(HEAD, ROWS, width))
    assert max(map(len, lines)) <= max(width, 22)


def test_a_text_is_folded_with_its_indents_and_not_where_it_is_tied() -> None:
    text = f"404{TIED}GONE, 500{TIED}INTERNAL_ERROR"
    assert fold(text, 26, "! ", "  ") == ["! 404 GONE,", "  500 INTERNAL_ERROR"]
    assert fold(text, None, "! ", "  ") == ["! 404 GONE, 500 INTERNAL_ERROR"]


def test_markdown_has_no_cell_or_tag_that_a_text_has_made() -> None:
    assert list(make_markdown(HEAD, [("A", "x | y\n<script> \\")])) == [
        "| code | meaning |",
        "|---|---|",
        "| A | x \\| y &lt;script> \\\\ |",
    ]
