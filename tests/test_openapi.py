"""The OpenAPI document that drf-spectacular makes of views with our schema class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches, include, path
from rest_framework import generics as stock_generics
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import UserRateThrottle
from rest_framework.versioning import URLPathVersioning
from rest_framework.views import APIView

from django_apierrors import generics, pagination, semantics, viewsets
from django_apierrors.catalog import get_code
from django_apierrors.handler import exception_handler
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.openapi import HEADERS, SHARED, SUCCESS_HEADERS
from django_apierrors.operations import AcceptedAPIView, OperationView
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

from django_apierrors.openapi import AutoSchema  # noqa: E402

ADDED = {"APIError", "APIOperation"}


class ShelfSerializer(serializers.ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ThingSerializer(serializers.ModelSerializer):
    """A thing on its shelf."""

    class Meta:
        model = Thing
        fields = ["key", "name", "size", "shelf"]


class StateSerializer(serializers.Serializer):
    """Something of a project's own that has a `status` and a `code`."""

    status = serializers.ChoiceField(["new", "old"])
    code = serializers.ChoiceField(["red", "green"])


class Pages(pagination.PageNumberPagination):
    """Pages of two."""

    page_size = 2


class Often(UserRateThrottle):
    """A throttle with a rate."""

    rate = "1000/day"


class Guarded:
    """What makes a view refuse callers."""

    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAdminUser]
    throttle_classes = [Often]


class ThingViewSet(Guarded, viewsets.ModelViewSet):
    """Things, which can be counted and moved."""

    queryset = Thing.objects.order_by("pk")
    serializer_class = ThingSerializer
    pagination_class = Pages

    @action(detail=False)
    def count(self, request: Any) -> Response:
        """Count the things."""
        raise NotImplementedError

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def move(self, request: Any, pk: str) -> Response:
        """Move a thing."""
        raise NotImplementedError


class StockThings(stock_generics.ListCreateAPIView):
    """Things, by DRF."""

    queryset = Thing.objects.order_by("pk")
    serializer_class = ThingSerializer


class Plain(APIView):
    """A view that says nothing of itself."""

    def get(self, request: Any, **kwargs: Any) -> Response:
        """Answer."""
        raise NotImplementedError

    post = delete = get


class States(Guarded, generics.CreateAPIView):
    """Makes states."""

    serializer_class = StateSerializer

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer."""
        raise NotImplementedError


class Import(AcceptedAPIView):
    """Accepts work."""

    serializer_class = ThingSerializer


class Empty(AcceptedAPIView):
    """Accepts work without a body."""


@api_view(["GET", "POST"])
def function(request: Any, pk: str) -> Response:
    """Answer."""
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
    """Return the document of the patterns, as JSON has it."""
    with patched_settings(spectacular):
        document = SchemaGenerator(patterns=list(patterns or PATTERNS)).get_schema(public=True)
    result: dict[str, Any] = json.loads(json.dumps(document))
    return result


def find(document: Mapping[str, Any], reference: Mapping[str, Any]) -> Any:
    """Return what a reference leads to, and anything else as it is."""
    found: Any = reference
    while "$ref" in found:
        names = found["$ref"].removeprefix("#/").split("/")
        found = document
        for name in names:
            found = found[name]
    return found


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the operations by their verbs and paths, their responses with references followed."""
    for url, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            responses = {
                status: find(document, response)
                for status, response in operation["responses"].items()
            }
            yield f"{verb.upper()} {url}", {**operation, "responses": responses}


def one(view: Any, verb: str = "get", **spectacular: Any) -> dict[str, Any]:
    """Return the responses of one operation of one view."""
    callback = view.as_view() if isinstance(view, type) else view
    document = make(path("here", callback), **spectacular)
    return dict(operations(document))[f"{verb.upper()} /here"]["responses"]


def codes_of(response: Mapping[str, Any]) -> Any:
    """Return the codes that a response may have."""
    schema = response["content"]["application/json"]["schema"]
    return schema["allOf"][1]["properties"]["code"]["enum"]


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


def test_each_operation_has_the_statuses_that_it_can_answer() -> None:
    found = {name: set(operation["responses"]) for name, operation in operations(make())}
    assert found == {name: set(statuses.split()) for name, statuses in EXPECTED.items()}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_the_document_is_valid_and_made_without_a_warning(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = make(OAS_VERSION=version)
    assert document["openapi"] == version
    validate(document)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("times", [1, 20])
def test_a_document_gains_ten_components_at_most_however_many_views_there_are(times: int) -> None:
    patterns = [path(f"{number}/", include(PATTERNS)) for number in range(times)]
    components = make(*patterns)["components"]
    assert set(components["responses"]) == set(SHARED.values())
    assert set(components["schemas"]) >= ADDED
    assert len(components["responses"]) + len(ADDED) == 10
    own = {"Thing", "State", "StatusEnum", "CodeEnum", "PaginatedThingList"}
    assert set(components["schemas"]) == own | ADDED
    assert set(components) == {"responses", "schemas", "securitySchemes"}


@pytest.mark.parametrize("count", [3, 60])
def test_views_that_are_much_the_same_add_much_the_same(count: int) -> None:
    patterns = [path(f"{number}/<int:pk>", Plain.as_view()) for number in range(count)]
    components = make(*patterns)["components"]
    assert set(components["schemas"]) == {"APIError"}
    assert len(components["responses"]) == 6


def test_every_example_is_an_instance_of_its_schema() -> None:
    document = make()
    seen = set()
    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            content = response["content"]["application/json"]
            validator = Draft202012Validator({**content["schema"], **document})
            for name, example in content["examples"].items():
                validator.validate(example["value"])
                assert example["value"]["status"] == int(status)
                seen.add(name)
            assert len(content["examples"]) == len(codes_of(response))
    assert seen == {
        *("MISSING_RESOURCE", "GONE", "UNAUTHENTICATED", "ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"),
        *("INVALID_CONTENT", "INVALID_ID", "INVALID_STATE", "ALREADY_EXISTS"),
        *("UNSUPPORTED_MEDIA_TYPE", "CONTENT_TOO_LARGE", "THROTTLED"),
        *("INTERNAL_ERROR", "SERVICE_UNAVAILABLE"),
    }


def test_a_body_of_another_code_is_no_instance_of_the_schema() -> None:
    document = make()
    response = dict(operations(document))["GET /things/{key}/"]["responses"]["404"]
    schema = response["content"]["application/json"]["schema"]
    body = response["content"]["application/json"]["examples"]["MISSING_RESOURCE"]["value"]
    validator = Draft202012Validator({**schema, **document})
    assert validator.is_valid(body)
    for change in (
        {"code": "GONE"},
        {"status": 410},
        {"errors": []},
        {"errors": [""]},
        {"errors": "No."},
        {"moreInfo": None},
    ):
        assert not validator.is_valid({**body, **change})


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("POST /stock", ["INVALID_CONTENT", "INVALID_ID", "MISSING_RESOURCE", *["ALREADY_EXISTS"]]),
    ],
)
def test_a_refused_body_has_the_codes_of_its_fields(name: str, codes: list[str]) -> None:
    response = dict(operations(make()))[name]["responses"]["400"]
    assert codes_of(response) == [*codes, "INVALID_STATE"]


@pytest.mark.parametrize(
    ("code_format", "codes"),
    [
        ("legacy", [33619968]),
        ("name", ["UNAUTHENTICATED"]),
        ("number", [33619968]),
    ],
)
def test_the_codes_have_the_projects_format(settings: Any, code_format: str, codes: Any) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": code_format}
    responses = one(ThingViewSet.as_view({"get": "list"}))
    assert codes_of(responses["401"]) == codes
    missing = get_code("MISSING_RESOURCE")
    expected = missing.number if code_format == "number" else missing.name
    assert codes_of(responses["404"]) == [expected]


def test_a_code_whose_status_is_changed_moves(settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 409}}}
    responses = one(StockThings, "post")
    assert codes_of(responses["409"]) == ["ALREADY_EXISTS"]
    assert "ALREADY_EXISTS" not in codes_of(responses["400"])
    example = responses["409"]["content"]["application/json"]["examples"]["ALREADY_EXISTS"]
    assert example["value"]["status"] == 409


class OutOfStock(APIException):
    """A refusal of the project's own."""

    status_code = 409
    default_detail = "Out of stock."
    default_code = "out_of_stock"


class Selling(Plain):
    """A view that knows what it answers."""

    possible_errors = [OutOfStock, "METHOD_NOT_ALLOWED", "GATEWAY_TIMEOUT"]


def test_the_errors_that_a_view_names_are_there() -> None:
    responses = one(Selling)
    assert codes_of(responses["409"]) == ["OUT_OF_STOCK"]
    assert responses["409"]["content"]["application/json"]["examples"] == {
        "OUT_OF_STOCK": {
            "value": {
                "status": 409,
                "errors": ["Out of stock."],
                "code": "OUT_OF_STOCK",
                "moreInfo": "",
            }
        }
    }
    assert codes_of(responses["504"]) == ["GATEWAY_TIMEOUT"]


def test_details_are_in_the_schema_where_they_are_sent(settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    document = make()
    assert "details" in document["components"]["schemas"]["APIError"]["required"]
    response = dict(operations(document))["POST /states"]["responses"]["400"]
    value = response["content"]["application/json"]["examples"]["INVALID_CONTENT"]["value"]
    assert value["details"] == [
        {"field": "status", "code": "required", "message": "This field is required."}
    ]
    validate(document)


def test_problem_details_are_in_the_schema_where_they_are_sent(settings: Any) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    document = make()
    validate(document)
    assert set(document["components"]["responses"]) == set(SHARED.values())
    response = dict(operations(document))["GET /things/{key}/"]["responses"]["404"]
    assert list(response["content"]) == ["application/json", "application/problem+json"]
    media = response["content"]["application/problem+json"]
    problem = media["examples"]["MISSING_RESOURCE"]["value"]
    assert problem["type"] == "about:blank"
    validator = Draft202012Validator({**media["schema"], **document})
    assert validator.is_valid(problem)
    assert not validator.is_valid({**problem, "code": "GONE"})
    assert not validator.is_valid({**problem, "title": None})
    del problem["detail"]
    assert not validator.is_valid(problem)


def required_headers(response: Mapping[str, Any]) -> list[str]:
    """Return the names of the headers that a response must have."""
    headers = response.get("headers", {})
    return sorted(name for name, header in headers.items() if header["required"])


def test_the_headers_of_a_status_are_required() -> None:
    document = make()
    found = {
        (name, status): required_headers(response)
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        if "headers" in response
    }
    names = {status: names for (_, status), names in found.items()}
    assert names == {
        "200": [],
        "201": ["Location"],
        "202": ["Content-Location", "Location", "Retry-After"],
        "401": ["WWW-Authenticate"],
        "429": ["Retry-After"],
        "503": ["Retry-After"],
    }
    assert [name for name, status in found if status == "200"] == ["GET /operations/{handle}"]
    # What DRF's own views make may be anywhere.
    assert ("POST /stock", "201") not in found
    assert required_headers(one(Selling)["405"]) == ["Allow"]
    assert required_headers(one(Selling)["504"]) == ["Retry-After"]


def test_every_header_that_a_status_must_carry_is_described() -> None:
    required = {name for name, _ in REQUIRED_HEADERS.values()}
    assert required | {name for names in SUCCESS_HEADERS.values() for name in names} == set(HEADERS)
    words = [requirement.what for requirement in semantics.POLLABLE]
    assert words == [f"a {name} header" for name in SUCCESS_HEADERS[202]]


def test_a_list_that_is_created_has_no_location() -> None:
    class Many(generics.CreateAPIView):
        @extend_schema(request=ThingSerializer(many=True), responses=ThingSerializer(many=True))
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    assert required_headers(one(Many, "post")["201"]) == []


def test_accepted_work_is_answered_with_its_operation() -> None:
    document = make()
    found = dict(operations(document))
    reference = {"$ref": "#/components/schemas/APIOperation"}
    for name, status in (
        ("POST /shelves/{shelf}/imports", "202"),
        ("GET /operations/{handle}", "200"),
    ):
        content = found[name]["responses"][status]["content"]
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


def test_a_view_that_says_nothing_takes_and_answers_anything() -> None:
    found = dict(operations(make()))["POST /plain/{id}"]
    assert found["requestBody"]["content"]["application/json"] == {"schema": {}}
    assert found["responses"]["200"]["content"]["application/json"] == {"schema": {}}


def test_a_put_in_parts_requires_no_member() -> None:
    class Partial(generics.UpdateAPIView):
        queryset = Shelf.objects.all()
        serializer_class = ShelfSerializer
        partial_put = True

    document = make(path("here", Partial.as_view()))
    body = document["paths"]["/here"]["put"]["requestBody"]
    assert "required" not in body
    reference = body["content"]["application/json"]["schema"]
    assert "required" not in find(document, reference)
    whole = make(path("here", Partial.as_view(partial_put=False)))
    body = whole["paths"]["/here"]["put"]["requestBody"]
    assert body["required"]
    assert "name" in find(whole, body["content"]["application/json"]["schema"])["required"]


def test_an_operation_without_a_body_refuses_none() -> None:
    move = dict(operations(make()))["POST /things/{key}/move/"]
    assert codes_of(move["responses"]["400"]) == ["INVALID_ID"]


class Extended(Plain):
    """A view whose responses are given."""

    @extend_schema(
        responses={
            200: ShelfSerializer,
            "404": OpenApiResponse(description="Never there."),
            (415, "text/plain"): OpenApiTypes.STR,
            "5XX": StateSerializer,
        }
    )
    def get(self, request: Any) -> Response:
        """Answer."""
        raise NotImplementedError

    @extend_schema(request=StateSerializer, responses={409: StateSerializer})
    def post(self, request: Any) -> Response:
        """Answer."""
        raise NotImplementedError

    @extend_schema(responses=ShelfSerializer)
    def put(self, request: Any) -> Response:
        """Answer."""
        raise NotImplementedError

    @extend_schema(responses={"default": StateSerializer})
    def delete(self, request: Any) -> Response:
        """Answer."""
        raise NotImplementedError


def test_the_responses_that_are_given_for_a_status_are_kept() -> None:
    responses = one(Extended)
    assert set(responses) == {"200", "401", "404", "415", "5XX"}
    assert responses["404"] == {"description": "Never there."}
    assert list(responses["415"]["content"]) == ["text/plain"]


def test_a_success_is_added_to_responses_that_have_none() -> None:
    responses = one(Extended, "post")
    assert set(responses) == {"200", "400", "401", "403", "409", "413", "415", "500", "503"}
    assert responses["200"]["content"]["application/json"] == {"schema": {}}


def test_one_serializer_for_all_goes_by_the_status_of_the_view() -> None:
    assert "200" in one(Extended, "put")

    class Accepting(AcceptedAPIView):
        @extend_schema(responses=ShelfSerializer)
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    responses = one(Accepting, "post")
    assert [status for status in responses if status < "400"] == ["202"]
    schema = responses["202"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Shelf"}
    assert required_headers(responses["202"]) == SUCCESS_HEADERS_OF_202


SUCCESS_HEADERS_OF_202 = sorted(SUCCESS_HEADERS[202])


def test_a_default_response_is_success_enough() -> None:
    assert set(one(Extended, "delete")) == {"default", "401", "403", "415", "500", "503"}


@pytest.mark.parametrize("body", [ThingSerializer, OpenApiRequest(ThingSerializer)])
def test_a_body_by_media_type_is_looked_into(body: Any) -> None:
    class Typed(Plain):
        @extend_schema(request={"application/json": body}, responses={204: None})
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    assert "ALREADY_EXISTS" in codes_of(one(Typed, "post")["400"])


def test_the_schema_class_can_leave_errors_out() -> None:
    class Sure(AutoSchema):
        def get_errors(self) -> Any:
            return [error for error in super().get_errors() if error.status < 500]

    class Trusted(Plain):
        schema = Sure()

    assert set(one(Trusted)) == {"200", "401", "415"}


def test_a_callback_is_answered_by_somebody_else() -> None:
    notification = extend_schema(request=ShelfSerializer, responses={200: None})
    done = OpenApiCallback("done", "{$request.body#/url}", notification)

    class Calling(Plain):
        @extend_schema(responses={204: None}, callbacks=[done])
        def post(self, request: Any) -> Response:
            raise NotImplementedError

    document = make(path("here", Calling.as_view()))
    callbacks = document["paths"]["/here"]["post"]["callbacks"]["done"]
    assert set(callbacks["{$request.body#/url}"]["post"]["responses"]) == {"200"}


def test_excluded_paths_keep_their_own_errors(settings: Any) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/here"]}
    assert set(one(Plain)) == {"200"}


def test_a_version_in_the_path_is_no_identifier() -> None:
    class Versioning(URLPathVersioning):
        allowed_versions = ["1"]
        default_version = "1"

    class Versioned(Plain):
        versioning_class = Versioning

    document = make(path("<version>/here", Versioned.as_view(http_method_names=["get"])))
    (responses,) = (operation["responses"] for _, operation in operations(document))
    assert set(responses) == {"200", "401", "404", "415", "500", "503"}


def wrapped(exc: Exception, context: Any) -> Any:
    """Answer as ours does."""
    return exception_handler(exc, context)


def test_a_handler_in_front_of_ours_changes_nothing(settings: Any) -> None:
    before = make()
    changes = {"EXCEPTION_HANDLER": "tests.test_openapi.wrapped"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | changes
    assert make() == before


def test_a_status_that_http_does_not_know_has_a_description(settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"ODD": {"status": 499, "description": "Odd."}}}

    class Odd(Plain):
        possible_errors = ["ODD"]

    assert one(Odd)["499"]["description"] == "HTTP 499.\n\n- `ODD`: Odd."


def test_an_error_with_a_text_of_its_own_is_no_component(settings: Any) -> None:
    class Lost(APIException):
        status_code = 404
        default_detail = "Lost."
        default_code = "missing_resource"

    class Losing(Plain):
        possible_errors = [Lost]

    document = make(path("here", Losing.as_view()), path("things/<int:pk>", Plain.as_view()))
    assert "content" in document["paths"]["/here"]["get"]["responses"]["404"]
    reference = document["paths"]["/things/{id}"]["get"]["responses"]["404"]
    assert reference == {"$ref": "#/components/responses/MissingResource"}


def test_an_error_with_a_status_of_its_own_is_no_component() -> None:
    class Lost(APIException):
        status_code = 409
        default_code = "missing_resource"

    class Losing(Plain):
        possible_errors = [Lost]

    document = make(path("here", Losing.as_view()), path("things/<int:pk>", Plain.as_view()))
    conflict = document["paths"]["/here"]["get"]["responses"]["409"]
    example = conflict["content"]["application/json"]["examples"]["MISSING_RESOURCE"]["value"]
    assert example["status"] == 409
    reference = document["paths"]["/things/{id}"]["get"]["responses"]["404"]
    assert reference == {"$ref": "#/components/responses/MissingResource"}


# What is described, held against what is answered.


class RealShelves(generics.ListCreateAPIView):
    """Shelves."""

    authentication_classes = [BasicAuthentication]
    permission_classes = ()
    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class RealShelf(generics.RetrieveUpdateDestroyAPIView):
    """A shelf."""

    authentication_classes = permission_classes = ()
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class Real(Plain):
    """A bug."""

    authentication_classes = permission_classes = ()


@pytest.fixture
def client(settings: Any, db: None) -> Iterator[Client]:
    """A client of real views and of their document."""
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("shelves", RealShelves.as_view()),
        path("shelves/<str:pk>", RealShelf.as_view(), name="shelf-detail"),
        path("bug", Real.as_view()),
        path(
            "schema", SpectacularAPIView.as_view(permission_classes=(), authentication_classes=())
        ),
        path("errors/<str:code>", Real.as_view(), name="error"),
    ]
    clear_url_caches()
    settings.ROOT_URLCONF = urlconf
    settings.API_ERRORS = {"MORE_INFO": "error"}
    yield Client(raise_request_exception=False, headers={"Host": "testserver"})
    clear_url_caches()


@pytest.mark.parametrize(
    ("verb", "url", "operation", "body", "headers", "code"),
    [
        ("get", "/shelves", "/shelves", "", {"Authorization": "Basic x"}, "UNAUTHENTICATED"),
        ("get", "/shelves", "/shelves", "", {"Accept": "a/b"}, "UNSUPPORTED_MEDIA_TYPE"),
        ("post", "/shelves", "/shelves", "{}", {}, "INVALID_CONTENT"),
        ("post", "/shelves", "/shelves", '{"name": "low"}', {}, "ALREADY_EXISTS"),
        ("get", "/shelves/x", "/shelves/{id}", "", {}, "INVALID_ID"),
        ("get", "/shelves/9", "/shelves/{id}", "", {}, "MISSING_RESOURCE"),
        ("delete", "/shelves/1", "/shelves/{id}", "", {}, "INVALID_STATE"),
    ],
)
def test_the_example_of_a_code_is_what_the_server_sends(
    client: Client,
    verb: str,
    url: str,
    operation: str,
    body: str,
    headers: dict[str, str],
    code: str,
) -> None:
    Thing.objects.create(name="cup", shelf=Shelf.objects.create(pk=1, name="low"))
    answer = client.generic(verb.upper(), url, body, "application/json", headers=headers)
    document = client.get("/schema?format=json").json()
    response = find(
        document, document["paths"][operation][verb]["responses"][str(answer.status_code)]
    )
    example = response["content"]["application/json"]["examples"][code]["value"]
    if code == "UNAUTHENTICATED":
        # DRF says what is wrong with the credentials.
        example["errors"] = answer.json()["errors"]
    assert example == answer.json()


def test_the_example_of_a_bug_is_what_the_server_sends_but_for_its_reference(
    client: Client,
) -> None:
    sent = client.get("/bug").json()
    document = client.get("/schema?format=json").json()
    response = document["components"]["responses"]["InternalError"]
    example = response["content"]["application/json"]["examples"]["INTERNAL_ERROR"]["value"]
    message, _, reference = sent["errors"][0].rpartition(" ")
    assert example == {**sent, "errors": [f"{message} 0123456789ab."]}
    assert len(reference) == len("0123456789ab.")


def test_a_document_that_no_request_asked_for_links_by_path(client: Client) -> None:
    response = make(path("bug", Real.as_view()))["components"]["responses"]["InternalError"]
    example = response["content"]["application/json"]["examples"]["INTERNAL_ERROR"]["value"]
    assert example["moreInfo"] == "/errors/INTERNAL_ERROR"
