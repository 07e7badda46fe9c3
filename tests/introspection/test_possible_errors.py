# ruff: noqa: DJ008
"""The success status and the possible errors of each method of a view."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.functions import Lower
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import path
from rest_framework import filters as stock_filters
from rest_framework import generics as stock_generics
from rest_framework import pagination as stock_pagination
from rest_framework import serializers, versioning
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
)
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.schemas.generators import BaseSchemaGenerator
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle, UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet as StockModelViewSet

from django_apierrors import filters, generics, pagination, viewsets
from django_apierrors.catalog import CATALOG
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.introspection.possible_errors import get_errors, get_success_statuses
from django_apierrors.operations import AcceptedAPIView, AcceptedMixin, OperationView
from tests.models import Parcel, Shelf, Thing

ALWAYS = {"415 UNSUPPORTED_MEDIA_TYPE", "500 INTERNAL_ERROR", "503 SERVICE_UNAVAILABLE"}
UNAUTHENTICATED, FORBIDDEN = {"401 UNAUTHENTICATED"}, {"403 ACCESS_FORBIDDEN"}
METHOD = {"403 METHOD_FORBIDDEN"}
CONTENT, MISSING = {"400 INVALID_CONTENT"}, {"404 MISSING_RESOURCE"}
BODY = CONTENT | {"413 CONTENT_TOO_LARGE"}
IDENTIFIER = {"400 INVALID_ID"} | MISSING
KEYS = {"400 INVALID_ID", "400 MISSING_RESOURCE"}
STATE, DUPLICATE = {"400 INVALID_STATE"}, {"400 ALREADY_EXISTS"}
THROTTLED = {"429 THROTTLED"}


with isolate_apps("tests"):

    class Chain(models.Model):
        """Its deletion cascades to chains, and to links that a lock protects."""

        parent = models.ForeignKey("self", models.CASCADE)

    class Link(models.Model):
        chain = models.ForeignKey(Chain, models.CASCADE, related_name="+")

    class Lock(models.Model):
        link = models.ForeignKey(Link, models.PROTECT, related_name="+")

    class Expressed(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            constraints = [models.UniqueConstraint(Lower("name"), name="unique_lower")]

    class Dated(models.Model):
        name = models.CharField(max_length=20, unique_for_date="day")
        day = models.DateField()

        class Meta:
            unique_together = [("name", "day")]


def make_serializer(cls: Any, *names: str, **attributes: Any) -> Any:
    """Return a serializer of a model, with these fields."""
    meta = type("Meta", (), {"model": cls, "fields": names or "__all__"} | attributes)
    return type("Serializer", (serializers.ModelSerializer,), {"Meta": meta})


ShelfSerializer = make_serializer(Shelf, "id", "name")
ThingSerializer = make_serializer(Thing, "key", "name", "size", "shelf")
ReadOnly = make_serializer(Shelf, "id", "name", read_only_fields=["id", "name"])
Sized = make_serializer(Thing, "size", validators=[print])


class Unchecked(make_serializer(Thing, "name")):  # type: ignore[misc]
    name = serializers.CharField()


class Nested(serializers.Serializer):
    things = ThingSerializer(many=True)
    parcels = serializers.SlugRelatedField("slug", many=True, queryset=Parcel.objects.all())
    note = serializers.ListField(child=serializers.CharField(required=False))


class NameOnly(serializers.Serializer):
    name = serializers.CharField()


class FieldsFail(serializers.Serializer):
    def get_fields(self) -> Any:
        return {"name": self.context["nothing"]}


class ShelfViewSet(viewsets.ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    @action(detail=True, methods=["post"])
    def empty(self, request: Any, pk: str) -> Response:
        raise NotImplementedError


class Plain(APIView):
    def get(self, request: Any) -> Response:
        raise NotImplementedError

    post = put = delete = get


def make(callback: Any, method: str = "GET", route: str = "") -> Endpoint:
    """Return the endpoint for one method of a view class or callback."""
    if isinstance(callback, type):
        callback = callback.as_view()
    return Endpoint(BaseSchemaGenerator().create_view(callback, method), method, route)


def errors_of(callback: Any, method: str = "GET", route: str = "") -> set[str]:
    """Return the possible errors of a view, each as its status and code."""
    errors = get_errors(make(callback, method, route))
    return {f"{error.status} {error.code.name}" for error in errors}


def beyond(callback: Any, method: str = "GET", route: str = "") -> set[str]:
    """Return the errors beyond those that are always possible."""
    errors = errors_of(callback, method, route)
    assert errors >= ALWAYS
    return errors - ALWAYS


def messages_of(callback: Any, method: str = "POST") -> dict[str, str]:
    """Return the messages of the errors of status 400, by code."""
    errors = get_errors(make(callback, method))
    return {
        error.code.name: " ".join(error.get_messages()) for error in errors if error.status == 400
    }


def with_attributes(cls: Any, **attributes: Any) -> Any:
    """Return a subclass of a view with these attributes."""
    return type(cls.__name__, (cls,), attributes)


COLLECTION = {"get": "list", "post": "create"}
ONE_OBJECT = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


Accepting = type("Accepting", (AcceptedMixin, ShelfViewSet), {"accepting_actions": ["destroy"]})
AcceptingPut = type("AcceptingPut", (AcceptedMixin, Plain), {"accepting_actions": ["put"]})


@pytest.mark.parametrize(
    ("callback", "method", "status"),
    [
        (ShelfViewSet.as_view(COLLECTION), "GET", 200),
        (ShelfViewSet.as_view(COLLECTION), "POST", 201),
        (ShelfViewSet.as_view(ONE_OBJECT), "DELETE", 204),
        (ShelfViewSet.as_view({"post": "empty"}, detail=True), "POST", 200),
        (ShelfViewSet.as_view({"delete": "empty"}, detail=True), "DELETE", 204),
        (ShelfViewSet.as_view(ONE_OBJECT, put_status=204), "PUT", 204),
        (ShelfViewSet.as_view(ONE_OBJECT, put_status=204), "PATCH", 204),
        (ShelfViewSet.as_view(ONE_OBJECT, delete_status=200), "DELETE", 200),
        (StockModelViewSet.as_view(ONE_OBJECT), "PUT", 200),
        (stock_generics.ListCreateAPIView, "POST", 201),
        (Plain, "POST", 200),
        (Plain, "DELETE", 204),
        (AcceptedAPIView, "POST", 202),
        (Accepting.as_view(ONE_OBJECT), "GET", 200),
        (Accepting.as_view(ONE_OBJECT), "DELETE", 202),
        (AcceptingPut, "POST", 200),
        (AcceptingPut, "PUT", 202),
        (OperationView, "GET", 200),
    ],
)
def test_a_method_succeeds_with_its_status(callback: Any, method: str, status: int) -> None:
    assert get_success_statuses(make(callback, method)) == (status,)


OPEN = {"authentication_classes": (), "permission_classes": ()}
Open = with_attributes(Plain, **OPEN)
OpenCreate = with_attributes(generics.CreateAPIView, **OPEN)
OpenDestroy = with_attributes(generics.DestroyAPIView, **OPEN)
OpenList = with_attributes(
    generics.ListAPIView, **OPEN, queryset=Shelf.objects.all(), serializer_class=ShelfSerializer
)
OpenRetrieve = with_attributes(generics.RetrieveAPIView, **OPEN)
OpenShelves = with_attributes(ShelfViewSet, **OPEN)


class NeedsRequest(Plain):
    http_method_names = ["get"]
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAdminUser]
    throttle_classes = [UserRateThrottle]

    def get_permissions(self) -> Any:
        return self.request.user.permissions

    get_authenticators = get_throttles = get_permissions


Fast = with_attributes(UserRateThrottle, rate="0/day")
Idle = with_attributes(UserRateThrottle, THROTTLE_RATES={"user": None})
Parsing = with_attributes(stock_pagination.PageNumberPagination, page_size=2, get_page_size=print)
# A pagination and a filter of the project's own.
OwnPagination = with_attributes(stock_pagination.BasePagination)
OwnFilter = with_attributes(stock_filters.BaseFilterBackend)


@api_view(["GET", "POST"])
def function(request: Any) -> Response:
    raise NotImplementedError


def make_version(scheme: Any, *allowed: str) -> dict[str, Any]:
    return {"versioning_class": type("Versioned", (scheme,), {"allowed_versions": allowed})}


SHELVES = {"queryset": Shelf.objects.order_by("pk"), "serializer_class": ShelfSerializer}
SESSION = {"authentication_classes": [SessionAuthentication]}
BASIC = {"authentication_classes": [BasicAuthentication]}
ADMIN = {"permission_classes": [IsAdminUser]}
BY_NAME = {"queryset": Shelf.objects.all(), "lookup_field": "name"}

# Each view with the attributes that its subclass changes, the method, the route and the errors.
CASES: list[tuple[Any, dict[str, Any], str, str, set[str]]] = [
    (Open, {}, "GET", "", set()),
    # Credentials and permissions. A session is never invalid, but its CSRF token may be.
    (Open, ADMIN, "GET", "", FORBIDDEN | METHOD),
    (Open, ADMIN | {"http_method_names": ["get"]}, "GET", "", FORBIDDEN),
    (Open, BASIC | {"permission_classes": [AllowAny]}, "GET", "", UNAUTHENTICATED),
    (Open, SESSION, "GET", "", set()),
    (Open, SESSION, "DELETE", "", FORBIDDEN),
    (
        *(Open, SESSION | {"permission_classes": [IsAuthenticated | IsAdminUser]}, "GET", ""),
        UNAUTHENTICATED | FORBIDDEN | METHOD,
    ),
    (NeedsRequest, {}, "GET", "", UNAUTHENTICATED | FORBIDDEN | THROTTLED),
    (function, {}, "POST", "a/<str:pk>", UNAUTHENTICATED | FORBIDDEN | BODY | IDENTIFIER),
    # Throttles.
    (Open, {"throttle_classes": [Fast]}, "GET", "", THROTTLED),
    (Open, {"throttle_classes": [Idle]}, "GET", "", set()),
    (Open, {"throttle_classes": [BaseThrottle]}, "GET", "", THROTTLED),
    (Open, {"throttle_classes": [ScopedRateThrottle]}, "GET", "", set()),
    (
        *(Open, {"throttle_classes": [ScopedRateThrottle], "throttle_scope": "a"}, "GET", ""),
        THROTTLED,
    ),
    # Variables of the URL.
    (Open, {}, "GET", "a/<pk>", IDENTIFIER),
    (Open, {}, "GET", "a/<slug:pk>", IDENTIFIER),
    (Open, {}, "GET", "a/<int:pk>", MISSING),
    (Open, {}, "GET", "^a/(?P<pk>[^/.]+)/$", IDENTIFIER),
    (Open, {}, "GET", "^a/(?P<pk>[0-9]+)/$", MISSING),
    (Open, {}, "GET", r"^a/(?P<pk>\d+)/$", MISSING),
    (Open, {}, "GET", "a/<str:a_pk>/b/<int:pk>", IDENTIFIER),
    (Open, {}, "GET", r"^a\.(?P<format>[a-z0-9]+)/?$", set()),
    (OperationView, OPEN, "GET", "a/<str:handle>", MISSING | {"410 GONE"}),
    # No text is malformed for DRF's own views.
    *(
        (cls, OPEN | attributes, "GET", route, errors)
        for cls, attributes, route, errors in [
            (stock_generics.RetrieveAPIView, BY_NAME, "a/<name>", MISSING),
            (stock_generics.RetrieveAPIView, BY_NAME | {"lookup_url_kwarg": "a"}, "<a>", MISSING),
            (stock_generics.RetrieveAPIView, BY_NAME, "<floor>/a/<name>", IDENTIFIER),
            (stock_generics.RetrieveAPIView, {"queryset": Shelf.objects.all()}, "<pk>", IDENTIFIER),
            (generics.RetrieveAPIView, BY_NAME, "a/<name>", IDENTIFIER),
        ]
    ),
    # Versions.
    (Open, make_version(versioning.URLPathVersioning), "GET", "<version>/a", set()),
    (Open, make_version(versioning.URLPathVersioning, "1"), "GET", "<version>/a", MISSING),
    (Open, make_version(versioning.AcceptHeaderVersioning, "1"), "GET", "a", set()),
    # Bodies.
    (Open, {}, "PUT", "", BODY),
    (Open, {"serializer_class": ShelfSerializer}, "POST", "", BODY | DUPLICATE),
    (OpenCreate, {"serializer_class": NameOnly}, "POST", "", BODY),
    (OpenCreate, {"serializer_class": FieldsFail}, "POST", "", BODY),
    (OpenCreate, {"serializer_class": ReadOnly}, "POST", "", BODY),
    (OpenCreate, {"serializer_class": Unchecked}, "POST", "", BODY | DUPLICATE | STATE),
    (OpenCreate, {"serializer_class": Sized}, "POST", "", BODY | DUPLICATE | STATE),
    (OpenCreate, {"serializer_class": Nested}, "POST", "", BODY | DUPLICATE | STATE | KEYS),
    # The database errors of accepted work occur in a worker.
    (AcceptedAPIView, OPEN | {"serializer_class": Unchecked}, "POST", "", BODY),
    (AcceptedAPIView, OPEN | {"serializer_class": ShelfSerializer}, "POST", "", BODY | DUPLICATE),
    # Deletions.
    *(
        (OpenDestroy, {"queryset": model._default_manager.all()}, "DELETE", "", errors)
        for model, errors in [
            (Shelf, STATE),
            (Link, STATE),
            (Chain, STATE),
            (Thing, set()),
            (Lock, set()),
        ]
    ),
    (OpenDestroy, {}, "DELETE", "", set()),
    (Open, {"queryset": Shelf.objects.all()}, "DELETE", "", set()),
    # Paginations.
    *(
        (OpenList, {"pagination_class": cls}, "GET", "", errors)
        for cls, errors in [
            (None, set()),
            (pagination.PageNumberPagination, MISSING | CONTENT),
            (pagination.LimitOffsetPagination, CONTENT),
            (pagination.CursorPagination, CONTENT),
            (stock_pagination.PageNumberPagination, MISSING),
            (stock_pagination.LimitOffsetPagination, set()),
            (stock_pagination.CursorPagination, MISSING | CONTENT),
            (Parsing, MISSING | CONTENT),
            (OwnPagination, MISSING | CONTENT),
        ]
    ),
    (OpenRetrieve, {"pagination_class": OwnPagination}, "GET", "", set()),
    # Filters.
    *(
        (OpenList, {"filter_backends": [stock_filters.OrderingFilter, cls]}, "GET", "", errors)
        for cls, errors in [
            (stock_filters.OrderingFilter, set()),
            (stock_filters.SearchFilter, CONTENT),
            (filters.OrderingFilter, CONTENT),
            (OwnFilter, CONTENT),
        ]
    ),
    (OpenRetrieve, {"filter_backends": [OwnFilter]}, "GET", "", CONTENT),
    (OpenCreate, {"filter_backends": [OwnFilter]}, "POST", "", BODY),
]


@pytest.mark.parametrize(("view", "attributes", "method", "route", "expected"), CASES)
def test_the_possible_errors_follow_from_the_view(
    view: Any, attributes: dict[str, Any], method: str, route: str, expected: set[str]
) -> None:
    view = with_attributes(view, **attributes) if attributes else view
    assert beyond(view, method, route) == expected


def test_the_actions_of_a_viewset_decide_on_one_route() -> None:
    view = with_attributes(OpenShelves, **ADMIN, filter_backends=[OwnFilter])
    assert beyond(view.as_view({"get": "list"})) == FORBIDDEN | CONTENT
    assert beyond(view.as_view({"get": "empty", "post": "list"})) == FORBIDDEN | METHOD
    assert beyond(view.as_view({"get": "empty"}, detail=True)) > CONTENT


def test_the_settings_decide_on_some_errors(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    settings.API_ERRORS = {
        "PROBE_PERMISSIONS": False,
        "CODES": {"ALREADY_EXISTS": {"status": 409}},
        "EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None},
    }
    view = with_attributes(Open, **ADMIN, serializer_class=ShelfSerializer)
    assert errors_of(view, "POST") == {
        *(ALWAYS | CONTENT | FORBIDDEN),
        "406 NOT_ACCEPTABLE",
        "409 ALREADY_EXISTS",
    }


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Expressed, "Another resource has the same value for this field."),
        (Dated, "The fields name, day must make a unique set."),
        (Shelf, "name: shelf with this name already exists."),
    ],
)
def test_the_example_of_a_duplicate_has_the_message_of_its_validator(
    cls: Any, message: str
) -> None:
    view = with_attributes(generics.CreateAPIView, serializer_class=make_serializer(cls))
    assert messages_of(view)["ALREADY_EXISTS"] == message


def test_the_examples_of_a_body_name_its_fields() -> None:
    assert messages_of(with_attributes(generics.CreateAPIView, serializer_class=Nested)) == {
        "INVALID_CONTENT": "things: This field is required.",
        "INVALID_ID": "things[0].shelf: Incorrect type. Expected pk value, received list.",
        "MISSING_RESOURCE": 'things[0].shelf: Invalid pk "4711" - object does not exist.',
        "ALREADY_EXISTS": "things[0]: The fields shelf, size must make a unique set.",
        "INVALID_STATE": "The state of this resource does not allow the request.",
    }


@pytest.mark.parametrize(
    ("cls", "attributes", "message"),
    [
        (stock_pagination.PageNumberPagination, {}, "page: Invalid page."),
        (
            stock_pagination.PageNumberPagination,
            {"invalid_page_message": "{message}: {page_number}"},
            "page: That page contains no results: 99",
        ),
        (stock_pagination.CursorPagination, {"ordering": "pk"}, "cursor: Invalid cursor"),
        (stock_pagination.BasePagination, {}, str(CATALOG["MISSING_RESOURCE"].message)),
    ],
)
def test_the_example_of_a_page_that_does_not_exist_names_the_parameter(
    cls: Any, attributes: dict[str, Any], message: str
) -> None:
    pagination_class = with_attributes(cls, page_size=2, **attributes)
    view = with_attributes(stock_generics.ListAPIView, **SHELVES, pagination_class=pagination_class)
    errors = {error.code.name: error for error in get_errors(make(view, "GET"))}
    assert errors["MISSING_RESOURCE"].get_messages() == [message]


PK, SLUG = serializers.PrimaryKeyRelatedField, serializers.SlugRelatedField


@pytest.mark.parametrize(
    ("field", "malformed", "unknown"),
    [
        (
            PK(queryset=Thing.objects.all()),
            "Incorrect type. Expected pk value, received list.",
            'Invalid pk "00000000-0000-4000-8000-000000000000" - object does not exist.',
        ),
        (
            PK(queryset=Parcel.objects.all()),
            "Incorrect type. Expected pk value, received list.",
            'Invalid pk "111111111111111111111111" - object does not exist.',
        ),
        (
            SLUG("slug", queryset=Parcel.objects.all()),
            "Invalid value.",
            "Object with slug=4711 does not exist.",
        ),
    ],
    ids=["UUID", "hexadecimal", "slug"],
)
def test_the_examples_of_a_foreign_key_have_a_well_formed_key(
    field: Any, malformed: str, unknown: str
) -> None:
    serializer = type("Serializer", (serializers.Serializer,), {"other": field})
    assert messages_of(with_attributes(generics.CreateAPIView, serializer_class=serializer)) == {
        "INVALID_CONTENT": "other: This field is required.",
        "INVALID_ID": f"other: {malformed}",
        "MISSING_RESOURCE": f"other: {unknown}",
    }


@pytest.mark.parametrize(("attributes", "method"), [({"partial_put": True}, "PUT"), ({}, "PATCH")])
def test_the_example_of_a_partial_update_has_no_required_field(
    attributes: Any, method: str
) -> None:
    view = with_attributes(ShelfViewSet, **attributes).as_view(ONE_OBJECT)
    assert messages_of(view, method)["INVALID_CONTENT"] == "The syntax/content is incorrect."


class OutOfStock(APIException):
    status_code = 409
    default_code = "out_of_stock"


def test_a_view_names_further_errors() -> None:
    unknown = ValidationError("No such shelf.", "does_not_exist")
    errors = ["GONE", "PAYMENT_REQUIRED", OutOfStock, unknown]
    assert beyond(with_attributes(Open, possible_errors=errors)) == {
        "400 MISSING_RESOURCE",
        "402 PAYMENT_REQUIRED",
        "409 OUT_OF_STOCK",
        "410 GONE",
    }


def test_a_view_names_further_errors_by_action_or_method(settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"SOLD": {"status": 410}}}

    class Named(OpenShelves):
        def get_possible_errors(self) -> Any:
            return {"create": ["SOLD"], "post": ["CONFLICT"]}

    view = Named.as_view(COLLECTION)
    assert beyond(view, "POST") - BODY - DUPLICATE == {"410 SOLD", "409 CONFLICT"}
    assert beyond(view) == set()


@pytest.mark.parametrize("item", ["OUT_OF_STOK", ValueError, 409])
def test_a_view_whose_possible_errors_are_not_errors_is_misconfigured(item: Any) -> None:
    view = with_attributes(Open, possible_errors=[item])
    with pytest.raises(ImproperlyConfigured, match=r"Plain\.possible_errors names .* neither"):
        errors_of(view)


# The inferred errors, compared with real responses.

PUBLIC = {"authentication_classes": [BasicAuthentication], "permission_classes": []}


RealShelves = with_attributes(
    generics.ListCreateAPIView,
    **(PUBLIC | SHELVES),
    pagination_class=with_attributes(pagination.PageNumberPagination, page_size=2),
    filter_backends=[filters.OrderingFilter, stock_filters.SearchFilter],
    ordering_fields=["name"],
    search_fields=["name"],
)
VIEWS = {
    "shelves": RealShelves,
    "shelves/<str:pk>": with_attributes(
        generics.RetrieveUpdateDestroyAPIView, **(PUBLIC | SHELVES)
    ),
    "things": with_attributes(
        generics.CreateAPIView,
        **PUBLIC,
        queryset=Thing.objects.all(),
        serializer_class=ThingSerializer,
    ),
    "stock": with_attributes(
        stock_generics.ListAPIView,
        **(PUBLIC | SHELVES),
        pagination_class=with_attributes(stock_pagination.PageNumberPagination, page_size=2),
    ),
    "unhandled": with_attributes(Plain, **PUBLIC),
    "limited": with_attributes(RealShelves, throttle_classes=[Fast]),
    "admins": with_attributes(RealShelves, permission_classes=[IsAdminUser]),
}


@pytest.fixture
def client(set_urls: Any, db: None) -> Client:
    """Return a client of the views, with a shelf that holds a thing."""
    set_urls(*(path(route, view.as_view()) for route, view in VIEWS.items()))
    shelf = Shelf.objects.create(pk=1, name="low")
    Thing.objects.create(name="cup", size=1, shelf=shelf)
    Parcel.objects.create(number=1, shelf=Shelf.objects.create(pk=2, name="high"))
    User.objects.create_user("ada", password="secret")
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("method", "url", "body", "headers", "expected"),
    [
        ("GET", "shelves?page=x", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves?page=9", "", {}, "404 MISSING_RESOURCE"),
        ("GET", "shelves?ordering=id", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves?search=%00", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves", "", {"Authorization": "Basic eDp5"}, "401 UNAUTHENTICATED"),
        ("GET", "shelves", "", {"Accept": "text/csv"}, "415 UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "shelves", "{", {}, "400 INVALID_CONTENT"),
        ("POST", "shelves", '{"name": "low"}', {}, "400 ALREADY_EXISTS"),
        ("GET", "shelves/x", "", {}, "400 INVALID_ID"),
        ("GET", "shelves/9", "", {}, "404 MISSING_RESOURCE"),
        ("DELETE", "shelves/1", "", {}, "400 INVALID_STATE"),
        ("DELETE", "shelves/2", "", {}, "400 INVALID_STATE"),
        ("POST", "things", '{"name": "jug", "shelf": []}', {}, "400 INVALID_ID"),
        ("POST", "things", '{"name": "jug", "shelf": 9}', {}, "400 MISSING_RESOURCE"),
        ("POST", "things", '{"name": "jug", "size": -1}', {}, "400 INVALID_STATE"),
        ("GET", "stock?page=x", "", {}, "404 MISSING_RESOURCE"),
        ("GET", "unhandled", "", {}, "500 INTERNAL_ERROR"),
        ("GET", "limited", "", {}, "429 THROTTLED"),
        (
            *("GET", "admins", ""),
            {"Authorization": "Basic YWRhOnNlY3JldA=="},
            "403 ACCESS_FORBIDDEN",
        ),
    ],
)
def test_the_error_that_a_server_sends_was_inferred(
    client: Client, method: str, url: str, body: str, headers: dict[str, str], expected: str
) -> None:
    response = client.generic(method, f"/{url}", body, "application/json", headers=headers)
    error = response.json()
    code = "UNAUTHENTICATED" if error["code"] == 33619968 else error["code"]
    assert f"{error['status']} {code}" == expected
    name, slash, _ = url.partition("?")[0].partition("/")
    route = f"{name}/<str:pk>" if slash else name
    assert expected in errors_of(VIEWS[route], method, route)
