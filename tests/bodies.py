"""The bodies that tests expect."""

from __future__ import annotations

from typing import Any

from django_apierrors.catalog import PRINTED_AS_NUMBER, get_code_of_status, get_or_make_code


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
