"""The differences between the responses of a stock application and of one with the app."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from django.utils.datastructures import CaseInsensitiveMapping

from django_apierrors.testing.assertions import find_faults
from django_apierrors.testing.exchange import Exchange

Response = Mapping[str, Any]

# Values that differ in each run, and their replacements.
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<time>"),
    # The folder of a side.
    (re.compile(r"(?<=build/applications/)(?:[\w-]+)/(?:stock|ours)"), "<folder>"),
]

REFERENCE = re.compile(r'"(#/components/\w+/[^"]+)"')

# The headers of one connection or of one body.
OWN_HEADERS = {"content-length", "date", "server", "set-cookie", "etag"}

# The changes of a status that the docs describe, and how the code begins then.
DOCUMENTED = {
    # A format that `Accept` or `?format=` names and the view does not have.
    (406, 415): '"UNSUPPORTED_MEDIA_TYPE',
    (404, 415): '"UNSUPPORTED_MEDIA_TYPE',
    # An anonymous client.
    (403, 401): "33619968",
    # A method that the view does not have: DRF checks the permissions first.
    (403, 405): '"METHOD_NOT_ALLOWED',
    (401, 405): '"METHOD_NOT_ALLOWED',
    # A malformed identifier.
    (404, 400): '"INVALID_ID',
    # An unhandled exception about a value that the client sent.
    (500, 400): '"INVALID_',
    (500, 404): '"MISSING_RESOURCE',
}

# DRF's and Django's own messages: the catalogue's message and code take their places.
STANDARD = re.compile(
    r"Not found\.|No [\w ]+ matches the given query\.|Method \".*\" not allowed\."
    r"|Authentication credentials were not provided\.|Invalid username/password\."
    r"|You do not have permission to perform this action\.|A server error occurred\."
    r"|Could not satisfy the request Accept header\.|Unsupported media type \".*\" in request\."
    r"|JSON parse error - .*|Malformed request\.|Server Error \(500\)"
)
# The codes of a malformed foreign key, and the code that it has here.
CODES_OF_KEYS = {"invalid": "incorrect_type", "does_not_exist": "incorrect_type"}
NO_FIELDS = {"detail", "error", "non_field_errors", "__all__", "errors", "code"}


def compare(request: Mapping[str, Any], stock: Response, ours: Response) -> Iterator[str]:
    """Yield the faults of our response."""
    statuses = (stock["status"], ours["status"])
    if statuses[0] != statuses[1] and not is_documented(statuses, ours["body"]):
        yield f"the status is {statuses[1]}, not {statuses[0]}: {ours['body'][:300]}"
        return
    yield from compare_reports(stock, ours)
    if stock["status"] == 0:
        return
    yield from compare_headers(stock, ours)
    if ours["status"] < 400:
        if normalise(stock["body"]) != normalise(ours["body"]):
            yield f"the body is {ours['body'][:300]}, not {stock['body'][:300]}"
        return
    headers = CaseInsensitiveMapping(dict(ours["headers"]))
    content = ours["body"].encode()
    exchange = Exchange(request["method"], "", {}, ours["status"], "", headers, content)
    yield from find_faults(exchange)
    if request["method"] != "HEAD":
        yield from find_lost(stock, ours)


def is_documented(statuses: tuple[int, int], body: str) -> bool:
    """Whether the docs describe a change of the status; a HEAD has no body to name the code."""
    return statuses in DOCUMENTED and (not body or f'"code":{DOCUMENTED[statuses]}' in body)


def judge(stock: Response, ours: Response) -> str:
    """Return the column of the table that counts a pair of responses."""
    if ours["status"] < 400:
        return "successes"
    return "documented" if stock["status"] != ours["status"] else "errors"


def compare_reports(stock: Response, ours: Response) -> Iterator[str]:
    """Yield a fault if the signals or records are more or fewer than without the app."""
    for name in ("signals", "records"):
        number = stock[name] if stock["status"] < 500 or ours["status"] >= 500 else 0
        if ours[name] != number:
            yield f"{ours[name]} {name} instead of {number}"


def compare_headers(stock: Response, ours: Response) -> Iterator[str]:
    """Yield the headers that are lost or different."""
    headers = {name.lower(): value for name, value in ours["headers"]}
    for name, value in stock["headers"]:
        our_value = headers.get(name.lower())
        if name.lower() in OWN_HEADERS or (name == "Content-Type" and ours["status"] >= 400):
            continue
        if our_value is None:
            yield f"the header {name}: {value} is lost"
        elif name.lower() in ("vary", "allow"):
            if lost := set(re.split(", *", value)) - set(re.split(", *", our_value)):
                yield f"the header {name} lost {', '.join(sorted(lost))}"
        elif normalise(value) != normalise(our_value):
            yield f"the header {name} is {our_value}, not {value}"


def find_lost(stock: Response, ours: Response) -> Iterator[str]:
    """Yield the messages and the field names of the stock body that ours does not have."""
    try:
        document, body = json.loads(stock["body"]), json.loads(ours["body"])
        data = {key: body[key] for key in ("extra", "details") if key in body}
        texts = [*body["errors"], json.dumps(data, ensure_ascii=False)]
    except (ValueError, KeyError, TypeError):
        return
    text = normalise("\n".join(texts))
    for kind, word in find_words(document):
        if kind == "message" and STANDARD.fullmatch(word.strip()):
            continue
        words = {word, CODES_OF_KEYS.get(word, word)} if kind == "code" else {word}
        if not any(normalise(each.strip()) in text for each in words):
            yield f"the {kind} {word!r} is lost: {ours['body'][:300]}"


def find_words(document: object) -> Iterator[tuple[str, str]]:
    """Yield the field names and the messages of an error of DRF, or of drf-standardized-errors."""
    if isinstance(document, dict) and document.keys() == {"type", "errors"}:
        for error in document["errors"]:
            yield from find_standardized_words(error)
    elif isinstance(document, dict):
        for key, value in document.items():
            if key not in NO_FIELDS and not key.isdigit():
                yield "field", key
            yield from find_words(value)
    elif isinstance(document, list):
        for value in document:
            yield from find_words(value)
    elif isinstance(document, str) and document:
        yield "message", document


def find_standardized_words(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the field names, the message and the code of an error of drf-standardized-errors."""
    names = (error["attr"] or "").split(".")
    yield from (("field", name) for name in names if name not in NO_FIELDS and not name.isdigit())
    yield "message", error["detail"]
    if not STANDARD.fullmatch(error["detail"]):
        yield "code", error["code"]


def normalise(text: str) -> str:
    """Return `text` without the values that differ in each run."""
    for expression, name in VOLATILE:
        text = expression.sub(name, text)
    return text


def compare_schemas(stock: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of the application's own schema that the schema with the errors changes."""
    used = find_references(stock)
    for kind, items in stock.get("components", {}).items():
        our_items = ours.get("components", {}).get(kind, {})
        for name in items:
            is_used = kind == "securitySchemes" or f"#/components/{kind}/{name}" in used
            if is_used and items[name] != our_items.get(name):
                yield f"components.{kind}.{name}"
    for path, operations in stock["paths"].items():
        for method, operation in operations.items():
            place = f"{method.upper()} {unquote(path)}"
            try:
                our_operation = ours["paths"][path][method]
            except KeyError:
                yield f"{place} is lost"
                continue
            if not isinstance(operation, dict):
                continue
            value, other = without_errors(operation), without_errors(our_operation)
            yield from (f"{place}: {key}" for key in value if value[key] != other.get(key))


def without_errors(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation with the responses of its successes only."""
    responses = operation.get("responses", {})
    return {**operation, "responses": {s: r for s, r in responses.items() if s < "4"}}


def find_references(schema: Mapping[str, Any]) -> set[str]:
    """Return the components that an operation needs for something other than its errors."""
    used: set[str] = set()
    documents: list[Any] = [
        without_errors(operation)
        for operations in schema["paths"].values()
        for operation in operations.values()
        if isinstance(operation, dict)
    ]
    while documents:
        new = set(REFERENCE.findall(json.dumps(documents.pop()))) - used
        used |= new
        for _, _, kind, name in (reference.split("/") for reference in new):
            documents.append(schema["components"][kind].get(name))
    return used
