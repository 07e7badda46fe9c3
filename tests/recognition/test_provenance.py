"""Naming: a parent that is not there is the client's mistake only where the client named it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
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

from tests.bodies import body
from tests.models import Shelf, Thing, Ticket

# SQLite finds it at the COMMIT: of a transaction around the statement alone, so that the traceback
# has the statement, or of one around all. tests/recognition/database/test_databases.py has the other databases.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
GONE = 10**6


def write(shelf_id: object) -> None:
    """Write a row whose shelf may not be there, as a statement of its own."""
    Thing.objects.create(name="cup", shelf_id=shelf_id)


@api_view(["GET", "POST", "DELETE"])
def write_what_is_gone(request: Request, **kwargs: Any) -> Response:
    """Write the shelf that is gone, whatever was sent; touch what was sent as views do."""
    if request.method == "POST":
        request.data  # noqa: B018
    write(GONE)
    return Response({})


@api_view(["POST"])
def update_what_is_gone(request: Request) -> Response:
    """Move a thing to the shelf that is gone."""
    thing = Thing.objects.create(name="cup")
    Thing.objects.filter(pk=thing.pk).update(shelf=Shelf(pk=request.data["to"]), size=1)
    return Response({})


@api_view(["GET", "POST", "DELETE"])
def write_without_the_orm(request: Request) -> Response:
    """Write by SQL, of which no traceback tells the model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tests_parcel (code, slug, number, shelf_id) VALUES (1, 2, 3, 7)"
        )
    return Response({})


@transaction.atomic
def write_in_a_plain_view(request: HttpRequest) -> HttpResponse:
    """Fail at the COMMIT, where nobody knows a body any more."""
    write(GONE)
    return HttpResponse()


@api_view(["GET"])
def find_nothing(request: Request) -> Response:
    """Miss a resource that no database was asked to refer to."""
    raise Shelf.DoesNotExist


@api_view(["POST"])
def delete_what_is_needed(request: Request) -> Response:
    """Delete past the ORM's own protection."""
    shelf = Shelf.objects.create(name="top")
    write(shelf.pk)
    Shelf.objects.filter(pk=shelf.pk)._raw_delete("default")
    return Response({})


urlpatterns = [
    path("delete/", delete_what_is_needed),
    path("nothing/", find_nothing),
    path("things/", write_what_is_gone),
    path("shelves/<int:shelf_pk>/things/", write_what_is_gone),
    path("update/", update_what_is_gone),
    path("sql/", write_without_the_orm),
    path("plain/", write_in_a_plain_view),
]


@pytest.fixture(params=["middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    settings.MIDDLEWARE = [MIDDLEWARE] if request.param == "middleware" else []
    return Client(raise_request_exception=False)


def post(client: Client, target: str, data: object) -> HttpResponse:
    """Send `data` as JSON."""
    return client.post(target, json.dumps(data), content_type="application/json")


NAMED = [
    {"shelf": GONE},
    {"shelf_id": "7"},
    {"shelfId": None},
    {"location": GONE},
    {"location": str(GONE)},
    {"location": f"http://testserver/shelves/{GONE}/"},
    {"rows": [{"name": "cup"}, {"place": {"id": GONE}}]},
    [GONE],
]

UNNAMED = [{}, {"name": "cup"}, {"rows": [{"shelves": []}, {"id": 7}]}, [1, None]]


@pytest.mark.parametrize("sent", NAMED, ids=str)
def test_what_the_body_names_the_client_is_told_of(client: Client, sent: object) -> None:
    response = post(client, "/things/", sent)
    assert (response.status_code, response.json()) == (400, body("MISSING_RESOURCE", status=400))


@pytest.mark.parametrize("sent", UNNAMED, ids=str)
def test_what_the_body_does_not_name_is_a_bug(
    client: Client, sent: object, caplog: pytest.LogCaptureFixture
) -> None:
    response = post(client, "/things/", sent)
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelno, bool(record.exc_info)) == (logging.ERROR, True)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/things/", 500),
        ("/things/?shelf=7", 400),
        ("/things/?page=2", 500),
        (f"/things/?at={GONE}", 400),
        ("/shelves/7/things/", 400),
    ],
)
def test_a_request_without_a_body_names_what_its_url_does(
    client: Client, target: str, status: int
) -> None:
    assert client.get(target).status_code == status


def test_the_keys_of_an_update_are_known_as_well(client: Client) -> None:
    assert post(client, "/update/", {"to": GONE}).status_code == 400


@pytest.mark.parametrize(
    ("method", "data", "status", "code"),
    [
        ("get", {}, 500, "INTERNAL_ERROR"),
        ("post", {"a": 1}, 400, "MISSING_RESOURCE"),
        ("delete", {}, 400, "INVALID_STATE"),
    ],
)
def test_where_nothing_is_known_of_the_key_a_body_names_it_and_a_deletion_cannot(
    client: Client, method: str, data: dict[str, int], status: int, code: str
) -> None:
    if method == "get":
        response = client.get("/sql/")
    else:
        response = getattr(client, method)("/sql/", data, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda client: client.get("/plain/"), 500),
        (lambda client: client.post("/plain/"), 400),
        (lambda client: client.get("/plain/", headers={"Transfer-Encoding": "chunked"}), 400),
    ],
)
def test_a_body_that_nobody_can_read_again_may_name_anything(
    settings: Settings, send: Callable[[Client], HttpResponse], status: int
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.API_ERRORS = {"PATHS": ["/plain/"]}
    response = send(Client(raise_request_exception=False))
    assert response.status_code == status


def test_a_request_that_cannot_be_read_leaves_the_error_as_it_was(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("broken")

    monkeypatch.setattr(
        "rest_framework.request.Request._parse", lambda self: ({"a": Unprintable()}, {})
    )
    assert post(client, "/things/", {}).status_code == 400
    assert "looking for the resource that a client named" in caplog.text


def test_a_deletion_that_a_foreign_key_forbids_is_told_by_its_statement(client: Client) -> None:
    response = post(client, "/delete/", {"shelf": 1})
    assert (response.status_code, response.json()) == (400, body("INVALID_STATE"))
    assert Thing.objects.count() == 1


def test_what_is_missing_without_a_database_to_say_so_is_a_404(client: Client) -> None:
    response = client.get("/nothing/")
    assert (response.status_code, response.json()) == (404, body("MISSING_RESOURCE"))


def test_no_row_is_left_of_any_of_it(client: Client) -> None:
    post(client, "/things/", {"shelf": GONE})
    assert not Thing.objects.exists()
    assert not Ticket.objects.exists()
