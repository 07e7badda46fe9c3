"""The audit of a URLconf."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, get_resolver, include, path, re_path
from django.views.decorators.cache import cache_page
from rest_framework.decorators import api_view
from rest_framework.exceptions import Throttled
from rest_framework.routers import DefaultRouter

from django_apierrors import generics, viewsets
from django_apierrors.introspection.audit import Audit, RouteReport, VerbReport, make_audit
from django_apierrors.introspection.findings import Departure
from tests.models import Shelf


class Shelves(generics.ListAPIView):
    """Lists shelves."""

    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    pagination_class = None
    possible_errors = [Throttled]


class ShelfViewSet(viewsets.ModelViewSet):
    """Shelves."""

    queryset = Shelf.objects.all()


class Misnamed(Shelves):
    """Names an error that there is not."""

    possible_errors = ["NOTHING"]


class Unmade(Shelves):
    """Cannot be made but for a request."""

    def __init__(self, **kwargs: Any) -> None:
        """Fail."""
        raise RuntimeError("No request.")


def show(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse()


class Lazy:
    """A view that is imported when something is asked of it."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse()

    def __getattr__(self, name: str) -> Any:
        """Fail as an import does."""
        raise ImportError("No module named 'shop'")


@pytest.fixture
def audit(settings: Any) -> Any:
    """Return a function that audits a URLconf."""

    def audit_urlconf(*patterns: Any) -> Audit:
        urlconf = ModuleType("urlconf")
        urlconf.urlpatterns = list(patterns)  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urlconf
        clear_url_caches()
        return make_audit(get_resolver())

    yield audit_urlconf
    clear_url_caches()


SHELVES = RouteReport(
    "/shelves/",
    "tests.introspection.test_audit.Shelves",
    (),
    [
        VerbReport(
            "GET",
            (200,),
            [
                (415, "UNSUPPORTED_MEDIA_TYPE"),
                (429, "THROTTLED"),
                (500, "INTERNAL_ERROR"),
                (503, "SERVICE_UNAVAILABLE"),
            ],
        )
    ],
)


def test_a_verb_has_what_it_succeeds_with_and_what_it_can_be_refused_with(audit: Any) -> None:
    assert audit(path("shelves/", Shelves.as_view())) == Audit([SHELVES])


def test_a_view_behind_a_decorator_is_audited(audit: Any) -> None:
    assert audit(path("shelves/", cache_page(60)(Shelves.as_view()))) == Audit([SHELVES])


def test_views_that_are_not_drfs_are_counted_alone(audit: Any) -> None:
    found = audit(path("a/", show), re_path("^b/", show), path("c/", include([path("", show)])))
    assert found == Audit(others=3)


@pytest.mark.parametrize(
    ("pattern", "route"),
    [
        (path("shelves/<int:pk>/", Shelves.as_view()), "/shelves/<int:pk>/"),
        (re_path(r"^shelves/(?P<pk>\d+)/$", Shelves.as_view()), "/shelves/<pk>/"),
        (path("api/", include([re_path(r"^a/(\w+)$", Shelves.as_view())])), "/api/a/<var>"),
    ],
)
def test_a_route_is_a_path_however_it_is_spelt(audit: Any, pattern: Any, route: str) -> None:
    assert [report.route for report in audit(pattern).routes] == [route]


def test_a_router_is_audited_once_and_not_again_with_suffixes(audit: Any) -> None:
    router = DefaultRouter()
    router.register("shelves", ShelfViewSet)
    found = audit(path("", include(router.urls)))
    assert [(report.route, [verb.verb for verb in report.verbs]) for report in found.routes] == [
        ("/shelves/", ["GET", "POST"]),
        ("/shelves/<pk>/", ["GET", "PUT", "DELETE"]),
        ("/", ["GET"]),
    ]


def test_two_routes_to_one_view_are_two(audit: Any) -> None:
    found = audit(path("shelves/", Shelves.as_view()), path("racks/", Shelves.as_view()))
    assert [report.route for report in found.routes] == ["/shelves/", "/racks/"]


def test_a_function_of_drf_has_its_own_verbs(audit: Any) -> None:
    [report] = audit(path("a/", api_view(["PUT", "GET"])(show))).routes
    assert [(verb.verb, verb.successes) for verb in report.verbs] == [
        ("GET", (200,)),
        ("PUT", (200,)),
    ]


def test_a_view_that_cannot_be_imported_departs(audit: Any) -> None:
    departure = Departure("unreadable", "It cannot be read: ImportError: No module named 'shop'")
    found = audit(path("a/", Lazy()))
    assert found == Audit([RouteReport("/a/", "?", (departure,))])


def test_a_view_that_cannot_be_made_departs(audit: Any) -> None:
    departure = Departure("unreadable", "It cannot be read: RuntimeError: No request.")
    found = audit(path("a/", Unmade.as_view()))
    assert found == Audit(
        [RouteReport("/a/", "tests.introspection.test_audit.Unmade", (departure,))]
    )


def test_a_verb_that_cannot_be_told_of_departs_and_the_rest_is_told(audit: Any) -> None:
    misnamed, shelves = audit(
        path("a/", Misnamed.as_view()), path("shelves/", Shelves.as_view())
    ).routes
    [verb] = misnamed.verbs
    [departure] = verb.departures
    assert (verb.verb, departure.name) == ("GET", "unreadable")
    assert "names 'NOTHING'" in departure.message
    assert shelves == SHELVES


def test_a_handler_that_is_not_installed_is_the_whole_projects_departure(
    audit: Any, settings: Any
) -> None:
    settings.REST_FRAMEWORK = {}
    found = audit()
    assert [(verb, route, one.name) for verb, route, one in found.get_departures()] == [
        ("*", "*", "handler")
    ]


def test_departures_come_with_their_verbs_and_routes() -> None:
    one, two, three = (Departure(name, "") for name in "abc")
    verb = VerbReport("GET", departures=(three,))
    audit = Audit([RouteReport("/a", "View", (two,), [verb])], (one,))
    assert list(audit.get_departures()) == [
        ("*", "*", one),
        ("*", "/a", two),
        ("GET", "/a", three),
    ]
