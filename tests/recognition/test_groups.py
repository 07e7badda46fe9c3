"""Exception groups and causes of any shape: a bounded response in linear time."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import pytest
from django.db.utils import OperationalError
from django.test import Client
from django.urls import path
from rest_framework.exceptions import APIException, ValidationError
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
    assert time.perf_counter() - begun < 3


def test_a_circle_of_causes_does_not_cause_an_endless_loop() -> None:
    exception = OperationalError("gone")
    exception.__cause__ = exception
    assert respond(exception)["status"] == 500
    group = ExceptionGroup("circle", [exception])
    exception.__cause__ = group
    assert respond(group)["status"] == 500


class UnreadableGroup(ExceptionGroup[Exception]):
    @property
    def exceptions(self) -> Any:
        raise RuntimeError("unreadable")


class EndlessGroup(ExceptionGroup[Exception]):
    @property
    def exceptions(self) -> Any:
        return (EndlessGroup("again", [TimeoutError()]),)


class OddGroup(ExceptionGroup[Exception]):
    exceptions = ("not an exception",)  # type: ignore[assignment]


def make_unreadable(base: type[APIException], name: str) -> Exception:
    def fail(self: Exception) -> Any:
        raise RuntimeError("unreadable")

    def init(self: Exception) -> None:
        pass

    return type("Unreadable", (base,), {name: property(fail, lambda *_: None), "__init__": init})()


def wrap_deeply() -> Exception:
    exception: Exception = TimeoutError()
    for _ in range(3_000):
        exception = URLError(exception)  # type: ignore[arg-type]
    return exception


UNREADABLE: dict[str, Callable[[], Exception]] = {
    "deep wrappers": wrap_deeply,
    "group": lambda: UnreadableGroup("g", [TimeoutError()]),
    "endless group": lambda: EndlessGroup("g", [TimeoutError()]),
    "odd group": lambda: OddGroup("g", [TimeoutError()]),
    "detail": lambda: make_unreadable(APIException, "detail"),
    "status": lambda: make_unreadable(APIException, "status_code"),
    "detail of DRF's": lambda: make_unreadable(ValidationError, "detail"),
}


@pytest.mark.parametrize("middleware", [True, False])
@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.urls(__name__)
def test_an_exception_that_cannot_be_read_is_reported_once(
    name: str, middleware: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if middleware:
        settings.MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware"]
    records: list[logging.LogRecord] = []

    # Python's own formatting of the traceback may fail too.
    def keep(logger: object, record: logging.LogRecord) -> None:
        if record.levelno == logging.ERROR:
            records.append(record)

    monkeypatch.setattr(logging.Logger, "callHandlers", keep)
    RaisingView.exception = exception = UNREADABLE[name]()
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 500
    reference = re.search("Reference: ([0-9a-f]{12})", response.json()["errors"][0])
    assert reference
    assert len(records) == 1
    assert getattr(exception, "__notes__", []) == [reference[0]]


class RaisingView(APIView):
    exception: Exception

    def get(self, request: Any) -> Any:
        raise self.exception


urlpatterns = [path("", RaisingView.as_view())]
