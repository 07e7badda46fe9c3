"""The exceptions of this package: each is its code of the catalogue, raised by name."""

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

pytestmark = pytest.mark.urls(__name__)

CLASSES: dict[str, type[APIException]] = {
    name: cls
    for name, cls in vars(exceptions).items()
    if inspect.isclass(cls)
    and cls.__module__ == exceptions.__name__
    and "default_code" in vars(cls)
}

WITH_DETAIL: dict[str, Callable[[], APIException]] = {
    "text": lambda: exceptions.InvalidState("The thing is broken."),
    "field": lambda: exceptions.AlreadyExists({"name": ["Taken.", "Still taken."]}),
    "own code": lambda: exceptions.Gone("It was sold.", code="sold"),
    "wait": lambda: exceptions.ServiceUnavailable(wait=2.1),
    "text and wait": lambda: exceptions.GatewayTimeout("The till sleeps.", wait=60),
}


class RaiseView(APIView):
    """Raise what the URL names."""

    def get(self, request: Request, name: str) -> Response:
        """Raise a class as it is, or an exception made with more."""
        raise CLASSES.get(name) or WITH_DETAIL[name]()


urlpatterns = [path("<str:name>", RaiseView.as_view())]


def make_body(status: int, code: str | int, *errors: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def test_there_is_an_exception_for_each_code_that_drf_has_none_for() -> None:
    assert set(CLASSES) == {
        "InvalidId",
        "InvalidState",
        "AlreadyExists",
        "MethodForbidden",
        "Gone",
        "ContentTooLarge",
        "ServiceUnavailable",
        "GatewayTimeout",
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_its_code_says(name: str) -> None:
    cls = CLASSES[name]
    code = CATALOG[cls.default_code.upper()]
    assert cls.default_code.replace("_", "") == name.lower()
    assert (cls.status_code, cls.default_detail) == (code.status, code.message)


@pytest.mark.parametrize("name", CLASSES)
def test_a_bare_exception_is_answered_with_its_code(client: Client, name: str) -> None:
    code = CATALOG[CLASSES[name].default_code.upper()]
    response = client.get(f"/{name}")
    assert response.status_code == code.status
    assert response.json() == make_body(code.status, code.name, str(code.message))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("text", make_body(400, "INVALID_STATE", "The thing is broken.")),
        ("field", make_body(400, "ALREADY_EXISTS", "name: Taken.", "name: Still taken.")),
        ("own code", make_body(410, "SOLD", "It was sold.")),
        ("text and wait", make_body(504, "GATEWAY_TIMEOUT", "The till sleeps.")),
    ],
)
def test_a_detail_is_sent_in_place_of_the_default(
    client: Client, name: str, body: dict[str, Any]
) -> None:
    assert client.get(f"/{name}").json() == body


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("wait", "3"), ("text and wait", "60"), ("ServiceUnavailable", "5"), ("GatewayTimeout", "5")],
)
def test_an_outage_says_when_to_try_again(client: Client, name: str, seconds: str) -> None:
    assert client.get(f"/{name}").headers["Retry-After"] == seconds
