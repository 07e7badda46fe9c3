"""The answer to a request that Django cannot make an object of, whichever server it came from."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from pytest_django.fixtures import Settings

from django_apierrors.asgi import make_minimal_request
from django_apierrors.catalog import CATALOG, CODES_BY_STATUS
from django_apierrors.fallback import BODY
from django_apierrors.handling.malformed_requests import make_malformed_request_response


@pytest.mark.parametrize("status", [400, 413, 415])
def test_the_answer_is_the_body_of_its_status(status: int) -> None:
    response = make_malformed_request_response(status, HttpRequest())
    code = CATALOG[CODES_BY_STATUS[status]]

    assert json.loads(response.content) == {
        "status": status,
        "errors": [str(code.message)],
        "code": code.name,
        "moreInfo": "",
    }
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")


def test_the_answer_has_the_status_that_the_project_gives_its_code(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"status": 406}}}
    response = make_malformed_request_response(415, HttpRequest())

    assert (response.status_code, json.loads(response.content)["status"]) == (406, 406)


def test_the_answer_is_in_the_language_of_the_project(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    settings.API_ERRORS = {
        "CODES": {"UNSUPPORTED_MEDIA_TYPE": {"message": gettext_lazy("Forbidden")}}
    }
    with translation.override("fr"):
        response = make_malformed_request_response(415, HttpRequest())

    assert json.loads(response.content)["errors"] == ["Verboten"]


@pytest.mark.parametrize(
    "sent",
    [
        make_minimal_request(
            {"headers": [(b"accept-language", b"fr"), (b"accept-language", b"de;q=0.9")]}
        ),
        RequestFactory().get("/", headers={"Accept-Language": "fr, de;q=0.9"}),
    ],
    ids=["ASGI", "WSGI"],
)
def test_the_answer_is_in_the_language_of_the_client_where_the_project_speaks_it(
    settings: Settings, sent: HttpRequest
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    settings.API_ERRORS = {
        "CODES": {"UNSUPPORTED_MEDIA_TYPE": {"message": gettext_lazy("Forbidden")}}
    }
    response = make_malformed_request_response(415, sent)

    assert json.loads(response.content)["errors"] == ["Verboten"]


class Unprintable:
    """An object without a text."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError("secret")


def test_an_answer_that_cannot_be_made_is_the_last_resort(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    message = lazystr(Unprintable())
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"message": message}}}
    response = make_malformed_request_response(415, HttpRequest())

    assert (response.status_code, response.content) == (500, BODY)
    assert response["Content-Type"] == "application/json"
    [record] = caplog.records
    assert (record.name, record.levelname) == ("django_apierrors", "ERROR")
    assert record.exc_info is not None
