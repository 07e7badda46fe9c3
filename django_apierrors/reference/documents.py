"""Documents: what the pages of the reference say, for templates and for JSON alike."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypedDict

from rest_framework.fields import Field

from django_apierrors.advice import ADVICE_BY_CLASS
from django_apierrors.catalog import ErrorCode, get_codes
from django_apierrors.details import Item
from django_apierrors.errors import Body, Error, format_code
from django_apierrors.headers import REQUIRED_HEADERS
from django_apierrors.kinds import get_kind
from django_apierrors.reference.texts import HEADERS, REQUIREMENTS, STATUSES, VERBS, get_phrase
from django_apierrors.semantics import SUCCESSES

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_apierrors.reference.links import Links


class Reference(TypedDict):
    """A code and where its page is."""

    name: str
    href: str


class Header(TypedDict):
    """A header that an answer carries, and what it says."""

    name: str
    description: str


class Code(TypedDict):
    """A code as the list has it; `code` is what the body of an error says."""

    name: str
    code: str | int
    number: int | None
    status: int
    phrase: str
    kind: str
    message: str
    description: str
    advice: str
    headers: list[Header]
    href: str


class CodePage(Code):
    """A code as its own page has it."""

    example: Body
    related: list[Reference]


class Success(TypedDict):
    """A status that a verb succeeds with, and what such an answer must have."""

    status: int
    phrase: str
    requirements: list[str]


class Verb(TypedDict):
    """A verb and what it succeeds with."""

    name: str
    description: str
    successes: list[Success]


class Status(TypedDict):
    """A status of success and what it means."""

    status: int
    phrase: str
    description: str


class Index(TypedDict):
    """The list of the codes."""

    codes: list[Code]
    href: str
    verbs: str


class VerbsPage(TypedDict):
    """The verbs and the statuses of success."""

    verbs: list[Verb]
    statuses: list[Status]
    href: str
    codes: str


def make_index(links: Links) -> Index:
    """Return the list of the codes, as the project has them."""
    return {
        "codes": [make_code(code, links) for code in get_codes().values()],
        "href": links.get_url("index"),
        "verbs": links.get_url("verbs"),
    }


def make_code(code: ErrorCode, links: Links) -> Code:
    """Return what is said of a code everywhere."""
    header, _ = REQUIRED_HEADERS.get(code.status, (None, None))
    return {
        "name": code.name,
        "code": format_code(code),
        "number": code.number,
        "status": code.status,
        "phrase": get_phrase(code.status),
        "kind": get_kind(code).name,
        "message": str(code.message),
        "description": str(code.description),
        "advice": str(code.advice or ADVICE_BY_CLASS.get(code.status // 100, "")),
        "headers": [{"name": header, "description": str(HEADERS[header])}] if header else [],
        "href": links.get_url("code", code=code.name),
    }


def make_code_page(code: ErrorCode, links: Links) -> CodePage:
    """Return what the page of a code says."""
    kind = get_kind(code)
    return {
        **make_code(code, links),
        "example": make_example(code, links.request),
        "related": [
            {"name": other.name, "href": links.get_url("code", code=other.name)}
            for other in get_codes().values()
            if get_kind(other) == kind and other.name != code.name
        ],
    }


def make_example(code: ErrorCode, request: HttpRequest) -> Body:
    """Return a body as it is sent with `code`; some are most often about a field."""
    items = {
        "INVALID_CONTENT": [
            Item("name", "required", str(Field.default_error_messages["required"]))
        ],
        "ALREADY_EXISTS": [Item("email", "unique", str(code.message))],
    }
    return Error.of_code(code, items.get(code.name, ())).get_body(request)


def make_verbs(links: Links) -> VerbsPage:
    """Return the table of the verbs that the views of this package are held to."""
    return {
        "verbs": [
            {
                "name": verb,
                "description": str(VERBS[verb]),
                "successes": [
                    {
                        "status": status,
                        "phrase": get_phrase(status),
                        "requirements": [str(REQUIREMENTS[item.what]) for item in requirements],
                    }
                    for status, requirements in sorted(successes.items())
                ],
            }
            for verb, successes in SUCCESSES.items()
        ],
        "statuses": [
            {"status": status, "phrase": get_phrase(status), "description": str(text)}
            for status, text in STATUSES.items()
        ],
        "href": links.get_url("verbs"),
        "codes": links.get_url("index"),
    }


def find_code(text: str) -> ErrorCode | None:
    """Return the code that `text` is a name of, in whatever letters, or the number."""
    codes = get_codes()
    name = text.upper().replace("-", "_")
    by_number = {str(code.number): code for code in reversed(codes.values())}
    return codes.get(name) or by_number.get(text)


def find_nearest(text: str) -> str | None:
    """Return the name that `text` is likely to mean, `None` where it is like none."""
    # What is longer than any name costs time alone.
    nearest = get_close_matches(text[:100].upper(), get_codes(), 1)
    return nearest[0] if nearest else None
