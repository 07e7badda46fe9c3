"""Values that the arrays of PostgreSQL reject, of the client and of the project."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import path
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from tests.recognition.database.databases import Driver, post
from tests.recognition.support import expect, read
from tests.services import require_package

require_package("psycopg")

from django.contrib.postgres.fields import (  # noqa: E402  (they import psycopg)
    ArrayField,
    IntegerRangeField,
)

pytestmark = [
    pytest.mark.urls(__name__),
    pytest.mark.parametrize("driver", ["psycopg", "psycopg2"], indirect=True),
]

WRONG = "The syntax/content is incorrect."
UNHANDLED = expect("INTERNAL_ERROR")

# Outside the registry: no other database has its table.
with isolate_apps("tests"):

    class Card(models.Model):
        """Arrays that may be NULL, beside a text."""

        text = models.TextField(null=True)  # noqa: DJ001
        tags = ArrayField(models.CharField(max_length=5), null=True)
        numbers = ArrayField(models.IntegerField(), null=True)
        span = IntegerRangeField(null=True)
        file = models.FileField(max_length=5, null=True)
        data = models.BinaryField(null=True)
        price = models.DecimalField(max_digits=4, decimal_places=2, null=True)

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return str(self.text)


@pytest.fixture(autouse=True)
def table(driver: Driver) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Card)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Card)


FUNCTIONS: dict[str, Any] = {
    "create": lambda q="a\0b": Card.objects.create(text=q),
    "contains": lambda q="x": [*Card.objects.filter(numbers__contains=q.split(","))],
    "overlap": lambda q="x": [*Card.objects.filter(numbers__overlap=q.split(","))],
    "exact": lambda q="x": [*Card.objects.filter(numbers=q.split(","))],
    "save": lambda q="x": Card.objects.create(numbers=q.split(",")),
}

# A client can send a value of any type in JSON.
TYPED: dict[str, Any] = {
    "array": lambda q=77: [*Card.objects.filter(numbers=q)],
    "array-save": lambda q=77: Card.objects.create(numbers=q),
    "range": lambda q=77: [*Card.objects.filter(span=q)],
    "file": lambda q="long-path": Card.objects.create(file=q),
    "file-save": lambda q=77: Card.objects.create(file=q),
    "binary": lambda q=7.75: [*Card.objects.filter(data=q)],
    "exponents": lambda q="1e999999": [*Card.objects.filter(price__in=[q])],
}

# psycopg2 cannot send ranges if psycopg 3 is installed: Django then makes ranges of psycopg 3.
RANGES: dict[str, Any] = {
    "range-save": lambda q=(7, 6): Card.objects.create(span=q),
    "overlap-range": lambda q=(7, 6): [*Card.objects.filter(span__overlap=q)],
    "range-text": lambda q="[7,6]": [*Card.objects.filter(span=q)],
}


class CardView(GenericAPIView[Any]):
    def get(self, request: Request, name: str) -> Response:
        parameters = {key: value for key, value in request.GET.items() if key != "page"}
        return Response(repr(FUNCTIONS[name](**parameters)))

    def post(self, request: Request, name: str) -> Response:
        parameters = {key: value for key, value in request.data.items() if key == "q"}
        return Response(repr((TYPED | RANGES)[name](**parameters)))


urlpatterns = [path("<name>/", CardView.as_view())]


@pytest.mark.parametrize(
    "target", ["create/?q=a%00b", *(f"{name}/?q=1,x" for name in FUNCTIONS if name != "create")]
)
def test_a_rejected_value_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(raise_request_exception=False)
    assert read(client.get(f"/{target}")) == expect("INVALID_CONTENT", f"q: {WRONG}")
    name = target.partition("/")[0]
    assert read(client.get(f"/{name}/?page=2")) == UNHANDLED
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.name for record in records] == ["django.request"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("array", 5),
        ("array", {"a": 1}),
        ("array-save", 5),
        ("range", 5),
        ("file", "too-long"),
        ("file-save", 5),
        ("binary", 1.5),
        ("exponents", "1e888888"),
    ],
)
def test_a_value_of_a_wrong_type_is_the_clients_mistake_if_the_client_sent_it(
    driver: Driver, name: str, value: object
) -> None:
    client = Client(raise_request_exception=False)
    outcome = read(post(client, f"/{name}/", {"page": 2, "q": value}))
    assert outcome == expect("INVALID_CONTENT", f"q: {WRONG}")
    assert read(post(client, f"/{name}/", {"page": 2})) == UNHANDLED


@pytest.mark.parametrize("name", RANGES)
def test_a_reversed_range_is_the_clients_mistake_if_the_client_sent_a_bound(
    driver: Driver, name: str
) -> None:
    if driver.package == "psycopg2":
        pytest.skip("has no ranges beside psycopg")
    client = Client(raise_request_exception=False)
    value = "[5,3]" if name == "range-text" else [5, 3]
    outcome = read(post(client, f"/{name}/", {"q": value}))
    assert outcome == expect("INVALID_CONTENT", *([f"q: {WRONG}"] if value == "[5,3]" else []))
    assert read(post(client, f"/{name}/", {"page": 2})) == UNHANDLED
