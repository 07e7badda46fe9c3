"""The catalogue of error codes: the one place that defines what a code means.

Source: "Error Codes" and "Error Messages" of the API document that the project implements. The
description of a code is the document's own sentence, if the document describes the code. A message
is the document's own sentence, if that sentence is correct English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_apierrors.conf import Retry, api_errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# An error with a status that is not in this table needs a change of the request.
RETRY_BY_STATUS: Mapping[int, Retry] = {
    **dict.fromkeys((403, 404, 405, 410, 500, 501), "no"),
    **dict.fromkeys((408, 425, 429, 502, 503, 504), "later"),
}


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An entry of the catalogue.

    - `status`: the HTTP status that it is sent with;
    - `number`: its 32-bit number, or `None`;
    - `message`: the message for a client, unless the exception has a better one;
    - `description`: the meaning of the code;
    - `advice`: the next step for the client;
    - `retry`: whether the client can send the request again; by the status if it is not set;
    - `since`: the version of the API that introduced the code;
    - `deprecated`: whether the API will stop sending it;
    - `replaced_by`: the name of the code that replaces it.
    """

    name: str
    status: int
    number: int | None
    message: StrOrPromise
    description: StrOrPromise
    advice: StrOrPromise = ""
    retry: Retry | None = None
    since: str = ""
    deprecated: bool = False
    replaced_by: str | None = None

    def get_retry(self) -> Retry:
        """Return `retry`, else the value for the status."""
        return self.retry or RETRY_BY_STATUS.get(self.status, "after change")


# The high byte of a number is the category (see CATEGORIES), the next byte counts the codes of the
# category, the low 16 bits are zero.
CATALOG: Mapping[str, ErrorCode] = {
    code.name: code
    for code in (
        ErrorCode(
            name="MISSING_RESOURCE",
            status=404,
            number=0x01010000,
            message=_("The resource you try to access does not exist, or is outside your scope."),
            description=_("A resource does not exist."),
            advice=_(
                "Check the URL and the identifier in it. If both are correct, the resource was "
                "deleted, or your credentials do not give access to it. The same request will get "
                "the same response."
            ),
        ),
        ErrorCode(
            name="GONE",
            status=410,
            number=0x01020000,
            message=_("The resource you try to access is no longer available."),
            description=_("A resource existed once and will not come back."),
            advice=_(
                "Stop using the URL. The result of an operation can be read for a limited time "
                "only: read it sooner, or start the operation again."
            ),
        ),
        ErrorCode(
            name="UNAUTHENTICATED",
            status=401,
            number=0x02010000,
            message=_("Access denied, please check your credentials!"),
            description=_(
                "The access credentials (via the Authorization header) were missing or are invalid."
            ),
            advice=_(
                "Send your credentials in the Authorization header, with the scheme that the "
                "WWW-Authenticate header of the response names. If you sent credentials, they are "
                "misspelt, expired or revoked: get new credentials."
            ),
        ),
        ErrorCode(
            name="ACCESS_FORBIDDEN",
            status=403,
            number=0x02020000,
            message=_("This resource does not allow access with the provided credentials."),
            description=_("A resource does not allow access with the provided credentials."),
            advice=_(
                "Use other credentials, or ask the person who issued yours for access to the "
                "resource. The same request will get the same response."
            ),
        ),
        ErrorCode(
            name="METHOD_FORBIDDEN",
            status=403,
            number=0x02030000,
            message=_("This resource does not allow this method with the provided credentials."),
            description=_(
                "A resource does not allow to use the verb with the provided credentials, for "
                "example it can happen when the user has limited permissions only to read a "
                "content (GET)."
            ),
            advice=_(
                "Use a method that your credentials allow, such as GET, or ask the person who "
                "issued them for more permissions."
            ),
        ),
        ErrorCode(
            name="INVALID_CONTENT",
            status=400,
            number=0x03010000,
            message=_("The syntax/content is incorrect."),
            description=_("A required field or parameter for the resource has not been set."),
            advice=_(
                "Read each message: a message about a field or a parameter begins with its name. "
                "Correct these values, and send the whole request again."
            ),
        ),
        ErrorCode(
            name="INVALID_ID",
            status=400,
            number=0x03020000,
            message=_("The formatting of a resource identifier is incorrect."),
            description=_("The formatting of a resource identifier is incorrect."),
            advice=_(
                "Send the identifier exactly as the API returned it. A message that begins with "
                "the name of a field is about the identifier in that field, any other message is "
                "about the identifier in the URL."
            ),
        ),
        ErrorCode(
            name="INVALID_STATE",
            status=400,
            number=0x04010000,
            message=_("The state of this resource does not allow the request."),
            description=_("The state of a resource does not allow to fulfill a request."),
            advice=_(
                "Get the resource to see its state. Remove the obstacle, for example resources "
                "that still refer to it, then send the request again."
            ),
        ),
        ErrorCode(
            name="ALREADY_EXISTS",
            status=400,
            number=0x04020000,
            message=_("Another resource has the same value for this field."),
            description=_(
                "Another resource has the same value for this field, which can happen when the "
                "field is used as unique key (for example the email address of a user)."
            ),
            advice=_(
                "Send another value for the field that the message names, or find the resource "
                "that has the value and update it."
            ),
        ),
        ErrorCode(
            name="METHOD_NOT_ALLOWED",
            status=405,
            number=0x05010000,
            message=_("The method you used is not supported for this resource."),
            description=_(
                "The verb/method you used to fulfill the request is not supported for this "
                "resource."
            ),
            advice=_(
                "Use one of the methods in the Allow header of the response. The methods are the "
                "same for all credentials."
            ),
        ),
        ErrorCode(
            name="UNSUPPORTED_MEDIA_TYPE",
            status=415,
            number=0x05020000,
            message=_("The format you requested is not supported for this resource."),
            description=_(
                "The format you requested (e.g., XML) is not supported for this resource."
            ),
            advice=_(
                "Send JSON with the header Content-Type: application/json. Ask for JSON with the "
                "header Accept: application/json, or without an Accept header."
            ),
        ),
        ErrorCode(
            name="CONTENT_TOO_LARGE",
            status=413,
            number=0x05030000,
            message=_("The content of the request is too large."),
            description=_(
                "The body of a request is larger, or has more parts, than the server accepts."
            ),
            advice=_(
                "Send less at once: a smaller file, or the rows of a list in several requests."
            ),
        ),
        ErrorCode(
            name="THROTTLED",
            status=429,
            number=0x05040000,
            message=_("Too many requests, please try again later."),
            description=_("More requests were sent than these credentials allow in this period."),
            advice=_(
                "Wait for the number of seconds in the Retry-After header of the response, then "
                "send the request again. Store data that does not change instead of requesting it "
                "again."
            ),
        ),
        ErrorCode(
            name="INTERNAL_ERROR",
            status=500,
            number=0x06010000,
            message=_(
                "An error on our side, we're sorry. Please get in touch including details of the "
                "request you tried and the response you received."
            ),
            description=_(
                "An error on our side, we're sorry. Hopefully, you will never see one, but if you "
                "do please get in touch including details of the request you tried and the "
                "response you received."
            ),
            advice=_(
                "Get in touch, and include the reference at the end of the message. The request "
                "may or may not have taken effect: check before you send it again."
            ),
        ),
        ErrorCode(
            name="SERVICE_UNAVAILABLE",
            status=503,
            number=0x06020000,
            message=_("A service needed to fulfil your request is not available."),
            description=_(
                "Most likely when an external service needed to fulfil your request did not reply."
            ),
            advice=_(
                "Wait for the number of seconds in the Retry-After header of the response, then "
                "send the request again. Wait longer each time. Get in touch if the error persists."
            ),
        ),
        ErrorCode(
            name="GATEWAY_TIMEOUT",
            status=504,
            number=0x06030000,
            message=_("A service needed to fulfil your request did not reply in time."),
            description=_("A service required to fulfill the request was not available."),
            advice=_(
                "The request may or may not have taken effect: check before you send it again. "
                "Wait for the number of seconds in the Retry-After header of the response."
            ),
        ),
    )
}

# The codes that the API document prints as a number: its one example is a 401.
PRINTED_AS_NUMBER = frozenset({"UNAUTHENTICATED"})

# Maps a status to the first code with it, for errors without a code. A project's own codes are
# never here: several may share a status, and the package cannot choose.
CODES_BY_STATUS: Mapping[int, str] = {
    code.status: code.name for code in reversed([*CATALOG.values()])
}

# The phrases of the HTTP registry that Python 3.13 changed in `http.HTTPStatus`. The name and the
# title of an error must not depend on the version of Python.
RENAMED_PHRASES: Mapping[int, str] = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}

# The statuses by the names that a setting may use for them.
STATUSES_BY_NAME: Mapping[str, int] = {
    **{name: status.value for name, status in HTTPStatus.__members__.items()},
    **{phrase.upper().replace(" ", "_"): status for status, phrase in RENAMED_PHRASES.items()},
}

# The advice for a code without its own advice, by the first digit of the status.
ADVICE_BY_CLASS: Mapping[int, StrOrPromise] = {
    4: _("Read the messages, and change the request before you send it again."),
    5: _("Send the request again later, and get in touch if the error persists."),
}


class Category(NamedTuple):
    """A group of codes, by the high byte of their numbers.

    `name` is for programs: JSON, and ids in HTML. `title` and `summary` are for people.
    """

    name: str
    title: StrOrPromise
    summary: StrOrPromise


CATEGORIES: Mapping[int, Category] = {
    1: Category("lookup", pgettext_lazy("apierrors", "Lookup"), _("The resource cannot be found.")),
    2: Category(
        "access",
        pgettext_lazy("apierrors", "Access"),
        _("The credentials are missing or invalid, or do not allow the request."),
    ),
    3: Category(
        "content", pgettext_lazy("apierrors", "Content"), _("The request contains invalid values.")
    ),
    4: Category(
        "conflict",
        pgettext_lazy("apierrors", "Conflict"),
        _("The request conflicts with the existing resources."),
    ),
    5: Category(
        "protocol",
        pgettext_lazy("apierrors", "Protocol"),
        _("The method, the format, the size or the rate of the request is not allowed."),
    ),
    6: Category(
        "service",
        pgettext_lazy("apierrors", "Service"),
        _("The server, or a service that it needs, failed."),
    ),
}

# A project's own codes need no number, and their number may be outside of all categories.
CUSTOM = Category(
    "custom", pgettext_lazy("apierrors", "More codes"), _("The codes that only this API has.")
)


def get_codes() -> dict[str, ErrorCode]:
    """Return the catalogue of the project by name: ours, changed by `CODES`, and its own codes."""
    return {name: get_code(name) for name in [*CATALOG, *api_errors.CODES]}


def get_code(name: str) -> ErrorCode:
    """Return the entry called `name`; raise KeyError if neither we nor the project have one."""
    changes = api_errors.CODES.get(name)
    if not changes:
        return CATALOG[name]
    entry = CATALOG.get(name) or _make_code(name, changes["status"])
    return replace(entry, **changes)


def get_or_make_code(name: str, status: int) -> ErrorCode:
    """Return the entry called `name`, or a new code with that name and `status`."""
    try:
        return get_code(name)
    except KeyError:
        return _make_code(name, status)


def get_code_of_status(status: int) -> ErrorCode:
    """Return the code of a bare HTTP status: ours, else a code with its HTTP name in capitals."""
    return get_or_make_code(CODES_BY_STATUS.get(status) or get_status_name(status), status)


def get_status_name(status: int) -> str:
    """Return the HTTP name of a status in capitals: `CONFLICT`, or `HTTP_599` without a name."""
    if status in RENAMED_PHRASES:
        return RENAMED_PHRASES[status].upper().replace(" ", "_")
    try:
        return HTTPStatus(status).name
    except ValueError:
        return f"HTTP_{status}"


def get_phrase(status: int) -> str:
    """Return the reason phrase of a status: `Not Found`, or `HTTP 599` without a phrase."""
    try:
        return RENAMED_PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


def resolve_status(code: ErrorCode, status: int) -> int:
    """Return the status to send `code` with, for an exception or a response that has `status`.

    A code of the project's own has the status in `CODES`. For a code of ours, `CODES` replaces only
    the default status: `{"ALREADY_EXISTS": {"status": 409}}` changes a duplicate from 400 to 409. A
    `status` that is not the default is sent unchanged.
    """
    entry = CATALOG.get(code.name)
    if entry is None:
        return code.status if code.name in api_errors.CODES else status
    return code.status if entry.status == status else status


def get_category(code: ErrorCode) -> Category:
    """Return the category of `code`. A code of ours keeps its category if its number changes."""
    entry = CATALOG.get(code.name, code)
    return CATEGORIES.get((entry.number or 0) >> 24, CUSTOM)


def group_by_category(codes: Iterable[ErrorCode]) -> dict[Category, list[ErrorCode]]:
    """Return the codes by category, in the order of the catalogue; without empty categories."""
    groups: dict[Category, list[ErrorCode]] = {
        category: [] for category in (*CATEGORIES.values(), CUSTOM)
    }
    for code in codes:
        groups[get_category(code)].append(code)
    return {category: members for category, members in groups.items() if members}


def _make_code(name: str, status: int) -> ErrorCode:
    sentence = f"{name.replace('_', ' ').capitalize()}."
    return ErrorCode(name, status, None, sentence, sentence)
