"""Routing: the URL patterns of a URLconf as a flat list, and the URL of a new resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db.models import Model
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, get_urlconf, reverse
from rest_framework.relations import HyperlinkedIdentityField
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param
from rest_framework.versioning import QueryParameterVersioning

from django_apierrors.fallback import log_failure

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


# The namespaces and the name of a route, and the model of what its view makes.
Maker: TypeAlias = tuple[tuple[str, ...], str, type[Model] | None]


class Route(NamedTuple):
    """A route of the URLconf: its text, its name, the variables of its URL, its view."""

    text: str
    namespaces: tuple[str, ...]
    name: str
    variables: frozenset[str]
    view: Any

    def get_view_name(self) -> str:
        """Return the name by which Django reverses this route."""
        return ":".join([*self.namespaces, self.name])

    def get_attribute(self, name: str) -> Any:
        """Return an attribute of the view's class, as `as_view()` may have changed it."""
        cls = getattr(self.view, "cls", None)
        return getattr(self.view, "initkwargs", {}).get(name, getattr(cls, name, None))

    def get_model(self) -> type[Model] | None:
        """Return the model whose instances the view shows, `None` where it does not tell."""
        model = getattr(self.get_attribute("queryset"), "model", None)
        meta = getattr(self.get_attribute("serializer_class"), "Meta", None)
        return model or getattr(meta, "model", None)


class Table:
    """The routes of a URLconf, and those that show what the view of another one makes."""

    def __init__(self, resolver: URLResolver) -> None:
        """Walk through the URLconf, included ones too."""
        self.routes = tuple(_walk(resolver))
        self.detail_routes: dict[Maker, Sequence[Route]] = {}


# By resolver: Django makes a new one where the URLconf changes.
_tables: WeakKeyDictionary[URLResolver, Table] = WeakKeyDictionary()


def get_routes(resolver: URLResolver) -> Sequence[Route]:
    """Return all routes of a URLconf, those of included ones too."""
    return _get_table(resolver).routes


def find_detail_routes(
    resolver: URLResolver, namespaces: Sequence[str], name: str, model: type[Model] | None
) -> Sequence[Route]:
    """Return the routes that show what the view of the route `name` makes, the likeliest first.

    `thing-list` and the `thing-copy` of an extra action lead to `thing-detail`; else the model's
    name does. A view that is known to show another model is passed over. They are looked for once:
    the model of a view that is changed later, in its class, is not seen.
    """
    known = _get_table(resolver).detail_routes
    maker = (tuple(namespaces), name, model)
    if maker not in known:
        known[maker] = tuple(_find_detail_routes(resolver, *maker))
    return known[maker]


def _get_table(resolver: URLResolver) -> Table:
    table = _tables.get(resolver)
    if table is None:
        table = _tables[resolver] = Table(resolver)
    return table


def _find_detail_routes(
    resolver: URLResolver, namespaces: Sequence[str], name: str, model: type[Model] | None
) -> Iterator[Route]:
    for candidate in _get_detail_names(name, model):
        for route in get_routes(resolver):
            if route.name == candidate and route.namespaces == tuple(namespaces):
                shown = route.get_model()
                if shown is None or model is None or issubclass(model, shown):
                    yield route


def get_lookup(route: Route, maker: Any) -> tuple[str, str] | None:
    """Return the variable of a detail route that holds the key, and the look-up it stands for.

    The view of the route says, else `maker`, the view that made the resource.
    """
    source = route if route.get_attribute("lookup_field") else None
    field = source.get_attribute("lookup_field") if source else maker.lookup_field
    variable = source.get_attribute("lookup_url_kwarg") if source else maker.lookup_url_kwarg
    variable = variable or field
    return (variable, field) if variable in route.variables else None


def _get_detail_names(name: str, model: type[Model] | None) -> Iterator[str]:
    prefix, dash, _ = name.rpartition("-")
    while dash:
        yield f"{prefix}-detail"
        prefix, dash, _ = prefix.rpartition("-")
    if model is not None:
        yield f"{model._meta.model_name}-detail"


def _walk(
    resolver: URLResolver,
    text: str = "",
    namespaces: tuple[str, ...] = (),
    variables: frozenset[str] = frozenset(),
    opened: tuple[int, ...] = (),
) -> Iterator[Route]:
    entries: Sequence[URLPattern | URLResolver] = resolver.url_patterns
    if id(entries) in opened:
        # Django allows a URLconf that includes itself.
        return
    for entry in entries:
        own_text = f"{text}{entry.pattern}"
        own_variables = variables | set(entry.pattern.regex.groupindex)
        if isinstance(entry, URLPattern):
            yield Route(own_text, namespaces, entry.name or "", own_variables, entry.callback)
        else:
            own_namespaces = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _walk(entry, own_text, own_namespaces, own_variables, (*opened, id(entries)))
