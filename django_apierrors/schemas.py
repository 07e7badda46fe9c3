"""Schemas: errors, operations and their headers as an OpenAPI document (3.0 and 3.1) has them.

Pure functions over tables, which know nothing of who makes the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.translation import gettext_lazy as _

from django_apierrors.conf import api_errors
from django_apierrors.errors import Error, format_code
from django_apierrors.headers import REQUIRED_HEADERS
from django_apierrors.problems import JSON, PROBLEM, TEXTS, get_phrase, is_on, make_problem

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise
    from rest_framework.request import Request

Schema: TypeAlias = dict[str, Any]

ERROR = "APIError"
OPERATION = "APIOperation"

# The responses that most operations have in common, by their codes; the others stand where they
# are answered. With the two schemas they are all that we add to the components.
SHARED: Mapping[tuple[str, ...], str] = {
    ("UNAUTHENTICATED",): "Unauthenticated",
    ("ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"): "Forbidden",
    ("MISSING_RESOURCE",): "MissingResource",
    ("CONTENT_TOO_LARGE",): "ContentTooLarge",
    ("UNSUPPORTED_MEDIA_TYPE",): "UnsupportedMediaType",
    ("THROTTLED",): "Throttled",
    ("INTERNAL_ERROR",): "InternalError",
    ("SERVICE_UNAVAILABLE",): "ServiceUnavailable",
}

URL: Schema = {"type": "string", "format": "uri"}

# The members that problem details have beyond those of any error.
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in TEXTS},
    "required": list(TEXTS),
}

HEADERS: Mapping[str, tuple[StrOrPromise, Schema]] = {
    "Allow": (_("The verbs that the resource has."), {"type": "string"}),
    "Content-Location": (_("The URL of the operation, whose state is the body."), URL),
    "Location": (_("The URL of what was made, or of the operation that makes it."), URL),
    "Retry-After": (_("Seconds to wait before asking again."), {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": (_("The credentials that are asked for."), {"type": "string"}),
}

# What `semantics` asks of a success; `headers` has the table for errors.
SUCCESS_HEADERS: Mapping[int, Sequence[str]] = {
    201: ("Location",),
    202: ("Location", "Content-Location", "Retry-After"),
}


def make_headers(names: Iterable[str], is_required: bool = True) -> Schema:
    """Return the headers of a response."""
    return {
        name: {
            "description": str(HEADERS[name][0]),
            "required": is_required,
            "schema": HEADERS[name][1],
        }
        for name in names
    }


def get_header_names(status: int) -> Sequence[str]:
    """Return the names of the headers that a status must carry."""
    if status in REQUIRED_HEADERS:
        return [REQUIRED_HEADERS[status][0]]
    return SUCCESS_HEADERS.get(status, ())


def make_error_schema() -> Schema:
    """Return the schema of the body of any error."""
    text: Schema = {"type": "string", "minLength": 1}
    properties: Schema = {
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "errors": {"type": "array", "items": text, "minItems": 1},
        "code": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "moreInfo": {"type": "string"},
    }
    if api_errors.DETAILS:
        members = {"field": {"type": "string"}, "code": {"type": "string"}, "message": text}
        detail = {"type": "object", "properties": members, "required": list(members)}
        properties["details"] = {"type": "array", "items": detail}
    return {"type": "object", "properties": properties, "required": list(properties)}


def make_operation_schema(error: Schema) -> Schema:
    """Return the schema of an operation; `error` is that of its error."""
    statuses = ["ready", "running", "successful", "failed"]
    properties: Schema = {
        "id": {"type": "string"},
        "href": URL,
        # In an allOf, drf-spectacular makes no component of it, whose name might be a project's.
        "status": {"allOf": [{"type": "string", "enum": statuses}]},
        "createdAt": {"type": "string"},
    }
    outcome = {"result": {}, "error": error}
    return {
        "type": "object",
        "properties": properties | outcome,
        "required": list(properties),
    }


def make_error_response(
    errors: Sequence[Error], error_schema: Schema, request: HttpRequest | Request | None = None
) -> Schema:
    """Return the response for the errors of one status, with an example of each.

    `error_schema` is that of any error, which is narrowed to their codes.
    """
    status = errors[0].status
    codes = [format_code(error.code) for error in errors]
    narrowed = {"status": {"enum": [status]}, "code": {"enum": codes}}
    schema = {"allOf": [error_schema, {"type": "object", "properties": narrowed}]}
    bodies = {error.code.name: error.get_body(request) for error in errors}
    content = {JSON: make_media(schema, bodies)}
    if is_on():
        problems = {name: make_problem(body) for name, body in bodies.items()}
        content[PROBLEM] = make_media({"allOf": [*schema["allOf"], PROBLEM_SCHEMA]}, problems)
    response: Schema = {"description": describe(errors), "content": content}
    headers = make_headers(get_header_names(status))
    return {"headers": headers, **response} if headers else response


def make_media(schema: Schema, examples: Mapping[str, Any]) -> Schema:
    """Return what a response is in one media type, with an example for each code."""
    return {
        "schema": schema,
        "examples": {name: {"value": example} for name, example in examples.items()},
    }


def describe(errors: Sequence[Error]) -> str:
    """Return what the errors of one status mean, in Markdown."""
    lines = (f"- `{error.code.name}`: {error.code.description}" for error in errors)
    return "\n".join([f"{get_phrase(errors[0].status)}.", "", *lines])


def find_shared_name(errors: Sequence[Error]) -> str | None:
    """Return the name of the component that the errors of one status are, `None` for none.

    It holds for all operations: one whose messages are its own stands by itself.
    """
    name = SHARED.get(tuple(error.code.name for error in errors))
    return name if all(map(is_general, errors)) else None


def is_general(error: Error) -> bool:
    """Tell whether an error is the same wherever it is answered; a bug's has its reference."""
    has_own_text = error.items and error.code.name != "INTERNAL_ERROR"
    return error.status == error.code.status and not has_own_text
