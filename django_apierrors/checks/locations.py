"""System check: the views that make resources of which nothing says where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.urls import URLResolver, get_resolver
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.settings import api_settings

from django_apierrors.mixins import CreateModelMixin, LocationMixin
from django_apierrors.routing import (
    Route,
    find_detail_routes,
    find_lookup,
    get_routes,
)


def check_locations() -> list[CheckMessage]:
    """Return a warning for each view of ours that creates without a `Location`."""
    try:
        return list(find_unlocated(get_resolver()))
    except Exception:
        # A URLconf that is broken Django's own checks tell about.
        return []


def find_unlocated(resolver: URLResolver) -> Iterator[CheckMessage]:
    """Yield the warnings, one for each view and name: a route with a suffix is the same again."""
    seen = set()
    for route in get_routes(resolver):
        if not creates(route) or is_located(route, resolver):
            continue
        cls = route.view.cls
        if (cls, route.namespaces, route.name) in seen:
            continue
        seen.add((cls, route.namespaces, route.name))
        detail = ":".join([*route.namespaces, f"{get_prefix(route)}-detail"])
        yield Warning(
            f"{cls.__module__}.{cls.__qualname__} at '/{route.pattern}' creates resources, and no "
            "Location can be made for them.",
            "Give its serializer a HyperlinkedIdentityField called "
            f"{api_settings.URL_FIELD_NAME!r}, or its model a get_absolute_url(), or the view that "
            f"shows one resource the route name {detail!r}; or override get_location().",
            obj=cls,
            id="django_apierrors.W004",
        )


def get_prefix(route: Route) -> str:
    """Return what the name of the detail route may begin with, an example where nothing tells."""
    meta = getattr(get_model(route), "_meta", None)
    return route.name.rpartition("-")[0] or getattr(meta, "model_name", "thing")


def creates(route: Route) -> bool:
    """Tell whether a POST to `route` creates by our mixin, which is to find the `Location`."""
    cls = getattr(route.view, "cls", None)
    if cls is None or not issubclass(cls, CreateModelMixin):
        return False
    if "post" not in route.get_attribute("http_method_names"):
        return False
    own = (cls.get_location, cls.get_success_headers)
    if own != (LocationMixin.get_location, CreateModelMixin.get_success_headers):
        return False
    actions = getattr(route.view, "actions", None)
    return hasattr(cls, "post") if actions is None else actions.get("post") == "create"


def is_located(route: Route, resolver: URLResolver) -> bool:
    """Tell whether a `Location` can be made, or whether the view alone knows."""
    serializer_class = get_serializer_class(route)
    if serializer_class is None:
        return True
    model = get_model(route)
    return (
        has_identity(serializer_class)
        or hasattr(model, "get_absolute_url")
        or has_detail_route(route, resolver, model)
    )


def get_model(route: Route) -> Any:
    """Return the model of what the view creates, `None` where nothing tells."""
    meta = getattr(get_serializer_class(route), "Meta", None)
    return getattr(meta, "model", None) or route.model


def get_serializer_class(route: Route) -> Any:
    """Return the serializer of the view, `None` where only a request tells which it is."""
    try:
        view = make_view(route)
        return view.get_serializer_class()
    except Exception:
        return None


def make_view(route: Route) -> Any:
    """Return the view of the route as it is before a request, at its action that creates."""
    view = route.view.cls(**route.view.initkwargs)
    view.request, view.args, view.kwargs, view.action = None, (), {}, "create"
    return view


def has_identity(serializer_class: Any) -> bool:
    """Tell whether the resource shows its own URL."""
    try:
        field = serializer_class().fields.get(api_settings.URL_FIELD_NAME)
    except Exception:
        # The fields of some depend on a request too.
        return True
    return isinstance(field, HyperlinkedIdentityField)


def has_detail_route(route: Route, resolver: URLResolver, model: Any) -> bool:
    """Tell whether there is a route to the resource whose variables are all known by then."""
    for detail in find_detail_routes(resolver, route.namespaces, route.name, model):
        lookup = find_lookup(detail, make_view(route))
        known = {*route.variables, api_settings.FORMAT_SUFFIX_KWARG}
        if lookup is not None and detail.variables - {lookup[0]} <= known:
            return True
    return False
