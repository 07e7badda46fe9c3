"""The rows of the tour as many clients send them, each request with something that is its alone."""

from __future__ import annotations

import re
from dataclasses import replace

from example_project.demo.data import WRITE_KEY
from example_project.demo.tour.rows import CODES, ERRORS, SUCCESSES, VERBS, Row

# What only one request, or the resource that only one client has made, is called by.
TOKEN = re.compile(r"U-\d+-\d+-")

UNREADABLE = "a Content-Type that cannot be read"

# A worker would take the processors that the servers are to have, so no operation is ever done.
UNDER_WAY = {"polls": False, "shows": {"status": "ready"}}

SUCCESSFUL = (
    *VERBS.rows,
    *(replace(row, **UNDER_WAY) if row.polls else row for row in SUCCESSES.rows),
    Row("DELETE of the shelf", "DELETE", "/collections/{shelf}", 200, exactly=b""),
)

# Beside the rows of the tour: those whose message repeats what only this request has sent, and
# those that fail before there is a view, or even a request.
FAILING = (
    *ERRORS.rows,
    *CODES.rows,
    Row(
        "a field of its own",
        "POST",
        "/thngs",
        400,
        "INVALID_CONTENT",
        body='{"name": "Tour lantern", "identifiers": {"{token}": ""}}',
        message="identifiers.{token}: This field may not be blank.",
    ),
    Row(
        "a place of its own",
        "POST",
        "/thngs",
        400,
        "INVALID_CONTENT",
        body="{blanks}]",
        message="The JSON document is malformed at line 1, column {column}.",
    ),
    Row("a URL of its own", "DELETE", "/{token}", 404, "MISSING_RESOURCE"),
    Row(
        UNREADABLE,
        "POST",
        "/thngs",
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        body="{}",
        headers={"Content-Type": "application/json; a*=bogus''x"},
    ),
    Row("a bad Host", "GET", "/thngs", 400, "INVALID_CONTENT", headers={"Host": "{token}.example"}),
)


def fill(text: str, known: dict[str, str]) -> str:
    """Return `text` with what is known in place of its name in braces."""
    if "{" in text:
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
    return text


def fill_row(row: Row, known: dict[str, str]) -> Row:
    """Return the row as this request sends it."""
    return replace(
        row,
        path=fill(row.path, known),
        body=fill(row.body, known),
        message=fill(row.message, known),
        exactly=None if row.exactly is None else fill(row.exactly.decode(), known).encode(),
        headers={
            "Content-Type": "application/json",
            **({"Authorization": row.key} if row.key is not None else {}),
            **{name: fill(value, known) for name, value in row.headers.items()},
        },
    )


def get_key_of(row: Row) -> str:
    """Return the name under which the id of what the row makes is known, `""` if it makes none."""
    return row.makes.partition("{")[2].rstrip("}") if row.key == WRITE_KEY else ""
