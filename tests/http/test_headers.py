"""Headers: what a status must carry, whichever part of a project sends it."""

from __future__ import annotations

import json
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
from tests.bodies import body

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


class BrokenAuthentication(SilentAuthentication):
    """Authentication whose challenge raises."""

    def authenticate_header(self, request: Request) -> str:
        raise RuntimeError("secret")


class TwoLineAuthentication(SilentAuthentication):
    """Authentication whose challenge is not a valid header."""

    def authenticate_header(self, request: Request) -> str:
        return "Key\nrealm"


class ProtectedView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({})


class ReturnView(APIView):
    def get(self, request: Request) -> Response:
        return Response({"detail": "secret"}, status=401)


class BusyThrottle(BaseThrottle):
    """A throttle that rejects everything, for 6.2 seconds."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        return False

    def wait(self) -> float | None:
        return 6.2


class EndlessThrottle(BusyThrottle):
    """A throttle without a time."""

    def wait(self) -> None:
        return None


class RaiseView(APIView):
    exception: Exception = ConnectionRefusedError()

    def get(self, request: Request) -> Response:
        raise self.exception


class ListViewSet(ViewSet):
    def list(self, request: Request) -> Response:
        return Response({})


class PlainView(View):
    """A Django view that rejects DELETE by an exception of DRF's."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("")

    def delete(self, request: HttpRequest) -> HttpResponse:
        raise exceptions.MethodNotAllowed("DELETE")


def plain_function(request: HttpRequest) -> HttpResponse:
    """Reject every method."""
    raise exceptions.MethodNotAllowed(request.method or "")


def reject_delete(view: Any) -> Any:
    """Reject DELETE before `view` is called."""

    @wraps(view)
    def decorated(request: HttpRequest) -> HttpResponse:
        if request.method == "DELETE":
            raise exceptions.MethodNotAllowed("DELETE")
        return view(request)

    return decorated


PAGES = [BrowsableAPIRenderer]

urlpatterns = [
    path("decorated/", reject_delete(ListViewSet.as_view({"get": "list"}))),
    path("open/", ProtectedView.as_view(permission_classes=[])),
    path("page/", ProtectedView.as_view(permission_classes=[], renderer_classes=PAGES)),
    path("viewset/", ListViewSet.as_view({"get": "list"})),
    path("throttled/", RaiseView.as_view(throttle_classes=[BusyThrottle])),
    path("endless/", RaiseView.as_view(throttle_classes=[EndlessThrottle])),
    path("unavailable/", RaiseView.as_view(exception=ServiceUnavailable())),
    path("waiting/", RaiseView.as_view(exception=ServiceUnavailable(wait=6.2))),
    path("late/", RaiseView.as_view(exception=GatewayTimeout())),
    path("refused/", RaiseView.as_view()),
    path("plain/", PlainView.as_view()),
    path("function/", plain_function),
]


@pytest.fixture(params=["middleware", "handler alone"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    """Return a client of a site with the middleware, or with the handler alone."""
    if request.param == "handler alone":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def send(
    view: type[APIView], authenticators: Sequence[type[BaseAuthentication]], **headers: str
) -> Any:
    """Return the response of a view with these authenticators to an anonymous client."""
    request = APIRequestFactory().get("/", headers=headers)
    # AuthenticationMiddleware sets it, and SessionAuthentication reads it.
    request.user = AnonymousUser()
    return view.as_view(authentication_classes=authenticators)(request).render()


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
        ([TwoLineAuthentication, TwoLineAuthentication, KeyAuthentication], "Key"),
        ([TwoLineAuthentication], DEFAULT),
    ],
)
def test_a_401_has_the_challenge_of_its_authenticators(
    authenticators: Sequence[type[BaseAuthentication]], challenge: str
) -> None:
    responses = [send(ProtectedView, authenticators), send(ReturnView, authenticators)]
    if KeyAuthentication in authenticators:
        responses.append(send(ProtectedView, authenticators, Authorization="Key wrong"))
    for response in responses:
        assert (response.status_code, response["WWW-Authenticate"]) == (401, challenge)
    assert json.loads(responses[0].content) == body("UNAUTHENTICATED")


def test_without_authenticators_a_rejected_client_gets_a_403() -> None:
    response = send(ProtectedView, [])
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response


def test_authenticators_that_fail_leave_the_challenge_of_the_setting(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"CHALLENGE": "Bearer"}
    response = send(ProtectedView, [SilentAuthentication, BrokenAuthentication])
    assert json.loads(response.content) == body("UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == "Bearer"
    assert "asking the authenticators for their challenge" in caplog.text


@pytest.mark.parametrize(
    ("name", "code", "retry_after"),
    [
        ("throttled", "THROTTLED", "7"),
        ("endless", "THROTTLED", "30"),
        ("unavailable", "SERVICE_UNAVAILABLE", "30"),
        ("waiting", "SERVICE_UNAVAILABLE", "7"),
        ("late", "GATEWAY_TIMEOUT", "30"),
        ("refused", "SERVICE_UNAVAILABLE", "30"),
    ],
)
def test_a_temporary_error_has_retry_after(
    client: Client, settings: Settings, name: str, code: str, retry_after: str
) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 30}
    response = client.get(f"/{name}/")
    assert (response.json(), response["Retry-After"]) == (body(code), retry_after)


@pytest.mark.parametrize("name", ["open", "viewset", "page"])
def test_a_405_has_the_methods_of_the_view(client: Client, name: str) -> None:
    response = client.delete(f"/{name}/")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("name", "allow"),
    [
        ("plain", "GET, DELETE, HEAD, OPTIONS"),
        ("function", ""),
        ("decorated", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_405_outside_of_a_drf_view_has_the_methods_that_are_known(
    name: str, allow: str, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response = Client(raise_request_exception=False).delete(f"/{name}/")
    assert response.status_code == 405
    assert sorted(response["Allow"].split(", ")) == sorted(allow.split(", "))


def test_a_required_header_needs_no_request_and_an_existing_one_stays() -> None:
    for status, (name, _get_value) in REQUIRED_HEADERS.items():
        bare, complete = HttpResponse(status=status), HttpResponse(status=status)
        complete[name] = "own"
        add_required_headers(bare)
        add_required_headers(complete)
        assert bare.has_header(name)
        assert complete[name] == "own"


@pytest.mark.parametrize("nosniff", [True, False])
def test_any_other_status_gets_nosniff_only(settings: Settings, nosniff: bool) -> None:
    settings.SECURE_CONTENT_TYPE_NOSNIFF = nosniff
    response = HttpResponse(status=404)
    add_required_headers(response)
    added = {"X-Content-Type-Options": "nosniff"} if nosniff else {}
    assert dict(response.items()) == {"Content-Type": "text/html; charset=utf-8", **added}
