"""Failsafe: making an error may fail as well; the client gets a body, the log the reason."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils.functional import lazy
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_django import Settings
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors import fallback
from django_apierrors.catalog import CATALOG
from django_apierrors.testing import ERROR_SCHEMA

pytestmark = pytest.mark.urls(__name__)


def fail_to_speak() -> str:
    """Fail as a translation may."""
    raise LookupError("no such language")


SPEECHLESS = lazy(fail_to_speak, str)()


class MuteError(Exception):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise LookupError("mute")

    __repr__ = __str__


class NotelessError(Exception):
    """An exception that takes no notes."""

    def add_note(self, note: str, /) -> None:
        raise LookupError("no notes")


class MuteRefusal(APIException):
    """An exception of DRF's whose detail cannot be printed."""

    status_code = 409

    def __init__(self) -> None:
        self.detail = SPEECHLESS


class LateRefusal(NotFound):
    """An exception of DRF's that fails when its detail is read."""

    @property
    def detail(self) -> Any:
        raise LookupError("late")

    @detail.setter
    def detail(self, value: object) -> None:
        pass


class OddErrnoError(OSError):
    """An OSError whose number is none."""

    errno: Any = []


class NumberlessRefusal(APIException):
    """An exception of DRF's whose code is whatever."""

    status_code = 409
    default_code: Any = {"a": 1}


FAULTS: dict[str, Callable[[], Exception]] = {
    "bug": lambda: KeyError("key"),
    "timeout": TimeoutError,
    "404": NotFound,
    "mute": MuteError,
    "noteless": NotelessError,
    "mute-refusal": MuteRefusal,
    "late-refusal": LateRefusal,
    "errno": OddErrnoError,
    "code": NumberlessRefusal,
}


class FailingView(APIView):
    def get(self, request: Request, fault: str) -> Response:
        raise FAULTS[fault]()


urlpatterns = [path("<str:fault>/", FailingView.as_view())]


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def assert_is_last_resort(response: HttpResponse) -> None:
    """Assert that `response` is the constant one."""
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert response.content == fallback.BODY


def get_reasons(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the messages of our own log, each with the class of its exception."""
    return [
        (r.getMessage(), r.exc_info[0].__name__ if r.exc_info and r.exc_info[0] else "")
        for r in caplog.records
        if r.name == "django_apierrors"
    ]


def test_the_constant_body_is_that_of_an_internal_error() -> None:
    assert json.loads(fallback.BODY) == {
        "status": fallback.STATUS,
        "errors": [str(CATALOG["INTERNAL_ERROR"].message)],
        "code": "INTERNAL_ERROR",
        "moreInfo": "",
    }


def test_the_constant_body_is_compact() -> None:
    compact = json.dumps(json.loads(fallback.BODY), separators=(",", ":"))
    assert compact.encode() == fallback.BODY


def test_an_exception_that_cannot_be_printed_is_a_bug_as_any_other(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.loads(client.get("/mute/").content)
    assert (body["status"], body["code"]) == (500, "INTERNAL_ERROR")
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]


def test_a_code_that_is_no_text_is_no_reason_to_fail(client: Client) -> None:
    response = client.get("/code/")
    assert (response.status_code, json.loads(response.content)) == (
        409,
        {
            "status": 409,
            "errors": ["Conflict."],
            "code": "CONFLICT",
            "moreInfo": "",
        },
    )


@pytest.mark.parametrize("fault", ["noteless", "mute-refusal", "late-refusal", "errno"])
def test_an_exception_that_cannot_be_dealt_with_is_answered_and_logged(
    client: Client, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert_is_last_resort(client.get(f"/{fault}/"))
    # With the middleware its receiver of the signal tries, and fails, as well.
    reason = get_reasons(caplog)[0]
    assert reason[0] == "django_apierrors failed while answering an exception."
    assert reason[1] in ("LookupError", "TypeError")


ALL_CODES = ("INTERNAL_ERROR", "MISSING_RESOURCE", "GATEWAY_TIMEOUT")

ALL_CLASSES = (
    "builtins.KeyError",
    "builtins.TimeoutError",
    "rest_framework.exceptions.NotFound",
)

BROKEN: dict[str, Any] = {
    "EXCEPTIONS is None": {"EXCEPTIONS": None},
    "EXCEPTIONS is a number": {"EXCEPTIONS": 7},
    "a row names a number": {"EXCEPTIONS": dict.fromkeys(ALL_CLASSES, 7)},
    "a row names a list": {"EXCEPTIONS": {name: ["INVALID_ID"] for name in ALL_CLASSES}},
    "CODES is None": {"CODES": None},
    "a code is a number": {"CODES": dict.fromkeys(ALL_CODES, 7)},
    "a translation fails": {"CODES": {name: {"message": SPEECHLESS} for name in ALL_CODES}},
    "MORE_INFO is a number": {"MORE_INFO": 7},
    "no dict at all": 7,
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("fault", ["bug", "timeout", "404"])
def test_broken_settings_are_answered_and_logged(
    fault: str, broken: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    settings.API_ERRORS = BROKEN[broken]
    assert_is_last_resort(Client(raise_request_exception=False).get(f"/{fault}/"))
    assert "django_apierrors failed while answering an exception." in dict(get_reasons(caplog))


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_settings_are_answered_with_the_middleware_too(
    broken: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = BROKEN[broken]
    assert_is_last_resort(Client(raise_request_exception=False).get("/404/"))
    assert "django_apierrors failed while answering an exception." in dict(get_reasons(caplog))


@pytest.mark.parametrize("fault", ["timeout", "404"])
@pytest.mark.parametrize("key", ["CHALLENGE", "RETRY_AFTER", "EXCLUDED_PATHS"])
def test_settings_that_are_broken_elsewhere_hinder_nobody(
    client: Client, key: str, fault: str, settings: Settings
) -> None:
    settings.API_ERRORS = {key: "\n\n" if key != "EXCLUDED_PATHS" else [7]}
    response = client.get(f"/{fault}/")
    assert json.loads(response.content)["status"] == response.status_code


def test_excluded_paths_that_are_broken_are_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    settings.API_ERRORS = {"EXCLUDED_PATHS": [7]}
    response = Client(raise_request_exception=False).get("/404/")
    assert response.status_code == 404
    assert get_reasons(caplog) == [
        ("django_apierrors failed while asking whether a request is the API's.", "AttributeError")
    ]


def test_a_log_that_fails_does_not_keep_the_answer_back(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise LookupError("no log")

    logger = logging.getLogger("django.request")
    logger.addFilter(refuse)
    try:
        response = FailingView.as_view()(APIRequestFactory().get("/"), fault="timeout").render()
    finally:
        logger.removeFilter(refuse)
    assert json.loads(response.content)["code"] == "GATEWAY_TIMEOUT"
    assert get_reasons(caplog) == [
        ("django_apierrors failed while reporting an exception.", "LookupError")
    ]


def test_a_bug_that_could_not_be_answered_is_reported_all_the_same(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    heard = []

    def hear(sender: object, **kwargs: object) -> None:
        heard.append(sender)

    settings.MIDDLEWARE = []
    got_request_exception.connect(hear)
    try:
        Client(raise_request_exception=False).get("/noteless/")
    finally:
        got_request_exception.disconnect(hear)
    assert len(heard) == 1
    assert [(r.name, r.exc_info and r.exc_info[0]) for r in caplog.records] == [
        ("django_apierrors", LookupError),
        ("django.request", NotelessError),
    ]


# What an exception of DRF's may be given as its detail, and as its code.
anything = st.recursive(
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
    detail=anything,
    code=anything,
)
def test_whatever_a_detail_is_the_client_gets_a_body(
    cls: type[APIException], detail: Any, code: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class OddView(APIView):
        def get(self, request: Request) -> Response:
            exception = cls()
            exception.detail = detail
            exception.default_code = code
            raise exception

    caplog.clear()
    response = OddView.as_view()(APIRequestFactory().get("/things/")).render()
    body = json.loads(response.content)
    Draft202012Validator(ERROR_SCHEMA).validate(body)
    assert body["status"] == response.status_code == cls.status_code
    assert get_reasons(caplog) == []
