"""Identifiers in URLs: malformed (400) or unknown (404)."""

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
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from django_apierrors.validation.identifiers import find_lookup_field, is_malformed
from tests.bodies import body
from tests.models import Parcel, Shelf, Thing

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = "__all__"


class ShelfViewSet(viewsets.ModelViewSet):
    lookup_value_regex = "[^/]+"
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer

    @action(detail=True, methods=["get"])
    def dust(self, request: Request, **kwargs: Any) -> Response:
        self.get_object()
        return Response()


class ThingViewSet(ShelfViewSet):
    queryset = Thing.objects.all()


class ParcelViewSet(ShelfViewSet):
    queryset = Parcel.objects.all()


class SlugViewSet(ParcelViewSet):
    lookup_field = "slug"
    lookup_url_kwarg = "name"


class RelatedViewSet(ParcelViewSet):
    lookup_field = "things__key"


class TransformViewSet(ParcelViewSet):
    lookup_field = "slug__iexact"


class ManagerViewSet(ShelfViewSet):
    def get_queryset(self) -> Any:
        # Not a queryset, but it names its model.
        return Shelf.objects


class ShelfDetail(generics.RetrieveUpdateDestroyAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


router = SimpleRouter()
router.register("int", ShelfViewSet, "int")
router.register("uuid", ThingViewSet, "uuid")
router.register("characters", ParcelViewSet, "characters")
router.register("slug", SlugViewSet, "slug")
router.register("related", RelatedViewSet, "related")
router.register("transform", TransformViewSet, "transform")
router.register("manager", ManagerViewSet, "manager")
urlpatterns = [path("generic/<pk>/", ShelfDetail.as_view()), path("", include(router.urls))]

KEY = uuid.UUID(int=1)
MALFORMED = {
    "int": ["low", "1.0", "0x1", "1 2", "\0", "1\0", "😀", "%ZZ", "9" * 5000, "-"],
    "uuid": ["1", "low", str(KEY)[:-1], "\0", "😀", "%FF", str(2**70) + "x"],
    "characters": ["a" * 23, "a" * 25, "a" * 23 + "-", "a" * 24 + "\n", "\0", "😀"],
    "slug": ["a b", "a.b", "a" * 51, "\0", "a\0", "😀", "%ZZ", "é"],
    "related": ["1", "low", "\0"],
    "transform": ["\0", "a\0"],
    "manager": ["low", "\0"],
}
UNKNOWN = {
    "int": ["0", "-1", "99", str(2**31), str(2**63), str(2**70), str(-(2**70))],
    "uuid": [str(KEY), KEY.hex, str(KEY).upper()],
    "characters": ["a" * 24, "0" * 24],
    "slug": ["a", "a" * 50, str(2**70), "A-b_c"],
    "related": [str(KEY)],
    "transform": ["a", "a b", "😀", "a" * 500],
    "manager": ["99", str(2**70)],
}


def get_codes(client: Client, kind: str, identifiers: list[str]) -> dict[str, Any]:
    """Return the code of the response for each identifier."""
    return {
        identifier: client.get(f"/{kind}/{quote(identifier, safe='')}/").json()["code"]
        for identifier in identifiers
    }


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_identifier_is_invalid_id(client: Client, kind: str) -> None:
    assert get_codes(client, kind, MALFORMED[kind]) == dict.fromkeys(MALFORMED[kind], "INVALID_ID")


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_well_formed_identifier_that_does_not_exist_is_missing_resource(
    client: Client, kind: str
) -> None:
    expected = dict.fromkeys(UNKNOWN[kind], "MISSING_RESOURCE")
    assert get_codes(client, kind, UNKNOWN[kind]) == expected


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/generic/{}/"),
        ("HEAD", "/generic/{}/"),
        ("PUT", "/int/{}/"),
        ("DELETE", "/int/{}/"),
        ("OPTIONS", "/int/{}/"),
        ("GET", "/int/{}/dust/"),
    ],
)
def test_every_method_checks_the_identifier(client: Client, method: str, url: str) -> None:
    for identifier, code in [("low", "INVALID_ID"), ("99", "MISSING_RESOURCE")]:
        response = client.generic(
            method, url.format(identifier), '{"name": "a"}', "application/json"
        )
        assert response.status_code == body(code)["status"]
        assert method == "HEAD" or response.json() == body(code)


@pytest.mark.parametrize("spelling", ["{}", " {}", "+{}", "0{}", "{} "])
def test_other_spellings_are_accepted_as_in_django(
    client: Client, spelling: str, django_assert_num_queries: Any
) -> None:
    shelf = Shelf.objects.create(name="low")
    with django_assert_num_queries(1):
        assert client.get(f"/int/{quote(spelling.format(shelf.pk))}/").status_code == 200


class EvenField(models.IntegerField):
    """A field whose `to_python()` raises an exception that Django's own fields never raise."""

    def to_python(self, value: Any) -> int:
        if int(value) % 2:
            raise OverflowError
        return int(value)


class Even(models.Model):
    """A model without a table."""

    number = EvenField()

    class Meta:
        app_label = "even"

    def __str__(self) -> str:
        return str(self.number)


def test_an_exception_of_a_custom_field_means_malformed() -> None:
    assert [is_malformed(Even, "number", value) for value in "1x2"] == [True, True, False]


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
def test_the_field_of_a_lookup_is_found(
    model: type[models.Model], lookup_field: str, name: str | None
) -> None:
    assert getattr(find_lookup_field(model, lookup_field), "name", None) == name


@given(st.text())
def test_any_string_is_either_malformed_or_well_formed(value: str) -> None:
    for model, lookup_field in [(Shelf, "pk"), (Thing, "pk"), (Parcel, "slug")]:
        assert is_malformed(model, lookup_field, value) in (True, False)


@given(st.uuids(), st.integers())
def test_a_valid_key_is_not_malformed(key: uuid.UUID, number: int) -> None:
    assert not is_malformed(Thing, "pk", str(key))
    assert not is_malformed(Shelf, "pk", str(number))
