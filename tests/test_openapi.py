"""The OpenAPI document that drf-spectacular generates with our schema class."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, ClassVar

import pytest
from django.core.validators import RegexValidator
from django.db import models
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework import generics as stock_generics
from rest_framework import viewsets as stock_viewsets
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.schemas.generators import BaseSchemaGenerator
from rest_framework.throttling import UserRateThrottle
from rest_framework.validators import UniqueValidator
from rest_framework.views import APIView

from django_apierrors import generics, pagination, viewsets
from django_apierrors.catalog import CATALOG
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.introspection.possible_errors import get_errors
from django_apierrors.operations import AcceptedAPIView, OperationView
from django_apierrors.semantics import POLLABLE
from tests.bodies import body
from tests.models import Shelf, Thing
from tests.services import require_package
from tests.support import subclass

require_package("drf_spectacular")
require_package("openapi_spec_validator")

from drf_spectacular import openapi  # noqa: E402
from drf_spectacular.drainage import GENERATOR_STATS  # noqa: E402
from drf_spectacular.generators import SchemaGenerator  # noqa: E402
from drf_spectacular.settings import patched_settings  # noqa: E402
from drf_spectacular.types import OpenApiTypes  # noqa: E402
from drf_spectacular.utils import (  # noqa: E402
    OpenApiCallback,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from drf_spectacular.views import SpectacularAPIView  # noqa: E402
from jsonschema import Draft202012Validator  # noqa: E402
from openapi_spec_validator import validate  # noqa: E402

from django_apierrors import openapi as our_openapi  # noqa: E402
from django_apierrors.openapi import AutoSchema, ErrorSchemaMixin  # noqa: E402


def make_handler(**schema: Any) -> Callable[..., Response]:
    """Return a handler method, decorated by `@extend_schema` if arguments are given."""

    def handle(self: Any, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise NotImplementedError

    return extend_schema(**schema)(handle) if schema else handle


class ShelfSerializer(serializers.ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ThingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Thing
        fields = ["key", "name", "size", "shelf"]


class StateSerializer(serializers.Serializer):
    status = serializers.ChoiceField(["new", "old"])
    code = serializers.ChoiceField(["red", "green"])


class Pages(pagination.PageNumberPagination):
    page_size = 2


class Guarded:
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAdminUser]
    throttle_classes = [type("Often", (UserRateThrottle,), {"rate": "1000/day"})]


class ThingViewSet(Guarded, viewsets.ModelViewSet):
    queryset = Thing.objects.order_by("pk")
    serializer_class = ThingSerializer
    pagination_class = Pages

    @action(detail=False)
    def count(self, request: Any) -> Response:
        raise NotImplementedError

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def move(self, request: Any, pk: str) -> Response:
        raise NotImplementedError


class StockThings(stock_generics.ListCreateAPIView):
    queryset = Thing.objects.order_by("pk")
    serializer_class = ThingSerializer


class Plain(APIView):
    serializer_class = StateSerializer
    get = post = delete = make_handler()


class States(Guarded, generics.CreateAPIView):
    serializer_class = StateSerializer
    create = make_handler()


class Import(AcceptedAPIView):
    serializer_class = ThingSerializer


class Empty(AcceptedAPIView):
    """Accepts work without a body."""


@extend_schema(request=OpenApiTypes.ANY, responses=OpenApiTypes.ANY)
@api_view(["GET", "POST"])
def function(request: Any, pk: str) -> Response:
    raise NotImplementedError


router = SimpleRouter()
router.register("things", ThingViewSet)

PATTERNS = [
    path("", include(router.urls)),
    path("stock", StockThings.as_view()),
    path("plain/<int:pk>", Plain.as_view()),
    path("states", States.as_view()),
    path("shelves/<str:shelf>/imports", Import.as_view()),
    path("empties", Empty.as_view()),
    path("operations/<str:handle>", OperationView.as_view(), name="operation-detail"),
    path("functions/<str:pk>", function),
]


def make(*patterns: Any, **spectacular: Any) -> dict[str, Any]:
    """Return the document of the patterns as JSON."""
    with patched_settings(spectacular):
        document = SchemaGenerator(patterns=list(patterns or PATTERNS)).get_schema(public=True)
    result: dict[str, Any] = json.loads(json.dumps(document))
    return result


def resolve(document: Mapping[str, Any], reference: Any) -> Any:
    """Return the target of a reference; return anything else unchanged."""
    while "$ref" in reference:
        names = reference["$ref"].removeprefix("#/").split("/")
        reference = reduce(operator.getitem, names, document)
    return reference


def resolve_error(document: Mapping[str, Any], response: Any) -> Any:
    """Return a response; if it is an error of ours, without references."""
    response = resolve(document, response)
    content = {**response.get("content", {})}
    for media_type, media in content.items():
        if re.search(r"API(Error|Problem)\d", media["schema"].get("$ref", "")):
            schema = resolve(document, media["schema"])
            properties = schema["properties"].items()
            resolved = {name: resolve(document, member) for name, member in properties}
            content[media_type] = {**media, "schema": {**schema, "properties": resolved}}
    return {**response, "content": content} if content else response


def operations(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations by method and path, with their responses resolved."""
    return {
        f"{method.upper()} {url}": {
            **operation,
            "responses": {
                status: resolve_error(document, response)
                for status, response in operation["responses"].items()
            },
        }
        for url, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def responses_of(view: Any, method: str = "GET", **attributes: Any) -> Any:
    """Return the responses of one method of a view with these attributes."""
    document = make(path("here", type("View", (view,), attributes).as_view()))
    return operations(document)[f"{method} /here"]["responses"]


def codes_of(response: Mapping[str, Any]) -> Any:
    """Return the codes that a response may have."""
    schema = response["content"]["application/json"]["schema"]
    return schema["properties"]["code"]["enum"]


def example_of(response: Mapping[str, Any], code: str) -> Any:
    """Return the example body of a code."""
    return response["content"]["application/json"]["examples"][code]["value"]


def required_headers(response: Mapping[str, Any]) -> list[str]:
    """Return the names of the headers that a response must have."""
    headers = response.get("headers", {})
    return sorted(name for name, header in headers.items() if header["required"])


GUARDED = "401 403 415 429 500 503"
EXPECTED = {
    "GET /things/": f"200 400 404 {GUARDED}",
    "POST /things/": f"201 400 413 {GUARDED}",
    "GET /things/{key}/": f"200 400 404 {GUARDED}",
    "PUT /things/{key}/": f"200 400 404 413 {GUARDED}",
    "DELETE /things/{key}/": f"204 400 404 {GUARDED}",
    "GET /things/count/": f"200 {GUARDED}",
    "POST /things/{key}/move/": f"204 400 404 {GUARDED}",
    "GET /stock": "200 401 415 500 503",
    "POST /stock": "201 400 401 403 413 415 500 503",
    "GET /plain/{id}": "200 401 404 415 500 503",
    "POST /plain/{id}": "200 400 401 403 404 413 415 500 503",
    "DELETE /plain/{id}": "204 401 403 404 415 500 503",
    "POST /states": f"201 400 413 {GUARDED}",
    "POST /shelves/{shelf}/imports": "202 400 401 403 404 413 415 500 503",
    "POST /empties": "202 400 401 403 413 415 500 503",
    "GET /operations/{handle}": "200 401 404 410 415 500 503",
    "GET /functions/{id}": "200 400 401 404 415 500 503",
    "POST /functions/{id}": "200 400 401 403 404 413 415 500 503",
}


def test_each_operation_has_its_possible_statuses_without_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_name = operations(make())
    statuses = {name: set(item["responses"]) for name, item in by_name.items()}
    assert statuses == {name: set(expected.split()) for name, expected in EXPECTED.items()}
    assert capsys.readouterr().err == ""
    assert codes_of(by_name["POST /stock"]["responses"]["400"]) == [
        *("MISSING_RESOURCE", "INVALID_CONTENT", "INVALID_ID", "INVALID_STATE", "ALREADY_EXISTS"),
    ]
    assert codes_of(by_name["POST /things/{key}/move/"]["responses"]["400"]) == ["INVALID_ID"]


ERROR_SCHEMAS = [
    "400InvalidContent",
    "400InvalidContentInvalidId",
    "400InvalidId",
    "400MissingResourceInvalidContentInvalidIdAlreadyExists",
    "400MissingResourceInvalidContentInvalidIdInvalidStateAlreadyExists",
    "401Unauthenticated",
    "403AccessForbidden",
    "403AccessForbiddenMethodForbidden",
    "404MissingResource",
    "410Gone",
    "413ContentTooLarge",
    "415UnsupportedMediaType",
    "429Throttled",
    "500InternalError",
    "503ServiceUnavailable",
]
# The responses whose examples have the messages of their codes.
RESPONSES = {
    *("InvalidContent", "InvalidContentInvalidId", "InvalidId"),
    *(name[3:] for name in ERROR_SCHEMAS if name[:3] != "400"),
}


@pytest.mark.parametrize(("version", "times"), [("3.0.3", 1), ("3.1.0", 20), ("3.2.0", 1)])
def test_the_document_is_valid_and_has_a_component_for_each_set_of_codes(
    version: str, times: int
) -> None:
    patterns = [path(f"{number}/", include(PATTERNS)) for number in range(times)]
    document = make(*patterns, OAS_VERSION=version)
    validate(document)
    components = document["components"]
    project = {"Thing", "State", "StatusEnum", "CodeEnum", "PaginatedThingList"}
    schemas = set(components["schemas"]) - project
    codes = {f"APIError{name}{kind}" for name in ERROR_SCHEMAS for kind in ("", "Code")}
    assert schemas == codes | {"APIError", "APIErrorExtra", "APIOperation"}
    assert set(components["responses"]) == RESPONSES
    assert set(components) == {"responses", "schemas", "securitySchemes"}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_each_error_response_is_one_object_whose_code_is_one_enum(version: str) -> None:
    document = make(OAS_VERSION=version)
    for operation in operations(document).values():
        for status, response in operation["responses"].items():
            if status >= "400":
                schema = response["content"]["application/json"]["schema"]
                assert schema["type"] == "object"
                assert not {"allOf", "oneOf", "anyOf"} & schema.keys()
                assert {"type", "enum"} <= schema["properties"]["code"].keys()


@pytest.mark.parametrize(
    ("code_format", "codes"),
    [
        ("legacy", [["TOKEN_NOT_VALID"], [33619968]]),
        ("name", ["UNAUTHENTICATED", "TOKEN_NOT_VALID"]),
        ("number", [["TOKEN_NOT_VALID"], [33619968]]),
    ],
)
def test_the_code_format_decides_the_types_of_the_codes(
    settings: Any, code_format: str, codes: Any
) -> None:
    token = make_exception(401, "The token has expired.", "TOKEN_NOT_VALID")
    settings.API_ERRORS = {"CODE_FORMAT": code_format}
    response = responses_of(Plain, possible_errors=[token, NotAuthenticated])["401"]
    code = response["content"]["application/json"]["schema"]["properties"]["code"]
    assert code.get("enum") or [option["enum"] for option in code["anyOf"]] == codes
    assert code.get("enum", codes) == codes
    document = make(
        path("operations/<str:handle>", OperationView.as_view(), name="operation-detail")
    )
    code = document["components"]["schemas"]["APIError"]["properties"]["code"]
    assert ("oneOf" in code) is (code_format != "name")


def test_the_schema_has_the_facts_of_the_catalogue_about_a_code(settings: Any) -> None:
    old = {"status": 409, "deprecated": True, "replaced_by": "NEW", "since": "2", "number": 41003}
    settings.API_ERRORS = {"CODES": {"OLD": old, "NEW": {"status": 409, "retry": "later"}}}
    response = responses_of(Plain, possible_errors=["OLD", "NEW"])["409"]
    code = response["content"]["application/json"]["schema"]["properties"]["code"]
    assert code["enum"] == code["x-enum-varnames"] == ["NEW", "OLD"]
    assert code["x-error-codes"] == {
        "NEW": {"retry": "later"},
        "OLD": {
            "retry": "after change",
            "number": 41003,
            "since": "2",
            "deprecated": True,
            "replaced_by": "NEW",
        },
    }


def test_a_code_that_is_a_number_has_a_name_for_generators() -> None:
    exception = make_exception(409, "Full.", 41003)
    response = responses_of(Plain, possible_errors=[exception])["409"]
    code = response["content"]["application/json"]["schema"]["properties"]["code"]
    assert (code["enum"], code["x-enum-varnames"]) == ([41003], ["CODE_41003"])


def test_every_example_is_valid_for_its_schema_and_other_bodies_are_not() -> None:
    document = make()
    names = set()
    for operation in operations(document).values():
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            content = response["content"]["application/json"]
            validator = Draft202012Validator({**content["schema"], **document})
            for name, example in content["examples"].items():
                validator.validate(example["value"])
                assert example["value"]["status"] == int(status)
                names.add(name)
                changes: list[Any] = [
                    {"code": "NO"},
                    {"status": 99},
                    {"errors": []},
                    {"errors": [""]},
                ]
                assert not any(validator.is_valid({**example["value"], **it}) for it in changes)
            assert len(content["examples"]) == len(codes_of(response))
    assert names == set(CATALOG) - {"METHOD_NOT_ALLOWED", "GATEWAY_TIMEOUT"}


def test_the_document_follows_the_settings(settings: Any) -> None:
    settings.API_ERRORS = {
        "CODE_FORMAT": "number",
        "DETAILS": True,
        "PROBLEM_JSON": True,
        "CODES": {
            "ALREADY_EXISTS": {"status": 409},
            "ODD": {"status": 499, "description": "Odd."},
        },
    }
    view = type("View", (StockThings,), {"possible_errors": ["ODD"]})
    document = make(path("here", view.as_view()))
    validate(document)
    schema = document["components"]["schemas"]["APIError400HereCreate"]
    assert "details" in schema["required"]
    assert ("extra" in schema["properties"], "extra" in schema["required"]) == (True, False)
    responses = operations(document)["POST /here"]["responses"]
    assert codes_of(responses["401"]) == [CATALOG["UNAUTHENTICATED"].number]
    assert example_of(responses["409"], "ALREADY_EXISTS")["status"] == 409
    assert "ALREADY_EXISTS" not in responses["400"]["content"]["application/json"]["examples"]
    assert responses["499"]["description"] == "HTTP 499.\n\n- `ODD`: Odd."
    assert example_of(responses["400"], "INVALID_CONTENT")["details"] == [
        {
            "field": "name",
            "code": "required",
            "message": "This field is required.",
            "in": "body",
            "pointer": "/name",
        }
    ]
    media = responses["400"]["content"]["application/problem+json"]
    problem = media["examples"]["INVALID_CONTENT"]["value"]
    assert problem["type"] == "about:blank"
    validator = Draft202012Validator({**media["schema"], **document})
    assert validator.is_valid(problem)
    assert not validator.is_valid({**problem, "title": None})
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/here"]}
    assert set(responses_of(Plain)) == {"200"}


def make_exception(status: int, detail: str, code: Any) -> type[APIException]:
    """Return an exception class of a project."""
    attributes = {"status_code": status, "default_detail": detail, "default_code": code}
    return type("ShopError", (APIException,), attributes)


OutOfStock = make_exception(409, "Out of stock.", "out_of_stock")


class Selling(Plain):
    possible_errors = [
        OutOfStock,
        make_exception(404, "Lost.", "missing_resource"),
        make_exception(410, "Gone.", "missing_resource"),
        *("METHOD_NOT_ALLOWED", "GATEWAY_TIMEOUT"),
    ]


def test_the_errors_that_a_view_names_have_their_own_responses() -> None:
    document = make(path("here", Selling.as_view()), path("things/<int:pk>", Plain.as_view()))
    responses = operations(document)["GET /here"]["responses"]
    example = example_of(responses["409"], "OUT_OF_STOCK")
    assert example == body("OUT_OF_STOCK", "Out of stock.", status=409)
    assert codes_of(responses["504"]) == ["GATEWAY_TIMEOUT"]
    # The message or the status of these examples is not that of the shared response.
    assert example_of(responses["404"], "MISSING_RESOURCE")["errors"] == ["Lost."]
    assert example_of(responses["410"], "MISSING_RESOURCE")["status"] == 410
    shared = document["paths"]["/things/{id}"]["get"]["responses"]["404"]
    assert shared == {"$ref": "#/components/responses/MissingResource"}


def test_the_headers_of_a_status_are_required() -> None:
    headers = {
        (name, status): required_headers(response)
        for name, operation in operations(make()).items()
        for status, response in operation["responses"].items()
        if "headers" in response
    }
    assert {status: names for (_, status), names in headers.items()} == {
        "200": [],
        "201": ["Location"],
        "202": ["Content-Location", "Location", "Retry-After"],
        "401": ["WWW-Authenticate"],
        "429": ["Retry-After"],
        "503": ["Retry-After"],
    }
    assert [name for name, status in headers if status == "200"] == ["GET /operations/{handle}"]
    # The Location of DRF's own views is not certain, and a list does not have one.
    assert ("POST /stock", "201") not in headers
    many = make_handler(request=ThingSerializer(many=True), responses=ThingSerializer(many=True))
    assert required_headers(responses_of(generics.CreateAPIView, "POST", post=many)["201"]) == []
    responses = responses_of(Selling)
    assert required_headers(responses["405"]) == ["Allow"]
    assert required_headers(responses["504"]) == ["Retry-After"]
    names = our_openapi.STATUS_HEADERS
    assert set().union(*names.values()) == set(our_openapi.HEADER_SCHEMAS)
    descriptions = [requirement.description for requirement in POLLABLE]
    assert descriptions == [f"a {name} header" for name in names[202]]


def test_accepted_work_has_the_operation_as_its_body() -> None:
    document = make()
    reference = {"$ref": "#/components/schemas/APIOperation"}
    for name, status in [
        ("POST /shelves/{shelf}/imports", "202"),
        ("GET /operations/{handle}", "200"),
    ]:
        content = operations(document)[name]["responses"][status]["content"]
        assert content == {"application/json": {"schema": reference}}
    operation = {
        "id": "x",
        "href": "http://testserver/operations/x",
        "status": "failed",
        "createdAt": "2026-01-01T00:00:00Z",
        "error": body("INTERNAL_ERROR"),
    }
    validator = Draft202012Validator({**reference, **document})
    assert validator.is_valid(operation)
    assert not validator.is_valid({**operation, "status": "done"})
    assert not validator.is_valid({**operation, "error": {}})


@pytest.mark.parametrize("partial_put", [True, False])
def test_a_partial_put_has_no_required_field(partial_put: bool) -> None:
    view = generics.UpdateAPIView.as_view(
        queryset=Shelf.objects.all(), serializer_class=ShelfSerializer, partial_put=partial_put
    )
    document = make(path("here", view))
    content = document["paths"]["/here"]["put"]["requestBody"]
    schema = resolve(document, content["content"]["application/json"]["schema"])
    assert content.get("required", False) is not partial_put
    assert schema.get("required") == (None if partial_put else ["id", "name"])


class Extended(Plain):
    get = make_handler(
        responses={
            200: ShelfSerializer,
            "404": OpenApiResponse(description="Never there."),
            (415, "text/plain"): OpenApiTypes.STR,
            "5XX": StateSerializer,
        }
    )
    post = make_handler(request=StateSerializer, responses={409: StateSerializer})
    put = make_handler(responses=ShelfSerializer)
    patch = make_handler(exclude=True)
    delete = make_handler(responses={"default": StateSerializer})


def test_given_responses_are_kept_and_others_are_added() -> None:
    by_name = operations(make(path("here", Extended.as_view())))
    statuses = {name: " ".join(sorted(item["responses"])) for name, item in by_name.items()}
    assert statuses == {
        "GET /here": "200 401 404 415 5XX",
        "POST /here": "400 401 403 409 413 415 500 503",
        "PUT /here": "200 400 401 403 413 415 500 503",
        "DELETE /here": "401 403 415 500 503 default",
    }
    responses = by_name["GET /here"]["responses"]
    assert responses["404"] == {"description": "Never there."}
    assert list(responses["415"]["content"]) == ["text/plain"]


def test_a_given_serializer_is_the_body_of_the_success_status_of_the_view() -> None:
    responses = responses_of(AcceptedAPIView, "POST", post=make_handler(responses=ShelfSerializer))
    assert [status for status in responses if status < "400"] == ["202"]
    schema = responses["202"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Shelf"}
    assert required_headers(responses["202"]) == sorted(our_openapi.STATUS_HEADERS[202])


class Renaming(ThingViewSet):
    @action(detail=True, methods=["patch"])
    def rename(self, request: Any, pk: str) -> Response:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("attributes", "is_documented"), [({}, True), ({"http_method_names": ["get", "put"]}, False)]
)
def test_an_action_for_patch_is_documented_if_the_view_enables_it(
    attributes: Any, is_documented: bool
) -> None:
    router = SimpleRouter()
    router.register("things", type("Things", (Renaming,), attributes))

    documented = operations(make(*router.urls))

    # `partial_update()` stays disabled.
    expected = ["PATCH /things/{key}/rename/"] if is_documented else []
    assert [name for name in documented if name.startswith("PATCH")] == expected


@pytest.mark.parametrize("given", [ThingSerializer, OpenApiRequest(ThingSerializer)])
def test_the_errors_of_a_body_given_by_media_type_are_inferred(given: Any) -> None:
    post = make_handler(request={"application/json": given}, responses={204: None})
    assert "ALREADY_EXISTS" in codes_of(responses_of(Plain, "POST", post=post)["400"])


# The descriptions, bodies, successes and warnings that drf-spectacular alone makes of a project's
# views do not change.

STOCK = (stock_viewsets.ModelViewSet, stock_generics.CreateAPIView)
OURS = (viewsets.ModelViewSet, generics.CreateAPIView)


def make_views(viewset: Any, create_view: Any) -> list[Any]:
    """Return the URL patterns of a project's views."""

    class Shared:
        serializer_class = ThingSerializer
        http_method_names = ["get", "post", "put", "delete"]

    class Documented(Shared, viewset):
        """Things of the project."""

        queryset = Thing.objects.order_by("pk")
        pagination_class = Pages

        def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
            """Return a thing."""
            raise NotImplementedError

        @action(detail=True, methods=["delete"])
        def contents(self, request: Any, pk: str) -> Response:
            raise NotImplementedError

        @extend_schema(responses=StateSerializer(many=True))
        @action(detail=False, pagination_class=None)
        def states(self, request: Any) -> Response:
            raise NotImplementedError

    class Undocumented(Shared, create_view):
        pass

    class Unguessable(APIView):
        get = post = delete = make_handler()

    class Given(Unguessable):
        get = post = delete = make_handler(
            request=None, responses={200: StateSerializer, 409: StateSerializer}
        )

    router = SimpleRouter()
    router.register("things", Documented)
    views = {"new": Undocumented, "unguessable": Unguessable, "given": Given}
    return [*router.urls, *(path(name, view.as_view()) for name, view in views.items())]


class OwnAutoSchema(openapi.AutoSchema):
    """The schema class of a project."""

    def get_tags(self) -> list[str]:
        return ["shop"]


class OwnErrorSchema(ErrorSchemaMixin, OwnAutoSchema):
    """The same with errors."""


def strip(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations of a document without the errors and the headers that we add."""
    stripped = operations(document)
    for operation in stripped.values():
        operation["responses"] = {
            status: {name: value for name, value in response.items() if name != "headers"}
            for status, response in operation["responses"].items()
            if status < "400" or status == "409"
        }
    return stripped


@pytest.mark.parametrize(
    ("bases", "alone", "with_errors"),
    [
        (STOCK, openapi.AutoSchema, AutoSchema),
        (OURS, openapi.AutoSchema, AutoSchema),
        (STOCK, OwnAutoSchema, OwnErrorSchema),
    ],
)
def test_only_errors_change(
    settings: Any,
    capsys: pytest.CaptureFixture[str],
    bases: tuple[Any, Any],
    alone: type[Any],
    with_errors: type[Any],
) -> None:
    # @extend_schema reads the setting.
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": alone}
    document = make(*make_views(*STOCK))
    warnings = capsys.readouterr().err
    assert "unable to guess serializer" in warnings
    GENERATOR_STATS.reset()
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": with_errors}
    document_with_errors = make(*make_views(*bases))
    assert strip(document_with_errors) == strip(document)
    assert capsys.readouterr().err == warnings
    schemas = document_with_errors["components"]["schemas"]
    schemas = {name: schema for name, schema in schemas.items() if not name.startswith("APIError")}
    assert schemas == document["components"]["schemas"]
    assert {"500", "503"} <= operations(document_with_errors)["DELETE /things/{key}/contents/"][
        "responses"
    ].keys()


class NeedsUser(serializers.PrimaryKeyRelatedField):
    def get_queryset(self) -> Any:
        return self.context["request"].user.shelves


@extend_schema_field(str)
class Unmessaged(serializers.RelatedField):
    default_error_messages = {"nowhere": "No."}


# Fields that work in drf-spectacular, but whose errors need a user or a message that is missing.
MESSAGES = {"does_not_exist": "No {model}.", "incorrect_type": "{0} {", "required": ""}
AWKWARD: dict[str, tuple[Any, list[str]]] = {
    "needs a user": (NeedsUser(), ["MISSING_RESOURCE", "INVALID_CONTENT", "INVALID_ID"]),
    "no messages": (Unmessaged(queryset=Shelf.objects.all()), ["INVALID_CONTENT"]),
    "other placeholders": (
        serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all(), error_messages=MESSAGES),
        ["MISSING_RESOURCE", "INVALID_CONTENT", "INVALID_ID"],
    ),
}


class Awkward(stock_generics.ListCreateAPIView):
    def get_queryset(self) -> Any:
        return self.request.user.shelves

    @property
    def filter_backends(self) -> Any:  # type: ignore[override]
        return {"admin": []}[str(self.request)]


@pytest.mark.parametrize(("field", "codes"), AWKWARD.values(), ids=AWKWARD)
def test_a_field_or_a_filter_that_needs_a_request_does_not_break_the_schema(
    settings: Any, field: Any, codes: list[str]
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    serializer = type("AwkwardSerializer", (serializers.Serializer,), {"shelf": field})
    attributes = {"serializer_class": serializer, "http_method_names": ["post"]}
    responses = responses_of(Awkward, "POST", **attributes)
    assert codes_of(responses["400"]) == codes
    # drf-spectacular reads the filters of a list itself.
    endpoint = Endpoint(BaseSchemaGenerator().create_view(Awkward.as_view(), "GET"), "GET")
    assert {error.status for error in get_errors(endpoint)} == {401, 415, 500, 503}


class Tree(serializers.Serializer[Any]):
    """Contains itself twice, so that the number of its fields has no end."""

    made = 0

    def get_fields(self) -> dict[str, Any]:
        Tree.made += 1
        if Tree.made > 100:
            pytest.fail("The fields have no end.")
        fields = {"name": serializers.CharField()}
        return {**fields, **{side: Tree(required=False) for side in ("left", "right")}}


class Limited(serializers.Serializer[Any]):
    """Cannot be made without an argument, which the view reads from the request."""

    def __init__(self, *args: Any, limit: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class LimitedView(stock_generics.CreateAPIView):
    serializer_class = Limited

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return Limited(*args, limit=self.request.query_params["limit"], **kwargs)


@pytest.mark.parametrize("view", [stock_generics.CreateAPIView, LimitedView])
def test_a_serializer_that_contains_itself_or_needs_a_request_does_not_break_the_schema(
    settings: Any, view: Any
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    attributes = {} if view is LimitedView else {"serializer_class": Tree}
    responses = responses_of(view, "POST", **attributes)
    assert codes_of(responses["400"]) == ["INVALID_CONTENT"]


def test_get_errors_can_be_overridden() -> None:
    class ClientErrors(AutoSchema):
        def get_errors(self) -> Any:
            return [error for error in super().get_errors() if error.status < 500]

    assert set(responses_of(Plain, schema=ClientErrors())) == {"200", "401", "415"}


def test_a_callback_has_only_its_given_responses() -> None:
    notification = extend_schema(request=ShelfSerializer, responses={200: None})
    done = OpenApiCallback("done", "{$request.body#/url}", notification)
    calling = type("View", (Plain,), {"post": make_handler(responses={}, callbacks=[done])})
    document = make(path("here", calling.as_view()))
    callbacks = document["paths"]["/here"]["post"]["callbacks"]["done"]
    assert set(callbacks["{$request.body#/url}"]["post"]["responses"]) == {"200"}


# The examples, compared with real responses.

OPEN: dict[str, Any] = {"authentication_classes": [BasicAuthentication], "permission_classes": ()}
SHELVES = {"queryset": Shelf.objects.order_by("pk"), "serializer_class": ShelfSerializer}


@pytest.fixture
def client(settings: Any, set_urls: Any, db: None) -> Client:
    """Return a client of real views and of their document."""
    set_urls(
        path("shelves", generics.ListCreateAPIView.as_view(**OPEN, **SHELVES)),
        path("unhandled", Plain.as_view(**OPEN)),
        path("schema", SpectacularAPIView.as_view(**OPEN)),
        path("errors/<str:code>", Plain.as_view(), name="error"),
    )
    settings.API_ERRORS = {"MORE_INFO": "error"}
    return Client(raise_request_exception=False, headers={"Host": "testserver"})


@pytest.mark.parametrize(
    ("method", "content", "headers", "code"),
    [
        ("GET", "", {"Accept": "a/b"}, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "{}", {}, "INVALID_CONTENT"),
        ("POST", '{"name": "low"}', {}, "ALREADY_EXISTS"),
    ],
)
def test_the_example_of_a_code_is_the_body_that_the_server_sends(
    client: Client, method: str, content: str, headers: dict[str, str], code: str
) -> None:
    Shelf.objects.create(name="low")
    response = client.generic(method, "/shelves", content, "application/json", headers=headers)
    document = client.get("/schema?format=json").json()
    responses = operations(document)[f"{method} /shelves"]["responses"]
    sent = response.json()
    # The document cannot contain the format that the client requested.
    sent["errors"] = [message.partition(" You asked for")[0] for message in sent["errors"]]
    assert example_of(responses[str(response.status_code)], code) == sent


class LineSerializer(serializers.Serializer):
    sku = serializers.CharField(max_length=3)
    shelf = serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all())


class OrderSerializer(serializers.Serializer):
    shelves = serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all(), many=True)
    lines = LineSerializer(many=True, allow_empty=False)
    colour = serializers.ChoiceField(["red"])
    size = serializers.IntegerField(min_value=1)
    name = serializers.CharField(validators=[UniqueValidator(Shelf.objects.all())])
    day = serializers.DateField(validators=[RegexValidator("x", code="off_day")])


BODIES: list[tuple[Any, set[str]]] = [
    ({}, {"required"}),
    ([], {"invalid"}),
    ("{", {"parse_error"}),
    (
        {
            "shelves": "x",
            "lines": [{"sku": "long", "shelf": 99}, {"sku": "", "shelf": []}, {"sku": None}],
            "colour": "blue",
            "size": 0,
            "name": "low",
            "day": "2026-01-01",
        },
        {
            *("blank", "does_not_exist", "incorrect_type", "invalid_choice", "max_length"),
            *("min_value", "not_a_list", "null", "off_day", "required", "unique"),
        },
    ),
    ({"lines": [], "shelves": ["?"], "name": "\0"}, {"empty", "null_characters_not_allowed"}),
]


@pytest.mark.parametrize(("sent", "codes"), BODIES)
def test_details_have_an_enum_of_the_codes_of_the_fields(
    settings: Any, set_urls: Any, db: None, sent: Any, codes: set[str]
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    view = generics.CreateAPIView.as_view(serializer_class=OrderSerializer, **OPEN)
    set_urls(path("orders", view), path("schema", SpectacularAPIView.as_view(**OPEN)))
    Shelf.objects.create(name="low")
    client = Client(headers={"Host": "testserver"})
    response = client.post("/orders", sent, "application/json")
    document = client.get("/schema?format=json").json()
    name = "APIError400OrdersCreate"
    assert resolve_error(document, operations(document)["POST /orders"]["responses"]["400"])
    schema = document["components"]["schemas"][name]
    Draft202012Validator({**schema, **document}).validate(response.json())
    allowed = get_detail_enum(document, name)
    assert codes <= {detail["code"] for detail in response.json()["details"]} <= allowed
    assert "out_of_stock" not in allowed


@pytest.mark.parametrize("code", ["OUT_OF_STOCK", "out.of.stock", "out-of-stock"])
def test_the_enum_has_one_spelling_of_a_code(settings: Any, code: str) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    error = make_exception(409, "Out of stock.", code)
    document = make(path("here", subclass(Plain, possible_errors=[error]).as_view()))
    # openapi-python-client fails if two values of an enum have the same name in Python.
    schemas = document["components"]["schemas"]
    assert schemas["APIError409HereRetrieveDetailCode"]["enum"] == sorted([code, "invalid"])


def get_detail_enum(document: Any, name: str) -> set[str]:
    """Return the known codes of the messages in a body; other codes are valid too."""
    schemas = document["components"]["schemas"]
    properties = schemas[name]["properties"]["details"]["items"]["properties"]
    reference, other = properties["code"]["anyOf"]
    assert reference == {"$ref": f"#/components/schemas/{name}DetailCode"}
    assert other == {"type": "string", "minLength": 1}
    assert properties["extra"] == {"$ref": "#/components/schemas/APIErrorExtra"}
    return set(schemas[f"{name}DetailCode"]["enum"])


def test_a_partial_update_has_the_codes_of_its_fields(settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    view = generics.UpdateAPIView.as_view(
        queryset=Thing.objects.all(), serializer_class=SizeSerializer, partial_put=True
    )
    document = make(path("here", view), path("bare", Plain.as_view()))
    assert "min_value" in get_detail_enum(document, "APIError400HereUpdate")


class Cup(models.Model):  # noqa: DJ008
    """A model whose constraints have codes."""

    size = models.IntegerField()

    class Meta:
        app_label = "unmigrated"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["size"], name="one", violation_error_code="one_of_a_size"
            ),
            models.CheckConstraint(
                condition=models.Q(size__gt=0), name="low", violation_error_code="too_low"
            ),
        ]


class Uncoded:
    """A validator whose code is not set."""

    code = None

    def __call__(self, value: Any) -> None: ...


class OwnField(serializers.IntegerField):
    default_error_messages: ClassVar[dict[str, str]] = {"odd": "Odd."}


class DeclaringSerializer(serializers.ModelSerializer):
    """A serializer that declares the code of its validate() as a field does."""

    default_error_messages: ClassVar[dict[str, str]] = {"closed": "Too late."}
    sizes = serializers.ListField(child=OwnField(validators=[Uncoded()]))

    class Meta:
        model = Cup
        fields: ClassVar[list[str]] = ["size", "sizes"]


def test_the_codes_of_a_project_are_in_the_enum_if_they_are_declared(settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    view = generics.CreateAPIView.as_view(serializer_class=DeclaringSerializer)
    codes = get_detail_enum(make(path("here", view)), "APIError400HereCreate")
    assert codes >= {"odd", "closed", "one_of_a_size", "too_low"}
    assert "None" not in codes


class SizeSerializer(serializers.Serializer):
    size = serializers.IntegerField(min_value=1)


def test_possible_errors_add_their_codes_to_the_enum(settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    full = exceptions.ValidationError({"name": ["Full."]}, "full")
    view = type("View", (Plain,), {"possible_errors": [full, OutOfStock]})
    codes = get_detail_enum(make(path("here", view.as_view())), "APIError400HereCreate")
    assert "full" in codes
    assert "out_of_stock" not in codes


GENERIC: list[Exception] = [
    exceptions.AuthenticationFailed("No."),
    exceptions.PermissionDenied("No."),
    exceptions.NotFound("No."),
    exceptions.ParseError("No."),
    exceptions.NotAcceptable("No."),
    exceptions.UnsupportedMediaType("a/b", "No."),
    exceptions.Throttled(detail="No."),
    exceptions.APIException("No."),
    ValueError("No."),
]


@pytest.mark.parametrize("exception", GENERIC, ids=repr)
def test_the_details_of_an_exception_with_a_message_are_those_of_the_schema(
    settings: Any, set_urls: Any, exception: Exception
) -> None:
    def raise_it(*args: Any) -> None:
        raise exception

    settings.API_ERRORS = {"DETAILS": True}
    names = ["INVALID_CONTENT", "MISSING_RESOURCE", "ACCESS_FORBIDDEN", "THROTTLED"]
    view = type("View", (Plain,), {"get": raise_it, "possible_errors": names})
    set_urls(path("here", view.as_view()))
    response = Client(raise_request_exception=False).get("/here")
    document = make(path("here", view.as_view()))
    responses = operations(document)["GET /here"]["responses"]
    schema = responses[str(response.status_code)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, **document}).validate(response.json())


@pytest.mark.parametrize("detail", ["Late.", {"day": ["Late."]}])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_example_of_a_declared_error_has_the_place_of_its_message(
    settings: Any, set_urls: Any, method: str, detail: Any
) -> None:
    def raise_late(*args: Any) -> None:
        raise late

    settings.API_ERRORS = {"DETAILS": True}
    late = exceptions.ValidationError(detail, "late")
    attributes = {"possible_errors": [late], method.lower(): raise_late}
    route = path("here", type("View", (Plain,), attributes).as_view())
    set_urls(route, path("schema", SpectacularAPIView.as_view()))
    client = Client(headers={"Host": "testserver"})
    sent = client.generic(method, "/here", "{}", "application/json").json()
    # A command makes a schema without a request.
    for document in (client.get("/schema?format=json").json(), make(route)):
        responses = operations(document)[f"{method} /here"]["responses"]
        assert example_of(responses["400"], "INVALID_CONTENT") == sent


def test_the_example_of_a_parameter_has_the_name_that_clients_send(
    settings: Any, set_urls: Any
) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.spell"}
    pages = type("Pages", (Pages,), {"page_query_param": "page_no"})
    route = path("here", generics.ListAPIView.as_view(**SHELVES, pagination_class=pages))
    set_urls(route, path("schema", SpectacularAPIView.as_view()))
    client = Client(headers={"Host": "testserver"})
    for document in (client.get("/schema?format=json").json(), make(route)):
        responses = operations(document)["GET /here"]["responses"]
        [message] = example_of(responses["400"], "INVALID_CONTENT")["errors"]
        assert message == "PAGE_NO: A whole number of at least 1 is required."


def spell(name: str) -> str:
    """Return the name of a field as clients send it."""
    return name.upper()


def test_the_example_of_an_unhandled_exception_has_another_reference(client: Client) -> None:
    sent = client.get("/unhandled").json()
    document = client.get("/schema?format=json").json()
    message, _, reference = sent["errors"][0].rpartition(" ")
    example = example_of(document["components"]["responses"]["InternalError"], "INTERNAL_ERROR")
    assert example == {**sent, "errors": [f"{message} 0123456789ab."]}
    assert len(reference) == len("0123456789ab.")


def test_a_document_without_a_request_has_links_without_a_host(client: Client) -> None:
    response = make(path("unhandled", Plain.as_view()))["components"]["responses"]["InternalError"]
    assert example_of(response, "INTERNAL_ERROR")["moreInfo"] == "/errors/INTERNAL_ERROR"
