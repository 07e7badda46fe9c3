"""The fenced blocks of the docs.

A block is run unless the comment `<!-- not run: REASON -->` precedes it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}

NOT_RUN = re.compile(r"<!-- not run: (?P<reason>\S.*) -->")
FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,})(?P<language>[^`]*)")

# The first line of a block that is a file, or is appended to one: a comment with the path.
FILE = re.compile(r"(?:#|<!--|\{#) (?P<path>[\w-]+(?:[./][\w-]+)*\.[a-z]+)(?: (?:-->|#\}))?")


class Block(NamedTuple):
    """A fenced block: its place, its language and its text, and the reason why it is not run."""

    page: str
    line: int
    section: str
    subsection: str
    language: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def path(self) -> str | None:
        """The file that the block is, or is appended to."""
        match = FILE.fullmatch(self.text.partition("\n")[0])
        return match["path"] if match else None


def read_blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page; `section` and `subsection` are the headings of level 2 and 3."""
    lines = enumerate(PAGES[page].read_text(encoding="utf-8").splitlines(), start=1)
    section = subsection = reason = ""
    for number, line in lines:
        fence, note = FENCE.fullmatch(line), NOT_RUN.fullmatch(line.strip())
        if line.startswith("## "):
            section, subsection = line.removeprefix("## "), ""
        elif line.startswith("### "):
            subsection = line.removeprefix("### ")
        if fence:
            inside = []
            for _, inner in lines:
                if inner.strip() == fence["ticks"]:
                    break
                inside.append(inner)
            text = textwrap.dedent("\n".join(inside)) + "\n"
            language = fence["language"].strip()
            yield Block(page, number, section, subsection, language, text, reason)
            reason = ""
        elif note:
            reason = note["reason"]
        elif line:
            reason = ""
