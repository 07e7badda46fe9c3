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


def body_with(name: str, fact: str) -> dict[str, Any]:
    """Return the body of the code `name`, whose message ends with a fact about the request."""
    return body(name, f"{CATALOG[name].message} {fact}")


def method_body(method: str, allowed: str) -> dict[str, Any]:
    """Return the body of a 405."""
    return body_with("METHOD_NOT_ALLOWED", f"You sent {method}; supported: {allowed}.")


def sent_body(media_type: str, supported: str = "application/json") -> dict[str, Any]:
    """Return the body of a 415 for the format of a request."""
    return body_with("UNSUPPORTED_MEDIA_TYPE", f"You sent {media_type}; supported: {supported}.")


def requested_body(value: str, supported: str = "application/json") -> dict[str, Any]:
    """Return the body of a 415 for the format of a response."""
    return body_with("UNSUPPORTED_MEDIA_TYPE", f"You asked for {value}; supported: {supported}.")


def wait_body(seconds: int) -> dict[str, Any]:
    """Return the body of a 429 that is over after more than one second."""
    return body_with("THROTTLED", f"Wait {seconds} seconds before the next request.")


def status_body(status: int) -> dict[str, Any]:
    """Return the body of a bare status."""
    return body(get_code_of_status(status).name, status=status)


def assert_body(response: Any, expected: dict[str, Any] | None) -> None:
    """Assert that `response` has the body `expected` on the wire.

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
    """Return the reference in the message of an error, `""` if the message has no reference."""
    match = REFERENCE.fullmatch(json.loads(response.content)["errors"][0])
    return match[1] if match else ""
