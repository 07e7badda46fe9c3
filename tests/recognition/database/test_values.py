"""Values and expressions that databases reject: the client's or the project's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Ln
from django.test import Client
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from tests.models import Thing, Ticket
from tests.recognition.database.databases import Driver, post
from tests.recognition.support import expect, read

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("rows")]

WRONG = "The syntax/content is incorrect."


def divide(request: Request, **kwargs: Any) -> object:
    return [*Thing.objects.annotate(x=F("size") / Value(0))]


def take_logarithm(request: Request, **kwargs: Any) -> object:
    return [*Thing.objects.annotate(x=Ln(Cast(F("size") - F("size"), FloatField())))]


def limit(request: Request, **kwargs: Any) -> object:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT 1 LIMIT %s", [-1])


def set_time_zone(request: Request, **kwargs: Any) -> object:
    with connection.cursor() as cursor:
        return cursor.execute("SET TIME ZONE 'x'")


def save_long(request: Request, **kwargs: Any) -> object:
    return Ticket(email="b" * 31).save()


def search(request: Request, **kwargs: Any) -> object:
    return [*Thing.objects.filter(name__regex=request.query_params.get("q", "(secret"))]


def save_in_shelf(request: Request, **kwargs: Any) -> object:
    return Ticket(email="new", shelf_id=kwargs["shelf_pk"]).save()


def make_view(function: Callable[..., object]) -> Any:
    @api_view(["GET", "POST"])
    def view(request: Request, **kwargs: Any) -> Response:
        return Response(repr(function(request, **kwargs)))

    return view


FUNCTIONS = [divide, take_logarithm, limit, set_time_zone, save_long, search]

urlpatterns = [path(f"{function.__name__}/", make_view(function)) for function in FUNCTIONS]
urlpatterns += [path("shelves/<shelf_pk>/tickets/", make_view(save_in_shelf))]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"], indirect=True)
def test_an_expression_that_fails_is_an_internal_error(driver: Driver, client: Client) -> None:
    for name in ("divide", "take_logarithm", "limit", "set_time_zone"):
        assert read(client.get(f"/{name}/?x=0&y=-1")) == expect("INTERNAL_ERROR")


def test_a_regular_expression_that_was_sent_is_invalid_content(
    driver: Driver, client: Client
) -> None:
    sent = read(client.get("/search/?page=2&q=(a"))
    assert sent == expect("INVALID_CONTENT", f"q: {WRONG}")
    assert read(client.get("/search/?page=2")) == expect("INTERNAL_ERROR")


@pytest.mark.parametrize("driver", ["psycopg", "mysqlclient"], indirect=True)
def test_a_value_of_the_project_that_is_too_long_is_an_internal_error(
    driver: Driver, client: Client
) -> None:
    assert read(client.get("/save_long/?page=2")) == expect("INTERNAL_ERROR")


def test_a_missing_key_in_the_url_is_a_missing_resource(driver: Driver, client: Client) -> None:
    outcome = read(post(client, "/shelves/999/tickets/", {"email": "new"}))
    assert outcome == expect("MISSING_RESOURCE")
