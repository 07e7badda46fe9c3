"""Exception groups and causes of any shape: a bounded response in linear time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db.utils import OperationalError
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.recognition import recognise


def respond(exception: Exception) -> Any:
    """Return the data of the response of a view that raises `exception`."""

    class RaisingView(APIView):
        def get(self, request: Any) -> Any:
            raise exception

    return RaisingView.as_view()(APIRequestFactory().get("/")).data


@pytest.fixture(autouse=True)
def only_the_handler(settings: Any) -> None:
    settings.MIDDLEWARE = []


def make_errors(count: int) -> list[Exception]:
    return [ValidationError({"name": [f"Message {number}."]}) for number in range(count)]


def test_the_messages_of_a_group_obey_the_limit(settings: Any) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 10}
    data = respond(ExceptionGroup("many", make_errors(5_000)))
    assert (data["status"], data["code"], len(data["errors"])) == (400, "INVALID_CONTENT", 10)
    assert data["errors"][8:] == ["name: Message 8.", "4991 more errors were left out."]


def test_a_group_that_contains_the_same_group_twice_on_each_level_takes_linear_time() -> None:
    group: Exception = ExceptionGroup("leaf", [TimeoutError()])
    for level in range(40):
        group = ExceptionGroup(f"level {level}", [group, group])
    begun = time.perf_counter()
    # Not through a view: Python's own formatting of the traceback takes exponential time.
    assert recognise(group).code.name == "GATEWAY_TIMEOUT"
    assert time.perf_counter() - begun < 1


def test_a_circle_of_causes_ends() -> None:
    exception = OperationalError("gone")
    exception.__cause__ = exception
    assert respond(exception)["status"] == 500
    group = ExceptionGroup("circle", [exception])
    exception.__cause__ = group
    assert respond(group)["status"] == 500
