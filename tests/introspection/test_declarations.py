"""Errors that the operation of their request does not declare, in tests and under `STRICT`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from django.apps import apps
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import generics, serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.test import APIRequestFactory, RequestsClient
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_apierrors.apps import report_undeclared_error
from django_apierrors.introspection.declarations import warn_once
from django_apierrors.signals import error_sent
from django_apierrors.testing import VerbContract, assert_declared
from django_apierrors.viewsets import ModelViewSet
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)


class OutOfStock(APIException):
    status_code = 409
    default_detail = "The item is out of stock."
    default_code = "out_of_stock"


class OrderView(APIView):
    authentication_classes = []

    def get(self, request: Any) -> Response:
        raise OutOfStock

    def post(self, request: Any) -> Response:
        raise NotFound


class DeclaredView(OrderView):
    possible_errors = {"get": [OutOfStock], "post": ["MISSING_RESOURCE"]}


class OrderViewSet(ViewSet):
    authentication_classes: Any = []
    possible_errors = {"create": [OutOfStock]}

    def create(self, request: Any) -> Response:
        raise OutOfStock

    def list(self, request: Any) -> Response:
        return Response(body("OUT_OF_STOCK", "None.", status=409), status=409)


class OrderSerializer(serializers.Serializer[Any]):
    """A serializer that declares one of its codes."""

    default_error_messages: ClassVar[dict[str, str]] = {"closed": "Too late."}
    name = serializers.CharField()

    def validate(self, attrs: Any) -> Any:
        if attrs["name"] == "late":
            self.fail("closed")
        if attrs["name"] == "query":
            raise serializers.ValidationError({"since": ["Too early."]}, "own")
        if attrs["name"] == "own":
            raise serializers.ValidationError({"name": ["Mine.", "No."]}, "own")
        return attrs


class FormView(generics.CreateAPIView[Any]):
    authentication_classes = []
    serializer_class = OrderSerializer


class DeclaredFormView(FormView):
    possible_errors = [serializers.ValidationError("Mine.", "own")]


class PlainFormView(APIView):
    """A view that no attribute gives a serializer."""

    authentication_classes = []

    def post(self, request: Any) -> None:
        OrderSerializer(data=request.data).is_valid(raise_exception=True)


class HiddenView(OrderView):
    """A view that has no schema."""

    schema = None


class RoutedViewSet(ModelViewSet[Any]):
    """A viewset of ours: its router maps PATCH, which it does not allow."""

    authentication_classes = []


router = DefaultRouter()
router.register("routed", RoutedViewSet, "routed")


def respond(request: Any) -> HttpResponse:
    """Return an error of a view that is not DRF's."""
    return JsonResponse({"error": "Odd."}, status=499)


def use_own_urls(get_response: Any) -> Any:
    """Use other URL patterns, as a middleware for several hosts."""

    def respond_by_own_urls(request: Any) -> Any:
        request.urlconf = OwnUrls
        return get_response(request)

    return respond_by_own_urls


class OwnUrls:
    urlpatterns: ClassVar[list[Any]] = [path("own/orders", OrderView.as_view())]


urlpatterns = [
    path("größe/a b", OrderView.as_view()),
    path("orders", OrderView.as_view()),
    path("declared", DeclaredView.as_view()),
    path("set", OrderViewSet.as_view({"get": "list", "post": "create"})),
    path("function", respond),
    path("hidden", HiddenView.as_view()),
    path("form", FormView.as_view()),
    path("form/declared", DeclaredFormView.as_view()),
    path("form/plain", PlainFormView.as_view()),
    *router.urls,
]

UNDECLARED = {
    ("GET", "/orders"): "GET orders sent OUT_OF_STOCK (409)",
    ("HEAD", "/orders"): "GET orders sent OUT_OF_STOCK (409)",
    ("POST", "/orders"): "POST orders sent MISSING_RESOURCE (404)",
    ("GET", "/set"): "GET set sent OUT_OF_STOCK (409)",
}
DECLARED = [
    *(("GET", "/declared"), ("HEAD", "/declared"), ("POST", "/declared"), ("POST", "/set")),
    # These are not operations: no schema has them.
    *(("PUT", "/orders"), ("BREW", "/orders"), ("GET", "/nowhere"), ("PATCH", "/routed/1/")),
    ("OPTIONS", "/orders"),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Let each test log each warning, and connect the report."""
    warn_once.cache_clear()
    # A test with `STRICT` may have connected it.
    error_sent.disconnect(report_undeclared_error)
    yield
    error_sent.disconnect(report_undeclared_error)


def get_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "django_apierrors"]


@pytest.mark.parametrize(("request_line", "start"), UNDECLARED.items())
def test_an_undeclared_error_is_reported_once_and_not_changed(
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    request_line: tuple[str, str],
    start: str,
) -> None:
    plain = client.generic(*request_line)
    assert get_warnings(caplog) == []
    settings.API_ERRORS = {"STRICT": True}
    for _ in range(2):
        response = client.generic(*request_line)
        assert (response.status_code, response.content) == (plain.status_code, plain.content)
        assert response.headers == plain.headers
    hint = "which its schema does not have. Name it in `possible_errors` of the view."
    assert get_warnings(caplog) == [f"{start}, {hint}"]
    [record] = [record for record in caplog.records if record.name == "django_apierrors"]
    assert record.levelno == logging.WARNING


def test_get_and_head_have_one_warning(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"STRICT": True}
    client.get("/orders")
    client.head("/orders")
    assert len(get_warnings(caplog)) == 1


@pytest.mark.parametrize("request_line", DECLARED)
def test_a_declared_error_is_not_reported(
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    request_line: tuple[str, str],
) -> None:
    settings.API_ERRORS = {"STRICT": True, "PATHS": ["/"]}
    response = client.generic(*request_line)
    assert response.status_code >= 400 or request_line[0] == "OPTIONS"
    assert get_warnings(caplog) == []
    assert_declared(response)


@pytest.mark.parametrize("url", ["/function", "/hidden"])
def test_assert_declared_rejects_an_error_of_a_view_without_a_schema(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    settings.API_ERRORS = {"STRICT": True, "PATHS": ["/"]}
    with pytest.raises(AssertionError, match="The operation of this error has no schema"):
        assert_declared(client.get(url))
    # Clients are not generated from it.
    assert get_warnings(caplog) == []


def test_assert_declared_rejects_an_error_without_the_format(client: Client) -> None:
    with pytest.raises(AssertionError, match="This error does not have the format:\n  - "):
        assert_declared(client.get("/function"))


def test_assert_declared_accepts_the_keys_that_a_project_adds(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"BODY": f"{__name__}.add_id"}
    response = client.get("/declared")
    assert response.json()["requestId"] == "a1"
    assert_declared(response)


def add_id(body: Any, error: Any, request: Any) -> Any:
    """Return the body with a key."""
    return {**body, "requestId": "a1"}


FORMS = [("", True), ("late", True), ("\0", True), ("own", False)]


@pytest.mark.parametrize(("name", "is_declared"), FORMS)
def test_the_codes_of_the_messages_about_the_body_must_be_declared(
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    name: str,
    is_declared: bool,
) -> None:
    settings.API_ERRORS = {"STRICT": True, "DETAILS": True}
    response = client.post("/form", {"name": name}, "application/json")
    assert response.status_code == 400
    hint = "Name it in `default_error_messages` of the serializer"
    if is_declared:
        assert_declared(response)
        assert get_warnings(caplog) == []
    else:
        with pytest.raises(AssertionError, match=f"no 'own' in details for 400. {hint}"):
            assert_declared(response)
        [warning] = get_warnings(caplog)
        start = "POST form sent 'own' in details (400), which its schema does not have."
        assert warning.startswith(f"{start} {hint}")
    for url in ("/form/declared", "/form/plain"):
        assert_declared(client.post(url, {"name": name}, "application/json"))
    assert len(get_warnings(caplog)) == (not is_declared)


def test_the_codes_of_messages_are_not_compared_without_details_or_about_the_query(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"STRICT": True}
    assert_declared(client.post("/form", {"name": "own"}, "application/json"))
    settings.API_ERRORS = {"STRICT": True, "DETAILS": True}
    response = client.post("/form?since=1", {"name": "query"}, "application/json")
    assert [(it["code"], it["in"]) for it in response.json()["details"]] == [("own", "query")]
    assert_declared(response)
    assert get_warnings(caplog) == []


def test_no_receiver_is_connected_if_strict_is_off(settings: Settings) -> None:
    receivers = len(error_sent.receivers)
    # The second value is a mistake that the checks report.
    for value in ({"STRICT": False}, 7):
        settings.API_ERRORS = value
        assert len(error_sent.receivers) == receivers
    settings.API_ERRORS = {"STRICT": True}
    assert len(error_sent.receivers) == receivers + 1


def test_the_app_connects_the_report_if_strict_is_on(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"STRICT": True}
    error_sent.disconnect(report_undeclared_error)
    client.get("/orders")
    assert get_warnings(caplog) == []
    apps.get_app_config("django_apierrors").ready()
    client.get("/orders")
    assert len(get_warnings(caplog)) == 1


def test_nothing_is_reported_after_the_test_runner_has_turned_debug_off(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    # The test runner changes DEBUG without the signal `setting_changed`.
    error_sent.connect(report_undeclared_error)
    client.get("/orders")
    assert get_warnings(caplog) == []


def test_assert_declared_shows_the_code_and_the_request(client: Client) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_declared(client.get("/orders"))
    assert str(raised.value).startswith(
        "This error is not declared:\n"
        "  - the schema has no OUT_OF_STOCK for 409. Name it in `possible_errors` of the view.\n"
        "\n> GET /orders\n"
    )


# DRF's client closes the connections of the database after a request.
@pytest.mark.django_db
def test_assert_declared_accepts_the_response_of_any_client() -> None:
    requests = RequestsClient()
    assert_declared(requests.get("http://testserver/declared"))
    with pytest.raises(AssertionError, match="has no OUT_OF_STOCK for 409"):
        assert_declared(requests.get("http://testserver/orders"))


PATHS = ["/orders", "/größe/a b", "/gr%C3%B6%C3%9Fe/a%20b"]


@pytest.mark.parametrize("script_name", ["", "/shop"])
@pytest.mark.parametrize("url", PATHS)
def test_assert_declared_finds_the_operation_of_any_path(
    client: Client, settings: Settings, url: str, script_name: str
) -> None:
    responses: list[Any] = [client.get(url, SCRIPT_NAME=script_name)]
    settings.FORCE_SCRIPT_NAME = script_name or None
    responses.append(client.get(url))
    # As a client receives it over HTTP.
    request = httpx.Request("GET", f"http://testserver{script_name}{url}")
    content, headers = responses[0].content, dict(responses[0].headers)
    responses.append(httpx.Response(409, content=content, headers=headers, request=request))
    for response in responses:
        with pytest.raises(AssertionError, match="has no OUT_OF_STOCK for 409"):
            assert_declared(response)


def test_assert_declared_finds_the_operation_in_the_urlconf_of_a_request(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.use_own_urls"]
    settings.API_ERRORS = {"STRICT": True}
    with pytest.raises(AssertionError, match="has no OUT_OF_STOCK for 409"):
        assert_declared(client.get("/own/orders"))
    [warning] = get_warnings(caplog)
    assert warning.startswith("GET own/orders sent OUT_OF_STOCK (409)")


def test_assert_declared_compares_the_status_of_head(client: Client) -> None:
    assert_declared(client.head("/declared"))
    with pytest.raises(AssertionError, match="the schema has no error for 409"):
        assert_declared(client.head("/orders"))


def test_assert_declared_needs_the_request_of_a_response() -> None:
    response = OrderView.as_view()(APIRequestFactory().get("/orders"))
    with pytest.raises(AssertionError, match="The request of this response is not known"):
        assert_declared(response)


@pytest.mark.parametrize("allows", [True, False])
def test_a_contract_can_require_that_errors_are_declared(allows: bool) -> None:
    class Contract(VerbContract):
        url = "/orders"
        allows_undeclared_errors = allows

    contract = Contract()
    if allows:
        assert contract.send("POST", "/orders").status_code == 404
    else:
        with pytest.raises(AssertionError, match="has no MISSING_RESOURCE for 404"):
            contract.send("POST", "/orders")
