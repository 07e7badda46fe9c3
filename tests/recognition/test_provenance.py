"""A missing foreign key is a 400 or a 404 only if the client sent it.

SQLite finds the key at COMMIT: of a transaction around the statement, whose traceback has the
query, or of a transaction around all. database/test_databases.py has the other databases.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from tests.models import Shelf, Thing
from tests.recognition.support import Outcome, expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

GONE = 10**6


@api_view(["GET", "POST"])
def create_thing(request: Request, **kwargs: Any) -> Response:
    """Write a foreign key that leads to no row, whatever was sent."""
    if request.method == "POST":
        # As views do; the body can then be read again.
        request.data  # noqa: B018
    Thing.objects.create(name="cup", shelf_id=GONE)
    return Response({})


@api_view(["POST"])
def update_thing(request: Request) -> Response:
    thing = Thing.objects.create(name="cup")
    Thing.objects.filter(pk=thing.pk).update(shelf=Shelf(pk=request.data["to"]), size=1)
    return Response({})


@api_view(["GET", "POST", "DELETE"])
def create_by_sql(request: Request) -> Response:
    """Write the key without the ORM, so that the traceback has no query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tests_parcel (code, slug, number, shelf_id) VALUES (1, 2, 3, 7)"
        )
    return Response({})


@transaction.atomic
def plain_view(request: HttpRequest) -> HttpResponse:
    """Write the key in a view of Django, whose body cannot be read again after the COMMIT."""
    Thing.objects.create(name="cup", shelf_id=GONE)
    return HttpResponse()


@api_view(["GET"])
def find_nothing(request: Request) -> Response:
    raise Shelf.DoesNotExist


@api_view(["POST"])
def delete_shelf(request: Request) -> Response:
    """Delete a row that another refers to, without the ORM's protection."""
    shelf = Shelf.objects.create(name="top")
    Thing.objects.create(name="cup", shelf_id=shelf.pk)
    Shelf.objects.filter(pk=shelf.pk)._raw_delete("default")
    return Response({})


urlpatterns = [
    path("things/", create_thing),
    path("shelves/<int:shelf_pk>/things/", create_thing),
    path("update/", update_thing),
    path("sql/", create_by_sql),
    path("plain/", plain_view),
    path("nothing/", find_nothing),
    path("delete/", delete_shelf),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def send(client: Client, method: str, target: str, data: object = None) -> Outcome:
    if method == "GET":
        return read(client.get(target))
    response = getattr(client, method.lower())(target, data, content_type="application/json")
    return read(response)


NOT_SENT = expect("INTERNAL_ERROR")
MISSING = "The resource you try to access does not exist, or is outside your scope."
# Nobody knows which value it is.
SENT = expect("MISSING_RESOURCE", status=400)


def expect_named(name: str) -> Outcome:
    return expect("MISSING_RESOURCE", f"{name}: {MISSING}", status=400)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"shelf": GONE}, "shelf"),
        ({"shelf": "top"}, "shelf"),
        ({"shelfId": None}, "shelfId"),
        ({"location": GONE}, "location"),
        ({"name": str(GONE), "shelf_id": GONE}, "shelf_id"),
        ({"location": f"http://testserver/shelves/{GONE}/"}, "location"),
        ({"rows": [{"name": "cup"}, {"place": {"id": GONE}}]}, "rows[1].place.id"),
        ([GONE], "[0]"),
        ({}, None),
        ({"name": "cup"}, None),
        # Another key than the one that was written.
        ({"shelf_id": "7"}, None),
        ({"rows": [{"shelves": []}, {"id": 7}]}, None),
        ([1, None], None),
    ],
    ids=str,
)
def test_a_body_has_the_key_by_its_name_or_its_value(
    client: Client,
    data: object,
    name: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcome = expect_named(name) if name else NOT_SENT
    assert send(client, "POST", "/things/", data) == outcome
    assert not Thing.objects.exists()
    [record] = [record for record in caplog.records if record.name == "django.request"]
    level = logging.WARNING if name else logging.ERROR
    assert (record.levelno, bool(record.exc_info)) == (level, True)


def test_the_handler_alone_reads_the_body_too(client: Client, settings: Settings) -> None:
    settings.MIDDLEWARE = []
    assert send(client, "POST", "/things/", {"shelf": GONE}) == expect_named("shelf")
    assert send(client, "POST", "/things/", {}) == NOT_SENT


@pytest.mark.parametrize(
    ("method", "target", "data", "outcome"),
    [
        ("GET", "/things/", None, NOT_SENT),
        ("GET", "/things/?page=2", None, NOT_SENT),
        ("GET", "/things/?shelf=7", None, NOT_SENT),
        ("GET", f"/things/?at=1&at={GONE}", None, expect_named("at")),
        ("GET", "/shelves/7/things/", None, NOT_SENT),
        ("GET", f"/shelves/{GONE}/things/", None, expect("MISSING_RESOURCE")),
        ("POST", "/update/", {"to": GONE}, expect_named("to")),
        # Raw SQL: any body may have the key, and a DELETE has none.
        ("GET", "/sql/", None, NOT_SENT),
        ("POST", "/sql/", {"a": 1}, SENT),
        ("DELETE", "/sql/", {}, expect("INVALID_STATE")),
        ("POST", "/delete/", {"shelf": 1}, expect("INVALID_STATE")),
        # No database found it.
        ("GET", "/nothing/", None, expect("MISSING_RESOURCE")),
    ],
)
def test_a_url_a_query_and_a_statement_have_the_key_too(
    client: Client, method: str, target: str, data: object, outcome: Outcome
) -> None:
    assert send(client, method, target, data) == outcome


def test_a_body_that_cannot_be_read_again_may_have_the_key(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    assert read(client.get("/plain/")) == NOT_SENT
    assert read(client.post("/plain/")) == SENT
    assert read(client.get("/plain/", headers={"Transfer-Encoding": "chunked"})) == SENT


def test_a_request_that_cannot_be_searched_does_not_change_the_error(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("broken")

    monkeypatch.setattr("rest_framework.request.Request._parse", lambda self: (Broken(), {}))
    assert send(client, "POST", "/things/", {}) == SENT
    assert "looking for a value" in caplog.text
