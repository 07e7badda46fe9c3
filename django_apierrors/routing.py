"""Routing: the absolute URL of a new resource, and the URL patterns of a URLconf as a flat list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from django.db.models import Model
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, get_urlconf, reverse
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param
from rest_framework.versioning import QueryParameterVersioning

from django_apierrors.fallback import log_failure

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

    View = GenericAPIView[Any]


def find_location(view: View, data: Any) -> str | None:
    """Return the absolute URL of the resource that `view` created, if there is one.

    `data` is the representation of the resource. The URL is the first of these: the serializer's
    own `url`, the model's `get_absolute_url()`, the URL of the resource's detail route. An
    exception is logged and the next source is used, because the resource exists already. Nothing is
    logged if the key, which the client may have chosen, does not fit the URL pattern.
    """
    if not isinstance(data, Mapping):
        return None
    for find_url in (find_identity_url, find_model_url, find_route_url):
        try:
            location = make_absolute(view.request, find_url(view, data))
        except NoReverseMatch:
            continue
        except Exception:
            log_failure(f"looking for the Location of a resource in {find_url.__name__}()")
        else:
            if location is not None:
                return location
    return None


def find_identity_url(view: View, data: Any) -> str | None:
    """Return the `url` of `data` if its field is a HyperlinkedIdentityField."""
    name = api_settings.URL_FIELD_NAME
    fields = getattr(getattr(data, "serializer", None), "fields", {})
    return data.get(name) if isinstance(fields.get(name), HyperlinkedIdentityField) else None


def find_model_url(view: View, data: Any) -> str | None:
    """Return the result of the instance's `get_absolute_url()`, if it has this method."""
    instance = find_instance(data)
    return instance.get_absolute_url() if hasattr(instance, "get_absolute_url") else None


def find_route_url(view: View, data: Any) -> str | None:
    """Return the URL of the detail route, with the variables of the request's own URL."""
    match = view.request.resolver_match
    model = find_created_model(view, data)
    if match is None or (model is None and is_extra_action(view)):
        return None
    resolver = get_resolver(get_urlconf())
    for route in find_detail_routes(resolver, match.namespaces, match.url_name or "", model):
        lookup = find_lookup(route, view)
        key = find_lookup_value(data, lookup[1]) if lookup else None
        if lookup is None or key is None:
            continue
        variables = {
            name: value
            for name, value in match.kwargs.items()
            if name in route.variables and name != api_settings.FORMAT_SUFFIX_KWARG
        }
        try:
            return reverse(route.view_name, kwargs={**variables, lookup[0]: key})
        except NoReverseMatch:
            continue
    return None


def make_absolute(request: Request, url: str | None) -> str | None:
    """Return `url` as an absolute URL, or `None` if it is malformed or leads to another host."""
    if not url or not url.isprintable() or " " in url:
        return None
    absolute = request.build_absolute_uri(url)
    parts = urlsplit(absolute)
    if parts.scheme not in ("http", "https") or parts.netloc != request.get_host():
        return None
    scheme = getattr(request, "versioning_scheme", None)
    if isinstance(scheme, QueryParameterVersioning) and request.version is not None:
        return replace_query_param(absolute, scheme.version_param, request.version)
    return absolute


def find_instance(data: Any) -> Any:
    """Return the instance behind `serializer.data`, or `None` for any other data."""
    return getattr(getattr(data, "serializer", None), "instance", None)


def find_created_model(view: View, data: Any) -> type[Model] | None:
    """Return the model of the new resource, from its instance or from the view's queryset."""
    instance = find_instance(data)
    if isinstance(instance, Model):
        return type(instance)
    # An extra action may create another model than that of its viewset.
    queryset = None if is_extra_action(view) else getattr(view, "queryset", None)
    return getattr(queryset, "model", None)


def is_extra_action(view: View) -> bool:
    """Whether the view is a viewset that handles one of its `@action`s."""
    return hasattr(getattr(view, getattr(view, "action", None) or "", None), "mapping")


def find_lookup_value(data: Any, lookup_field: str) -> Any:
    """Return the value of `lookup_field` of the resource, `None` if it is unknown."""
    value = find_instance(data)
    for depth, name in enumerate(lookup_field.split("__")):
        if depth and not isinstance(value, Model):
            # The rest is a transform or the type of the lookup: `name__iexact`.
            break
        value = getattr(value, name, None)
    if value is None:
        value = data.get(lookup_field, data.get("id") if lookup_field == "pk" else None)
    return value


class Route(NamedTuple):
    """A URL pattern, with the prefixes, namespaces and variables of the `include()`s around it."""

    # As written in the URLconf: `shelves/<int:pk>/` or `^shelves/(?P<pk>[0-9]+)/$`.
    pattern: str
    namespaces: tuple[str, ...]
    name: str
    # The names of the variables of the URL.
    variables: frozenset[str]
    # The callback: a function, or the result of `as_view()`.
    view: Any

    @property
    def view_name(self) -> str:
        """The name for `reverse()`, with the namespaces."""
        return ":".join([*self.namespaces, self.name])

    @property
    def model(self) -> type[Model] | None:
        """The model of the view's queryset or serializer class, if the class has these."""
        model = getattr(self.get_attribute("queryset"), "model", None)
        meta = getattr(self.get_attribute("serializer_class"), "Meta", None)
        return model or getattr(meta, "model", None)

    def get_attribute(self, name: str) -> Any:
        """Return an attribute of the view: an argument of `as_view()`, or else of its class."""
        cls = getattr(self.view, "cls", None)
        return getattr(self.view, "initkwargs", {}).get(name, getattr(cls, name, None))


# Django makes another resolver if the URLconf changes.
_routes: WeakKeyDictionary[URLResolver, Mapping[str, Sequence[Route]]] = WeakKeyDictionary()


def get_routes(resolver: URLResolver) -> Sequence[Route]:
    """Return all routes of a URLconf, including those of included URLconfs."""
    return tuple(_walk(resolver))


def get_routes_by_name(resolver: URLResolver) -> Mapping[str, Sequence[Route]]:
    """Return all routes of a URLconf by their names; a project may have a thousand."""
    if resolver not in _routes:
        routes: dict[str, list[Route]] = {}
        for route in get_routes(resolver):
            routes.setdefault(route.name, []).append(route)
        _routes[resolver] = routes
    return _routes[resolver]


def find_detail_routes(
    resolver: URLResolver, namespaces: Sequence[str], name: str, model: type[Model] | None
) -> Sequence[Route]:
    """Return the detail routes of a new resource, an instance of `model`.

    `name` is the name of the route whose view has created the resource.

    The names `thing-list` and `thing-copy` (of an extra action) lead to `thing-detail`; then the
    name of the model is tried. Routes to a view of another model are left out.
    """
    routes = get_routes_by_name(resolver)
    return [
        route
        for detail_name in dict.fromkeys(get_detail_names(name, model))
        for route in routes.get(detail_name, ())
        if route.namespaces == tuple(namespaces)
        and (model is None or issubclass(model, route.model or object))
    ]


def get_detail_names(name: str, model: type[Model] | None) -> Sequence[str]:
    """Return the possible names of a detail route, the likeliest first."""
    parts = name.split("-")[:-1]
    names = ["-".join([*parts[:length], "detail"]) for length in range(len(parts), 0, -1)]
    return names if model is None else [*names, f"{model._meta.model_name}-detail"]


def find_lookup(route: Route, view: Any) -> tuple[str, str] | None:
    """Return the variable and the lookup field of a detail route, else those of `view`."""
    field, variable = map(route.get_attribute, ("lookup_field", "lookup_url_kwarg"))
    if not field:
        field, variable = view.lookup_field, view.lookup_url_kwarg
    variable = variable or field
    return (variable, field) if variable in route.variables else None


def _walk(
    resolver: URLResolver,
    prefix: str = "",
    namespaces: tuple[str, ...] = (),
    prefix_variables: frozenset[str] = frozenset(),
    parents: tuple[int, ...] = (),
) -> Iterator[Route]:
    entries: Sequence[URLPattern | URLResolver] = resolver.url_patterns
    if id(entries) in parents:
        # Django allows a URLconf that includes itself.
        return
    for entry in entries:
        pattern = f"{prefix}{entry.pattern}"
        variables = prefix_variables | set(entry.pattern.regex.groupindex)
        if isinstance(entry, URLPattern):
            yield Route(pattern, namespaces, entry.name or "", variables, entry.callback)
        else:
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _walk(entry, pattern, inner, variables, (*parents, id(entries)))
