"""Identifiers in URLs: malformed, or nobody's."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.db import models
from django.test import Client
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from django_apierrors.validation.identifiers import find_lookup_field, is_malformed
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = "__all__"


class ThingSerializer(ModelSerializer):
    """A thing."""

    class Meta:
        model = Thing
        fields = ["key", "name", "size"]


class ParcelSerializer(ModelSerializer):
    """A parcel."""

    class Meta:
        model = Parcel
        fields = ["code", "slug", "number"]


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves by an int."""

    http_method_names = [*viewsets.ModelViewSet.http_method_names, "patch"]
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    @action(detail=True, methods=["get", "put", "delete"])
    def dust(self, request: Request, **kwargs: Any) -> Response:
        """Dust the shelf."""
        self.get_object()
        return Response()


class ThingViewSet(ShelfViewSet):
    """Things by a UUID."""

    queryset = Thing.objects.all()
    serializer_class = ThingSerializer


class ParcelViewSet(ShelfViewSet):
    """Parcels by a key of 24 characters."""

    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer


class SlugViewSet(ParcelViewSet):
    """Parcels by a slug."""

    lookup_field = "slug"
    lookup_url_kwarg = "name"


class RelatedViewSet(ParcelViewSet):
    """Parcels by the UUID of a thing in them."""

    lookup_field = "things__key"


class TransformViewSet(ParcelViewSet):
    """Parcels by a look-up that is no field's own."""

    lookup_field = "slug__iexact"


class ListViewSet(ShelfViewSet):
    """Shelves of which the view makes a list."""

    def get_object(self) -> Any:
        """Return the shelf, by what `get_queryset()` returns where it is no queryset."""
        return super().get_object()

    def get_queryset(self) -> Any:
        """Return a manager, which names a model as a queryset does."""
        return Shelf.objects


class Detail(generics.RetrieveUpdateDestroyAPIView):
    """The generic view of the same."""

    http_method_names = [*generics.GenericAPIView.http_method_names, "patch"]


VIEWSETS = {
    "int": ShelfViewSet,
    "uuid": ThingViewSet,
    "characters": ParcelViewSet,
    "slug": SlugViewSet,
    "related": RelatedViewSet,
    "transform": TransformViewSet,
    "manager": ListViewSet,
}

router = DefaultRouter()
for prefix, viewset in VIEWSETS.items():
    viewset.lookup_value_regex = "[^/]+"
    router.register(prefix, viewset, basename=prefix)

urlpatterns = [
    *(
        path(
            f"generic/{name}/<{viewset.lookup_url_kwarg or viewset.lookup_field}>/",
            Detail.as_view(
                queryset=viewset.queryset,
                serializer_class=viewset.serializer_class,
                lookup_field=viewset.lookup_field,
                lookup_url_kwarg=viewset.lookup_url_kwarg,
            ),
        )
        for name, viewset in VIEWSETS.items()
    ),
    path("", include(router.urls)),
]

MALFORMED = {
    "int": ["low", "1.0", "0x1", "1 2", "\0", "1\0", "😀", "%ZZ", "9" * 5000, "-"],
    "uuid": ["1", "low", str(uuid.uuid4())[:-1], "\0", "😀", "%ZZ", "%FF", str(2**70) + "x"],
    "characters": ["a" * 23, "a" * 25, "a" * 23 + "-", "a" * 24 + "\n", "\0", "😀", str(2**70)],
    "slug": ["a b", "a.b", "a" * 51, "\0", "a\0", "😀", "%ZZ", "é"],
    "related": ["1", "low", "\0", "😀", "%ZZ"],
    "transform": ["\0", "a\0"],
    "manager": ["low", "\0"],
}
UNKNOWN = {
    "int": ["0", "-1", "99", str(2**31), str(2**63), str(2**70), str(-(2**70))],
    "uuid": [str(uuid.UUID(int=1)), uuid.UUID(int=1).hex, str(uuid.UUID(int=1)).upper()],
    "characters": ["a" * 24, "0" * 24],
    "slug": ["a", "a" * 50, str(2**70), "A-b_c"],
    "related": [str(uuid.UUID(int=1))],
    "transform": ["a", "a b", "😀", "a" * 500],
    "manager": ["99", str(2**70)],
}
ROUTES = ["/generic/{}/{}/", "/{}/{}/", "/{}/{}/dust/"]
VERBS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]


def cases(table: dict[str, list[str]]) -> list[Any]:
    """Return the parameters of a test, readable ones as their own names."""
    return [
        pytest.param(kind, value, id=f"{kind}-{number}")
        for kind, values in table.items()
        for number, value in enumerate(values)
    ]


def send(client: Client, route: str, kind: str, value: str, verb: str = "GET") -> Any:
    """Send a request about one object."""
    url = route.format(kind, quote(value, safe=""))
    return client.generic(verb, url, '{"name": "low"}', "application/json")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("kind", "value"), cases(MALFORMED))
def test_a_malformed_identifier_is_invalid_id(
    client: Client, route: str, kind: str, value: str
) -> None:
    response = send(client, route, kind, value)
    assert (response.status_code, response.json()) == (400, body("INVALID_ID"))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("kind", "value"), cases(UNKNOWN))
def test_a_well_formed_identifier_of_nobody_is_missing_resource(
    client: Client, route: str, kind: str, value: str
) -> None:
    response = send(client, route, kind, value)
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", ["int", "uuid", "characters", "slug"])
@pytest.mark.parametrize(
    ("table", "code"), [(MALFORMED, "INVALID_ID"), (UNKNOWN, "MISSING_RESOURCE")]
)
def test_every_verb_tells_a_malformed_identifier_from_an_unknown_one(
    client: Client, verb: str, route: str, kind: str, table: dict[str, list[str]], code: str
) -> None:
    if verb == "PATCH" and "dust" in route:
        code = "METHOD_NOT_ALLOWED"
    response = send(client, route, kind, table[kind][0], verb)
    assert response.status_code == body(code)["status"]
    if verb != "HEAD":
        assert response.json() == body(code)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("spelling", ["{}", " {}", "+{}", "0{}", "{} "])
def test_other_spellings_are_taken_as_django_takes_them(
    client: Client, route: str, spelling: str
) -> None:
    shelf = Shelf.objects.create(name="low")
    assert send(client, route, "int", spelling.format(shelf.pk)).status_code == 200


def test_what_the_urlconf_refuses_is_missing_resource(client: Client) -> None:
    response = client.get("/int/a/b/")
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


@pytest.mark.parametrize("route", ROUTES)
def test_an_object_that_is_there_costs_one_query(
    client: Client, route: str, django_assert_num_queries: Any
) -> None:
    shelf = Shelf.objects.create(name="low")
    with django_assert_num_queries(1):
        assert send(client, route, "int", str(shelf.pk)).status_code == 200


class Even(models.IntegerField):
    """A field whose `to_python()` raises what Django's own never do."""

    def to_python(self, value: Any) -> int:
        """Return an even number."""
        if int(value) % 2:
            raise OverflowError
        return int(value)


class Odd(models.Model):
    """A model of such a field; without a table."""

    even = Even()

    class Meta:
        app_label = "odd"

    def __str__(self) -> str:
        return str(self.even)


@pytest.mark.parametrize(("value", "malformed"), [("1", True), ("x", True), ("2", False)])
def test_what_a_field_of_the_project_raises_is_malformed(value: str, malformed: bool) -> None:
    assert is_malformed(Odd, "even", value) is malformed


@pytest.mark.parametrize(
    ("model", "lookup_field", "name"),
    [
        (Shelf, "pk", "id"),
        (Thing, "shelf", "id"),
        (Thing, "shelf_id", "id"),
        (Thing, "shelf__name", "name"),
        (Thing, "shelf__pk", "id"),
        (Shelf, "things", "key"),
        (Shelf, "things__shelf__things__size", "size"),
        (Shelf, "name__iexact", None),
        (Shelf, "nothing", None),
    ],
)
def test_the_field_that_is_looked_up_is_found(
    model: type[models.Model], lookup_field: str, name: str | None
) -> None:
    assert getattr(find_lookup_field(model, lookup_field), "name", None) == name


@given(st.text())
def test_any_text_is_malformed_or_not_and_nothing_is_raised(value: str) -> None:
    assert is_malformed(Shelf, "pk", value) in (True, False)
    assert is_malformed(Thing, "pk", value) in (True, False)
    assert is_malformed(Parcel, "slug", value) in (True, False)


@given(st.uuids(), st.integers())
def test_what_is_well_formed_is_not_malformed(key: uuid.UUID, number: int) -> None:
    assert not is_malformed(Thing, "pk", str(key))
    assert not is_malformed(Shelf, "pk", str(number))
