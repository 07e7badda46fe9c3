"""Message codes: what the own code of a message or an exception (`unique`) is in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django_apierrors.catalog import CATALOG, ErrorCode, find_code, get_code_of_status
from django_apierrors.conf import api_errors

# The codes of DRF's and Django's validation messages that mean more than "the content is wrong".
CODES_BY_MESSAGE: Mapping[str, str] = {
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

# The codes that say no more than the status of their exception does: DRF's own, Django's
# `invalid`, and what JWT libraries say of a credential that is not valid.
GENERIC_MESSAGES = frozenset(
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


def get_code_of_message(message_code: object, status: int) -> ErrorCode:
    """Return the code that an exception's own code (`out_of_stock`) stands for.

    One that says no more than the status does, or that is no identifier, gives the status's.
    """
    name = get_name(message_code)
    return find_code(name, status) if name else get_code_of_status(status)


def get_name_of_message(message_code: object) -> str | None:
    """Return the name in the catalogue that a message's code (`unique`) stands for, if any."""
    name = get_name(message_code)
    return name if name in CATALOG or name in api_errors.CODES else None


def get_name(message_code: object) -> str | None:
    """Return a message's code as the catalogue spells it, `None` where it says nothing.

    Nothing checks what is given as a code: it may be a number, a sentence, a list.
    """
    # The value of an Enum that is a str too; str() would name its member.
    return _get_name(str.__str__(message_code)) if isinstance(message_code, str) else None


# Bounded: a project may make its codes of what it is sent.
@lru_cache(maxsize=512)
def _get_name(text: str) -> str | None:
    if text in GENERIC_MESSAGES:
        return None
    name = CODES_BY_MESSAGE.get(text) or text.replace("-", "_").upper()
    return name if name.isascii() and name.isidentifier() and len(name) <= 64 else None
