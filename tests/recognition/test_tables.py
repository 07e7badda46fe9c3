"""The known exceptions: every row by its true name.

The clients' real failures are in tests/recognition/test_upstreams.py and tests/recognition/test_upstream_responses.py.
"""

from __future__ import annotations

import errno
import http.client
import importlib
import json
import re
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import pytest
import redis
import requests
import urllib3
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.recognition.tables import (
    CODES_BY_API_EXCEPTION,
    CODES_BY_ATTRIBUTE,
    CODES_BY_ERRNO,
    CODES_BY_EXCEPTION,
    UNWRAP,
)

REFERENCE = re.compile(r" Reference: [0-9a-f]{12}\.")


def answer(fail: Callable[[], object]) -> HttpResponse:
    """Return the rendered answer of a DRF view in which `fail` is called."""

    class FailingView(APIView):
        def get(self, request: Request) -> Response:
            return Response({"not": repr(fail())})

    return FailingView.as_view()(APIRequestFactory().get("/things/")).render()


def answer_to(exception: BaseException) -> HttpResponse:
    """Return the rendered answer of a DRF view that raises `exception`."""

    def fail() -> None:
        raise exception

    return answer(fail)


def body_of(name: str) -> dict[str, Any]:
    """Return the whole body of the code called `name`, less the reference of a bug."""
    code = CATALOG[name]
    return {"status": code.status, "errors": [str(code.message)], "code": name, "moreInfo": ""}


def read(response: HttpResponse) -> dict[str, Any]:
    """Return the body of `response`, less the reference of a bug."""
    body: dict[str, Any] = json.loads(response.content)
    body["errors"] = [REFERENCE.sub("", message) for message in body["errors"]]
    return body


def get_class(name: str) -> type[BaseException]:
    """Return the class that `name` leads to."""
    module, _, member = name.rpartition(".")
    cls: type[BaseException] = getattr(importlib.import_module(module), member)
    return cls


def make(cls: type[BaseException]) -> BaseException:
    """Return an instance of `cls`, whatever its constructor wants, with a secret in it."""
    exception = cls.__new__(cls, "secret")
    exception.args = ("secret",)
    return exception


@pytest.mark.parametrize(
    "name", [*CODES_BY_EXCEPTION, *CODES_BY_API_EXCEPTION, *UNWRAP, *CODES_BY_ATTRIBUTE]
)
def test_a_row_is_called_what_its_class_calls_itself(name: str) -> None:
    cls = get_class(name)
    assert issubclass(cls, Exception)
    assert f"{cls.__module__}.{cls.__qualname__}" == name


@pytest.mark.parametrize("name", CODES_BY_EXCEPTION)
def test_an_instance_of_a_row_is_answered_with_its_code(name: str) -> None:
    response = answer_to(make(get_class(name)))
    code = CODES_BY_EXCEPTION[name]
    assert (response.status_code, read(response)) == (
        CATALOG[code].status,
        body_of(code),
    )


@pytest.mark.parametrize("name", CODES_BY_API_EXCEPTION)
def test_an_instance_of_an_api_exception_is_answered_with_its_code(name: str) -> None:
    response = answer_to(get_class(name)())
    assert read(response) == body_of(CODES_BY_API_EXCEPTION[name])


@pytest.mark.parametrize("name", CODES_BY_EXCEPTION)
def test_a_subclass_follows_its_row(name: str) -> None:
    child = type("ChildError", (get_class(name),), {})
    assert read(answer_to(make(child))) == body_of(CODES_BY_EXCEPTION[name])


def test_no_api_exception_stands_among_the_others() -> None:
    classes = [get_class(name) for name in CODES_BY_EXCEPTION]
    assert [cls for cls in classes if issubclass(cls, APIException)] == []


@pytest.mark.parametrize("number", CODES_BY_ERRNO, ids=lambda number: errno.errorcode[number])
def test_an_os_error_goes_by_its_number(number: int) -> None:
    response = answer_to(OSError(number, "secret"))
    assert read(response) == body_of(CODES_BY_ERRNO[number])


def is_unhandled(exception: BaseException) -> bool:
    """Tell whether `exception` is answered as a bug."""
    return json.loads(answer_to(exception).content)["code"] == "INTERNAL_ERROR"


class NumberedError(Exception):
    """An exception that is no OSError, with a number that means something else."""

    errno = errno.EHOSTUNREACH


@pytest.mark.parametrize(
    "exception",
    [
        OSError("secret"),
        OSError(errno.ENOSPC, "secret"),
        FileNotFoundError("secret"),
        PermissionError("secret"),
        NumberedError("secret"),
        ssl.SSLError("secret"),
        smtplib.SMTPException("secret"),
        smtplib.SMTPResponseException(550, b"secret"),
        http.client.CannotSendRequest("secret"),
        httpx.UnsupportedProtocol("secret"),
        requests.exceptions.InvalidURL("secret"),
        requests.exceptions.HTTPError("secret"),
        redis.exceptions.LockError("secret"),
        redis.exceptions.ResponseError("secret"),
        aiohttp.InvalidURL("secret"),
        urllib.error.URLError("unknown url type: secret"),
        urllib.error.HTTPError("http://secret/", 500, "secret", http.client.HTTPMessage(), None),
        ValueError("secret"),
        RecursionError("secret"),
        MemoryError("secret"),
    ],
    ids=lambda exception: f"{type(exception).__module__}.{type(exception).__name__}",
)
def test_what_may_as_well_be_a_bug_is_one(exception: BaseException) -> None:
    assert is_unhandled(exception)


@pytest.mark.parametrize(
    ("exception", "code"),
    [
        (urllib.error.URLError(TimeoutError("secret")), "GATEWAY_TIMEOUT"),
        (urllib.error.URLError(ConnectionRefusedError("secret")), "SERVICE_UNAVAILABLE"),
        (urllib.error.URLError(socket.gaierror(-2, "secret")), "SERVICE_UNAVAILABLE"),
        (
            urllib3.exceptions.MaxRetryError(
                None,  # type: ignore[arg-type]
                "/secret",
                urllib3.exceptions.ReadTimeoutError(None, "/secret", "secret"),  # type: ignore[arg-type]
            ),
            "GATEWAY_TIMEOUT",
        ),
        (
            urllib3.exceptions.MaxRetryError(
                None,  # type: ignore[arg-type]
                "/secret",
                urllib3.exceptions.ProtocolError("secret"),
            ),
            "SERVICE_UNAVAILABLE",
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ReadTimeoutError(None, "/secret", "secret")  # type: ignore[arg-type]
            ),
            "GATEWAY_TIMEOUT",
        ),
        (requests.exceptions.ConnectionError(KeyError("secret")), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectionError("secret"), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectionError(), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectTimeout(KeyError("secret")), "GATEWAY_TIMEOUT"),
        (
            ExceptionGroup("secret", [ConnectionRefusedError("a"), ConnectionResetError("b")]),
            "SERVICE_UNAVAILABLE",
        ),
    ],
    ids=repr,
)
def test_a_wrapper_is_what_is_inside_it(exception: BaseException, code: str) -> None:
    assert json.loads(answer_to(exception).content) == body_of(code)


def test_a_wrapper_around_a_bug_is_a_bug() -> None:
    assert is_unhandled(urllib.error.URLError(KeyError("secret")))  # type: ignore[arg-type]


def test_a_wrapper_around_itself_is_answered() -> None:
    wrapper = urllib.error.URLError("secret")
    wrapper.reason = wrapper  # type: ignore[assignment]
    assert is_unhandled(wrapper)


def test_a_mail_server_that_hangs_up_while_something_else_is_handled_is_unavailable() -> None:
    def fail() -> None:
        try:
            raise LookupError("secret")
        except LookupError:
            raise smtplib.SMTPServerDisconnected("secret")  # noqa: B904  (the context counts)

    assert json.loads(answer(fail).content) == body_of("SERVICE_UNAVAILABLE")
