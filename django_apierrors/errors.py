"""`Error`, the value that raised and returned errors are converted to, and its JSON body."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, NotRequired, TypedDict

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import ngettext
from rest_framework.utils import json
from rest_framework.utils.encoders import JSONEncoder

from django_apierrors.catalog import (
    CATALOG,
    PRINTED_AS_NUMBER,
    ErrorCode,
    get_code_of_status,
    get_codes,
    get_or_make_code,
    resolve_status,
)
from django_apierrors.conf import api_errors
from django_apierrors.fallback import log_failure
from django_apierrors.validation.codes import find_catalog_name, find_code
from django_apierrors.validation.details import read_detail
from django_apierrors.validation.extra import NO_EXTRA, expand
from django_apierrors.validation.messages import (
    BODY,
    MAX_BODY_BYTES,
    MAX_CONTENT_BYTES,
    Item,
    Messages,
    get_size,
)
from django_apierrors.validation.places import AnyRequest, locate_items, make_pointer
from django_apierrors.validation.shape import BODY_PROPERTIES, find_invalid_values, is_error_body

# An entry of `details`: the path of the field, the message's own code, the message, where the
# client sent the value, the JSON pointer to a value in the body, and data about the message.
Detail = TypedDict(
    "Detail",
    {
        "field": str,
        "code": str,
        "message": str,
        "in": NotRequired[str],
        "pointer": NotRequired[str],
        "extra": NotRequired[Mapping[str, Any]],
    },
)


class Body(TypedDict):
    """The JSON object on the wire."""

    status: int
    errors: list[str]
    code: str | int
    moreInfo: str
    extra: NotRequired[Mapping[str, Any]]
    details: NotRequired[list[Detail]]


# A plain dict: MappingProxyType can be neither pickled nor copied.
NO_HEADERS: Mapping[str, str] = {}


class Error(NamedTuple):
    """An error as it is sent.

    - `code`: the entry of the catalogue; `code.name` is the name;
    - `status`: the HTTP status;
    - `items`: the messages with their fields; empty for the message of the code;
    - `left_out`: the number of messages that are not in `items`;
    - `headers`: the headers that the exception sets;
    - `reference`: the reference of an unhandled exception, in its message and in the log;
    - `extra`: the key `extra` of the body;
    - `place`: where the client sent the value (`body`, `query`, `path`, `header`), for an error
      without a request, such as an example in a schema. `""` means that the error has no place.
    """

    code: ErrorCode
    status: int
    items: Sequence[Item] = ()
    left_out: int = 0
    headers: Mapping[str, str] = NO_HEADERS
    reference: str | None = None
    extra: Mapping[str, Any] = NO_EXTRA
    place: str | None = None

    @classmethod
    def of_status(cls, status: int) -> Error:
        """Return the error of a bare HTTP status."""
        code = get_code_of_status(status)
        return cls(code, resolve_status(code, status))

    @classmethod
    def of_code(cls, code: ErrorCode, items: Sequence[Item] = ()) -> Error:
        """Return the error of a code, with the status of that code."""
        return cls(code, code.status, items)

    @classmethod
    def of_data(cls, data: object, status: int) -> Error:
        """Return the error of a body in another shape that was sent with `status`."""
        # The status may be a member of HTTPStatus.
        return cls.of_messages(read_detail(expand(data), int(status)), int(status))

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Error:
        """Return the error from which `body`, a body in the format, was made."""
        status, sent = body["status"], body["code"]
        names = (code.name for code in get_codes().values() if sent in (code.name, code.number))
        name = next(names, None) or (sent if isinstance(sent, str) else None)
        code = get_or_make_code(name, status) if name else get_code_of_status(status)
        return cls(code, status, [Item("", None, message) for message in body["errors"]])

    @classmethod
    def of_messages(
        cls,
        messages: Messages,
        status: int,
        default_code: object = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Error:
        """Return the error of the messages of a detail.

        Its code is the first of these: the code of the detail, `default_code`, the code that all
        messages share, the code of the status.
        """
        code = find_code(messages.code, status)
        if code is None and default_code != messages.code:
            code = find_code(default_code, status)
        code = code or get_shared_code(messages, status)
        status, items = resolve_status(code, status), messages.items
        return cls(code, status, items, messages.left_out, headers, extra=messages.extra)

    def get_messages(self) -> list[str]:
        """Return the messages for a person, at least one."""
        messages = [*map(str, self.items)]
        if self.left_out:
            messages.append(get_truncation_message(self.left_out))
        return messages or [str(self.code.message)]

    def get_details(self) -> list[Detail]:
        """Return an object for each message of an error whose items have places.

        If there is one message, its object gets the data of the error.
        """
        # The truncation message has no item.
        others = self.get_messages()[len(self.items) :]
        items = [Item("", self.code.name.lower(), message) for message in others]
        details = [*map(make_detail, [*self.items, *items])]
        if self.extra and len(details) == 1:
            details[0]["extra"] = self.extra
        return details

    def get_size(self) -> int:
        """Return the number of bytes of the messages and the data in the body."""
        messages = self.get_messages()
        sent: list[object] = [messages, self.extra]
        if api_errors.DETAILS:
            sent.append(self.get_details())
        # A problem document repeats the messages.
        return get_size([*sent, messages] if api_errors.PROBLEM_JSON else sent)

    def locate(self, request: AnyRequest | None) -> Error:
        """Return the error with the places of its items, and the client's names of their fields."""
        items = locate_items(self.items, self.code.name, request, self.place)
        return self._replace(items=[*items])

    def locate_and_truncate(self, request: AnyRequest | None) -> Error:
        """Return the located error, without the items that do not fit into the body.

        The sizes of the items were checked before, but `locate()` can make the items larger: it
        adds pointers, and the client may spell a field with more characters.
        """
        items = self.items or [Item("", self.code.name.lower(), str(self.code.message))]
        error = self._replace(items=items).locate(request)
        if error.get_size() <= MAX_CONTENT_BYTES:
            return error

        def keep(count: int) -> Error:
            left_out = self.left_out + len(items) - count
            return error._replace(items=error.items[:count], left_out=left_out)

        counts = range(1, len(items))
        index = bisect_right(counts, MAX_CONTENT_BYTES, key=lambda count: keep(count).get_size())
        # If even the first located item is too large, the item is sent as it was before locate().
        return keep(index) if index else keep(1)._replace(items=self.items[:1])

    def with_code_of(self, body: Mapping[str, Any]) -> Error:
        """Return the error with the code of its `body`, which the function in `BODY` may change."""
        is_same = body["code"] == format_code(self.code)
        return self if is_same else self._replace(code=Error.of_body(body).code)

    def get_body(self, request: AnyRequest | None = None) -> Body:
        """Return the body, which the function in `BODY` extends."""
        body = self.make_body(request)
        return extend_body(body, self, request) if api_errors.BODY else body

    def make_body(self, request: AnyRequest | None = None) -> Body:
        """Return the body of the package; `request` makes the link in `moreInfo` absolute."""
        has_details = api_errors.DETAILS
        error = self.locate_and_truncate(request) if has_details or api_errors.FIELD_NAMES else self
        body: Body = {
            "status": self.status,
            "errors": error.get_messages(),
            "code": format_code(self.code),
            "moreInfo": get_more_info(self.code, request),
        }
        if self.extra:
            body["extra"] = self.extra
        if has_details:
            body["details"] = error.get_details()
        return body


def make_detail(item: Item) -> Detail:
    """Return the entry of `details` for a message whose place is known."""
    detail: Detail = {"field": item.field, "code": item.code or "invalid", "message": item.message}
    if item.place:
        detail["in"] = item.place
    # The keys are unknown if the message is about several fields of a database constraint.
    pointer = make_pointer(item.keys) if item.keys or not item.field else None
    if item.place == BODY and pointer is not None:
        detail["pointer"] = pointer
    if item.extra:
        detail["extra"] = item.extra
    return detail


def extend_body(body: Body, error: Error, request: AnyRequest | None) -> Body:
    """Return the body from the function named by `BODY`, or `body` if the function fails.

    The function gets a copy of `body`, the error, and Django's request or `None`. A body
    over MAX_BODY_BYTES is a failure too. `SystemExit` is not caught.
    """
    try:
        function = import_string(str(api_errors.BODY))
        extended: Any = function(deepcopy(body), error, find_django_request(request))
        # Encoded here first: for a body that cannot be encoded, the renderer sends the fallback.
        content = json.dumps(extended, cls=JSONEncoder, ensure_ascii=False)
        content.encode()
        result: Body = json.loads(content)
        if not is_error_body(result, error.status) or body.keys() - result.keys() - {"extra"}:
            raise TypeError(f"BODY must return the body with its keys, not {extended!r:.200}.")
        # The values of `body` itself are not checked: the code of a project's exception may have a
        # spelling that the schema of the body does not allow.
        changed = {key: value for key, value in result.items() if value != body.get(key)}
        if reasons := [*find_invalid_values(changed, BODY_PROPERTIES)]:
            raise ValueError(f"In the body from BODY {', '.join(reasons):.200}.")
        # A problem document repeats the messages.
        sent = [result, result["errors"]] if api_errors.PROBLEM_JSON else [result]
        if (size := get_size(sent)) > MAX_BODY_BYTES:
            raise ValueError(f"The body from BODY has {size} bytes, of at most {MAX_BODY_BYTES}.")
    except Exception:
        log_failure("calling the function named by BODY")
        return body
    return result


def find_django_request(request: AnyRequest | None) -> HttpRequest | None:
    """Return Django's request, from which DRF's is made."""
    # Private; checked on DRF 3.16 to 3.18.
    return getattr(request, "_request", request)


def get_truncation_message(left_out: int) -> str:
    """Return the last message of an error that has more messages than are sent."""
    return ngettext(
        "%(count)d more error was left out.", "%(count)d more errors were left out.", left_out
    ) % {"count": left_out}


def get_shared_code(messages: Messages, status: int) -> ErrorCode:
    """Return the code that all messages share, even omitted ones, else the code of the status."""
    names = {find_catalog_name(code) for code in messages.codes}
    name = names.pop() if len(names) == 1 else None
    return get_or_make_code(name, status) if name else get_code_of_status(status)


def format_code(code: ErrorCode) -> str | int:
    """Return the `code` of the body, by `CODE_FORMAT`; a code without a number is sent by name.

    If the project raised an exception with a number as its code, that number is the name.
    """
    if code.name.isdecimal():
        return int(code.name)
    code_format = api_errors.CODE_FORMAT
    as_number = code_format == "number" or (
        code_format == "legacy" and code.name in PRINTED_AS_NUMBER
    )
    return code.number if as_number and code.number is not None else code.name


def get_more_info(code: ErrorCode, request: AnyRequest | None) -> str:
    """Return the `moreInfo` of the body: a link about the code, or `""`.

    A URL template is filled in. The name of a URL is reversed, for codes of the catalogue only: the
    reference pages do not have a page for other codes.
    """
    setting = api_errors.MORE_INFO
    if not setting or is_template(setting):
        return setting.replace("{code}", code.name)
    if code.name not in CATALOG and code.name not in api_errors.CODES:
        return ""
    try:
        url: str = reverse(setting, kwargs={"code": code.name})
    except Exception:
        # The URLconf may be broken: the error is sent without the link.
        log_failure("reversing the URL named by MORE_INFO")
        return ""
    try:
        return request.build_absolute_uri(url) if request is not None else url
    except DisallowedHost:
        # The error itself may be a DisallowedHost. The path alone is a working link too.
        return url


def is_template(more_info: str) -> bool:
    """Whether `MORE_INFO` is a URL template, not the name of a URL."""
    return "{" in more_info or "/" in more_info
