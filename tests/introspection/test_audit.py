"""The audit of a URLconf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from adrf.generics import RetrieveUpdateAPIView as AsyncRetrieveUpdateAPIView
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, include, path, re_path
from django.views.decorators.cache import cache_page
from rest_framework.decorators import action, api_view
from rest_framework.exceptions import Throttled
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import DefaultRouter

from django_apierrors import generics, viewsets
from django_apierrors.introspection.audit import Audit, MethodReport, RouteReport, make_audit
from django_apierrors.introspection.findings import Finding
from django_apierrors.semantics import StatusAwareMixin
from tests.models import Shelf


class Shelves(generics.ListAPIView):
    queryset = Shelf.objects.all()
    authentication_classes = []
    permission_classes = []
    pagination_class = None
    possible_errors = [Throttled]


class ShelfViewSet(viewsets.ModelViewSet):
    queryset = Shelf.objects.all()

    @action(detail=True, methods=["patch"])
    def label(self, request: Any, pk: str) -> Any:
        raise NotImplementedError


class Misnamed(Shelves):
    possible_errors = ["NOTHING"]


class NeedsRequest(Shelves):
    def __init__(self, **kwargs: Any) -> None:
        raise RuntimeError("No request.")


def show(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class LazyView:
    """A view that is imported when an attribute is read, and whose import fails."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def __getattr__(self, name: str) -> Any:
        raise ImportError("No module named 'shop'")


@pytest.fixture
def audit(set_urls: Any) -> Callable[..., Audit]:
    """Return a function that audits URL patterns."""

    def audit_patterns(*patterns: Any) -> Audit:
        set_urls(*patterns)
        return make_audit(get_resolver())

    return audit_patterns


def make_report(name: str, findings: Any = (), methods: Any = ()) -> RouteReport:
    return RouteReport("/shelves/", f"{__name__}.{name}", findings, methods)


SHELVES = make_report(
    "Shelves",
    methods=[
        MethodReport(
            "GET",
            (200,),
            [
                {"status": 415, "code": "UNSUPPORTED_MEDIA_TYPE"},
                {"status": 429, "code": "THROTTLED"},
                {"status": 500, "code": "INTERNAL_ERROR"},
                {"status": 503, "code": "SERVICE_UNAVAILABLE"},
            ],
        )
    ],
)


@pytest.mark.parametrize(
    "view", [Shelves.as_view(), cache_page(60)(Shelves.as_view())], ids=["plain", "decorated"]
)
def test_a_method_has_its_success_status_and_its_errors(audit: Any, view: Any) -> None:
    assert audit(path("shelves/", view)) == Audit([SHELVES])


def test_views_that_are_not_drfs_are_counted_only(audit: Any) -> None:
    patterns = path("a/", show), re_path("^b/", show), path("c/", include([path("", show)]))
    assert audit(*patterns) == Audit(others=3)


def test_routes_are_shown_as_paths_and_a_view_may_have_two(audit: Any) -> None:
    report = audit(
        path("shelves/<int:pk>/", Shelves.as_view()),
        re_path(r"^shelves/(?P<pk>\d+)/$", Shelves.as_view()),
        path("api/", include([re_path(r"^a/(\w+)$", Shelves.as_view())])),
    )
    assert [route.route for route in report.routes] == [
        "/shelves/<int:pk>/",
        "/shelves/<pk>/",
        "/api/a/<var>",
    ]


def test_a_router_is_audited_once_without_its_format_suffixes(audit: Any) -> None:
    router = DefaultRouter()
    router.register("shelves", ShelfViewSet)
    routes = audit(path("", include(router.urls))).routes
    # PATCH is shown where the view declares it, not where a mixin of DRF does.
    assert [(route.route, [report.method for report in route.methods]) for route in routes] == [
        ("/shelves/", ["GET", "POST"]),
        ("/shelves/<pk>/", ["GET", "PUT", "DELETE"]),
        ("/shelves/<pk>/label/", ["PATCH"]),
        ("/", ["GET"]),
    ]
    [report] = routes[2].methods
    assert report.successes == (200,)


def test_a_patch_that_the_view_never_responds_to_is_a_405(audit: Any) -> None:
    view = ShelfViewSet.as_view({"patch": "label"}, http_method_names=["get"])
    [route] = audit(path("a/<pk>/", view)).routes
    [report] = route.methods
    errors = [{"status": 405, "code": "METHOD_NOT_ALLOWED"}]
    assert (report.method, report.successes, report.errors) == ("PATCH", (), errors)


def test_a_patch_of_adrf_is_not_a_method_of_a_view_that_disables_it(audit: Any) -> None:
    class ShelfView(StatusAwareMixin, AsyncRetrieveUpdateAPIView):
        queryset = Shelf.objects.all()

    [route] = audit(path("a/<pk>/", ShelfView.as_view())).routes
    assert [report.method for report in route.methods] == ["GET", "PUT"]


def test_a_function_view_of_drf_has_its_own_methods(audit: Any) -> None:
    [route] = audit(path("a/", api_view(["PUT", "GET"])(show))).routes
    reports = [(report.method, report.successes) for report in route.methods]
    assert reports == [("GET", (200,)), ("PUT", (200,))]


def test_a_view_that_raises_is_a_finding_and_the_others_are_audited(audit: Any) -> None:
    views = [LazyView(), NeedsRequest.as_view(), Misnamed.as_view(), Shelves.as_view()]
    lazy, created, misnamed, shelves = audit(*(path("shelves/", view) for view in views)).routes
    text = "The view cannot be read: ImportError: No module named 'shop'"
    assert lazy == RouteReport("/shelves/", "?", (Finding("unreadable", text, "/shelves/"),))
    text = "The view cannot be read: RuntimeError: No request."
    assert created == make_report("NeedsRequest", (Finding("unreadable", text, "/shelves/"),))
    [report] = misnamed.methods
    [finding] = report.findings
    assert (finding.name, finding.route, finding.method) == ("unreadable", "/shelves/", "GET")
    assert "names 'NOTHING'" in finding.message
    assert shelves == SHELVES


def test_findings_are_those_of_the_project_the_views_and_the_methods(
    audit: Any, settings: Any
) -> None:
    settings.REST_FRAMEWORK, settings.MIDDLEWARE = {}, []
    actions = {"patch": "partial_update"}
    view = ShelfViewSet.as_view(
        actions, http_method_names=["patch"], renderer_classes=[JSONRenderer]
    )
    report = audit(path("a/", view))
    assert [finding.get_rule() for finding in report.get_findings()] == [
        "*:handler",
        "/a/:renderer",
        "PATCH /a/:patch",
    ]
