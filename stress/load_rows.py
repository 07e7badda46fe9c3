"""The rows of the tour as the clients of `load` send them, each request with its own token."""

from __future__ import annotations

import re
from dataclasses import replace

from example_project.demo.data import WRITE_KEY
from example_project.demo.tour.rows import CODES, ERRORS, SUCCESSES, VERBS, Row

# Each request, and each resource that a client creates, has its own token.
TOKEN = re.compile(r"U-\d+-\d+-")

UNREADABLE = "a Content-Type that cannot be read"

# Tasks are not run: their worker would compete with the servers for the processors.
UNDER_WAY = {"polls": False, "shows": {"status": "ready"}}

SUCCESSFUL = (
    *VERBS.rows,
    *(replace(row, **UNDER_WAY) if row.polls else row for row in SUCCESSES.rows),
    Row("DELETE of the shelf", "DELETE", "/collections/{shelf}", 200, exactly=b""),
)

# The rows of the tour; then errors with the token in their message, and errors that are raised
# before there is a view or even a request.
FAILING = (
    *ERRORS.rows,
    *CODES.rows,
    Row(
        "a field name with the token",
        "POST",
        "/thngs",
        400,
        "INVALID_CONTENT",
        body='{"name": "Tour lantern", "identifiers": {"{token}": ""}}',
        messages=("identifiers.{token}: This field may not be blank.",),
    ),
    Row(
        "malformed at a column of its own",
        "POST",
        "/thngs",
        400,
        "INVALID_CONTENT",
        body="{blanks}]",
        messages=("The JSON document is malformed at line 1, column {column}.",),
    ),
    Row("a URL with the token", "DELETE", "/{token}", 404, "MISSING_RESOURCE"),
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


def fill(text: str, values: dict[str, str]) -> str:
    """Return `text` with each name in braces replaced by its value."""
    if "{" in text:
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
    return text


def fill_row(row: Row, values: dict[str, str]) -> Row:
    """Return the row with the values of one request."""
    return replace(
        row,
        path=fill(row.path, values),
        body=fill(row.body, values),
        messages=tuple(fill(message, values) for message in row.messages),
        exactly=None if row.exactly is None else fill(row.exactly.decode(), values).encode(),
        headers={
            "Content-Type": "application/json",
            **({"Authorization": row.key} if row.key is not None else {}),
            **{name: fill(value, values) for name, value in row.headers.items()},
        },
    )


def get_key_of(row: Row) -> str:
    """Return the name of the id that the row creates, `""` if it creates nothing."""
    return row.makes.partition("{")[2].rstrip("}") if row.key == WRITE_KEY else ""
