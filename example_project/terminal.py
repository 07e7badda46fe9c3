"""Colour where someone looks at a terminal, lines that fit into it, plain text elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import TextIO

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
NARROWEST = 40
# JSON on one line has hardly a space: it may also end a line after a comma.
PIECES = re.compile(r"[^, ]*[, ]+|[^, ]+")


class Terminal:
    """A stream to print to."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        # https://no-color.org: any value that is not empty asks for none.
        dumb = os.environ.get("TERM") == "dumb"
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR") and not dumb

    def paint(self, text: str, *styles: str) -> str:
        """Return the text in the given styles, or as it is where there is no colour."""
        if not self.has_colour or not styles:
            return text
        return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"

    def line(self, text: str = "", *styles: str, indent: int = 0) -> None:
        """Print the text, folded to the width of a terminal; elsewhere it stays one line."""
        margin = " " * indent
        for part in text.splitlines() or [""]:
            for folded in self.fold(part, indent):
                self.stream.write(f"{margin}{self.paint(folded, *styles)}\n")
        self.stream.flush()

    def fold(self, text: str, indent: int) -> Iterator[str]:
        """Yield the text in lines that fit."""
        if not self.is_terminal:
            yield text
            return
        width = max(NARROWEST, shutil.get_terminal_size().columns) - indent - 1
        line = ""
        for piece in PIECES.findall(text):
            if line and len(line) + len(piece.rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += piece
            while len(line.rstrip()) > width:
                yield line[:width]
                line = line[width:]
        yield line.rstrip()
