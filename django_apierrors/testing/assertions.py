"""The assertion about an error; it raises by itself, and needs no rewriting by pytest."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from django_apierrors.catalog import get_codes
from django_apierrors.headers import REQUIRED_HEADERS
from django_apierrors.problems import JSON, PROBLEM
from django_apierrors.testing.exchange import Exchange
from django_apierrors.testing.shape import PROBLEM_MEMBERS, find_faults_of_shape


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
