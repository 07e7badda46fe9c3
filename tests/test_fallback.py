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
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors import fallback
from django_apierrors.testing import ERROR_SCHEMA
from tests.bodies import assert_body, body, status_body
from tests.support import make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

UNTRANSLATABLE = lazy(lambda: throw(LookupError("no such language")), str)()


def fail_to_print(exception: Exception) -> str:
    """Fail as a `__str__()` may."""
    raise LookupError("unprintable")


FAULTS: dict[str, Callable[[], Exception]] = {
    "unhandled": lambda: KeyError("key"),
    "timeout": TimeoutError,
    "404": NotFound,
    "unprintable": subclass(Exception, __str__=fail_to_print, __repr__=fail_to_print),
    "untranslatable": subclass(APIException, detail=UNTRANSLATABLE, __init__=lambda self: None),
    # An exception that fails when its detail is read.
    "late": subclass(NotFound, detail=property(fail_to_print, lambda *args: None)),
    # Attributes of a wrong type.
    "errno": subclass(OSError, errno=[]),
    "code": subclass(APIException, status_code=409, default_code={"a": 1}),
}

failing = make_view(lambda request, fault: throw(FAULTS[fault]()))
urlpatterns = [path("<str:fault>/", failing)]


@pytest.fixture
def client(has_middleware: bool, quiet_client: Client) -> Client:
    return quiet_client


def assert_is_fallback(response: Any) -> None:
    """Assert that `response` is the fallback."""
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert response.content == fallback.CONTENT


def get_reasons(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the messages of our own log, each with the class of its exception."""
    return [
        (r.getMessage(), r.exc_info[0].__name__ if r.exc_info and r.exc_info[0] else "")
        for r in caplog.records
        if r.name == "django_apierrors"
    ]


def test_the_constant_body_is_that_of_an_internal_error_in_compact_json() -> None:
    compact = json.dumps(body("INTERNAL_ERROR"), separators=(",", ":"))
    assert (500, compact.encode()) == (fallback.STATUS, fallback.CONTENT)


@pytest.mark.parametrize("media_type", ["application/json", "application/problem+json"])
def test_the_fallback_has_the_details_that_every_error_has(
    client: Client, settings: Settings, media_type: str
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    short = client.get("/errno/", headers={"Accept": media_type})
    assert short["Content-Type"] == media_type

    settings.API_ERRORS = {"PROBLEM_JSON": True, "DETAILS": True}
    detail = {"field": "", "code": "internal_error", "message": body("INTERNAL_ERROR")["errors"][0]}
    response = client.get("/errno/", headers={"Accept": media_type})
    assert response.json() == {**short.json(), "details": [detail]}


@pytest.mark.parametrize("fault", ["unprintable", "late"])
def test_an_exception_that_cannot_be_read_is_an_unhandled_one(
    client: Client, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    assert_body(client.get(f"/{fault}/"), None)
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]


def test_a_code_that_is_not_a_string_is_ignored(client: Client) -> None:
    assert_body(client.get("/code/"), status_body(409))


def test_an_exception_that_cannot_be_recognised_gets_the_fallback_and_a_record(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert_is_fallback(client.get("/errno/"))
    # With the middleware its receiver of the signal fails as well.
    reason = ("django_apierrors failed while responding to an exception.", "TypeError")
    assert get_reasons(caplog)[0] == reason


def test_a_message_that_cannot_be_translated_is_replaced_by_that_of_the_code(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert_body(client.get("/untranslatable/"), None)
    doing = "reading a value in the detail of an error"
    assert get_reasons(caplog) == [(f"django_apierrors failed while {doing}.", "LookupError")]


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
    client: Client,
    has_middleware: bool,
    broken: str,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.API_ERRORS = BROKEN[broken]
    for fault in ["404"] if has_middleware else ["404", "unhandled", "timeout"]:
        assert_is_fallback(client.get(f"/{fault}/"))
    assert "django_apierrors failed while responding to an exception." in dict(get_reasons(caplog))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"CHALLENGE": "\n\n"}, set()),
        ({"RETRY_AFTER": "\n\n"}, set()),
        (
            {"EXCLUDED_PATHS": [7]},
            {("django_apierrors failed while reading EXCLUDED_PATHS.", "AttributeError")},
        ),
    ],
)
def test_broken_settings_that_an_error_does_not_need_do_not_change_it(
    client: Client,
    changes: Any,
    reasons: set[tuple[str, str]],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.API_ERRORS = changes
    assert_body(client.get("/404/"), body("MISSING_RESOURCE"))
    assert set(get_reasons(caplog)) == reasons


def test_a_log_that_fails_does_not_prevent_the_response(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: logging.LogRecord) -> bool:
        raise LookupError("no log")

    logger = logging.getLogger("django.request")
    logger.addFilter(fail)
    try:
        response: Any = failing(APIRequestFactory().get("/"), fault="timeout").render()
    finally:
        logger.removeFilter(fail)
    assert_body(response, body("GATEWAY_TIMEOUT"))
    assert get_reasons(caplog) == [
        ("django_apierrors failed while reporting an exception.", "LookupError")
    ]


def test_an_exception_that_gets_the_fallback_is_reported_too(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = []
    with pytest.raises(FAULTS["errno"]):
        # The client raises the exception of got_request_exception.
        Client().get("/errno/")
    assert [(r.name, r.exc_info and r.exc_info[0]) for r in caplog.records] == [
        ("django_apierrors", TypeError),
        ("django.request", FAULTS["errno"]),
    ]


# The details and the codes that an exception of DRF's may be given.
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
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
    exception = cls()
    exception.detail, exception.default_code = detail, code
    caplog.clear()
    view = make_view(lambda request: throw(exception))
    response: Any = view(APIRequestFactory().get("/things/")).render()
    sent = json.loads(response.content)
    Draft202012Validator(ERROR_SCHEMA).validate(sent)
    assert sent["status"] == response.status_code == cls.status_code
    assert get_reasons(caplog) == []
