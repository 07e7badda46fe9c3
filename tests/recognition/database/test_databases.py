"""What PostgreSQL, MariaDB and SQLite refuse, over each driver: provoked for real, on both wings.

Each row of `docs/databases.md` about what a client sent has a row in `ROWS` here.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from django.core.signals import got_request_exception
from django.db import connection, connections, models, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import generics as stock
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import generics as ours
from tests.bodies import body
from tests.databases import DRIVERS, MODELS, Database
from tests.models import Booking, Parcel, Shelf, Thing, Ticket

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"


class UncheckedSerializer(serializers.BaseSerializer[models.Model]):
    """A serializer that leaves every check to the database."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def create(self, validated_data: Any) -> models.Model:
        manager = self.context["view"].queryset.model._base_manager
        if "rows" in validated_data:
            rows = [manager.model(**row) for row in validated_data["rows"]]
            return manager.bulk_create(rows)[-1]  # type: ignore[no-any-return]
        return manager.create(**validated_data)  # type: ignore[no-any-return]

    def update(self, instance: models.Model, validated_data: Any) -> models.Model:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        return instance

    def to_representation(self, instance: models.Model) -> dict[str, str]:
        return {"id": str(instance.pk)}


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    class Meta:
        model = Ticket
        fields = ["id", "email", "seat", "row", "rank"]


class ThingSerializer(serializers.ModelSerializer[Thing]):
    class Meta:
        model = Thing
        fields = ["key", "name", "shelf", "size"]


# What the racing threads meet at, once both have passed their validators.
barriers: list[threading.Barrier] = []


class RacingMixin:
    def perform_create(self, serializer: Any) -> None:
        barriers[0].wait()
        serializer.save()


class AtomicMixin:
    """A transaction of the view's own around all of it."""

    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


class WritingMixin:
    """Writes a row of its own before the one that may be refused."""

    def perform_create(self, serializer: Any) -> None:
        Shelf.objects.create(name="written")
        serializer.save()


class LoggingMixin:
    """Writes what no client named."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        Ticket.objects.create(email="log", shelf_id=10**6)
        return Response({})


class HoldingMixin:
    """Writes the rows between two models by itself, as `set()` does, without looking first."""

    def post(self, request: Request, **kwargs: Any) -> Response:
        held = Parcel.things.through
        held.objects.bulk_create(
            held(parcel_id="p" * 24, thing_id=key) for key in request.data["things"]
        )
        return Response({}, status=200)


def make_urls(name: str, wing: Any) -> list[Any]:
    """Return the URLs of one wing: stock DRF's views, or ours."""
    urls = []
    for model in MODELS:
        attributes = {
            "queryset": model._base_manager.all(),
            "serializer_class": UncheckedSerializer,
        }
        kind = model.__name__.lower()
        for prefix, mixins in {
            "": (),
            "atomic-": (AtomicMixin, WritingMixin),
            "writing-": (WritingMixin,),
        }.items():
            view = type(f"{kind}s", (*mixins, wing.ListCreateAPIView), attributes)
            urls.append(path(f"{name}/{prefix}{kind}/", view.as_view()))
        view = type(kind, (wing.RetrieveUpdateDestroyAPIView,), attributes)
        urls.append(path(f"{name}/{kind}/<pk>/", view.as_view()))
    for serializer in (TicketSerializer, ThingSerializer):
        attributes = {
            "queryset": serializer.Meta.model._base_manager.all(),
            "serializer_class": serializer,
        }
        view = type("racing", (RacingMixin, wing.CreateAPIView), attributes)
        urls.append(
            path(f"{name}/racing-{serializer.Meta.model.__name__.lower()}/", view.as_view())
        )
    attributes = {"queryset": Ticket.objects.all(), "serializer_class": UncheckedSerializer}
    for kind, mixin in {"log": LoggingMixin, "holding": HoldingMixin}.items():
        view = type(kind, (mixin, wing.ListAPIView), attributes)
        urls.append(path(f"{name}/{kind}/", view.as_view()))
    return urls


urlpatterns = [*make_urls("stock", stock), *make_urls("ours", ours)]


# Both wings with both layers take twice the time and tell nothing more.
@pytest.fixture(params=["stock, middleware", "ours, two lines only"])
def wing(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Return the name of a wing, with the middleware or without it."""
    wing, _, layers = request.param.partition(", ")
    settings.MIDDLEWARE = [MIDDLEWARE] if layers == "middleware" else []
    return str(wing)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def reported() -> Iterator[list[object]]:
    """Collect what Django reports as bugs."""
    bugs: list[object] = []

    def listen(**kwargs: object) -> None:
        bugs.append(kwargs)

    got_request_exception.connect(listen)
    yield bugs
    got_request_exception.disconnect(listen)


def post(client: Client, target: str, sent: object) -> HttpResponse:
    """Send `sent` as JSON."""
    return client.post(target, json.dumps(sent), content_type="application/json")


def nest(depth: int) -> list[Any]:
    """Return a list in a list, and so on."""
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


TAKEN = "Another resource has the same value for this field."
UNSET = "A required field or parameter for the resource has not been set."
WRONG = "The syntax/content is incorrect."
NOT_THERE = "The resource you try to access does not exist, or is outside your scope."
FORBIDDEN = "The state of a resource does not allow to fulfill a request."

EVERYWHERE = ("postgresql", "mysql", "sqlite")


def everywhere(message: str) -> dict[str, str]:
    """Return the one message that all databases have."""
    return dict.fromkeys(EVERYWHERE, message)


class Row(NamedTuple):
    """What is sent to which model, the code, and by vendor the message; none: it is taken."""

    model: type[models.Model]
    sent: object
    code: str
    messages: Mapping[str, str]


ROWS = {
    "a unique field": Row(Thing, {"name": "cup"}, "ALREADY_EXISTS", everywhere(f"name: {TAKEN}")),
    "a primary key": Row(
        Thing,
        {"name": "mug", "key": "00000000-0000-0000-0000-000000000001"},
        "ALREADY_EXISTS",
        everywhere(f"key: {TAKEN}"),
    ),
    "a UniqueConstraint on two fields": Row(
        Thing,
        {"name": "mug", "shelf_id": 90001, "size": 1},
        "ALREADY_EXISTS",
        everywhere(f"shelf, size: {TAKEN}"),
    ),
    "unique_together": Row(
        Ticket,
        {"email": "b@x.org", "row": 1, "rank": 1},
        "ALREADY_EXISTS",
        everywhere(f"row, rank: {TAKEN}"),
    ),
    # MariaDB has no index on an expression or with a condition: Django leaves them out there.
    "a UniqueConstraint on Lower": Row(
        Ticket,
        {"email": "a@X.org"},
        "ALREADY_EXISTS",
        dict.fromkeys(("postgresql", "sqlite"), f"email: {TAKEN}"),
    ),
    "a conditional UniqueConstraint": Row(
        Ticket,
        {"email": "b@x.org", "seat": 1},
        "ALREADY_EXISTS",
        dict.fromkeys(("postgresql", "sqlite"), "seat: This seat is taken."),
    ),
    "bulk_create": Row(
        Thing,
        {"rows": [{"name": "mug"}, {"name": "cup"}]},
        "ALREADY_EXISTS",
        everywhere(f"name: {TAKEN}"),
    ),
    "NOT NULL": Row(
        Ticket,
        {"email": "b@x.org", "row": None},
        "INVALID_CONTENT",
        everywhere(f"row: {UNSET}"),
    ),
    "too long": Row(
        Ticket,
        {"email": "b" * 31},
        "INVALID_CONTENT",
        {"postgresql": WRONG, "mysql": f"email: {WRONG}"},
    ),
    "out of range": Row(
        Ticket,
        {"email": "b@x.org", "rank": 2**20},
        "INVALID_CONTENT",
        {"postgresql": WRONG, "mysql": f"rank: {WRONG}"},
    ),
    "beyond 64 bits": Row(
        Ticket,
        {"email": "b@x.org", "rank": 2**70},
        "INVALID_CONTENT",
        {"postgresql": WRONG, "mysql": f"rank: {WRONG}", "sqlite": WRONG},
    ),
    "negative": Row(
        Ticket,
        {"email": "b@x.org", "count": -1},
        "INVALID_CONTENT",
        everywhere(f"count: {WRONG}"),
    ),
    "numeric overflow": Row(
        Ticket,
        {"email": "b@x.org", "price": "12345.67"},
        "INVALID_CONTENT",
        {"postgresql": WRONG, "mysql": f"price: {WRONG}"},
    ),
    "NUL in text": Row(Ticket, {"email": "b\0"}, "INVALID_CONTENT", {"postgresql": WRONG}),
    "NUL in JSON": Row(
        Ticket,
        {"email": "b@x.org", "data": {"a": "\0"}},
        "INVALID_CONTENT",
        {"postgresql": WRONG},
    ),
    "JSON of 40 levels": Row(
        Ticket,
        {"email": "b@x.org", "data": nest(40)},
        "INVALID_CONTENT",
        {"mysql": f"data: {WRONG}"},
    ),
    "a missing foreign key": Row(
        Ticket,
        {"email": "b@x.org", "shelf_id": 10**6},
        "MISSING_RESOURCE",
        {"postgresql": f"shelf: {NOT_THERE}", "mysql": f"shelf: {NOT_THERE}", "sqlite": NOT_THERE},
    ),
    "a CheckConstraint": Row(
        Thing, {"name": "mug", "size": -1}, "INVALID_STATE", everywhere(FORBIDDEN)
    ),
    "a CheckConstraint with a message": Row(
        Ticket,
        {"email": "b@x.org", "row": 51},
        "INVALID_STATE",
        everywhere("There are 50 rows."),
    ),
    "an ExclusionConstraint": Row(
        Booking,
        {"begins": 2, "ends": 5},
        "INVALID_STATE",
        {"postgresql": "These hours are booked."},
    ),
}


def get_answer(row: Row, database: Database) -> dict[str, Any]:
    """Return the body that a row of the table has on this database."""
    return body(row.code, row.messages[database.vendor], status=400)


def get_target(wing: str, row: Row, prefix: str = "") -> str:
    return f"/{wing}/{prefix}{row.model.__name__.lower()}/"


def get_rows() -> dict[str, list[Any]]:
    """Return the keys of all rows there are."""
    return {
        model.__name__: sorted(model._base_manager.values_list("pk", flat=True), key=str)
        for model in MODELS
        if model._meta.required_db_vendor in (None, connection.vendor)
    }


def assert_it_goes_on(client: Client, wing: str) -> None:
    """Assert that the connection can be used, and that the next request writes."""
    assert not connection.needs_rollback
    assert connection.is_usable()
    assert post(client, f"/{wing}/thing/", {"name": "next"}).status_code == 201
    assert Thing.objects.filter(name="next").exists()


def get_cases(vendors: Callable[[str], Iterable[str]], names: Iterable[str]) -> list[Any]:
    """Return each driver with each row of a table that has its vendor."""
    return [
        (driver, name)
        for name in names
        for driver in DRIVERS
        if DRIVERS[driver].vendor in vendors(name)
    ]


def get_vendors(name: str) -> Iterable[str]:
    """Return the vendors of the databases that can hold a row's model."""
    return [ROWS[name].model._meta.required_db_vendor or vendor for vendor in EVERYWHERE]


@pytest.mark.parametrize(("database", "name"), get_cases(get_vendors, ROWS), indirect=["database"])
def test_what_the_database_refuses_is_answered_as_the_table_says(
    name: str,
    database: Database,
    wing: str,
    client: Client,
    reported: list[object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    row, before = ROWS[name], get_rows()
    response = post(client, get_target(wing, row), row.sent)
    if database.vendor not in row.messages:
        assert response.status_code == 201
        return
    assert (response.status_code, response.json()) == (400, get_answer(row, database))
    assert get_rows() == before
    assert reported == []
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelno, record.exc_info is not None) == (logging.WARNING, True)
    assert_it_goes_on(client, wing)


def test_what_an_update_writes_is_refused_alike(
    database: Database, wing: str, client: Client
) -> None:
    target = f"/{wing}/ticket/90001/"
    response = client.put(target, {"row": 51}, content_type="application/json")
    assert (response.status_code, response.json()) == (
        400,
        body("INVALID_STATE", "There are 50 rows."),
    )
    assert Ticket.objects.get(pk=90001).row == 1
    assert_it_goes_on(client, wing)


CUP, NOTHING = (f"00000000-0000-0000-0000-{number:012}" for number in (1, 2))


@pytest.mark.parametrize(
    ("things", "code", "message"),
    [
        pytest.param([CUP, CUP], "ALREADY_EXISTS", TAKEN, id="twice"),
        pytest.param([NOTHING], "MISSING_RESOURCE", NOT_THERE, id="not there"),
    ],
)
def test_a_many_to_many_field_is_named_and_not_its_two_models(
    things: list[str], code: str, message: str, database: Database, wing: str, client: Client
) -> None:
    response = post(client, f"/{wing}/holding/", {"things": things})
    # SQLite does not say which foreign key leads nowhere.
    is_told = database.vendor != "sqlite" or code == "ALREADY_EXISTS"
    answer = body(code, f"things: {message}" if is_told else message, status=400)
    assert (response.status_code, response.json()) == (400, answer)
    assert Parcel.things.through.objects.count() == 0
    assert_it_goes_on(client, wing)


@pytest.mark.parametrize(
    "pk",
    [
        pytest.param(90001, id="PROTECT"),
        pytest.param(90002, id="RESTRICT"),
        pytest.param(90003, id="a foreign key that only the database knows of"),
    ],
)
@pytest.mark.parametrize("atomic_requests", [False, True])
def test_a_resource_that_others_need_is_not_deleted(
    pk: int,
    atomic_requests: bool,
    database: Database,
    client: Client,
    wing: str,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    if atomic_requests:
        # No handler is asked about a COMMIT.
        settings.MIDDLEWARE = [MIDDLEWARE]
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    before = get_rows()
    response = client.delete(f"/{wing}/shelf/{pk}/")
    assert (response.status_code, response.json()) == (400, body("INVALID_STATE"))
    assert get_rows() == before
    assert_it_goes_on(client, wing)


def test_a_missing_foreign_key_that_a_commit_finds_is_answered_and_leaves_no_row(
    database: Database,
    wing: str,
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    reported: list[object],
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    row, before = ROWS["a missing foreign key"], get_rows()
    response = post(client, get_target(wing, row), row.sent)
    assert (response.status_code, response.json()) == (400, get_answer(row, database))
    assert get_rows() == before
    assert reported == []
    assert_it_goes_on(client, wing)


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_a_missing_foreign_key_that_the_project_wrote_by_itself_is_a_bug(
    atomic_requests: bool,
    database: Database,
    wing: str,
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    reported: list[object],
) -> None:
    if atomic_requests:
        settings.MIDDLEWARE = [MIDDLEWARE]
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    response = client.get(f"/{wing}/log/")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert len(reported) == 1
    assert not Ticket.objects.filter(email="log").exists()
    assert_it_goes_on(client, wing)


class Shape(NamedTuple):
    """Where the transaction stands, and what of the view's own is left of a refused request."""

    prefix: str
    atomic_requests: bool
    left: list[str]


SHAPES = {
    "no transaction": Shape("writing-", False, ["written"]),
    "ATOMIC_REQUESTS": Shape("writing-", True, []),
    "atomic dispatch": Shape("atomic-", False, []),
    "both": Shape("atomic-", True, []),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["a unique field", "a CheckConstraint", "NOT NULL"])
def test_it_is_rolled_back_where_stock_drf_would(
    shape: str,
    name: str,
    database: Database,
    wing: str,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    prefix, atomic_requests, left = SHAPES[shape]
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    row = ROWS[name]
    answer = post(client, get_target(wing, row, prefix), row.sent)
    assert (answer.status_code, answer.json()) == (400, get_answer(row, database))
    own = Shelf.objects.exclude(name__startswith="shelf")
    assert [shelf.name for shelf in own] == left
    own.delete()
    settings.MIDDLEWARE = []
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "rest_framework.views.exception_handler"}
    stock_client = Client(raise_request_exception=False)
    assert post(stock_client, get_target("stock", row, prefix), row.sent).status_code == 500
    assert [shelf.name for shelf in own.all()] == left
    assert not connection.needs_rollback


def test_a_code_of_the_projects_own_is_sent_for_its_constraint(
    database: Database, wing: str, client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"NO_SUCH_ROW": {"status": 409}}, "DETAILS": True}
    row = ROWS["a CheckConstraint with a message"]
    response = post(client, get_target(wing, row), row.sent)
    assert (response.status_code, response.json()) == (
        409,
        {
            "status": 409,
            "errors": ["There are 50 rows."],
            "code": "NO_SUCH_ROW",
            "moreInfo": "",
            "details": [{"field": "", "code": "no_such_row", "message": "There are 50 rows."}],
        },
    )


RACES = {
    "a unique field": ("thing", {"name": "mug"}, f"name: {TAKEN}", EVERYWHERE),
    "a UniqueConstraint on two fields": (
        "thing",
        {"shelf": 90001, "size": 5},
        f"shelf, size: {TAKEN}",
        EVERYWHERE,
    ),
    "unique_together": ("ticket", {"row": 7, "rank": 7}, f"row, rank: {TAKEN}", EVERYWHERE),
    "a UniqueConstraint on Lower": (
        "ticket",
        {"email": "B@x.org"},
        f"email: {TAKEN}",
        ("postgresql", "sqlite"),
    ),
    "a conditional UniqueConstraint": (
        "ticket",
        {"seat": 7},
        "seat: This seat is taken.",
        ("postgresql", "sqlite"),
    ),
}


@pytest.mark.parametrize(
    ("database", "name"), get_cases(lambda name: RACES[name][3], RACES), indirect=["database"]
)
def test_the_later_of_two_creates_that_both_pass_the_validator_already_exists(
    name: str, database: Database, wing: str
) -> None:
    kind, shared, message, _vendors = RACES[name]
    barriers[:] = [threading.Barrier(2, timeout=20)]
    answers: list[HttpResponse] = []

    def create(number: int) -> None:
        unique = {"name": f"mug {number}"} if kind == "thing" else {"email": f"{number}@x.org"}
        try:
            answers.append(
                post(
                    Client(raise_request_exception=False),
                    f"/{wing}/racing-{kind}/",
                    {"row": number, "rank": number} | unique | shared,
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create, args=(number,)) for number in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert created.status_code == 201
    assert refused.json() == body("ALREADY_EXISTS", message)
    model = {"thing": Thing, "ticket": Ticket}[kind]
    assert model._base_manager.count() == 2
