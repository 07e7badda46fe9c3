"""The default messages name the client's value, and the supported ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseForbidden
from django.test import Client
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from pytest_django.fixtures import Settings
from rest_framework import parsers, renderers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import (
    MethodNotAllowed,
    NotAcceptable,
    Throttled,
    UnsupportedMediaType,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.settings import api_settings

from django_apierrors.handler import exception_handler
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import (
    assert_body,
    body,
    body_with,
    method_body,
    requested_body,
    sent_body,
    status_body,
    wait_body,
)
from tests.support import OpenView, echo, make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"
NO_SLASH = body_with("MISSING_RESOURCE", "The URL must end with a slash.")
CSRF = body_with("ACCESS_FORBIDDEN", "The CSRF token is missing or incorrect.")

# As in DRF.
STOCK: dict[str, Any] = {
    "content_negotiation_class": DefaultContentNegotiation,
    "parser_classes": [parsers.JSONParser, parsers.FormParser],
    "renderer_classes": [renderers.JSONRenderer, renderers.TemplateHTMLRenderer],
}
EXCEPTIONS: dict[str, Any] = {
    "method": lambda: MethodNotAllowed("PUT"),
    "method with a detail": lambda: MethodNotAllowed("PUT", "Read only."),
    "format": NotAcceptable,
    "media type": lambda: UnsupportedMediaType("a/b"),
    "media type with a detail": lambda: UnsupportedMediaType("a/b", "Only tables."),
    "own default": subclass(Throttled, default_detail="Slow down."),
    "wait with a detail": lambda: Throttled(7, "Slow down."),
    "0": lambda: Throttled(0),
    "1": lambda: Throttled(1),
    "7": lambda: Throttled(6.5),
    "own code": lambda: Throttled(7, code="daily_quota"),
    "None": Throttled,
    "other": lambda: LookupError("secret"),
}


class StatusAwareView(StatusAwareMixin, OpenView):
    """A view that is checked against the table of methods."""


class BrokenView(OpenView):
    """A view whose renderers can be read once, by the negotiation."""

    def get_renderers(self) -> Any:
        renderers, self.renderer_classes = self.renderer_classes, None  # type: ignore[assignment]
        return [renderer() for renderer in renderers]


class BrokenConverter(StringConverter):
    def to_python(self, value: str) -> str:
        raise TypeError(value)


register_converter(BrokenConverter, "broken-by-a-type-error")


def deny(request: Any) -> HttpResponse:
    raise PermissionDenied("secret")


urlpatterns = [
    path("ours", make_view(echo, StatusAwareView)),
    path("stock", make_view(echo, **STOCK)),
    path("broken-view", make_view(echo, BrokenView, **STOCK)),
    path("session", make_view(echo, authentication_classes=[SessionAuthentication])),
    path("raise/<str:name>", make_view(lambda _, name: throw(EXCEPTIONS[name]()))),
    path("slash/", make_view(echo)),
    path("broken/<broken-by-a-type-error:pk>/", make_view(echo)),
    path("plain", require_GET(lambda request: HttpResponse())),
    path("busy", lambda request: HttpResponse(status=429, headers={"Retry-After": "7"})),
    path("busy-until", lambda request: HttpResponse(status=429, headers={"Retry-After": "Fri"})),
    path("closed", lambda request: HttpResponseForbidden()),
    path("denied", deny),
    path("exempt", csrf_exempt(lambda request: HttpResponseForbidden())),
]
each_view = pytest.mark.parametrize("url", ["/ours", "/stock"])


@pytest.fixture
def api_paths(settings: Settings) -> None:
    """Make all URLs the API's."""
    settings.API_ERRORS = {"PATHS": ["/"]}


@each_view
@pytest.mark.usefixtures("has_middleware")
def test_a_405_names_the_method_and_the_allowed_ones(client: Client, url: str) -> None:
    for method in ("PUT", "BREW"):
        response = client.generic(method, url)
        assert_body(response, method_body(method, "GET, POST, HEAD, OPTIONS"))


@each_view
def test_a_value_of_the_client_is_cut_and_its_control_characters_are_replaced(
    client: Client, url: str
) -> None:
    long = "X" * 1000
    assert_body(client.generic(long, url), method_body(f"{long[:99]}…", "GET, POST, HEAD, OPTIONS"))
    supported = "application/json" if url == "/ours" else "application/json, text/html"
    response = client.get(url, headers={"Accept": f"a/{long}"})
    assert_body(response, requested_body(f"a/{long[:97]}…", supported))
    assert_body(client.get(f"{url}?format=a%00%1b\n"), requested_body("a\ufffd\ufffd", supported))


@pytest.mark.usefixtures("has_middleware")
def test_a_415_for_a_body_names_its_type_and_has_the_others_in_accept(client: Client) -> None:
    types = {"/ours": "application/json", "/stock": f"application/json, {FORM}"}
    for url, supported in types.items():
        response = client.post(url, "<a/>", f"{XML}; charset=utf-8")
        assert_body(response, sent_body(XML, supported))
        assert response["Accept"] == supported
        response = client.generic("POST", url, "<a/>", "")
        fact = f"The request has no Content-Type; supported: {supported}."
        assert_body(response, body_with("UNSUPPORTED_MEDIA_TYPE", fact))
        assert response["Accept"] == supported


@pytest.mark.usefixtures("has_middleware")
def test_a_415_for_a_response_names_the_type_the_parameter_or_the_suffix(client: Client) -> None:
    for url, supported in {
        "/ours": "application/json",
        "/stock": "application/json, text/html",
    }.items():
        response = client.get(url, headers={"Accept": "text/csv, image/*"})
        assert_body(response, requested_body("text/csv, image/*", supported))
        # RFC 9110: `Accept` in a response is about the bodies of requests.
        assert not response.has_header("Accept")
        name = api_settings.URL_FORMAT_OVERRIDE
        assert_body(client.get(f"{url}?{name}=csv"), requested_body("csv", supported))


@pytest.mark.parametrize("name", ["method", "format", "media type"])
def test_without_a_request_the_message_is_that_of_the_code(name: str) -> None:
    for context in (None, {"view": OpenView()}):
        response = exception_handler(EXCEPTIONS[name](), context)
        assert response is not None
        assert_body(response.render(), status_body(response.status_code))


def test_the_message_of_the_code_is_sent_if_the_facts_cannot_be_read(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/broken-view?format=csv")
    assert_body(response, body("UNSUPPORTED_MEDIA_TYPE"))
    assert "completing the message of an error" in caplog.text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0", body("THROTTLED")),
        ("1", body_with("THROTTLED", "Wait 1 second before the next request.")),
        ("7", wait_body(7)),
        (
            "own code",
            body("DAILY_QUOTA", "Daily quota. Wait 7 seconds before the next request.", status=429),
        ),
        ("None", body("THROTTLED")),
    ],
)
@pytest.mark.usefixtures("has_middleware")
def test_a_429_names_the_seconds_if_they_are_known(
    client: Client, name: str, expected: dict[str, Any]
) -> None:
    assert_body(client.get(f"/raise/{name}"), expected)


def test_the_number_of_seconds_decides_the_form_in_each_language(
    client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    for name, end in {"1": "1 Sekunde bis", "7": "7 Sekunden bis"}.items():
        # The middleware leaves its language to the thread.
        with translation.override("en"):
            response = client.get(f"/raise/{name}", headers={"Accept-Language": "de"})
        [message] = response.json()["errors"]
        assert f"Warten Sie {end} zur nächsten Anfrage." in message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # The view has the method that was sent.
        ("method", body("METHOD_NOT_ALLOWED")),
        ("method with a detail", body("METHOD_NOT_ALLOWED", "Read only.")),
        ("format", body("UNSUPPORTED_MEDIA_TYPE")),
        ("media type with a detail", body("UNSUPPORTED_MEDIA_TYPE", "Only tables.")),
        (
            "wait with a detail",
            body("THROTTLED", "Slow down. Expected available in 7 seconds."),
        ),
        ("own default", body("THROTTLED", "Slow down.")),
    ],
)
def test_a_message_of_the_project_gets_no_facts(
    client: Client, name: str, expected: dict[str, Any]
) -> None:
    assert_body(client.get(f"/raise/{name}"), expected)


def test_the_project_decides_the_message_of_a_code(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"METHOD_NOT_ALLOWED": {"message": "Not here."}}}
    assert_body(client.put("/ours"), body("METHOD_NOT_ALLOWED", "Not here."))
    for code in ("METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"):
        settings.API_ERRORS = {"EXCEPTIONS": {"builtins.LookupError": code}}
        assert_body(client.get("/raise/other"), body(code))


# The first row has a code, the second row removes a class from the table of the package.
@pytest.mark.parametrize("code", ["CONFLICT", None])
@pytest.mark.usefixtures("has_middleware")
def test_a_row_of_the_project_for_a_parent_keeps_the_facts_of_nearer_rows(
    client: Client, settings: Settings, code: str | None
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.Exception": code}}
    assert_body(client.put("/ours"), method_body("PUT", "GET, POST, HEAD, OPTIONS"))
    assert_body(client.get("/ours?format=csv"), requested_body("csv", "application/json"))
    assert_body(client.post("/ours", "<a/>", XML), sent_body(XML, "application/json"))
    assert_body(client.get("/raise/7"), wait_body(7))


def test_a_row_of_the_project_for_the_class_has_no_facts(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.MethodNotAllowed": "CONFLICT"}}
    assert_body(client.put("/ours"), body("CONFLICT", "Conflict.", status=409))
    settings.API_ERRORS = {"EXCEPTIONS": {"rest_framework.exceptions.NotAcceptable": None}}
    assert_body(client.get("/ours?format=csv"), body("NOT_ACCEPTABLE", status=406))


def test_the_details_have_the_code_of_the_message(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    document = client.put("/ours").json()
    assert document["details"] == [
        {"field": "", "code": "method_not_allowed", "message": document["errors"][0]}
    ]


def test_the_message_of_an_unmatched_url_names_a_missing_slash(
    quiet_client: Client, settings: Settings
) -> None:
    client = quiet_client
    assert_body(client.post("/slash"), NO_SLASH)
    settings.APPEND_SLASH = False
    assert_body(client.get("/slash"), NO_SLASH)
    for url in ("/slash/es", "/nowhere", "/nowhere/", "/broken/1"):
        assert_body(client.get(url), status_body(404))
    settings.APPEND_SLASH, settings.DEBUG = True, True
    assert_body(client.post("/slash"), NO_SLASH)


@pytest.mark.usefixtures("api_paths")
def test_the_error_page_of_a_plain_view_gets_the_facts_of_its_headers() -> None:
    client = Client()
    assert_body(client.post("/plain"), method_body("POST", "GET"))
    assert_body(client.get("/busy"), wait_body(7))
    assert_body(client.get("/busy-until"), body("THROTTLED"))


@pytest.mark.django_db
def test_the_message_names_a_csrf_failure_of_a_session() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ada"))
    assert_body(client.post("/session", {}, JSON), CSRF)
    client.cookies["csrftoken"] = "a" * 32
    assert_body(client.post("/session", {}, JSON, headers={"X-CSRFToken": "b" * 32}), CSRF)
    # A message about another reason than the token is not changed.
    response = client.post("/session", {}, JSON, headers={"Origin": "http://other.example"})
    assert "other.example" in response.json()["errors"][0]


@pytest.mark.usefixtures("api_paths")
def test_the_message_names_a_csrf_failure_and_no_other_403() -> None:
    client = Client(enforce_csrf_checks=True)
    assert_body(client.post("/plain"), CSRF)
    for url in ("/exempt", "/raise/7"):
        assert "CSRF" not in client.post(url).json()["errors"][0]
    for url in ("/closed", "/denied"):
        assert_body(client.get(url), status_body(403))
