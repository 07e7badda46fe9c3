"""The ordering filter."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import filters, generics, viewsets
from tests.bodies import body
from tests.models import Parcel

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class ParcelSerializer(ModelSerializer):
    class Meta:
        model = Parcel
        fields = ["slug"]


class Ordered:
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    ordering_fields = ["slug", "number"]
    ordering = ["slug"]
    search_fields = ["slug"]


class ParcelList(Ordered, generics.ListAPIView):
    pass


class ParcelViewSet(Ordered, viewsets.ReadOnlyModelViewSet):
    pass


class SortFilter(filters.OrderingFilter):
    ordering_param = "sort"


class Cursors(CursorPagination):
    page_size = 5


router = SimpleRouter()
router.register("router", ParcelViewSet)
urlpatterns = [
    path("list/", ParcelList.as_view()),
    path("sorted/", ParcelList.as_view(filter_backends=[SortFilter])),
    path("all/", ParcelList.as_view(ordering_fields="__all__")),
    path("cursors/", ParcelList.as_view(pagination_class=Cursors)),
    path("", include(router.urls)),
]


@pytest.fixture(autouse=True)
def parcels() -> None:
    for number, slug in enumerate("bca"):
        Parcel.objects.create(code=slug * 24, slug=slug, number=number)


@pytest.mark.parametrize(
    ("url", "slugs"),
    [
        ("/list/?ordering=", "abc"),
        ("/list/?ordering=,", "abc"),
        ("/router/?ordering=-slug", "cba"),
        ("/list/?ordering=-number,slug", "acb"),
        ("/list/?ordering= slug , number ,", "abc"),
        ("/list/?ordering=-slug&search=b", "b"),
        ("/list/?sort=nothing", "abc"),
        ("/all/?ordering=code", "abc"),
        ("/cursors/?ordering=-slug", "cba"),
    ],
)
def test_a_valid_ordering_works_as_in_drf(client: Client, url: str, slugs: str) -> None:
    content = client.get(url).json()
    rows: Any = content if isinstance(content, list) else content["results"]
    assert "".join(row["slug"] for row in rows) == slugs


@pytest.mark.parametrize(
    ("url", "parameter", "ordering", "invalid"),
    [
        ("/list/", "ordering", "slug,nothing,-other", "nothing, -other"),
        ("/router/", "ordering", "--slug", "--slug"),
        ("/list/", "ordering", "code", "code"),
        ("/list/", "ordering", "?", "?"),
        ("/list/", "ordering", "slug__iexact", "slug__iexact"),
        ("/list/", "ordering", "\0", "\0"),
        ("/sorted/", "sort", "nothing", "nothing"),
        ("/all/", "ordering", "password", "password"),
        ("/cursors/", "ordering", "nothing", "nothing"),
    ],
)
def test_an_invalid_ordering_is_400_with_the_parameter(
    client: Client, url: str, parameter: str, ordering: str, invalid: str
) -> None:
    response = client.get(url, {parameter: ordering})
    message = f"{parameter}: There is no ordering by {invalid}."
    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT", message))


def test_the_time_for_many_fields_is_linear(client: Client) -> None:
    # In the URL of a test client: a server's limit for a URL is the server's.
    names = ",".join(f"field{number}" for number in range(40_000))
    start = time.perf_counter()
    response = client.get("/list/", {"ordering": f"{names},{'slug,' * 40_000}"})

    assert response.status_code == 400
    assert time.perf_counter() - start < 3
