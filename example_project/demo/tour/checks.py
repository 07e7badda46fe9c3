"""Checks of a response against a row of the tour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

from example_project.demo.tour.rows import Row

REQUIRED_HEADERS = {
    201: ("Location",),
    202: ("Location", "Content-Location", "Retry-After"),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    503: ("Retry-After",),
    504: ("Retry-After",),
}
"""The headers that a response must have, by status."""


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        """The value of the JSON body, or ``None`` if the body is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def find_faults(row: Row, response: Response) -> list[str]:
    """Return a message for each difference between the response and the row."""
    faults = [*check_status(row, response), *check_headers(row, response)]
    if row.exactly is not None:
        if response.body != row.exactly:
            faults.append(f"the body is not {row.exactly.decode() or 'empty'}")
    elif row.status >= 400:
        faults.extend(check_error(row, response.json))
    else:
        faults.extend(check_documents(row, response.json))
    if row.polls and is_unfinished(response):
        faults.append("the operation has not finished: does a worker run (manage.py db_worker)?")
    return faults


def is_unfinished(response: Response) -> bool:
    """Whether the body is an operation that has not finished."""
    return isinstance(response.json, dict) and response.json.get("status") in ("ready", "running")


def check_status(row: Row, response: Response) -> Iterator[str]:
    """Yield a message if the status is wrong."""
    if response.status != row.status:
        yield f"the status is {response.status}, not {row.status}"


def check_headers(row: Row, response: Response) -> Iterator[str]:
    """Yield a message for each header that is missing or wrong."""
    for name in (*REQUIRED_HEADERS.get(row.status, ()), *row.required_headers):
        if not response.headers.get(name):
            yield f"the header {name} is missing"
    content_type = response.headers.get_content_type()
    if response.body and content_type != "application/json":
        yield f"the content type is {content_type}, not application/json"


def check_error(row: Row, body: Any) -> Iterator[str]:
    """Yield a message for each fault in the body of an error."""
    keys = ["status", "errors", "code", "moreInfo", *row.shows]
    if not isinstance(body, dict) or list(body) != keys:
        yield f"the body is not an object with {', '.join(keys)}"
        return
    errors = body["errors"]
    if body["status"] != row.status:
        yield f"the status in the body is {body['status']}, not {row.status}"
    if body["code"] != row.code:
        yield f"the code is {body['code']}, not {row.code}"
    if not (isinstance(errors, list) and errors and all(isinstance(e, str) and e for e in errors)):
        yield "errors is not a list of messages"
    elif row.messages and errors != [*row.messages]:
        yield f"the messages are not: {json.dumps(row.messages)}"
    if not contains(body, row.shows):
        yield f"the body does not contain {json.dumps(row.shows)}"


def check_documents(row: Row, body: Any) -> Iterator[str]:
    """Yield a message for each fault in the body of a success."""
    documents = body if row.is_list else [body]
    if not isinstance(documents, list) or not documents:
        yield "the body is not a list of documents"
        return
    for document in documents:
        if not isinstance(document, dict) or not set(row.fields) <= set(document):
            yield f"the body is not a document with {', '.join(row.fields)}"
        elif not contains(document, row.shows):
            yield f"the document does not contain {json.dumps(row.shows)}"


def contains(value: object, expected: object) -> bool:
    """Whether ``value`` equals ``expected``; its objects may have more keys."""
    if not isinstance(expected, dict) or not isinstance(value, dict):
        return expected == value
    return all(key in value and contains(value[key], part) for key, part in expected.items())
