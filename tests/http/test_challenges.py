"""Challenges that are not valid headers."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)


class Challenging(BaseAuthentication):
    """Challenges with what the client sent."""

    def authenticate(self, request: Request) -> None:
        return None

    def authenticate_header(self, request: Request) -> str:
        return f'Token realm="{request.query_params["realm"]}"'


class Raised(APIView):
    """Denies anonymous clients."""

    authentication_classes = [Challenging]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response()


class Second(Raised):
    """Has the challenge in its second authenticator."""

    authentication_classes = [SessionAuthentication, Challenging]


class Returned(APIView):
    """Returns a 401 without a challenge."""

    authentication_classes = [Challenging]

    def get(self, request: Request) -> Response:
        return Response(status=401)


def plain(request: HttpRequest) -> None:
    """Raise DRF's exception, with a challenge of the project's own, outside of a DRF view."""
    exception = NotAuthenticated()
    exception.auth_header = f'Token realm="{request.GET["realm"]}"'  # type: ignore[attr-defined]
    raise exception


urlpatterns = [
    path("raised", Raised.as_view()),
    path("second", Second.as_view()),
    path("returned", Returned.as_view()),
    path("plain", plain),
]


@pytest.mark.parametrize("url", ["/raised", "/second", "/returned", "/plain"])
@pytest.mark.parametrize(
    ("realm", "is_safe"),
    [
        ("a\0b", False),
        ("a\vb", False),
        ("a\x7fb", False),
        ("a\x85b", False),
        ("a\nb", False),
        ("a\u2028b", False),
        ("a☃b", False),
        ("café", True),
    ],
)
def test_a_challenge_that_no_server_sends_gives_way_to_the_setting(
    client: Client, settings: Settings, url: str, realm: str, is_safe: bool
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response = client.get(url, {"realm": realm})
    challenge = f'Token realm="{realm}"' if is_safe else 'Session realm="api"'

    assert (response.status_code, response.json()) == (401, body("UNAUTHENTICATED"))
    assert response["WWW-Authenticate"] == challenge
