"""Output in colour and folded lines on a terminal, and as plain text elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import TextIO

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
MIN_WIDTH = 40
# JSON on one line has few spaces, so a line may also end after a comma.
PIECES = re.compile(r"[^, ]*[, ]+|[^, ]+")


class Terminal:
    """A stream to print to."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        # https://no-color.org: any value that is not empty turns colours off.
        is_dumb = os.environ.get("TERM") == "dumb"
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR") and not is_dumb

    def paint(self, text: str, *styles: str) -> str:
        """Return the text with the styles, or unchanged if the stream has no colours."""
        if not self.has_colour or not styles:
            return text
        return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"

    def line(self, text: str = "", *styles: str, indent: int = 0) -> None:
        """Print the text, folded to the width of the terminal."""
        margin = " " * indent
        for part in text.splitlines() or [""]:
            for folded in self.fold(part, indent):
                self.stream.write(f"{margin}{self.paint(folded, *styles)}\n")
        self.stream.flush()

    def fold(self, text: str, indent: int) -> Iterator[str]:
        """Yield lines that fit the terminal; the whole text if the stream is not a terminal."""
        if not self.is_terminal:
            yield text
            return
        width = max(MIN_WIDTH, shutil.get_terminal_size().columns) - indent - 1
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
