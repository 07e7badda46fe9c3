"""Console sessions of the docs: commands, and the output that a page shows.

`…` stands for any text within a line; on a line of its own, for any lines. The status line and the
body of an HTTP response are compared whole, but headers may be left out of the page.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PROMPT = "$ "

# Values that differ in each run, and their replacements.
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"Reference: [0-9a-f]{12}"), "Reference: <reference>"),
    (re.compile(r"\bin \d+\.\d+ ?s\b"), "in <time>"),
]


class Command(NamedTuple):
    """A command, and the output that the page shows."""

    text: str
    output: str


def read_session(text: str) -> list[Command]:
    """Return the commands of a console block; a backslash continues a command on the next line."""
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            commands.append(Command(line.removeprefix(PROMPT), ""))
            continue
        assert commands, f"{line!r} comes before the first command"
        command, output = commands[-1]
        if command.endswith("\\") and not output:
            commands[-1] = Command(f"{command}\n{line}", "")
        else:
            commands[-1] = Command(command, f"{output}{line}\n")
    return [Command(command, output.strip("\n")) for command, output in commands]


def is_shown(shown: str, printed: str) -> bool:
    """Whether the page shows this output."""
    shown, printed = normalise(shown), normalise(printed)
    if not shown.startswith("HTTP/"):
        return fits(shown, printed)
    shown_head, _, shown_body = shown.partition("\n\n")
    head, _, body = printed.partition("\n\n")
    return (
        fits(shown_head.splitlines()[0], head.partition("\n")[0])
        and all(
            any(fits(shown_line, line) for line in head.splitlines())
            for shown_line in shown_head.splitlines()
        )
        and fits(shown_body, body)
    )


def fits(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, with any text in place of each ellipsis."""
    lines = [
        r"(?:.|\n)*?" if line == "…" else re.escape(line).replace("…", ".*?")
        for line in pattern.strip().splitlines()
    ]
    return re.fullmatch("\n".join(lines), text.strip()) is not None


def normalise(text: str) -> str:
    """Return `text` without the values that differ in each run."""
    lines = (line.rstrip() for line in text.splitlines())
    text = "\n".join(lines)
    for expression, name in VOLATILE:
        text = expression.sub(name, text)
    return text
