"""The bodies of errors of the example project."""

from __future__ import annotations

import re
from typing import Any

from django_apierrors.catalog import CATALOG
from example_project.demo.server import Server
from example_project.demo.tour.rows import THE_401


class LinkTo:
    """Equals any absolute URL of the page of a code, whatever the port."""

    def __init__(self, name: str) -> None:
        """Set the name of the code."""
        self.name = name

    def __eq__(self, other: object) -> bool:
        """Whether ``other`` is such a URL."""
        pattern = rf"http://(127\.0\.0\.1|localhost):\d+/errors/{self.name}"
        return isinstance(other, str) and re.fullmatch(pattern, other) is not None

    def __repr__(self) -> str:
        """Return the text for a failed comparison."""
        return f"<link to {self.name}>"


def error_body(status: int, code: str | int, *messages: str) -> dict[str, Any]:
    """Return the body of an error, with a link to the page of its code."""
    name = "UNAUTHENTICATED" if code == 33619968 else str(code)
    link = LinkTo(name) if name in CATALOG else ""
    return {"status": status, "errors": list(messages), "code": code, "moreInfo": link}


def get_401(server: Server) -> bytes:
    """Return the exact body of a 401."""
    return THE_401.replace(b"{url}", server.url.encode())


def invalid_content(*messages: str) -> dict[str, Any]:
    """Return the body of an INVALID_CONTENT."""
    return error_body(400, "INVALID_CONTENT", *messages)


MALFORMED = "An id has 24 characters, digits and letters other than 0, I, O and l."
TAKEN = "Another resource has the same value for this field."

UNAUTHENTICATED = error_body(401, 33619968, "Access denied, please check your credentials!")
INVALID_ID = error_body(400, "INVALID_ID", "The formatting of a resource identifier is incorrect.")
MISSING_RESOURCE = error_body(
    404,
    "MISSING_RESOURCE",
    "The resource you try to access does not exist, or is outside your scope.",
)
ACCESS_FORBIDDEN = error_body(
    403, "ACCESS_FORBIDDEN", "A resource does not allow access with the provided credentials."
)
METHOD_FORBIDDEN = error_body(
    403,
    "METHOD_FORBIDDEN",
    "A resource does not allow to use the verb with the provided credentials.",
)
METHOD_NOT_ALLOWED = error_body(
    405,
    "METHOD_NOT_ALLOWED",
    "The verb/method you used to fulfill the request is not supported for this resource.",
)
INVALID_STATE = error_body(
    400, "INVALID_STATE", "The state of a resource does not allow to fulfill a request."
)
SERVICE_UNAVAILABLE = error_body(
    503,
    "SERVICE_UNAVAILABLE",
    "An external service needed to fulfil your request did not reply.",
)
GATEWAY_TIMEOUT = error_body(
    504, "GATEWAY_TIMEOUT", "A service required to fulfill the request was not available."
)
