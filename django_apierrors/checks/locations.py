"""System check of the views that create resources without a `Location`."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage, Warning
from django.urls import URLResolver, get_resolver

from django_apierrors.introspection.endpoints import create_view
from django_apierrors.introspection.locations import (
    can_make_location,
    find_view_model,
    is_create_route,
)
from django_apierrors.routing import Route, get_routes
from django_apierrors.semantics import LOCATION


def find_missing_locations() -> list[CheckMessage]:
    """Return a warning for each view of ours that creates resources without a `Location`."""
    try:
        return list(_check_routes(get_resolver()))
    except Exception:
        # Django's own checks report a broken URLconf.
        return []


def _check_routes(resolver: URLResolver) -> Iterator[CheckMessage]:
    seen = set()
    for route in get_routes(resolver):
        if not is_create_route(route) or can_make_location(route, resolver):
            continue
        cls = route.view.cls
        # A route with a format suffix has the same view and name.
        if (cls, route.namespaces, route.name) in seen:
            continue
        seen.add((cls, route.namespaces, route.name))
        name = _get_detail_name(route)
        yield Warning(
            f"{cls.__module__}.{cls.__qualname__} at '/{route.pattern}' creates resources, but no "
            f"Location can be built for them: no suitable URL pattern is named {name!r}.",
            LOCATION.hint,
            obj=cls,
            id="django_apierrors.W004",
        )


def _get_detail_name(route: Route) -> str:
    meta = getattr(find_view_model(route, create_view(route, "POST")), "_meta", None)
    prefix = route.name.rpartition("-")[0] or getattr(meta, "model_name", "thing")
    return ":".join([*route.namespaces, f"{prefix}-detail"])
