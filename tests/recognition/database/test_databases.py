"""Writes that PostgreSQL, MariaDB and SQLite reject, over each driver, provoked for real.

Each row of `docs/databases.md` about a value of a client has a row in `ROWS` here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.core.signals import got_request_exception
from django.db import connection, connections, models, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import generics as drf_generics
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import generics as our_generics
from tests.models import Booking, Parcel, Shelf, Thing, Ticket
from tests.recognition.database.databases import DRIVERS, MODELS, VENDORS, Driver, get_rows, post
from tests.recognition.support import Outcome, expect, read

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


# Two threads meet here after both have passed the validators.
barriers: list[threading.Barrier] = []


class RacingView(drf_generics.CreateAPIView):
    queryset = Ticket.objects.all()
    serializer_class = TicketSerializer

    def perform_create(self, serializer: Any) -> None:
        barriers[0].wait()
        serializer.save()


class WritingMixin:
    """Writes a row of its own before the one that may be rejected."""

    def perform_create(self, serializer: Any) -> None:
        Shelf.objects.create(name="written")
        serializer.save()


class AtomicMixin(WritingMixin):
    @transaction.atomic
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


class RelationSerializer(serializers.Serializer[Any]):
    parcel = serializers.PrimaryKeyRelatedField(queryset=Parcel.objects.all())


class RelationView(drf_generics.CreateAPIView):
    serializer_class = RelationSerializer


class ParcelThingsView(drf_generics.GenericAPIView):
    def post(self, request: Request) -> Response:
        """Write the rows of a ManyToManyField as `set()` does, but without a query before."""
        through = Parcel.things.through
        through.objects.bulk_create(
            through(parcel_id="p" * 24, thing_id=key) for key in request.data["things"]
        )
        return Response({})


def make_view(name: str, *bases: type, model: type[models.Model]) -> Any:
    queryset = model._base_manager.all()
    return type(
        name, bases, {"queryset": queryset, "serializer_class": UncheckedSerializer}
    ).as_view()  # type: ignore[attr-defined]


urlpatterns = [path("racing/", RacingView.as_view())]
urlpatterns += [path("parcel-things/", ParcelThingsView.as_view())]
urlpatterns += [path("relation/", RelationView.as_view())]
for model in MODELS:
    name, create = model.__name__.lower(), drf_generics.CreateAPIView
    detail = drf_generics.RetrieveUpdateDestroyAPIView
    urlpatterns += [
        path(f"{name}/", make_view(name, create, model=model)),
        path(f"ours/{name}/", make_view(name, our_generics.CreateAPIView, model=model)),
        path(f"writing/{name}/", make_view(name, WritingMixin, create, model=model)),
        path(f"atomic/{name}/", make_view(name, AtomicMixin, create, model=model)),
        path(f"{name}/<pk>/", make_view(name, detail, model=model)),
    ]


@pytest.fixture
def client() -> Client:
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


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def nest(depth: int) -> list[Any]:
    """Return a list in a list, and so on."""
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


CUP, NOTHING = (f"00000000-0000-0000-0000-{number:012}" for number in (1, 2))

TAKEN = "Another resource has the same value for this field."
UNSET = "A required field or parameter for the resource has not been set."
WRONG = "The syntax/content is incorrect."
MISSING = "The resource you try to access does not exist, or is outside your scope."
FORBIDDEN = "The state of this resource does not allow the request."
MALFORMED = "The formatting of a resource identifier is incorrect."
SEAT = "This seat is taken."


class Row(NamedTuple):
    """The data sent to a model, the code, and the message by vendor, if the vendor rejects it."""

    model: type[models.Model]
    data: object
    code: str
    messages: dict[str, str]


def write_thing(code: str, *messages: str, **data: Any) -> Row:
    return Row(Thing, {"name": "mug"} | data, code, get_messages(messages))


def write_ticket(code: str, *messages: str, **data: Any) -> Row:
    return Row(Ticket, {"email": "b@x.org"} | data, code, get_messages(messages))


def get_messages(messages: tuple[str, ...]) -> dict[str, str]:
    """Return the messages by vendor: one for all, or one each; `""` if the vendor accepts it."""
    rows = messages * len(VENDORS) if len(messages) == 1 else messages
    return {vendor: message for vendor, message in zip(VENDORS, rows, strict=True) if message}


EXISTS, CONTENT, STATE = "ALREADY_EXISTS", "INVALID_CONTENT", "INVALID_STATE"

# The order of VENDORS: PostgreSQL, MariaDB, SQLite. MariaDB has no indexes on expressions or with
# conditions: Django does not create them there.
ROWS = {
    "a unique field": write_thing(EXISTS, f"name: {TAKEN}", name="cup"),
    "a primary key": write_thing(EXISTS, f"key: {TAKEN}", key=CUP),
    "a UniqueConstraint": write_thing(EXISTS, f"shelf, size: {TAKEN}", shelf_id=90001, size=1),
    "unique_together": write_ticket(EXISTS, f"row, rank: {TAKEN}", row=1, rank=1),
    "Lower()": write_ticket(EXISTS, f"email: {TAKEN}", "", f"email: {TAKEN}", email="a@X.org"),
    "a condition": write_ticket(EXISTS, f"seat: {SEAT}", "", f"seat: {SEAT}", seat=1),
    "bulk_create": write_thing(EXISTS, f"name: {TAKEN}", rows=[{"name": "mug"}, {"name": "cup"}]),
    "NOT NULL": write_ticket(CONTENT, f"row: {UNSET}", row=None),
    "too long": write_ticket(CONTENT, *[f"email: {WRONG}"] * 2, "", email="b" * 31),
    "out of range": write_ticket(CONTENT, *[f"rank: {WRONG}"] * 2, "", rank=2**20),
    "beyond 64 bits": write_ticket(CONTENT, f"rank: {WRONG}", rank=2**70),
    "negative": write_ticket(CONTENT, f"count: {WRONG}", count=-1),
    "numeric overflow": write_ticket(CONTENT, *[f"price: {WRONG}"] * 2, "", price="12345.67"),
    "NUL in text": write_ticket(CONTENT, f"email: {WRONG}", "", "", email="b\0"),
    "NUL in JSON": write_ticket(CONTENT, WRONG, "", "", data={"a": "\0"}),
    "JSON of 40 levels": write_ticket(CONTENT, "", f"data: {WRONG}", "", data=nest(40)),
    "a missing foreign key": write_ticket(
        "MISSING_RESOURCE", f"shelf_id: {MISSING}", shelf_id=10**6
    ),
    "a CheckConstraint": write_thing(STATE, FORBIDDEN, size=-1),
    "a CheckConstraint with a message": write_ticket(STATE, "There are 50 rows.", row=51),
    "an ExclusionConstraint": Row(
        Booking, {"begins": 2, "ends": 5}, STATE, {"postgresql": "These hours are booked."}
    ),
}


def expect_row(row: Row, driver: Driver) -> Outcome:
    return expect(row.code, row.messages[driver.vendor], status=400)


def send(client: Client, row: Row, prefix: str = "") -> Outcome:
    return read(post(client, f"/{prefix}{row.model.__name__.lower()}/", row.data))


def assert_usable(client: Client) -> None:
    """Assert that the connection is usable, and that the next request writes."""
    assert not connection.needs_rollback
    assert connection.is_usable()
    assert post(client, "/thing/", {"name": "next"}).status_code == 201
    assert Thing.objects.filter(name="next").exists()


# Every row over every driver: each driver has another message for each row.
@pytest.mark.parametrize(
    ("driver", "name"),
    [
        (driver, name)
        for name, row in ROWS.items()
        for driver in DRIVERS
        if DRIVERS[driver].vendor in row.messages
    ],
    indirect=["driver"],
)
def test_a_rejected_write_has_its_code_names_its_fields_and_leaves_nothing(
    name: str,
    driver: Driver,
    client: Client,
    reported: list[object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    row, rows = ROWS[name], get_rows()
    assert send(client, row) == expect_row(row, driver)
    assert get_rows() == rows
    assert reported == []
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelno, record.exc_info is not None) == (logging.WARNING, True)
    assert_usable(client)


def test_a_rejected_update_has_the_body_of_a_rejected_write(driver: Driver, client: Client) -> None:
    response = client.put("/ticket/90001/", {"row": 51}, content_type="application/json")
    assert read(response) == expect("INVALID_STATE", "There are 50 rows.")
    assert Ticket.objects.get(pk=90001).row == 1


def test_our_views_without_the_middleware_send_the_same_body(
    driver: Driver, client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = []
    row = ROWS["a unique field"]
    assert send(client, row, "ours/") == expect_row(row, driver)
    assert_usable(client)


def test_a_row_between_two_models_is_named_by_the_many_to_many_field(
    driver: Driver, client: Client
) -> None:
    twice = read(post(client, "/parcel-things/", {"things": [CUP, CUP]}))
    missing = read(post(client, "/parcel-things/", {"things": [NOTHING]}))
    assert twice == expect(EXISTS, f"things: {TAKEN}", status=400)
    # SQLite does not name the foreign key.
    message = MISSING if driver.vendor == "sqlite" else f"things[0]: {MISSING}"
    assert missing == expect("MISSING_RESOURCE", message, status=400)
    assert Parcel.things.through.objects.count() == 0


# The other drivers accept NUL, or raise an exception that DRF's relations catch.
@pytest.mark.parametrize("driver", ["psycopg"], indirect=True)
def test_a_foreign_key_that_a_query_rejects_is_an_invalid_id(
    driver: Driver, client: Client
) -> None:
    outcome = read(post(client, "/relation/", {"parcel": "a\0"}))
    assert outcome == expect("INVALID_ID", f"parcel: {MALFORMED}")


def test_a_resource_that_others_refer_to_is_not_deleted(driver: Driver, client: Client) -> None:
    rows = get_rows()
    # PROTECT, RESTRICT, and a foreign key that only the database checks.
    for pk in (90001, 90002, 90003):
        assert read(client.delete(f"/shelf/{pk}/")) == expect("INVALID_STATE")
    assert get_rows() == rows
    assert_usable(client)


@pytest.mark.usefixtures("atomic_requests")
def test_a_row_that_commit_rejects_has_the_same_body(
    driver: Driver, client: Client, reported: list[object]
) -> None:
    row, rows = ROWS["a missing foreign key"], get_rows()
    # SQLite does not name the key. Before DRF 3.17.2 the body cannot be read again.
    names = {"sqlite": [""]}.get(driver.vendor, ["shelf_id: ", "shelf: "])
    messages = [f"{name}{MISSING}" for name in names]
    outcome = send(client, row)
    assert outcome in [expect("MISSING_RESOURCE", message, status=400) for message in messages]
    assert read(client.delete("/shelf/90003/")) == expect("INVALID_STATE")
    assert get_rows() == rows
    assert reported == []


@pytest.mark.parametrize(
    ("prefix", "is_atomic", "left"),
    [
        ("writing/", False, ["written"]),
        ("writing/", True, []),
        ("atomic/", False, []),
        ("atomic/", True, []),
    ],
    ids=["no transaction", "ATOMIC_REQUESTS", "atomic dispatch", "both"],
)
def test_a_rejected_write_is_rolled_back_as_by_stock_drf(
    prefix: str,
    is_atomic: bool,
    left: list[str],
    driver: Driver,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)
    row = ROWS["a CheckConstraint"]
    written = Shelf.objects.exclude(name__startswith="shelf")
    assert send(client, row, prefix) == expect_row(row, driver)
    assert [shelf.name for shelf in written.all()] == left
    written.delete()
    settings.MIDDLEWARE = []
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "rest_framework.views.exception_handler"}
    stock_client = Client(raise_request_exception=False)
    assert post(stock_client, f"/{prefix}thing/", row.data).status_code == 500
    assert [shelf.name for shelf in written.all()] == left
    assert not connection.needs_rollback


@pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)
def test_the_code_of_a_constraint_is_sent_if_the_project_defines_it(
    driver: Driver, client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"NO_SUCH_ROW": {"status": 409}}, "DETAILS": True}
    assert send(client, ROWS["a CheckConstraint with a message"]) == (
        409,
        {
            "status": 409,
            "errors": ["There are 50 rows."],
            "code": "NO_SUCH_ROW",
            "moreInfo": "",
            "details": [{"field": "", "code": "no_such_row", "message": "There are 50 rows."}],
        },
    )


def test_the_later_of_two_requests_that_pass_the_validator_already_exists(driver: Driver) -> None:
    barriers[:] = [threading.Barrier(2, timeout=20)]
    outcomes: list[Outcome] = []

    def create(number: int) -> None:
        data = {"email": f"{number}@x.org", "row": 7, "rank": 7}
        try:
            client = Client(raise_request_exception=False)
            outcomes.append(read(post(client, "/racing/", data)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create, args=(number,)) for number in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created, rejected = sorted(outcomes, key=lambda outcome: outcome[0])
    assert created[0] == 201
    assert rejected == expect("ALREADY_EXISTS", f"row, rank: {TAKEN}")
    assert Ticket.objects.count() == 2
