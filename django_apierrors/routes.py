"""Routes: the flat table of a URLconf, in which the view that shows a resource is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from django.db.models import Model
from django.urls import URLPattern, URLResolver

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
