"""What the example project answers in more than one test."""

from __future__ import annotations

from example_project.server import Server
from example_project.tour_rows import THE_401
from tests.example_server import error

INVALID_ID = error(400, "INVALID_ID", "The formatting of a resource identifier is incorrect.")
MISSING_RESOURCE = error(
    404,
    "MISSING_RESOURCE",
    "The resource you try to access does not exist, or is outside your scope.",
)
ACCESS_FORBIDDEN = error(
    403, "ACCESS_FORBIDDEN", "A resource does not allow access with the provided credentials."
)
METHOD_FORBIDDEN = error(
    403,
    "METHOD_FORBIDDEN",
    "A resource does not allow to use the verb with the provided credentials.",
)
METHOD_NOT_ALLOWED = error(
    405,
    "METHOD_NOT_ALLOWED",
    "The verb/method you used to fulfill the request is not supported for this resource.",
)
INVALID_STATE = error(
    400, "INVALID_STATE", "The state of a resource does not allow to fulfill a request."
)


def get_401(server: Server) -> bytes:
    """Return the body of a 401, byte for byte."""
    return THE_401.replace(b"{url}", server.url.encode())
