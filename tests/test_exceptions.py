"""The exceptions that DRF lacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import exceptions
from django_apierrors.catalog import CATALOG
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

CLASSES: dict[str, type[APIException]] = {
    name: cls
    for name, cls in vars(exceptions).items()
    if inspect.isclass(cls)
    and cls.__module__ == exceptions.__name__
    and "default_code" in vars(cls)
}

# Exceptions with arguments, each with its body.
WITH_ARGUMENTS: dict[str, tuple[Callable[[], APIException], dict[str, Any]]] = {
    "string": (
        lambda: exceptions.InvalidState("The thing is broken."),
        body("INVALID_STATE", "The thing is broken."),
    ),
    "field": (
        lambda: exceptions.AlreadyExists({"name": ["Taken.", "Still taken."]}),
        body("ALREADY_EXISTS", "name: Taken.", "name: Still taken."),
    ),
    "code": (
        lambda: exceptions.Gone("It was sold.", code="sold"),
        body("SOLD", "It was sold.", status=410),
    ),
    "wait": (lambda: exceptions.ServiceUnavailable(wait=2.1), body("SERVICE_UNAVAILABLE")),
    "string and wait": (
        lambda: exceptions.GatewayTimeout("The till sleeps.", wait=60),
        body("GATEWAY_TIMEOUT", "The till sleeps."),
    ),
}


class RaiseView(APIView):
    """Raise the exception that the URL names."""

    def get(self, request: Request, name: str) -> Response:
        raise CLASSES[name] if name in CLASSES else WITH_ARGUMENTS[name][0]()


urlpatterns = [path("<str:name>", RaiseView.as_view())]


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
    response = client.get(f"/{name}")
    assert (response.status_code, response.json()) == (code.status, body(code.name))


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_the_arguments_of_an_exception_are_in_its_body(client: Client, name: str) -> None:
    assert client.get(f"/{name}").json() == WITH_ARGUMENTS[name][1]


@pytest.mark.parametrize(
    ("name", "seconds"), [("wait", "3"), ("string and wait", "60"), ("GatewayTimeout", "5")]
)
def test_an_outage_has_the_seconds_to_wait(client: Client, name: str, seconds: str) -> None:
    assert client.get(f"/{name}").headers["Retry-After"] == seconds
