"""The bodies that tests expect."""

from __future__ import annotations

from typing import Any

from django_apierrors.catalog import CATALOG, PRINTED_AS_NUMBER


def body(name: str, *errors: str, status: int | None = None) -> dict[str, Any]:
    """Return the body of the code `name`, with its own message and status where none are given."""
    code = CATALOG[name]
    return {
        "status": status or code.status,
        "errors": list(errors) or [str(code.message)],
        "code": code.number if name in PRINTED_AS_NUMBER else name,
        "moreInfo": "",
    }
