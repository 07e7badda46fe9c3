"""Monitors: middleware that records exceptions, even those that Django does not pass to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware
from pytest_django.fixtures import Settings

from django_apierrors.handler import exception_handler
from tests.support import make_view, throw

pytestmark = pytest.mark.urls(__name__)

APP_MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
REUSED = ValueError("secret")

urlpatterns = [
    path("unhandled", make_view(lambda request: throw(KeyError))),
    path("reused", make_view(lambda request: throw(REUSED))),
    path("outage", make_view(lambda request: throw(TimeoutError))),
]


class Monitor(_DjangoMiddleware):
    """A subclass that does not make spans, and keeps the exceptions of all instances."""

    recorded: list[Exception] = []

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, *args: object) -> None:
        """Do nothing."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        self.recorded.append(exception)


class FailingMonitor(Monitor):
    """A monitor that fails."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        raise RuntimeError("monitor")


MONITOR = f"{__name__}.Monitor"


@pytest.fixture(autouse=True)
def recorded() -> list[Exception]:
    """Return the exceptions that the monitor records."""
    Monitor.recorded.clear()
    return Monitor.recorded


def get(url: str) -> Any:
    return Client(raise_request_exception=False).get(url).json()["code"]


@pytest.mark.parametrize(
    "middleware", [[MONITOR], [APP_MIDDLEWARE, MONITOR], [MONITOR, APP_MIDDLEWARE]]
)
@pytest.mark.parametrize(
    ("url", "code", "exception"),
    [
        ("/unhandled", "INTERNAL_ERROR", KeyError),
        # Django's record could not have the reference of an exception that is raised twice.
        ("/reused", "INTERNAL_ERROR", ValueError),
        ("/outage", "GATEWAY_TIMEOUT", TimeoutError),
    ],
)
def test_a_monitor_records_each_exception_once(
    settings: Settings,
    recorded: list[Exception],
    middleware: list[str],
    url: str,
    code: str,
    exception: type[Exception],
) -> None:
    settings.MIDDLEWARE = middleware

    assert [get(url), get(url)] == [code, code]

    assert [type(each) for each in recorded] == [exception, exception]


def test_a_monitor_that_fails_is_logged_and_changes_nothing(
    settings: Settings, recorded: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.FailingMonitor", MONITOR]

    assert get("/outage") == "GATEWAY_TIMEOUT"

    assert [type(each) for each in recorded] == [TimeoutError]
    failures = [each.getMessage() for each in caplog.records if each.name == "django_apierrors"]
    assert failures == [
        "django_apierrors failed while calling process_exception() of "
        "tests.handling.test_monitors.FailingMonitor."
    ]


def test_no_monitor_is_called_without_a_request(
    settings: Settings, recorded: list[Exception]
) -> None:
    settings.MIDDLEWARE = [MONITOR]

    response = exception_handler(TimeoutError(), None)

    assert response is not None
    assert (response.status_code, recorded) == (504, [])
