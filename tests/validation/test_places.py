"""`details` and `FIELD_NAMES`: where a client sent a value, and how it spells the name."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from djangorestframework_camel_case.parser import CamelCaseJSONParser
from djangorestframework_camel_case.render import CamelCaseJSONRenderer
from djangorestframework_camel_case.util import camelize
from drf_spectacular.generators import SchemaGenerator
from pytest_django.fixtures import Settings
from rest_framework import generics as stock_generics
from rest_framework import pagination as stock_pagination
from rest_framework import serializers
from rest_framework.exceptions import (
    AuthenticationFailed,
    NotFound,
    ParseError,
    ValidationError,
)
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueTogetherValidator

from django_apierrors import generics, pagination
from django_apierrors.filters import OrderingFilter
from tests.bodies import body
from tests.models import Shelf, Thing
from tests.support import make_serializer, make_view, subclass, throw

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

REQUIRED = "This field is required."
NUMBER = "A valid integer is required."


def camelize_name(name: str) -> str:
    """Return a name as djangorestframework-camel-case sends it."""
    [spelling] = camelize({name: None})
    return str(spelling)


def fail(name: str) -> str:
    """Raise an exception."""
    raise ValueError(name)


class LineSerializer(serializers.Serializer[Any]):
    unit_price = serializers.IntegerField()


class OrderSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(required=False)
    client_name = serializers.CharField()
    line_items = LineSerializer(many=True, required=False)
    unit_prices = serializers.DictField(child=serializers.IntegerField(), required=False)
    lines_by_name = serializers.DictField(child=LineSerializer(), required=False)
    shelves = serializers.DictField(
        child=serializers.PrimaryKeyRelatedField(queryset=Shelf.objects.all()), required=False
    )

    def validate(self, attrs: Any) -> Any:
        if attrs["client_name"] == "nobody":
            raise serializers.ValidationError("There is no client.")
        return attrs


class NamedSerializer(serializers.Serializer[Any]):
    order_lines = LineSerializer(many=True)

    def validate_order_lines(self, lines: Any) -> Any:
        raise serializers.ValidationError([{"non_field_errors": ["Too dear."]}])


class QuerySerializer(serializers.Serializer[Any]):
    max_price = serializers.IntegerField()


def order(request: Request) -> Response:
    """Validate an order, or a list of orders."""
    many = isinstance(request.data, list)
    OrderSerializer(data=request.data, many=many).is_valid(raise_exception=True)
    return Response(status=204)


def order_part(request: Request) -> Response:
    """Validate a part of the body, a copy of a part, or the query."""
    data = request.data if isinstance(request.data, dict) else {}
    parts: Mapping[str, Any] = {
        "attributes": lambda: data["data"]["attributes"],
        "copy": lambda: {**data["data"], "owner": 7},
        "body": lambda: {**data, "owner": 7},
        "rows": lambda: data["rows"],
        "query": lambda: request.query_params,
    }
    part = parts[request.query_params["part"]]()
    serializer = OrderSerializer(data=part, many=isinstance(part, list))
    if "returned" in request.query_params and not serializer.is_valid():
        return Response(serializer.errors, status=400)
    serializer.is_valid(raise_exception=True)
    return Response(status=204)


def order_without_rest_framework(request: HttpRequest) -> HttpResponse:
    """Validate a part of a body in Latin-1, in a view of Django."""
    part = json.loads(request.body.decode("latin-1"))["data"]
    OrderSerializer(data=part).is_valid(raise_exception=True)
    return HttpResponse(status=204)


def name_lines(request: Request) -> Response:
    """Validate an order whose lines are rejected as a whole."""
    NamedSerializer(data=request.data).is_valid(raise_exception=True)
    return Response(status=204)


def place(request: Request) -> Response:
    """Validate a list of places."""
    TogetherSerializer(data=request.data, many=True).is_valid(raise_exception=True)
    return Response(status=204)


def search(request: Request) -> Response:
    """Validate the query."""
    QuerySerializer(data=request.query_params).is_valid(raise_exception=True)
    return Response(status=204)


def clash(request: Request) -> Response:
    """Read the body, and reject a field as a constraint of the database does."""
    assert request.data
    raise ValidationError({"name": ["Taken."]})


def innermost(request: Request) -> Response:
    """Validate the innermost part of the body."""
    [[rows]] = [part.values() for part in request.data.values()]
    OrderSerializer(data=rows, many=True).is_valid(raise_exception=True)
    return Response(status=204)


def reject(request: Request, **kwargs: Any) -> Response:
    """Raise an error about a name that the query has as `about`."""
    raise ValidationError({request.query_params["about"]: ["Not this one."]})


class NumberedShelves(generics.ListCreateAPIView[Shelf]):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = make_serializer(Shelf, "id", "name")
    pagination_class = subclass(pagination.PageNumberPagination, page_size=10)
    filter_backends = [OrderingFilter]


class StockPages(stock_generics.ListCreateAPIView[Shelf]):
    """A stock view, which lists rows after a POST too."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = make_serializer(Shelf, "id", "name")
    pagination_class = subclass(
        stock_pagination.PageNumberPagination,
        page_size=10,
        invalid_page_message="page: {message}.",
    )

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)


class StockCursors(StockPages):
    pagination_class = subclass(stock_pagination.CursorPagination, page_size=10, ordering="pk")


class OwnPagination(stock_pagination.BasePagination):
    """A pagination that needs parameters of its own, and raises any exception."""

    exceptions: Mapping[str, Exception] = {
        "nothing": NotFound(),
        "start": ValidationError({"start": ["Send it."]}),
        "text": ParseError("Send start."),
    }

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        raise self.exceptions[request.query_params["raise"]]


class OwnPages(StockPages):
    pagination_class = OwnPagination


class BrokenPagination(OwnPagination):
    """A pagination whose attribute cannot be read."""

    @property
    def page_query_param(self) -> str:
        raise LookupError


class BrokenPages(StockPages):
    pagination_class = BrokenPagination


class DateFilter:
    """A filter backend with a required parameter, which looks for a shelf of the URL too."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if view.kwargs.get("shelf_pk") == "7":
            raise NotFound("Shelf 7 does not exist.")
        errors = {name: ["Required."] for name in ("since", *view.kwargs)}
        raise ValidationError(errors)


class FilteredShelves(StockPages):
    filter_backends = [DateFilter]


class OneShelf(generics.RetrieveAPIView[Shelf]):
    queryset = Shelf.objects.all()
    serializer_class = make_serializer(Shelf, "id", "name")


class TitleSerializer(serializers.ModelSerializer[Shelf]):
    """A serializer that has no validator, and another name than the model."""

    title = serializers.CharField(source="name")
    label = serializers.CharField(source="name", read_only=True)

    class Meta:
        model = Shelf
        fields = ["title", "label"]


class PlainTitleSerializer(serializers.Serializer[Any]):
    """The same without a model."""

    title = serializers.CharField(source="name")

    def create(self, validated_data: Any) -> Shelf:
        return Shelf.objects.create(**validated_data)


class PlacedSerializer(serializers.ModelSerializer[Thing]):
    """A serializer with two other names, and without the validator of both."""

    title = serializers.CharField(source="name")
    on_shelf = serializers.PrimaryKeyRelatedField(source="shelf", queryset=Shelf.objects.all())
    total_size = serializers.IntegerField(source="size")

    class Meta:
        model = Thing
        fields = ["title", "on_shelf", "total_size"]
        validators: ClassVar[list[Any]] = []


class TogetherSerializer(serializers.Serializer[Any]):
    """A serializer with two validators of several fields."""

    on_shelf = serializers.PrimaryKeyRelatedField(source="shelf", queryset=Shelf.objects.all())
    total_size = serializers.IntegerField(source="size")
    thing_name = serializers.CharField(source="name")

    class Meta:
        validators: ClassVar[list[Any]] = [
            lambda attrs: None,
            UniqueTogetherValidator(Thing.objects.all(), ["on_shelf", "total_size"]),
            UniqueTogetherValidator(Thing.objects.all(), ["on_shelf", "thing_name"]),
        ]


class ShelvingSerializer(PlacedSerializer):
    """A serializer that writes a row of another model."""

    def create(self, validated_data: Any) -> Any:
        return Shelf.objects.create(name=validated_data["name"])


def name_shelf(request: Request) -> Response:
    """Write a row without a serializer."""
    Shelf.objects.create(name=request.data["title"])
    return Response(status=204)


RETURNED: Mapping[str, Any] = {
    "fields": {"unit_price": ["Too much."]},
    "json-api": {
        "errors": [
            {"detail": "No.", "source": {"pointer": "/data/attributes/line_items/0/unit_price"}},
            {"detail": "No page.", "source": {"parameter": "page"}},
            {"detail": "No tenant.", "source": {"header": "X-Tenant"}},
        ]
    },
    "pydantic": {"detail": [{"loc": ["query", "max_price"], "msg": "Too much.", "type": "value"}]},
}

# As in docs/settings.md.
SINCE: Any = {"detail": "Required.", "source": {"parameter": "since"}}
TWO_PLACES: Any = {"detail": "No.", "source": {"pointer": None, "parameter": "since"}}


# DRF's own classes: the middleware converts the errors that are returned.
PLAIN: dict[str, Any] = {"parser_classes": [JSONParser], "renderer_classes": [JSONRenderer]}

CAMEL_CASE: dict[str, Any] = {
    "parser_classes": [CamelCaseJSONParser],
    "renderer_classes": [CamelCaseJSONRenderer],
}

DEEP: Any = {"loc": ["body", *["a"] * 10_000], "msg": "No.", "type": "value"}

MANY: Any = {f"max_price_{number}": "No." for number in range(900)}

urlpatterns = [
    path("order", make_view(order)),
    path("plain", make_view(order, **PLAIN)),
    path("plain/part", make_view(order_part, **PLAIN)),
    path("part", make_view(order_part)),
    path("camel", make_view(order, **CAMEL_CASE)),
    path("camel/part", make_view(order_part, **CAMEL_CASE)),
    path("innermost", make_view(innermost)),
    path("deep", make_view(lambda request: Response({"detail": [DEEP, DEEP]}, 400))),
    path("django", order_without_rest_framework),
    path("lines", make_view(name_lines, **CAMEL_CASE)),
    path("sets", make_view(place)),
    path("search", make_view(search)),
    path("rows", make_view(lambda request: throw(ValidationError([{"name": ["No."]}])))),
    path("clash", make_view(clash)),
    path("reject", make_view(reject)),
    path("reject/<str:shelf_pk>", make_view(reject)),
    path("shelves", NumberedShelves.as_view()),
    path("shelves/<str:pk>", OneShelf.as_view()),
    path("stock", StockPages.as_view()),
    path("stock/cursors", StockCursors.as_view()),
    path("stock/own", OwnPages.as_view()),
    path("stock/broken", BrokenPages.as_view()),
    path("filtered", FilteredShelves.as_view()),
    path("filtered/<str:shelf_pk>", FilteredShelves.as_view()),
    *(
        path(url, subclass(generics.CreateAPIView, serializer_class=serializer).as_view())
        for url, serializer in (
            ("titles", TitleSerializer),
            ("plain-titles", PlainTitleSerializer),
            ("placed", PlacedSerializer),
            ("shelving", ShelvingSerializer),
            ("together", TogetherSerializer),
        )
    ),
    path("named", make_view(name_shelf)),
    path("private", make_view(order, permission_classes=[IsAuthenticated])),
    path("many", make_view(lambda request: throw(ValidationError(MANY)))),
    path("two-places", make_view(lambda request: throw(ValidationError(TWO_PLACES)))),
    path("forged", make_view(lambda request: throw(AuthenticationFailed("Forged.")))),
    path("since", make_view(lambda request: throw(ValidationError(SINCE)))),
    path("unhandled", make_view(lambda request: throw(ValueError()))),
    *(
        path(f"returned/{name}", make_view(lambda request, data=data: Response(data, 400)))
        for name, data in RETURNED.items()
    ),
]


class Sent(NamedTuple):
    """A request, and the objects in `details` without `code` and `message`."""

    method: str
    url: str
    details: list[dict[str, str]]
    data: Any = None
    headers: Mapping[str, str] = {}


def of_body(field: str, pointer: str) -> dict[str, str]:
    """Return an object about a value in the body."""
    return {"field": field, "in": "body", "pointer": pointer}


LONG = "k" * 200

SENT = {
    "a field": Sent("POST", "order", [of_body("client_name", "/client_name")], {}),
    "the whole object": Sent("POST", "order", [of_body("", "")], {"client_name": "nobody"}),
    "a nested list": Sent(
        "POST",
        "order",
        [of_body("line_items[1].unit_price", "/line_items/1/unit_price")],
        {"client_name": "Ann", "line_items": [{"unit_price": 1}, {"unit_price": "x"}]},
    ),
    "many": Sent(
        "POST",
        "order",
        [of_body("[0].client_name", "/0/client_name"), of_body("[2]", "/2")],
        [{}, {"client_name": "Ann"}, {"client_name": "nobody"}],
    ),
    "keys with dots, slashes and tildes": Sent(
        "POST",
        "order",
        [
            of_body("unit_prices.a.b", "/unit_prices/a.b"),
            of_body("unit_prices.c/d", "/unit_prices/c~1d"),
            of_body("unit_prices.e~f", "/unit_prices/e~0f"),
        ],
        {"client_name": "Ann", "unit_prices": {"a.b": "x", "c/d": "x", "e~f": "x"}},
    ),
    "keys that are those of messages about no field": Sent(
        "POST",
        "order",
        [
            of_body("unit_prices.__all__", "/unit_prices/__all__"),
            of_body("unit_prices.non_field_errors", "/unit_prices/non_field_errors"),
            of_body("lines_by_name.__all__.unit_price", "/lines_by_name/__all__/unit_price"),
            of_body("lines_by_name.non_field_errors", "/lines_by_name/non_field_errors"),
            of_body("shelves.non_field_errors", "/shelves/non_field_errors"),
        ],
        {
            "client_name": "Ann",
            "unit_prices": {"__all__": "x", "non_field_errors": "x", "a": 1},
            "lines_by_name": {"__all__": {}, "non_field_errors": 1},
            "shelves": {"non_field_errors": "x"},
        },
    ),
    "keys of a client in one of many": Sent(
        "POST",
        "order",
        [of_body("[0]", "/0"), of_body("[1].unit_prices.__all__", "/1/unit_prices/__all__")],
        [{"client_name": "nobody"}, {"client_name": "Ann", "unit_prices": {"__all__": "x"}}],
    ),
    "a key that is too long to be repeated": Sent(
        "POST",
        "order",
        [{"field": f"unit_prices.{LONG[:99]}…", "in": "body"}],
        {"client_name": "Ann", "unit_prices": {LONG: "x"}},
    ),
    "a key that UTF-8 cannot encode": Sent(
        "POST",
        "plain",
        [{"field": "unit_prices.?", "in": "body"}],
        {"client_name": "Ann", "unit_prices": {"\ud800": "x"}},
    ),
    "a part of the body": Sent(
        "POST",
        "part?part=attributes&client_name=query",
        [
            of_body("client_name", "/data/attributes/client_name"),
            of_body("line_items[0].unit_price", "/data/attributes/line_items/0/unit_price"),
        ],
        {"data": {"type": [], "attributes": {"client_name": "", "line_items": [{}]}}},
    ),
    "a field that is missing in a part": Sent(
        "POST",
        "part?part=attributes&returned",
        [of_body("client_name", "/data/attributes/client_name")],
        {"client_name": "Ann", "data": {"attributes": {}}},
    ),
    "a whole part": Sent(
        "POST",
        "part?part=attributes",
        [of_body("", "/data/attributes")],
        {"data": {"attributes": {"client_name": "nobody"}}},
    ),
    "a part that is a text": Sent(
        "POST",
        "part?part=attributes",
        [of_body("", "/data/attributes")],
        {"data": {"attributes": "a text"}},
    ),
    "a part that is a number as another one": Sent(
        "POST",
        "part?part=attributes",
        [of_body("", "")],
        {"data": {"type": 7, "attributes": 7}},
    ),
    "rows in a part": Sent(
        "POST",
        "part?part=rows",
        [of_body("[1].client_name", "/rows/1/client_name")],
        {"rows": [{"client_name": "Ann"}, {}]},
    ),
    "a copy of a part": Sent(
        "POST",
        "part?part=copy",
        [{"field": "client_name", "in": "body"}],
        {"data": {"line_items": []}},
    ),
    "returned errors of a part": Sent(
        "POST",
        "plain/part?part=attributes&returned",
        [of_body("id", "/data/attributes/id")],
        {"id": 7, "data": {"attributes": {"client_name": "Ann", "id": "x"}}},
    ),
    "returned errors of a part of a body that cannot be read again": Sent(
        "POST",
        "plain/part?part=attributes&returned",
        [of_body("client_name", "/data/attributes/client_name")],
        '{"data": {"attributes": {"note": "\u00e9"}}}'.encode("latin-1"),
        headers={"Content-Type": "application/json; charset=latin-1"},
    ),
    "a copy of the body": Sent(
        "POST", "part?part=body", [of_body("client_name", "/client_name")], {"line_items": []}
    ),
    "a part of a body with very many values": Sent(
        "POST",
        "part?part=attributes",
        [{"field": "client_name", "in": "body"}],
        {"ids": [0] * 100_000, "data": {"attributes": {"client_name": ""}}},
    ),
    "a serializer of the query of a POST": Sent(
        "POST", "part?part=query", [{"field": "client_name", "in": "query"}], {"client_name": ""}
    ),
    "the whole query of a POST": Sent(
        "POST", "part?part=query&client_name=nobody", [{"field": "", "in": "query"}], {}
    ),
    "malformed JSON": Sent("POST", "order", [of_body("", "")], b"{"),
    "a serializer of the query": Sent("GET", "search", [{"field": "max_price", "in": "query"}]),
    "a wrong parameter": Sent("GET", "search?max_price=x", [{"field": "max_price", "in": "query"}]),
    "a parameter of a POST": Sent(
        "POST", "reject?about=dry_run&dry_run=1", [{"field": "dry_run", "in": "query"}], {}
    ),
    "a field of no row in a list": Sent(
        "POST", "clash", [{"field": "name", "in": "body"}], [{"name": "x"}]
    ),
    "a field that is a parameter too": Sent(
        "POST", "order?client_name=1", [of_body("client_name", "/client_name")], {"client_name": ""}
    ),
    "a variable of the URL": Sent(
        "GET", "reject/7?about=shelf_pk", [{"field": "shelf_pk", "in": "path"}]
    ),
    "a header": Sent(
        "GET",
        "reject?about=X-Tenant",
        [{"field": "X-Tenant", "in": "header"}],
        headers={"X-Tenant": "nowhere"},
    ),
    "a parameter that was not sent with a POST": Sent(
        "POST", "since", [{"field": "since", "in": "query"}], {}
    ),
    "a source with an empty pointer": Sent(
        "POST", "two-places", [{"field": "since", "in": "query"}], {}
    ),
    "a page": Sent("GET", "shelves?page=99", [{"field": "page", "in": "query"}]),
    "a page without a number": Sent("GET", "shelves?page=x", [{"field": "page", "in": "query"}]),
    "a page of DRF's": Sent("GET", "stock?page=99", [{"field": "page", "in": "query"}]),
    "a page of a POST": Sent("POST", "stock?page=x", [{"field": "page", "in": "query"}]),
    "a cursor of DRF's": Sent(
        "GET", "stock/cursors?cursor=x", [{"field": "cursor", "in": "query"}]
    ),
    "a value in a cursor of DRF's": Sent(
        "GET", "stock/cursors?cursor=cD14eA%3D%3D", [{"field": "cursor", "in": "query"}]
    ),
    "a page that has no parameter": Sent(
        "GET", "stock/own?raise=nothing", [{"field": "", "in": "query"}]
    ),
    "a parameter that a pagination requires": Sent(
        "POST", "stock/own?raise=start", [{"field": "start", "in": "query"}]
    ),
    "a message of a pagination": Sent(
        "POST", "stock/own?raise=text", [{"field": "", "in": "query"}]
    ),
    "a parameter that a filter requires": Sent(
        "POST", "filtered", [{"field": "since", "in": "query"}], {}
    ),
    "a variable of the URL that a filter reads": Sent(
        "POST",
        "filtered/8",
        [{"field": "since", "in": "query"}, {"field": "shelf_pk", "in": "path"}],
        {},
    ),
    "a resource that a filter looks for": Sent("GET", "filtered/7", [{"field": "", "in": "path"}]),
    "an ordering": Sent("GET", "shelves?ordering=x", [{"field": "ordering", "in": "query"}]),
    "too many parameters": Sent("GET", f"search?{'a=&' * 1_001}", [{"field": "", "in": "query"}]),
    "too many parameters beside a body": Sent(
        "POST",
        f"order?{'a=&' * 1_001}",
        [of_body("client_name", "/client_name")],
        {"client_name": ""},
    ),
    "too many parameters beside a format": Sent(
        "POST",
        f"order?{'a=&' * 1_001}",
        [{"field": "", "in": "header"}],
        headers={"Content-Type": "text/csv"},
    ),
    "a row that was not sent": Sent("GET", "rows", [{"field": "[0].name"}]),
    "a malformed id": Sent("GET", "shelves/x", [{"field": "", "in": "path"}]),
    "a missing resource": Sent("GET", "shelves/99", [{"field": "", "in": "path"}]),
    "a URL that matches nothing": Sent("GET", "nowhere", [{"field": "", "in": "path"}]),
    "the format sent": Sent(
        "POST", "order", [{"field": "", "in": "header"}], headers={"Content-Type": "text/csv"}
    ),
    "the format asked for": Sent(
        "GET", "search", [{"field": "", "in": "header"}], headers={"Accept": "text/csv"}
    ),
    "the format asked for in the query": Sent(
        "GET", "search?format=csv", [{"field": "", "in": "query"}]
    ),
    "credentials": Sent("GET", "forged", [{"field": "", "in": "header"}]),
    "a permission": Sent("GET", "private", [{"field": ""}]),
    "a method": Sent("DELETE", "order", [{"field": ""}]),
    "an unhandled exception": Sent("GET", "unhandled", [{"field": ""}]),
    "returned fields": Sent("POST", "returned/fields", [of_body("unit_price", "/unit_price")], {}),
    "returned errors of JSON:API": Sent(
        "POST",
        "returned/json-api",
        [
            of_body("line_items[0].unit_price", "/line_items/0/unit_price"),
            {"field": "page", "in": "query"},
            {"field": "X-Tenant", "in": "header"},
        ],
        {},
    ),
    "returned errors of pydantic": Sent(
        "POST", "returned/pydantic", [{"field": "max_price", "in": "query"}], {}
    ),
}


def send(client: Client, sent: Sent) -> Any:
    """Return the body of the response."""
    headers = dict(sent.headers)
    content_type = headers.pop("Content-Type", "application/json")
    response = client.generic(
        sent.method,
        f"/{sent.url}",
        sent.data if isinstance(sent.data, bytes) else json.dumps(sent.data or {}),
        content_type,
        headers=headers,
    )
    return response.json()


@pytest.mark.parametrize("name", SENT)
def test_each_message_has_the_place_of_the_value(
    quiet_client: Client, settings: Settings, name: str
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    sent = send(quiet_client, SENT[name])
    assert [
        {key: value for key, value in detail.items() if key not in ("code", "message")}
        for detail in sent["details"]
    ] == SENT[name].details
    # A message without a field stands in `errors` as it is.
    assert sent["errors"] == [
        f"{detail['field']}: {detail['message']}" if detail["field"] else detail["message"]
        for detail in sent["details"]
    ]


def test_a_part_of_a_body_that_cannot_be_read_again_has_no_pointers(
    quiet_client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True, "PATHS": ["/django"]}
    data = '{"data": {"note": "\u00e9"}}'.encode("latin-1")
    [detail] = send(quiet_client, Sent("POST", "django", [], data))["details"]
    assert detail == {
        "field": "client_name",
        "code": "required",
        "message": REQUIRED,
        "in": "body",
    }


def test_a_message_that_names_the_parameter_of_the_page_does_so_once(client: Client) -> None:
    response = client.get("/stock?page=99")
    assert response.json() == body("MISSING_RESOURCE", "page: That page contains no results.")


def test_a_pagination_that_cannot_be_read_is_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/stock/broken?raise=nothing")
    assert response.json() == body("MISSING_RESOURCE")
    assert "looking for the parameter of an error" in caplog.text


LAMP = {"title": "Lamp", "on_shelf": 1, "total_size": 3}


@pytest.mark.parametrize(
    ("url", "field", "pointer"),
    [
        ("titles", "title", "/title"),
        ("plain-titles", "title", "/title"),
        ("placed", "on_shelf, total_size", None),
        ("shelving", "name", None),
        ("named", "name", None),
    ],
)
def test_a_field_that_the_database_rejects_has_the_name_that_was_sent(
    quiet_client: Client, settings: Settings, url: str, field: str, pointer: str | None
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    shelf = Shelf.objects.create(pk=1, name="Lamp")
    Thing.objects.create(name="Vase", shelf=shelf, size=3)
    received = send(quiet_client, Sent("POST", url, [], LAMP))
    [detail] = received["details"]
    assert (received["code"], detail["field"]) == ("ALREADY_EXISTS", field)
    assert (detail["in"], detail.get("pointer")) == ("body", pointer)


CAMEL = {"FIELD_NAMES": f"{__name__}.camelize_name", "DETAILS": True}

# The same with `FIELD_NAMES`: a request, the messages, the pointers.
SPELT: Mapping[str, tuple[Sent, list[str], list[str | None]]] = {
    "fields": (
        Sent("POST", "camel", [], {"lineItems": [{}], "unitPrices": {"perKilo": "x"}}),
        [
            f"clientName: {REQUIRED}",
            f"lineItems[0].unitPrice: {REQUIRED}",
            f"unitPrices.perKilo: {NUMBER}",
        ],
        ["/clientName", "/lineItems/0/unitPrice", "/unitPrices/perKilo"],
    ),
    "a part of the body": (
        Sent("POST", "camel/part?part=rows", [], {"rows": [{"clientName": "Ann"}, {}]}),
        [f"[1].clientName: {REQUIRED}"],
        ["/rows/1/clientName"],
    ),
    "returned errors of a copy": (
        Sent("POST", "camel/part?part=body&returned", [], {"lineItems": [{"unitPrice": "x"}, {}]}),
        [
            f"clientName: {REQUIRED}",
            f"lineItems[0].unitPrice: {NUMBER}",
            f"lineItems[1].unitPrice: {REQUIRED}",
        ],
        ["/clientName", "/lineItems/0/unitPrice", "/lineItems/1/unitPrice"],
    ),
    "returned errors of a part": (
        Sent(
            "POST",
            "camel/part?part=attributes&returned",
            [],
            {"data": {"attributes": {"lineItems": [{}]}}},
        ),
        [f"clientName: {REQUIRED}", f"lineItems[0].unitPrice: {REQUIRED}"],
        ["/data/attributes/clientName", "/data/attributes/lineItems/0/unitPrice"],
    ),
    "a message about a row": (
        Sent("POST", "lines", [], {"orderLines": [{"unitPrice": 1}]}),
        ["orderLines[0]: Too dear."],
        ["/orderLines/0"],
    ),
    "returned fields": (
        Sent("POST", "returned/fields", [], {}),
        ["unitPrice: Too much."],
        ["/unitPrice"],
    ),
    "returned errors of JSON:API": (
        Sent("POST", "returned/json-api", [], {}),
        ["lineItems[0].unitPrice: No.", "page: No page.", "X-Tenant: No tenant."],
        ["/lineItems/0/unitPrice", None, None],
    ),
    "a key that is too long to be repeated": (
        Sent("POST", "camel", [], {"clientName": "Ann", "unitPrices": {LONG: "x"}}),
        [f"unitPrices.{LONG[:99]}…: {NUMBER}"],
        [None],
    ),
    # The client spells a parameter as the view does, unless a middleware changes `request.GET`.
    "a parameter": (Sent("GET", "search?max_price=x", []), [f"max_price: {NUMBER}"], [None]),
    "a variable of the URL": (
        Sent("GET", "reject/7?about=shelf_pk", []),
        ["shelf_pk: Not this one."],
        [None],
    ),
}


@pytest.mark.parametrize("name", SPELT)
def test_a_field_is_spelt_as_the_client_spells_it(
    quiet_client: Client, settings: Settings, name: str
) -> None:
    settings.API_ERRORS = CAMEL
    sent, messages, pointers = SPELT[name]
    received = send(quiet_client, sent)
    assert received["errors"] == messages
    assert [detail.get("pointer") for detail in received["details"]] == pointers
    settings.API_ERRORS = {**CAMEL, "DETAILS": False}
    assert send(quiet_client, sent)["errors"] == messages


def test_a_parameter_is_spelt_as_it_was_sent_if_a_middleware_has_changed_it(
    quiet_client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = CAMEL
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "djangorestframework_camel_case.middleware.CamelCaseMiddleWare",
    ]
    received = Client(raise_request_exception=False).get("/search?maxPrice=x").json()
    assert received["errors"] == [f"maxPrice: {NUMBER}"]


def test_the_examples_of_the_schema_have_names_as_the_client_spells_them(
    settings: Settings,
) -> None:
    settings.API_ERRORS = CAMEL
    view = subclass(generics.CreateAPIView, serializer_class=OrderSerializer, queryset=None)
    document = SchemaGenerator(patterns=[path("orders", view.as_view())]).get_schema(public=True)
    content = document["paths"]["/orders"]["post"]["responses"]["400"]["content"]
    example = content["application/json"]["examples"]["INVALID_CONTENT"]["value"]
    assert example["errors"] == [f"clientName: {REQUIRED}"]
    [detail] = example["details"]
    assert (detail["in"], detail["pointer"]) == ("body", "/clientName")


@pytest.mark.parametrize("names", [["Vase"], ["Jug"], ["Jug", "Vase"]])
def test_the_fields_of_a_unique_set_have_names_as_the_client_spells_them(
    quiet_client: Client, settings: Settings, names: list[str]
) -> None:
    settings.API_ERRORS = CAMEL
    shelf = Shelf.objects.create(pk=1, name="Lamp")
    for name in names:
        Thing.objects.create(name=name, shelf=shelf, size=4 if name == "Vase" else 3)
    data = {"on_shelf": 1, "total_size": 3, "thing_name": "Vase"}
    received = send(quiet_client, Sent("POST", "together", [], data))
    sets = {"Jug": "onShelf, totalSize", "Vase": "onShelf, thingName"}
    expected = [f"The fields {sets[name]} must make a unique set." for name in names]
    assert received["errors"] == expected
    assert [detail["message"] for detail in received["details"]] == expected


def test_the_message_of_one_unique_field_stays(quiet_client: Client, settings: Settings) -> None:
    settings.API_ERRORS = CAMEL
    Shelf.objects.create(name="Lamp")
    received = send(quiet_client, Sent("POST", "shelves", [], {"name": "Lamp"}))
    assert received["errors"] == ["name: shelf with this name already exists."]


@pytest.mark.parametrize(
    ("function", "names"),
    [("camelize_name", "onShelf, totalSize"), ("fail", "on_shelf, total_size")],
)
def test_the_example_of_a_unique_set_has_names_as_the_client_spells_them(
    settings: Settings, function: str, names: str
) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.{function}"}
    view = subclass(generics.CreateAPIView, serializer_class=TogetherSerializer, queryset=None)
    document = SchemaGenerator(patterns=[path("sets", view.as_view())]).get_schema(public=True)
    content = document["paths"]["/sets"]["post"]["responses"]["400"]["content"]
    example = content["application/json"]["examples"]["ALREADY_EXISTS"]["value"]
    assert example["errors"] == [f"The fields {names} must make a unique set."]


def return_nothing(name: str) -> None:
    """Forget to return the name."""


def return_surrogate(name: str) -> str:
    """Return a name that UTF-8 cannot encode."""
    return f"\ud800{name}"


def return_long_name(name: str) -> str:
    """Return a name of 1 MB."""
    return name * 100_000


def test_a_long_name_is_cut(quiet_client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.return_long_name", "DETAILS": True}
    received = send(quiet_client, SENT["a field"])
    assert received["errors"] == [f"{('client_name' * 10)[:99]}…: {REQUIRED}"]
    assert "pointer" not in received["details"][0]


def lengthen(name: str) -> str:
    """Return a name with 45 characters more."""
    return f"{name}_{'x' * 44}"


LENGTHENED = {"FIELD_NAMES": f"{__name__}.lengthen", "MAX_ERRORS": None}
IDS: Any = [{"client_name": "Ann", "id": "x"}] * 13_000
PARTS: Any = {LONG[:99]: {LONG[:98]: [{}] * 5_000}}


@pytest.mark.parametrize(
    ("changes", "url", "data"),
    [
        (LENGTHENED, "order", IDS),
        ({**LENGTHENED, "DETAILS": True}, "order", IDS),
        ({**LENGTHENED, "DETAILS": True, "PROBLEM_JSON": True}, "order", IDS),
        # The pointer begins with the keys of the part, which the path of the field does not have.
        ({"DETAILS": True, "MAX_ERRORS": None}, "innermost", PARTS),
    ],
)
def test_a_body_has_at_most_1_mb_with_the_names_of_clients(
    quiet_client: Client, settings: Settings, changes: dict[str, Any], url: str, data: Any
) -> None:
    settings.API_ERRORS = changes
    response = quiet_client.post(f"/{url}", data, "application/json")
    assert 700_000 < len(response.content) <= 1_000_000
    sent = response.json()
    left_out = len(data if isinstance(data, list) else [{}] * 5_000) - len(sent["errors"]) + 1
    assert sent["errors"][-1] == f"{left_out} more errors were left out."
    details = sent.get("details", [])
    assert [detail["message"] for detail in details] == [
        message.split(": ", 1)[-1] for message in sent["errors"] if details
    ]
    assert all("pointer" in detail for detail in details[:-1])


def test_one_name_that_does_not_fit_is_sent_as_the_serializer_spells_it(
    quiet_client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {**LENGTHENED, "DETAILS": True}
    received = send(quiet_client, Sent("POST", "deep", [], {}))
    assert received["errors"] == [f"{'a.' * 9_999}a: No.", "1 more error was left out."]
    assert received["details"][0]["field"] == f"{'a.' * 9_999}a"


CALLS: list[str] = []


def count(name: str) -> str:
    """Return a name, and count the calls."""
    CALLS.append(name)
    return name


def test_the_function_is_called_once_for_each_name(
    quiet_client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.count", "DETAILS": True}
    CALLS.clear()
    send(quiet_client, Sent("POST", "order", [], [{}] * 50))
    assert CALLS == ["client_name"]


def test_a_query_is_parsed_once_for_all_messages(quiet_client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.count"}
    query = "&".join(f"{name}=1" for name in MANY)
    start = time.process_time()
    errors = quiet_client.get(f"/many?{query}").json()["errors"]
    assert errors == [f"{name}: No." for name in MANY]
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize("function", ["fail", "missing", "return_nothing", "return_surrogate"])
def test_if_the_function_fails_all_messages_are_sent(
    quiet_client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.{function}", "DETAILS": True}
    document = [{}, {}, {}]
    received = send(quiet_client, Sent("POST", "order", [], document))
    assert len(received.pop("details")) == 3
    assert received == body(
        "INVALID_CONTENT", *(f"[{row}].client_name: {REQUIRED}" for row in range(3))
    )
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "FIELD_NAMES" in record.getMessage()


def camelize_all_but_lists(name: str) -> Any:
    """Return a name, and values that are not names for two others."""
    if name == "line_items":
        raise LookupError(name)
    return 7 if name == "unit_prices" else camelize_name(name)


def test_the_names_for_which_the_function_fails_stay(
    quiet_client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {
        "FIELD_NAMES": f"{__name__}.camelize_all_but_lists",
        "DETAILS": True,
    }
    rows = {"line_items": [{}], "unit_prices": {"per_kilo": "x"}}
    received = send(quiet_client, Sent("POST", "order", [], [rows, {"client_name": ""}]))
    assert [detail["field"] for detail in received["details"]] == [
        "[0].clientName",
        "[0].line_items[0].unitPrice",
        "[0].unit_prices.perKilo",
        "[1].clientName",
    ]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "FIELD_NAMES" in record.getMessage()


def test_a_failure_is_logged_once_for_many_unique_sets(
    quiet_client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"FIELD_NAMES": f"{__name__}.fail"}
    Thing.objects.create(name="Vase", shelf=Shelf.objects.create(pk=1, name="Lamp"), size=3)
    data = {"on_shelf": 1, "total_size": 3, "thing_name": "Jug"}
    received = send(quiet_client, Sent("POST", "sets", [], [data] * 3))
    assert received["errors"] == [
        f"[{row}]: The fields on_shelf, total_size must make a unique set." for row in range(3)
    ]
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_an_unhandled_exception_has_the_code_of_the_error_in_details(
    quiet_client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    [detail] = send(quiet_client, SENT["an unhandled exception"])["details"]
    assert detail["code"] == "internal_error"
