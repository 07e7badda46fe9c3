"""The scope: which requests are the API's, by their view, their path and their `Accept`."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path, resolve
from django.views import View
from pytest_django.fixtures import Settings
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_apierrors.http.scope import (
    is_api_request,
    is_chosen_by_accept,
    is_excluded,
    is_in_paths,
    prefers_html,
)
from tests.bodies import assert_body, body

pytestmark = pytest.mark.urls(__name__)

PLAIN_VIEWS = ("class", "function", "partial", "labelled")
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class ThingViewSet(ViewSet):
    def list(self, request: Request) -> None:
        """Return nothing: it is not called."""


def plain(request: HttpRequest) -> HttpResponse:
    """Return nothing of interest."""
    return HttpResponse()


def labelled(request: HttpRequest) -> HttpResponse:
    """Return the same, with an attribute that DRF's views have too."""
    return HttpResponse()


labelled.cls = "card"  # type: ignore[attr-defined]


def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap `view` as most decorators do."""
    return functools.wraps(view)(lambda *args, **kwargs: view(*args, **kwargs))


urlpatterns = [
    path("drf/class", APIView.as_view()),
    path("drf/viewset", ThingViewSet.as_view({"get": "list"})),
    path("drf/function", api_view()(plain)),
    path("drf/decorated", decorate(APIView.as_view())),
    path("plain/class", View.as_view()),
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


def test_a_drf_view_belongs_to_the_api_and_a_plain_view_only_below_paths(
    settings: Settings,
) -> None:
    for paths in (None, [], ["elsewhere"]):
        settings.API_ERRORS = {"PATHS": paths}
        for view in ("class", "viewset", "function", "decorated"):
            assert is_api_request(make_request(f"/drf/{view}"))
            assert is_api_request(make_request(f"/drf/{view}", CHROME))
        for view in PLAIN_VIEWS:
            assert not is_api_request(make_request(f"/plain/{view}", "application/json"))
    settings.API_ERRORS = {"PATHS": ["plain"]}
    assert all(is_api_request(make_request(f"/plain/{view}", CHROME)) for view in PLAIN_VIEWS)


def test_a_prefix_covers_whole_components_of_the_path(settings: Settings) -> None:
    expected = {
        **{(prefix, "/api/things"): True for prefix in ("/api/", "/api", "api", "/", "")},
        **{("api", url): False for url in ("/apiary", "/the/api/things", "/API/things")},
        **{("/api/", "/api"): True, ("/", "/"): True},
        **{("api/v1/", "/api/v1/things"): True, ("api/v1/", "/api/v2/things"): False},
    }
    actual = {}
    for prefix, url in expected:
        settings.API_ERRORS = {"PATHS": ["elsewhere/", prefix]}
        request = RequestFactory().get(url, SCRIPT_NAME="/mounted")
        assert request.path == f"/mounted{url}"
        actual[prefix, url] = is_in_paths(request)
    assert actual == expected


def test_an_excluded_path_does_not_belong_to_the_api_even_below_paths(settings: Settings) -> None:
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
def test_an_unmatched_url_belongs_to_the_api_below_paths_or_if_the_client_does_not_prefer_html(
    settings: Settings, paths: list[str] | None, url: str, accept: str | None, expected: bool
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    assert is_api_request(make_request(url, accept, is_resolved=False)) is expected


def test_if_a_setting_is_broken_the_view_decides(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    for key, value in {"PATHS": 7, "EXCLUDED_PATHS": [7]}.items():
        settings.API_ERRORS = {key: value}
        assert is_api_request(make_request("/drf/class"))
        assert not is_api_request(make_request("/plain/function"))
        assert f"django_apierrors failed while reading {key}." in caplog.text


@pytest.mark.parametrize("broken", [7, {"PATHS": 7}, {"PATHS": [7]}])
def test_broken_paths_count_as_not_set(
    settings: Settings, caplog: pytest.LogCaptureFixture, broken: Any
) -> None:
    settings.API_ERRORS = broken
    for accept, expected in {"application/json": True, CHROME: False}.items():
        caplog.clear()
        request = make_request("/nowhere", accept, is_resolved=False)
        assert (is_chosen_by_accept(request), is_api_request(request)) == (True, expected)
        assert caplog.text.count("django_apierrors failed while reading PATHS.") == 1


def test_html_is_preferred_if_accept_can_be_read_and_prefers_it() -> None:
    html = (CHROME, "text/html", "text/html, application/json")
    json = ("text/html;q=0.9, application/json", "application/json, text/html")
    unreadable = ("a*=bogus''x", "a*=bz2_codec''x", "a*=undefined''%ff")
    others = ("text/html;q=0, application/json;q=0", "", ",;=")
    others += tuple(f"text/html; {parameter}" for parameter in unreadable)
    expected = {**dict.fromkeys(html, True), **dict.fromkeys((*json, *others), False)}
    actual = {
        accept: prefers_html(make_request("/", accept, is_resolved=False)) for accept in expected
    }
    assert actual == expected


# Many media types, none of them JSON: Django compares each of them with each.
LONG_ACCEPT = ",".join(f"text/html;q=0.9;a={number}" for number in range(40_000))


@pytest.mark.parametrize("accept", [LONG_ACCEPT, f"application/problem+json,{LONG_ACCEPT}"])
def test_a_long_accept_prefers_json_and_is_not_parsed(
    client: Client, settings: Settings, accept: str
) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    start = time.perf_counter()
    assert_body(client.get("/nowhere", headers={"Accept": accept}), body("MISSING_RESOURCE"))
    assert time.perf_counter() - start < 1.5
    # An `Accept` of 4 kB is read.
    assert prefers_html(make_request("/", "text/html," + "a/b," * 1000, is_resolved=False))


# A test client sends the last as it is: not as a string.
@pytest.mark.parametrize("length", ["9" * 4400, "many", "-1", 17], ids=str)
def test_a_content_length_that_python_cannot_parse_is_ignored(client: Client, length: str) -> None:
    response = client.generic("GET", "/nowhere", CONTENT_LENGTH=length)
    assert_body(response, body("MISSING_RESOURCE"))
    response = client.generic("GET", "/nowhere", CONTENT_LENGTH=length, HTTP_HOST="a_b")
    assert_body(response, body("INVALID_CONTENT"))


def test_a_view_whose_attributes_cannot_be_read_has_no_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class LazyView:
        def __getattr__(self, name: str) -> Any:
            raise ImportError("No module named 'shop'")

    request: Any = RequestFactory().get("/")
    request.resolver_match = SimpleNamespace(func=LazyView())
    assert is_chosen_by_accept(request) is False
    assert "reading the renderers of a view" in caplog.text
