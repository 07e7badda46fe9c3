"""From the code of a message or an exception (`unique`) to a code of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from django_apierrors.catalog import CATALOG, ErrorCode, get_code_of_status, get_or_make_code
from django_apierrors.conf import api_errors

# The codes of DRF's and Django's validation messages that are more specific than INVALID_CONTENT.
CODES_BY_MESSAGE_CODE: Mapping[str, str] = {
    "unique": "ALREADY_EXISTS",
    "unique_together": "ALREADY_EXISTS",
    "unique_for_date": "ALREADY_EXISTS",
    "unique_for_month": "ALREADY_EXISTS",
    "unique_for_year": "ALREADY_EXISTS",
    "does_not_exist": "MISSING_RESOURCE",
    "incorrect_type": "INVALID_ID",
    "incorrect_match": "INVALID_ID",
    "invalid_pk_value": "INVALID_ID",
    "no_match": "INVALID_ID",
}

# The codes that say no more than the status of their exception: DRF's own, Django's `invalid`, and
# those of JWT packages for a credential that is not valid.
GENERIC_CODES = frozenset(
    {
        "authentication_failed",
        "bad_authorization_header",
        "error",
        "invalid",
        "method_not_allowed",
        "no_active_account",
        "not_acceptable",
        "not_authenticated",
        "not_found",
        "parse_error",
        "permission_denied",
        "throttled",
        "token_not_valid",
        "unsupported_media_type",
        "user_inactive",
        "user_not_found",
    }
)


def resolve_code(message_code: object, status: int) -> ErrorCode:
    """Return the catalogue's code for an exception's own code (`out_of_stock`).

    A code that says no more than the status, or that is not an identifier, gives the status's.
    """
    name = normalize(message_code)
    return get_or_make_code(name, status) if name else get_code_of_status(status)


def get_catalog_name(message_code: object) -> str | None:
    """Return the name in the catalogue for a message's code (`unique`), if it has one."""
    name = normalize(message_code)
    return name if name in CATALOG or name in api_errors.CODES else None


def normalize(message_code: object) -> str | None:
    """Return a message's code as the catalogue spells it, `None` if it is a generic one.

    Nothing checks a code before: it may be a number, a sentence, a list.
    """
    if not isinstance(message_code, str):
        return None
    # str() of a member of an Enum that is a str too would be the name of the member.
    code = str.__str__(message_code)
    if code in GENERIC_CODES:
        return None
    name = CODES_BY_MESSAGE_CODE.get(code) or code.replace("-", "_").upper()
    return name if name.isascii() and name.isidentifier() and len(name) <= 64 else None
