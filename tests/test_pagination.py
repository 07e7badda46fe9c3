"""The paginations and the ordering filter, and the parameters that they reject."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.test import Client
from django.urls import include, path
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.fields import DurationField
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APIRequestFactory

from django_apierrors import filters, generics, pagination, viewsets
from django_apierrors.pagination import MAX_LIMIT, check_number
from tests.bodies import assert_body, body
from tests.models import Parcel, Shelf, Ticket
from tests.support import NameSerializer, make_serializer, subclass

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


PAGES = {"page_size": 2, "page_size_query_param": "page_size"}
CURSORS = {**PAGES, "ordering": "pk"}
PAGINATIONS: dict[str, tuple[type, dict[str, Any]]] = {
    "pages": (pagination.PageNumberPagination, PAGES),
    "capped-pages": (pagination.PageNumberPagination, {**PAGES, "max_page_size": 3}),
    "fixed-pages": (pagination.PageNumberPagination, {"page_size": 2}),
    "slices": (pagination.LimitOffsetPagination, {"default_limit": 2}),
    "capped-slices": (pagination.LimitOffsetPagination, {"default_limit": 2, "max_limit": 3}),
    "cursors": (pagination.CursorPagination, CURSORS),
    "capped-cursors": (pagination.CursorPagination, {**CURSORS, "max_page_size": 3}),
    "names": (pagination.CursorPagination, {**CURSORS, "ordering": ("-name",)}),
    "waits": (pagination.CursorPagination, {**CURSORS, "ordering": ("wait", "pk")}),
    "long-waits": (pagination.CursorPagination, {**CURSORS, "ordering": ("-total", "-pk")}),
    "unpaged": (pagination.CursorPagination, {"page_size": None}),
}


WAITS = ("waits", "long-waits")


def make_pagination(name: str) -> Any:
    """Return the class of a pagination."""
    base, attributes = PAGINATIONS[name]
    return subclass(base, **attributes)


SortFilter = subclass(filters.OrderingFilter, ordering_param="sort")


class Shelves:
    queryset = Shelf.objects.order_by("pk")
    serializer_class = NameSerializer
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]
    ordering_fields = ["name", "pk"]
    search_fields = ["name"]


class ShelfList(Shelves, generics.ListAPIView):
    pass


class ParcelSerializer(ModelSerializer):
    class Meta:
        model = Parcel
        fields = ["code"]


class ParcelList(generics.ListAPIView):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    # A field with a validator.
    pagination_class = subclass(pagination.CursorPagination, **{**CURSORS, "ordering": "code"})


class TicketList(generics.ListAPIView):
    queryset = Ticket.objects.annotate(total=F("wait"))
    serializer_class = make_serializer(Ticket, "wait")


class ShelfViewSet(Shelves, viewsets.ReadOnlyModelViewSet):
    pagination_class = make_pagination("pages")

    @action(detail=False)
    def again(self, request: Request) -> Response:
        return self.list(request)


VIEWS: dict[str, dict[str, Any]] = {
    **{name: {"pagination_class": make_pagination(name)} for name in PAGINATIONS.keys() - {*WAITS}},
    "names": {"pagination_class": make_pagination("names"), "filter_backends": []},
    "list": {},
    "sorted": {"filter_backends": [SortFilter]},
    "all": {"ordering_fields": "__all__"},
}

router = SimpleRouter()
router.register("router", ShelfViewSet)
urlpatterns = [
    *(path(f"{name}/", ShelfList.as_view(**attributes)) for name, attributes in VIEWS.items()),
    path("codes/", ParcelList.as_view()),
    *(
        path(f"{name}/", TicketList.as_view(pagination_class=make_pagination(name)))
        for name in WAITS
    ),
    path("", include(router.urls)),
]

GREATEST = str(MAX_LIMIT)


@pytest.fixture(autouse=True)
def shelves() -> list[Shelf]:
    return Shelf.objects.bulk_create(Shelf(name=name) for name in "abcde")


def get(client: Client, name: str, **parameters: str) -> Any:
    return client.get(f"/{name}/?{urlencode(parameters)}")


def get_names(response: Any) -> str:
    """Return the names of the shelves in a response, one letter each."""
    assert response.status_code == 200
    content = response.json()
    rows = content if isinstance(content, list) else content["results"]
    return "".join(row["name"] for row in rows)


def make_cursor(**tokens: str) -> str:
    """Return a cursor as DRF encodes it."""
    return b64encode(urlencode(tokens).encode()).decode()


@pytest.mark.parametrize(
    ("name", "parameters", "names"),
    [
        ("pages", {}, "ab"),
        ("router", {"page": "2"}, "cd"),
        ("router/again", {"page": "last"}, "e"),
        ("pages", {"page": "", "page_size": ""}, "ab"),
        ("pages", {"page_size": "4"}, "abcd"),
        ("pages", {"page_size": GREATEST}, "abcde"),
        ("capped-pages", {"page_size": GREATEST}, "abc"),
        ("fixed-pages", {"page_size": "x"}, "ab"),
        ("slices", {"offset": "0"}, "ab"),
        ("slices", {"limit": "", "offset": ""}, "ab"),
        ("slices", {"limit": "3", "offset": "1"}, "bcd"),
        ("slices", {"limit": GREATEST, "offset": GREATEST}, ""),
        ("capped-slices", {"limit": "4"}, "abc"),
        ("cursors", {"cursor": "", "page_size": ""}, "ab"),
        ("cursors", {"page_size": GREATEST}, "abcde"),
        ("cursors", {"page_size": GREATEST, "cursor": make_cursor(o="1000")}, ""),
        ("cursors", {"cursor": make_cursor(o="1")}, "bc"),
        ("cursors", {"cursor": make_cursor(p=str(2**70))}, ""),
        ("cursors", {"cursor": make_cursor(p=str(-(2**70)))}, "ab"),
        ("capped-cursors", {"page_size": "4"}, "abc"),
        ("names", {"cursor": make_cursor(p="c")}, "ba"),
        ("names", {"cursor": make_cursor(p="c", r="1")}, "ed"),
        ("unpaged", {}, "abcde"),
        ("list", {"ordering": ""}, "abcde"),
        ("list", {"ordering": ","}, "abcde"),
        ("list", {"ordering": "-pk,name"}, "edcba"),
        ("list", {"ordering": " name , pk ,"}, "abcde"),
        ("list", {"ordering": "-name", "search": "b"}, "b"),
        ("list", {"sort": "nothing"}, "abcde"),
        ("router", {"ordering": "-name"}, "ed"),
        ("all", {"ordering": "-id"}, "edcba"),
        ("cursors", {"ordering": "-name"}, "ed"),
    ],
)
def test_a_valid_parameter_works_as_in_drf(
    client: Client, name: str, parameters: dict[str, str], names: str
) -> None:
    assert get_names(get(client, name, **parameters)) == names


def test_the_next_link_of_a_cursor_works(client: Client) -> None:
    url, names = "/names/", ""
    while url is not None:
        response = client.get(url)
        names += get_names(response)
        url = response.json()["next"]
    assert names == "edcba"


def test_a_cursor_reaches_rows_that_the_validators_of_their_field_reject(client: Client) -> None:
    codes = ["", "a b", "a\0b", "x" * 30, "\u00e9&=", "%00"]
    Parcel.objects.bulk_create(
        Parcel(code=code, slug=code, number=number) for number, code in enumerate(codes)
    )
    rows, url = [], "/codes/"
    while url:
        content = client.get(url).json()
        rows, url = rows + content["results"], content["next"]
    assert [row["code"] for row in rows] == sorted(codes)


@pytest.mark.django_db
def test_a_cursor_may_have_nul_where_the_database_stores_it(client: Client) -> None:
    assert get(client, "names", cursor=make_cursor(p="a\0")).status_code == 200


@pytest.mark.parametrize("name", WAITS)
def test_the_links_of_cursors_about_durations_lead_through_all_rows(
    client: Client, name: str
) -> None:
    waits = [timedelta(days=days, microseconds=days) for days in (-2, 0, 0, 0, 400, 3, 3)]
    Ticket.objects.bulk_create(Ticket(email=f"{n}", wait=wait) for n, wait in enumerate(waits))
    contents = [client.get(f"/{name}/").json()]
    while contents[-1]["next"]:
        contents.append(client.get(contents[-1]["next"]).json())
    rows = [row["wait"] for content in contents for row in content["results"]]
    waits.sort(reverse=name == "long-waits")
    assert rows == [DurationField().to_representation(wait) for wait in waits]
    assert client.get(contents[-1]["previous"]).json()["results"] == contents[-2]["results"]


def test_a_cursor_about_durations_that_is_not_one_is_400(client: Client) -> None:
    response = get(client, "waits", cursor=make_cursor(p="soon"))
    assert_body(response, body("INVALID_CONTENT", "cursor: Invalid cursor"))


class Rows(list[Any]):
    """A queryset without a model: a proxy of a search engine, or DRF's tests."""

    def filter(self, name__gt: str) -> Rows:
        return Rows(row for row in self if row.name > name__gt)

    def order_by(self, *names: str) -> Rows:
        return self


def test_a_cursor_needs_no_model() -> None:
    rows = Rows(Shelf(name=name) for name in "abcde")
    pages, url = "", "/"
    while url:
        paginator = make_pagination("names")()
        paginator.ordering = ("name",)
        page = paginator.paginate_queryset(rows, Request(APIRequestFactory().get(url)))
        pages, url = pages + "".join(row.name for row in page or ()), paginator.get_next_link()
    assert pages == "abcde"


@pytest.mark.parametrize("name", ["pages", "router", "router/again"])
def test_a_page_beyond_the_last_is_404_with_the_parameter(client: Client, name: str) -> None:
    for page in ("99", GREATEST):
        response = get(client, name, page=page)
        assert_body(response, body("MISSING_RESOURCE", "page: Invalid page."))


# DRF reads each parameter in a method of its own, so each is sent both values: the empty one, which
# DRF treats as not sent, and one that no database accepts.
@pytest.mark.parametrize(
    ("name", "parameter", "minimum"),
    [
        ("pages", "page", 1),
        ("pages", "page_size", 1),
        ("slices", "limit", 1),
        ("slices", "offset", 0),
        ("cursors", "page_size", 1),
    ],
)
def test_an_invalid_number_is_400_with_the_parameter(
    client: Client, name: str, parameter: str, minimum: int
) -> None:
    # DRF reads each parameter in a method of its own, so each is sent both values: one that is not
    # a number, and one that no database accepts.
    message = f"{parameter}: A whole number of at least {minimum} is required."
    for value in ("x", str(2**63)):
        response = get(client, name, **{parameter: value})
        assert_body(response, body("INVALID_CONTENT", message))


@pytest.mark.parametrize(
    ("name", "cursor"),
    [
        *(("cursors", cursor) for cursor in ("x", "!!!!", "\u00e9", "\0")),
        ("cursors", b64encode(b"\xff").decode()),
        *(("cursors", make_cursor(**tokens)) for tokens in ({"o": "-1"}, {"r": "x"}, {"p": "x"})),
    ],
)
def test_an_invalid_cursor_is_400_with_the_parameter(
    client: Client, name: str, cursor: str
) -> None:
    response = get(client, name, cursor=cursor)
    assert_body(response, body("INVALID_CONTENT", "cursor: Invalid cursor"))


@pytest.mark.parametrize(
    ("name", "ordering", "invalid"),
    [
        ("list", "name,nothing,-other", "nothing, -other"),
        ("router", "--name", "--name"),
        *(("list", name, name) for name in ("id", "?", "name__iexact", "\0")),
        ("sorted", "nothing", "nothing"),
        ("all", "password", "password"),
        ("cursors", "nothing", "nothing"),
    ],
)
def test_an_invalid_ordering_is_400_with_the_parameter(
    client: Client, name: str, ordering: str, invalid: str
) -> None:
    parameter = "sort" if name == "sorted" else "ordering"
    response = get(client, name, **{parameter: ordering})
    message = f"{parameter}: Ordering by {invalid} is not supported."
    assert_body(response, body("INVALID_CONTENT", message))


def test_the_time_for_many_fields_is_linear(client: Client) -> None:
    # Sent by a test client, because a server limits the length of a URL.
    names = ",".join(f"field{number}" for number in range(40_000))
    start = time.perf_counter()
    response = get(client, "list", ordering=f"{names},{'name,' * 40_000}")
    assert response.status_code == 400
    assert time.perf_counter() - start < 9


def is_valid(value: str, minimum: int = 1) -> bool:
    """Whether `check_number()` accepts the parameter `size`."""
    request = Request(APIRequestFactory().get("/", {"size": value}))
    try:
        check_number(request, "size", minimum)
    except ValidationError:
        return False
    return True


def test_a_number_is_written_in_ascii_digits() -> None:
    assert all(map(is_valid, ("", "1", "007", GREATEST)))
    invalid = [" ", "a", "1.0", "1e3", "-1", "+1", "0x1", "1_0", "\u0661", "\u00b2", "0", "\0"]
    invalid += ["NaN", str(MAX_LIMIT + 1), "9" * 100_000, "\U0001f600", " 1", "1 "]
    assert not any(map(is_valid, invalid))
    assert (is_valid("0", 0), is_valid("-0", 0)) == (True, False)


@given(st.text() | st.integers().map(str))
def test_a_valid_number_is_in_range(value: str) -> None:
    if value and is_valid(value):
        assert 1 <= int(value) <= MAX_LIMIT
