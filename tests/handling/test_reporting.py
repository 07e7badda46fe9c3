"""Reporting: a signal and a record for an unhandled exception, a record for a recognised one."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from django import VERSION
from django.core import mail
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.handler import exception_handler

pytestmark = pytest.mark.urls(__name__)


class DeliberateError(APIException):
    """An exception that a project raises to send a response."""

    default_detail = "Closed."

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status_code = status


FAULTS: dict[str, Callable[[], Exception]] = {
    "unhandled": KeyError,
    "timeout": TimeoutError,
    "404": Http404,
    "api-404": NotFound,
    "bare": APIException,
    "500": lambda: DeliberateError(500),
    "502": lambda: DeliberateError(502),
    "503": lambda: DeliberateError(503),
}


class FailingView(APIView):
    def get(self, request: Request, fault: str) -> Response:
        raise FAULTS[fault]()


class AsyncFailingView(AsyncAPIView):
    async def get(self, request: Request, fault: str) -> Response:
        raise FAULTS[fault]()


urlpatterns = [
    path("async/<str:fault>/", AsyncFailingView.as_view()),
    path("<str:fault>/", FailingView.as_view()),
]


@pytest.fixture(params=["middleware", "handler alone"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    """Return a client of a site with the middleware, or with the handler alone."""
    if request.param == "handler alone":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture
def connect() -> Iterator[Callable[[Any], None]]:
    """Return a function that connects a receiver of `got_request_exception` for the test."""
    receivers = []

    def connect(receiver: Any) -> None:
        # A strong reference: Django's is weak.
        receivers.append(receiver)
        got_request_exception.connect(receiver)

    yield connect
    for receiver in receivers:
        got_request_exception.disconnect(receiver)


@pytest.fixture
def signals(connect: Callable[[Any], None]) -> list[tuple[str, str]]:
    """Collect the path of the request and the class of the exception in flight."""
    received: list[tuple[str, str]] = []

    def receive(sender: object, request: Any, **kwargs: object) -> None:
        received.append((request.path, type(sys.exc_info()[1]).__name__))

    connect(receive)
    return received


def get_levels(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, bool]]:
    """Return logger, level and presence of a traceback of each record."""
    return [(r.name, r.levelno, bool(r.exc_info)) for r in caplog.records]


def get_reference(response: HttpResponse) -> str:
    """Return the reference in the only message of an error, `""` if it has no reference."""
    [message] = json.loads(response.content)["errors"]
    match = re.search(r" Reference: ([0-9a-f]{12})\.$", message)
    return match[1] if match else ""


@pytest.mark.parametrize(
    ("fault", "level", "has_traceback"),
    [
        ("unhandled", logging.ERROR, True),
        ("timeout", logging.WARNING, True),
        ("404", logging.WARNING, False),
        ("api-404", logging.WARNING, False),
        ("502", logging.WARNING, False),
        ("503", logging.WARNING, False),
        # As in stock DRF, which does not send the signal either.
        ("500", logging.ERROR, False),
        ("bare", logging.ERROR, True),
    ],
)
def test_an_exception_has_one_record_and_an_unhandled_one_a_signal_and_a_reference(
    client: Client,
    fault: str,
    level: int,
    has_traceback: bool,
    signals: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = client.get(f"/{fault}/")
    is_unhandled = fault == "unhandled"
    assert get_levels(caplog) == [("django.request", level, has_traceback)]
    assert signals == ([("/unhandled/", "KeyError")] if is_unhandled else [])
    assert bool(get_reference(response)) == (is_unhandled or fault == "bare")


def test_the_record_of_django_has_the_reference(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    reference = get_reference(client.get("/unhandled/"))
    assert caplog.messages == ["Internal Server Error: /unhandled/"]
    assert caplog.records[0].status_code == 500  # type: ignore[attr-defined]
    assert caplog.records[0].request.path == "/unhandled/"  # type: ignore[attr-defined]
    assert caplog.text.count(f"Reference: {reference}") == 1
    assert get_reference(client.get("/unhandled/")) != reference


def test_the_administrators_get_one_email(client: Client, settings: Settings) -> None:
    # Django 6.0 accepts plain addresses, Django 6.1 needs a mailer.
    settings.ADMINS = [("Ann", "ann@example.com")] if VERSION < (6,) else ["ann@example.com"]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    for fault in ("unhandled", "timeout", "503"):
        client.get(f"/{fault}/")
    [email] = mail.outbox
    assert email.subject.endswith("Internal Server Error: /unhandled/")


def test_an_async_receiver_is_called(client: Client, connect: Callable[[Any], None]) -> None:
    calls = []

    async def receive(sender: object, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        calls.append(kwargs["request"].path)

    connect(receive)
    client.get("/unhandled/")
    assert calls == ["/unhandled/"]


def test_on_the_event_loop_an_async_receiver_prevents_neither_the_others_nor_the_response(
    settings: Settings,
    signals: list[tuple[str, str]],
    connect: Callable[[Any], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def receive(sender: object, **kwargs: object) -> None:
        await asyncio.sleep(0)

    connect(receive)
    settings.MIDDLEWARE = []
    client = AsyncClient(raise_request_exception=False)
    response = asyncio.run(client.get("/async/unhandled/"))  # type: ignore[arg-type]
    assert get_reference(response)
    assert signals == [("/async/unhandled/", "KeyError")]
    assert get_levels(caplog) == [
        ("django_apierrors", logging.ERROR, True),
        ("django.request", logging.ERROR, True),
    ]


def test_a_receiver_that_fails_prevents_neither_the_record_nor_the_response(
    settings: Settings, connect: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    def receive(sender: object, **kwargs: object) -> None:
        raise RuntimeError("receiver")

    connect(receive)
    settings.MIDDLEWARE = []
    assert get_reference(Client(raise_request_exception=False).get("/unhandled/"))
    assert "django_apierrors failed while sending got_request_exception." in caplog.text
    assert get_levels(caplog)[-1] == ("django.request", logging.ERROR, True)


@pytest.mark.parametrize("fault", ["unhandled", "timeout"])
def test_an_exception_without_a_request_is_reported_too(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    exception_handler(FAULTS[fault](), {})
    assert [record.name for record in caplog.records] == ["django.request"]
    assert caplog.messages[0].endswith(": ")


def test_an_exception_that_is_raised_again_has_its_later_references_in_the_records(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exception = KeyError("kept")
    exception.add_note("A project's note.")
    references = []
    for _time in range(3):
        response = exception_handler(exception, {})
        assert response is not None
        references.append(get_reference(response.render()))
    assert exception.__notes__ == ["A project's note.", f"Reference: {references[0]}"]
    # The note is in the traceback of the first record.
    for reference, message in zip(references[1:], caplog.messages[1:], strict=True):
        assert message.endswith(f" Reference: {reference}.")
