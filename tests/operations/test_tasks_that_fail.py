"""Tasks that fail, and results that are not JSON: their messages and their reports."""

from __future__ import annotations

import dataclasses
import json
import logging
import pickle
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound,
    Throttled,
    ValidationError,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import StaticHTMLRenderer
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.exceptions import MessageCode
from django_apierrors.handling.reporting import MESSAGE_WITH_REFERENCE
from tests.bodies import REFERENCE, body, get_reference
from tests.services import require_package

require_package("django_tasks_db")

from django_tasks_db import DatabaseBackend  # noqa: E402
from django_tasks_db.models import DBTaskResult  # noqa: E402

from django_apierrors.operations import failures, status  # noqa: E402
from tests.operations import live_urls, tasks  # noqa: E402
from tests.operations.test_views import api, get_outcome, post, work  # noqa: E402, F401

pytestmark = [
    pytest.mark.urls(__name__),
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


class ExtraError(tasks.CartError):
    """Its data is an attribute."""

    extra: ClassVar[dict[str, Any]] = {"available": 3, "day": date(2026, 11, 30)}


@dataclasses.dataclass(frozen=True)
class FrozenError(SoldOutError):
    """An exception without further attributes."""

    detail: Any = "It is sold out for ever."


def make_chained() -> Exception:
    """Return a validation error with a cause and a note."""
    exception = ValidationError("No.\nReally.")
    exception.__cause__ = ValidationError("Secret cause.")
    exception.add_note("Secret note.")
    return exception


def make_violation() -> Exception:
    """Return the error of a database for a value that exists already."""
    User.objects.create(username="ada")
    try:
        with transaction.atomic():
            User.objects.create(username="ada")
    except IntegrityError as exc:
        return exc
    raise AssertionError


ROWS: dict[str, Callable[[], Exception]] = {
    "fields": lambda: ValidationError({"lines": [{}, {"sku": ['It\'s "no".', "One."]}], 3: "No."}),
    "odd keys": lambda: ValidationError(
        {date(2026, 11, 30): ["No."], True: ["Yes."], "a": ["No."]}
    ),
    "a code of a field": lambda: ValidationError({"name": ErrorDetail("Taken.", "unique")}),
    "Django's": lambda: DjangoValidationError({"name": ["Too long."]}),
    "Django's with a code": lambda: DjangoValidationError(
        {"name": DjangoValidationError("Taken by %(by)s.", code="unique", params={"by": "Ada"})}
    ),
    "a string of Django's": lambda: DjangoValidationError("No."),
    "a string": lambda: SoldOutError("None."),
    "a code": lambda: tasks.CartError("Mine.", code="cart_full"),
    "a number": lambda: tasks.CartError({"detail": "Mine.", "code": 41003}),
    "a default": SoldOutError,
    "a default of DRF's": NotFound,
    "data": lambda: tasks.CartError(
        {"detail": "Only 3 left.", "available": 3, "price": Decimal("1.50"), "tags": [1, None]}
    ),
    "data of an attribute": lambda: ExtraError("Only 3 left."),
    "data of messages": lambda: ValidationError(
        {"lines": {1: {"sku": [ErrorDetail("No.", MessageCode("none", {"left": 3}))]}}}
    ),
    "headers": lambda: Throttled(7, "Slowly."),
    "several lines, a cause and a note": make_chained,
    "text like a traceback": lambda: SoldOutError("Traceback (most recent call last):\n  File x"),
    "brackets": lambda: SoldOutError("[none]"),
    "a str() of its own": LoggedError,
    "an odd code": OddError,
    "an empty list": lambda: ValidationError([]),
    "no attributes": FrozenError,
    "many messages": lambda: ValidationError({"rows": {n: ["No."] for n in range(3_000)}}),
    "a long message": lambda: ValidationError(["é" * 2_000_000]),
    "much data": lambda: tasks.CartError({"detail": "No.", "rows": [*range(300_000)]}),
    "a group": lambda: ExceptionGroup(
        "", [SoldOutError("One."), ExceptionGroup("", [SoldOutError("Two.")])]
    ),
    "a group of outages": lambda: ExceptionGroup("", [ConnectionRefusedError()]),
    "a violation": make_violation,
    "an outage": ConnectionRefusedError,
    "half a pair": lambda: SoldOutError("\ud800"),
}

ROWS_OF_PROJECT = {
    "django.core.exceptions.ValidationError": "GONE",
    "tests.models.Shelf.DoesNotExist": "GONE",
    "builtins.OverflowError": "GONE",
}

# Not among the rows: each 500 has its own reference.
UNHANDLED = {"unhandled": KeyError}


def shout(name: str) -> str:
    """Return the name of a field in capitals."""
    return name.upper()


class Raise(APIView):
    """Raises the exception of a row."""

    def post(self, request: Any, row: str) -> None:
        raise (ROWS | UNHANDLED)[row]()


urlpatterns = [
    *live_urls.urlpatterns,
    path("accept/<str:name>/<str:backend>", live_urls.Accept.as_view()),
    path("raise/<str:row>", Raise.as_view()),
]


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Let the task `fail` raise the exception of a row, and return its name."""
    name: str = request.param
    monkeypatch.setitem(tasks.EXCEPTIONS, "row", lambda message: (ROWS | UNHANDLED)[name]())  # type: ignore[arg-type]
    return name


def check_row(api: Client, row: str) -> dict[str, Any]:  # noqa: F811
    """Compare the errors of a view, of a task and of a task that is run at once."""
    expected = post(api, f"/raise/{row}")
    User.objects.all().delete()
    # The request of a poll did not send the values.
    error: dict[str, Any] = expected.json()
    for detail in error.get("details", []):
        detail.pop("in", None)
        detail.pop("pointer", None)
    outcome = get_outcome(api, post(api, "/accept/fail", {"how": "row"}))
    assert outcome == {"status": "failed", "error": error}
    User.objects.all().delete()
    immediate = post(api, "/accept/fail/immediate", {"how": "row"})
    error_at_once = immediate.json()
    for detail in error_at_once.get("details", []):
        detail.pop("in", None)
    assert (immediate.status_code, error_at_once) == (expected.status_code, error)
    assert immediate.headers.get("Retry-After") == expected.headers.get("Retry-After")
    return error


@pytest.mark.parametrize("row", ROWS, indirect=True)
def test_a_failed_task_has_the_error_that_a_view_sends(api: Client, row: str) -> None:  # noqa: F811
    error = check_row(api, row)
    assert len(json.dumps(error)) < 1_000_000
    assert "Secret" not in json.dumps(error)


@pytest.mark.parametrize(
    "row",
    ["fields", "odd keys", "many messages", "a group", "data", "data of messages"],
    indirect=True,
)
def test_the_settings_of_errors_apply_to_failed_tasks(
    api: Client,  # noqa: F811
    settings: Settings,
    row: str,
) -> None:
    shout = f"{__name__}.shout"
    settings.API_ERRORS = {"MAX_ERRORS": 10, "DETAILS": True, "FIELD_NAMES": shout}
    error = check_row(api, row)
    assert len(error["errors"]) == len(error["details"]) <= 10


def test_the_codes_and_the_data_of_failed_tasks_are_the_projects(
    api: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = {
        "a code": body("CART_FULL", "Mine.", status=409),
        "a group": body("SOLD_OUT", "One.", "Two.", status=409),
        "data of an attribute": {
            **body("CONFLICT", "Only 3 left.", status=409),
            "extra": {"available": 3, "day": "2026-11-30"},
        },
    }
    for name, error in errors.items():
        monkeypatch.setitem(tasks.EXCEPTIONS, "row", lambda _, name=name: ROWS[name]())  # type: ignore[misc,arg-type]
        assert get_outcome(api, post(api, "/accept/fail", {"how": "row"}))["error"] == error


def test_an_unhandled_exception_of_a_task_is_an_internal_error_without_its_message(
    api: Client,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for exception in (
        KeyError("Secret."),
        SystemExit("Secret."),
        ExceptionGroup("Secret.", [SoldOutError("Secret."), NotFound("Secret.")]),
    ):
        monkeypatch.setitem(tasks.EXCEPTIONS, "row", lambda _, exc=exception: exc)  # type: ignore[misc,arg-type]
        caplog.clear()
        outcome = get_outcome(api, post(api, "/accept/fail", {"how": "row"}))
        assert outcome["error"] == get_unhandled()
        # The reference is in the record of the worker.
        [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert DBTaskResult.objects.first().pk == uuid.UUID(str(record.args[0]))  # type: ignore[index,union-attr]
        DBTaskResult.objects.all().delete()


def get_unhandled() -> dict[str, Any]:
    """Return the error of the last task, whose exception was not handled."""
    message = MESSAGE_WITH_REFERENCE % {
        "message": CATALOG["INTERNAL_ERROR"].message,
        "reference": DBTaskResult.objects.latest("enqueued_at").pk,
    }
    return body("INTERNAL_ERROR", message)


def test_a_value_that_a_model_field_rejects_is_not_sent(api: Client) -> None:  # noqa: F811
    for url in ("/accept/find_thing", "/accept/find_thing/immediate"):
        response = post(api, url, {"key": "Secret."})
        error = get_outcome(api, response)["error"] if response.status_code == 202 else None
        assert (error or response.json()) == body("INVALID_ID")


@pytest.mark.parametrize(
    ("name", "sent", "code"),
    [
        ("find_thing", {"key": "Secret."}, "INVALID_ID"),
        ("find_shelf", {"name": "Secret."}, "MISSING_RESOURCE"),
        ("add_thing", {"size": 10**30}, "INVALID_CONTENT"),
    ],
)
def test_a_value_that_is_not_an_argument_of_the_task_is_the_projects_mistake(
    api: Client,  # noqa: F811
    settings: Settings,
    name: str,
    sent: dict[str, Any],
    code: str,
) -> None:
    assert get_outcome(api, post(api, f"/accept/{name}", sent))["error"] == body(code)
    assert get_outcome(api, post(api, f"/accept/{name}", {}))["error"] == get_unhandled()
    immediate = post(api, f"/accept/{name}/immediate", {})
    assert (immediate.status_code, bool(get_reference(immediate))) == (500, True)
    # The project's own row for the class decides, as in a view.
    settings.API_ERRORS = {"EXCEPTIONS": ROWS_OF_PROJECT}
    assert get_outcome(api, post(api, f"/accept/{name}", {}))["error"] == body("GONE")


def test_an_error_in_a_message_is_not_the_error_of_the_task(
    api: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stolen = failures.make_line(SoldOutError("Stolen."), tasks.fail, "1", [])
    for message in (stolen, f"{failures.LINE_PREFIX}x\n", failures.LINE_PREFIX * 3):
        monkeypatch.setitem(tasks.EXCEPTIONS, "row", lambda _, text=message: SoldOutError(text))  # type: ignore[misc,arg-type]
        outcome = get_outcome(api, post(api, "/accept/fail", {"how": "row"}))
        assert outcome["error"] == body("SOLD_OUT", message, status=409)


def test_the_class_decides_if_the_worker_stored_no_error(
    api: Client,  # noqa: F811
) -> None:
    accepted = post(api, "/accept/fail", {"how": "validation"})
    get_outcome(api, accepted)
    result = DBTaskResult.objects.get()
    other = signing.Signer(salt=f"{failures.__name__}:{result.pk}").sign_object([1])
    line = f"{failures.LINE_PREFIX}{result.pk}"
    for lines in ("", f"{line} {other}", f"{line} x"):
        DBTaskResult.objects.update(traceback=lines)
        assert api.get(accepted["Location"]).json()["error"] == body("INVALID_CONTENT")


def test_the_class_decides_if_the_worker_could_not_make_the_error(
    api: Client,  # noqa: F811
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    accepted = post(api, "/accept/fail", {"how": "validation"})
    settings.API_ERRORS = {"EXCEPTIONS": 5}
    work()
    settings.API_ERRORS = {}
    assert get_outcome(api, accepted)["error"] == body("INVALID_CONTENT")
    assert "failed while making the error of a task" in caplog.text


def test_a_task_that_the_worker_cannot_import_is_an_internal_error(
    api: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accepted = post(api, "/accept/doomed")
    with monkeypatch.context() as patch:
        patch.delattr(tasks, "doomed")
        get_gone = get_outcome(api, accepted)
    assert get_gone["status"] == 410
    assert api.get(accepted["Location"]).json()["error"] == get_unhandled()


def get_signals() -> Any:
    """Return the signals of the task framework."""
    return import_module(f"{type(tasks.fail).__module__.removesuffix('.base')}.signals")


def finish(exception: Exception, result_id: str, sender: Any = None) -> str:
    """Send the signal as the task backends of RQ and Celery do, and return the traceback."""
    result = SimpleNamespace(
        id=result_id, status="FAILED", task=tasks.fail, errors=[], args=[], kwargs={}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tasks.EXCEPTIONS, "row", lambda _: exception)  # type: ignore[arg-type]
        try:
            tasks.fail.call("row")
        except type(exception) as exc:
            get_signals().task_finished.send(sender=sender, task_result=result)
            return "".join(traceback.format_exception(exc))
    raise AssertionError


def test_a_traceback_that_is_formatted_after_the_signal_has_the_error() -> None:
    group = ExceptionGroup("", [SoldOutError("Two.")])
    for exception, message in [(SoldOutError("One."), "One."), (group, "Two.")]:
        for result_id in ("1", "2"):
            stored = finish(exception, result_id)
            failure: Any = SimpleNamespace(exception_class_path="x.Error", traceback=stored)
            result: Any = SimpleNamespace(id=result_id)
            error = failures.read_error(failure, result)
            assert error.get_body() == body("SOLD_OUT", message, status=409)
            # An exception object that is raised again has the line of its last task only.
            assert stored.count(failures.LINE_PREFIX) == 1


def test_rq_stores_an_escaped_traceback_in_place_of_one_that_cannot_be_encoded() -> None:
    """The real one is tested in test_task_backends.py, with Redis."""
    sender = type("RQBackend", (), {"__module__": "django_tasks_rq.backend"})
    assert "It is sold out." in finish(SoldOutError(), "1", sender)
    with pytest.raises(RuntimeError, match=r"half \\ud800 of a pair") as caught:
        finish(SoldOutError("half \ud800 of a pair"), "1", sender)
    failure: Any = SimpleNamespace(exception_class_path="x.Error", traceback=str(caught.value))
    error = failures.read_error(failure, SimpleNamespace(id="1"))  # type: ignore[arg-type]
    assert error.get_body() == body("SOLD_OUT", "half ? of a pair", status=409)


def test_an_exception_that_pickle_cannot_make_again_can_be_pickled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class LocalError(tasks.RowError):
        """A class that pickle does not find."""

    exception = tasks.RowError(row="3")
    finish(exception, "1")
    assert type(pickle.loads(pickle.dumps(exception))) is tasks.RowError
    assert "LocalError" in finish(LocalError(row="3"), "1")
    assert "django_apierrors failed" not in caplog.text


def test_a_task_that_succeeds_inside_an_except_block_has_no_error() -> None:
    exception = SoldOutError()
    try:
        raise exception
    except SoldOutError:
        result = tasks.add.using(backend="immediate").enqueue(1)
    assert result.return_value == 2
    assert not hasattr(exception, "__notes__")


def test_a_result_of_an_unknown_shape_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = SimpleNamespace(module_path="x")
    result = SimpleNamespace(id="1", status="FAILED", task=task, backend="default")
    try:
        raise SoldOutError
    except SoldOutError:
        get_signals().task_finished.send(sender=None, task_result=result)
    assert "storing the error of a failed task" in caplog.text


class PicklingBackend(DatabaseBackend):
    """Returns results as RQ does: of any type that can be pickled."""

    def get_result(self, result_id: str) -> Any:
        result = super().get_result(result_id)
        if result.status == "SUCCESSFUL":
            object.__setattr__(result, "_return_value", tasks.VALUES[result.kwargs["name"]])
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


@pytest.mark.parametrize("name", tasks.VALUES)
@pytest.mark.parametrize("backend", ["default", "pickling"])
def test_a_result_that_is_not_json_is_failed_and_reported_once(
    api: Client,  # noqa: F811
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    signals: list[Any],
    backend: str,
    name: str,
) -> None:
    settings.TASKS = {**settings.TASKS, "other": {"BACKEND": f"{__name__}.PicklingBackend"}}
    is_pickled = backend == "pickling"
    task = "return_nothing/other" if is_pickled else "return_value"
    accepted = post(api, f"/accept/{task}", {"name": name})
    outcome = get_outcome(api, accepted)
    [message] = outcome["error"]["errors"]
    assert outcome == {"status": "failed", "error": body("INTERNAL_ERROR", message)}
    for _poll in range(3):
        response = api.get(accepted["Location"])
        assert (response.status_code, response.json()["error"]) == (200, outcome["error"])
        assert "result" not in response.json()
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    # The worker reports a result that it cannot store, the operation one that it cannot send.
    assert record.name.replace("_", ".") == ("django.request" if signals else "django.tasks")
    if is_pickled:
        assert len(signals) == 1
    if signals:
        reference = REFERENCE.fullmatch(message)
        assert reference is not None
        assert caplog.text.count("Reference: ") == caplog.text.count(reference[1]) == 1


@pytest.mark.parametrize("name", tasks.VALUES)
def test_a_result_without_json_of_a_task_that_is_run_at_once_is_reported_once(
    api: Client,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    response = post(api, "/accept/return_value/immediate", {"name": name})
    [message] = response.json()["errors"]
    assert (response.status_code, response.json()) == (500, body("INTERNAL_ERROR", message))
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info


class StoppingBackend(DatabaseBackend):
    """Stops each task at once, without an exception."""

    def enqueue(self, *args: Any) -> Any:
        result = super().enqueue(*args)
        object.__setattr__(result, "status", "FAILED")
        return result


def get_levels(caplog: pytest.LogCaptureFixture) -> list[tuple[int, bool]]:
    """Return the level and the presence of a traceback of each record about a request."""
    records = [record for record in caplog.records if record.name == "django.request"]
    return [(record.levelno, bool(record.exc_info)) for record in records]


@pytest.mark.parametrize("middleware", [[], ["django_apierrors.middleware.APIErrorsMiddleware"]])
@pytest.mark.parametrize("row", ["unhandled", "an outage", "a default of DRF's"], indirect=True)
def test_a_task_that_fails_at_once_is_reported_as_in_a_view(
    api: Client,  # noqa: F811
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    signals: list[Any],
    row: str,
    middleware: list[str],
) -> None:
    settings.MIDDLEWARE = middleware
    post(api, f"/raise/{row}")
    expected = (get_levels(caplog), len(signals))
    caplog.clear()
    signals.clear()

    response = post(api, "/accept/fail/immediate", {"how": "row"})

    assert (get_levels(caplog), len(signals)) == expected
    assert bool(signals) == (row == "unhandled")
    if signals:
        reference = get_reference(response)
        assert reference
        [record] = [record for record in caplog.records if record.name == "django.request"]
        assert (record.reference, record.code) == (reference, "INTERNAL_ERROR")  # type: ignore[attr-defined]
        assert f"Reference: {reference}" in caplog.text


def test_a_task_that_is_stopped_at_once_has_a_reference_in_the_log(
    api: Client,  # noqa: F811
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.TASKS = {**settings.TASKS, "other": {"BACKEND": f"{__name__}.StoppingBackend"}}

    response = post(api, "/accept/fail/other", {"how": "row"})

    assert response.status_code == 500
    assert f"Reference: {get_reference(response)}" in caplog.text
    assert get_levels(caplog) == [(logging.ERROR, True)]


def test_a_result_that_is_not_json_is_failed_on_an_html_page_too(
    api: Client,  # noqa: F811
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.TASKS = {**settings.TASKS, "other": {"BACKEND": f"{__name__}.PicklingBackend"}}
    monkeypatch.setattr(live_urls.Operation, "renderer_classes", [StaticHTMLRenderer])
    monkeypatch.setattr(live_urls.Operation, "content_negotiation_class", DefaultContentNegotiation)
    monkeypatch.setattr(StaticHTMLRenderer, "render", lambda self, data, *args: json.dumps(data))
    accepted = post(api, "/accept/return_nothing/other", {"name": "nan"})
    work()
    assert json.loads(api.get(accepted["Location"]).content)["status"] == "failed"


def test_a_value_that_rq_cannot_pickle_is_reported_once(
    api: Client,  # noqa: F811
    signals: list[Any],
) -> None:
    accepted = post(api, "/accept/do_nothing")
    get_outcome(api, accepted)
    DBTaskResult.objects.update(
        status="FAILED", traceback=status.UNSERIALIZABLE, exception_class_path="builtins.Exception"
    )
    errors = [api.get(accepted["Location"]).json()["error"] for _poll in range(3)]
    assert errors == [body("INTERNAL_ERROR", errors[0]["errors"][0])] * 3
    assert len(signals) == 1


def test_the_reported_results_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "MAX_REPORTED", 2)
    monkeypatch.setattr(status, "REPORTED", set())
    request: Any = APIRequestFactory().get("/")
    for number in range(3):
        result: Any = SimpleNamespace(backend="default", id=number)
        status.report_result(ValueError(), result, request)
    assert len(status.REPORTED) == 1
