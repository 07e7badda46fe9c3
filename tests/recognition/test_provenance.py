"""An exception about a value is the client's mistake only if the client sent the value."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from urllib.error import URLError
from urllib.parse import quote

import pytest
from django import shortcuts
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Value
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import include, path, re_path
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework import generics, routers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import generics as our_generics
from django_apierrors import viewsets as our_viewsets
from django_apierrors.recognition import provenance
from tests.models import Lock, Shelf, Thing, Ticket
from tests.recognition.support import Outcome, expect, read
from tests.support import throw

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

MALFORMED = "The formatting of a resource identifier is incorrect."
WRONG = "The syntax/content is incorrect."
MISSING = "The resource you try to access does not exist, or is outside your scope."
UNHANDLED = expect("INTERNAL_ERROR")
GONE = 7
NOW = datetime.datetime.now(datetime.UTC)
LAST = "9999-12-31T23:59:59-05:00"


def find_in_list(value: str) -> object:
    return [*Thing.objects.filter(pk__in=["00000000-0000-4000-8000-000000000000", value])]


def find_by_time(value: str) -> object:
    return User.objects.filter(date_joined__gt=datetime.datetime.fromisoformat(value)).exists()


def find_by_pattern(value: str) -> object:
    Shelf.objects.get_or_create(name="top")
    return [*Shelf.objects.filter(name__regex=value)]


def update_shelf(value: str) -> object:
    thing, _ = Thing.objects.get_or_create(name="cup")
    return Thing.objects.filter(pk=thing.pk).update(shelf=Shelf(pk=value), size=1)


def find_by_subquery(value: str) -> object:
    return Thing.objects.get(shelf__in=Shelf.objects.filter(name=value))


INVALID_DATE = (
    "“today” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format."
)

# The action of a view with a value, a value that is rejected, and the code if the client sent it.
REJECTED: dict[str, tuple[Callable[[str], object], str, str]] = {
    "an int key": (lambda v: Shelf.objects.get(pk=v), "x", "INVALID_ID"),
    "a UUID key": (lambda v: Thing.objects.get(pk=v), "x", "INVALID_ID"),
    "a foreign key": (lambda v: [*Thing.objects.filter(shelf_id=v)], "x", "INVALID_ID"),
    "a UUID of a relation": (lambda v: [*Shelf.objects.filter(things=v)], "x", "INVALID_ID"),
    "save()": (lambda v: Thing(shelf_id=v).save(), "x", "INVALID_ID"),
    "one of a list": (find_in_list, "x", "INVALID_ID"),
    "an int": (lambda v: [*Thing.objects.filter(size__gt=v)], "x", "INVALID_CONTENT"),
    "a number without end": (
        lambda v: [*Thing.objects.filter(size__gt=float(v))],
        "inf",
        "INVALID_CONTENT",
    ),
    "one of many": (lambda v: [*Thing.objects.filter(size__in=[v])], "x", "INVALID_CONTENT"),
    "a bool": (lambda v: [*Thing.objects.filter(shelf__isnull=v)], "x", "INVALID_CONTENT"),
    "a year": (lambda v: [*User.objects.filter(date_joined__year=v)], "99999", "INVALID_CONTENT"),
    "a date": (lambda v: [*User.objects.filter(date_joined=v)], "today", "INVALID_CONTENT"),
    "a date in save()": (lambda v: User(date_joined=v).save(), "today", "INVALID_CONTENT"),
    "the end of the calendar": (find_by_time, LAST, "INVALID_CONTENT"),
    "a duration": (lambda v: [*Ticket.objects.filter(wait__in=[v])], "x", "INVALID_CONTENT"),
    "a duration in save()": (lambda v: Ticket(wait=v).save(), "x", "INVALID_CONTENT"),
    "a range": (lambda v: [*Thing.objects.filter(size__range=[v])], "5", "INVALID_CONTENT"),
    "a pattern": (find_by_pattern, "(", "INVALID_CONTENT"),
    "over 64 bits": (lambda v: Thing(name="a", size=v).save(), f"{2**70}", "INVALID_CONTENT"),
    "Django's 404": (lambda v: shortcuts.get_object_or_404(Shelf, pk=v), "x", "INVALID_ID"),
    "DRF's 404": (lambda v: generics.get_object_or_404(Thing, pk=v), "x", "INVALID_ID"),
    "a row": (lambda v: Shelf.objects.filter(name=v).get(), "x", "MISSING_RESOURCE"),
    "a row by a subquery": (find_by_subquery, "x", "MISSING_RESOURCE"),
    "a text": (lambda v: Shelf.objects.get(name=v), "x", "MISSING_RESOURCE"),
    "a row of a relation": (lambda v: Shelf(pk=77, name=v).lock, "x", "MISSING_RESOURCE"),
    "a missing key": (lambda v: Thing(name="a", shelf_id=v).save(), "9", "MISSING_RESOURCE"),
    "a missing key in update()": (update_shelf, "9", "MISSING_RESOURCE"),
}


class RejectingMixin:
    """A view that does something with a value of the client, else with the project's."""

    def get(self, request: Request, name: str, value: str | None = None) -> Response:
        function, project_value, _ = REJECTED[name]
        data = request.data.get("rows", [{}])[-1] if request.method == "POST" else {}
        value = value or request.query_params.get("q") or data.get("value")
        return Response(repr(function(value or project_value)))

    post = get


class StockView(RejectingMixin, generics.GenericAPIView[Any]):
    pass


WRAPPERS: dict[str, Callable[[Exception], Exception]] = {
    "group": lambda exc: ExceptionGroup("tasks", [exc]),
    "nested": lambda exc: ExceptionGroup("tasks", [ExceptionGroup("inner", [exc]), exc]),
    "wrapper": URLError,  # type: ignore[dict-item]
    "both": lambda exc: ExceptionGroup("tasks", [URLError(exc)]),  # type: ignore[arg-type]
}


class WrappingView(RejectingMixin, generics.GenericAPIView[Any]):
    """A view that raises the exception of the action inside another."""

    def get(self, request: Request, name: str, wrapper: str) -> Response:  # type: ignore[override]
        try:
            return super().get(request, name)
        except Exception as exc:
            raise WRAPPERS[wrapper](exc) from exc


class GroupingView(generics.GenericAPIView[Any]):
    """A view that does many things at once, each with a value of the client or the project's."""

    def get(self, request: Request) -> Response:
        values, errors = request.query_params, []
        names = values.getlist("name") * int(values.get("count", 1))
        for name, value in zip(names, values.getlist("q") * len(names), strict=False):
            try:
                REJECTED[name][0](value or "bad")
            except Exception as exc:
                errors.append(exc)
        raise ExceptionGroup("tasks", errors)


class ContainerView(generics.GenericAPIView[Any]):
    def post(self, request: Request, name: str) -> Response:
        return Response(repr(REJECTED[name][0](request.data["rows"][1]["shelf"])))


class OurView(RejectingMixin, our_generics.GenericAPIView[Any]):
    successes = {"POST": {200: ()}}


class ThingSerializer(serializers.ModelSerializer[Thing]):
    class Meta:
        model = Thing
        fields = ["name"]


class ShelfThingsMixin:
    """The things of a shelf that the URL names."""

    serializer_class = ThingSerializer
    lookup_field = "name"
    kwargs: dict[str, Any]

    def get_queryset(self) -> Any:
        return Thing.objects.filter(shelf_id=self.kwargs["shelf_pk"])

    def perform_create(self, serializer: Any) -> None:
        serializer.save(shelf_id=self.kwargs["shelf_pk"])


class StockThings(ShelfThingsMixin, viewsets.ModelViewSet[Thing]):
    pass


class OurThings(ShelfThingsMixin, our_viewsets.ModelViewSet[Thing]):
    pass


class ShelfViewSet(viewsets.ReadOnlyModelViewSet[Shelf]):
    queryset = Shelf.objects.all()
    serializer_class = serializers.Serializer

    @action(detail=True, url_path="of/(?P<size>[^/.]+)")
    def sized(self, request: Request, pk: str, size: str) -> Response:
        return Response(Thing.objects.filter(size=size).count())


# Views derive these values from one that was sent.
DERIVED: dict[str, Callable[[str], object]] = {
    "split": lambda q: [*Thing.objects.filter(size__in=q.split(","))],
    "last": lambda q: [*Thing.objects.filter(size=q.rpartition(";")[2])],
    "anchored": lambda q: find_by_pattern(f"^{q}"),
    "whole": lambda q: find_by_pattern(f"^{q}$"),
    "copied": lambda q: [*Thing.objects.filter(size=f"Copy of {q}")],
    "cut": lambda q: [*Thing.objects.filter(size=q.removeprefix("urn:"))],
    "words": lambda q: [find_by_pattern(word) for word in q.split()],
    "document": lambda q: Thing.objects.get(**json.loads(q)),
    "twice": lambda q: Thing.objects.get(name=f"a {q}", shelf__name=f"b {q}"),
    "many": lambda q: Thing.objects.get(name__in=[f"{q} {number}" for number in range(21)]),
    # A value of the project's.
    "nothing": lambda q: [*Thing.objects.filter(size__gt=None)],
    "none": lambda q: [*Thing.objects.filter(size="launch-date-not-set")],
    "raised": lambda q: throw(DataError(q)),
    "raised-integrity": lambda q: throw(IntegrityError(q)),
    "unset": lambda q: Lock().shelf,
    "short": lambda q: [*Thing.objects.filter(size="x")],
    "number": lambda q: Thing.objects.create(name="a", shelf_id=12),
}


def find_beside(value: str) -> object:
    Shelf.objects.get_or_create(name="top")
    return [*Shelf.objects.annotate(x=Value(value)).filter(name__regex="(")]


LONG_PATTERN = f"({'a' * 2_000}"
DERIVED["beside a pattern"] = find_beside
DERIVED["long pattern"] = lambda _: find_by_pattern(LONG_PATTERN)


class DerivingView(generics.GenericAPIView[Any]):
    """A view that does something with a value that it derives from a value of the client."""

    def get(self, request: Request, name: str) -> Response:
        return Response(repr(DERIVED[name](request.query_params["q"])))


class RowView(generics.GenericAPIView[Any]):
    """A view that writes the row of the URL, which violates constraints, and the values sent."""

    def get(self, request: Request, **fields: Any) -> Response:
        values = {**fields, **request.query_params.dict(), **request.data}
        Ticket.objects.create(**{"email": "b@x.org", **values})
        return Response({})

    post = delete = get


SHELF, LAST = "http://testserver/shelves/1/", "9999-12-31T23:59:59"


class FieldSerializer(serializers.Serializer[Any]):
    data = serializers.JSONField(required=False)
    at = serializers.DateTimeField(required=False)
    shelf = serializers.HyperlinkedRelatedField(
        queryset=Shelf.objects.all(), view_name="shelf-detail", required=False
    )


class ContainerSerializer(serializers.Serializer[Any]):
    lines = FieldSerializer(many=True, required=False)
    times = serializers.ListField(child=serializers.DateTimeField(), required=False)
    named = serializers.DictField(child=serializers.DateTimeField(), required=False)
    shelves = serializers.HyperlinkedRelatedField(
        queryset=Shelf.objects.all(), view_name="shelf-detail", required=False, many=True
    )


class FieldView(generics.CreateAPIView[Any]):
    serializer_class: Any = FieldSerializer

    def perform_create(self, serializer: Any) -> None:
        pass


class FieldsView(FieldView):
    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, many=True, **kwargs)


class KeyView(RejectingMixin, generics.GenericAPIView[Any]):
    """A view that always writes a foreign key to a row that does not exist."""

    key: object = GONE

    def get(self, request: Request, *args: str, **kwargs: str) -> Response:
        request.data  # noqa: B018  (read, as views do)
        Thing.objects.create(name="cup", shelf_id=self.key)
        return Response({})

    post = get


class SQLView(generics.GenericAPIView[Any]):
    """A view that writes the key without the ORM, so that the traceback has no query."""

    def get(self, request: Request) -> Response:
        request.data  # noqa: B018
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tests_parcel (code, slug, number, shelf_id) VALUES (1, 2, 3, 7)"
            )
        return Response({})

    post = delete = get


class DeletingView(generics.GenericAPIView[Any]):
    """A view that deletes a row that another refers to, without the ORM's protection."""

    def get(self, request: Request) -> Response:
        shelf = Shelf.objects.create(name="top")
        Thing.objects.create(name="cup", shelf=shelf)
        return Response(Shelf.objects.filter(pk=shelf.pk)._raw_delete("default"))


class UnreadView(generics.GenericAPIView[Any]):
    """A view that does not read the body."""

    def post(self, request: Request) -> Response:
        return Response(repr(Shelf.objects.get(pk="x")))


class SearchSerializer(serializers.Serializer[Any]):
    """Fields that convert the values of a client."""

    date_joined = serializers.DateTimeField(required=False)
    last_login__date = serializers.DateField(required=False)
    last_login__time = serializers.TimeField(required=False)
    is_active = serializers.BooleanField(required=False)
    username = serializers.IPAddressField(required=False)
    wait = serializers.DurationField(required=False)


class SearchView(generics.GenericAPIView[Any]):
    """A view that gets a row by values that a serializer has converted, and by its own."""

    constants: dict[str, Any] = {}

    def get(self, request: Request) -> Response:
        values = request.query_params.dict()
        if "page" in values:
            return Response(repr(User.objects.get(**self.constants)))
        serializer = SearchSerializer(data=request.data or values)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        model: Any = Ticket if "wait" in data else User
        return Response(repr(model.objects.get(**data)))

    post = get


class UploadView(generics.GenericAPIView[Any]):
    """A view that looks up a file that was sent, or the keys of an object."""

    parser_classes = [MultiPartParser, JSONParser]

    def post(self, request: Request) -> Response:
        file = request.data.get("file")
        if file is not None:
            return Response(Thing.objects.filter(size=file).count())
        return Response([Thing.objects.get(pk=key).name for key in request.data["things"]])


class CleaningView(generics.GenericAPIView[Any]):
    """A view that validates a value of the project's."""

    def get(self, request: Request, name: str) -> Response:
        if name == "type":
            Ticket._meta.get_field("wait").clean(request.query_params.getlist("q") or {}, None)
        elif name == "model":
            Thing(key="x", name="cup").full_clean()
        elif name == "field":
            Thing._meta.get_field("key").clean("x", None)
        elif name == "row":
            raise Shelf.DoesNotExist
        raise ValidationError("The shop is closed.")


class JSONView(generics.GenericAPIView[Any]):
    """A view that writes JSON with a value of the project that JSON cannot represent."""

    def get(self, request: Request) -> Response:
        circle: list[object] = [request.query_params["a"], object]
        circle.append(circle)
        Ticket(email="x", data=circle).save()
        return Response({})


def plain_view(request: HttpRequest, source: str) -> HttpResponse:
    """Read a value from the body, or no value, in a plain view."""
    value = {
        "form": lambda: request.POST.get("q"),
        "json": lambda: json.loads(request.body)["q"],
        "stream": lambda: request.read() and "x",
        "text": lambda: request.body and "x",
        "nothing": lambda: "x",
    }[source]()
    return HttpResponse(Thing.objects.filter(size=value))


@transaction.atomic
def plain_commit_view(request: HttpRequest) -> HttpResponse:
    Thing.objects.create(name="cup", shelf_id=GONE)
    return HttpResponse(request.read() if request.method == "POST" else b"")


async def async_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(await Shelf.objects.aget(pk=request.GET.get("q", "x")))


router = routers.SimpleRouter()
router.register("shelves", ShelfViewSet)
router.register("stock-shelves/(?P<shelf_pk>[^/.]+)/things", StockThings, basename="stock")
router.register("our-shelves/(?P<shelf_pk>[^/.]+)/things", OurThings, basename="ours")

urlpatterns = [
    path("stock/<name>/", StockView.as_view()),
    path("stock/<name>/at/<value>/", StockView.as_view()),
    path("drf-parser/<name>/", StockView.as_view(parser_classes=[JSONParser])),
    path("wrapped/<wrapper>/<name>/", WrappingView.as_view()),
    path("grouped/", GroupingView.as_view()),
    path("container/<name>/", ContainerView.as_view()),
    path("levels/<name>/", ContainerView.as_view(parser_classes=[JSONParser])),
    path("ours/<name>/", OurView.as_view()),
    path("ours/<name>/at/<value>/", OurView.as_view()),
    path("", include(router.urls)),
    path("fields/", FieldView.as_view()),
    path("fields/inside/", FieldView.as_view(serializer_class=ContainerSerializer)),
    path("fields/many/", FieldsView.as_view()),
    path("derived/<name>/", DerivingView.as_view()),
    path("row/null/", RowView.as_view(), {"row": None}),
    path("row/twice/", RowView.as_view(), {"row": 1, "rank": 1}),
    path("row/51/", RowView.as_view(), {"row": 51}),
    path("row/negative/", RowView.as_view(), {"count": -7}),
    path("key/", KeyView.as_view()),
    path("key/huge/", KeyView.as_view(key=10**5000)),
    path("key/large/", KeyView.as_view(parser_classes=[JSONParser])),
    path("key/raw/", DeletingView.as_view()),
    path("key/<int:shelf_pk>/", KeyView.as_view()),
    path("constant/", KeyView.as_view(), {"shelf_pk": GONE}),
    re_path("groups/([0-9]+)/$", KeyView.as_view()),
    path("search/", SearchView.as_view()),
    path("search/active/", SearchView.as_view(constants={"is_active": True})),
    path("search/login/", SearchView.as_view(constants={"last_login": NOW})),
    path("unread/", UnreadView.as_view()),
    path("sql/", SQLView.as_view()),
    path("clean/<name>/", CleaningView.as_view()),
    path("upload/", UploadView.as_view()),
    path("json/", JSONView.as_view()),
    path("plain/commit/", plain_commit_view),
    path("plain/async/", async_view),
    path("plain/<source>/", plain_view),
]


@pytest.fixture(params=["middleware", "handler only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "handler only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture
def reported() -> Iterator[list[object]]:
    """The exceptions that Django reports as unhandled."""
    signals: list[object] = []

    def listen(**kwargs: object) -> None:
        signals.append(kwargs)

    got_request_exception.connect(listen)
    yield signals
    got_request_exception.disconnect(listen)


def send(client: Client, target: str, data: object = None, method: str = "POST") -> Outcome:
    if data is None:
        return read(client.get(target))
    return read(client.generic(method, target, json.dumps(data), "application/json"))


def expect_of(name: str, place: str) -> Outcome:
    """Return the outcome of a row of `REJECTED` if the client sent the value at `place`."""
    code = REJECTED[name][2]
    if code == "MISSING_RESOURCE":
        if place == "path" or "missing" not in name:
            return expect(code)
        return expect(code, f"{place}: {MISSING}", status=400)
    if place == "path":
        return expect("INVALID_ID", *([] if "404" in name else [f"value: {MALFORMED}"]))
    message = MALFORMED if code == "INVALID_ID" else INVALID_DATE if "a date" in name else WRONG
    return expect(code, f"{place}: {message}")


# Both views with and without the middleware: an exception takes another way in each.
@pytest.mark.parametrize("view", ["stock", "ours"])
@pytest.mark.parametrize("name", REJECTED)
def test_a_rejected_value_is_the_clients_mistake_if_the_client_sent_it(
    client: Client, reported: list[object], view: str, name: str
) -> None:
    value, url = REJECTED[name][1], f"/{view}/{name}/"
    outcomes = {
        "path": send(client, f"{url}at/{quote(value)}/"),
        "q": send(client, f"{url}?page=2&q={quote(value)}"),
        "rows[1].value": send(client, url, {"page": 2, "rows": [{}, {"value": value}]}),
    }
    assert outcomes == {place: expect_of(name, place) for place in outcomes}
    assert reported == []
    assert send(client, f"{url}?page=2") == UNHANDLED
    assert len(reported) == 1


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("name", REJECTED)
def test_an_exception_inside_a_group_or_a_wrapper_has_the_same_error(
    reported: list[object], wrapper: str, name: str
) -> None:
    client = Client(raise_request_exception=False)
    url, (_, value, code) = f"/wrapped/{wrapper}/{name}/?page=2", REJECTED[name]
    response = client.get(f"{url}&q={quote(value)}")
    assert response.json()["code"] == code
    if wrapper != "nested":
        assert read(response) == expect_of(name, "q")
    assert reported == []
    assert read(client.get(url)) == UNHANDLED
    assert len(reported) == 1


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        # One value of the project's is a mistake of the project.
        ("q=x&q=&name=an int&name=an int", UNHANDLED),
        ("q=x&q=&name=a UUID key&name=a UUID key", UNHANDLED),
        (
            "q=x&q=bad&name=a UUID key&name=an int",
            expect("INVALID_CONTENT", f"q: {MALFORMED}", f"q: {WRONG}"),
        ),
        ("q=x&q=9&name=an int&name=a missing key", UNHANDLED),
    ],
)
def test_a_group_is_unhandled_unless_all_its_exceptions_are_about_values_of_the_client(
    query: str, outcome: Outcome
) -> None:
    client = Client(raise_request_exception=False)
    assert read(client.get(f"/grouped/?{query}")) == outcome


def test_only_the_first_exceptions_of_a_group_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each comparison reads all values of the request. The test counts them: times vary.
    compare = Mock(wraps=provenance._find_source)
    monkeypatch.setattr(provenance, "_find_source", compare)
    client = Client(raise_request_exception=False)
    response = client.get("/grouped/?name=a UUID key&count=300&q=x")
    assert (response.json()["code"], compare.call_count) == ("INVALID_ID", 20)


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
) | st.sampled_from(["9999-12-31", "0001-01-01T00:00Z", "\ud800", "\0", "\u0667", "1e999", "sNaN"])
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


# A lookup or a save() may reject any JSON that a client sends. A date is a naive datetime.
@pytest.mark.filterwarnings("ignore:DateTimeField:RuntimeWarning")
@hypothesis_settings(max_examples=40, deadline=None)
@given(value=TREES.filter(bool))
def test_no_value_of_a_client_is_the_mistake_of_the_project(value: object) -> None:
    client = Client(raise_request_exception=False)
    for name in ("an int", "an int key", "a UUID key", "a date", "a date in save()", "a text"):
        data = {"rows": [{"value": value}]}
        response = client.post(f"/stock/{name}/", json.dumps(data), "application/json")
        assert response.status_code in (200, 400, 404), (name, value)


def test_null_in_a_lookup_is_the_clients_mistake_if_it_was_sent(client: Client) -> None:
    data = {"rows": [{}, {"shelf": None}]}
    assert send(client, "/container/an int/", data) == expect(
        "INVALID_CONTENT", f"rows[1].shelf: {WRONG}"
    )
    assert read(client.get("/derived/nothing/?q=x")) == UNHANDLED


def test_a_number_with_an_exponent_is_the_integer_that_a_field_makes_of_it(client: Client) -> None:
    outcome = send(client, "/stock/one of many/", {"rows": [{"value": 9.223372036854776e18}]})
    assert outcome == expect("INVALID_CONTENT", f"rows[0].value: {WRONG}")


def test_half_of_a_surrogate_pair_is_invalid_content(client: Client) -> None:
    # DRF's parser accepts it, and no driver can encode it.
    outcome = send(client, "/drf-parser/a text/", {"rows": [{"value": "\ud800"}]})
    assert outcome == expect("INVALID_CONTENT", f"rows[0].value: {WRONG}")


@pytest.mark.parametrize("prefix", ["stock", "our"])
def test_the_parent_of_a_nested_url_is_named(client: Client, prefix: str) -> None:
    url = f"/{prefix}-shelves"
    malformed = expect("INVALID_ID", f"shelf_pk: {MALFORMED}")
    data = {"name": "cup"}
    targets = {
        (f"{url}/x/things/", "GET"): malformed,
        (f"{url}/x/things/cup/", "DELETE"): malformed,
        (f"{url}/x/things/", "POST"): malformed,
        (f"{url}/999/things/", "POST"): expect("MISSING_RESOURCE"),
        ("/shelves/1/of/x/", "GET"): expect("INVALID_ID", f"size: {MALFORMED}"),
    }
    outcomes = {(target, method): send(client, target, data, method) for target, method in targets}
    assert outcomes == targets


@pytest.mark.parametrize(
    ("zone", "field", "value", "code"),
    [
        ("America/New_York", "at", "9999-12-31T23:59:59", "INVALID_CONTENT"),
        ("Asia/Tokyo", "at", "0001-01-01T00:00:00", "INVALID_CONTENT"),
        ("UTC", "shelf", "http://[bad", "INVALID_ID"),
    ],
)
def test_a_value_that_a_field_of_drf_does_not_expect_is_named(
    client: Client, settings: Settings, zone: str, field: str, value: str, code: str
) -> None:
    settings.TIME_ZONE = zone
    message = MALFORMED if code == "INVALID_ID" else WRONG
    assert send(client, "/fields/", {field: value}) == expect(code, f"{field}: {message}")


@pytest.mark.parametrize(
    ("target", "data", "message"),
    [
        ("many", [{"shelf": SHELF}, {"shelf": "http://[bad"}], f"[1].shelf: {MALFORMED}"),
        ("inside", {"lines": [{}, {"shelf": "http://[bad"}]}, f"lines[1].shelf: {MALFORMED}"),
        ("inside", {"shelves": [SHELF, "http://[bad"]}, f"shelves[1]: {MALFORMED}"),
        ("inside", {"times": ["2020-01-01T00:00:00", LAST]}, f"times[1]: {WRONG}"),
        ("inside", {"named": {"a": "2020-01-01T00:00:00", "b": LAST}}, f"named.b: {WRONG}"),
    ],
)
def test_a_value_in_a_list_that_a_field_of_drf_does_not_expect_has_its_index(
    client: Client, settings: Settings, target: str, data: object, message: str
) -> None:
    settings.TIME_ZONE = "America/New_York"
    Shelf.objects.create(pk=1, name="a")
    code = "INVALID_ID" if MALFORMED in message else "INVALID_CONTENT"
    outcome = read(client.post(f"/fields/{target}/", json.dumps(data), "application/json"))
    assert outcome == expect(code, message)


# A client sends a value in any form and at any depth.
@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"shelf": GONE}, "shelf"),
        ({"shelf_id": "7"}, "shelf_id"),
        # The field of that name comes first.
        ({"size": 7, "shelfId": 7}, "shelfId"),
        ({"shelfId": 7, "size": 7, "shelf": 7}, "shelfId"),
        ({"a": "007"}, "a"),
        ({"a": 7.0}, "a"),
        ({"a": " +7 "}, "a"),
        ({"a": "\u0667"}, "a"),
        ({"a": "http://testserver/shelves/7/"}, "a"),
        ({"rows": [{}, {"shelves": [1, [7]]}]}, "rows[1].shelves[1][0]"),
        ([7], "[0]"),
        (7, ""),
        ({}, None),
        (None, None),
        ({"shelf": 8, "shelf_id": None, "a": [[], "", "7x", "1e7", True, 7.5]}, None),
        ({"a": ["nan", "inf", "1e999999999999999999", "9" * 5000, "\u0000", "/" * 5000]}, None),
        ({"a": 10**4000}, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_key_is_found_in_any_type_of_value(
    client: Client, data: object, name: str | None
) -> None:
    prefix = f"{name}: " if name else ""
    missing = expect("MISSING_RESOURCE", f"{prefix}{MISSING}", status=400)
    outcome = read(client.post("/key/", json.dumps(data), "application/json"))
    assert outcome == (UNHANDLED if name is None else missing)


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("/key/7/", expect("MISSING_RESOURCE")),
        ("/key/8/?page=2", UNHANDLED),
        ("/key/?at=7&at=8", expect("MISSING_RESOURCE", f"at: {MISSING}", status=400)),
        ("/groups/7/", expect("MISSING_RESOURCE")),
        ("/constant/", UNHANDLED),
        ("/key/huge/", UNHANDLED),
        ("/key/raw/", UNHANDLED),
        # The value is unknown: any value that was sent may be the rejected one.
        ("/sql/", UNHANDLED),
        ("/sql/?a=1", expect("MISSING_RESOURCE", status=400)),
        # Validation, not a lookup.
        ("/clean/model/", expect("INVALID_CONTENT", "key: “x” is not a valid UUID.")),
        ("/clean/field/", expect("INVALID_CONTENT", "“x” is not a valid UUID.")),
        ("/clean/row/", expect("MISSING_RESOURCE")),
        # A DurationField raises a TypeError.
        ("/clean/type/?q=a", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("/clean/type/?page=2", UNHANDLED),
        ("/clean/project/", expect("INVALID_CONTENT", "The shop is closed.")),
        ("/json/?a=1", UNHANDLED),
    ],
)
def test_a_value_in_the_url_or_the_query_is_found(
    client: Client, target: str, outcome: Outcome
) -> None:
    assert read(client.get(target)) == outcome


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("split/?q=1,x", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("last/?q=1;x", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("words/?q=top (", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ('document/?q={"shelf__in": ["x"]}', expect("INVALID_ID", f"q: {MALFORMED}")),
        ('document/?q={"name": "a b"}', expect("MISSING_RESOURCE")),
        ("anchored/?q=(", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("whole/?q=(", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("copied/?q=Moby-Dick", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("cut/?q=urn:notauuid", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("twice/?q=abc", expect("MISSING_RESOURCE")),
        ("many/?q=abc", UNHANDLED),
        # So short that the match may be a coincidence.
        ("copied/?q=Emma", UNHANDLED),
        ("cut/?q=urn:x", UNHANDLED),
        ("none/?q=launch", UNHANDLED),
        ("none/?q=a-launch-date-not-set-by-anybody-but-the-one-who-launches", UNHANDLED),
        ("short/?q=x-ray", UNHANDLED),
        ("short/?q=[x", UNHANDLED),
        (f"short/?q={'[' * 100_000}", UNHANDLED),
        ("short/?q=", UNHANDLED),
        ("raised/?q=abc", UNHANDLED),
        ("raised-integrity/?q=abc", UNHANDLED),
        ("number/?q=12:30", UNHANDLED),
        ("number/?q=a12", UNHANDLED),
        ("unset/?q=none", UNHANDLED),
    ],
)
def test_a_value_that_is_derived_from_a_sent_value_is_the_clients_if_most_of_it_was_sent(
    client: Client, target: str, outcome: Outcome
) -> None:
    assert read(client.get(f"/derived/{target}")) == outcome


def test_a_pattern_that_takes_long_to_compile_is_the_clients_if_it_was_sent() -> None:
    client = Client(raise_request_exception=False)
    outcomes = [
        send(client, "/stock/a pattern/", {"rows": [{"value": LONG_PATTERN}]}),
        read(client.get("/derived/long pattern/?q=x")),
    ]
    assert outcomes == [expect("INVALID_CONTENT", f"rows[0].value: {WRONG}"), UNHANDLED]
    # The pattern of the project's is the invalid one.
    begin = time.process_time()
    assert read(client.get(f"/derived/beside a pattern/?q={'[ab]' * 300_000}")) == UNHANDLED
    assert time.process_time() - begin < 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("date_joined", f"2020-01-01T{time}") for time in ("12:00:00Z", "20:00:00Z", "05:00")),
        ("date_joined", "2019-12-31T23:00:00-05:00"),
        ("date_joined", "2020-01-01T00:30:00+09:00"),
        ("last_login__date", "2020-01-01"),
        ("last_login__time", "20:00"),
        *(("wait", wait) for wait in ("3600", "01:00:00", "1 01:00", "P1DT1H")),
        *(("is_active", word) for word in ("1", "0", "yes", "on", "F", "TRUE")),
        ("username", "0:0:0:0:0:0:0:1"),
        ("username", "2001:DB8::0"),
    ],
)
def test_a_value_that_a_serializer_converted_was_sent(
    reported: list[object], settings: Settings, name: str, value: str
) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    client = Client(raise_request_exception=False)
    outcomes = [
        read(client.get("/search/", {name: value})),
        send(client, "/search/", {name: value}),
        send(client, "/search/", {name: int(value) if value.isdecimal() else value}),
    ]
    assert outcomes == [expect("MISSING_RESOURCE")] * 3
    assert reported == []


@pytest.mark.parametrize(
    "target",
    ["active/?page=1", "active/?page=yellow", f"active/?page={2**64}", "login/?page=x&q=1:2:3"],
)
def test_a_value_that_looks_like_another_type_was_not_sent(
    reported: list[object], target: str
) -> None:
    client = Client(raise_request_exception=False)
    assert read(client.get(f"/search/{target}")) == UNHANDLED
    assert len(reported) == 1


UNSET = "A required field or parameter for the resource has not been set."
TAKEN = "row, rank: Another resource has the same value for this field."
ROWS = "There are 50 rows."


@pytest.mark.parametrize(
    ("method", "target", "data", "outcome"),
    [
        # The client sent nothing, or no value of the row: the project has written the row.
        ("GET", "null/", None, UNHANDLED),
        ("GET", "null/?seat=2", None, UNHANDLED),
        ("GET", "twice/", None, UNHANDLED),
        ("GET", "twice/?seat=2", None, UNHANDLED),
        ("GET", "51/", None, UNHANDLED),
        ("GET", "negative/", None, UNHANDLED),
        ("POST", "null/", None, UNHANDLED),
        ("POST", "negative/", {"seat": 2}, UNHANDLED),
        # The client has omitted or sent the value.
        ("POST", "null/", {}, expect("INVALID_CONTENT", f"row: {UNSET}")),
        ("POST", "null/", {"row": None}, expect("INVALID_CONTENT", f"row: {UNSET}")),
        ("GET", "twice/?rank=1", None, expect("ALREADY_EXISTS", TAKEN)),
        ("GET", "51/?row=51", None, expect("INVALID_STATE", ROWS)),
        ("GET", "negative/?count=-7", None, expect("INVALID_CONTENT", f"count: {WRONG}")),
        ("POST", "negative/", {"count": -7}, expect("INVALID_CONTENT", f"count: {WRONG}")),
        # A method that changes the resource can conflict with its state.
        ("POST", "twice/", None, expect("ALREADY_EXISTS", TAKEN)),
        ("DELETE", "51/", None, expect("INVALID_STATE", ROWS)),
    ],
)
def test_a_row_that_violates_a_constraint_is_the_clients_mistake_if_the_client_can_have_made_it(
    client: Client,
    reported: list[object],
    method: str,
    target: str,
    data: object,
    outcome: Outcome,
) -> None:
    Ticket.objects.create(email="a@x.org", row=1, rank=1)
    content = "" if data is None else json.dumps(data)
    response = client.generic(method, f"/row/{target}", content, "application/json")
    assert read(response) == outcome
    assert len(reported) == (outcome == UNHANDLED)


# A list or a dict in the place of a value is named itself, not the values in it.
@pytest.mark.parametrize("value", [{"a": 1}, [1], [[1]], {"a": {"b": ["x"]}}, {}, []], ids=str)
@pytest.mark.parametrize("name", ["save()", "an int key", "a UUID key", "an int"])
def test_a_list_or_a_dict_is_named_as_a_whole(client: Client, name: str, value: object) -> None:
    code = REJECTED[name][2]
    message = MALFORMED if code == "INVALID_ID" else WRONG
    data = {"a": 1, "b": ["x", "1"], "rows": [{"value": 1}, {"shelf": value}], "tags": value}
    outcome = expect(code, f"rows[1].shelf: {message}")
    assert send(client, f"/container/{name}/", data) == outcome


def test_a_list_is_named_by_the_field_that_it_was_written_to(client: Client) -> None:
    data = {"tags": [1], "rows": [{}, {"shelf": [1]}]}
    outcome = expect("INVALID_ID", f"rows[1].shelf: {MALFORMED}")
    assert send(client, "/container/save()/", data) == outcome


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("form", expect("INVALID_CONTENT", f"q: {WRONG}")),
        ("json", expect("INVALID_CONTENT", f"q: {WRONG}")),
        # The value may be in a body that is not JSON, or cannot be read again.
        ("text", expect("INVALID_CONTENT")),
        ("stream", expect("INVALID_CONTENT")),
        ("nothing", UNHANDLED),
    ],
)
def test_the_body_of_a_plain_view_has_a_value_if_the_view_read_it(
    settings: Settings, source: str, outcome: Outcome
) -> None:
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    client = Client(raise_request_exception=False)
    bodies = {"form": {"data": {"q": "x"}}, "text": {"data": "q=x", "content_type": "text/csv"}}
    json_body = {"data": {"q": "x"}, "content_type": "application/json"}
    assert read(client.post(f"/plain/{source}/", **bodies.get(source, json_body))) == outcome


class ReadingMiddleware:
    """A middleware of the project's that reads all bodies."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.body  # noqa: B018
        return self.get_response(request)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("reader", "content"),
    [([], '{"a": "x"}'), ([], '{"a": "x"'), ([f"{__name__}.ReadingMiddleware"], '{"a": "x"')],
)
def test_a_body_that_the_view_did_not_parse_has_no_value(
    client: Client, settings: Settings, reader: list[str], content: str
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *reader]
    assert read(client.post("/unread/", content, "application/json")) == UNHANDLED


def test_an_uploaded_file_in_the_place_of_a_number_is_named(
    client: Client, reported: list[object]
) -> None:
    file = SimpleUploadedFile("photo.png", b"x")
    outcome = read(client.post("/upload/", {"file": file}))
    assert outcome == expect("INVALID_CONTENT", f"file: {WRONG}")
    assert reported == []


def test_a_key_that_cannot_be_a_field_name_is_a_value_of_the_client(client: Client) -> None:
    outcome = send(client, "/upload/", {"things": {"7x": 2}})
    assert outcome == expect("INVALID_ID", f"things.7x: {MALFORMED}")
    # A key that can be the name of a field is the project's.
    assert send(client, "/upload/", {"things": {"seven": 2}}) == UNHANDLED


def test_deep_json_that_a_field_of_drf_cannot_copy_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out_of_frames(*args: object, **kwargs: object) -> None:
        raise RecursionError

    # Only for the fields: without orjson the renderer calls the same function.
    fields_json = SimpleNamespace(dumps=run_out_of_frames)
    monkeypatch.setattr("rest_framework.fields.json", fields_json)
    outcome = send(client, "/fields/", {"data": {"a": 1}})
    assert outcome == expect("INVALID_CONTENT", f"data: {WRONG}")


def test_an_async_lookup_has_the_same_error(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    client = AsyncClient(raise_request_exception=False)

    async def send_all() -> list[Outcome]:
        targets = ("/async/?q=x", "/async/?q=9", "/async/")
        return [read(await client.get(f"/plain{target}")) for target in targets]

    malformed = expect("INVALID_ID", f"q: {MALFORMED}")
    assert asyncio.run(send_all()) == [malformed, expect("MISSING_RESOURCE"), UNHANDLED]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        # A request of very many values may have sent any value.
        (f"[{'1,' * 200_000} 1]", "MISSING_RESOURCE"),
        (f"[{'[],' * 200_000} 1]", "MISSING_RESOURCE"),
        (f'{{"{"%_" * 500_000}": "{"/" * 1_000_000}"}}', "INTERNAL_ERROR"),
        (f'{{"{"%_" * 500_000}": [{"7," * 15_000} 7]}}', "MISSING_RESOURCE"),
        (f"{'[' * 900} {'7,' * 15_000} 7 {']' * 900}", "MISSING_RESOURCE"),
    ],
    ids=["numbers", "lists", "long value", "long key", "deep"],
)
def test_a_large_body_is_searched_in_linear_time(client: Client, content: str, code: str) -> None:
    begin = time.process_time()
    response = client.post("/key/large/", content, "application/json")
    assert time.process_time() - begin < 6
    assert response.json()["code"] == code


def test_the_comparisons_of_a_list_grow_in_proportion_to_its_levels(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CountedList(list[Any]):
        comparisons = 0

        def __eq__(self, other: object) -> bool:
            CountedList.comparisons += 1
            return super().__eq__(other)

    def count_comparisons(levels: int) -> int:
        rows = CountedList()
        for _level in range(levels):
            rows = CountedList([rows])
        monkeypatch.setattr(
            "rest_framework.request.Request._parse",
            lambda self: (self.body and {"rows": [1, {"shelf": rows}]}, {}),
        )
        CountedList.comparisons = 0
        outcome = send(client, "/levels/a duration in save()/", {})
        assert outcome == expect("INVALID_CONTENT", f"rows[1].shelf: {WRONG}")
        return CountedList.comparisons

    assert 0 < count_comparisons(200) < 2.5 * count_comparisons(100)


def test_a_request_that_cannot_be_searched_does_not_change_the_error(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("broken")

    monkeypatch.setattr(
        "rest_framework.request.Request._parse", lambda self: (self.body and Broken(), {})
    )
    assert send(client, "/key/", {}) == expect("MISSING_RESOURCE", status=400)
    assert "looking for a value" in caplog.text


def test_a_mistake_of_the_client_is_a_warning_and_of_the_project_an_error(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    send(client, "/key/", {"shelf": GONE})
    send(client, "/key/", {})
    records = [record for record in caplog.records if record.name == "django.request"]
    assert [record.levelno for record in records] == [logging.WARNING, logging.ERROR]
    assert all(record.exc_info for record in records)
    assert not Thing.objects.exists()


def test_a_row_of_the_project_decides(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.ValueError": "INVALID_STATE"}}
    assert send(client, "/stock/an int/") == expect("INVALID_STATE")
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.ValueError": None}}
    assert send(client, "/stock/an int/?q=x") == UNHANDLED


@pytest.mark.parametrize("code", ["CONFLICT", None])
def test_a_row_of_the_project_for_a_parent_of_a_class_with_a_row_does_not_decide(
    client: Client, settings: Settings, code: str | None
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.Exception": code}}
    found = expect("MISSING_RESOURCE", f"shelf: {MISSING}", status=400)
    assert send(client, "/key/", {"shelf": GONE}) == found
    assert send(client, "/key/", {}) == UNHANDLED
    assert read(client.get("/clean/project/")) == expect("INVALID_CONTENT", "The shop is closed.")


def test_at_commit_any_sent_value_may_be_the_missing_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite names neither the key nor the field, and finds a row in use by the same check."""
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    client = Client(raise_request_exception=False)
    may_have = expect("MISSING_RESOURCE", status=400)
    rows: list[tuple[str, str, Any, Outcome]] = [
        ("POST", "/stock-shelves/999/things/", {"name": "cup"}, expect("MISSING_RESOURCE")),
        ("POST", "/key/", {"shelf": 7}, may_have),
        ("DELETE", "/sql/", {}, expect("INVALID_STATE")),
        ("GET", "/plain/commit/", None, UNHANDLED),
        # The view has read a stream.
        ("POST", "/plain/commit/", {"a": 1}, may_have),
    ]
    outcomes = [send(client, target, data, method) for method, target, data, _ in rows]
    assert outcomes == [row[-1] for row in rows]


@pytest.mark.parametrize("values", [{}, {"pk": "first"}], ids=len)
def test_a_view_that_a_test_calls_directly_gets_the_variables_as_arguments(
    values: dict[str, str],
) -> None:
    class ShelfView(generics.RetrieveAPIView[Shelf]):
        queryset = Shelf.objects.all()

        def get_object(self) -> Shelf:
            return generics.get_object_or_404(self.get_queryset(), pk="first")

    response = ShelfView.as_view()(RequestFactory().get("/"), **values)
    assert response.data["code"] == ("INVALID_ID" if values else "INTERNAL_ERROR")
