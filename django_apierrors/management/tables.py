"""Tables: rows of texts for a terminal, fitted to its width, and for Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TypeAlias

Row: TypeAlias = Sequence[str]

GAP = "  "
NARROWEST = 20


def make_table(head: Row, rows: Sequence[Row], width: int | None = None) -> Iterator[str]:
    """Yield the lines of a table; the last column is folded where `width` is too narrow for it.

    Where even that leaves it less than a few words, it stands below its row instead.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    left = None if width is None else width - before
    for row in (head, *rows):
        cells = [cell.ljust(space) for cell, space in zip(row[:-1], widths[:-1], strict=True)]
        start = GAP.join(cells)
        if left is None:
            yield f"{start}{GAP}{row[-1]}".rstrip()
        elif left >= NARROWEST:
            folded = textwrap.wrap(row[-1], left) or [""]
            for first, text in zip_longest([start], folded, fillvalue=" " * len(start)):
                yield f"{first}{GAP}{text}".rstrip()
        else:
            yield start.rstrip()
            yield from fold(row[-1], width, GAP)


# Where a line must not end.
TIED = "\N{NO-BREAK SPACE}"


def fold(text: str, width: int | None, indent: str, hanging: str | None = None) -> list[str]:
    """Return `text` in lines that fit into `width`, each indented; one line where it is `None`."""
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
    """Return a text on one line, in which no character ends a cell or opens a tag."""
    text = " ".join(cell.split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
