"""The response to a request that Django cannot make an object of."""

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
from django_apierrors.catalog import CODES_BY_STATUS
from django_apierrors.fallback import CONTENT
from django_apierrors.handling.malformed_requests import make_malformed_request_response
from tests.bodies import body


@pytest.mark.parametrize("status", [400, 413, 415])
def test_the_response_has_the_body_of_its_status(status: int) -> None:
    response = make_malformed_request_response(status, HttpRequest())
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert json.loads(response.content) == body(CODES_BY_STATUS[status])


def test_a_project_s_status_of_the_code_is_sent(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"status": 406}}}
    response = make_malformed_request_response(415, HttpRequest())
    assert (response.status_code, json.loads(response.content)["status"]) == (406, 406)


@pytest.mark.parametrize(
    "request_in_french",
    [
        make_minimal_request(
            {"headers": [(b"accept-language", b"fr"), (b"accept-language", b"de;q=0.9")]}
        ),
        RequestFactory().get("/", headers={"Accept-Language": "fr, de;q=0.9"}),
    ],
    ids=["ASGI", "WSGI"],
)
def test_the_language_is_one_of_the_client_and_the_project(
    settings: Settings, request_in_french: HttpRequest
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    message = gettext_lazy("Forbidden")
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"message": message}}}
    # The language of an earlier request in the same thread.
    with translation.override("es"):
        response = make_malformed_request_response(415, request_in_french)
        assert translation.get_language() == "es"
    assert json.loads(response.content)["errors"] == ["Verboten"]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("secret")


def test_the_fallback_is_sent_if_the_body_cannot_be_made(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    message = lazystr(Unprintable())
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"message": message}}}
    response = make_malformed_request_response(415, HttpRequest())
    assert (response.status_code, response.content) == (500, CONTENT)
    assert response["Content-Type"] == "application/json"
    [record] = caplog.records
    assert (record.name, record.levelname) == ("django_apierrors", "ERROR")
    assert record.exc_info is not None
