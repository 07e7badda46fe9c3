"""Every row of the recognition tables. The real exceptions of clients are in test_upstreams.py."""

from __future__ import annotations

import errno
import http.client
import importlib
import smtplib
import ssl
import urllib.error

import aiohttp
import httpx
import pytest
import redis
import requests
import urllib3
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404
from rest_framework.exceptions import APIException

from django_apierrors.recognition import recognise, recognise_class_path
from django_apierrors.recognition.tables import (
    CODES_BY_API_EXCEPTION,
    CODES_BY_ATTRIBUTE,
    CODES_BY_ERRNO,
    CODES_BY_EXCEPTION,
    UNWRAP,
)
from tests.recognition.support import expect, read, respond_to
from tests.recognition.test_service_clients import PACKAGES

# test_service_clients.py imports the classes of the other packages.
ROWS = {name: code for name, code in CODES_BY_EXCEPTION.items() if not name.startswith(PACKAGES)}
TABLES = {*CODES_BY_EXCEPTION, *CODES_BY_API_EXCEPTION, *UNWRAP, *CODES_BY_ATTRIBUTE}
NAMES = sorted(name for name in TABLES if not name.startswith(PACKAGES))


def get_class(name: str) -> type[BaseException]:
    module, _, attribute = name.rpartition(".")
    cls: type[BaseException] = getattr(importlib.import_module(module), attribute)
    return cls


def make(cls: type[BaseException]) -> BaseException:
    """Return an instance of `cls` without a call of its constructor."""
    exception = cls.__new__(cls, "secret")
    exception.args = ("secret",)
    return exception


def test_a_row_has_the_module_and_the_name_of_its_class() -> None:
    classes = {name: get_class(name) for name in NAMES}
    assert {n: f"{cls.__module__}.{cls.__qualname__}" for n, cls in classes.items()} == {
        name: name for name in NAMES
    }
    assert [name for name, cls in classes.items() if not issubclass(cls, Exception)] == []


def test_a_class_its_subclasses_and_its_path_have_the_code_of_the_row() -> None:
    for name, code in ROWS.items():
        cls = get_class(name)
        errors = [
            recognise(make(cls)),
            recognise(make(type("ChildError", (cls,), {}))),
            recognise_class_path(name),
        ]
        assert [error.get_body() for error in errors] == [expect(code)[1]] * 3, name


def test_a_row_of_an_api_exception_has_its_code() -> None:
    for name, code in CODES_BY_API_EXCEPTION.items():
        expected = expect(code or "INTERNAL_ERROR")[1]
        assert recognise(get_class(name)()).get_body() == expected, name


def test_the_table_of_exceptions_has_no_api_exception() -> None:
    assert [n for n in ROWS if issubclass(get_class(n), APIException)] == []


def test_an_os_error_has_the_code_of_its_number() -> None:
    codes = {number: recognise(OSError(number, "secret")).code.name for number in CODES_BY_ERRNO}
    assert codes == CODES_BY_ERRNO


class NumberedError(Exception):
    """Not an OSError, so its number has another meaning."""

    errno = errno.EHOSTUNREACH


def make_self_wrapper() -> BaseException:
    wrapper = urllib.error.URLError("secret")
    wrapper.reason = wrapper  # type: ignore[assignment]
    return wrapper


def make_closed_connection() -> BaseException:
    """Return an exception of smtplib with an unrelated exception as its context."""
    exception = smtplib.SMTPServerDisconnected("secret")
    exception.__context__ = LookupError("secret")
    return exception


INSTANCES: dict[str, list[BaseException]] = {
    "MISSING_RESOURCE": [ObjectDoesNotExist("secret"), Http404("secret")],
    "ACCESS_FORBIDDEN": [PermissionDenied("secret")],
    "SERVICE_UNAVAILABLE": [
        ConnectionRefusedError("secret"),
        # A wrapper has its own code unless the exception inside is recognised.
        requests.exceptions.ConnectionError(KeyError("secret")),
        requests.exceptions.ConnectionError("secret"),
        requests.exceptions.ConnectionError(),
        make_closed_connection(),
    ],
    "GATEWAY_TIMEOUT": [
        requests.exceptions.ConnectionError(TimeoutError("secret")),
        requests.exceptions.ConnectTimeout(KeyError("secret")),
    ],
    # Each of these can be a programming error.
    "INTERNAL_ERROR": [
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
        urllib.error.URLError(KeyError("secret")),  # type: ignore[arg-type]
        urllib.error.HTTPError("http://secret/", 500, "secret", http.client.HTTPMessage(), None),
        urllib3.exceptions.ResponseError("secret"),
        make_self_wrapper(),
        ValueError("secret"),
        RecursionError("secret"),
    ],
}


@pytest.mark.parametrize(
    ("code", "exception"),
    [(code, exception) for code, exceptions in INSTANCES.items() for exception in exceptions],
    ids=lambda value: value if isinstance(value, str) else type(value).__qualname__,
)
def test_an_instance_has_its_code_and_its_message_is_not_sent(
    code: str, exception: BaseException
) -> None:
    assert read(respond_to(exception)) == expect(code)
