"""Locations: the URL of a resource that was just created."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Model
from django.urls import NoReverseMatch, get_resolver, get_urlconf, reverse
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param
from rest_framework.versioning import QueryParameterVersioning

from django_apierrors.failsafe import log_failure
from django_apierrors.routes import find_detail_routes, get_lookup

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView
    from rest_framework.request import Request

    View = GenericAPIView[Any]


def find_location(view: View, data: Any) -> str | None:
    """Return the absolute URL of the resource that `data` shows, `None` where none can be made.

    The first that holds of: the serializer's own `url`, the model's `get_absolute_url()`, the route
    of the resource's detail view. Whatever fails on the way is logged and passed over, since the
    resource is there already.
    """
    if not isinstance(data, Mapping):
        return None
    for find in (get_identity_url, get_model_url, get_route_url):
        try:
            location = make_absolute(view.request, find(view, data))
        except Exception:
            log_failure(f"looking for the Location of a resource in {find.__name__}()")
        else:
            if location is not None:
                return location
    return None


def get_identity_url(view: View, data: Any) -> str | None:
    """Return the `url` of `data` where it is the resource's, not just a field of that name."""
    name = api_settings.URL_FIELD_NAME
    if name not in data:
        return None
    fields = getattr(getattr(data, "serializer", None), "fields", {})
    is_identity = name in fields and isinstance(fields[name], HyperlinkedIdentityField)
    return data[name] if is_identity else None


def get_model_url(view: View, data: Any) -> str | None:
    """Return what the instance's `get_absolute_url()` says."""
    instance = get_instance(data)
    return instance.get_absolute_url() if hasattr(instance, "get_absolute_url") else None


def get_route_url(view: View, data: Any) -> str | None:
    """Return the URL of the detail route, with the variables of the request's own URL."""
    match = view.request.resolver_match
    model = get_model(view, data)
    if match is None or (model is None and is_extra_action(view)):
        # What an extra action makes need not be what its viewset shows.
        return None
    urlconf = get_urlconf() or settings.ROOT_URLCONF
    resolver = get_resolver(urlconf)
    own = {name: value for name, value in match.kwargs.items() if name != get_format_variable()}
    for route in find_detail_routes(resolver, match.namespaces, match.url_name or "", model):
        lookup = get_lookup(route, view)
        key = get_key(data, lookup[1]) if lookup else None
        if lookup is None or key is None:
            continue
        known = {name: value for name, value in own.items() if name in route.variables}
        try:
            return reverse(route.get_view_name(), urlconf, kwargs={**known, lookup[0]: key})
        except NoReverseMatch:
            continue
    return None


def get_model(view: View, data: Any) -> type[Model] | None:
    """Return the model of the resource, `None` where nothing tells.

    The instance's own; else, for a document without one, that of the view's queryset.
    """
    instance = get_instance(data)
    if isinstance(instance, Model):
        return type(instance)
    queryset = None if is_extra_action(view) else getattr(view, "queryset", None)
    return getattr(queryset, "model", None)


def is_extra_action(view: View) -> bool:
    """Tell whether the view is a viewset at one of its `@action`s."""
    return hasattr(getattr(view, getattr(view, "action", None) or "", None), "mapping")


def get_format_variable() -> str | None:
    """Return the variable that holds the suffix (`.json`) of a URL."""
    return api_settings.FORMAT_SUFFIX_KWARG


def get_key(data: Any, lookup_field: str) -> Any:
    """Return the value of `lookup_field` of the resource, `None` where nothing tells."""
    value = get_instance(data)
    for depth, name in enumerate(lookup_field.split("__")):
        if depth and not isinstance(value, Model):
            # What follows a value is a transform or the kind of the look-up: `name__iexact`.
            break
        value = getattr(value, name, None)
    if value is None:
        value = data.get(lookup_field, data.get("id") if lookup_field == "pk" else None)
    return value


def make_absolute(request: Request, url: str | None) -> str | None:
    """Return `url` as a clean absolute URL of this host, `None` where it is none."""
    if not url or not url.isprintable() or " " in url:
        return None
    absolute = request.build_absolute_uri(url)
    # The path that reverse() gives is this host's; anything else may lead elsewhere.
    is_path = url.startswith("/") and not url.startswith(("//", "/\\"))
    if not is_path:
        parts = urlsplit(absolute)
        if parts.scheme not in ("http", "https") or parts.netloc != request.get_host():
            return None
    scheme = getattr(request, "versioning_scheme", None)
    if isinstance(scheme, QueryParameterVersioning) and request.version is not None:
        return replace_query_param(absolute, scheme.version_param, request.version)
    return absolute


def get_instance(data: Any) -> Any:
    """Return the instance behind `serializer.data`, `None` behind any other data."""
    return getattr(getattr(data, "serializer", None), "instance", None)
