"""The flat table of a URLconf."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, get_resolver, include, path, re_path
from django.urls.resolvers import RegexPattern

from django_apierrors import generics
from django_apierrors.routing import get_routes
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)


def show(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer."""
    return HttpResponse()


inner = ([path("<int:pk>/", show, name="one")], "inner")

urlpatterns = [
    path("a/<slug:name>/", show, name="a"),
    re_path(r"^b/(?P<key>\d+)/(\w+)$", show),
    path("c/<version>/", include((([path("d/", include(inner))]), "c"), namespace="outer")),
    path("shelves/", generics.ListAPIView.as_view(queryset=Shelf.objects.all()), name="shelves"),
]


def test_included_routes_have_the_text_the_namespaces_and_the_variables_of_all() -> None:
    routes = get_routes(get_resolver())
    assert [(route.pattern, route.view_name, set(route.variables)) for route in routes] == [
        ("a/<slug:name>/", "a", {"name"}),
        (r"^b/(?P<key>\d+)/(\w+)$", "", {"key"}),
        ("c/<version>/d/<int:pk>/", "outer:inner:one", {"version", "pk"}),
        ("shelves/", "shelves", set()),
    ]


def test_a_route_is_walked_to_once() -> None:
    resolver = get_resolver()
    assert get_routes(resolver) is get_routes(resolver)


def test_what_as_view_changes_is_the_attribute() -> None:
    route = get_routes(get_resolver())[-1]
    assert (route.model, route.get_attribute("lookup_field")) == (Shelf, "pk")


def test_a_plain_view_has_no_model() -> None:
    assert get_routes(get_resolver())[0].model is None


def test_a_urlconf_that_includes_itself_is_walked_once() -> None:
    module = ModuleType("loop")
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("end/", show, name="end"),
        path("again/", include(module)),
    ]
    routes = get_routes(URLResolver(RegexPattern(r"^/"), module))
    assert [route.pattern for route in routes] == ["end/"]
