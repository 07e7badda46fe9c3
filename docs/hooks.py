"""MkDocs calls the functions of this module while it builds the docs."""

from __future__ import annotations

import re

CELL = re.compile(r"<td.*?</td>", re.S)
CODE = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
# After a separator inside a name, and before a capital: INVALID_ID, requests.exceptions, InvalidId.
BREAK = re.compile(r"(?<=\w[_./])(?=\w)|(?<=[a-z0-9])(?=[A-Z][a-z])")


def on_page_content(html: str, **kwargs: object) -> str:
    """Let browsers break the names in the cells of tables, so that a table fits a phone."""
    return CELL.sub(lambda cell: CODE.sub(lambda code: BREAK.sub("<wbr>", code[0]), cell[0]), html)
