"""An exception about a value is the client's mistake only if the client sent the value."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import generics, serializers
from rest_framework.decorators import api_view
from rest_framework.generics import get_object_or_404 as drf_get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import generics as our_generics
from tests.models import Shelf, Thing, Ticket
from tests.recognition.support import Outcome, expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

MALFORMED = "The formatting of a resource identifier is incorrect."
WRONG = "The syntax/content is incorrect."
SECRET = "launch-date-not-set"
KEPT = ValueError("secret")


class ThingSerializer(serializers.ModelSerializer[Thing]):
    class Meta:
        model = Thing
        fields = ["name"]


class DateTimeSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()


class ShelfThingsMixin:
    """The things of a shelf that the URL names, by an integer."""

    serializer_class = ThingSerializer
    kwargs: dict[str, Any]

    def get_queryset(self) -> Any:
        return Thing.objects.filter(shelf_id=self.kwargs["shelf_pk"])

    def perform_create(self, serializer: Any) -> None:
        serializer.save(shelf_id=self.kwargs["shelf_pk"])


class StockView(ShelfThingsMixin, generics.ListCreateAPIView):  # type: ignore[misc,type-arg]
    pass


class OurView(ShelfThingsMixin, our_generics.ListCreateAPIView):  # type: ignore[misc,type-arg]
    pass


class DateTimeView(generics.CreateAPIView):  # type: ignore[type-arg]
    serializer_class = DateTimeSerializer


class LinkSerializer(serializers.Serializer[Any]):
    shelf = serializers.HyperlinkedRelatedField(
        queryset=Shelf.objects.all(), view_name="shelf-detail"
    )


class LinkView(generics.CreateAPIView):  # type: ignore[type-arg]
    serializer_class = LinkSerializer


def find_by_query(request: Request) -> object:
    return [*Thing.objects.filter(shelf_id=request.query_params["shelf"])]


def find_by_key(request: Request) -> object:
    return Thing.objects.get(pk=request.query_params["key"])


def find_by_list(request: Request) -> object:
    return [*Thing.objects.filter(pk__in=request.data["rows"]["ids"])]


def find_by_size(request: Request) -> object:
    return [*Thing.objects.filter(size__gt=request.data["size"])]


def find_by_null(request: Request) -> object:
    return [*Thing.objects.filter(shelf__isnull=request.query_params["none"])]


def find_by_email(request: Request) -> object:
    return User.objects.filter(date_joined__gt=request.query_params["since"]).exists()


def find_by_time(request: Request) -> object:
    since = datetime.datetime.fromisoformat(request.query_params["since"])
    return User.objects.filter(date_joined__gt=since).exists()


def save_user(request: Request) -> object:
    return User(username="x", date_joined=request.data["joined"]).save()


def find_by_secret(request: Request) -> object:
    return User.objects.filter(date_joined__gt=SECRET).exists()


def find_secret_key(request: Request) -> object:
    return Thing.objects.get(pk=SECRET)


def find_secret_shelf(request: Request) -> object:
    return Shelf.objects.get(pk=SECRET)


def find_secret_or_404(request: Request) -> object:
    return get_object_or_404(Shelf, pk=SECRET)


def find_secret_or_drf_404(request: Request) -> object:
    return drf_get_object_or_404(Thing.objects.all(), pk=SECRET)


def save_secret(request: Request) -> object:
    return User(username="x", date_joined=SECRET).save()


def save_json(request: Request) -> object:
    ticket = Ticket(email="x", data={"a": request.query_params["a"], "at": datetime.timedelta})
    return ticket.save()


def find_forgotten(request: Request) -> object:
    return Shelf.objects.get(name="forgotten")


def find_named(request: Request) -> object:
    return Shelf.objects.filter(name=request.query_params["name"]).get()


def find_own(request: Request) -> object:
    return User.objects.get(pk=request.user.pk, is_staff=True)


def find_latest(request: Request) -> object:
    return Shelf.objects.latest("name")


def clean_secret(request: Request) -> object:
    return Thing(key="x", name=SECRET * 10).full_clean()


def clean_field(request: Request) -> object:
    return Thing._meta.get_field("key").clean("x", None)


def raise_own(request: Request) -> object:
    raise ValidationError("The shop is closed.")


def search(request: Request) -> object:
    Shelf.objects.create(name="top")
    return [*Shelf.objects.filter(name__regex=request.query_params.get("q", "(" + SECRET))]


def raise_kept(request: Request) -> object:
    raise KEPT


def raise_kept_in_lookup(request: Request) -> object:
    class Queryset:
        model = Shelf

        def get(self, **kwargs: Any) -> object:
            raise KEPT

    return get_object_or_404(Queryset(), pk=1)  # type: ignore[call-overload]


def make_view(function: Callable[[Request], object]) -> Any:
    @api_view(["GET", "POST"])
    def view(request: Request) -> Response:
        return Response(repr(function(request)))

    return view


FUNCTIONS = [
    find_by_query,
    find_by_key,
    find_by_list,
    find_by_size,
    find_by_null,
    find_by_email,
    find_by_time,
    save_user,
    find_by_secret,
    find_secret_key,
    find_secret_shelf,
    find_secret_or_404,
    find_secret_or_drf_404,
    save_secret,
    save_json,
    find_forgotten,
    find_named,
    find_own,
    find_latest,
    clean_secret,
    clean_field,
    raise_own,
    search,
    raise_kept,
    raise_kept_in_lookup,
]


def plain_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Thing.objects.get(pk=json.loads(request.body)["key"]))


@api_view(["GET"])
def uuid_view(request: Request, thing_pk: str) -> Response:
    return Response(Shelf.objects.filter(things=thing_pk).count())


urlpatterns = [
    path("stock/<shelf_pk>/things/", StockView.as_view()),
    path("ours/<shelf_pk>/things/", OurView.as_view()),
    path("things/<thing_pk>/shelves/", uuid_view),
    path("link/", LinkView.as_view()),
    path("link/<pk>/", LinkView.as_view(), name="shelf-detail"),
    path("at/", DateTimeView.as_view()),
    path("plain/", plain_view),
    *(path(f"{function.__name__}/", make_view(function)) for function in FUNCTIONS),
]


@pytest.fixture(params=[True, False], ids=["middleware", "handler only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if not request.param:
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture
def reported() -> Iterator[list[object]]:
    signals: list[object] = []

    def listen(**kwargs: object) -> None:
        signals.append(kwargs)

    got_request_exception.connect(listen)
    yield signals
    got_request_exception.disconnect(listen)


def send(client: Client, target: str, data: object = None) -> Outcome:
    if data is None:
        return read(client.get(target))
    return read(client.post(target, data, content_type="application/json"))


UUID_MESSAGE = f"thing_pk: {MALFORMED}"
NOT_A_DATE = (
    "“x” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format."
)


@pytest.mark.parametrize(
    ("target", "data", "code", "message"),
    [
        ("stock/x/things/", None, "INVALID_ID", f"shelf_pk: {MALFORMED}"),
        ("ours/x/things/", None, "INVALID_ID", f"shelf_pk: {MALFORMED}"),
        ("stock/x/things/", {"name": "cup"}, "INVALID_ID", f"shelf_pk: {MALFORMED}"),
        ("ours/x/things/", {"name": "cup"}, "INVALID_ID", f"shelf_pk: {MALFORMED}"),
        ("things/x/shelves/", None, "INVALID_ID", f"thing_pk: {MALFORMED}"),
        ("find_by_query/?shelf=x", None, "INVALID_ID", f"shelf: {MALFORMED}"),
        ("find_by_key/?key=x", None, "INVALID_ID", f"key: {MALFORMED}"),
        (
            "find_by_list/",
            {"rows": {"ids": [str(uuid.UUID(int=1)), "x"]}},
            "INVALID_ID",
            f"rows.ids[1]: {MALFORMED}",
        ),
        ("find_by_size/", {"size": "x"}, "INVALID_CONTENT", f"size: {WRONG}"),
        ("find_by_size/", {"size": ["x", 1]}, "INVALID_CONTENT", f"size[0]: {WRONG}"),
        ("find_by_null/?none=x", None, "INVALID_CONTENT", f"none: {WRONG}"),
        ("find_by_email/?since=x", None, "INVALID_CONTENT", f"since: {NOT_A_DATE}"),
        ("save_user/", {"joined": "x"}, "INVALID_CONTENT", f"joined: {NOT_A_DATE}"),
        ("save_user/", {"joined": "x" * 2000}, "INVALID_CONTENT", f"joined: {WRONG}"),
        ("link/", {"shelf": "http://[bad"}, "INVALID_ID", f"shelf: {MALFORMED}"),
        ("search/?q=(", None, "INVALID_CONTENT", f"q: {WRONG}"),
    ],
)
def test_a_value_that_was_sent_is_named(
    client: Client,
    reported: list[object],
    target: str,
    data: object,
    code: str,
    message: str,
) -> None:
    assert send(client, f"/{target}", data) == expect(code, message)
    assert reported == []


@pytest.mark.parametrize(
    "target",
    [
        "find_by_secret/",
        "find_secret_key/",
        "find_secret_shelf/",
        "find_secret_or_404/",
        "find_secret_or_drf_404/",
        "find_by_secret/?page=2&q=x",
        "save_secret/",
        "save_json/?a=x",
        "search/",
        "find_forgotten/",
    ],
)
def test_a_value_of_the_project_is_a_bug(
    client: Client, reported: list[object], target: str
) -> None:
    assert send(client, f"/{target}") == expect("INTERNAL_ERROR")
    assert len(reported) == 1


def test_a_row_that_the_request_asked_for_is_missing(client: Client) -> None:
    user = User.objects.create_user("ann")
    client.force_login(user)
    targets = ["find_named/?name=top", "find_latest/"]
    outcomes = [send(client, f"/{target}") for target in targets]
    assert outcomes == [expect("MISSING_RESOURCE")] * 2


@pytest.mark.parametrize("client", [True], indirect=True)
def test_a_row_of_the_caller_is_missing(client: Client) -> None:
    client.force_login(User.objects.create_user("ann"))
    assert send(client, "/find_own/") == expect("MISSING_RESOURCE")


def test_validation_stays_validation(client: Client) -> None:
    for target in ("clean_secret", "clean_field", "raise_own"):
        status, body = send(client, f"/{target}/")
        assert (status, body["code"]) == (400, "INVALID_CONTENT")


@pytest.mark.parametrize(
    ("zone", "value"),
    [("America/New_York", "9999-12-31T23:59:59"), ("Asia/Tokyo", "0001-01-01T00:00:00")],
)
def test_a_date_at_the_end_of_the_calendar_is_invalid_content(
    client: Client, reported: list[object], settings: Settings, zone: str, value: str
) -> None:
    settings.TIME_ZONE = zone
    assert send(client, "/at/", {"at": value}) == expect("INVALID_CONTENT", f"at: {WRONG}")
    # SQLite and MariaDB keep times in UTC.
    offset = "-05:00" if value.startswith("9") else "%2B09:00"
    outcome = send(client, f"/find_by_time/?since={value}{offset}")
    assert outcome == expect("INVALID_CONTENT", f"since: {WRONG}")
    assert reported == []


def test_the_body_of_a_plain_view_is_read(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    client = Client(raise_request_exception=False)
    assert send(client, "/plain/", {"key": "x"}) == expect("INVALID_ID", f"key: {MALFORMED}")


@pytest.mark.parametrize("target", ["/find_secret_shelf/", "/find_by_secret/"])
def test_a_request_of_very_many_values_may_have_sent_any(client: Client, target: str) -> None:
    assert send(client, target, [[1]] * 20_000) == expect("INVALID_CONTENT")


def test_an_exception_that_a_module_keeps_has_the_frames_of_one_raise(client: Client) -> None:
    KEPT.__traceback__ = None
    assert send(client, "/raise_kept_in_lookup/?a=1") == expect("INVALID_ID")
    assert send(client, "/raise_kept/?a=1") == expect("INTERNAL_ERROR")
    assert send(client, "/raise_kept_in_lookup/?a=1") == expect("INVALID_ID")
