"""What the API document asks of an answer, checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

from example_project.tour_rows import Row

STATUS_MUST_CARRY = {
    201: ("Location",),
    202: ("Location", "Content-Location", "Retry-After"),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    503: ("Retry-After",),
    504: ("Retry-After",),
}
"""The headers that a status is not complete without."""


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

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
        """The body as JSON, or ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def faults(row: Row, answer: Answer) -> list[str]:
    """Return in sentences how the answer differs from the API document; empty if it does not."""
    found = [*status_faults(row, answer), *header_faults(row, answer)]
    if row.exactly is not None:
        if answer.body != row.exactly:
            found.append(f"the body is not {row.exactly.decode() or 'empty'}")
    elif row.status >= 400:
        found.extend(error_faults(row, answer.json))
    else:
        found.extend(document_faults(row, answer.json))
    if row.polls and is_under_way(answer):
        found.append("it is still not done: does a worker run (manage.py db_worker)?")
    return found


def is_under_way(answer: Answer) -> bool:
    """Return whether an operation is still to be done."""
    return isinstance(answer.json, dict) and answer.json.get("status") in ("ready", "running")


def status_faults(row: Row, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with the status."""
    if answer.status != row.status:
        yield f"the status is {answer.status}, not {row.status}"


def header_faults(row: Row, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with the headers."""
    for name in (*STATUS_MUST_CARRY.get(row.status, ()), *row.must_carry):
        if not answer.headers.get(name):
            yield f"the header {name} is missing"
    if answer.body and answer.headers.get_content_type() != "application/json":
        yield f"the content type is {answer.headers.get_content_type()}, not application/json"


def error_faults(row: Row, body: Any) -> Iterator[str]:
    """Yield what is wrong with an error's body."""
    if not isinstance(body, dict) or list(body) != ["status", "errors", "code", "moreInfo"]:
        yield "the body is no object of status, errors, code and moreInfo"
        return
    errors = body["errors"]
    if body["status"] != row.status:
        yield f"status in the body is {body['status']}, not {row.status}"
    if body["code"] != row.code:
        yield f"code is {body['code']}, not {row.code}"
    if not (isinstance(errors, list) and errors and all(isinstance(e, str) and e for e in errors)):
        yield "errors is no list of messages"
    elif row.message and errors != [row.message]:
        yield f"the message is not: {row.message}"


def document_faults(row: Row, body: Any) -> Iterator[str]:
    """Yield what is wrong with a success's body."""
    documents = body if row.is_list else [body]
    if not isinstance(documents, list) or not documents:
        yield "the body is no list of documents"
        return
    for document in documents:
        if not isinstance(document, dict) or not set(row.members) <= set(document):
            yield f"the body is no document with {', '.join(row.members)}"
        elif not is_shown(row.shows, document):
            yield f"the document does not show {json.dumps(row.shows)}"


def is_shown(expected: object, value: object) -> bool:
    """Return whether ``value`` is what is expected; an object may have further members."""
    if not isinstance(expected, dict) or not isinstance(value, dict):
        return expected == value
    return all(
        member in value and is_shown(part, value[member]) for member, part in expected.items()
    )
