"""Which requests are the API's: by view, by path, by what the client would rather have."""

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

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response()


class Things(ViewSet):
    """A DRF viewset."""

    def list(self, request: Request) -> Response:
        """Answer."""
        return Response()


@api_view()
def function(request: Request) -> Response:
    """Answer, as DRF has functions do."""
    return Response()


class PlainView(View):
    """A view of Django's."""


def plain(request: HttpRequest) -> HttpResponse:
    """Answer, as Django has functions do."""
    return HttpResponse()


def labelled(request: HttpRequest) -> HttpResponse:
    """Answer, with an attribute that DRF's views have too."""
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
    path("drf/viewset", Things.as_view({"get": "list"})),
    path("drf/function", function),
    path("drf/decorated", decorate(ClassView.as_view())),
    path("plain/class", PlainView.as_view()),
    path("plain/function", plain),
    path("plain/partial", functools.partial(plain)),
    path("plain/labelled", labelled),
]


def make_request(url: str, accept: str | None = None, *, resolved: bool = True) -> HttpRequest:
    """Return a request as Django has it once it has looked for its view."""
    request = RequestFactory().get(url, headers={"accept": accept} if accept is not None else {})
    if resolved:
        request.resolver_match = resolve(url)
    return request


@pytest.mark.parametrize("view", ["class", "viewset", "function", "decorated"])
@pytest.mark.parametrize("accept", [None, CHROME])
@pytest.mark.parametrize("paths", [None, [], ["elsewhere"]])
def test_a_drf_view_is_the_apis_whatever_its_path_and_its_client(
    settings: Settings, view: str, accept: str | None, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}

    assert is_api_request(make_request(f"/drf/{view}", accept))


@pytest.mark.parametrize("view", ["class", "function", "partial", "labelled"])
@pytest.mark.parametrize("paths", [None, [], ["elsewhere"]])
def test_a_plain_view_is_not_the_apis(
    settings: Settings, view: str, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}

    assert not is_api_request(make_request(f"/plain/{view}", "application/json"))


@pytest.mark.parametrize("view", ["class", "function", "partial", "labelled"])
def test_a_plain_view_below_paths_is_the_apis_even_for_a_browser(
    settings: Settings, view: str
) -> None:
    settings.API_ERRORS = {"PATHS": ["plain"]}

    assert is_api_request(make_request(f"/plain/{view}", CHROME))


@pytest.mark.parametrize(
    ("prefix", "url", "inside"),
    [
        ("/api/", "/api/things", True),
        ("/api/", "/api/", True),
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
def test_a_prefix_covers_whole_segments_of_the_path(
    settings: Settings, prefix: str, url: str, inside: bool
) -> None:
    settings.API_ERRORS = {"PATHS": ["elsewhere/", prefix]}

    assert is_in_paths(make_request(url, resolved=False)) is inside


def test_a_prefix_is_held_against_the_path_behind_the_script_name(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    request = RequestFactory().get("/api/things", SCRIPT_NAME="/mounted")

    assert request.path == "/mounted/api/things"
    assert is_in_paths(request)


@pytest.mark.parametrize("url", ["/drf/class", "/plain/function"])
def test_an_excluded_path_is_not_the_apis_even_below_paths(settings: Settings, url: str) -> None:
    settings.API_ERRORS = {"PATHS": ["/"], "EXCLUDED_PATHS": ["/drf/class/", "plain"]}

    assert not is_api_request(make_request(url, "application/json"))


def test_no_path_is_excluded_by_default() -> None:
    assert not is_excluded(make_request("/drf/class"))


def test_a_drf_request_is_excluded_as_the_request_inside_it(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["drf"]}

    assert is_excluded(Request(make_request("/drf/class")))


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json, text/plain, */*", "image/png"]
)
def test_an_unmatched_url_is_the_apis_for_a_client_that_does_not_prefer_html(
    accept: str | None,
) -> None:
    assert is_api_request(make_request("/nowhere", accept, resolved=False))


def test_an_unmatched_url_is_the_sites_for_a_browser() -> None:
    assert not is_api_request(make_request("/nowhere", CHROME, resolved=False))


@pytest.mark.parametrize("paths", [[], ["api"]])
def test_an_unmatched_url_outside_paths_is_the_sites_for_everyone(
    settings: Settings, paths: list[str]
) -> None:
    settings.API_ERRORS = {"PATHS": paths}

    assert not is_api_request(make_request("/nowhere", "application/json", resolved=False))


def test_an_unmatched_url_below_paths_is_the_apis_even_for_a_browser(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}

    assert is_api_request(make_request("/api/nowhere", CHROME, resolved=False))


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        (CHROME, True),
        ("text/html", True),
        ("text/html, application/json", True),
        ("text/html;q=0.9, application/json", False),
        ("application/json, text/html", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0, application/json;q=0", False),
        ("", False),
        (",;=", False),
        ("text/html; a*=bogus''x", False),
        ("text/html; a*=bz2_codec''x", False),
        ("text/html; a*=undefined''%ff", False),
    ],
)
def test_html_is_preferred_where_accept_says_so_and_can_be_read(
    accept: str, preferred: bool
) -> None:
    assert prefers_html(make_request("/", accept, resolved=False)) is preferred
