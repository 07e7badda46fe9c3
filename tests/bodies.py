"""The bodies that tests expect."""

from __future__ import annotations

import json
import re
from typing import Any

from django_apierrors.catalog import (
    CATALOG,
    PRINTED_AS_NUMBER,
    get_code_of_status,
    get_or_make_code,
)

MESSAGE = re.escape(str(CATALOG["INTERNAL_ERROR"].message))
REFERENCE = re.compile(rf"{MESSAGE} Reference: ([0-9a-f]{{12}})\.")


def body(name: str, *errors: str, status: int | None = None, more_info: str = "") -> dict[str, Any]:
    """Return the body of the code `name`: the message and the status are the code's by default.

    A code that the catalogue lacks needs a `status`.
    """
    code = get_or_make_code(name, status or 0)
    return {
        "status": status or code.status,
        "errors": list(errors) or [str(code.message)],
        "code": code.number if name in PRINTED_AS_NUMBER else name,
        "moreInfo": more_info,
    }


def status_body(status: int) -> dict[str, Any]:
    """Return the body of a bare status."""
    return body(get_code_of_status(status).name, status=status)


def assert_body(response: Any, expected: dict[str, Any] | None) -> None:
    """Hold `response` to have the body `expected` on the wire.

    `None` is the body of an unhandled exception, whose message ends with a new reference.
    """
    sent = json.loads(response.content)
    if expected is None:
        [message] = sent["errors"]
        assert REFERENCE.fullmatch(message)
        expected = body("INTERNAL_ERROR", message)
    assert sent == expected
    assert (response.status_code, response["Content-Type"]) == (sent["status"], "application/json")
    assert response.get("Content-Length", str(len(response.content))) == str(len(response.content))
    assert not response.has_header("Content-Encoding")


def get_reference(response: Any) -> str:
    """Return the reference in the message of an error, `""` without one."""
    match = REFERENCE.fullmatch(json.loads(response.content)["errors"][0])
    return match[1] if match else ""
