"""From the code of a message or an exception (`unique`) to a code of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from django_apierrors import catalog
from django_apierrors.conf import api_errors
from django_apierrors.exceptions import MessageCode
from django_apierrors.validation.extra import read_extra

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

# The codes that are as general as the status of their exception: DRF's own, Django's `invalid`, and
# those of JWT packages for a credential that is not valid. Each with the catalogue's code.
GENERIC_CODES: Mapping[str, str] = {
    "authentication_failed": "UNAUTHENTICATED",
    "bad_authorization_header": "UNAUTHENTICATED",
    "error": "INTERNAL_ERROR",
    "invalid": "INVALID_CONTENT",
    "method_not_allowed": "METHOD_NOT_ALLOWED",
    "no_active_account": "UNAUTHENTICATED",
    "not_acceptable": "UNSUPPORTED_MEDIA_TYPE",
    "not_authenticated": "UNAUTHENTICATED",
    "not_found": "MISSING_RESOURCE",
    "parse_error": "INVALID_CONTENT",
    "permission_denied": "ACCESS_FORBIDDEN",
    "throttled": "THROTTLED",
    "token_not_valid": "UNAUTHENTICATED",
    "unsupported_media_type": "UNSUPPORTED_MEDIA_TYPE",
    "user_inactive": "UNAUTHENTICATED",
    "user_not_found": "UNAUTHENTICATED",
}


# Between the words of a code: `cart-full`, `cart.full`, `cart:full`, `cart/full`, `cartFull`.
SEPARATOR = re.compile(r"-|(?<=\w)[.:/](?=\w)|(?<=[a-z0-9])(?=[A-Z])")

# The length of a name, and the largest number of the catalogue, which has 32 bits.
MAX_NAME_LENGTH = 64
MAX_NUMBER = 2**32 - 1


def get_extra(message_code: object) -> Mapping[str, Any]:
    """Return the data of a message's code, as JSON can represent it."""
    return read_extra(message_code.extra if isinstance(message_code, MessageCode) else None)


def find_code(message_code: object, status: int) -> catalog.ErrorCode | None:
    """Return the catalogue's code for a project's own code: `out_of_stock`, `cart.full`, 41003.

    A number that no entry has is sent as it is: it is the name of a new code. Return `None` for a
    code that is as general as the status, and for a value that cannot be a code.
    """
    spelling = find_spelling(message_code)
    if spelling is None or spelling in GENERIC_CODES:
        return None
    if not is_number(spelling):
        name = normalize(spelling)
        is_new = name is not None and name != catalog.get_status_name(status)
        return catalog.get_or_make_code(name, status) if name and is_new else None
    number = int(spelling)
    entries = (entry for entry in catalog.get_codes().values() if entry.number == number)
    new = replace(catalog.get_code_of_status(status), name=spelling, number=number)
    return None if number == status else next(entries, new)


def find_spelling(message_code: object) -> str | None:
    """Return a code as a string; a member of an Enum has the spelling of its value."""
    if isinstance(message_code, Enum):
        message_code = message_code.value
    if isinstance(message_code, int) and not isinstance(message_code, bool):
        return str(message_code) if 0 <= message_code <= MAX_NUMBER else None
    # str() of other subclasses of str may be anything.
    return str.__str__(message_code) or None if isinstance(message_code, str) else None


def is_number(spelling: str) -> bool:
    """Whether a code is a number; `007` is not one, because it would be sent as 7."""
    if not (spelling.isdecimal() and spelling.isascii() and len(spelling) <= 10):
        return False
    return spelling == "0" or (spelling[0] != "0" and int(spelling) <= MAX_NUMBER)


def is_code(value: object) -> bool:
    """Whether `value` can be a code: a number, a name, one of the generic codes."""
    spelling = find_spelling(value)
    if spelling is None:
        return False
    return spelling in GENERIC_CODES or is_number(spelling) or normalize(spelling) is not None


def is_capitalized_word(value: object) -> bool:
    """Whether `value` is a capitalized word, which may be a message: `Expired`."""
    return isinstance(value, str) and value.isalpha() and value.istitle()


def find_catalog_name(message_code: object) -> str | None:
    """Return the name in the catalogue for a message's code (`unique`), if it has one."""
    name = normalize(message_code)
    is_missing = name is not None and name not in catalog.CATALOG and name not in api_errors.CODES
    return None if is_missing else name


def normalize(message_code: object) -> str | None:
    """Return a message's code as the catalogue spells it, `None` if it is a generic one.

    The value is not checked before this call: it may be a number, a sentence or a list.
    """
    code = find_spelling(message_code)
    if code is None or code in GENERIC_CODES or len(code) > MAX_NAME_LENGTH:
        return None
    name = CODES_BY_MESSAGE_CODE.get(code) or SEPARATOR.sub("_", code).upper()
    return name if name.isascii() and name.isidentifier() else None
