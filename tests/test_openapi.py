"""The OpenAPI document that drf-spectacular generates with our schema class."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from functools import reduce
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework import generics as stock_generics
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from django_apierrors import generics, pagination, viewsets
from django_apierrors.catalog import CATALOG
from django_apierrors.operations import AcceptedAPIView, OperationView
from django_apierrors.semantics import POLLABLE
from tests.models import Shelf, Thing
from tests.services import require_package

require_package("drf_spectacular")
require_package("openapi_spec_validator")

from drf_spectacular.generators import SchemaGenerator  # noqa: E402
from drf_spectacular.settings import patched_settings  # noqa: E402
from drf_spectacular.types import OpenApiTypes  # noqa: E402
from drf_spectacular.utils import (  # noqa: E402
    OpenApiCallback,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema,
)
from drf_spectacular.views import SpectacularAPIView  # noqa: E402
from jsonschema import Draft202012Validator  # noqa: E402
from openapi_spec_validator import validate  # noqa: E402

from django_apierrors.openapi import HEADER_SCHEMAS, SHARED, STATUS_HEADERS, AutoSchema  # noqa: E402


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


class Often(UserRateThrottle):
    rate = "1000/day"


class Guarded:
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAdminUser]
    throttle_classes = [Often]


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
    def get(self, request: Any, **kwargs: Any) -> Response:
        raise NotImplementedError

    post = delete = get


class States(Guarded, generics.CreateAPIView):
    serializer_class = StateSerializer

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise NotImplementedError


class Import(AcceptedAPIView):
    serializer_class = ThingSerializer


class Empty(AcceptedAPIView):
    """Accepts work without a body."""


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


def operations(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations by method and path, with their responses resolved."""
    return {
        f"{method.upper()} {url}": {
            **operation,
            "responses": {
                status: resolve(document, response)
                for status, response in operation["responses"].items()
            },
        }
        for url, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def responses_of(view: Any, method: str = "GET") -> dict[str, Any]:
    """Return the responses of one method of one view."""
    callback = view.as_view() if isinstance(view, type) else view
    responses: dict[str, Any] = operations(make(path("here", callback)))[f"{method} /here"][
        "responses"
    ]
    return responses


def codes_of(response: Mapping[str, Any]) -> Any:
    """Return the codes that a response may have."""
    schema = response["content"]["application/json"]["schema"]
    return schema["allOf"][1]["properties"]["code"]["enum"]


def example_of(response: Mapping[str, Any], code: str) -> Any:
    """Return the example body of a code."""
    return response["content"]["application/json"]["examples"][code]["value"]


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
    document = make()
    statuses = {name: set(item["responses"]) for name, item in operations(document).items()}
    assert statuses == {name: set(expected.split()) for name, expected in EXPECTED.items()}
    assert capsys.readouterr().err == ""
    assert codes_of(operations(document)["POST /stock"]["responses"]["400"]) == [
        *("INVALID_CONTENT", "INVALID_ID", "MISSING_RESOURCE", "ALREADY_EXISTS", "INVALID_STATE"),
    ]
    assert codes_of(operations(document)["POST /things/{key}/move/"]["responses"]["400"]) == [
        "INVALID_ID"
    ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_the_document_is_valid(version: str) -> None:
    document = make(OAS_VERSION=version)
    assert document["openapi"] == version
    validate(document)


@pytest.mark.parametrize("times", [1, 20])
def test_ten_components_are_added_at_most_whatever_the_number_of_views(times: int) -> None:
    patterns = [path(f"{number}/", include(PATTERNS)) for number in range(times)]
    components = make(*patterns)["components"]
    assert set(components["responses"]) == set(SHARED.values())
    own = {"Thing", "State", "StatusEnum", "CodeEnum", "PaginatedThingList"}
    assert set(components["schemas"]) == own | {"APIError", "APIOperation"}
    assert set(components) == {"responses", "schemas", "securitySchemes"}


def test_every_example_is_valid_for_its_schema() -> None:
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
            assert len(content["examples"]) == len(codes_of(response))
    assert names == set(CATALOG) - {"METHOD_NOT_ALLOWED", "GATEWAY_TIMEOUT"}


def test_a_body_with_another_code_or_a_wrong_value_is_not_valid() -> None:
    document = make()
    response = operations(document)["GET /things/{key}/"]["responses"]["404"]
    schema = response["content"]["application/json"]["schema"]
    body = example_of(response, "MISSING_RESOURCE")
    validator = Draft202012Validator({**schema, **document})
    assert validator.is_valid(body)
    for change in ({"code": "GONE"}, {"status": 410}, {"errors": []}, {"errors": [""]}):
        assert not validator.is_valid({**body, **change})


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
    schema = document["components"]["schemas"]["APIError"]
    assert "details" in schema["required"]
    assert ("extra" in schema["properties"], "extra" in schema["required"]) == (True, False)
    responses = operations(document)["POST /here"]["responses"]
    assert codes_of(responses["401"]) == [CATALOG["UNAUTHENTICATED"].number]
    assert example_of(responses["409"], "ALREADY_EXISTS")["status"] == 409
    assert "ALREADY_EXISTS" not in responses["400"]["content"]["application/json"]["examples"]
    assert responses["499"]["description"] == "HTTP 499.\n\n- `ODD`: Odd."
    assert example_of(responses["400"], "INVALID_CONTENT")["details"] == [
        {"field": "name", "code": "required", "message": "This field is required."}
    ]
    media = responses["400"]["content"]["application/problem+json"]
    problem = media["examples"]["INVALID_CONTENT"]["value"]
    assert problem["type"] == "about:blank"
    validator = Draft202012Validator({**media["schema"], **document})
    assert validator.is_valid(problem)
    assert not validator.is_valid({**problem, "title": None})


class OutOfStock(APIException):
    status_code = 409
    default_detail = "Out of stock."
    default_code = "out_of_stock"


class Lost(APIException):
    status_code = 404
    default_detail = "Lost."
    default_code = "missing_resource"


class LostElsewhere(APIException):
    status_code = 410
    default_code = "missing_resource"


class Selling(Plain):
    possible_errors = [OutOfStock, Lost, LostElsewhere, "METHOD_NOT_ALLOWED", "GATEWAY_TIMEOUT"]


def test_the_errors_that_a_view_names_have_their_own_responses() -> None:
    document = make(path("here", Selling.as_view()), path("things/<int:pk>", Plain.as_view()))
    responses = document["paths"]["/here"]["get"]["responses"]
    assert example_of(responses["409"], "OUT_OF_STOCK") == {
        "status": 409,
        "errors": ["Out of stock."],
        "code": "OUT_OF_STOCK",
        "moreInfo": "",
    }
    assert codes_of(responses["504"]) == ["GATEWAY_TIMEOUT"]
    # Their message or status is not that of the shared response.
    assert example_of(responses["404"], "MISSING_RESOURCE")["errors"] == ["Lost."]
    assert example_of(responses["410"], "MISSING_RESOURCE")["status"] == 410
    shared = document["paths"]["/things/{id}"]["get"]["responses"]["404"]
    assert shared == {"$ref": "#/components/responses/MissingResource"}


def required_headers(response: Mapping[str, Any]) -> list[str]:
    """Return the names of the headers that a response must have."""
    headers = response.get("headers", {})
    return sorted(name for name, header in headers.items() if header["required"])


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
    # The Location of DRF's own views is not certain.
    assert ("POST /stock", "201") not in headers
    responses = responses_of(Selling)
    assert required_headers(responses["405"]) == ["Allow"]
    assert required_headers(responses["504"]) == ["Retry-After"]


def test_every_required_header_has_a_description() -> None:
    assert set().union(*STATUS_HEADERS.values()) == set(HEADER_SCHEMAS)
    descriptions = [requirement.description for requirement in POLLABLE]
    assert descriptions == [f"a {name} header" for name in STATUS_HEADERS[202]]


def test_a_created_list_has_no_location() -> None:
    class Many(generics.CreateAPIView):
        @extend_schema(request=ThingSerializer(many=True), responses=ThingSerializer(many=True))
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    assert required_headers(responses_of(Many, "POST")["201"]) == []


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
        "error": {"status": 500, "errors": ["No."], "code": "INTERNAL_ERROR", "moreInfo": ""},
    }
    validator = Draft202012Validator({**reference, **document})
    assert validator.is_valid(operation)
    assert not validator.is_valid({**operation, "status": "done"})
    assert not validator.is_valid({**operation, "error": {}})


def test_a_view_without_a_serializer_has_any_body() -> None:
    operation = operations(make())["POST /plain/{id}"]
    assert operation["requestBody"]["content"]["application/json"] == {"schema": {}}
    assert operation["responses"]["200"]["content"]["application/json"] == {"schema": {}}


@pytest.mark.parametrize(("partial_put", "required"), [(True, []), (False, ["name"])])
def test_a_partial_put_has_no_required_field(partial_put: bool, required: list[str]) -> None:
    view = generics.UpdateAPIView.as_view(
        queryset=Shelf.objects.all(), serializer_class=ShelfSerializer, partial_put=partial_put
    )
    document = make(path("here", view))
    body = document["paths"]["/here"]["put"]["requestBody"]
    schema = resolve(document, body["content"]["application/json"]["schema"])
    assert body.get("required", False) is not partial_put
    assert set(required) <= set(schema.get("required", []))
    assert ("required" in schema) is not partial_put


class Extended(Plain):
    @extend_schema(
        responses={
            200: ShelfSerializer,
            "404": OpenApiResponse(description="Never there."),
            (415, "text/plain"): OpenApiTypes.STR,
            "5XX": StateSerializer,
        }
    )
    def get(self, request: Any) -> Response:
        raise NotImplementedError

    @extend_schema(request=StateSerializer, responses={409: StateSerializer})
    def post(self, request: Any) -> Response:
        raise NotImplementedError

    @extend_schema(responses=ShelfSerializer)
    def put(self, request: Any) -> Response:
        raise NotImplementedError

    @extend_schema(responses={"default": StateSerializer})
    def delete(self, request: Any) -> Response:
        raise NotImplementedError


class Excluded(Plain):
    http_method_names = ["get", "post"]

    @extend_schema(exclude=True)
    def get(self, request: Any) -> Response:
        raise NotImplementedError


def test_given_responses_are_kept_and_others_are_added() -> None:
    responses = responses_of(Extended)
    assert set(responses) == {"200", "401", "404", "415", "5XX"}
    assert responses["404"] == {"description": "Never there."}
    assert list(responses["415"]["content"]) == ["text/plain"]
    responses = responses_of(Extended, "POST")
    assert set(responses) == {"200", "400", "401", "403", "409", "413", "415", "500", "503"}
    assert responses["200"]["content"]["application/json"] == {"schema": {}}
    assert "200" in responses_of(Extended, "PUT")
    assert set(responses_of(Extended, "DELETE")) == {"default", "401", "403", "415", "500", "503"}
    assert set(make(path("here", Excluded.as_view()))["paths"]["/here"]) == {"post"}


def test_a_given_serializer_is_the_body_of_the_success_status_of_the_view() -> None:
    class Accepting(AcceptedAPIView):
        @extend_schema(responses=ShelfSerializer)
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    responses = responses_of(Accepting, "POST")
    assert [status for status in responses if status < "400"] == ["202"]
    schema = responses["202"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Shelf"}
    assert required_headers(responses["202"]) == sorted(STATUS_HEADERS[202])


@pytest.mark.parametrize("body", [ThingSerializer, OpenApiRequest(ThingSerializer)])
def test_the_errors_of_a_body_given_by_media_type_are_inferred(body: Any) -> None:
    class Typed(Plain):
        @extend_schema(request={"application/json": body}, responses={204: None})
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    assert "ALREADY_EXISTS" in codes_of(responses_of(Typed, "POST")["400"])


def test_get_errors_can_be_overridden() -> None:
    class ClientErrors(AutoSchema):
        def get_errors(self) -> Any:
            return [error for error in super().get_errors() if error.status < 500]

    class Trusted(Plain):
        schema = ClientErrors()

    assert set(responses_of(Trusted)) == {"200", "401", "415"}


def test_a_callback_has_only_its_given_responses() -> None:
    notification = extend_schema(request=ShelfSerializer, responses={200: None})
    done = OpenApiCallback("done", "{$request.body#/url}", notification)

    class Calling(Plain):
        @extend_schema(responses={204: None}, callbacks=[done])
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    document = make(path("here", Calling.as_view()))
    callbacks = document["paths"]["/here"]["post"]["callbacks"]["done"]
    assert set(callbacks["{$request.body#/url}"]["post"]["responses"]) == {"200"}


def test_excluded_paths_have_no_errors_of_ours(settings: Any) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/here"]}
    assert set(responses_of(Plain)) == {"200"}


# The examples, compared with real responses.


class RealShelves(generics.ListCreateAPIView):
    authentication_classes = [BasicAuthentication]
    permission_classes = ()
    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class Real(Plain):
    authentication_classes = permission_classes = ()


@pytest.fixture
def client(settings: Any, set_urls: Any, db: None) -> Client:
    """Return a client of real views and of their document."""
    schema = SpectacularAPIView.as_view(permission_classes=(), authentication_classes=())
    set_urls(
        path("shelves", RealShelves.as_view()),
        path("bug", Real.as_view()),
        path("schema", schema),
        path("errors/<str:code>", Real.as_view(), name="error"),
    )
    settings.API_ERRORS = {"MORE_INFO": "error"}
    return Client(raise_request_exception=False, headers={"Host": "testserver"})


@pytest.mark.parametrize(
    ("method", "body", "headers", "code"),
    [
        ("get", "", {"Accept": "a/b"}, "UNSUPPORTED_MEDIA_TYPE"),
        ("post", "{}", {}, "INVALID_CONTENT"),
        ("post", '{"name": "low"}', {}, "ALREADY_EXISTS"),
    ],
)
def test_the_example_of_a_code_is_the_body_that_the_server_sends(
    client: Client, method: str, body: str, headers: dict[str, str], code: str
) -> None:
    Shelf.objects.create(name="low")
    sent = client.generic(
        method.upper(), "/shelves", body, "application/json", headers=headers
    ).json()
    document = client.get("/schema?format=json").json()
    responses = operations(document)[f"{method.upper()} /shelves"]["responses"]
    assert example_of(responses[str(sent["status"])], code) == sent


def test_the_example_of_an_unhandled_exception_has_another_reference(client: Client) -> None:
    sent = client.get("/bug").json()
    document = client.get("/schema?format=json").json()
    message, _, reference = sent["errors"][0].rpartition(" ")
    example = example_of(document["components"]["responses"]["InternalError"], "INTERNAL_ERROR")
    assert example == {**sent, "errors": [f"{message} 0123456789ab."]}
    assert len(reference) == len("0123456789ab.")


def test_a_document_without_a_request_has_links_without_a_host(client: Client) -> None:
    response = make(path("bug", Real.as_view()))["components"]["responses"]["InternalError"]
    assert example_of(response, "INTERNAL_ERROR")["moreInfo"] == "/errors/INTERNAL_ERROR"
