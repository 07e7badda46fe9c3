"""The fallback: if an error cannot be made, the client gets a body and the log the reason."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from django.utils.functional import lazy
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors import fallback
from django_apierrors.testing import ERROR_SCHEMA
from tests.bodies import body, status_body

pytestmark = pytest.mark.urls(__name__)


def fail_to_translate() -> str:
    """Fail as a translation may."""
    raise LookupError("no such language")


UNTRANSLATABLE = lazy(fail_to_translate, str)()


class UnprintableError(Exception):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise LookupError("unprintable")

    __repr__ = __str__


class UntranslatableError(APIException):
    """An exception of DRF's whose detail cannot be printed."""

    def __init__(self) -> None:
        self.detail = UNTRANSLATABLE


class LateError(NotFound):
    """An exception of DRF's that fails when its detail is read."""

    @property
    def detail(self) -> Any:
        raise LookupError("late")

    @detail.setter
    def detail(self, value: object) -> None:
        pass


class OddErrnoError(OSError):
    """An OSError whose number is not a number."""

    errno: Any = []


class OddCodeError(APIException):
    """An exception of DRF's whose code is not a string."""

    status_code = 409
    default_code: Any = {"a": 1}


FAULTS: dict[str, Callable[[], Exception]] = {
    "unhandled": lambda: KeyError("key"),
    "timeout": TimeoutError,
    "404": NotFound,
    "unprintable": UnprintableError,
    "untranslatable": UntranslatableError,
    "late": LateError,
    "errno": OddErrnoError,
    "code": OddCodeError,
}


class FailingView(APIView):
    def get(self, request: Request, fault: str) -> Response:
        raise FAULTS[fault]()


urlpatterns = [path("<str:fault>/", FailingView.as_view())]


@pytest.fixture(params=["middleware", "handler alone"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    """Return a client of a site with the middleware, or with the handler alone."""
    if request.param == "handler alone":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def assert_is_fallback(response: Any) -> None:
    """Hold `response` to be the constant one."""
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert response.content == fallback.BODY


def get_reasons(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the messages of our own log, each with the class of its exception."""
    return [
        (r.getMessage(), r.exc_info[0].__name__ if r.exc_info and r.exc_info[0] else "")
        for r in caplog.records
        if r.name == "django_apierrors"
    ]


def test_the_constant_body_is_that_of_an_internal_error_in_compact_json() -> None:
    compact = json.dumps(body("INTERNAL_ERROR"), separators=(",", ":"))
    assert compact.encode() == fallback.BODY
    assert fallback.STATUS == 500


def test_an_exception_that_cannot_be_printed_is_an_unhandled_one(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sent = client.get("/unprintable/").json()
    assert sent == body("INTERNAL_ERROR", *sent["errors"])
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]


def test_a_code_that_is_not_a_string_is_ignored(client: Client) -> None:
    assert client.get("/code/").json() == status_body(409)


@pytest.mark.parametrize("fault", ["untranslatable", "late", "errno"])
def test_an_exception_that_cannot_be_recognised_gets_the_fallback_and_a_record(
    client: Client, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert_is_fallback(client.get(f"/{fault}/"))
    # With the middleware its receiver of the signal fails as well.
    message, reason = get_reasons(caplog)[0]
    is_of_detail = fault == "untranslatable"
    doing = (
        "reading a value in the detail of an error"
        if is_of_detail
        else "responding to an exception"
    )
    assert message == f"django_apierrors failed while {doing}."
    assert reason in ("LookupError", "TypeError")


CODES = ("INTERNAL_ERROR", "MISSING_RESOURCE", "GATEWAY_TIMEOUT")
CLASSES = ("builtins.KeyError", "builtins.TimeoutError", "rest_framework.exceptions.NotFound")

BROKEN: dict[str, Any] = {
    "EXCEPTIONS is None": {"EXCEPTIONS": None},
    "a row names a number": {"EXCEPTIONS": dict.fromkeys(CLASSES, 7)},
    "a row names a list": {"EXCEPTIONS": {name: ["INVALID_ID"] for name in CLASSES}},
    "CODES is None": {"CODES": None},
    "a code is a number": {"CODES": dict.fromkeys(CODES, 7)},
    "a translation fails": {"CODES": {name: {"message": UNTRANSLATABLE} for name in CODES}},
    "MORE_INFO is a number": {"MORE_INFO": 7},
    "the dict is a number": 7,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_settings_give_the_fallback_and_a_record(
    client: Client, broken: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = BROKEN[broken]
    assert_is_fallback(client.get("/404/"))
    if not settings.MIDDLEWARE:
        assert_is_fallback(client.get("/unhandled/"))
        assert_is_fallback(client.get("/timeout/"))
    assert "django_apierrors failed while responding to an exception." in dict(get_reasons(caplog))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"CHALLENGE": "\n\n"}, []),
        ({"RETRY_AFTER": "\n\n"}, []),
        (
            {"EXCLUDED_PATHS": [7]},
            [("django_apierrors failed while reading EXCLUDED_PATHS.", "AttributeError")],
        ),
    ],
)
def test_settings_that_an_error_does_not_need_do_not_hinder_it(
    client: Client,
    changes: Any,
    reasons: list[tuple[str, str]],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.API_ERRORS = changes
    assert client.get("/404/").json() == body("MISSING_RESOURCE")
    assert sorted(set(get_reasons(caplog))) == reasons


def test_a_log_that_fails_does_not_prevent_the_response(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: logging.LogRecord) -> bool:
        raise LookupError("no log")

    logger = logging.getLogger("django.request")
    logger.addFilter(fail)
    try:
        response = FailingView.as_view()(APIRequestFactory().get("/"), fault="timeout").render()
    finally:
        logger.removeFilter(fail)
    assert json.loads(response.content) == body("GATEWAY_TIMEOUT")
    assert get_reasons(caplog) == [
        ("django_apierrors failed while reporting an exception.", "LookupError")
    ]


def test_an_exception_that_gets_the_fallback_is_reported_too(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    with pytest.raises(OddErrnoError):
        # The client raises the exception of got_request_exception.
        Client().get("/errno/")
    assert [(r.name, r.exc_info and r.exc_info[0]) for r in caplog.records] == [
        ("django_apierrors", TypeError),
        ("django.request", OddErrnoError),
    ]


# The details and the codes that an exception of DRF's may be given.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.dates()
    | st.uuids()
    | st.sampled_from([object(), Exception("x"), len, APIView]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    cls=st.sampled_from([APIException, NotFound, PermissionDenied, ValidationError]),
    detail=VALUES,
    code=VALUES,
)
def test_any_detail_and_any_code_get_a_body_without_the_fallback(
    cls: type[APIException], detail: Any, code: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class OddView(APIView):
        authentication_classes = []

        def get(self, request: Request) -> Response:
            exception = cls()
            exception.detail = detail
            exception.default_code = code
            raise exception

    caplog.clear()
    response = OddView.as_view()(APIRequestFactory().get("/things/")).render()
    sent = json.loads(response.content)
    Draft202012Validator(ERROR_SCHEMA).validate(sent)
    assert sent["status"] == response.status_code == cls.status_code
    assert get_reasons(caplog) == []
