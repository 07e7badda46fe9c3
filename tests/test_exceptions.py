"""The exceptions that DRF lacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from rest_framework.exceptions import APIException

from django_apierrors import exceptions
from django_apierrors.catalog import CATALOG
from tests.bodies import assert_body, body
from tests.support import make_view, throw

pytestmark = pytest.mark.urls(__name__)

CLASSES: dict[str, type[APIException]] = {
    name: cls
    for name, cls in vars(exceptions).items()
    if inspect.isclass(cls)
    and cls.__module__ == exceptions.__name__
    and "default_code" in vars(cls)
}

# Exceptions with arguments, each with its body and the seconds to wait.
WITH_ARGUMENTS: dict[str, tuple[Callable[[], APIException], dict[str, Any], str | None]] = {
    "string": (
        lambda: exceptions.InvalidState("The thing is broken."),
        body("INVALID_STATE", "The thing is broken."),
        None,
    ),
    "field": (
        lambda: exceptions.AlreadyExists({"name": ["Taken.", "Still taken."]}),
        body("ALREADY_EXISTS", "name: Taken.", "name: Still taken."),
        None,
    ),
    "code": (
        lambda: exceptions.Gone("It was sold.", code="sold"),
        body("SOLD", "It was sold.", status=410),
        None,
    ),
    "no wait": (exceptions.GatewayTimeout, body("GATEWAY_TIMEOUT"), "5"),
    "wait": (lambda: exceptions.ServiceUnavailable(wait=2.1), body("SERVICE_UNAVAILABLE"), "3"),
    "string and wait": (
        lambda: exceptions.GatewayTimeout("The till sleeps.", wait=60),
        body("GATEWAY_TIMEOUT", "The till sleeps."),
        "60",
    ),
}


def fail(request: object, name: str) -> None:
    """Raise the exception that the URL names."""
    throw(CLASSES[name] if name in CLASSES else WITH_ARGUMENTS[name][0]())


urlpatterns = [path("<str:name>", make_view(fail))]


def test_a_code_without_an_exception_of_drf_has_one_of_ours() -> None:
    assert {cls.default_code.upper() for cls in CLASSES.values()} == {
        *("INVALID_ID", "INVALID_STATE", "ALREADY_EXISTS", "METHOD_FORBIDDEN"),
        *("GONE", "CONTENT_TOO_LARGE", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"),
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_attributes_and_the_body_of_its_code(client: Client, name: str) -> None:
    cls = CLASSES[name]
    code = CATALOG[cls.default_code.upper()]
    assert cls.default_code.replace("_", "") == name.lower()
    assert (cls.status_code, cls.default_detail) == (code.status, code.message)
    assert_body(client.get(f"/{name}"), body(code.name))


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_the_arguments_of_an_exception_are_in_its_response(client: Client, name: str) -> None:
    _make, expected, seconds = WITH_ARGUMENTS[name]
    response = client.get(f"/{name}")
    assert_body(response, expected)
    assert response.get("Retry-After") == seconds
