"""The catalogue of error codes: the one place that says what a code means.

Source: "Error Codes" and "Error Messages" of the API document that the project implements, whose
wording the texts keep wherever it has some.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from django_apierrors.advice import ADVICE
from django_apierrors.conf import api_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An entry of the catalogue.

    `status` is the HTTP status it is sent with, `number` its 32-bit number (`None`: it has none),
    `message` what a client reads when the exception says nothing better, `description` what the
    code means, `advice` what the caller can do about it.
    """

    name: str
    status: int
    number: int | None
    message: StrOrPromise
    description: StrOrPromise
    advice: StrOrPromise = ""


# The high byte of a number is the kind (1 look-up, 2 access, 3 content, 4 conflict, 5 protocol,
# 6 service), the next byte counts, the low 16 bits are zero.
CATALOG: Mapping[str, ErrorCode] = {
    code.name: replace(code, advice=ADVICE[code.name])
    for code in (
        ErrorCode(
            "MISSING_RESOURCE",
            404,
            0x01010000,
            _("The resource you try to access does not exist, or is outside your scope."),
            _("A resource does not exist."),
        ),
        ErrorCode(
            "GONE",
            410,
            0x01020000,
            _("The resource you try to access is no longer available."),
            _("A resource existed once and will not come back."),
        ),
        ErrorCode(
            "UNAUTHENTICATED",
            401,
            0x02010000,
            _("Access denied, please check your credentials!"),
            _("The access credentials (via the Authorization header) were missing or are invalid."),
        ),
        ErrorCode(
            "ACCESS_FORBIDDEN",
            403,
            0x02020000,
            _("A resource does not allow access with the provided credentials."),
            _("A resource does not allow access with the provided credentials."),
        ),
        ErrorCode(
            "METHOD_FORBIDDEN",
            403,
            0x02030000,
            _("A resource does not allow to use the verb with the provided credentials."),
            _(
                "A resource does not allow to use the verb with the provided credentials, for "
                "example it can happen when the user has limited permissions only to read a "
                "content (GET)."
            ),
        ),
        ErrorCode(
            "INVALID_CONTENT",
            400,
            0x03010000,
            _("The syntax/content is incorrect."),
            _("A required field or parameter for the resource has not been set."),
        ),
        ErrorCode(
            "INVALID_ID",
            400,
            0x03020000,
            _("The formatting of a resource identifier is incorrect."),
            _("The formatting of a resource identifier is incorrect."),
        ),
        ErrorCode(
            "INVALID_STATE",
            400,
            0x04010000,
            _("The state of a resource does not allow to fulfill a request."),
            _("The state of a resource does not allow to fulfill a request."),
        ),
        ErrorCode(
            "ALREADY_EXISTS",
            400,
            0x04020000,
            _("Another resource has the same value for this field."),
            _(
                "Another resource has the same value for this field, which can happen when the "
                "field is used as unique key (for example the email address of a user)."
            ),
        ),
        ErrorCode(
            "METHOD_NOT_ALLOWED",
            405,
            0x05010000,
            _(
                "The verb/method you used to fulfill the request is not supported for this "
                "resource."
            ),
            _(
                "The verb/method you used to fulfill the request is not supported for this "
                "resource."
            ),
        ),
        ErrorCode(
            "UNSUPPORTED_MEDIA_TYPE",
            415,
            0x05020000,
            _("The format you requested (e.g., XML) is not supported for this resource."),
            _("The format you requested (e.g., XML) is not supported for this resource."),
        ),
        ErrorCode(
            "CONTENT_TOO_LARGE",
            413,
            0x05030000,
            _("The content of the request is too large."),
            _("The body of a request is larger, or has more parts, than the server takes."),
        ),
        ErrorCode(
            "THROTTLED",
            429,
            0x05040000,
            _("Too many requests, please try again later."),
            _("More requests were sent than these credentials may send in this time."),
        ),
        ErrorCode(
            "INTERNAL_ERROR",
            500,
            0x06010000,
            _(
                "An error on our side, we're sorry. Please get in touch including details of the "
                "request you tried and the response you received."
            ),
            _(
                "An error on our side, we're sorry. Hopefully, you will never see one, but if you "
                "do please get in touch including details of the request you tried and the "
                "response you received."
            ),
        ),
        ErrorCode(
            "SERVICE_UNAVAILABLE",
            503,
            0x06020000,
            _("An external service needed to fulfil your request did not reply."),
            _("Most likely when an external service needed to fulfil your request did not reply."),
        ),
        ErrorCode(
            "GATEWAY_TIMEOUT",
            504,
            0x06030000,
            _("A service required to fulfill the request was not available."),
            _("A service required to fulfill the request was not available."),
        ),
    )
}

# The codes that the API document prints as a number: it shows one, in its example of a 401.
PRINTED_AS_NUMBER = frozenset({"UNAUTHENTICATED"})

# What a status means when nothing else is known. A project's own codes never stand here: which of
# two codes of one status a bare status means is not for us to guess.
CODES_BY_STATUS: Mapping[int, str] = {
    400: "INVALID_CONTENT",
    401: "UNAUTHENTICATED",
    403: "ACCESS_FORBIDDEN",
    404: "MISSING_RESOURCE",
    405: "METHOD_NOT_ALLOWED",
    410: "GONE",
    413: "CONTENT_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "THROTTLED",
    500: "INTERNAL_ERROR",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}

# Python 3.13 renamed these members of HTTPStatus; a client must not see which Python answers it.
RENAMED_STATUSES: Mapping[int, str] = {
    414: "URI_TOO_LONG",
    416: "RANGE_NOT_SATISFIABLE",
    422: "UNPROCESSABLE_CONTENT",
}


def get_codes() -> dict[str, ErrorCode]:
    """Return the catalogue as the project has it: ours, as changed by `CODES`, and its own."""
    return {name: get_code(name) for name in [*CATALOG, *api_errors.CODES]}


def get_code(name: str) -> ErrorCode:
    """Return the entry called `name`; raise KeyError when neither we nor the project have one."""
    changes = api_errors.CODES.get(name)
    if not changes:
        return CATALOG[name]
    known = CATALOG.get(name) or _make_code(name, changes["status"])
    return replace(known, **changes)


def get_code_of_status(status: int) -> ErrorCode:
    """Return the code of a bare HTTP status: ours, else its HTTP name in capitals."""
    name = CODES_BY_STATUS.get(status) or RENAMED_STATUSES.get(status)
    if name is None:
        try:
            name = HTTPStatus(status).name
        except ValueError:
            name = f"HTTP_{status}"
    return find_code(name, status)


def find_code(name: str, status: int) -> ErrorCode:
    """Return the entry called `name`, or one made for it with `status` where there is none."""
    try:
        return get_code(name)
    except KeyError:
        return _make_code(name, status)


def get_status(code: ErrorCode, status: int) -> int:
    """Return the status to send `code` with, for an exception that asks for `status`.

    A code of the project's own has the status that `CODES` gives it. For ours it is the
    exception's, except where that is the catalogue's and the project has changed it: a unique clash
    that DRF sends as 400 follows `{"ALREADY_EXISTS": {"status": 409}}`.
    """
    known = CATALOG.get(code.name)
    if known is None:
        return code.status if code.name in api_errors.CODES else status
    return code.status if known.status == status else status


def _make_code(name: str, status: int) -> ErrorCode:
    text = f"{name.replace('_', ' ').capitalize()}."
    return ErrorCode(name, status, None, text, text)
