"""Tables for a terminal, folded to its width, and for Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Row: TypeAlias = Sequence[str]

GAP = "  "
NARROWEST = 20

# A space at which fold() does not break a line.
TIED = "\N{NO-BREAK SPACE}"


def make_table(head: Row, rows: Sequence[Row], width: int | None = None) -> Iterator[str]:
    """Yield the lines of a table; the last column is folded if `width` is too narrow for it.

    If fewer than NARROWEST columns remain for the last column, it is printed below its row.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [cell.ljust(space) for cell, space in zip(row[:-1], widths[:-1], strict=True)]
        start = GAP.join([*cells, ""])
        if width is None or width - len(start) >= NARROWEST:
            lines = fold(row[-1], width, start, " " * len(start)) or [start]
        else:
            lines = [start, *fold(row[-1], width, GAP)]
        yield from map(str.rstrip, lines)


def fold(text: str, width: int | None, indent: str, hanging: str | None = None) -> list[str]:
    """Return the indented lines of `text`, folded to `width`; one line if `width` is `None`."""
    if width is None:
        return [f"{indent}{text}".replace(TIED, " ")]
    further = indent if hanging is None else hanging
    space = max(width, len(further) + NARROWEST)
    lines = textwrap.wrap(
        text,
        space,
        initial_indent=indent,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(TIED, " ") for line in lines]


def make_markdown(head: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield f"| {' | '.join(map(escape, head))} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(escape, row))} |"


def escape(cell: str) -> str:
    """Return a cell on one line, with the characters escaped that end a cell or open a tag."""
    text = " ".join(cell.split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
