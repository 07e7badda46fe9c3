"""The paginations, and the parameters that they refuse."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, pagination, viewsets
from tests.bodies import body
from tests.models import Shelf

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Pages(pagination.PageNumberPagination):
    """Pages of two."""

    page_size = 2
    page_size_query_param = "page_size"


class CappedPages(Pages):
    """Pages of three at most."""

    max_page_size = 3


class FixedPages(pagination.PageNumberPagination):
    """Pages of a size that no client chooses."""

    page_size = 2


class Slices(pagination.LimitOffsetPagination):
    """Slices of two."""

    default_limit = 2


class CappedSlices(Slices):
    """Slices of three at most."""

    max_limit = 3


class Cursors(pagination.CursorPagination):
    """Cursors over the key."""

    page_size = 2
    page_size_query_param = "page_size"
    ordering: Any = "pk"


class CappedCursors(Cursors):
    """Cursors over three at most."""

    max_page_size = 3


class NameCursors(Cursors):
    """Cursors backwards over the name."""

    ordering = ("-name",)


class Unpaged(pagination.CursorPagination):
    """Cursors without a size: no pagination."""

    page_size = None
    ordering = "pk"


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfList(generics.ListAPIView):
    """Shelves."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer


class ShelfViewSet(viewsets.ReadOnlyModelViewSet):
    """Shelves, once more in an extra action."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer

    @action(detail=False)
    def again(self, request: Request) -> Response:
        """List the shelves."""
        return self.list(request)


PAGINATIONS = {
    "pages": Pages,
    "capped-pages": CappedPages,
    "fixed-pages": FixedPages,
    "slices": Slices,
    "capped-slices": CappedSlices,
    "cursors": Cursors,
    "capped-cursors": CappedCursors,
    "names": NameCursors,
    "unpaged": Unpaged,
}

router = SimpleRouter()
for name, cls in PAGINATIONS.items():
    router.register(
        f"router/{name}", type("ViewSet", (ShelfViewSet,), {"pagination_class": cls}), name
    )
urlpatterns = [
    *(
        path(f"generic/{name}/", ShelfList.as_view(pagination_class=cls))
        for name, cls in PAGINATIONS.items()
    ),
    path("", include(router.urls)),
]

ROUTES = ["/generic/{}/", "/router/{}/", "/router/{}/again/"]
every_route = pytest.mark.parametrize("route", ROUTES)
GREATEST = str(2**63 - 1)


@pytest.fixture(autouse=True)
def shelves() -> list[Shelf]:
    """Return five shelves."""
    return Shelf.objects.bulk_create(Shelf(name=name) for name in "abcde")


def get(client: Client, route: str, name: str, **parameters: str) -> Any:
    """Ask for a list."""
    return client.get(f"{route.format(name)}?{urlencode(parameters)}")


def get_names(response: Any) -> str:
    """Return the names of the shelves in a response, one letter each."""
    assert response.status_code == 200
    content = response.json()
    rows = content if isinstance(content, list) else content["results"]
    return "".join(row["name"] for row in rows)


def make_cursor(**tokens: str) -> str:
    """Return a cursor as DRF makes them."""
    return b64encode(urlencode(tokens).encode()).decode()


@every_route
@pytest.mark.parametrize(
    ("name", "parameters", "names"),
    [
        ("pages", {}, "ab"),
        ("pages", {"page": "2"}, "cd"),
        ("pages", {"page": "last"}, "e"),
        ("pages", {"page_size": "4"}, "abcd"),
        ("pages", {"page_size": GREATEST}, "abcde"),
        ("capped-pages", {"page_size": "4"}, "abc"),
        ("capped-pages", {"page_size": GREATEST}, "abc"),
        ("fixed-pages", {"page_size": "x"}, "ab"),
        ("slices", {}, "ab"),
        ("slices", {"offset": "0"}, "ab"),
        ("slices", {"limit": "3", "offset": "1"}, "bcd"),
        ("slices", {"limit": GREATEST, "offset": "1"}, "bcde"),
        ("slices", {"limit": GREATEST, "offset": GREATEST}, ""),
        ("capped-slices", {"limit": "4"}, "abc"),
        ("cursors", {}, "ab"),
        ("cursors", {"cursor": ""}, "ab"),
        ("cursors", {"page_size": "4"}, "abcd"),
        ("cursors", {"page_size": GREATEST}, "abcde"),
        ("cursors", {"page_size": GREATEST, "cursor": make_cursor(o="1000")}, ""),
        ("cursors", {"cursor": make_cursor(o="1")}, "bc"),
        ("cursors", {"cursor": make_cursor(p=str(2**70))}, ""),
        ("cursors", {"cursor": make_cursor(p=str(-(2**70)))}, "ab"),
        ("capped-cursors", {"page_size": "4"}, "abc"),
        ("names", {}, "ed"),
        ("names", {"cursor": make_cursor(p="c")}, "ba"),
        ("names", {"cursor": make_cursor(p="c", r="1")}, "ed"),
        ("unpaged", {}, "abcde"),
    ],
)
def test_what_can_be_read_is_as_in_drf(
    client: Client, route: str, name: str, parameters: dict[str, str], names: str
) -> None:
    assert get_names(get(client, route, name, **parameters)) == names


def test_the_next_link_of_a_cursor_leads_on(client: Client) -> None:
    url, names = "/router/names/", ""
    for _ in range(3):
        response = client.get(url)
        names += get_names(response)
        url = response.json()["next"]
    assert (names, url) == ("edcba", None)


@every_route
@pytest.mark.parametrize("name", ["pages", "capped-pages", "fixed-pages"])
@pytest.mark.parametrize("page", ["99", GREATEST])
def test_a_page_beyond_the_last_is_404_naming_it(
    client: Client, route: str, name: str, page: str
) -> None:
    response = get(client, route, name, page=page)
    assert (response.status_code, response.json()) == (
        404,
        body("MISSING_RESOURCE", "page: Invalid page."),
    )


NUMBERS = {
    "page": (["pages", "fixed-pages"], 1),
    "page_size": (["pages", "capped-pages", "cursors", "capped-cursors"], 1),
    "limit": (["slices", "capped-slices"], 1),
    "offset": (["slices", "capped-slices"], 0),
}


@every_route
@pytest.mark.parametrize(
    ("parameter", "name", "least"),
    [(key, name, least) for key, (names, least) in NUMBERS.items() for name in names],
)
@pytest.mark.parametrize("value", ["", "x", str(2**63)])
def test_a_number_that_is_none_is_400_naming_it(
    client: Client, route: str, parameter: str, name: str, least: int, value: str
) -> None:
    response = get(client, route, name, **{parameter: value})
    message = f"{parameter}: A whole number of at least {least} is required."
    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT", message))


@pytest.mark.parametrize("parameter", ["page", "page_size"])
def test_a_page_or_size_of_zero_is_400(client: Client, parameter: str) -> None:
    assert get(client, ROUTES[0], "pages", **{parameter: "0"}).status_code == 400


@every_route
@pytest.mark.parametrize(
    ("name", "cursor"),
    [
        ("cursors", "x"),
        ("cursors", "!!!!"),
        ("cursors", "\u00e9"),
        ("cursors", "\0"),
        ("cursors", b64encode(b"\xff").decode()),
        ("cursors", make_cursor(o="x")),
        ("cursors", make_cursor(o="-1")),
        ("cursors", make_cursor(r="x")),
        ("cursors", make_cursor(p="x")),
        ("cursors", make_cursor(p="1\0")),
        ("names", make_cursor(p="a\0")),
    ],
)
def test_a_cursor_that_points_nowhere_is_400_naming_it(
    client: Client, route: str, name: str, cursor: str
) -> None:
    response = get(client, route, name, cursor=cursor)
    assert (response.status_code, response.json()) == (
        400,
        body("INVALID_CONTENT", "cursor: Invalid cursor"),
    )


def test_the_paginations_are_those_of_drf() -> None:
    assert issubclass(pagination.PageNumberPagination, pagination.BasePagination)
