"""Whether the `Location` of a new resource can be found, without a request."""

from __future__ import annotations

from typing import Any

from django.urls import URLResolver
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.settings import api_settings

from django_apierrors.introspection.endpoints import create_view, get_meta_model
from django_apierrors.mixins import CreateModelMixin, LocationMixin
from django_apierrors.routing import Route, find_detail_routes, find_lookup


def is_create_route(route: Route) -> bool:
    """Whether a POST to `route` creates by our mixin, which has to find the `Location`."""
    cls = getattr(route.view, "cls", None)
    if (
        cls is None
        or not issubclass(cls, CreateModelMixin)
        or cls.get_location is not LocationMixin.get_location
        or cls.get_success_headers is not CreateModelMixin.get_success_headers
        or "post" not in route.get_attribute("http_method_names")
    ):
        return False
    actions = getattr(route.view, "actions", None)
    return hasattr(cls, "post") if actions is None else actions.get("post") == "create"


def can_make_location(route: Route, resolver: URLResolver) -> bool:
    """Whether a `Location` can be made for the resources of a create route."""
    try:
        view = create_view(route, "POST")
    except Exception:
        # The view needs a request, so its `Location` is assumed.
        return True
    if has_url_field(view):
        return True
    model = find_view_model(route, view)
    return hasattr(model, "get_absolute_url") or any(
        lookup is not None
        and detail.variables <= {*route.variables, api_settings.FORMAT_SUFFIX_KWARG, lookup[0]}
        for detail in find_detail_routes(resolver, route.namespaces, route.name, model)
        for lookup in [find_lookup(detail, view)]
    )


def has_url_field(view: Any) -> bool:
    """Whether the view's serializer has the URL of its resource, or is known only in a request."""
    try:
        field = view.get_serializer().fields.get(api_settings.URL_FIELD_NAME)
    except Exception:
        return True
    return isinstance(field, HyperlinkedIdentityField)


def find_view_model(route: Route, view: Any) -> Any:
    """Return the model that the view creates, `None` if it is unknown."""
    return get_meta_model(view.get_serializer_class()) or route.model
