"""OpenAPI: the schema class for drf-spectacular, which knows how each operation can fail.

`REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema"}`, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent, force_instance, is_list_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiRequest, OpenApiResponse
from rest_framework.serializers import Serializer

from django_apierrors.catalog import get_phrase
from django_apierrors.conf import api_errors
from django_apierrors.errors import BODY_PROPERTIES, REQUIRED_KEYS, Error, format_code
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.http.problems import JSON, PROBLEM, STRING_MEMBERS, is_enabled, make_problem
from django_apierrors.http.scope import is_excluded
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.introspection.possible_errors import find_errors, get_success_statuses
from django_apierrors.mixins import LocationMixin
from django_apierrors.operations.views import OperationView

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise
    from drf_spectacular.utils import Direction
    from rest_framework.request import Request

    from django_apierrors.errors import Error

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
    "properties": {name: {"type": "string"} for name in STRING_MEMBERS},
    "required": list(STRING_MEMBERS),
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
    keys = (*REQUIRED_KEYS, "details") if api_errors.DETAILS else REQUIRED_KEYS
    properties = {key: BODY_PROPERTIES[key] for key in keys}
    return {"type": "object", "properties": properties, "required": list(keys)}


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
    if is_enabled():
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


# By any of these a view tells its serializer; a generic one has them all.
SERIALIZER_ATTRIBUTES = ("get_serializer", "get_serializer_class", "serializer_class")


class AutoSchema(openapi.AutoSchema):
    """drf-spectacular's, with the success statuses of the view and the errors it can answer.

    What `@extend_schema` says of a status holds; ours are added for the others.
    """

    def get_errors(self) -> Sequence[Error]:
        """Return the errors that the operation can answer; override it to add or to leave out."""
        body: Any = self.get_request_serializer()
        if isinstance(body, dict):
            # By media types.
            body = next(iter(body.values()), None)
        if isinstance(body, OpenApiRequest):
            body = body.request
        body = force_instance(body)  # type: ignore[no-untyped-call]
        return find_errors(Endpoint(self.view, self.method, self.path_regex, body))

    def get_request_serializer(self) -> Any:
        """Return what reads the body; with `partial_put` a PUT may leave out what PATCH may."""
        serializer = super().get_request_serializer()
        is_partial = Endpoint(self.view, self.method).is_partial
        if self.method == "PUT" and is_partial and isinstance(serializer, Serializer):
            serializer.partial = True
        return serializer

    def get_response_serializers(self) -> Any:
        """Return what the operation succeeds with, by status."""
        statuses = get_success_statuses(self.view, self.method, self.path_regex)
        return {status: self._get_success(status) for status in statuses}

    def _get_success(self, status: int) -> Any:
        if status == 202 or isinstance(self.view, OperationView):
            return OpenApiResponse(self._refer_to_operation(), gettext("How the operation stands."))
        if status == 204 or self.method == "DELETE":
            return None
        return self._get_serializer()

    def _get_serializer(self) -> Any:
        # drf-spectacular warns of both, and documents no body at all.
        if not any(hasattr(self.view, name) for name in SERIALIZER_ATTRIBUTES):
            return OpenApiTypes.ANY
        serializer = super()._get_serializer()  # type: ignore[no-untyped-call]
        # As of an AcceptedAPIView that takes nothing from the body.
        return OpenApiTypes.OBJECT if type(serializer) is Serializer else serializer

    # No seam of drf-spectacular's sees what @extend_schema has made of the responses.
    def _get_response_bodies(self, direction: Direction = "response") -> Schema:
        if direction != "response":
            # Of a callback, which somebody else's server answers.
            return super()._get_response_bodies(direction)
        given = self.get_response_serializers()
        if isinstance(given, dict):
            bodies: Schema = super()._get_response_bodies()
        else:
            # For a serializer alone drf-spectacular would guess the status.
            statuses = get_success_statuses(self.view, self.method, self.path_regex)
            bodies = self._get_bodies(dict.fromkeys(statuses, given))
        if not any(code[0] in "123d" for code in bodies):
            bodies |= self._get_bodies(AutoSchema.get_response_serializers(self))
        if not is_excluded(self.view.request):
            self._add_errors(bodies)
        return dict(sorted(bodies.items()))

    def _get_bodies(self, successes: Mapping[int, Any]) -> Schema:
        return {
            str(status): self._get_response_for_code(
                None if status == 204 else success, str(status)
            )  # type: ignore[no-untyped-call]
            for status, success in successes.items()
        }

    def _add_errors(self, bodies: Schema) -> None:
        for status, group in groupby(self.get_errors(), lambda error: error.status):
            if not {str(status), f"{status // 100}XX"} & bodies.keys():
                bodies[str(status)] = self._get_error_response(list(group))

    def _get_error_response(self, errors: Sequence[Error]) -> Schema:
        name = find_shared_name(errors)
        response = make_error_response(errors, self._refer_to_error(), self._get_request())
        return self._refer(ResolvedComponent.RESPONSE, name, response) if name else response

    def _get_request(self) -> Request | None:
        """Return the request for the schema, `None` where a command makes it, which has no host."""
        request: Request = self.view.request
        return request if "HTTP_HOST" in request.META else None

    def _get_response_headers_for_code(
        self, status_code: str, direction: Direction = "response"
    ) -> Schema:
        headers: Schema = super()._get_response_headers_for_code(status_code, direction)
        if direction == "response" and status_code.isdecimal():
            headers = self._get_own_headers(int(status_code)) | headers
        return headers

    def _get_own_headers(self, status: int) -> Schema:
        if isinstance(self.view, OperationView) and status == 200:
            # Once the work is done there is nothing to wait for.
            return make_headers(["Retry-After"], is_required=False)
        if status == 201 and not self._has_location():
            return {}
        return make_headers(get_header_names(status))

    def _has_location(self) -> bool:
        is_ours = isinstance(self.view, LocationMixin)
        return is_ours and not is_list_serializer(self.get_request_serializer())

    def _refer_to_error(self) -> Schema:
        schema = make_error_schema()
        return self._refer(ResolvedComponent.SCHEMA, ERROR, schema)

    def _refer_to_operation(self) -> Schema:
        schema = make_operation_schema(self._refer_to_error())
        return self._refer(ResolvedComponent.SCHEMA, OPERATION, schema)

    def _refer(self, kind: str, name: str, schema: Schema) -> Schema:
        component = ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component.ref
