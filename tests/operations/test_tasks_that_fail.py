"""Tasks that fail, and results without JSON: their messages and their reports."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.test import APIRequestFactory

from tests.bodies import REFERENCE, body
from tests.services import require_package

require_package("django_tasks_db")

from django_tasks_db import DatabaseBackend  # noqa: E402

from django_apierrors.operations import status  # noqa: E402
from tests.operations import tasks  # noqa: E402
from tests.operations.test_views import api, get_outcome, post  # noqa: E402, F401

pytestmark = [
    pytest.mark.urls("tests.operations.test_views"),
    pytest.mark.django_db(transaction=True),
]


class SoldOutError(APIException):
    """An exception of the project."""

    status_code = 409
    default_code = "sold_out"
    default_detail = "It is sold out."


class LoggedError(SoldOutError):
    """Its str() is for the log."""

    def __str__(self) -> str:
        return "Secret."


class OddError(SoldOutError):
    """Its detail has a code without a literal."""

    def __init__(self) -> None:
        super().__init__()
        self.detail = {"name": ErrorDetail("No.", object())}  # type: ignore[arg-type]


def make_chained() -> Exception:
    """Return a validation error with a cause and a note."""
    exception = ValidationError("No.\nReally.")
    exception.__cause__ = ValidationError("Secret cause.")
    exception.add_note("Secret note.")
    return exception


EXCEPTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "fields": (
        lambda: ValidationError({"lines": [{}, {"sku": ['It\'s "no".', "One."]}], 3: "No."}),
        body("INVALID_CONTENT", 'lines[1].sku: It\'s "no".', "lines[1].sku: One.", "[3]: No."),
    ),
    "a code": (
        lambda: ValidationError({"name": ErrorDetail("Taken.", "unique")}),
        body("ALREADY_EXISTS", "name: Taken."),
    ),
    "Django's": (
        lambda: DjangoValidationError({"name": ["Too long."]}),
        body("INVALID_CONTENT", "name: Too long."),
    ),
    "a string of Django's": (
        lambda: DjangoValidationError("No."),
        body("INVALID_CONTENT", "No."),
    ),
    "a string": (lambda: SoldOutError("None."), body("SOLD_OUT", "None.", status=409)),
    "a default": (SoldOutError, body("SOLD_OUT", "It is sold out.", status=409)),
    "a default of DRF's": (NotFound, body("MISSING_RESOURCE")),
    "several lines, a cause and a note": (make_chained, body("INVALID_CONTENT", "No.\nReally.")),
    "text like a traceback": (
        lambda: SoldOutError("Traceback (most recent call last):\n  File x"),
        body("SOLD_OUT", "Sold out.", status=409),
    ),
    "brackets": (lambda: SoldOutError("[none]"), body("SOLD_OUT", "[none]", status=409)),
    "a str() of its own": (LoggedError, body("SOLD_OUT", "Sold out.", status=409)),
    "an odd code": (OddError, body("SOLD_OUT", "Sold out.", status=409)),
    "an empty list": (lambda: ValidationError([]), body("INVALID_CONTENT", "[]")),
    "more than is parsed": (
        lambda: ValidationError(["x" * 100_000]),
        body("INVALID_CONTENT"),
    ),
    "another exception": (lambda: KeyError("Secret."), body("INTERNAL_ERROR")),
}


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Let the task `fail` raise the exception of a row, and return the body of the row."""
    make, expected = EXCEPTIONS[request.param]
    monkeypatch.setitem(tasks.EXCEPTIONS, "row", lambda message: make())
    return expected


@pytest.mark.parametrize("raised", EXCEPTIONS, indirect=True)
def test_a_failed_task_keeps_the_messages_of_its_exception(
    api: Client,  # noqa: F811
    raised: dict[str, Any],
) -> None:
    for url in ("/accept/fail", "/accept/fail/immediate"):
        response = post(api, url, {"how": "row"})
        if response.status_code == 202:
            assert get_outcome(api, response) == {"status": "failed", "error": raised}
        else:
            assert (response.status_code, response.json()) == (raised["status"], raised)


class PicklingBackend(DatabaseBackend):
    """Returns results as RQ does: of any type that can be pickled."""

    def get_result(self, result_id: str) -> Any:
        result = super().get_result(result_id)
        object.__setattr__(result, "_return_value", {"value": object})
        return result


@pytest.fixture
def signals() -> Iterator[list[Any]]:
    """Return the list of the requests of `got_request_exception`."""
    requests: list[Any] = []

    def receive(sender: Any, request: Any, **kwargs: Any) -> None:
        requests.append(request)

    got_request_exception.connect(receive)
    yield requests
    got_request_exception.disconnect(receive)


@pytest.mark.parametrize(
    ("backend", "name"), [("default", "return_half_a_pair"), ("other", "do_nothing")]
)
def test_a_result_without_json_reads_as_failed_and_is_reported_once(
    api: Client,  # noqa: F811
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    signals: list[Any],
    backend: str,
    name: str,
) -> None:
    backends = {**settings.TASKS, "other": {"BACKEND": f"{__name__}.PicklingBackend"}}
    settings.TASKS = backends
    accepted = post(api, f"/accept/{name}/{backend}")
    outcome = get_outcome(api, accepted)
    [message] = outcome["error"]["errors"]
    assert REFERENCE.fullmatch(message)
    assert outcome == {"status": "failed", "error": body("INTERNAL_ERROR", message)}
    for _poll in range(3):
        response = api.get(accepted["Location"])
        assert (response.status_code, response.json()["error"]) == (200, outcome["error"])
        assert "result" not in response.json()
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (len(records), len(signals)) == (1, 1)
    reference = REFERENCE.fullmatch(message)[1]  # type: ignore[index]
    assert reference in caplog.text


def test_the_references_of_results_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "MAX_REFERENCES", 2)
    monkeypatch.setattr(status, "REFERENCES", {})
    request = APIRequestFactory().get("/")
    for number in range(3):
        result: Any = SimpleNamespace(backend="default", id=number)
        status.report_result(ValueError(), result, request)
    assert len(status.REFERENCES) == 1
