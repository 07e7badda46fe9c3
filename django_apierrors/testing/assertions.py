"""The assertion about an error: its status, its headers, its body and its messages.

The assertion raises AssertionError itself, so it needs no assertion rewriting of pytest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

from django_apierrors.catalog import get_codes
from django_apierrors.errors import Error
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.http.problems import JSON, PROBLEM, STRING_MEMBERS
from django_apierrors.testing.exchange import Exchange, find_request, get_path
from django_apierrors.validation.messages import Item
from django_apierrors.validation.shape import (
    BODY_PROPERTIES,
    NON_EMPTY_STRING,
    REQUIRED_KEYS,
    find_invalid_values,
)

# JSON Schema, draft 2020-12, for every setting: CODE_FORMAT, DETAILS, MORE_INFO, PROBLEM_JSON.
# RFC 9457 adds all of STRING_MEMBERS or none.
ERROR_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Error",
    "type": "object",
    "properties": {
        **BODY_PROPERTIES,
        **{
            name: {"description": "a non-empty string", **NON_EMPTY_STRING}
            for name in STRING_MEMBERS
        },
    },
    "required": list(REQUIRED_KEYS),
    "dependentRequired": {name: list(STRING_MEMBERS) for name in STRING_MEMBERS},
    "additionalProperties": False,
}


def find_shape_faults(body: object, more_keys: Collection[str] = ()) -> Iterator[str]:
    """Yield the reasons why decoded JSON is not valid by `ERROR_SCHEMA` with `more_keys`."""
    if not isinstance(body, dict):
        yield f"the body must be an object, not {body!r}"
        return
    properties = ERROR_SCHEMA["properties"]
    unknown = (key for key in body if key not in properties and key not in more_keys)
    yield from (f"{key!r} is not a key of an error body" for key in unknown)
    yield from find_invalid_values(body, properties)
    required: tuple[str, ...] = REQUIRED_KEYS
    if body.keys() & set(STRING_MEMBERS):
        required += STRING_MEMBERS
    yield from (f"{key!r} is missing" for key in required if key not in body)


def assert_api_error(
    response: Any,
    status: int,
    *,
    code: str | int | None = None,
    field: str | None = None,
    message: str | None = None,
    more_keys: Collection[str] = (),
) -> dict[str, Any]:
    """Assert that `response` is an error in the format with this status, and return its body.

    The content type, the keys of the body and the required headers are checked too. `code` is a
    name or a number, with every `CODE_FORMAT`. A message must begin with the path `field`
    (`lines[0].sku`), and a message (of that field, if given) must contain `message`. `more_keys`
    are keys that the project adds to the body. The AssertionError shows the request and the
    response. A response to HEAD does not have a body: the return value is `{}`.
    """
    __tracebackhide__ = True
    exchange = Exchange.of(response)
    faults = list(find_faults(exchange, more_keys))
    if exchange.status != status:
        faults.insert(0, f"the status must be {int(status)}, not {exchange.status}")
    body = parse_body(exchange)
    members = body if isinstance(body, dict) else {}
    if members:
        faults += find_differences(members, code, field, message)
    if faults:
        fail("This is not the error that was expected", response, *faults)
    return members


def assert_declared(response: Any) -> None:
    """Assert that the operation of the request declares `response`, if it is an error.

    An operation declares the errors that its schema has: the code, and with `DETAILS` the codes of
    the messages about the body. The error must have the format, and its view a schema. A URL or a
    method that does not exist is not an operation. HEAD has the operation of GET, of which only the
    status is compared.
    """
    __tracebackhide__ = True
    # `declarations` imports the project's classes. Schemathesis imports this module before setup().
    from django_apierrors.introspection import declarations

    exchange = Exchange.of(response)
    if not exchange.method:
        fail("The request of this response is not known", response)
    if exchange.status < 400:
        return
    body: Any = parse_body(exchange)
    if faults := list(find_faults(exchange, body if isinstance(body, dict) else ())):
        fail("This error does not have the format", response, *faults)
    path = get_path(response)
    operation = declarations.find_operation(find_request(response), path, exchange.method)
    if operation is not None and operation.endpoint is None:
        reason = "its view is not a view of REST framework, or the `schema` of the view is None"
        fail("The operation of this error has no schema", response, reason)
    if operation is None or operation.endpoint is None:
        return
    error = None
    if exchange.method != "HEAD":
        details = body.get("details", ())
        items = [Item("", it["code"], it["message"], place=it.get("in")) for it in details]
        error = Error.of_body(body)._replace(items=items)
    undeclared = declarations.find_undeclared(operation.endpoint, exchange.status, error)
    if undeclared is not None:
        reason = "the schema has no {} for {}. {}".format(*undeclared)
        fail("This error is not declared", response, reason)


def fail(title: str, response: Any, *reasons: str) -> None:
    """Raise AssertionError with the reasons, the request and the response."""
    __tracebackhide__ = True
    listed = "".join(f"\n  - {reason}" for reason in reasons)
    raise AssertionError(f"{title}:{listed}\n\n{Exchange.of(response)}")


def find_faults(exchange: Exchange, more_keys: Collection[str] = ()) -> Iterator[str]:
    """Yield the reasons why a response is not an error in the format, with any code."""
    media_type = exchange.received.get("Content-Type", "").partition(";")[0].strip()
    if media_type not in (JSON, PROBLEM):
        yield f"the content type must be {JSON}, not {media_type or 'absent'}"
    name, _ = REQUIRED_HEADERS.get(exchange.status, ("Content-Type", None))
    # Only Allow may be empty, if the resource has no methods: RFC 9110, section 10.2.1.
    value = exchange.received.get(name)
    if value is None or (value == "" and name != "Allow"):
        yield f"a {exchange.status} must have the header {name}"
    if exchange.method == "HEAD":
        return
    body = parse_body(exchange)
    if body is None:
        yield "the body is not JSON"
        return
    yield from find_shape_faults(body, more_keys)
    if isinstance(body, dict):
        if body.get("status", exchange.status) != exchange.status:
            yield f"'status' is {body['status']!r}, and that of the response is {exchange.status}"
        if media_type == PROBLEM and not body.keys() & set(STRING_MEMBERS):
            yield f"{PROBLEM} must have the members {', '.join(STRING_MEMBERS)}"


def parse_body(exchange: Exchange) -> object:
    """Return the decoded body of a response, `None` if it is not JSON."""
    try:
        return json.loads(exchange.content)
    except (ValueError, RecursionError):
        return None


def find_differences(
    body: dict[str, Any], code: str | int | None, field: str | None, message: str | None
) -> Iterator[str]:
    """Yield the differences between an error in the format and the expected error."""
    if code is not None and body.get("code") not in get_spellings(code):
        yield f"'code' must be {code!r}, not {body.get('code')!r}"
    errors = [error for error in body.get("errors") or () if isinstance(error, str)]
    if field is not None:
        errors = [error for error in errors if error.startswith(f"{field}: ")]
        if not errors:
            yield f"no message begins with {f'{field}: '!r}"
    if message is not None and not any(message in error for error in errors):
        yield f"no message{'' if field is None else f' about {field}'} contains {message!r}"


def get_spellings(code: str | int) -> set[str | int | None]:
    """Return the name and the number of a code of the catalogue, given either of them."""
    for entry in get_codes().values():
        if code in (entry.name, entry.number):
            return {entry.name, entry.number} - {None}
    return {code}
