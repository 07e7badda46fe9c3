"""Reporting: a bug is told to all, once; a recognised failure to the log; a refusal to nobody."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from django import VERSION
from django.core import mail
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.handler import exception_handler
from django_apierrors.handling.reporting import (
    add_reference,
    is_unhandled,
    report_recognised,
    report_unhandled,
    with_reference,
)
from django_apierrors.handling.responses import make_response
from django_apierrors.recognition import recognise

pytestmark = pytest.mark.urls(__name__)


class Deliberate(APIException):
    """A failure that the project means to answer with."""

    default_detail = "Closed."

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status_code = status


FAULTS = {
    "bug": KeyError,
    "timeout": TimeoutError,
    "404": Http404,
    "api-404": NotFound,
    "500": lambda: Deliberate(500),
    "502": lambda: Deliberate(502),
    "503": lambda: Deliberate(503),
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


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, str]]]:
    """What a receiver hears: the path of the request, the class of the exception in flight."""
    calls: list[tuple[str, str]] = []

    def hear(sender: object, request: Any, **kwargs: object) -> None:
        calls.append((request.path, type(sys.exc_info()[1]).__name__))

    got_request_exception.connect(hear)
    yield calls
    got_request_exception.disconnect(hear)


def get_levels(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, bool]]:
    """Return logger, level and presence of a traceback of each record."""
    return [(r.name, r.levelno, bool(r.exc_info)) for r in caplog.records]


def get_message(response: HttpResponse) -> str:
    """Return the one message of an error."""
    (message,) = json.loads(response.content)["errors"]
    assert isinstance(message, str)
    return message


def test_a_bug_is_signalled_once_with_its_exception_in_flight(
    client: Client, heard: list[tuple[str, str]]
) -> None:
    client.get("/bug/")
    assert heard == [("/bug/", "KeyError")]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "bug"])
def test_what_is_no_bug_is_not_signalled(
    client: Client, fault: str, heard: list[tuple[str, str]]
) -> None:
    client.get(f"/{fault}/")
    assert heard == []


@pytest.mark.parametrize(
    ("fault", "level", "with_traceback"),
    [
        ("bug", logging.ERROR, True),
        ("timeout", logging.WARNING, True),
        ("404", logging.WARNING, False),
        ("api-404", logging.WARNING, False),
        ("502", logging.WARNING, False),
        ("503", logging.WARNING, False),
        # As under stock DRF.
        ("500", logging.ERROR, False),
    ],
)
def test_a_failure_has_one_record(
    client: Client,
    fault: str,
    level: int,
    with_traceback: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.get(f"/{fault}/")
    assert get_levels(caplog) == [("django.request", level, with_traceback)]


def test_a_record_says_what_django_would_say(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/bug/")
    assert caplog.messages == ["Internal Server Error: /bug/"]
    assert caplog.records[0].status_code == 500  # type: ignore[attr-defined]
    assert caplog.records[0].request.path == "/bug/"  # type: ignore[attr-defined]


def test_the_reference_in_the_message_stands_in_the_record(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    message = get_message(client.get("/bug/"))
    match = re.fullmatch(r".* Reference: ([0-9a-f]{12})\.", message)
    assert match
    assert caplog.text.count(f"Reference: {match[1]}") == 1


def test_two_bugs_have_two_references(client: Client) -> None:
    assert get_message(client.get("/bug/")) != get_message(client.get("/bug/"))


@pytest.mark.parametrize("fault", ["500", "503", "timeout"])
def test_what_is_no_bug_has_no_reference(client: Client, fault: str) -> None:
    assert "Reference" not in get_message(client.get(f"/{fault}/"))


def test_the_administrators_get_one_letter(client: Client, settings: Settings) -> None:
    # Django 6.0 takes addresses, Django 6.1 wants to know of a mailer.
    settings.ADMINS = [("Ann", "ann@example.com")] if VERSION < (6,) else ["ann@example.com"]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    for fault in ("bug", "timeout", "503"):
        client.get(f"/{fault}/")
    (letter,) = mail.outbox
    assert letter.subject.endswith("Internal Server Error: /bug/")


def test_an_async_receiver_is_called(client: Client) -> None:
    calls = []

    async def hear(sender: object, **kwargs: object) -> None:
        await asyncio.sleep(0)
        calls.append(kwargs["request"].path)  # type: ignore[attr-defined]

    got_request_exception.connect(hear)
    try:
        client.get("/bug/")
    finally:
        got_request_exception.disconnect(hear)
    assert calls == ["/bug/"]


@pytest.fixture
def _async_receiver() -> Iterator[None]:
    async def hear(sender: object, **kwargs: object) -> None:
        await asyncio.sleep(0)

    got_request_exception.connect(hear)
    yield
    got_request_exception.disconnect(hear)


@pytest.mark.usefixtures("_async_receiver")
def test_on_the_event_loop_an_async_receiver_hinders_neither_the_others_nor_the_answer(
    settings: Settings, heard: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    client = AsyncClient(raise_request_exception=False)
    response = asyncio.run(client.get("/async/bug/"))  # type: ignore[arg-type]
    assert response.status_code == 500
    assert "Reference: " in get_message(response)
    assert heard == [("/async/bug/", "KeyError")]
    assert get_levels(caplog) == [
        ("django_apierrors", logging.ERROR, True),
        ("django.request", logging.ERROR, True),
    ]


def test_a_receiver_that_fails_hinders_neither_the_record_nor_the_answer(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def hear(sender: object, **kwargs: object) -> None:
        raise RuntimeError("receiver")

    settings.MIDDLEWARE = []
    got_request_exception.connect(hear)
    try:
        response = Client(raise_request_exception=False).get("/bug/")
    finally:
        got_request_exception.disconnect(hear)
    assert "Reference: " in get_message(response)
    assert "telling the receivers of got_request_exception" in caplog.text
    assert get_levels(caplog)[-1] == ("django.request", logging.ERROR, True)


@pytest.mark.parametrize("fault", ["bug", "timeout"])
def test_a_failure_without_a_request_is_reported_all_the_same(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    exception_handler(FAULTS[fault](), {})
    assert [record.name for record in caplog.records] == ["django.request"]
    assert caplog.messages[0].endswith(": ")


def test_a_deliberate_500_is_no_bug() -> None:
    assert not is_unhandled(Error.of_status(500), Deliberate(500))
    assert is_unhandled(Error.of_status(500), KeyError())


def test_a_reference_is_a_note_on_the_exception() -> None:
    exception = KeyError("key")
    error = with_reference(Error.of_status(500), add_reference(exception))
    (note,) = exception.__notes__
    assert error.get_messages()[0].endswith(f"{note}.")
    assert note in "".join(traceback.format_exception(exception))


@pytest.mark.parametrize("report", [report_unhandled, report_recognised])
def test_a_response_that_was_reported_is_not_logged_again(
    report: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = make_response(Error.of_status(504))
    for _ in range(2):
        report(TimeoutError(), None, response)
    assert len(caplog.records) == 1


def test_an_exception_that_is_raised_again_has_the_reference_of_its_last_time() -> None:
    exception = KeyError("kept")
    exception.add_note("By somebody else.")
    for _ in range(3):
        error = with_reference(recognise(exception), add_reference(exception))

    [own, reference] = exception.__notes__
    assert own == "By somebody else."
    assert error.get_messages()[0].endswith(f"{reference}.")
