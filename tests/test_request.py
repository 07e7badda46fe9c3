"""The request of the generic views: DRF's in all but the steps that it takes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.http import HttpRequest
from django.http.request import HttpHeaders
from django.test import RequestFactory
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request, WrappedAttributeError, clone_request
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.request import APIRequest, Headers

HEADERS = {"X-Key": "a", "Accept": "text/plain", "X-Empty": ""}


def make(*authenticators: BaseAuthentication, **headers: str) -> APIRequest:
    """Return a request with a body."""
    django = RequestFactory().post("/?q=1", b"{}", "application/json", headers=headers)
    return APIRequest(django, authenticators=authenticators)


class Known(BaseAuthentication):
    """Knows everybody, and counts how often it was asked."""

    asked = 0

    def authenticate(self, request: Request) -> Any:
        """Return a name and a token."""
        self.asked += 1
        return "Ada", "token"


class Broken(BaseAuthentication):
    """Asks for what is not there."""

    def authenticate(self, request: Request) -> Any:
        """Raise AttributeError."""
        return request.nothing  # type: ignore[attr-defined]


class Refusing(BaseAuthentication):
    """Refuses."""

    def authenticate(self, request: Request) -> Any:
        """Raise AuthenticationFailed."""
        raise AuthenticationFailed


def test_the_authenticators_are_asked_once_for_all() -> None:
    known = Known()
    request = make(known)
    assert (request.user, request.successful_authenticator, request.auth) == ("Ada", known, "token")
    assert request.user == request._request.user == "Ada"  # type: ignore[comparison-overlap]
    assert known.asked == 1


def test_the_authenticator_may_be_asked_for_first() -> None:
    known = Known()
    request = make(known)
    assert request.successful_authenticator is known
    assert (request.user, known.asked) == ("Ada", 1)


def test_nobody_is_anonymous() -> None:
    request = make()
    assert request.user.is_anonymous
    assert request.successful_authenticator is None


def test_a_user_that_is_set_is_the_user_of_both() -> None:
    request = make(Known())
    request.user = "Eve"
    assert (request.user, request._request.user) == ("Eve", "Eve")  # type: ignore[comparison-overlap]


def test_a_missing_attribute_of_an_authenticator_is_no_missing_user() -> None:
    with pytest.raises(WrappedAttributeError, match="nothing"):
        _ = make(Broken()).user


def test_a_refused_user_is_anonymous_from_then_on() -> None:
    request = make(Refusing())
    with pytest.raises(AuthenticationFailed):
        _ = request.user
    assert request.user.is_anonymous


def test_what_django_has_is_there_and_what_nobody_has_is_not() -> None:
    request: Any = make()
    assert (request.method, request.META, request.GET["q"]) == ("POST", request._request.META, "1")
    with pytest.raises(AttributeError, match="'APIRequest' object has no attribute 'nothing'"):
        _ = request.nothing
    request.method = "PUT"
    assert (request.method, request._request.method) == ("PUT", "POST")


def test_a_request_can_be_copied_and_cloned() -> None:
    request = make(Known())
    assert copy.copy(request).user == "Ada"
    assert clone_request(request, "GET").method == "GET"


@pytest.mark.parametrize(
    "name", ["X-Key", "x-key", "X_KEY", "Content-Type", "content_length", "X-Empty", "X-None", ""]
)
def test_a_header_is_what_it_is_to_django(name: str) -> None:
    request = make(**HEADERS)
    stock = HttpHeaders(request.META)
    assert request.headers.get(name) == stock.get(name)
    assert request.headers.get(name, "-") == stock.get(name, "-")
    assert (name in request.headers) == (name in stock)


def test_all_headers_are_those_of_django() -> None:
    request = make(**HEADERS)
    assert isinstance(request.headers, Headers)
    assert dict(request.headers) == dict(HttpHeaders(request.META))
    assert request.headers["X-Key"] == "a"
    assert len(request.headers) == len(HttpHeaders(request.META))
    assert request.headers is request._request.headers


def test_headers_that_were_read_before_stay() -> None:
    request = make(**HEADERS)
    before = request._request.headers
    assert request.headers is before


class OwnRequest(Request):
    """A project's own."""


class OwnView(generics.GenericAPIView):
    """Makes its requests itself."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return one of the project's own."""
        made = super().initialize_request(request, *args, **kwargs)
        made.__class__ = OwnRequest
        return made


class InnerView(APIView):
    """Stands below ours, and has its own too."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return one of the project's own."""
        return OwnRequest(request)


class MixedView(generics.StatusAwareMixin, InnerView):
    """Ours on top of a view that makes its requests itself."""


@pytest.mark.parametrize(
    ("view", "cls"),
    [
        (generics.GenericAPIView, APIRequest),
        (viewsets.GenericViewSet, APIRequest),
        (OwnView, OwnRequest),
        (MixedView, OwnRequest),
    ],
)
def test_a_view_has_the_request_of_whoever_makes_it_last(view: Any, cls: type[Request]) -> None:
    made = view(action_map={}).initialize_request(RequestFactory().get("/"))
    assert type(made) is cls


def test_a_forced_user_of_a_test_is_the_user() -> None:
    request = APIRequestFactory().get("/")
    force_authenticate(request, user="Ada")  # type: ignore[arg-type]
    made = generics.GenericAPIView().initialize_request(request)
    assert made.user == "Ada"  # type: ignore[comparison-overlap]
