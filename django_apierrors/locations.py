"""Locations: the URL of a resource that was just created."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db.models import Model
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.settings import api_settings
from rest_framework.versioning import QueryParameterVersioning

from django_apierrors.failsafe import log_failure

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
    fields = getattr(getattr(data, "serializer", None), "fields", {})
    is_identity = name in fields and isinstance(fields[name], HyperlinkedIdentityField)
    return data.get(name) if is_identity else None


def get_model_url(view: View, data: Any) -> str | None:
    """Return what the instance's `get_absolute_url()` says."""
    instance = get_instance(data)
    return instance.get_absolute_url() if hasattr(instance, "get_absolute_url") else None


def get_route_url(view: View, data: Any) -> str | None:
    """Return the URL of the detail route, with the variables of the request's own URL."""
    match = view.request.resolver_match
    if match is None:
        return None
    key = get_key(view, data)
    own = {name: value for name, value in match.kwargs.items() if name != "format"}
    for name in get_route_names(view, data):
        for variables in ({**own, **key}, key):
            try:
                url = reverse(":".join([*match.namespaces, name]), kwargs=variables)
            except NoReverseMatch:
                continue
            if is_route_of(url, get_instance(data)):
                return url
    return None


def get_route_names(view: View, data: Any) -> Iterator[str]:
    """Yield the names that the detail route may have: beside this route's, then by the model."""
    match = view.request.resolver_match
    prefix, dash, _ = ((match and match.url_name) or "").rpartition("-")
    if dash:
        yield f"{prefix}-detail"
    instance = get_instance(data)
    if isinstance(instance, Model):
        yield f"{instance._meta.model_name}-detail"


def get_key(view: View, data: Any) -> dict[str, Any]:
    """Return the variable that the detail route takes, by the view's `lookup_field`."""
    name = view.lookup_url_kwarg or view.lookup_field
    value = get_instance(data)
    if value is None:
        return {name: data[view.lookup_field if view.lookup_field in data else "id"]}
    for attribute in view.lookup_field.split("__"):
        value = getattr(value, attribute)
    return {name: value}


def is_route_of(url: str, instance: Any) -> bool:
    """Tell whether the view at `url` shows resources like `instance`, as far as it tells."""
    try:
        view_class = getattr(resolve(urlsplit(url).path).func, "cls", None)
    except Resolver404:
        return False
    model = getattr(getattr(view_class, "queryset", None), "model", None)
    return model is None or instance is None or isinstance(instance, model)


def make_absolute(request: Request, url: str | None) -> str | None:
    """Return `url` as a clean absolute URL of this host, `None` where it is none."""
    if not url or not url.isprintable() or " " in url:
        return None
    absolute = request.build_absolute_uri(url)
    parts = urlsplit(absolute)
    if parts.scheme not in ("http", "https") or parts.netloc != request.get_host():
        return None
    scheme = getattr(request, "versioning_scheme", None)
    version = getattr(request, "version", None)
    if isinstance(scheme, QueryParameterVersioning) and version and not parts.query:
        absolute = f"{absolute}?{scheme.version_param}={version}"
    return absolute


def get_instance(data: Any) -> Any:
    """Return the instance behind `serializer.data`, `None` behind any other data."""
    return getattr(getattr(data, "serializer", None), "instance", None)
