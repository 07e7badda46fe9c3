"""The bodies of errors of the example project."""

from __future__ import annotations

import re
from typing import Any

from tests.bodies import body, method_body

MALFORMED = "An id has 24 characters, digits and letters other than 0, I, O and l."
TAKEN = "Another resource has the same value for this field."


class LinkTo:
    """Equals the absolute URL of the page of a code, with any port."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        pattern = rf"http://(127\.0\.0\.1|localhost):\d+/errors/{self.name}"
        return isinstance(other, str) and re.fullmatch(pattern, other) is not None

    def __repr__(self) -> str:
        return f"<link to {self.name}>"


def error_body(name: str, *messages: str) -> dict[str, Any]:
    """Return the body of an error, with a link to the page of its code."""
    return {**body(name, *messages), "moreInfo": LinkTo(name)}


def method_error(method: str, allowed: str = "GET, HEAD, OPTIONS") -> dict[str, Any]:
    """Return the body of a 405, with a link."""
    return {**method_body(method, allowed), "moreInfo": LinkTo("METHOD_NOT_ALLOWED")}


def invalid_content(*messages: str) -> dict[str, Any]:
    return error_body("INVALID_CONTENT", *messages)
