"""Expected bodies."""

from __future__ import annotations

from typing import Any

from django_apierrors.catalog import CATALOG, PRINTED_AS_NUMBER


def body(name: str, *errors: str, status: int | None = None) -> dict[str, Any]:
    """Return the body of a code, by default with the message and the status of the catalogue.

    A code that is not in the catalogue needs both.
    """
    code = CATALOG.get(name)
    return {
        "status": status or code.status,
        "errors": list(errors) or [str(code.message)],
        "code": code.number if name in PRINTED_AS_NUMBER else name,
        "moreInfo": "",
    }
