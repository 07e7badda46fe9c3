"""OpenAPI: the schema class for drf-spectacular that documents the errors of each operation.

To install it, add `"DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema"` to the dict
`REST_FRAMEWORK`. A project with a schema class of its own puts `ErrorSchemaMixin` in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent, force_instance, is_list_serializer
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiRequest, OpenApiResponse
from rest_framework.serializers import Serializer

from django_apierrors.catalog import CATALOG, ErrorCode, get_phrase
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error, format_code
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.http.problems import JSON, PROBLEM, STRING_MEMBERS, is_enabled, make_problem
from django_apierrors.http.scope import is_excluded
from django_apierrors.introspection import possible_errors
from django_apierrors.introspection.endpoints import BODY_METHODS, USE_VIEW_SERIALIZER, Endpoint
from django_apierrors.mixins import LocationMixin
from django_apierrors.operations.views import AcceptedAPIView, OperationView
from django_apierrors.semantics import StatusAwareMixin
from django_apierrors.validation.places import AnyRequest
from django_apierrors.validation.shape import BODY_PROPERTIES, NON_EMPTY_STRING, REQUIRED_KEYS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Base = openapi.AutoSchema
else:
    Base = object

Schema: TypeAlias = dict[str, Any]

URL: Schema = {"type": "string", "format": "uri"}

HEADER_SCHEMAS: Mapping[str, tuple[StrOrPromise, Schema]] = {
    "Allow": (_("The methods that the resource supports."), {"type": "string"}),
    "Content-Location": (_("The URL of the operation that the body describes."), URL),
    "Location": (_("The URL of the new resource, or of the operation that creates it."), URL),
    "Retry-After": (_("The number of seconds to wait."), {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": (_("The credentials that are required."), {"type": "string"}),
}

# The headers that a response of a status must have; `semantics` checks those of successes.
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


# For each media type: the prefix of the components for its bodies, and the keys that its bodies
# have in addition to those of every error.
MEDIA_TYPES: Mapping[str, tuple[str, Schema]] = {
    JSON: ("APIError", {}),
    PROBLEM: ("APIProblem", {name: {"type": "string"} for name in STRING_MEMBERS}),
}


def make_error_schema(extra: Schema, **narrowed: Schema) -> Schema:
    """Return the schema of the body of any error, with the schemas of some keys replaced."""
    keys = (*REQUIRED_KEYS, "details") if api_errors.DETAILS else REQUIRED_KEYS
    properties = {key: BODY_PROPERTIES[key] for key in keys} | narrowed
    return make_object_schema(properties, {"extra": extra})


def make_status_schema(status: int) -> Schema:
    """Return the schema of the `status` of a body; OpenAPI 3.0 does not have `const`."""
    if spectacular_settings.OAS_VERSION.startswith("3.0"):
        return {"type": "integer", "minimum": status, "maximum": status}
    return {"type": "integer", "const": status}


def make_code_schema(errors: Sequence[Error]) -> Schema:
    """Return the schema of the `code` of a body: an enum, or two if the codes are of two types.

    No generator of clients accepts an enum of strings and numbers.
    """
    codes = {error.code: format_code(error.code) for error in errors}
    enums: list[Schema] = []
    for type_name, cls in (("string", str), ("integer", int)):
        values = {code: value for code, value in codes.items() if isinstance(value, cls)}
        if values:
            # The generators read the names of numbers from this extension.
            names = [re.sub("^(?=[0-9])", "CODE_", code.name) for code in values]
            enum = {"type": type_name, "enum": [*values.values()], "x-enum-varnames": names}
            enums.append(enum)
    schema = enums[0] if len(enums) == 1 else {"anyOf": enums}
    return {**schema, "x-error-codes": {code.name: describe_code(code) for code in codes}}


def describe_code(code: ErrorCode) -> Schema:
    """Return the facts about a code for a client, without its name and its description."""
    names = ("number", "since", "deprecated", "replaced_by")
    values = {name: getattr(code, name) for name in names}
    return {"retry": code.get_retry(), **{name: value for name, value in values.items() if value}}


def make_details_schema(code: Schema, extra: Schema) -> Schema:
    """Return the schema of `details`; `code` refers to the enum of the known codes of messages.

    Other codes are allowed, because the code of a project may raise them: a client that parses each
    code into the enum would lose the whole error.
    """
    schema = deepcopy(BODY_PROPERTIES["details"])
    codes = {"anyOf": [code, NON_EMPTY_STRING]}
    schema["items"]["properties"] |= {"code": codes, "extra": extra}
    return schema


def make_operation_schema(error_schema: Schema) -> Schema:
    """Return the schema of the body that describes background work (202)."""
    statuses = ["ready", "running", "successful", "failed"]
    properties: Schema = {
        "id": {"type": "string"},
        "href": URL,
        # Without the allOf drf-spectacular would make a component of the enum, and the name of the
        # component could be that of a project's component.
        "status": {"allOf": [{"type": "string", "enum": statuses}]},
        "createdAt": {"type": "string"},
    }
    return make_object_schema(properties, {"result": {}, "error": error_schema})


def make_error_response(
    errors: Sequence[Error], schemas: Mapping[str, Schema], request: AnyRequest | None = None
) -> Schema:
    """Return the response for the errors of one status, with an example of each.

    `schemas` has the schema of the body for each media type.
    """
    status = errors[0].status
    bodies: dict[str, Any] = {error.code.name: error.get_body(request) for error in errors}
    problems = {name: make_problem(body) for name, body in bodies.items()}
    examples = {JSON: bodies, PROBLEM: problems}
    content = {
        media_type: {
            "schema": schema,
            "examples": {name: {"value": body} for name, body in examples[media_type].items()},
        }
        for media_type, schema in schemas.items()
    }
    lines = (f"- `{error.code.name}`: {error.code.description}" for error in errors)
    description = "\n".join([f"{get_phrase(status)}.", "", *lines])
    response: Schema = {"description": description, "content": content}
    return add_headers(response, make_headers(STATUS_HEADERS.get(status, ())))


def get_position(error: Error) -> tuple[int, str]:
    """Return a sort key in the order of the catalogue, so that each set of codes has one order."""
    name = error.code.name
    return [*CATALOG, name].index(name), name


def is_default(error: Error) -> bool:
    """Whether an error has the status and the message of its code."""
    # The message of an INTERNAL_ERROR is that of its code, with an example of a reference.
    has_message = not error.items or error.code.name == "INTERNAL_ERROR"
    return has_message and error.status == error.code.status


def make_name(name: str) -> str:
    """Return a name as components have it: `MissingResource`, `ThingsCreate`."""
    words = re.split(r"[^A-Za-z0-9]+", name.lower() if name.isupper() else name)
    return "".join(word[:1].upper() + word[1:] for word in words)


class ErrorSchemaMixin(Base):
    """Adds the possible errors of each operation to any schema class of drf-spectacular.

    The mixin changes nothing else: `class AutoSchema(ErrorSchemaMixin, MyAutoSchema)`. A response
    that the operation has for a status is kept.
    """

    # Whether the request serializer is a guess, not that of `@extend_schema(request=…)`.
    _is_guessed = False

    def get_errors(self) -> Sequence[Error]:
        """Return the errors that the operation can send; override it to add or remove some."""
        return possible_errors.get_errors(self._get_endpoint())

    def get_request_serializer(self) -> Any:
        """Return the serializer of the request body."""
        self._is_guessed = True
        return super().get_request_serializer()

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        """Return the operation, with its possible errors."""
        operation = super().get_operation(*args, **kwargs)
        request = getattr(self.view, "request", None)
        if operation is not None and not (request and is_excluded(request)):
            self._add_errors(operation, request)
        return operation

    def _get_endpoint(self) -> Endpoint:
        return Endpoint(self.view, self.method, self.path_regex, self._get_body())

    def _get_body(self) -> Any:
        """Return the serializer of the body, `None` for a GET: drf-spectacular would warn."""
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

    def _add_errors(self, operation: Schema, request: AnyRequest | None) -> None:
        # The request of a management command has no host for the URL of `moreInfo`.
        request = request if "HTTP_HOST" in getattr(request, "META", ()) else None
        responses, endpoint = operation.setdefault("responses", {}), self._get_endpoint()
        for status, group in groupby(self.get_errors(), lambda error: error.status):
            if {str(status), f"{status // 100}XX"} & responses.keys():
                continue
            errors = sorted(group, key=get_position)
            name = "".join(make_name(error.code.name) for error in errors)
            common = possible_errors.get_common_detail_codes(errors)
            details = (
                possible_errors.get_detail_codes(errors, endpoint) if api_errors.DETAILS else common
            )
            # Bodies with the same codes differ only if their `details` have the codes of fields.
            is_shared = details == common
            owner = name if is_shared else make_name(operation["operationId"])
            schemas = self._refer_to_errors(f"{status}{owner}", errors, details)
            response = make_error_response(errors, schemas, request)
            if is_shared and all(map(is_default, errors)):
                response = self._refer(ResolvedComponent.RESPONSE, name, response)
            responses[str(status)] = response

    def _refer_to_errors(
        self, name: str, errors: Sequence[Error], detail_codes: set[str]
    ) -> Mapping[str, Schema]:
        """Return the references to the schemas of a body by media type."""
        # A reference to a component of ours: drf-spectacular would make a component of an inline
        # enum, and that name could change the names of the project's own enums.
        code_schema = make_code_schema(errors)
        narrowed = {
            "status": make_status_schema(errors[0].status),
            "code": self._refer(ResolvedComponent.SCHEMA, f"APIError{name}Code", code_schema),
        }
        if api_errors.DETAILS:
            # Generators give `OUT_OF_STOCK` and `out_of_stock` the same name, so the enum has only
            # one of the two: the project's `OUT_OF_STOCK` replaces our `out_of_stock`.
            codes = sorted(detail_codes, reverse=True)
            spellings = {re.sub(r"[^A-Za-z0-9]+", "_", code).lower(): code for code in codes}
            enum = {"type": "string", "enum": sorted(spellings.values())}
            code_ref = self._refer(ResolvedComponent.SCHEMA, f"APIError{name}DetailCode", enum)
            narrowed["details"] = make_details_schema(code_ref, self._refer_to_extra())
        refs = {}
        for media_type, (prefix, members) in MEDIA_TYPES.items():
            if media_type == JSON or is_enabled():
                schema = make_error_schema(self._refer_to_extra(), **narrowed, **members)
                refs[media_type] = self._refer(ResolvedComponent.SCHEMA, f"{prefix}{name}", schema)
        return refs

    def _refer_to_extra(self) -> Schema:
        return self._refer(ResolvedComponent.SCHEMA, "APIErrorExtra", BODY_PROPERTIES["extra"])

    def _refer(self, kind: str, name: str, schema: Schema) -> Schema:
        component = ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component.ref


class AutoSchema(ErrorSchemaMixin, openapi.AutoSchema):
    """drf-spectacular's schema class, with all errors, and the exact successes of our views."""

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
            description = gettext("The status of the operation.")
            return OpenApiResponse(self._refer_to_operation(), description)
        return super().get_response_serializers()

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        """Return the operation, with the success status and the headers that a view of ours has."""
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
        """Return the responses; the success status of the view replaces a guessed status."""
        successes = [status for status in responses if status in ("200", "201", "204")]
        is_guess = len(successes) == 1 and not isinstance(self.get_response_serializers(), dict)
        if not is_guess:
            return responses
        status = str(possible_errors.get_success_statuses(self._endpoint)[0])
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
        # ErrorSchemaMixin has added the headers of errors.
        return make_headers(STATUS_HEADERS[int(status)] if status in ("201", "202") else ())

    def _refer_to_operation(self) -> Schema:
        is_name = api_errors.CODE_FORMAT == "name"
        narrowed = {"code": BODY_PROPERTIES["code"]["oneOf"][0]} if is_name else {}
        error_schema = make_error_schema(self._refer_to_extra(), **narrowed)
        reference = self._refer(ResolvedComponent.SCHEMA, "APIError", error_schema)
        schema = make_operation_schema(reference)
        return self._refer(ResolvedComponent.SCHEMA, "APIOperation", schema)
