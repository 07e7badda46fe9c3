"""docs/migrating.md shows the responses of DRF, of drf-standardized-errors and of this package.

Every request of the page is sent to the same views with each of the three.
"""

from __future__ import annotations

import json
import re
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import rest_framework
from django.test import Client
from django.test.utils import override_settings
from django.urls import clear_url_caches, path
from rest_framework import permissions, serializers, throttling, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser as StockJSONParser
from rest_framework.renderers import JSONRenderer as StockJSONRenderer
from rest_framework.response import Response

from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.parsers import JSONParser
from django_apierrors.renderers import JSONRenderer
from tests.docs.blocks import PAGES, read_blocks
from tests.models import Shelf, Thing
from tests.services import require_package

require_package("drf_standardized_errors")

JSON = "application/json"


class Package(NamedTuple):
    handler: str
    view: dict[str, Any]
    middleware: tuple[str, ...] = ()


STOCK_VIEW = {"renderer_classes": [StockJSONRenderer], "parser_classes": [StockJSONParser]}
PACKAGES = {
    "DRF": Package("rest_framework.views.exception_handler", STOCK_VIEW),
    "standardized": Package("drf_standardized_errors.handler.exception_handler", STOCK_VIEW),
    "here": Package(
        "django_apierrors.handler.exception_handler",
        {
            "renderer_classes": [JSONRenderer],
            "parser_classes": [JSONParser],
            "content_negotiation_class": JSONContentNegotiation,
        },
        ("django_apierrors.middleware.APIErrorsMiddleware",),
    ),
}


class LineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()


class OrderSerializer(serializers.Serializer[Any]):
    lines = LineSerializer(many=True)

    def validate(self, attrs: Any) -> Any:
        if len(attrs["lines"]) > 2:
            raise serializers.ValidationError("At most two lines.")
        return attrs


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


class ThingSerializer(serializers.ModelSerializer[Thing]):
    class Meta:
        model = Thing
        fields = ["name", "shelf"]


class OutOfStock(APIException):
    status_code = 409
    default_code = "out_of_stock"
    default_detail = "None are left."


class ExhaustedThrottle(throttling.SimpleRateThrottle):
    rate = "1/min"

    def allow_request(self, request: Any, view: Any) -> bool:
        return False

    def wait(self) -> float:
        return 60


class ShelfViewSet(viewsets.ModelViewSet[Shelf]):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    authentication_classes = []

    def average(self, request: Any) -> Response:
        return Response(1 / len([]))

    def stock(self, request: Any) -> Response:
        raise TimeoutError

    def order(self, request: Any) -> Response:
        OrderSerializer(data=request.data).is_valid(raise_exception=True)
        raise OutOfStock

    def returned(self, request: Any) -> Response:
        return Response({"success": False, "reason": "None are left."}, status=409)

    def thing(self, request: Any) -> Response:
        ThingSerializer(data=request.data).is_valid(raise_exception=True)
        return Response()

    def okay(self, request: Any) -> Response:
        return Response()


# The actions of each route, and the options of its view.
ROUTES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "things/": ({"get": "list", "post": "create"}, {}),
    "things/<str:pk>/": ({"get": "retrieve", "delete": "destroy"}, {}),
    "orders": ({"post": "order"}, {}),
    "average": ({"get": "average"}, {}),
    "stock": ({"get": "stock"}, {}),
    "returned": ({"post": "returned"}, {}),
    "parts": ({"post": "thing"}, {}),
    "private": (
        {"get": "okay"},
        {
            "authentication_classes": [SessionAuthentication],
            "permission_classes": [permissions.IsAuthenticated],
        },
    ),
    "busy": ({"get": "okay"}, {"throttle_classes": [ExhaustedThrottle]}),
}

# The headings of the page, and their requests.
CASES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "A required field is missing": ("POST", "/things/", "{}", {}),
    "A field of a row in a list": ("POST", "/orders", '{"lines": [{"sku": "a"}, {}]}', {}),
    "An error that is not about a field": (
        "POST",
        "/orders",
        '{"lines": [{"sku": "a"}, {"sku": "b"}, {"sku": "c"}]}',
        {},
    ),
    "A unique value is taken": ("POST", "/things/", '{"name": "Lantern"}', {}),
    "A foreign key that does not exist": ("POST", "/parts", '{"name": "Wax", "shelf": 99}', {}),
    "Malformed JSON": ("POST", "/things/", '{"name": "Lan', {}),
    "An object that does not exist": ("GET", "/things/99/", "", {}),
    "A malformed identifier": ("GET", "/things/first/", "", {}),
    "A protected object is deleted": ("DELETE", "/things/1/", "", {}),
    "No credentials": ("GET", "/private", "", {}),
    "A method that the view does not have": ("POST", "/average", "", {}),
    "A format that is not supported": ("GET", "/things/", "", {"Accept": "text/csv"}),
    "Too many requests": ("GET", "/busy", "", {}),
    "An exception of the project's own": ("POST", "/orders", '{"lines": []}', {}),
    "An error that a view returns": ("POST", "/returned", "{}", {}),
    "An unhandled exception": ("GET", "/average", "", {}),
    "A service that does not respond": ("GET", "/stock", "", {}),
    "An unmatched URL": ("GET", "/nothing", "", {}),
}

# Before DRF 3.18 the errors of a list are a list, not a dict.
NEW_IN_DRF_3_18 = {"A field of a row in a list"}
VERSION = tuple(int(part) for part in rest_framework.VERSION.split(".")[:2])

BLOCKS = {
    heading: block.text.rstrip()
    for block in read_blocks("docs/migrating.md")
    if block.language == "text" and (heading := block.subsection) in CASES
}


@pytest.fixture
def _shelf(db: None) -> None:
    shelf = Shelf.objects.create(pk=1, name="Lantern")
    Thing.objects.create(name="Wick", shelf=shelf)


def get_response(package: Package, heading: str) -> str:
    """Return the status and the body of a package's response, as the page shows them."""
    method, url, body, headers = CASES[heading]
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path(route, ShelfViewSet.as_view(actions, **{**initkwargs, **package.view}))
        for route, (actions, initkwargs) in ROUTES.items()
    ]
    clear_url_caches()
    with override_settings(
        ROOT_URLCONF=urlconf,
        REST_FRAMEWORK={"EXCEPTION_HANDLER": package.handler},
        MIDDLEWARE=[*package.middleware, "django.middleware.common.CommonMiddleware"],
    ):
        client = Client(raise_request_exception=False, headers=headers)
        response = client.generic(method, url, body, JSON)
    clear_url_caches()
    if JSON not in response["Content-Type"]:
        return f"{response.status_code} (a page of HTML)"
    text = json.dumps(response.json(), separators=(",", ":"), ensure_ascii=False)
    text = re.sub("Reference: [0-9a-f]{12}", "Reference: 5f3c9a1b7e20", text)
    return f"{response.status_code} {text}"


@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize("heading", CASES)
def test_the_page_shows_the_response_of_each_package(heading: str) -> None:
    width = max(map(len, PACKAGES))
    responses = [f"{name:{width}} {get_response(it, heading)}" for name, it in PACKAGES.items()]
    shown = BLOCKS[heading].splitlines()
    if heading in NEW_IN_DRF_3_18 and VERSION < (3, 18):
        del responses[0], shown[0]
    assert responses == shown


def test_the_page_shows_these_requests_and_no_others() -> None:
    section = PAGES["docs/migrating.md"].read_text(encoding="utf-8").partition("## Side by side")[2]
    assert re.findall(r"^### (.*)$", section, re.MULTILINE) == list(CASES)
    for method, url, body, _ in CASES.values():
        assert f"`{method} {url}`" + (f" with `{body}`" if body else "") in section


# Codes that none of the requests gets: of a 403, and of a foreign key of a UUID.
NOT_REQUESTED = {
    ("permission_denied", "access_forbidden"),
    ("permission_denied", "method_forbidden"),
    ("invalid", "incorrect_type"),
}


def get_codes(package: str, heading: str) -> list[str]:
    """Return the code of each message, of drf-standardized-errors or of this package."""
    text = get_response(PACKAGES[package], heading).partition(" ")[2]
    if not text.startswith("{"):
        return []
    body = json.loads(text)
    errors = body.get("details", body.get("errors", []))
    return [error["code"] for error in errors]


@pytest.mark.usefixtures("_shelf")
def test_the_page_lists_the_codes_that_change(settings: Any) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    page = PAGES["docs/migrating.md"].read_text(encoding="utf-8")
    rows = page.partition("| `errors[].code` | `details[].code` |\n")[2].partition("\n\n")[0]
    cells = [re.findall(r"`(\w+)`", row) for row in rows.splitlines()[1:]]
    listed = {(old, new) for old, *news in cells for new in news}
    changes = {
        (old, new)
        for heading in CASES
        for old, new in zip(
            get_codes("standardized", heading), get_codes("here", heading), strict=False
        )
        if old != new
    }
    assert changes | NOT_REQUESTED == listed
