"""Headers: those that a status must have, whichever part of a project sends it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views import View
from pytest_django.fixtures import Settings
from rest_framework import exceptions
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_apierrors.exceptions import GatewayTimeout, ServiceUnavailable
from django_apierrors.http.headers import REQUIRED_HEADERS, add_required_headers
from tests.bodies import assert_body, body, wait_body
from tests.support import echo, make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

DEFAULT = 'Session realm="api"'
BASIC = 'Basic realm="api"'


class KeyAuthentication(TokenAuthentication):
    """Authentication by a key in `Authorization`; all keys are wrong."""

    keyword = "Key"

    def authenticate_credentials(self, key: str) -> Any:
        raise exceptions.AuthenticationFailed


class SilentAuthentication(BaseAuthentication):
    """Authentication without a challenge."""

    def authenticate(self, request: Request) -> None:
        return None


# Its challenge raises.
BrokenAuthentication = subclass(SilentAuthentication, authenticate_header=lambda *_: 1 // 0)


class ReflectingAuthentication(SilentAuthentication):
    """Authentication whose challenge is not a valid header, unless the client sent a valid one."""

    def authenticate_header(self, request: Request) -> str:
        return "Token " + request.query_params.get("realm", "two\nlines")


class BusyThrottle(BaseThrottle):
    """A throttle that rejects everything, for the seconds of the class."""

    seconds: float | None = 6.2

    def allow_request(self, request: Request, view: APIView) -> bool:
        return False

    def wait(self) -> float | None:
        return self.seconds


EndlessThrottle = subclass(BusyThrottle, seconds=None)


class ListViewSet(ViewSet):
    def list(self, request: Request) -> Response:
        return Response({})


class PlainView(View):
    """A Django view that rejects DELETE with an exception of DRF."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("")

    def delete(self, request: HttpRequest) -> HttpResponse:
        raise exceptions.MethodNotAllowed("DELETE")


def plain_function(request: HttpRequest) -> HttpResponse:
    """Raise an exception of DRF's outside of a DRF view, for a GET with a challenge."""
    if request.method == "DELETE":
        raise exceptions.MethodNotAllowed("DELETE")
    exception = exceptions.NotAuthenticated()
    exception.auth_header = f"Token {request.GET['realm']}"  # type: ignore[attr-defined]
    raise exception


PROTECTED: dict[str, Any] = {"permission_classes": [IsAuthenticated]}


def make_protected(*authenticators: type[BaseAuthentication]) -> Any:
    """Return a view that rejects anonymous clients."""
    return make_view(echo, authentication_classes=authenticators, **PROTECTED)


def make_returning(*authenticators: type[BaseAuthentication]) -> Any:
    """Return a view that returns a 401."""
    return make_view(lambda _: Response(status=401), authentication_classes=authenticators)


def make_list() -> Any:
    """Return the view of a viewset."""
    return ListViewSet.as_view({"get": "list"})


def list_or_raise(request: Any) -> Any:
    """Call the viewset for GET, and raise for DELETE before DRF has the request."""
    return listing(request) if request.method == "GET" else plain_function(request)


listing = make_list()
decorated = wraps(listing)(list_or_raise)

urlpatterns = [
    path("open/", make_view(echo)),
    path("page/", make_view(echo, renderer_classes=[BrowsableAPIRenderer])),
    path("viewset/", make_list()),
    path("throttled/", make_view(echo, throttle_classes=[BusyThrottle])),
    path("endless/", make_view(echo, throttle_classes=[EndlessThrottle])),
    path("unavailable/", make_view(lambda request: throw(ServiceUnavailable()))),
    path("waiting/", make_view(lambda request: throw(ServiceUnavailable(wait=6.2)))),
    path("late/", make_view(lambda request: throw(GatewayTimeout()))),
    path("refused/", make_view(lambda request: throw(ConnectionRefusedError()))),
    path("first/", make_protected(ReflectingAuthentication)),
    path("second/", make_protected(SilentAuthentication, ReflectingAuthentication)),
    path("returned/", make_returning(ReflectingAuthentication)),
    path("plain/", PlainView.as_view()),
    path("function/", plain_function),
    path("decorated/", decorated),
]


def send(view: Any, **headers: str) -> Any:
    """Return the response of `view` to an anonymous client."""
    request = APIRequestFactory().get("/", headers=headers)
    # AuthenticationMiddleware sets it, and SessionAuthentication reads it.
    request.user = AnonymousUser()
    return view(request).render()


@pytest.mark.parametrize(
    ("authenticators", "challenge"),
    [
        ([SessionAuthentication], DEFAULT),
        ([BasicAuthentication], BASIC),
        ([KeyAuthentication], "Key"),
        ([BasicAuthentication, KeyAuthentication], BASIC),
        # A browser opens its login dialog for Basic.
        ([SessionAuthentication, BasicAuthentication], DEFAULT),
        ([SessionAuthentication, BasicAuthentication, KeyAuthentication], "Key"),
        ([SilentAuthentication, SessionAuthentication, KeyAuthentication], "Key"),
        ([ReflectingAuthentication, ReflectingAuthentication, KeyAuthentication], "Key"),
        ([ReflectingAuthentication], DEFAULT),
    ],
)
def test_a_401_has_the_challenge_of_its_authenticators(
    authenticators: Sequence[type[BaseAuthentication]], challenge: str
) -> None:
    protected = make_protected(*authenticators)
    responses = [send(protected), send(make_returning(*authenticators))]
    if KeyAuthentication in authenticators:
        responses.append(send(protected, Authorization="Key wrong"))
    for response in responses:
        assert response["WWW-Authenticate"] == challenge
        assert_body(response, body("UNAUTHENTICATED"))


@pytest.mark.parametrize("url", ["/first/", "/second/", "/returned/", "/function/"])
def test_a_challenge_that_no_server_sends_is_replaced_by_the_setting(
    client: Client, settings: Settings, url: str
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    invalid = {f"a{character}b": DEFAULT for character in "\0\v\x7f\x85\n\u2028☃"}
    # uvicorn closes the connection for a space at the end.
    invalid["a "] = DEFAULT
    for realm, challenge in {"café": "Token café", **invalid}.items():
        response = client.get(url, {"realm": realm})
        assert_body(response, body("UNAUTHENTICATED"))
        assert response["WWW-Authenticate"] == challenge


def test_without_authenticators_a_rejected_client_gets_a_403() -> None:
    response = send(make_protected())
    assert_body(response, body("ACCESS_FORBIDDEN"))
    assert "WWW-Authenticate" not in response


def test_authenticators_that_fail_leave_the_challenge_of_the_setting(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"CHALLENGE": "Bearer"}
    response = send(make_protected(SilentAuthentication, BrokenAuthentication))
    assert_body(response, body("UNAUTHENTICATED"))
    assert response["WWW-Authenticate"] == "Bearer"
    assert "reading the challenge of the authenticators" in caplog.text


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("value", [None, "", " a ", "a\nb", "\0", "ключ"])
def test_a_setting_that_cannot_be_a_header_is_replaced_by_its_default(
    client: Client, settings: Settings, value: Any
) -> None:
    settings.API_ERRORS = {"CHALLENGE": value, "RETRY_AFTER": value, "CODE_HEADER": value}
    response = client.get("/unavailable/")
    assert_body(response, body("SERVICE_UNAVAILABLE"))
    assert (response["Retry-After"], str(value) in response) == ("5", False)
    response = send(make_protected(SilentAuthentication))
    assert_body(response, body("UNAUTHENTICATED"))
    assert (response["WWW-Authenticate"], str(value) in response) == (DEFAULT, False)


@pytest.mark.usefixtures("has_middleware")
def test_a_temporary_error_has_retry_after(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 30}
    responses = {
        "throttled": ("THROTTLED", "7"),
        "endless": ("THROTTLED", "30"),
        "unavailable": ("SERVICE_UNAVAILABLE", "30"),
        "waiting": ("SERVICE_UNAVAILABLE", "7"),
        "late": ("GATEWAY_TIMEOUT", "30"),
        "refused": ("SERVICE_UNAVAILABLE", "30"),
    }
    for name, (code, retry_after) in responses.items():
        response = client.get(f"/{name}/")
        assert_body(response, wait_body(7) if name == "throttled" else body(code))
        assert response["Retry-After"] == retry_after


@pytest.mark.usefixtures("has_middleware")
def test_a_405_has_the_methods_of_the_view(client: Client) -> None:
    methods = {"open": "GET, POST", "viewset": "GET", "page": "GET, POST"}
    for name, allow in methods.items():
        response = client.delete(f"/{name}/")
        assert (response.status_code, response["Allow"]) == (405, f"{allow}, HEAD, OPTIONS")


def test_a_405_outside_of_a_drf_view_has_the_methods_that_are_known(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    # DRF adds HEAD to the methods of a viewset when it is called.
    assert client.get("/decorated/").status_code == 200
    # The decorator of the last raises before DRF has the request.
    methods = {
        "plain": "GET, DELETE, OPTIONS, HEAD",
        "function": "",
        "decorated": "GET, OPTIONS, HEAD",
    }
    for name, allow in methods.items():
        response = client.delete(f"/{name}/")
        assert (response.status_code, response["Allow"]) == (405, allow)


def test_a_required_header_needs_no_request_and_an_existing_one_stays() -> None:
    for status, (name, _get_value) in REQUIRED_HEADERS.items():
        bare, complete = HttpResponse(status=status), HttpResponse(status=status)
        complete[name] = complete["X-Content-Type-Options"] = "own"
        add_required_headers(bare, {})
        add_required_headers(complete, {})
        assert bare.has_header(name)
        assert (complete[name], complete["X-Content-Type-Options"]) == ("own", "own")


@pytest.mark.parametrize("nosniff", [True, False])
def test_any_other_status_gets_nosniff_only_if_the_setting_of_django_is_on(
    settings: Settings, nosniff: bool
) -> None:
    settings.SECURE_CONTENT_TYPE_NOSNIFF = nosniff
    response = HttpResponse(status=404)
    add_required_headers(response, {})
    added = {"X-Content-Type-Options": "nosniff"} if nosniff else {}
    assert dict(response.items()) == {"Content-Type": "text/html; charset=utf-8", **added}
