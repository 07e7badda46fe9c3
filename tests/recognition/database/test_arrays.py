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

from tests.recognition.database.databases import Driver
from tests.recognition.support import expect, read
from tests.services import require_package

require_package("psycopg")

from django.contrib.postgres.fields import ArrayField  # noqa: E402  (it imports psycopg)

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


class CardView(GenericAPIView[Any]):
    def get(self, request: Request, name: str) -> Response:
        parameters = {key: value for key, value in request.GET.items() if key != "page"}
        return Response(repr(FUNCTIONS[name](**parameters)))


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
