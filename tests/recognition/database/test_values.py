"""Values and expressions that databases reject, of the client and of the project."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Ln, Reverse
from django.test import Client
from django.urls import path
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from tests.models import Shelf, Thing, Ticket
from tests.recognition.database.databases import Driver, post
from tests.recognition.support import expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

WRONG = "The syntax/content is incorrect."
MISSING = "The resource you try to access does not exist, or is outside your scope."
UNSET = "A required field or parameter for the resource has not been set."
BUG = expect("INTERNAL_ERROR")
LONG = "b" * 31


def run(statement: str, parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def run_many(statement: str, rows: Any) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


UPDATE = "UPDATE tests_ticket SET email = "
ZERO = Cast(F("size") - F("size"), FloatField())

# The actions of a view with the variables of its URL and of the query string.
FUNCTIONS: dict[str, Any] = {
    "division": lambda: [*Thing.objects.annotate(x=F("size") / Value(0))],
    "logarithm": lambda: [*Thing.objects.annotate(x=Ln(ZERO))],
    # On SQLite a function of Django's, in Python, which expects a string.
    "function": lambda q="a": [*Thing.objects.filter(name__gt=q).annotate(x=Reverse("size"))],
    "limit": lambda: run("SELECT 1 LIMIT %s", [-1]),
    "time-zone": lambda: run("SET TIME ZONE 'x'", None),
    "pattern": lambda q="(": [*Shelf.objects.filter(name__regex=q)],
    "save": lambda q=LONG, r="": Ticket(email=q, notes=r).save(),
    "update": lambda q=LONG, r="": Ticket.objects.update(email=q, notes=r),
    "increment": lambda q="40000": Ticket.objects.update(row=F("row") + int(q)),
    "sql": lambda q=LONG: run(f"{UPDATE} %s", [q]),
    "sql-dict": lambda q=LONG: run(f"{UPDATE} %(q)s", {"q": q}),
    "sql-many": lambda q=LONG: run_many(f"{UPDATE} %s", [[q]]),
    "null": lambda: Ticket(email="new", row=None).save(),
    "key": lambda key="999": Ticket(email="new", shelf_id=key).save(),
}


class ValueView(GenericAPIView[Any]):
    def get(self, request: Request, name: str, **variables: str) -> Response:
        parameters = {key: value for key, value in request.GET.items() if key != "page"}
        return Response(repr(FUNCTIONS[name](**variables, **parameters)))

    post = get


urlpatterns = [
    path("own-key/", ValueView.as_view(), {"name": "key"}),
    path("<name>/", ValueView.as_view()),
    path("<name>/of/<key>/", ValueView.as_view()),
]

POSTGRESQL = ("psycopg", "psycopg2")
SERVERS = (*POSTGRESQL, "mysqlclient", "PyMySQL")
ALL = (*SERVERS, "sqlite3")
SENT = expect("INVALID_CONTENT", f"q: {WRONG}")

ROWS: list[tuple[tuple[str, ...], str, Any]] = [
    *((POSTGRESQL, target, BUG) for target in ("division/", "logarithm/", "limit/", "time-zone/")),
    (("sqlite3",), "function/?q=a", BUG),
    (ALL, "pattern/?page=2", BUG),
    (ALL, "pattern/?q=(", SENT),
    *((SERVERS, f"{name}/?q={LONG}", SENT) for name in FUNCTIONS if name[:2] in ("sa", "up", "sq")),
    *((SERVERS, f"{name}/?page=2", BUG) for name in FUNCTIONS if name[:2] in ("sa", "up", "sq")),
    # A value of the client beside one of the project.
    (SERVERS, "save/?r=a", BUG),
    (SERVERS, "update/?r=a", BUG),
    (SERVERS, f"save/?q={LONG}&r=a", SENT),
    (SERVERS, "increment/?page=2", BUG),
    (SERVERS, "increment/?q=40000", SENT),
    # Which of the two it is, is unknown.
    (POSTGRESQL, "save/?q=%00&r=a", expect("INVALID_CONTENT")),
    # NULL is not a value: the client may have left it out.
    (ALL, "null/?page=2", expect("INVALID_CONTENT", f"row: {UNSET}")),
    (ALL, "key/?page=2", BUG),
    (ALL, "key/of/999/", expect("MISSING_RESOURCE")),
    (ALL, "key/?key=999", expect("MISSING_RESOURCE", f"key: {MISSING}", status=400)),
]


# Each row over each driver: each has another message for it, or another exception.
@pytest.mark.parametrize(
    ("driver", "target", "outcome"),
    [(driver, target, outcome) for drivers, target, outcome in ROWS for driver in drivers],
    indirect=["driver"],
)
def test_a_rejected_value_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, target: str, outcome: Any
) -> None:
    client = Client(raise_request_exception=False)
    assert read(client.get(f"/{target}")) == outcome


def test_a_key_that_is_missing_at_commit_is_the_same(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    client = Client(raise_request_exception=False)
    outcomes = [read(post(client, "/key/of/999/", {"email": "new"})), read(client.get("/own-key/"))]
    assert outcomes == [expect("MISSING_RESOURCE"), BUG]
    assert not Ticket.objects.filter(email="new").exists()
