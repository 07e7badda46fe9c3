"""What a verb of a view succeeds with, and the errors it can answer."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.functions import Lower
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import clear_url_caches, path
from rest_framework import filters as stock_filters
from rest_framework import generics as stock_generics
from rest_framework import pagination as stock_pagination
from rest_framework import serializers, versioning
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
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
from django_apierrors.introspection.possible_errors import (
    get_codes,
    get_errors,
    get_success_statuses,
)
from django_apierrors.operations import AcceptedAPIView, AcceptedMixin, OperationView
from tests.models import Parcel, Shelf, Thing

ALWAYS = {"415 UNSUPPORTED_MEDIA_TYPE", "500 INTERNAL_ERROR", "503 SERVICE_UNAVAILABLE"}
BODY = {"400 INVALID_CONTENT", "413 CONTENT_TOO_LARGE"}
LOOK_UP = {"400 INVALID_ID", "404 MISSING_RESOURCE"}
KEYS = {"400 INVALID_ID", "400 MISSING_RESOURCE"}


with isolate_apps("tests"):

    class Chain(models.Model):
        """Goes with its own kind, and with what keeps it."""

        parent = models.ForeignKey("self", models.CASCADE)

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return "chain"

    class Link(models.Model):
        """Goes with a chain, whose links do not know of it."""

        chain = models.ForeignKey(Chain, models.CASCADE, related_name="+")

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return "link"

    class Lock(models.Model):
        """Keeps a link, and with it its chain."""

        link = models.ForeignKey(Link, models.PROTECT, related_name="+")

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return "lock"

    class Expressed(models.Model):
        """Something unique by an expression, and checked for nothing."""

        name = models.CharField(max_length=20)

        class Meta:
            app_label = "tests"
            constraints = [models.UniqueConstraint(Lower("name"), name="unique_lower")]

        def __str__(self) -> str:
            return self.name

    class Dated(models.Model):
        """Something unique for a date, and together with it."""

        name = models.CharField(max_length=20, unique_for_date="day")
        day = models.DateField()

        class Meta:
            app_label = "tests"
            unique_together = [("name", "day")]

        def __str__(self) -> str:
            return self.name


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


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves, one of which can be emptied."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    @action(detail=True, methods=["post"])
    def empty(self, request: Any, pk: str) -> Response:
        """Empty the shelf."""
        raise NotImplementedError


class ThingViewSet(viewsets.ModelViewSet):
    """Things."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer
    put_status = 204
    delete_status = 200


class StockViewSet(StockModelViewSet):
    """Things, by DRF."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer


class Plain(APIView):
    """A view of which nothing is known."""

    def get(self, request: Any) -> Response:
        """Answer."""
        raise NotImplementedError

    post = put = delete = get


class ShelfList(generics.ListAPIView):
    """Shelves."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


def make(callback: Any, method: str) -> Any:
    """Return the view for one verb, as a schema generator does."""
    if isinstance(callback, type):
        callback = callback.as_view()
    return BaseSchemaGenerator().create_view(callback, method)


def errors_of(callback: Any, method: str = "GET", route: str = "") -> set[str]:
    """Return the errors that a view can answer, each as its status and code."""
    errors = get_errors(make(callback, method), method, route)
    return {f"{error.status} {error.code.name}" for error in errors}


def beyond(callback: Any, method: str = "GET", route: str = "") -> set[str]:
    """Return the errors beyond those that every view can answer."""
    found = errors_of(callback, method, route)
    assert found >= ALWAYS
    return found - ALWAYS


def with_attributes(cls: Any, **attributes: Any) -> Any:
    """Return a view with attributes of its own."""
    return type(cls.__name__, (cls,), attributes)


COLLECTION = {"get": "list", "post": "create"}
MEMBER = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


@pytest.mark.parametrize(
    ("callback", "method", "status"),
    [
        (ShelfViewSet.as_view(COLLECTION), "GET", 200),
        (ShelfViewSet.as_view(COLLECTION), "POST", 201),
        (ShelfViewSet.as_view(MEMBER), "GET", 200),
        (ShelfViewSet.as_view(MEMBER), "PUT", 200),
        (ShelfViewSet.as_view(MEMBER), "DELETE", 204),
        (ShelfViewSet.as_view({"post": "empty"}, detail=True), "POST", 200),
        (ThingViewSet.as_view(MEMBER), "PUT", 204),
        (ThingViewSet.as_view(MEMBER), "PATCH", 204),
        (ThingViewSet.as_view(MEMBER), "DELETE", 200),
        (StockViewSet.as_view(COLLECTION), "POST", 201),
        (StockViewSet.as_view(MEMBER), "PUT", 200),
        (StockViewSet.as_view(MEMBER), "PATCH", 200),
        (StockViewSet.as_view(MEMBER), "DELETE", 204),
        (stock_generics.ListCreateAPIView, "GET", 200),
        (stock_generics.ListCreateAPIView, "POST", 201),
        (stock_generics.RetrieveUpdateDestroyAPIView, "PUT", 200),
        (generics.RetrieveUpdateDestroyAPIView, "DELETE", 204),
        (Plain, "GET", 200),
        (Plain, "POST", 200),
        (Plain, "PUT", 200),
        (Plain, "DELETE", 204),
        (AcceptedAPIView, "POST", 202),
        (OperationView, "GET", 200),
    ],
)
def test_a_verb_succeeds_with_its_status(callback: Any, method: str, status: int) -> None:
    assert get_success_statuses(make(callback, method), method) == (status,)


def test_an_accepting_action_succeeds_with_202_and_its_neighbours_as_ever() -> None:
    class Both(AcceptedMixin, ShelfViewSet):
        accepting_actions = ("destroy",)

    callback = Both.as_view(MEMBER)
    statuses = [get_success_statuses(make(callback, verb), verb) for verb in ("GET", "DELETE")]
    assert statuses == [(200,), (202,)]


def test_an_accepting_verb_of_a_plain_view_succeeds_with_202() -> None:
    class Accepting(AcceptedMixin, Plain):
        accepting_actions = ("put",)

    statuses = [get_success_statuses(make(Accepting, verb), verb) for verb in ("POST", "PUT")]
    assert statuses == [(200,), (202,)]


OPEN = {"authentication_classes": (), "permission_classes": ()}
Open = with_attributes(Plain, **OPEN)


def test_a_view_without_anything_can_fail_only_by_itself() -> None:
    assert errors_of(Open) == ALWAYS


@pytest.mark.parametrize(
    ("authenticators", "permissions", "method", "expected"),
    [
        ([], [AllowAny], "GET", set()),
        ([], [IsAdminUser], "GET", {"403 ACCESS_FORBIDDEN", "403 METHOD_FORBIDDEN"}),
        ([BasicAuthentication], [AllowAny], "GET", {"401 UNAUTHENTICATED"}),
        (
            [TokenAuthentication],
            [IsAuthenticated],
            "DELETE",
            {"401 UNAUTHENTICATED", "403 ACCESS_FORBIDDEN", "403 METHOD_FORBIDDEN"},
        ),
        # A session is never invalid, but its CSRF token may be.
        ([SessionAuthentication], [], "GET", set()),
        ([SessionAuthentication], [], "DELETE", {"403 ACCESS_FORBIDDEN"}),
        (
            [SessionAuthentication],
            [IsAuthenticated | IsAdminUser],
            "GET",
            {"401 UNAUTHENTICATED", "403 ACCESS_FORBIDDEN", "403 METHOD_FORBIDDEN"},
        ),
    ],
)
def test_credentials_and_permissions_can_refuse(
    authenticators: Any, permissions: Any, method: str, expected: set[str]
) -> None:
    view = with_attributes(
        Plain, authentication_classes=authenticators, permission_classes=permissions
    )
    assert beyond(view, method) == expected


def test_a_view_that_has_one_verb_forbids_no_verb_alone() -> None:
    view = with_attributes(Plain, http_method_names=["get"], permission_classes=[IsAdminUser])
    assert "403 METHOD_FORBIDDEN" not in errors_of(view)
    routed = with_attributes(ShelfViewSet, permission_classes=[IsAdminUser])
    assert "403 METHOD_FORBIDDEN" not in errors_of(routed.as_view({"get": "list"}))
    assert "403 METHOD_FORBIDDEN" in errors_of(routed.as_view(COLLECTION))


def test_without_probing_no_verb_is_forbidden_alone(settings: Any) -> None:
    settings.API_ERRORS = {"PROBE_PERMISSIONS": False}
    assert beyond(with_attributes(Open, permission_classes=[IsAdminUser])) == {
        "403 ACCESS_FORBIDDEN"
    }


def test_a_view_that_says_nothing_before_a_request_goes_by_its_attributes() -> None:
    class Asking(Plain):
        authentication_classes = [BasicAuthentication]
        permission_classes = [IsAdminUser]
        throttle_classes = [UserRateThrottle]

        def get_permissions(self) -> Any:
            return self.request.user.permissions

        get_authenticators = get_throttles = get_permissions

    assert beyond(with_attributes(Asking, http_method_names=["get"])) == {
        "401 UNAUTHENTICATED",
        "403 ACCESS_FORBIDDEN",
        "429 THROTTLED",
    }


class Fast(UserRateThrottle):
    """A throttle with a rate."""

    rate = "1/day"


class Idle(UserRateThrottle):
    """A throttle without one, as DRF's settings have it."""

    THROTTLE_RATES = {"user": None}


@pytest.mark.parametrize(
    ("throttle", "scope", "is_limited"),
    [
        (Fast, None, True),
        (Idle, None, False),
        (BaseThrottle, None, True),
        (ScopedRateThrottle, None, False),
        (ScopedRateThrottle, "uploads", True),
    ],
)
def test_a_throttle_with_a_rate_can_refuse(throttle: Any, scope: Any, is_limited: bool) -> None:
    view = with_attributes(Open, throttle_classes=[throttle], throttle_scope=scope)
    assert beyond(view) == ({"429 THROTTLED"} if is_limited else set())


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("things", set()),
        ("things/<pk>", LOOK_UP),
        ("things/<str:pk>", LOOK_UP),
        ("things/<slug:pk>", LOOK_UP),
        ("things/<uuid:pk>", {"404 MISSING_RESOURCE"}),
        ("things/<int:pk>", {"404 MISSING_RESOURCE"}),
        ("^things/(?P<pk>[^/.]+)/$", LOOK_UP),
        ("^things/(?P<pk>[0-9]+)/$", {"404 MISSING_RESOURCE"}),
        (r"^things/(?P<pk>\d+)/$", {"404 MISSING_RESOURCE"}),
        ("shelves/<str:shelf_pk>/things/<int:pk>", LOOK_UP),
        (r"^things\.(?P<format>[a-z0-9]+)/?$", set()),
        ("things<drf_format_suffix:format>", set()),
    ],
)
def test_an_identifier_in_the_url_can_lead_nowhere(route: str, expected: set[str]) -> None:
    assert beyond(Open, route=route) == expected


@pytest.mark.parametrize(
    ("scheme", "allowed", "route", "expected"),
    [
        (versioning.URLPathVersioning, None, "<version>/things", set()),
        (versioning.URLPathVersioning, ["1"], "<version>/things", {"404 MISSING_RESOURCE"}),
        (versioning.QueryParameterVersioning, ["1"], "things", {"404 MISSING_RESOURCE"}),
        (versioning.AcceptHeaderVersioning, ["1"], "things", set()),
    ],
)
def test_a_version_that_is_not_there_is_refused(
    scheme: Any, allowed: Any, route: str, expected: set[str]
) -> None:
    versioned = type("Versioned", (scheme,), {"allowed_versions": allowed})
    assert beyond(with_attributes(Open, versioning_class=versioned), route=route) == expected


def test_an_operation_can_be_gone() -> None:
    view = with_attributes(OperationView, **OPEN)
    assert beyond(view, route="operations/<str:handle>") == {"404 MISSING_RESOURCE", "410 GONE"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_can_be_refused(method: str) -> None:
    assert beyond(Open, method) == BODY


def test_without_djangos_limit_no_body_is_too_large(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert beyond(Open, "POST") == {"400 INVALID_CONTENT"}


class Unchecked(serializers.ModelSerializer):
    """A thing whose name and shelf no validator looks at."""

    name = serializers.CharField()

    class Meta:
        model = Thing
        fields = ["name"]


class Sized(serializers.ModelSerializer):
    """A thing with nothing but a size, which together with its shelf nothing else may have."""

    class Meta:
        model = Thing
        fields = ["size"]
        validators = [print]


class ReadOnly(ShelfSerializer):
    """A shelf that nothing can be written to."""

    class Meta(ShelfSerializer.Meta):
        read_only_fields = ShelfSerializer.Meta.fields


class Nested(serializers.Serializer):
    """A box of things, by their keys, by their names and whole."""

    things = ThingSerializer(many=True)
    parcels = serializers.SlugRelatedField("slug", many=True, queryset=Parcel.objects.all())
    note = serializers.ListField(child=serializers.CharField(required=False))


class NameOnly(serializers.Serializer):
    """A name, of no model."""

    name = serializers.CharField()


class FieldsFail(serializers.Serializer):
    """A serializer whose fields depend on the request."""

    def get_fields(self) -> Any:
        """Return the fields."""
        return {"name": self.context["nothing"]}


STATE, TWIN = {"400 INVALID_STATE"}, {"400 ALREADY_EXISTS"}


@pytest.mark.parametrize(
    ("serializer", "expected"),
    [
        (NameOnly, BODY),
        (FieldsFail, BODY),
        (ShelfSerializer, BODY | TWIN),
        (ThingSerializer, BODY | TWIN | STATE | KEYS),
        (Unchecked, BODY | TWIN | STATE),
        (Sized, BODY | TWIN | STATE),
        (ReadOnly, BODY),
        (Nested, BODY | TWIN | STATE | KEYS),
    ],
)
def test_a_body_can_be_refused_for_what_its_serializer_reads(
    serializer: Any, expected: set[str]
) -> None:
    view = with_attributes(generics.CreateAPIView, **OPEN, serializer_class=serializer)
    assert beyond(view, "POST") == expected


def test_accepted_work_is_not_refused_for_what_only_the_database_finds() -> None:
    view = with_attributes(AcceptedAPIView, **OPEN, serializer_class=Unchecked)
    assert beyond(view, "POST") == BODY
    view = with_attributes(AcceptedAPIView, **OPEN, serializer_class=ShelfSerializer)
    assert beyond(view, "POST") == BODY | TWIN


def test_a_serializer_class_on_a_plain_view_is_taken_for_its_body() -> None:
    assert beyond(with_attributes(Open, serializer_class=ShelfSerializer), "POST") == BODY | TWIN


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Expressed, "Another resource has the same value for this field."),
        (Dated, "The fields name, day must make a unique set."),
        (Shelf, "name: shelf with this name already exists."),
    ],
)
def test_the_example_of_a_clash_says_what_the_server_does(cls: Any, message: str) -> None:
    class Serializer(serializers.ModelSerializer):
        class Meta:
            model = cls
            fields = "__all__"

    view = with_attributes(generics.CreateAPIView, **OPEN, serializer_class=Serializer)
    (error,) = (
        error
        for error in get_errors(make(view, "POST"), "POST")
        if error.code.name == "ALREADY_EXISTS"
    )
    assert error.get_messages() == [message]


def test_the_examples_of_a_body_name_its_fields() -> None:
    view = with_attributes(generics.CreateAPIView, **OPEN, serializer_class=Nested)
    messages = {
        error.code.name: error.get_messages()
        for error in get_errors(make(view, "POST"), "POST")
        if error.status == 400
    }
    assert messages == {
        "INVALID_CONTENT": ["things: This field is required."],
        "INVALID_ID": ["things[0].shelf: Incorrect type. Expected pk value, received list."],
        "MISSING_RESOURCE": ['things[0].shelf: Invalid pk "4711" - object does not exist.'],
        "ALREADY_EXISTS": ["things[0]: The fields shelf, size must make a unique set."],
        "INVALID_STATE": ["The state of a resource does not allow to fulfill a request."],
    }


@pytest.mark.parametrize(
    ("queryset", "message"),
    [
        (Thing.objects.all(), "00000000-0000-4000-8000-000000000000"),
        (Parcel.objects.all(), "111111111111111111111111"),
    ],
)
def test_the_example_of_an_unknown_key_is_well_formed(queryset: Any, message: str) -> None:
    class Keyed(serializers.Serializer):
        other = serializers.PrimaryKeyRelatedField(queryset=queryset)

    view = with_attributes(generics.CreateAPIView, serializer_class=Keyed)
    error = next(
        error
        for error in get_errors(make(view, "POST"), "POST")
        if error.code.name == "MISSING_RESOURCE"
    )
    assert error.get_messages() == [f'other: Invalid pk "{message}" - object does not exist.']


def test_the_example_of_a_slug_names_it() -> None:
    class Slugged(serializers.Serializer):
        other = serializers.SlugRelatedField("slug", queryset=Parcel.objects.all())

    view = with_attributes(generics.CreateAPIView, serializer_class=Slugged)
    errors = get_errors(make(view, "POST"), "POST")
    assert {error.code.name: error.get_messages() for error in errors if error.status == 400} == {
        "INVALID_CONTENT": ["other: This field is required."],
        "INVALID_ID": ["other: Invalid value."],
        "MISSING_RESOURCE": ["other: Object with slug=4711 does not exist."],
    }


@pytest.mark.parametrize(("attributes", "method"), [({"partial_put": True}, "PUT"), ({}, "PATCH")])
def test_the_example_of_an_update_in_parts_misses_no_field(attributes: Any, method: str) -> None:
    callback = with_attributes(ShelfViewSet, **attributes).as_view(MEMBER)
    error = next(
        error
        for error in get_errors(make(callback, method), method)
        if error.code.name == "INVALID_CONTENT"
    )
    assert error.get_messages() == ["The syntax/content is incorrect."]


@pytest.mark.parametrize(
    ("model", "is_protected"),
    [(Shelf, True), (Thing, False), (Parcel, False), (Link, True), (Chain, True), (Lock, False)],
)
def test_a_deletion_can_be_refused_where_other_rows_protect_it(
    model: Any, is_protected: bool
) -> None:
    view = with_attributes(generics.DestroyAPIView, **OPEN, queryset=model._default_manager.all())
    assert beyond(view, "DELETE") == (STATE if is_protected else set())


def test_the_deletion_of_a_view_of_unknown_kind_is_not_guessed_at() -> None:
    assert beyond(with_attributes(Open, queryset=Shelf.objects.all()), "DELETE") == set()
    assert beyond(with_attributes(generics.DestroyAPIView, **OPEN), "DELETE") == set()


class Reading(stock_pagination.PageNumberPagination):
    """A project's pages that reads the parameters itself."""

    page_size = 2

    def get_page_size(self, request: Any) -> int:
        """Return the size."""
        raise NotImplementedError


class Sizing(pagination.PageNumberPagination):
    """A project's pages of a size."""

    page_size = 2


class Homemade(stock_pagination.BasePagination):
    """A project's very own pagination."""


MISS, REFUSE = {"404 MISSING_RESOURCE"}, {"400 INVALID_CONTENT"}


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (None, set()),
        (Sizing, MISS | REFUSE),
        (pagination.LimitOffsetPagination, REFUSE),
        (pagination.CursorPagination, REFUSE),
        (stock_pagination.PageNumberPagination, MISS),
        (stock_pagination.LimitOffsetPagination, set()),
        (stock_pagination.CursorPagination, MISS),
        (Reading, MISS | REFUSE),
        (Homemade, MISS | REFUSE),
    ],
)
def test_a_pagination_can_refuse_its_parameters(cls: Any, expected: set[str]) -> None:
    assert beyond(with_attributes(ShelfList, **OPEN, pagination_class=cls)) == expected
    one = with_attributes(generics.RetrieveAPIView, **OPEN, pagination_class=cls)
    assert beyond(one) == set()


class Refusing(stock_filters.BaseFilterBackend):
    """A project's own filter."""


@pytest.mark.parametrize(
    ("backends", "expected"),
    [
        ([], set()),
        ([stock_filters.OrderingFilter], set()),
        ([filters.OrderingFilter], REFUSE),
        ([stock_filters.OrderingFilter, stock_filters.SearchFilter], REFUSE),
        ([Refusing], REFUSE),
    ],
)
def test_a_filter_can_refuse_its_parameters(backends: Any, expected: set[str]) -> None:
    assert beyond(with_attributes(ShelfList, **OPEN, filter_backends=backends)) == expected
    one = with_attributes(generics.RetrieveAPIView, **OPEN, filter_backends=backends)
    assert beyond(one) == expected
    new = with_attributes(generics.CreateAPIView, **OPEN, filter_backends=backends)
    assert beyond(new, "POST") == BODY


def test_an_extra_action_about_one_object_filters_as_get_object_does() -> None:
    view = with_attributes(ShelfViewSet, **OPEN, filter_backends=[Refusing])
    assert beyond(view.as_view({"get": "empty"}, detail=True)) == REFUSE
    assert beyond(view.as_view({"get": "empty"}, detail=False)) == set()


@api_view(["GET", "POST"])
def function(request: Any) -> Response:
    """Answer."""
    raise NotImplementedError


def test_a_function_is_a_view_as_well() -> None:
    assert beyond(function, "POST", "things/<str:pk>") == {
        "401 UNAUTHENTICATED",
        "403 ACCESS_FORBIDDEN",
        *BODY,
        *LOOK_UP,
    }


class OutOfStock(APIException):
    """A refusal of the project's own."""

    status_code = 409
    default_detail = "Out of stock."
    default_code = "out_of_stock"


def test_a_view_says_what_else_it_can_answer() -> None:
    unknown = ValidationError("No such shelf.", "does_not_exist")
    errors = ["GONE", "PAYMENT_REQUIRED", OutOfStock, unknown]
    assert beyond(with_attributes(Open, possible_errors=errors)) == {
        "400 MISSING_RESOURCE",
        "402 PAYMENT_REQUIRED",
        "409 OUT_OF_STOCK",
        "410 GONE",
    }


def test_a_view_says_by_a_method_what_else_it_can_answer(settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"SOLD": {"status": 410}}}

    class Saying(Open):
        def get_possible_errors(self) -> Any:
            return ["SOLD"]

    assert beyond(Saying) == {"410 SOLD"}


def test_a_view_says_by_action_or_verb_what_else_it_can_answer() -> None:
    errors = {"create": ["GONE"], "post": ["CONFLICT"], "put": [OutOfStock]}
    view = with_attributes(generics.CreateAPIView, **OPEN, possible_errors=errors)
    assert beyond(view, "POST") - BODY == {"410 GONE", "409 CONFLICT"}
    routed = with_attributes(ShelfViewSet, **OPEN, possible_errors=errors)
    assert beyond(routed.as_view(COLLECTION), "GET") == set()
    assert "410 GONE" in beyond(routed.as_view(COLLECTION), "POST")
    assert "409 OUT_OF_STOCK" in beyond(routed.as_view(MEMBER), "PUT")


@pytest.mark.parametrize("wrong", ["OUT_OF_STOK", ValueError, 409])
def test_a_view_that_names_no_error_is_told_so(wrong: Any) -> None:
    view = with_attributes(Open, possible_errors=[wrong])
    with pytest.raises(ImproperlyConfigured, match=r"Plain\.possible_errors names .* neither"):
        errors_of(view)


def test_the_names_of_the_codes_stand_in_the_catalogues_order() -> None:
    view = with_attributes(Open, possible_errors=[OutOfStock, "CONFLICT", "MISSING_RESOURCE"])
    assert get_codes(make(view, "POST"), "POST") == [
        "MISSING_RESOURCE",
        "INVALID_CONTENT",
        "UNSUPPORTED_MEDIA_TYPE",
        "CONTENT_TOO_LARGE",
        "INTERNAL_ERROR",
        "SERVICE_UNAVAILABLE",
        "CONFLICT",
        "OUT_OF_STOCK",
    ]


def test_the_errors_follow_the_settings(settings: Any) -> None:
    settings.API_ERRORS = {
        "CODES": {"ALREADY_EXISTS": {"status": 409}},
        "EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None},
    }
    view = with_attributes(generics.CreateAPIView, **OPEN, serializer_class=ShelfSerializer)
    assert errors_of(view, "POST") == {
        *ALWAYS,
        *BODY,
        "406 NOT_ACCEPTABLE",
        "409 ALREADY_EXISTS",
    }


# What is derived, held against what is answered.

PUBLIC = {"authentication_classes": [BasicAuthentication], "permission_classes": []}


class RealShelves(with_attributes(generics.ListCreateAPIView, **PUBLIC)):  # type: ignore[misc]
    """Shelves."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    pagination_class = Sizing
    filter_backends = [filters.OrderingFilter, stock_filters.SearchFilter]
    ordering_fields = ["name"]
    search_fields = ["name"]


class RealShelf(with_attributes(generics.RetrieveUpdateDestroyAPIView, **PUBLIC)):  # type: ignore[misc]
    """A shelf."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class RealThings(with_attributes(generics.CreateAPIView, **PUBLIC)):  # type: ignore[misc]
    """Things."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer


class RealStock(with_attributes(stock_generics.ListAPIView, **PUBLIC)):  # type: ignore[misc]
    """Shelves, by DRF."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    pagination_class = type("Pages", (stock_pagination.PageNumberPagination,), {"page_size": 2})


class RealFailure(with_attributes(Plain, **PUBLIC)):  # type: ignore[misc]
    """A bug."""


class Limited(with_attributes(RealShelf, throttle_classes=[Fast])):  # type: ignore[misc]
    """A shelf that one may ask for once a day."""


class Admins(with_attributes(RealShelf, permission_classes=[IsAdminUser])):  # type: ignore[misc]
    """A shelf for some."""


ROUTES = {
    "shelves": RealShelves,
    "shelves/<str:pk>": RealShelf,
    "things": RealThings,
    "stock": RealStock,
    "failure": RealFailure,
    "limited/<int:pk>": Limited,
    "admins/<int:pk>": Admins,
}
JSON = "application/json"


@pytest.fixture
def client(settings: Any, db: None) -> Any:
    """A client of the views, with a shelf that holds a thing."""
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path(route, view.as_view()) for route, view in ROUTES.items()
    ]
    clear_url_caches()
    settings.ROOT_URLCONF = urlconf
    shelf = Shelf.objects.create(pk=1, name="low")
    Thing.objects.create(name="cup", size=1, shelf=shelf)
    User.objects.create_user("ada", password="secret")
    yield Client(raise_request_exception=False)
    clear_url_caches()


@pytest.mark.parametrize(
    ("method", "route", "url", "body", "headers", "expected"),
    [
        ("GET", "shelves", "?page=x", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves", "?page=9", "", {}, "404 MISSING_RESOURCE"),
        ("GET", "shelves", "?ordering=id", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves", "?search=%00", "", {}, "400 INVALID_CONTENT"),
        ("GET", "shelves", "", "", {"Authorization": "Basic eDp5"}, "401 UNAUTHENTICATED"),
        ("GET", "shelves", "", "", {"Accept": "text/csv"}, "415 UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "shelves", "", "{", {}, "400 INVALID_CONTENT"),
        ("POST", "shelves", "", "{}", {}, "400 INVALID_CONTENT"),
        ("POST", "shelves", "", '{"name": "low"}', {}, "400 ALREADY_EXISTS"),
        ("GET", "shelves/<str:pk>", "/x", "", {}, "400 INVALID_ID"),
        ("GET", "shelves/<str:pk>", "/9", "", {}, "404 MISSING_RESOURCE"),
        ("DELETE", "shelves/<str:pk>", "/1", "", {}, "400 INVALID_STATE"),
        ("POST", "things", "", '{"name": "jug", "shelf": []}', {}, "400 INVALID_ID"),
        ("POST", "things", "", '{"name": "jug", "shelf": 9}', {}, "400 MISSING_RESOURCE"),
        ("POST", "things", "", '{"name": "jug", "size": -1}', {}, "400 INVALID_STATE"),
        ("GET", "stock", "?page=x", "", {}, "404 MISSING_RESOURCE"),
        ("GET", "failure", "", "", {}, "500 INTERNAL_ERROR"),
        (
            *("GET", "admins/<int:pk>", "/1", ""),
            {"Authorization": "Basic YWRhOnNlY3JldA=="},
            "403 ACCESS_FORBIDDEN",
        ),
    ],
)
def test_what_is_answered_was_foreseen(
    client: Client,
    method: str,
    route: str,
    url: str,
    body: str,
    headers: dict[str, str],
    expected: str,
) -> None:
    response = client.generic(
        method, f"/{route.partition('/')[0]}{url}", body, JSON, headers=headers
    )
    error = response.json()
    code = "UNAUTHENTICATED" if error["code"] == 33619968 else error["code"]
    assert f"{error['status']} {code}" == expected
    assert expected in errors_of(ROUTES[route], method, route)


def test_a_throttle_that_refuses_was_foreseen(client: Client) -> None:
    statuses = [client.get("/limited/1").status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert "429 THROTTLED" in errors_of(Limited, "GET", "limited/<int:pk>")
