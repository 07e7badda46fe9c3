"""`Vary`: the headers of the request that chose between HTML and JSON, and the language."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.renderers import JSONRenderer
from tests.test_wsgi import send

pytestmark = pytest.mark.urls(__name__)

BROWSER = "text/html,*/*;q=0.8"
LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


class Failing(APIView):
    """Raises an unhandled exception, or an exception of the network."""

    authentication_classes = ()
    renderer_classes = [JSONRenderer]

    def get(self, request: Request, name: str) -> Response:
        raise {"unhandled": RuntimeError, "timeout": TimeoutError}[name]


class Fail:
    """A middleware that raises."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raise UpdateError


urlpatterns = [
    path("json/<name>", Failing.as_view()),
    path(
        "both/<name>",
        Failing.as_view(renderer_classes=[JSONRenderer, renderers.BrowsableAPIRenderer]),
    ),
]


def get_vary(client: Client, url: str, accept: str = "*/*") -> set[str]:
    """Return the names in the `Vary` of the response."""
    client.raise_request_exception = False
    response = client.get(url, headers={"Accept": accept})
    return {name.strip() for name in response.get("Vary", "").split(",")} - {"", "Cookie"}


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
@pytest.mark.parametrize("url", ["/nowhere", "/both/unhandled", "/both/timeout"])
def test_an_error_that_accept_chose_the_format_of_varies_on_it(
    client: Client, url: str, accept: str
) -> None:
    assert get_vary(client, url, accept) == {"Accept"}


@pytest.mark.parametrize("url", ["/json/unhandled", "/json/timeout"])
def test_an_error_that_has_one_format_does_not_vary(client: Client, url: str) -> None:
    assert get_vary(client, url) == set()


def test_a_path_of_the_api_has_one_format(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    assert get_vary(client, "/api/nowhere") == set()


def test_an_excluded_path_has_its_own_formats(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["oauth"]}
    assert get_vary(client, "/oauth/nowhere") == set()


def test_broken_settings_do_not_hide_the_error(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": 5, "EXCLUDED_PATHS": 5}
    assert client.get("/json/timeout").status_code == 504


@pytest.mark.urls("tests.nowhere")
def test_a_broken_urlconf_varies_on_accept(client: Client) -> None:
    assert get_vary(client, "/nowhere") == {"Accept"}


@pytest.mark.parametrize("has_locale", [True, False])
def test_a_language_that_is_chosen_before_the_middleware_of_django_is_in_vary(
    client: Client, settings: Settings, has_locale: bool
) -> None:
    own, *others = settings.MIDDLEWARE
    locale = [LOCALE_MIDDLEWARE] * has_locale
    settings.MIDDLEWARE = [own, f"{__name__}.Fail", *others, *locale]
    assert get_vary(client, "/json/unhandled") == {"Accept", *["Accept-Language"] * has_locale}


@pytest.mark.django_db
@pytest.mark.parametrize("has_locale", [True, False])
def test_a_malformed_request_has_one_format_in_the_language_of_its_client(
    settings: Settings, has_locale: bool
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *[LOCALE_MIDDLEWARE] * has_locale]
    response = send("POST", "/nowhere", b"{}", CONTENT_TYPE="application/json; a*=bogus''x")
    assert response.status == 415
    assert response.headers.get("Vary") == ("Accept-Language" if has_locale else None)
