"""References: each reference that a client sees is in a log record."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.support import subclass

pytestmark = pytest.mark.urls(__name__)

REFERENCE = re.compile(r"Reference: ([0-9a-f]{12})\b")
COUNT = 50


@dataclasses.dataclass(frozen=True)
class FrozenError(Exception):
    number: int = 7


class EndlessProxy:
    """An object that has every attribute and every item."""

    def __getattr__(self, name: str) -> EndlessProxy:
        return self

    def __getitem__(self, key: object) -> EndlessProxy:
        return self


class ProxyError(Exception):
    def __getattr__(self, name: str) -> Any:
        return EndlessProxy()


class LookupGatewayError(ConnectionError):
    """An outage whose class looks attributes up in a dict."""

    def __getattr__(self, name: str) -> Any:
        return {}[name]


class LookupFailedError(Exception):
    def __getattr__(self, name: str) -> Any:
        return {}[name]


class NotelessError(Exception):
    def add_note(self, note: str, /) -> None:
        raise LookupError("no notes")


class TruthlessError(Exception):
    def __bool__(self) -> bool:
        raise LookupError("neither true nor false")


class EmptyError(Exception):
    """An exception that counts as false."""

    def __len__(self) -> int:
        return 0


class HostileError(Exception):
    """An exception of which nothing can be read."""

    def __getattribute__(self, name: str) -> Any:
        raise LookupError(name)


class SilentError(OperationalError):
    def __str__(self) -> str:
        raise LookupError("no words")


class HashlessError(ValueError):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise LookupError("nothing to compare")


class UnreadableError(APIException):
    status_code: Any = property(lambda self: {}[self])


def make_odd(status: object) -> Exception:
    """Return an exception with a status that HTTP does not have."""
    return subclass(APIException, status_code=status)("No.")


def make_with_hostile_context() -> Exception:
    """Return an exception that was raised in place of one that cannot be read."""
    exception = ValueError("readable")
    exception.__context__ = HostileError()
    return exception


def make_doubled_group() -> Exception:
    """Return a group that Python would print 2 ** 30 times."""
    exception: Exception = ValueError("unhandled")
    for _ in range(30):
        exception = ExceptionGroup("twice", [exception, exception])
    return exception


FAULTS: dict[str, Callable[[], Exception]] = {
    "hostile group": lambda: ExceptionGroup("hostile", [HostileError(), TruthlessError()]),
    "group": lambda: ExceptionGroup("readable", [ValueError("one"), KeyError("two")]),
    "doubled group": make_doubled_group,
    "truthless": TruthlessError,
    "empty": EmptyError,
    "hostile context": make_with_hostile_context,
    "silent": SilentError,
    "hashless": HashlessError,
    "unreadable status": UnreadableError,
    **{f"status {status}": partial(make_odd, status) for status in (None, 42, 1000, "x")},
    "unhandled": lambda: ValueError("unhandled"),
    "frozen": FrozenError,
    "proxy": ProxyError,
    "lookup": LookupFailedError,
    "noteless": NotelessError,
    "bare": APIException,
    "outage": LookupGatewayError,
}


class FailingView(APIView):
    def get(self, request: Request, fault: str) -> Response:
        raise FAULTS[fault]()


class AwaitingView(AsyncAPIView):
    """A view whose requests await one future, which fails once all of them wait."""

    future: asyncio.Future[None]
    waiting = 0

    async def get(self, request: Request) -> Response:
        cls = type(self)
        cls.waiting += 1
        if cls.waiting == COUNT:
            cls.future.set_exception(ValueError("shared"))
        await cls.future
        return Response({})


async def await_plainly(request: HttpRequest) -> HttpResponse:
    """Await the same future in a view that is not DRF's."""
    await AwaitingView().get(Request(request))
    return HttpResponse()


urlpatterns = [
    path("awaiting/", AwaitingView.as_view()),
    path("plain/", await_plainly),
    path("<str:fault>/", FailingView.as_view()),
]


class RespondingMiddleware:
    """A middleware that responds to every exception and reports it, in its own way."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        got_request_exception.send(sender=None, request=request)
        return HttpResponse("<h1>Sorry</h1>", status=500)


@pytest.fixture(params=["middleware", "handler alone"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "handler alone":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture
def log() -> Any:
    """Return the output of a handler of the project, formatted at the time of each record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def find_references(text: str) -> list[str]:
    """Return the references in a text."""
    return REFERENCE.findall(text)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "outage"])
def test_an_exception_of_any_class_has_one_record_with_its_reference(
    client: Client, fault: str, caplog: pytest.LogCaptureFixture, log: io.StringIO
) -> None:
    response = client.get(f"/{fault}/")
    [reference] = find_references(response.content.decode())
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]
    assert {*find_references(log.getvalue())} == {reference}


def test_an_outage_whose_attributes_cannot_be_read_is_an_outage(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/outage/")
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.WARNING)]


@pytest.mark.parametrize(
    ("target", "paths", "middleware"),
    [
        ("/awaiting/", None, True),
        ("/awaiting/", None, False),
        ("/plain/", [""], True),
    ],
)
def test_each_of_the_requests_that_await_one_future_has_its_reference_in_the_log(
    settings: Settings,
    target: str,
    paths: list[str] | None,
    middleware: bool,
    caplog: pytest.LogCaptureFixture,
    log: io.StringIO,
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    settings.MIDDLEWARE = settings.MIDDLEWARE[:1] if middleware else []

    async def send() -> list[str]:
        AwaitingView.future = asyncio.get_running_loop().create_future()
        AwaitingView.waiting = 0
        client = AsyncClient(raise_request_exception=False)
        responses = await asyncio.gather(*(client.get(target) for _ in range(COUNT)))
        return [json.loads(response.content)["errors"][0] for response in responses]

    references = {find_references(message)[0] for message in asyncio.run(send())}
    assert len(references) == COUNT == len(caplog.records)
    assert references == set(find_references(log.getvalue()))


def test_a_response_of_another_middleware_that_logs_nothing_has_no_reference(
    settings: Settings, caplog: pytest.LogCaptureFixture, log: io.StringIO
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.RespondingMiddleware"]
    response = Client(raise_request_exception=False).get("/unhandled/")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert find_references(response.content.decode()) == find_references(log.getvalue()) == []


def test_an_exception_of_another_middleware_that_allows_no_notes_has_no_reference(
    settings: Settings, log: io.StringIO
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.fail_in_middleware"]
    response = Client(raise_request_exception=False).get("/nowhere/at/all/")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert find_references(response.content.decode()) == find_references(log.getvalue()) == []


def fail_in_middleware(get_response: Any) -> Any:
    """Raise an exception that allows no notes for each request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        raise FrozenError

    return middleware
