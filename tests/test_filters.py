"""The ordering filter."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import filters, generics, viewsets
from tests.bodies import body
from tests.models import Parcel

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ParcelSerializer(ModelSerializer):
    """A parcel."""

    class Meta:
        model = Parcel
        fields = ["slug"]


class Ordered:
    """Parcels in an order that the client chooses."""

    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    ordering_fields = ["slug", "number"]
    ordering = ["slug"]
    search_fields = ["slug"]


class ParcelList(Ordered, generics.ListAPIView):
    """Parcels."""


class ParcelViewSet(Ordered, viewsets.ReadOnlyModelViewSet):
    """Parcels, once more in an extra action."""

    @action(detail=False)
    def again(self, request: Request) -> Response:
        """List the parcels."""
        return self.list(request)


class SortFilter(filters.OrderingFilter):
    """The filter with a parameter of another name."""

    ordering_param = "sort"


class Cursors(CursorPagination):
    """Cursors over the order that the filter found."""

    page_size = 5


router = SimpleRouter()
router.register("router", ParcelViewSet)
urlpatterns = [
    path("generic/", ParcelList.as_view()),
    path("sorted/", ParcelList.as_view(filter_backends=[SortFilter])),
    path("all/", ParcelList.as_view(ordering_fields="__all__")),
    path("cursors/", ParcelList.as_view(pagination_class=Cursors)),
    path("", include(router.urls)),
]

every_route = pytest.mark.parametrize("route", ["/generic/", "/router/", "/router/again/"])


@pytest.fixture(autouse=True)
def parcels() -> None:
    """Make three parcels, in no order."""
    for number, slug in enumerate("bca"):
        Parcel.objects.create(code=slug * 24, slug=slug, number=number)


def get_slugs(response: Any) -> str:
    """Return the slugs in a response, one letter each."""
    assert response.status_code == 200
    content = response.json()
    rows = content if isinstance(content, list) else content["results"]
    return "".join(row["slug"] for row in rows)


@every_route
@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", "abc"),
        ("?ordering=", "abc"),
        ("?ordering=,", "abc"),
        ("?ordering=-slug", "cba"),
        ("?ordering=number", "bca"),
        ("?ordering=-number,slug", "acb"),
        ("?ordering= slug , number ,", "abc"),
        ("?ordering=-slug&search=b", "b"),
        ("?sort=nothing", "abc"),
    ],
)
def test_an_ordering_that_exists_is_as_in_drf(
    client: Client, route: str, query: str, slugs: str
) -> None:
    assert get_slugs(client.get(route + query)) == slugs


@every_route
@pytest.mark.parametrize(
    ("ordering", "refused"),
    [
        ("nothing", "nothing"),
        ("slug,nothing,-other", "nothing, -other"),
        ("--slug", "--slug"),
        ("code", "code"),
        ("?", "?"),
        ("slug__iexact", "slug__iexact"),
        ("\0", "\0"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_an_ordering_that_does_not_exist_is_400_naming_it(
    client: Client, route: str, ordering: str, refused: str
) -> None:
    response = client.get(route, {"ordering": ordering})
    assert (response.status_code, response.json()) == (
        400,
        body("INVALID_CONTENT", f"ordering: There is no ordering by {refused}."),
    )


def test_the_parameter_is_named_as_the_filter_names_it(client: Client) -> None:
    response = client.get("/sorted/?sort=nothing")
    assert response.json() == body("INVALID_CONTENT", "sort: There is no ordering by nothing.")


def test_all_fields_are_those_of_the_model(client: Client) -> None:
    assert get_slugs(client.get("/all/?ordering=code")) == "abc"
    assert client.get("/all/?ordering=password").status_code == 400


def test_cursors_take_the_ordering_of_the_filter(client: Client) -> None:
    assert get_slugs(client.get("/cursors/?ordering=-slug")) == "cba"
    response = client.get("/cursors/?ordering=nothing")
    assert response.json() == body("INVALID_CONTENT", "ordering: There is no ordering by nothing.")
