"""OpenAPI: the schema class for drf-spectacular that documents the errors of each operation.

To install it: `REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema"}`.
A project with a schema class of its own puts `ErrorSchemaMixin` in front of it.
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
from django_apierrors.introspection.endpoints import BODY_METHODS, USE_VIEW_SERIALIZER, Endpoint
from django_apierrors.introspection.possible_errors import get_errors, get_success_statuses
from django_apierrors.mixins import LocationMixin
from django_apierrors.operations.views import AcceptedAPIView, OperationView
from django_apierrors.semantics import StatusAwareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise
    from rest_framework.request import Request

    Base = openapi.AutoSchema
else:
    Base = object

Schema: TypeAlias = dict[str, Any]

# The responses that most operations have in common, by their codes. They and the schemas APIError
# and APIOperation are the only components that we add.
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

HEADER_SCHEMAS: Mapping[str, tuple[StrOrPromise, Schema]] = {
    "Allow": (_("The methods that the resource supports."), {"type": "string"}),
    "Content-Location": (_("The URL of the operation that the body describes."), URL),
    "Location": (_("The URL of the new resource, or of the operation that creates it."), URL),
    "Retry-After": (_("The number of seconds to wait."), {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": (_("The credentials that are required."), {"type": "string"}),
}

# The headers that a response of a status must have; for a success see `semantics`.
STATUS_HEADERS: Mapping[int, Sequence[str]] = {
    **{status: (name,) for status, (name, _) in REQUIRED_HEADERS.items()},
    201: ("Location",),
    202: ("Location", "Content-Location", "Retry-After"),
}


def make_headers(names: Iterable[str], is_required: bool = True) -> Schema:
    """Return the headers of a response."""
    return {
        name: {"description": str(description), "required": is_required, "schema": schema}
        for name in names
        for description, schema in [HEADER_SCHEMAS[name]]
    }


def add_headers(response: Schema, headers: Schema) -> Schema:
    """Return a response with these headers; those that it has are kept."""
    headers |= response.get("headers", {})
    # drf-spectacular writes the headers first.
    return {"headers": {}} | response | {"headers": headers} if headers else response


def make_object_schema(properties: Schema, optional: Schema | None = None) -> Schema:
    """Return the schema of an object, of which `properties` are required."""
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
    }


# The members that problem details have and other errors do not.
PROBLEM_SCHEMA = make_object_schema({name: {"type": "string"} for name in STRING_MEMBERS})


def make_error_schema() -> Schema:
    """Return the schema of the body of any error."""
    keys = (*REQUIRED_KEYS, "details") if api_errors.DETAILS else REQUIRED_KEYS
    optional = {"extra": BODY_PROPERTIES["extra"]}
    return make_object_schema({key: BODY_PROPERTIES[key] for key in keys}, optional)


def make_operation_schema(error_schema: Schema) -> Schema:
    """Return the schema of an operation."""
    statuses = ["ready", "running", "successful", "failed"]
    properties: Schema = {
        "id": {"type": "string"},
        "href": URL,
        # Outside an allOf drf-spectacular makes a component of the enum, and its name could be that
        # of a project's.
        "status": {"allOf": [{"type": "string", "enum": statuses}]},
        "createdAt": {"type": "string"},
    }
    return make_object_schema(properties, {"result": {}, "error": error_schema})


def make_error_response(
    errors: Sequence[Error], error_schema: Schema, request: HttpRequest | Request | None = None
) -> Schema:
    """Return the response for the errors of one status, with an example of each.

    `error_schema` is the schema of any error; the response narrows it to the codes of `errors`.
    """
    status = errors[0].status
    codes = [format_code(error.code) for error in errors]
    narrowed = {"status": {"enum": [status]}, "code": {"enum": codes}}
    schemas = [error_schema, {"type": "object", "properties": narrowed}]
    bodies = {error.code.name: error.get_body(request) for error in errors}
    content = {JSON: make_media(schemas, bodies)}
    if is_enabled():
        problems = {name: make_problem(body) for name, body in bodies.items()}
        content[PROBLEM] = make_media([*schemas, PROBLEM_SCHEMA], problems)
    lines = (f"- `{error.code.name}`: {error.code.description}" for error in errors)
    description = "\n".join([f"{get_phrase(status)}.", "", *lines])
    response: Schema = {"description": description, "content": content}
    return add_headers(response, make_headers(STATUS_HEADERS.get(status, ())))


def make_media(schemas: Sequence[Schema], examples: Mapping[str, Any]) -> Schema:
    """Return the content of a response in one media type, with its examples by code."""
    return {
        "schema": {"allOf": schemas},
        "examples": {name: {"value": example} for name, example in examples.items()},
    }


def find_shared_name(errors: Sequence[Error]) -> str | None:
    """Return the shared component for the errors of a status, if they have no own messages."""
    are_default = all(
        error.status == error.code.status
        # An INTERNAL_ERROR has the message of its code and the reference of the example.
        and (not error.items or error.code.name == "INTERNAL_ERROR")
        for error in errors
    )
    return SHARED.get(tuple(error.code.name for error in errors)) if are_default else None


class ErrorSchemaMixin(Base):
    """Adds the possible errors of each operation to any schema class of drf-spectacular.

    It changes nothing else: `class AutoSchema(ErrorSchemaMixin, MyAutoSchema)`. A response that the
    operation has for a status is kept.
    """

    # Whether the request serializer is a guess, not that of `@extend_schema(request=…)`.
    _is_guessed = False

    def get_errors(self) -> Sequence[Error]:
        """Return the errors that the operation can send; override it to add or remove some."""
        return get_errors(Endpoint(self.view, self.method, self.path_regex, self._get_body()))

    def get_request_serializer(self) -> Any:
        """Return the serializer of the request body."""
        self._is_guessed = True
        return super().get_request_serializer()

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        """Return the operation, with its possible errors."""
        operation = super().get_operation(*args, **kwargs)
        request = getattr(self.view, "request", None)
        if operation is not None and not (request and is_excluded(request)):
            self._add_errors(operation.setdefault("responses", {}), request)
        return operation

    def _get_body(self) -> Any:
        """Return the serializer of the body; drf-spectacular warns if it is asked about a GET."""
        if self.method not in BODY_METHODS:
            return None
        self._is_guessed = False
        body: Any = self.get_request_serializer()
        if body is None and self._is_guessed:
            return USE_VIEW_SERIALIZER
        if isinstance(body, dict):
            # The serializers by media type.
            body = next(iter(body.values()), None)
        if isinstance(body, OpenApiRequest):
            body = body.request
        return force_instance(body)  # type: ignore[no-untyped-call]

    def _add_errors(self, responses: Schema, request: HttpRequest | Request | None) -> None:
        # The request of a management command has no host for the URL of `moreInfo`.
        request = request if "HTTP_HOST" in getattr(request, "META", ()) else None
        for status, group in groupby(self.get_errors(), lambda error: error.status):
            if {str(status), f"{status // 100}XX"} & responses.keys():
                continue
            errors = list(group)
            response = make_error_response(errors, self._refer_to_error(), request)
            if name := find_shared_name(errors):
                response = self._refer(ResolvedComponent.RESPONSE, name, response)
            responses[str(status)] = response

    def _refer_to_error(self) -> Schema:
        return self._refer(ResolvedComponent.SCHEMA, "APIError", make_error_schema())

    def _refer(self, kind: str, name: str, schema: Schema) -> Schema:
        component = ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component.ref


class AutoSchema(ErrorSchemaMixin, openapi.AutoSchema):
    """drf-spectacular's, with the errors of all views, and the statuses and headers of ours."""

    def get_request_serializer(self) -> Any:
        """Return the serializer of the request body, partial for a PUT with `partial_put`."""
        serializer = super().get_request_serializer()
        is_put = self.method == "PUT" and isinstance(serializer, Serializer)
        if is_put and self._endpoint.is_partial:
            serializer.partial = True
        # An AcceptedAPIView without a body has a plain Serializer.
        is_plain = isinstance(self.view, AcceptedAPIView) and type(serializer) is Serializer
        return OpenApiTypes.OBJECT if is_plain else serializer

    def get_response_serializers(self) -> Any:
        """Return the serializer of the success: that of the operation for accepted work."""
        if self._endpoint.is_accepting or isinstance(self.view, OperationView):
            description = gettext("The state of the operation.")
            return OpenApiResponse(self._refer_to_operation(), description)
        return super().get_response_serializers()

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        """Return the operation; that of a view of ours has its success status and its headers."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None and isinstance(self.view, StatusAwareMixin):
            responses = self._correct_status(operation["responses"])
            operation["responses"] = {
                status: add_headers(response, self._get_headers(status))
                for status, response in responses.items()
            }
        return operation

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self.view, self.method, self.path_regex)

    def _correct_status(self, responses: Schema) -> Schema:
        """Return the responses with the success status of the view, if the status is a guess."""
        successes = [status for status in responses if status in ("200", "201", "204")]
        is_guess = len(successes) == 1 and not isinstance(self.get_response_serializers(), dict)
        if not is_guess:
            return responses
        status = str(get_success_statuses(self._endpoint)[0])
        response = responses.pop(successes[0])
        if status == "204":
            response.pop("content", None)
        return {status: response, **responses}

    def _get_headers(self, status: str) -> Schema:
        if isinstance(self.view, OperationView) and status == "200":
            # A finished operation has no Retry-After.
            return make_headers(["Retry-After"], is_required=False)
        is_ours = isinstance(self.view, LocationMixin)
        if status == "201" and (not is_ours or is_list_serializer(self.get_request_serializer())):
            return {}
        # The mixin has added those of errors.
        return make_headers(STATUS_HEADERS[int(status)] if status in ("201", "202") else ())

    def _refer_to_operation(self) -> Schema:
        schema = make_operation_schema(self._refer_to_error())
        return self._refer(ResolvedComponent.SCHEMA, "APIOperation", schema)
