"""Headers: what a status must carry, whoever answers with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import wraps
from itertools import permutations
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import BadHeaderError, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views import View
from pytest_django import Settings
from rest_framework import exceptions
from rest_framework.authentication import (
    BaseAuthentication,
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_apierrors.exceptions import GatewayTimeout, ServiceUnavailable
from django_apierrors.http.headers import REQUIRED_HEADERS, add_required_headers, set_header

pytestmark = pytest.mark.urls(__name__)

SEED_401 = (
    b'{"status":401,"errors":["Access denied, please check your credentials!"],'
    b'"code":33619968,"moreInfo":""}'
)

DEFAULT = 'Session realm="api"'
BASIC = 'Basic realm="api"'


class KeyAuthentication(TokenAuthentication):
    """Authentication by a key in `Authorization`, none of which is known."""

    keyword = "Key"

    def authenticate_credentials(self, key: str) -> Any:
        raise exceptions.AuthenticationFailed


class SilentAuthentication(BaseAuthentication):
    """Authentication that has no challenge, and refuses every header."""

    def authenticate(self, request: Request) -> None:
        if "Authorization" in request.headers:
            raise exceptions.AuthenticationFailed


class BrokenAuthentication(SilentAuthentication):
    """Authentication whose challenge cannot be had."""

    def authenticate_header(self, request: Request) -> str:
        raise RuntimeError("secret")


class StockView(APIView):
    """A view with DRF's own renderer, parser and negotiation."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation
    authentication_classes: Sequence[type[BaseAuthentication]] = []


class ProtectedView(StockView):
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({})


class BusyThrottle(BaseThrottle):
    """A throttle that lets nobody through for 6.2 seconds."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        return False

    def wait(self) -> float:
        return 6.2


class EndlessThrottle(BusyThrottle):
    """A throttle that does not say for how long."""

    def wait(self) -> None:  # type: ignore[override]
        return None


class ThrottledView(StockView):
    throttle_classes = [BusyThrottle]


class EndlessView(StockView):
    throttle_classes = [EndlessThrottle]


class UnavailableView(StockView):
    wait: float | None = None
    exception: type[ServiceUnavailable | GatewayTimeout] = ServiceUnavailable

    def get(self, request: Request) -> Response:
        raise self.exception(wait=self.wait)


class RefusedView(StockView):
    def get(self, request: Request) -> Response:
        raise ConnectionRefusedError


class ListViewSet(StockView, ViewSet):
    def list(self, request: Request) -> Response:
        return Response({})


class PlainView(View):
    """A Django view that refuses DELETE by an exception of DRF's."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("")

    def delete(self, request: HttpRequest) -> HttpResponse:
        raise exceptions.MethodNotAllowed("DELETE")


def plain_function(request: HttpRequest) -> HttpResponse:
    """Refuse every method, and tell of none."""
    raise exceptions.MethodNotAllowed(request.method or "")


def refuse_delete(view: Any) -> Any:
    """Refuse DELETE before `view` is asked."""

    @wraps(view)
    def decorated(request: HttpRequest) -> HttpResponse:
        if request.method == "DELETE":
            raise exceptions.MethodNotAllowed("DELETE")
        return view(request)

    return decorated


urlpatterns = [
    path("decorated/", refuse_delete(ListViewSet.as_view({"get": "list"}))),
    path("protected/", ProtectedView.as_view()),
    path("throttled/", ThrottledView.as_view()),
    path("endless/", EndlessView.as_view()),
    path("unavailable/", UnavailableView.as_view()),
    path("waiting/", UnavailableView.as_view(wait=6.2)),
    path("late/", UnavailableView.as_view(exception=GatewayTimeout)),
    path("refused/", RefusedView.as_view()),
    path("viewset/", ListViewSet.as_view({"get": "list"})),
    path("plain/", PlainView.as_view()),
    path("function/", plain_function),
]


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


CHALLENGES: dict[type[BaseAuthentication], str | None] = {
    SessionAuthentication: None,
    BasicAuthentication: BASIC,
    KeyAuthentication: "Key",
    SilentAuthentication: None,
}

ORDERS = [order for length in range(5) for order in permutations(CHALLENGES, length)]


def get_expected_challenge(order: Sequence[type[BaseAuthentication]]) -> str:
    """Return the challenge that authenticators in `order` give together."""
    first = CHALLENGES[order[0]] if order else None
    others = [CHALLENGES[cls] for cls in order[1:] if cls is not BasicAuthentication]
    return next((challenge for challenge in [first, *others] if challenge), DEFAULT)


def get_401(order: Sequence[type[BaseAuthentication]], **headers: str) -> HttpResponse:
    """Return the answer of a protected view to a caller that is nobody."""
    request = APIRequestFactory().get("/protected/", headers=headers)
    # What AuthenticationMiddleware leaves, which SessionAuthentication reads.
    request.user = AnonymousUser()
    response = ProtectedView.as_view(authentication_classes=order)(request)
    return response.render() if hasattr(response, "render") else response


ids = {"ids": lambda order: "-".join(cls.__name__[:5] for cls in order) or "none"}


@pytest.mark.parametrize("order", ORDERS[1:], **ids)
def test_missing_credentials_are_401_under_any_order_of_authenticators(
    order: Sequence[type[BaseAuthentication]],
) -> None:
    response = get_401(order)
    assert (response.status_code, response.content) == (401, SEED_401)
    assert response["WWW-Authenticate"] == get_expected_challenge(order)


@pytest.mark.parametrize("order", [order for order in ORDERS if KeyAuthentication in order], **ids)
def test_wrong_credentials_are_401_under_any_order_of_authenticators(
    order: Sequence[type[BaseAuthentication]],
) -> None:
    response = get_401(order, Authorization="Key wrong")
    assert (response.status_code, response.content) == (401, SEED_401)
    assert response["WWW-Authenticate"] == get_expected_challenge(order)


@pytest.mark.parametrize("order", ORDERS, **ids)
def test_a_401_that_a_view_returns_has_the_same_challenge(
    order: Sequence[type[BaseAuthentication]],
) -> None:
    class ReturningView(APIView):
        authentication_classes = order

        def get(self, request: Request) -> Response:
            return Response({"detail": "secret"}, status=401)

    response = ReturningView.as_view()(APIRequestFactory().get("/things/")).render()
    assert response["WWW-Authenticate"] == get_expected_challenge(order)


def test_without_any_authenticator_a_refusal_is_403() -> None:
    response = get_401([])
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response


def test_the_challenge_is_a_setting(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"CHALLENGE": "Bearer"}
    order = [SilentAuthentication]
    assert get_401(order)["WWW-Authenticate"] == "Bearer"


def test_authenticators_that_fail_leave_the_default_challenge(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = get_401([SilentAuthentication, BrokenAuthentication])
    assert (response.status_code, response.content) == (401, SEED_401)
    assert response["WWW-Authenticate"] == DEFAULT
    assert "asking the authenticators for their challenge" in caplog.text


def test_a_request_over_the_rate_is_told_how_long_to_wait(client: Client) -> None:
    response = client.get("/throttled/")
    assert (response.status_code, response["Retry-After"]) == (429, "7")
    assert json.loads(response.content) == {
        "status": 429,
        "errors": ["Too many requests, please try again later."],
        "code": "THROTTLED",
        "moreInfo": "",
    }


@pytest.mark.parametrize(
    ("target", "status", "retry_after"),
    [
        ("endless", 429, "5"),
        ("unavailable", 503, "5"),
        ("waiting", 503, "7"),
        ("late", 504, "5"),
        ("refused", 503, "5"),
    ],
)
def test_what_may_be_over_soon_says_when_to_try_again(
    client: Client, target: str, status: int, retry_after: str
) -> None:
    response = client.get(f"/{target}/")
    assert (response.status_code, response["Retry-After"]) == (status, retry_after)


def test_retry_after_is_a_setting(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"RETRY_AFTER": 30}
    assert client.get("/refused/")["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("target", "allow"), [("protected", "GET, HEAD, OPTIONS"), ("viewset", "GET, HEAD, OPTIONS")]
)
def test_a_verb_that_the_view_lacks_is_405_with_those_it_has(
    client: Client, target: str, allow: str
) -> None:
    ProtectedView.permission_classes = []
    try:
        response = client.delete(f"/{target}/")
    finally:
        ProtectedView.permission_classes = [IsAuthenticated]
    assert (response.status_code, response["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("plain", "GET, DELETE, HEAD, OPTIONS"),
        ("function", ""),
        ("decorated", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_405_outside_of_a_drf_view_says_what_the_view_tells(
    target: str, allow: str, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response = Client(raise_request_exception=False).delete(f"/{target}/")
    assert response.status_code == 405
    assert sorted(response["Allow"].split(", ")) == sorted(allow.split(", "))


@pytest.mark.parametrize("status", REQUIRED_HEADERS)
def test_a_required_header_is_there_without_request_and_view(status: int) -> None:
    response = HttpResponse(status=status)
    add_required_headers(response)
    assert response.has_header(REQUIRED_HEADERS[status][0])


@pytest.mark.parametrize("status", REQUIRED_HEADERS)
def test_a_header_that_is_there_stays(status: int) -> None:
    name = REQUIRED_HEADERS[status][0]
    response = HttpResponse(status=status, headers={name: "own"})
    add_required_headers(response)
    assert response[name] == "own"


@pytest.mark.parametrize("status", [400, 404, 500])
def test_any_other_status_needs_no_header_of_its_own(status: int) -> None:
    response = HttpResponse(status=status)
    add_required_headers(response)
    assert dict(response.items()) == {
        "Content-Type": "text/html; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize("value", ["GET, POST", "", 'Bearer realm="é"', "\u2603", "a\tb", 5, b"x"])
def test_a_header_is_set_as_django_sets_it(value: Any) -> None:
    ours, stock = HttpResponse(), HttpResponse()
    set_header(ours, "Allow", value)
    stock["Allow"] = value

    assert ours.headers == stock.headers
    assert ours.serialize_headers() == stock.serialize_headers()


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_a_header_of_two_lines_is_refused(value: str) -> None:
    with pytest.raises(BadHeaderError):
        set_header(HttpResponse(), "Allow", value)
