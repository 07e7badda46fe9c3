"""The scope: which requests are the API's, by their view, their path and their `Accept`."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path, resolve
from django.views import View
from pytest_django.fixtures import Settings
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_apierrors.http.scope import is_api_request, is_excluded, is_in_paths, prefers_html

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class ClassView(APIView):
    """A DRF view."""


class ThingViewSet(ViewSet):
    """A DRF viewset."""

    def list(self, request: Request) -> Response:
        return Response()


@api_view()
def function(request: Request) -> Response:
    """A DRF view that is a function."""
    return Response()


class PlainView(View):
    """A view of Django's."""


def plain(request: HttpRequest) -> HttpResponse:
    """A view of Django's that is a function."""
    return HttpResponse()


def labelled(request: HttpRequest) -> HttpResponse:
    """Such a view with an attribute that DRF's views have too."""
    return HttpResponse()


labelled.cls = "card"  # type: ignore[attr-defined]


def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap `view` as most decorators do."""

    @functools.wraps(view)
    def inner(*args: object, **kwargs: object) -> HttpResponse:
        return view(*args, **kwargs)

    return inner


urlpatterns = [
    path("drf/class", ClassView.as_view()),
    path("drf/viewset", ThingViewSet.as_view({"get": "list"})),
    path("drf/function", function),
    path("drf/decorated", decorate(ClassView.as_view())),
    path("plain/class", PlainView.as_view()),
    path("plain/function", plain),
    path("plain/partial", functools.partial(plain)),
    path("plain/labelled", labelled),
]


def make_request(url: str, accept: str | None = None, *, is_resolved: bool = True) -> HttpRequest:
    """Return a request after, or before, Django has resolved its view."""
    request = RequestFactory().get(url, headers={"accept": accept} if accept is not None else {})
    if is_resolved:
        request.resolver_match = resolve(url)
    return request


@pytest.mark.parametrize("view", ["class", "viewset", "function", "decorated"])
def test_a_drf_view_is_the_apis_whatever_its_path_and_its_client(
    settings: Settings, view: str
) -> None:
    for paths in (None, [], ["elsewhere"]):
        settings.API_ERRORS = {"PATHS": paths}
        assert is_api_request(make_request(f"/drf/{view}"))
        assert is_api_request(make_request(f"/drf/{view}", CHROME))


@pytest.mark.parametrize("view", ["class", "function", "partial", "labelled"])
def test_a_plain_view_is_the_apis_below_paths_only(settings: Settings, view: str) -> None:
    for paths in (None, [], ["elsewhere"]):
        settings.API_ERRORS = {"PATHS": paths}
        assert not is_api_request(make_request(f"/plain/{view}", "application/json"))
    settings.API_ERRORS = {"PATHS": ["plain"]}
    assert is_api_request(make_request(f"/plain/{view}", CHROME))


@pytest.mark.parametrize(
    ("prefix", "url", "is_below"),
    [
        ("/api/", "/api/things", True),
        ("/api/", "/api", True),
        ("/api", "/api/things", True),
        ("api", "/api/things", True),
        ("api/v1/", "/api/v1/things", True),
        ("api/v1/", "/api/v2/things", False),
        ("api", "/apiary", False),
        ("api", "/the/api/things", False),
        ("api", "/API/things", False),
        ("/", "/", True),
        ("/", "/anything/at/all", True),
        ("", "/anything/at/all", True),
    ],
)
def test_a_prefix_covers_whole_components_of_the_path(
    settings: Settings, prefix: str, url: str, is_below: bool
) -> None:
    settings.API_ERRORS = {"PATHS": ["elsewhere/", prefix]}
    request = RequestFactory().get(url, SCRIPT_NAME="/mounted")
    assert request.path == f"/mounted{url}"
    assert is_in_paths(request) is is_below


def test_an_excluded_path_is_not_the_apis_even_below_paths(settings: Settings) -> None:
    assert not is_excluded(make_request("/drf/class"))
    settings.API_ERRORS = {"PATHS": ["/"], "EXCLUDED_PATHS": ["/drf/class/", "plain"]}
    assert not is_api_request(make_request("/drf/class", "application/json"))
    assert not is_api_request(make_request("/plain/function", "application/json"))
    assert is_excluded(Request(make_request("/drf/class")))


@pytest.mark.parametrize(
    ("paths", "url", "accept", "expected"),
    [
        (None, "/nowhere", None, True),
        (None, "/nowhere", "application/json", True),
        (None, "/nowhere", "image/png", True),
        (None, "/nowhere", CHROME, False),
        ([], "/nowhere", "application/json", False),
        (["api"], "/nowhere", "application/json", False),
        (["api"], "/api/nowhere", CHROME, True),
    ],
)
def test_an_unmatched_url_is_the_apis_below_paths_or_for_a_client_that_does_not_prefer_html(
    settings: Settings, paths: list[str] | None, url: str, accept: str | None, expected: bool
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    assert is_api_request(make_request(url, accept, is_resolved=False)) is expected


@pytest.mark.parametrize(("key", "value"), [("PATHS", 7), ("EXCLUDED_PATHS", [7])])
def test_if_a_setting_is_broken_the_view_decides(
    settings: Settings, caplog: pytest.LogCaptureFixture, key: str, value: object
) -> None:
    settings.API_ERRORS = {key: value}
    assert is_api_request(make_request("/drf/class"))
    assert not is_api_request(make_request("/plain/function"))
    assert f"django_apierrors failed while reading {key}." in caplog.text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (CHROME, True),
        ("text/html", True),
        ("text/html, application/json", True),
        ("text/html;q=0.9, application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0, application/json;q=0", False),
        ("", False),
        (",;=", False),
        ("text/html; a*=bogus''x", False),
        ("text/html; a*=bz2_codec''x", False),
        ("text/html; a*=undefined''%ff", False),
    ],
)
def test_html_is_preferred_if_accept_can_be_read_and_prefers_it(
    accept: str, expected: bool
) -> None:
    assert prefers_html(make_request("/", accept, is_resolved=False)) is expected
