"""Error: what an exception, or an error that a view returned, becomes before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from django.core.exceptions import DisallowedHost
from django.urls import reverse
from django.utils.translation import ngettext

from django_apierrors.catalog import (
    CATALOG,
    PRINTED_AS_NUMBER,
    ErrorCode,
    find_code,
    get_code_of_status,
    get_status,
)
from django_apierrors.conf import api_errors
from django_apierrors.details import Item, Items, flatten, flatten_body, get_own_code
from django_apierrors.failsafe import log_failure
from django_apierrors.memory import get_text
from django_apierrors.message_codes import get_code_of_message, get_name_of_message
from django_apierrors.relations import SUSPECT, mark_malformed_keys

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


class Detail(TypedDict):
    """An entry of `details`: the path of the field, the message's own code, its text."""

    field: str
    code: str
    message: str


class Body(TypedDict):
    """The JSON object on the wire."""

    status: int
    errors: list[str]
    code: str | int
    moreInfo: str
    details: NotRequired[list[Detail]]


# Not a read-only view of a dict, which can be neither pickled nor copied.
NO_HEADERS: Mapping[str, str] = {}


class Error(NamedTuple):
    """A failure as the client is told of it: a code, a status, messages, headers."""

    code: ErrorCode
    status: int
    items: Sequence[Item] = ()
    left_out: int = 0
    headers: Mapping[str, str] = NO_HEADERS

    @classmethod
    def of_status(cls, status: int) -> Error:
        """Return the error of a bare HTTP status."""
        code = get_code_of_status(status)
        return cls(code, get_status(code, status))

    @classmethod
    def of_code(cls, code: ErrorCode, items: Sequence[Item] = ()) -> Error:
        """Return the error of a code, sent with its own status."""
        return cls(code, code.status, items)

    @classmethod
    def of_data(cls, data: object, status: int) -> Error:
        """Return the error of a body in another shape that was answered with `status`."""
        items = flatten_body(data, get_limit())
        if is_marked(items, data):
            items = flatten_body(data, get_limit())
        own_code = get_own_code(data)
        if own_code is None:
            return cls.of_items(items, status)
        code = get_code_of_message(own_code, status)
        return cls(code, get_status(code, status), items, items.left_out)

    @classmethod
    def of_items(cls, items: Items, status: int) -> Error:
        """Return the error of messages: its code is the one that all of them share."""
        code = get_shared_code(items, status)
        return cls(code, get_status(code, status), items, items.left_out)

    def get_messages(self) -> list[str]:
        """Return what a person reads, at least one text."""
        messages = (
            self.items.get_messages()
            if isinstance(self.items, Items)
            else [str(item) for item in self.items]
        )
        if self.left_out:
            messages.append(get_notice(self.left_out))
        return messages or [get_text(self.code.message)]

    def get_body(self, request: HttpRequest | Request | None = None) -> Body:
        """Return the body; `request` makes the link in `moreInfo` absolute."""
        body: Body = {
            "status": self.status,
            "errors": self.get_messages(),
            "code": format_code(self.code),
            "moreInfo": get_more_info(self.code, request),
        }
        if api_errors.DETAILS:
            body["details"] = [
                {"field": item.field, "code": item.code or "invalid", "message": item.message}
                for item in self.items
            ]
        return body


def is_body(data: object, status: int) -> bool:
    """Tell whether `data` is a body of ours by its whole shape: real APIs use the same names."""
    return (
        isinstance(data, Mapping)
        and type(data.get("status")) is int
        and data["status"] == status
        and isinstance(data.get("code"), (str, int))
        and isinstance(data.get("moreInfo"), str)
        and isinstance(data.get("errors"), list)
        and bool(data["errors"])
        and all(isinstance(message, str) and message for message in data["errors"])
    )


def is_one_line(value: object) -> bool:
    """Tell whether `value` can be a header: Django raises BadHeaderError for one of two lines."""
    return not {"\r", "\n"} & set(str(value))


def flatten_with_keys(detail: object, limit: int | None) -> Items:
    """Return the messages of `detail`, those about malformed keys with the code for that."""
    items = flatten(detail, limit)
    return flatten(detail, limit) if is_marked(items, detail) else items


def is_marked(items: Items, detail: object) -> bool:
    """Tell whether codes in `detail` are others now than those in `items`, which came from it."""
    return not items.codes.isdisjoint(SUSPECT) and mark_malformed_keys(detail)


def get_limit() -> int | None:
    """Return how many messages are sent at most: two at least, one of them for the notice."""
    limit = api_errors.MAX_ERRORS
    return None if limit is None else max(limit, 2)


def get_notice(left_out: int) -> str:
    """Return the last message of an error that has more than are sent."""
    return ngettext(
        "%(count)d more error was left out.", "%(count)d more errors were left out.", left_out
    ) % {"count": left_out}


def get_shared_code(items: Items, status: int) -> ErrorCode:
    """Return the code that all messages stand for, those left out too, else the status's."""
    names = {get_name_of_message(code) for code in items.codes}
    name = names.pop() if len(names) == 1 else None
    return find_code(name, status) if name else get_code_of_status(status)


def format_code(code: ErrorCode) -> str | int:
    """Return the `code` of the body, by `CODE_FORMAT`; a code without a number goes by its name."""
    code_format = api_errors.CODE_FORMAT
    as_number = code_format == "number" or (
        code_format == "legacy" and code.name in PRINTED_AS_NUMBER
    )
    return code.number if as_number and code.number is not None else code.name


def get_more_info(code: ErrorCode, request: HttpRequest | Request | None) -> str:
    """Return the `moreInfo` of the body: a link about the code, `""` where there is none.

    A URL template is filled in; the name of a URL is reversed, for codes of the catalogue only,
    since the reference has a page for no other.
    """
    setting = api_errors.MORE_INFO
    if not setting or is_template(setting):
        return setting.replace("{code}", code.name)
    if code.name not in CATALOG and code.name not in api_errors.CODES:
        return ""
    try:
        url: str = reverse(setting, kwargs={"code": code.name})
    except Exception:
        # The URLconf may be what is broken; a link is not worth the error.
        log_failure("reversing the URL named by MORE_INFO")
        return ""
    try:
        return request.build_absolute_uri(url) if request is not None else url
    except DisallowedHost:
        # The error may be this very one; a path alone still leads there.
        return url


def is_template(more_info: str) -> bool:
    """Tell whether `MORE_INFO` is a URL template, not the name of a URL."""
    return "{" in more_info or "/" in more_info
