"""The error that an exception becomes: by its class, its messages and the project's settings."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.paginator import PageNotAnInteger
from django.db import IntegrityError
from django.http import Http404
from django.test import override_settings
from pytest_django import Settings
from rest_framework import exceptions

from django_apierrors.catalog import STATUSES_BY_NAME
from django_apierrors.exceptions import (
    AlreadyExists,
    ContentTooLarge,
    GatewayTimeout,
    Gone,
    InvalidId,
    InvalidState,
    MethodForbidden,
    ServiceUnavailable,
)
from django_apierrors.recognition import recognise, recognise_class_path
from django_apierrors.recognition.tables import UNWRAP
from tests.recognition.support import expect, read, respond_to


@pytest.mark.parametrize(
    ("exception", "name"),
    [
        (exceptions.ParseError(), "INVALID_CONTENT"),
        (exceptions.ValidationError(), "INVALID_CONTENT"),
        (exceptions.NotAuthenticated(), "UNAUTHENTICATED"),
        (exceptions.AuthenticationFailed(), "UNAUTHENTICATED"),
        (exceptions.PermissionDenied(), "ACCESS_FORBIDDEN"),
        (exceptions.NotFound(), "MISSING_RESOURCE"),
        (exceptions.MethodNotAllowed("PATCH"), "METHOD_NOT_ALLOWED"),
        (exceptions.NotAcceptable(), "UNSUPPORTED_MEDIA_TYPE"),
        (exceptions.Throttled(), "THROTTLED"),
        (exceptions.APIException(), "INTERNAL_ERROR"),
        (InvalidId(), "INVALID_ID"),
        (InvalidState(), "INVALID_STATE"),
        (AlreadyExists(), "ALREADY_EXISTS"),
        (MethodForbidden(), "METHOD_FORBIDDEN"),
        (Gone(), "GONE"),
        (ContentTooLarge(), "CONTENT_TOO_LARGE"),
        (ServiceUnavailable(), "SERVICE_UNAVAILABLE"),
        (GatewayTimeout(), "GATEWAY_TIMEOUT"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_catalogues_message_replaces_a_default_message(
    exception: exceptions.APIException, name: str
) -> None:
    assert read(respond_to(exception)) == expect(name)


def make_class(base: type[exceptions.APIException], **attributes: Any) -> Any:
    """Return an exception class of a project."""
    return type("ProjectError", (base,), attributes)


class BusyError(TimeoutError, exceptions.APIException):
    """An APIException whose other parent has a row."""

    status_code = 409
    default_detail = "The shelf is busy."
    default_code = "error"

    def __init__(self) -> None:
        exceptions.APIException.__init__(self)


SOLD_OUT = make_class(
    exceptions.APIException, status_code=400, default_code="out_of_stock", default_detail="Sold."
)
TWO_CODES = [
    exceptions.ErrorDetail("One.", code="unique"),
    exceptions.ErrorDetail("Two.", code="required"),
]


@pytest.mark.parametrize(
    ("exception", "outcome"),
    [
        (exceptions.NotFound("No shelf."), expect("MISSING_RESOURCE", "No shelf.")),
        (
            make_class(exceptions.NotFound, default_detail="No shelf.")(),
            expect("MISSING_RESOURCE", "No shelf."),
        ),
        (make_class(exceptions.NotFound)(), expect("MISSING_RESOURCE")),
        (
            make_class(exceptions.NotFound, __init__=lambda self: None)(),
            expect("MISSING_RESOURCE"),
        ),
        (
            make_class(exceptions.APIException, status_code=409)("Full."),
            expect("CONFLICT", "Full.", status=409),
        ),
        (BusyError(), expect("CONFLICT", "The shelf is busy.", status=409)),
        (
            exceptions.PermissionDenied("Sold.", code="out-of-stock"),
            expect("OUT_OF_STOCK", "Sold.", status=403),
        ),
        (SOLD_OUT(), expect("OUT_OF_STOCK", "Sold.", status=400)),
        (
            make_class(exceptions.ValidationError, default_code="sold")({"size": ["Sold."]}),
            expect("SOLD", "size: Sold.", status=400),
        ),
        (
            make_class(exceptions.ValidationError, default_code=["invalid"])({"name": ["Long."]}),
            expect("INVALID_CONTENT", "name: Long."),
        ),
        (
            exceptions.PermissionDenied(["First.", "Second."]),
            expect("ACCESS_FORBIDDEN", "First.", "Second."),
        ),
        (
            exceptions.PermissionDenied({"detail": "Sold.", "code": "out_of_stock"}),
            expect("OUT_OF_STOCK", "Sold.", status=403),
        ),
        (
            exceptions.ValidationError({"a": ["One."], "b": ["Two."]}, code="unique"),
            expect("ALREADY_EXISTS", "a: One.", "b: Two."),
        ),
        (
            exceptions.ValidationError({"a": TWO_CODES}),
            expect("INVALID_CONTENT", "a: One.", "a: Two."),
        ),
        (
            ValidationError(
                {"name": ValidationError("Not %(a)s.", params={"a": "it"}), "__all__": "No."}
            ),
            expect("INVALID_CONTENT", "name: Not it.", "No."),
        ),
        (
            ValidationError({"name": ValidationError("Taken.", code="unique")}),
            expect("ALREADY_EXISTS", "name: Taken."),
        ),
        (KeyError("secret"), expect("INTERNAL_ERROR")),
    ],
    ids=lambda value: value[1]["code"] if isinstance(value, tuple) else type(value).__name__,
)
def test_the_status_messages_and_code_of_an_exception_are_sent(
    exception: Exception, outcome: Any
) -> None:
    assert read(respond_to(exception)) == outcome


@pytest.mark.parametrize("code", [4.2, [], {}, object(), ""], ids=lambda code: type(code).__name__)
def test_a_code_that_is_not_a_name_is_ignored(code: Any) -> None:
    cls = make_class(exceptions.PermissionDenied, default_code=code)
    for exception in (exceptions.PermissionDenied("No.", code=code), cls("No.")):
        assert read(respond_to(exception)) == expect("ACCESS_FORBIDDEN", "No.")


@pytest.mark.parametrize("status", [600, 302, -1, "x", None, True, float("inf"), object()])
def test_a_status_that_is_not_an_error_is_an_unhandled_exception(status: object) -> None:
    error = recognise(make_class(exceptions.APIException, status_code=status)("Odd."))
    assert (error.status, error.code.name, error.items) == (500, "INTERNAL_ERROR", ())


@pytest.mark.parametrize("status", ["409", 409.0, b"409"])
def test_a_status_that_django_makes_a_number_of_is_kept(status: object) -> None:
    exception = make_class(exceptions.APIException, status_code=status)("Odd.")
    assert read(respond_to(exception)) == expect("CONFLICT", "Odd.", status=409)


@pytest.mark.parametrize(
    ("wait", "header"),
    [
        (7, "7"),
        (0.2, "1"),
        (0, "0"),
        (10**400, f"1{'0' * 400}"),
        (-1, "5"),
        (float("inf"), "5"),
        (float("nan"), "5"),
        ("soon", "5"),
        (None, "5"),
    ],
)
def test_retry_after_is_the_wait_of_the_exception_if_it_is_a_time(
    wait: object, header: str
) -> None:
    exception = ServiceUnavailable()
    exception.wait = wait  # type: ignore[assignment]
    assert respond_to(exception)["Retry-After"] == header


def test_the_challenge_of_the_exception_is_a_header() -> None:
    exception = exceptions.NotAuthenticated()
    exception.auth_header = "Bearer"  # type: ignore[attr-defined]
    assert recognise(exception).headers == {"WWW-Authenticate": "Bearer"}
    assert recognise(exceptions.NotFound()).headers == {}


class SoldError(Exception):
    """An exception of a project."""


class SoldOutError(SoldError):
    """A subclass of the exception."""


SOLD = f"{__name__}.SoldError"


def test_a_row_of_the_project_covers_a_class_and_its_subclasses(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {SOLD: "INVALID_STATE"}}
    for exception in (SoldError("secret"), SoldOutError("secret")):
        assert read(respond_to(exception)) == expect("INVALID_STATE")
    settings.API_ERRORS["EXCEPTIONS"][f"{__name__}.SoldOutError"] = "ALREADY_EXISTS"
    assert read(respond_to(SoldOutError())) == expect("ALREADY_EXISTS")


def test_a_row_can_name_a_code_of_the_project(settings: Settings) -> None:
    settings.API_ERRORS = {
        "EXCEPTIONS": {SOLD: "OUT_OF_STOCK"},
        "CODES": {"OUT_OF_STOCK": {"status": 409, "message": "Sold."}},
    }
    assert read(respond_to(SoldError("secret"))) == expect("OUT_OF_STOCK", "Sold.", status=409)


def test_a_row_can_name_any_status_of_http(settings: Settings) -> None:
    for name, status in STATUSES_BY_NAME.items():
        settings.API_ERRORS = {"EXCEPTIONS": {SOLD: name}}
        error = recognise(SoldError())
        assert (error.code.name, error.status, type(error.status)) == (name, status, int)


def test_a_row_for_an_api_exception_keeps_the_messages(settings: Settings) -> None:
    name = "UNPROCESSABLE_CONTENT"
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.ParseError": name}}
    assert read(respond_to(exceptions.ParseError("Odd."))) == expect(name, "Odd.", status=422)


def test_the_settings_are_read_live() -> None:
    assert recognise(SoldError()).code.name == "INTERNAL_ERROR"
    with override_settings(API_ERRORS={"EXCEPTIONS": {SOLD: "INVALID_STATE"}}):
        assert recognise(SoldError()).code.name == "INVALID_STATE"
    assert recognise(SoldError()).code.name == "INTERNAL_ERROR"


def make_clash() -> IntegrityError:
    exception = IntegrityError()
    exception.__cause__ = sqlite3.IntegrityError()
    exception.__cause__.sqlite_errorname = "SQLITE_CONSTRAINT_UNIQUE"
    return exception


@pytest.mark.parametrize(
    ("exception", "row", "before", "after"),
    [
        (TimeoutError(), "builtins.TimeoutError", "GATEWAY_TIMEOUT", "INTERNAL_ERROR"),
        # Without its row a class has that of its parent.
        (
            PageNotAnInteger(),
            "django.core.paginator.PageNotAnInteger",
            "INVALID_CONTENT",
            "MISSING_RESOURCE",
        ),
        # The details of the driver are ignored too.
        (make_clash(), "django.db.utils.IntegrityError", "ALREADY_EXISTS", "INTERNAL_ERROR"),
    ],
    ids=lambda value: str(value),
)
def test_none_removes_a_row(
    exception: Exception, row: str, before: str, after: str, settings: Settings
) -> None:
    assert recognise(exception).code.name == before
    settings.API_ERRORS = {"EXCEPTIONS": {row: None}}
    assert recognise(exception).code.name == after


def test_a_row_with_none_prevents_the_unwrapping_of_a_wrapper(settings: Settings) -> None:
    for name in UNWRAP:
        settings.API_ERRORS = {}
        inner = TimeoutError("timed out")
        attributes = dict.fromkeys(("reason", "info", "exception"), inner)
        wrapper = type("Wrapper", (OSError,), attributes)(inner)
        type(wrapper).__module__, _, type(wrapper).__qualname__ = name.rpartition(".")
        wrapper.__context__ = wrapper.__cause__ = inner
        assert recognise(wrapper).code.name == "GATEWAY_TIMEOUT", name
        settings.API_ERRORS = {"EXCEPTIONS": {name: None}}
        assert recognise(wrapper).code.name == "INTERNAL_ERROR", name


@pytest.mark.parametrize(
    ("exceptions_", "outcome"),
    [
        ([TimeoutError(), ExceptionGroup("", [TimeoutError()])], expect("GATEWAY_TIMEOUT")),
        ([exceptions.NotFound(), Http404()], expect("MISSING_RESOURCE")),
        (
            [exceptions.ValidationError("One."), exceptions.ValidationError("Two.")],
            expect("INVALID_CONTENT", "One.", "Two."),
        ),
        ([TimeoutError(), ConnectionRefusedError()], expect("INTERNAL_ERROR")),
        ([TimeoutError(), KeyError("x")], expect("INTERNAL_ERROR")),
        ([KeyError("x")], expect("INTERNAL_ERROR")),
    ],
    ids=repr,
)
def test_a_group_is_recognised_if_all_its_exceptions_have_the_same_code(
    exceptions_: list[Exception], outcome: Any
) -> None:
    assert read(respond_to(ExceptionGroup("secret", exceptions_))) == outcome


def test_a_row_of_the_project_for_groups_comes_first(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.ExceptionGroup": "INVALID_STATE"}}
    assert recognise(ExceptionGroup("", [TimeoutError()])).code.name == "INVALID_STATE"


def test_a_class_without_a_hash_is_recognised() -> None:
    class Unhashable(type):
        def __eq__(cls, other: object) -> bool:
            return cls is other

        __hash__ = None  # type: ignore[assignment]

    class OddError(TimeoutError, metaclass=Unhashable):
        pass

    assert recognise(OddError("secret")).code.name == "GATEWAY_TIMEOUT"


class Importer:
    class WrongRowError(InvalidState):
        """A class whose argument a task backend does not keep."""

        def __init__(self, row: int) -> None:
            super().__init__(f"Row {row}.")


def test_an_error_is_found_by_the_path_of_its_class_alone(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"workers.only.SoldError": "ALREADY_EXISTS"}}
    codes = {
        f"{__name__}.Importer.WrongRowError": "INVALID_STATE",
        "django.core.exceptions.ValidationError": "INVALID_CONTENT",
        # Cannot be imported here.
        "workers.only.SoldError": "ALREADY_EXISTS",
        "tests.nothing.Error": "INTERNAL_ERROR",
        "": "INTERNAL_ERROR",
        "KeyError": "INTERNAL_ERROR",
        "builtins.ExceptionGroup": "INTERNAL_ERROR",
        "os.getcwd": "INTERNAL_ERROR",
    }
    bodies = {path: recognise_class_path(path).get_body() for path in codes}
    assert bodies == {path: expect(code)[1] for path, code in codes.items()}


class ShelfEmptyError(Exception):
    """An exception with the number of things that are left."""

    left = 2


class OutOfStock(exceptions.APIException):
    status_code = 409
    default_code = "out_of_stock"


def describe(exception: Any) -> exceptions.APIException:
    """Return an exception of DRF with the number that `exception` has."""
    described: Any = OutOfStock(f"Only {exception.left} left.")
    described.extra = {"left": exception.left}
    return described


def describe_badly(exception: Any) -> str:
    """Return a value that is not an exception."""
    return "Sold out."


def test_a_function_of_the_project_describes_an_exception(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"{__name__}.ShelfEmptyError"
    settings.API_ERRORS = {"EXCEPTIONS": {path: f"{__name__}.describe"}}
    expected = {"status": 409, "errors": ["Only 2 left."], "code": "OUT_OF_STOCK", "moreInfo": ""}
    assert recognise(ShelfEmptyError()).get_body() == {**expected, "extra": {"left": 2}}
    assert recognise_class_path(path).get_body()["errors"] == ["Only 2 left."]
    assert recognise_class_path("nowhere.ShelfEmptyError").code.name == "INTERNAL_ERROR"
    assert caplog.records == []

    for name, function in [
        (path, "describe_badly"),
        # Its message would be that of the exception.
        (path, "OutOfStock"),
        ("builtins.TimeoutError", "describe"),
    ]:
        settings.API_ERRORS = {"EXCEPTIONS": {name: f"{__name__}.{function}"}}
        caplog.clear()
        exception = ShelfEmptyError() if name == path else TimeoutError()
        code = "INTERNAL_ERROR" if name == path else "GATEWAY_TIMEOUT"
        assert recognise(exception).code.name == code
        [record] = caplog.records
        assert (
            record.getMessage() == f"django_apierrors failed while calling {__name__}.{function}."
        )


def test_the_code_of_the_class_is_sent_if_the_function_cannot_be_called(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"nowhere.ShelfEmptyError": f"{__name__}.describe"}}
    assert recognise_class_path("nowhere.ShelfEmptyError").code.name == "INTERNAL_ERROR"
    settings.API_ERRORS = {
        "EXCEPTIONS": {"rest_framework.exceptions.NotFound": f"{__name__}.absent"}
    }
    assert recognise(exceptions.NotFound()).code.name == "MISSING_RESOURCE"


class MissingAttributes(exceptions.APIException):
    """An exception that raises when an attribute is read that it does not have."""

    status_code = 409
    default_detail = "Sold out."

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


def test_an_api_exception_whose_attributes_raise_has_its_own_status() -> None:
    body = recognise(MissingAttributes()).get_body()
    assert (body["status"], body["errors"]) == (409, ["Sold out."])
