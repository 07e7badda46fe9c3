"""Values and expressions that databases reject, of the client and of the project."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import (
    DateTimeField,
    Exists,
    F,
    FloatField,
    IntegerField,
    SmallIntegerField,
    Subquery,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Concat, Ln, Repeat, Reverse
from django.test import Client
from django.urls import path
from django.utils.dateparse import parse_duration
from rest_framework.generics import CreateAPIView, GenericAPIView, ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer

from tests.models import Booking, Shelf, Thing, Ticket
from tests.recognition.database.databases import Driver, post
from tests.recognition.support import expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

WRONG = "The syntax/content is incorrect."
MISSING = "The resource you try to access does not exist, or is outside your scope."
TAKEN = "Another resource has the same value for this field."
UNSET = "A required field or parameter for the resource has not been set."
UNHANDLED = expect("INTERNAL_ERROR")
LONG = "b" * 31
# More microseconds than an integer of SQLite has.
CENTURIES = "999999998 00:00:00"
MILLENNIA = "-999999999 00:00:00"


def run(statement: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def run_many(statement: str, rows: Any) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


OBJECT = {"launch": "not-set"}

# A word of MariaDB's too.
ROW = "tests_ticket.row"
RAW = "SELECT id, id * %s AS x FROM tests_ticket WHERE id = %s"
KEY, BIG = "90001", "2000000000"
UPDATE = "UPDATE tests_ticket SET email = "
ZERO = Cast(F("size") - F("size"), FloatField())


def find(key: str, **annotations: Any) -> object:
    return [*Ticket.objects.filter(pk=key).annotate(**annotations)]


find_by = Ticket.objects.filter


def change(key: str, **values: Any) -> object:
    return Ticket.objects.filter(pk=key).update(**values)


def times(number: object) -> Any:
    return F("row") * int(str(number))


def find_products(number: object) -> Any:
    """Return a query whose result is out of range, for a large number."""
    product = F("id") * int(str(number))
    return Ticket.objects.annotate(x=product).filter(id__lt=product).values("x")


def change_in_bulk(key: str, row: object) -> object:
    return Ticket.objects.bulk_update([Ticket(pk=key, row=row)], ["row"])


# The actions of a view with the variables of its URL and of the query string.
FUNCTIONS: dict[str, Any] = {
    "division": lambda: [*Thing.objects.annotate(x=F("size") / Value(0))],
    "logarithm": lambda: [*Thing.objects.annotate(x=Ln(ZERO))],
    # On SQLite this is a Python function of Django, which expects a string.
    "function": lambda q="a": [*Thing.objects.filter(name__gt=q).annotate(x=Reverse("size"))],
    "limit": lambda: run("SELECT 1 LIMIT %s", [-1]),
    "time-zone": lambda: run("SET TIME ZONE 'x'", None),
    "pattern": lambda q="(": [*Shelf.objects.filter(name__regex=q)],
    "save": lambda q=LONG, r="": Ticket(email=q, notes=r).save(),
    "update": lambda q=LONG, r="": Ticket.objects.update(email=q, notes=r),
    "increment": lambda q="40000": Ticket.objects.update(row=F("row") + int(q)),
    "sql": lambda q=LONG: run(f"{UPDATE} %s", [q]),
    "sql-dict": lambda q=LONG: run(f"{UPDATE} %(q)s", {"q": q}),
    "key-sql": lambda q=77: run("UPDATE tests_ticket SET shelf_id = %s", [q]),
    "sql-many": lambda q=LONG: run_many(f"{UPDATE} %s", [[q]]),
    # A value that is stored, `A@x.org`, is not a number.
    "cast": lambda key: find(key, x=Cast("email", IntegerField())),
    "cast-all": lambda: [*Ticket.objects.annotate(x=Cast("email", DateTimeField()))],
    "cast-sent": lambda q="x", key=KEY: find(key, x=Cast(Value(q), IntegerField())),
    "cast-time": lambda q="x", key=KEY: find(key, x=Cast(Value(q), DateTimeField())),
    "cast-update": lambda key: change(key, row=Cast("email", SmallIntegerField())),
    "multiply": lambda q=BIG, key=KEY: change(key, row=times(q)),
    "multiply-all": lambda: Ticket.objects.update(row=(F("id") - 1) * F("id")),
    "select": lambda q=2**62, key=KEY: find(key, x=F("id") * int(q)),
    "iterator": lambda q=2**62, key=KEY: [*find_products(q).filter(pk=key).iterator()],
    "raw-query": lambda q=2**62, key=KEY: [*Ticket.objects.raw(RAW, [int(q), key])],
    "filter": lambda q=2**62, key=KEY: [*find_by(pk=key, id__lt=F("id") * int(q))],
    "extra": lambda q=BIG, key=KEY: find_by(pk=key).extra(where=["1 = 1"]).update(row=times(q)),
    "raw": lambda q=BIG, key=KEY: change(key, row=RawSQL(f"{ROW} * %s", [int(q)])),
    "subquery": lambda q=2**62, key=KEY: find(key, x=Subquery(find_products(q))),
    "exists": lambda q=2**62, key=KEY: [*find_by(Exists(find_products(q)), pk=key)],
    "union": lambda q=2**62, key=KEY: [*find_products(1).filter(pk=key).union(find_products(q))],
    "bulk": lambda q=BIG, key=KEY: change_in_bulk(key, int(q)),
    "concat": lambda q=LONG, key=KEY: change(key, email=Concat("email", Value(q))),
    "repeat": lambda key: change(key, email=Repeat("email", 9)),
    "price": lambda q="1000", key=KEY: change(key, price=F("price") + int(q)),
    "pattern-of": lambda q="(", key=KEY: [*Ticket.objects.filter(pk=key, email__regex=q)],
    "nul": lambda q="\0", key=KEY: change(key, email=q),
    "exponent": lambda q="1e999999", key=KEY: [*Ticket.objects.filter(pk=key, price__lt=q)],
    "wait": lambda q="x", key=KEY: [*Ticket.objects.filter(pk=key, wait__gt=q)],
    "wait-save": lambda q="x", r="": Ticket(email="new", wait=q, notes=r).save(),
    "wait-parsed": lambda q=CENTURIES, r=1: [*find_by(row=r, wait__gt=parse_duration(q))],
    "wait-one-of": lambda q=CENTURIES: [*find_by(wait__in=[parse_duration(q)])],
    "negative": lambda q=-7, r="": Ticket(email="new", count=q, notes=r).save(),
    "twice": lambda q=90001, r="": Ticket(pk=q, email="new", notes=r).save(force_insert=True),
    "null": lambda: Ticket(email="new", row=None).save(),
    "key": lambda key="999": Ticket(email="new", shelf_id=key).save(),
    "slice": lambda q=2**64: [*Ticket.objects.all()[: int(q)]],
    "page": lambda q=2**64: [*Ticket.objects.all()[int(q) : int(q) + 5]],
    "count": lambda q=2**64: Ticket.objects.all()[: int(q)].count(),
    "backwards": lambda q=-7: [*Ticket.objects.all()[int(q) :]],
    "cursor": lambda: run("CLOSE missing", None),
    "timestamp": lambda q="x": run("SELECT TIMESTAMP %s", [q]),
    "search": lambda q="(": run("SELECT to_tsquery(%s)", [q]),
    "misspelt": lambda q="a": run("SELEC %s", [q]),
    "infinite": lambda q="inf": run("SELECT %s", [float(q)]),
    "booking": lambda q=5, r=3: Booking(begins=q, ends=r).save(),
    "range": lambda q=5: run("SELECT int4range(%s, 3)", [int(q)]),
    # A client can send a value of a wrong type in JSON.
    "object": lambda q=OBJECT: run("SELECT 1 WHERE 'a' = %s", [q]),
    "wait-number": lambda q=77, r="": [*Ticket.objects.filter(wait__in=[q], notes=r)],
    "wait-number-save": lambda q=77, r="": Ticket(email="new", wait=q, notes=r).save(),
    "wait-subquery": lambda q=77: [*Shelf.objects.filter(pk__in=find_by(wait=q).values("shelf"))],
    "huge": lambda q=2**70, r=1: [
        *Ticket.objects.filter(pk=r).extra(where=["id < %s"], params=[q])
    ],
}


class ValueView(GenericAPIView[Any]):
    # Ours rejects deep JSON.
    parser_classes = [JSONParser]

    def get(self, request: Request, name: str, **variables: str) -> Response:
        values = {**request.GET.dict(), **request.data}
        parameters = {key: value for key, value in values.items() if key in ("key", "q", "r")}
        return Response(repr(FUNCTIONS[name](**variables, **parameters)))

    post = get


class TicketSerializer(ModelSerializer[Ticket]):
    class Meta:
        model = Ticket
        fields = ["email", "data", "wait"]


class TicketView(CreateAPIView[Ticket]):
    serializer_class = TicketSerializer
    # Ours rejects half of a surrogate pair.
    parser_classes = [JSONParser]
    constants: dict[str, Any] = {}

    def perform_create(self, serializer: Any) -> None:
        serializer.save(**self.constants)


class WrappingTicketView(TicketView):
    def perform_create(self, serializer: Any) -> None:
        serializer.save(data={"sent": serializer.validated_data["data"], "tags": []})


class TicketPagination(CursorPagination):
    page_size = 2

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return (view.kwargs["name"],)


class TicketList(ListAPIView[Ticket]):
    """A list with DRF's cursors, whose rows the client or the project's code chooses."""

    serializer_class = TicketSerializer
    pagination_class = TicketPagination

    def get_queryset(self) -> Any:
        # The value is rejected when the rows are read, inside the pagination.
        own = {"wait": "launch"} if "own" in self.request.GET else {}
        return Ticket.objects.filter(**own)


urlpatterns = [
    path("list/<name>/", TicketList.as_view()),
    path("tickets/", TicketView.as_view()),
    path("own-tickets/", TicketView.as_view(constants={"data": ["\0"]})),
    path("wrapped-tickets/", WrappingTicketView.as_view()),
    path("own-wait/", TicketView.as_view(constants={"wait": parse_duration(CENTURIES)})),
    path("own-key/", ValueView.as_view(), {"name": "key"}),
    path("<name>/", ValueView.as_view()),
    path("<name>/of/<key>/", ValueView.as_view()),
]

POSTGRESQL = ("psycopg", "psycopg2")
SERVERS = (*POSTGRESQL, "mysqlclient", "PyMySQL")
ALL = (*SERVERS, "sqlite3")
SENT = expect("INVALID_CONTENT", f"q: {WRONG}")
MYSQL = ("mysqlclient", "PyMySQL")
SLICING = ("slice", "page", "count")

CALCULATING = {
    "multiply": BIG,
    "select": 2**62,
    "filter": 2**62,
    "extra": BIG,
    "raw": BIG,
    "subquery": 2**62,
    "concat": LONG,
    "price": 1000,
}

ROWS: list[tuple[tuple[str, ...], str, Any]] = [
    *(
        (POSTGRESQL, target, UNHANDLED)
        for target in ("division/", "logarithm/", "limit/", "time-zone/")
    ),
    (("sqlite3",), "function/?q=a", UNHANDLED),
    (ALL, "pattern/?page=2", UNHANDLED),
    (ALL, "pattern/?q=(", SENT),
    # Python has warnings about these.
    *((SERVERS, f"pattern/?q={q}", SENT) for q in ("[[:foo:]]", "[^[:foo:]]", "([a||b]")),
    *((SERVERS, f"{name}/?q={LONG}", SENT) for name in FUNCTIONS if name[:2] in ("sa", "up", "sq")),
    *(
        (SERVERS, f"{name}/?page=2", UNHANDLED)
        for name in FUNCTIONS
        if name[:2] in ("sa", "up", "sq")
    ),
    # A value of the client beside one of the project.
    (SERVERS, "save/?r=a", UNHANDLED),
    (SERVERS, "update/?r=a", UNHANDLED),
    (SERVERS, f"save/?q={LONG}&r=a", SENT),
    (SERVERS, "increment/?page=2", UNHANDLED),
    (SERVERS, "increment/?q=40000", SENT),
    (POSTGRESQL, "save/?q=%00&r=a", SENT),
    # The key of the row was sent, and is valid.
    *(
        (POSTGRESQL, f"{name}/of/90001/", UNHANDLED)
        for name in ("cast", "cast-sent", "cast-time", "nul")
    ),
    *((POSTGRESQL, f"{name}/?q=x", SENT) for name in ("cast-sent", "cast-time")),
    (POSTGRESQL, "cast-all/?page=2", UNHANDLED),
    (POSTGRESQL, "iterator/of/90001/", UNHANDLED),
    (POSTGRESQL, "cursor/?page=2", UNHANDLED),
    # psycopg2 raises an exception of the cursor that it closes.
    (POSTGRESQL, f"iterator/?q={2**62}", SENT),
    (POSTGRESQL, "cast-sent/?q=99999999999", SENT),
    (POSTGRESQL, "cast-sent/?q=a%22b%27c", SENT),
    (POSTGRESQL, "cast-time/?q=2026-13-45", SENT),
    (POSTGRESQL, "nul/?q=%00", SENT),
    (POSTGRESQL, "exponent/of/90001/", UNHANDLED),
    (POSTGRESQL, "exponent/?q=1e999999", SENT),
    *(
        (SERVERS, f"{name}/of/90001/", UNHANDLED)
        for name in (*CALCULATING, "cast-update", "repeat")
    ),
    *((SERVERS, f"{name}/?q={value}", SENT) for name, value in CALCULATING.items()),
    (SERVERS, "raw-query/?page=2", UNHANDLED),
    (SERVERS, f"raw-query/?q={2**62}", expect("INVALID_CONTENT")),
    (SERVERS, "multiply-all/?page=2", UNHANDLED),
    # There are other values in expressions: Django's, and the keys of the rows.
    *((SERVERS, f"{name}/of/90001/", UNHANDLED) for name in ("exists", "union")),
    *((SERVERS, f"{name}/?q={2**62}", expect("INVALID_CONTENT")) for name in ("exists", "union")),
    (SERVERS, "bulk/?page=2", UNHANDLED),
    (POSTGRESQL, "bulk/?q=2000000000", expect("INVALID_CONTENT")),
    (MYSQL, "bulk/?q=2000000000", expect("INVALID_CONTENT", f"row: {WRONG}")),
    (ALL, "pattern-of/of/90001/", UNHANDLED),
    (ALL, "pattern-of/?q=(", SENT),
    (ALL, "wait/of/90001/", UNHANDLED),
    (ALL, "wait/?q=x", SENT),
    (ALL, "wait-save/?q=x&r=a", SENT),
    (ALL, "wait-save/?r=a", UNHANDLED),
    *(
        (("sqlite3",), f"{name}/?{query}", outcome)
        for name in ("wait-parsed", "wait-one-of")
        for query, outcome in ((f"q={MILLENNIA}", SENT), ("page=1", UNHANDLED))
    ),
    (ALL, "negative/?q=-7&r=a", SENT),
    (ALL, "negative/?r=a", UNHANDLED),
    (ALL, "twice/?q=90001&r=a", expect("ALREADY_EXISTS", f"id: {TAKEN}")),
    (ALL, "twice/?r=a", UNHANDLED),
    (ALL, "null/?page=2", UNHANDLED),
    (ALL, "key/?page=2", UNHANDLED),
    (ALL, "key-sql/?page=2", UNHANDLED),
    (ALL, "key-sql/?q=77", expect("MISSING_RESOURCE", f"q: {MISSING}", status=400)),
    (ALL, "key/of/999/", expect("MISSING_RESOURCE")),
    (ALL, "key/?key=999", expect("MISSING_RESOURCE", f"key: {MISSING}", status=400)),
    *((ALL, f"{name}/?page=2", UNHANDLED) for name in SLICING),
    *((ALL, f"{name}/?q={2**64}", SENT) for name in SLICING),
    (ALL, "backwards/?page=2", UNHANDLED),
    (ALL, "backwards/?q=-7", SENT),
    (MYSQL, "timestamp/?page=2", UNHANDLED),
    (MYSQL, "timestamp/?q=x", SENT),
    (POSTGRESQL, "search/?page=2", UNHANDLED),
    (POSTGRESQL, "search/?q=a b", SENT),
    (POSTGRESQL, "search/?q=(", SENT),
    (SERVERS, "misspelt/?q=a", UNHANDLED),
    (MYSQL, "infinite/?page=2", UNHANDLED),
    *((MYSQL, f"infinite/?q={q}", SENT) for q in ("inf", "-Infinity", "1e400", "9" * 400, "NaN")),
    (POSTGRESQL, "booking/?page=2", UNHANDLED),
    (POSTGRESQL, "booking/?q=9&r=8", expect("INVALID_CONTENT")),
    (POSTGRESQL, "range/?page=2", UNHANDLED),
    (POSTGRESQL, "range/?q=9", SENT),
]


# Each row over each driver: each has another message for it, or another exception.
@pytest.mark.parametrize(
    ("driver", "target", "outcome"),
    [(driver, target, outcome) for drivers, target, outcome in ROWS for driver in drivers],
    indirect=["driver"],
)
def test_a_rejected_value_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, target: str, outcome: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(raise_request_exception=False)
    assert read(client.get(f"/{target}")) == outcome
    assert "django_apierrors failed" not in caplog.text


WRONG_TYPES: list[tuple[tuple[str, ...], str, object]] = [
    ((*POSTGRESQL, "sqlite3"), "object", {"a": 1}),
    (ALL, "wait-number", 5),
    (ALL, "wait-number", {"a": 1}),
    (ALL, "wait-number", True),
    (POSTGRESQL, "wait-number", ["a"]),
    (ALL, "wait-number-save", 5),
    (ALL, "wait-subquery", 5),
    (("sqlite3",), "huge", 2**80),
]


@pytest.mark.parametrize(
    ("driver", "name", "value"),
    [(driver, name, value) for drivers, name, value in WRONG_TYPES for driver in drivers],
    indirect=["driver"],
)
def test_a_value_of_a_wrong_type_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, name: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(raise_request_exception=False)
    assert read(post(client, f"/{name}/", {"page": 2, "q": value})) == SENT
    assert read(post(client, f"/{name}/", {"page": 2, "r": 1})) == UNHANDLED
    assert "django_apierrors failed" not in caplog.text


def test_json_that_is_nested_too_deeply_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver,
) -> None:
    client = Client(raise_request_exception=False)
    content = f'{{"page": 2, "q": {"[" * 480}{"]" * 480}}}'
    for name in ("wait-subquery", "pattern"):
        outcome = read(client.post(f"/{name}/", content, "application/json"))
        assert outcome == SENT, name
    content = f'{{"email": "new", "data": {"[" * 5000}{"]" * 5000}}}'
    response = client.post("/tickets/", content, "application/json")
    assert response.status_code in (201, 400)


def test_null_and_a_conflict_are_the_clients_mistake_if_a_body_was_sent(driver: Driver) -> None:
    client = Client(raise_request_exception=False)
    outcomes = [read(post(client, f"/{name}/", {})) for name in ("null", "twice")]
    assert outcomes == [
        expect("INVALID_CONTENT", f"row: {UNSET}"),
        expect("ALREADY_EXISTS", f"id: {TAKEN}"),
    ]
    assert read(client.generic("POST", "/null/")) == UNHANDLED


def test_a_key_that_is_missing_at_commit_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    client = Client(raise_request_exception=False)
    outcomes = [read(post(client, "/key/of/999/", {"email": "new"})), read(client.get("/own-key/"))]
    assert outcomes == [expect("MISSING_RESOURCE"), UNHANDLED]
    assert not Ticket.objects.filter(email="new").exists()


@pytest.mark.parametrize("driver", ["mysqlclient", "PyMySQL", "sqlite3"], indirect=True)
def test_a_duration_that_its_column_cannot_store_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver,
) -> None:
    client = Client(raise_request_exception=False)
    outcomes = [
        read(post(client, "/tickets/", {"email": "new", "wait": CENTURIES})),
        read(post(client, "/own-wait/", {"email": "new", "wait": "1 00:00:00"})),
    ]
    assert outcomes == [expect("INVALID_CONTENT", f"wait: {WRONG}"), UNHANDLED]


INVALID_CURSORS = [
    ("id", "xx"),
    ("is_open", "xx"),
    ("price", "xx"),
    ("wait", "xx"),
    ("shelf", "xx"),
    ("shelf__things__key", "xx"),
    ("shelf__things__key", "1"),
]


def encode(**values: object) -> str:
    """Return the query string with the cursor that DRF makes."""
    return urlencode({"cursor": b64encode(urlencode(values).encode())})


def test_a_value_in_a_cursor_that_its_column_rejects_is_the_clients_mistake(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(raise_request_exception=False)
    cursors = [*INVALID_CURSORS, *([("email", "\0")] if driver.vendor == "postgresql" else [])]
    for name, value in cursors:
        outcome = read(client.get(f"/list/{name}/?{encode(p=value)}"))
        assert outcome == expect("INVALID_CONTENT", "cursor: Invalid cursor"), (name, value)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    # The page of a cursor that fits, and a value of the project's.
    assert client.get(f"/list/id/?{encode(p=1)}").status_code == 200
    for query in ("own=1", f"own=1&{encode(p=1)}", f"own=1&{encode(o=1)}"):
        assert read(client.get(f"/list/id/?{query}")) == UNHANDLED


@pytest.mark.parametrize("driver", POSTGRESQL, indirect=True)
@pytest.mark.parametrize(
    "data",
    ['{"a": "\\u0000"}', '["x", {"\\u0000": 1}]', '"\\u0000"', '{"a": ["\\ud800"]}'],
    ids=repr,
)
def test_json_that_postgresql_does_not_store_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, data: str
) -> None:
    client = Client(raise_request_exception=False)
    content = f'{{"email": "new", "data": {data}}}'
    outcome = read(client.post("/tickets/", content, "application/json"))
    assert outcome == expect("INVALID_CONTENT", f"data: {WRONG}")
    assert read(post(client, "/own-tickets/", {"email": "new", "data": 1})) == UNHANDLED


@pytest.mark.parametrize("driver", POSTGRESQL, indirect=True)
def test_an_empty_list_of_the_project_beside_a_sent_value_is_not_compared(driver: Driver) -> None:
    client = Client(raise_request_exception=False)
    outcome = read(post(client, "/wrapped-tickets/", {"email": "new", "data": "\0"}))
    assert outcome == expect("INVALID_CONTENT", f"data: {WRONG}")
