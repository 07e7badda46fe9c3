"""The assertion about an error: its status, headers, body and messages.

It raises by itself and needs no assertion rewriting of pytest. The shape of the body covers what each
setting makes of it: `CODE_FORMAT`, `DETAILS`, `MORE_INFO`, `PROBLEM_JSON`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from django_apierrors.catalog import get_codes
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.http.problems import JSON, PROBLEM
from django_apierrors.testing.exchange import Exchange

CODE_NAME: Final = "[A-Z_][A-Z0-9_]*"
MAX_NUMBER: Final = 2**32 - 1

# What RFC 9457 adds with `PROBLEM_JSON`: all of it or nothing.
PROBLEM_MEMBERS: Final = ("type", "title", "detail")

FILLED: Final = {"type": "string", "minLength": 1}

# JSON Schema, draft 2020-12.
ERROR_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Error",
    "type": "object",
    "properties": {
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "errors": {"type": "array", "items": FILLED, "minItems": 1},
        "code": {
            "anyOf": [
                {"type": "string", "pattern": f"^{CODE_NAME}$"},
                {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
            ]
        },
        "moreInfo": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "code": FILLED, "message": FILLED},
                "required": ["field", "code", "message"],
                "additionalProperties": False,
            },
        },
        **dict.fromkeys(PROBLEM_MEMBERS, FILLED),
    },
    "required": ["status", "errors", "code", "moreInfo"],
    "dependentRequired": {name: list(PROBLEM_MEMBERS) for name in PROBLEM_MEMBERS},
    "additionalProperties": False,
}


def is_text(value: object) -> bool:
    """Tell whether `value` is a text."""
    return isinstance(value, str)


def is_filled(value: object) -> bool:
    """Tell whether `value` is a text with something in it."""
    return isinstance(value, str) and value != ""


def is_code(value: object) -> bool:
    """Tell whether `value` is a code: a name in capitals, or a number of 32 bits."""
    if isinstance(value, str):
        return re.fullmatch(CODE_NAME, value) is not None
    return type(value) is int and 0 <= value <= MAX_NUMBER


def is_detail(value: object) -> bool:
    """Tell whether `value` is an entry of `details`."""
    return (
        isinstance(value, dict)
        and set(value) == {"field", "code", "message"}
        and is_text(value["field"])
        and is_filled(value["code"])
        and is_filled(value["message"])
    )


# What each member must be: in words, and as a test.
REQUIRED: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "status": (
        "an HTTP status from 400 to 599",
        lambda value: type(value) is int and 400 <= value <= 599,
    ),
    "errors": (
        "a list of one text or more, none of them empty",
        lambda value: isinstance(value, list) and bool(value) and all(map(is_filled, value)),
    ),
    "code": ("the name of a code in capitals, or its number", is_code),
    "moreInfo": ("a text", is_text),
}
OPTIONAL: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "details": (
        "a list of objects with the texts field, code and message",
        lambda value: isinstance(value, list) and all(map(is_detail, value)),
    ),
    **dict.fromkeys(PROBLEM_MEMBERS, ("a text that is not empty", is_filled)),
}


def find_faults_of_shape(body: object, more_members: Collection[str] = ()) -> Iterator[str]:
    """Yield what keeps `body`, decoded JSON, from being one of ours.

    `more_members` are those that the project adds.
    """
    if not isinstance(body, dict):
        yield f"the body must be an object, not {body!r}"
        return
    known = {**REQUIRED, **OPTIONAL}
    for name, (words, is_right) in known.items():
        if name in body and not is_right(body[name]):
            yield f"{name!r} must be {words}, not {body[name]!r}"
    missing = [name for name in REQUIRED if name not in body]
    if not missing and body.keys() & set(PROBLEM_MEMBERS):
        missing = [name for name in PROBLEM_MEMBERS if name not in body]
    for name in missing:
        yield f"{name!r} is missing"
    for name in body:
        if name not in known and name not in more_members:
            yield f"{name!r} is no member of an error"


def assert_api_error(
    response: Any,
    status: int,
    *,
    code: str | int | None = None,
    field: str | None = None,
    message: str | None = None,
    more_members: Collection[str] = (),
) -> dict[str, Any]:
    """Hold `response` to the format, and return its body.

    Its status, content type, members and required headers are checked. So are the code, by its
    name or its number whatever `CODE_FORMAT` is; that a message begins with the path `field`
    (`lines[0].sku`); and that one, of that field where it is given, has the text `message` in it.
    `more_members` are those that the project adds to the body. Raises AssertionError with the whole
    exchange. The answer to a HEAD has no body; `{}` is returned.
    """
    __tracebackhide__ = True
    exchange = Exchange.of(response)
    faults = list(find_faults(exchange, more_members))
    if exchange.status != status:
        faults.insert(0, f"the status must be {int(status)}, not {exchange.status}")
    body: Any = read_body(exchange)
    if isinstance(body, dict):
        faults += find_differences(body, code, field, message)
    if faults:
        fail("This is not the error that was expected", faults, exchange)
    return body if isinstance(body, dict) else {}


def fail(what: str, reasons: Collection[str], exchange: Exchange) -> None:
    """Raise AssertionError with the reasons and the exchange."""
    __tracebackhide__ = True
    listed = "".join(f"\n  - {reason}" for reason in reasons)
    raise AssertionError(f"{what}:{listed}\n\n{exchange}")


def find_faults(exchange: Exchange, more_members: Collection[str] = ()) -> Iterator[str]:
    """Yield what keeps an answer from being an error in the format, whichever error it is."""
    media_type = (exchange.get_header("Content-Type") or "").partition(";")[0].strip()
    if media_type not in (JSON, PROBLEM):
        yield f"the content type must be {JSON}, not {media_type or 'absent'}"
    name, _ = REQUIRED_HEADERS.get(exchange.status, ("Content-Type", None))
    # Where nothing works, and Allow only there, a header may be empty: RFC 9110, section 10.2.1.
    value = exchange.get_header(name)
    if value is None or (value == "" and name != "Allow"):
        yield f"a {exchange.status} must have the header {name}"
    if exchange.method == "HEAD":
        return
    body = read_body(exchange)
    if body is None:
        yield "the body is no JSON"
        return
    yield from find_faults_of_shape(body, more_members)
    if isinstance(body, dict):
        if body.get("status", exchange.status) != exchange.status:
            yield f"'status' is {body['status']!r}, and the answer's is {exchange.status}"
        if media_type == PROBLEM and not body.keys() & set(PROBLEM_MEMBERS):
            yield f"{PROBLEM} must have the members {', '.join(PROBLEM_MEMBERS)}"


def read_body(exchange: Exchange) -> object:
    """Return the decoded body of an answer, `None` where it is no JSON."""
    try:
        return json.loads(exchange.content)
    except (ValueError, RecursionError):
        return None


def find_differences(
    body: dict[str, Any], code: str | int | None, field: str | None, message: str | None
) -> Iterator[str]:
    """Yield what of an error in the format is not as expected."""
    if code is not None and body.get("code") not in get_spellings(code):
        yield f"'code' must be {code!r}, not {body.get('code')!r}"
    errors = [text for text in body.get("errors") or () if isinstance(text, str)]
    if field is not None:
        errors = [text for text in errors if text.startswith(f"{field}: ")]
        if not errors:
            yield f"no message begins with {f'{field}: '!r}"
    if message is not None and not any(message in text for text in errors):
        yield f"no message{'' if field is None else f' about {field}'} has in it {message!r}"


def get_spellings(code: str | int) -> set[str | int | None]:
    """Return the name and the number of a code of the catalogue, by either of them."""
    for known in get_codes().values():
        if code in (known.name, known.number):
            return {known.name, known.number} - {None}
    return {code}
