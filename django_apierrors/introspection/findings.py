"""The findings of the audit, and the rules by which a project ignores some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.urls import get_resolver
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import CreateModelMixin
from rest_framework.viewsets import ViewSetMixin

from django_apierrors.checks.installation import check_handler
from django_apierrors.checks.locations import (
    creates,
    get_serializer_class,
    has_identity,
    is_located,
)
from django_apierrors.introspection.endpoints import WITH_BODY, Endpoint
from django_apierrors.mixins import LocationMixin
from django_apierrors.renderers import JSONRenderer
from django_apierrors.routing import Route
from django_apierrors.semantics import ALLOWED_STATUSES, StatusAwareMixin

STOCK = (GenericAPIView, ViewSetMixin)


@dataclass(frozen=True)
class Departure:
    """One departure: its name, by which it can be ignored, and what it is in words."""

    name: str
    message: str


@dataclass(frozen=True)
class Subject:
    """A verb of a view at a route, and the statuses that it succeeds with."""

    route: Route
    endpoint: Endpoint
    successes: Sequence[int]


def find_verb_departures(subject: Subject) -> Iterator[Departure]:
    """Yield the departures of one verb of a view."""
    for name, tell in OF_VERBS.items():
        message = tell(subject)
        if message is not None:
            yield Departure(name, message)


def find_view_departures(view: Any) -> Iterator[Departure]:
    """Yield the departures of a view, whatever the verb."""
    for name, tell in OF_VIEWS.items():
        message = tell(view)
        if message is not None:
            yield Departure(name, message)


def find_project_departures() -> Iterator[Departure]:
    """Yield the departures of the project as a whole."""
    for check in check_handler():
        yield Departure("handler", f"{check.msg} {check.hint}")


def tell_patch(subject: Subject) -> str | None:
    """Tell of a PATCH, which the API document does not have."""
    if subject.endpoint.method != "PATCH":
        return None
    return "Updates go by PUT. Leave 'patch' out of http_method_names; partial_put = True helps."


def tell_status(subject: Subject) -> str | None:
    """Tell of a success that the verb does not have."""
    method = subject.endpoint.method
    wrong = [status for status in subject.successes if status not in ALLOWED_STATUSES[method]]
    if not wrong:
        return None
    allowed = ", ".join(map(str, sorted(ALLOWED_STATUSES[method])))
    return f"{method} succeeds with {wrong[0]}. Answer with one of {allowed}."


def tell_location(subject: Subject) -> str | None:
    """Tell of a creation that does not say where the new resource is."""
    if subject.endpoint.method != "POST" or 201 not in subject.successes:
        return None
    if has_location(subject):
        return None
    return (
        "A 201 has no Location. Give the serializer a HyperlinkedIdentityField called 'url', the "
        "model a get_absolute_url(), or the resource a route whose name ends in '-detail', and "
        "create by django_apierrors.mixins.CreateModelMixin."
    )


def has_location(subject: Subject) -> bool:
    """Tell whether a `Location` is made, or whether only a request tells."""
    route, view = subject.route, subject.endpoint.view
    if isinstance(view, LocationMixin):
        return not creates(route) or is_located(route, get_resolver())
    if not isinstance(view, CreateModelMixin):
        return True
    if type(view).get_success_headers is not CreateModelMixin.get_success_headers:
        return True
    serializer_class = get_serializer_class(route)
    return serializer_class is None or has_identity(serializer_class)


def tell_parser(subject: Subject) -> str | None:
    """Tell of a parser that reads anything but JSON."""
    if subject.endpoint.method not in WITH_BODY:
        return None
    parsers = get_classes(subject.endpoint.view, "get_parsers", "parser_classes")
    others = get_names(cls for cls in parsers if not str(cls.media_type).endswith("json"))
    return f"Reads what is not JSON: leave {others} out of parser_classes." if others else None


def tell_renderer(view: Any) -> str | None:
    """Tell of a renderer that does not bring returned errors into the format."""
    renderers = get_classes(view, "get_renderers", "renderer_classes")
    others = get_names(cls for cls in renderers if not issubclass(cls, JSONRenderer))
    if not others:
        return None
    return (
        f"Errors that the view returns keep the shape that {others} gives them: use "
        "django_apierrors.renderers.JSONRenderer, or a subclass."
    )


def tell_stock(view: Any) -> str | None:
    """Tell of a generic view or viewset of DRF, where ours of the same name would serve."""
    cls = type(view)
    if issubclass(cls, StatusAwareMixin) or not issubclass(cls, STOCK):
        return None
    bases = (base for base in cls.__mro__ if base.__module__.startswith("rest_framework."))
    stock = next(base for base in bases if issubclass(base, STOCK))
    room = "viewsets" if issubclass(cls, ViewSetMixin) else "generics"
    return (
        f"Not held to the verb table: use the {stock.__name__} of django_apierrors.{room} in place "
        f"of {stock.__module__}."
    )


def get_classes(view: Any, method: str, attribute: str) -> list[type[Any]]:
    """Return the classes of what the view's method makes, else those that it names."""
    try:
        found = getattr(view, method)()
    except Exception:
        # Some make them by the request alone.
        found = getattr(view, attribute)
    return [one if isinstance(one, type) else type(one) for one in found]


def get_names(classes: Iterable[type[Any]]) -> str:
    """Return the names of classes."""
    return ", ".join(f"{cls.__module__}.{cls.__qualname__}" for cls in classes)


OF_VERBS: Mapping[str, Callable[[Subject], str | None]] = {
    "patch": tell_patch,
    "status": tell_status,
    "location": tell_location,
    "parser": tell_parser,
}
OF_VIEWS: Mapping[str, Callable[[Any], str | None]] = {
    "renderer": tell_renderer,
    "stock": tell_stock,
}


@dataclass
class Rule:
    """`ROUTE:DEPARTURE` or `VERB ROUTE:DEPARTURE`; `*` stands for anything in each of them."""

    text: str
    is_used: bool = False

    def __post_init__(self) -> None:
        """Take the parts; raise ValueError where one is missing."""
        # A route may hold a colon: <int:pk>.
        self.route, _, self.name = self.text.rpartition(":")
        if not self.route or not self.name:
            raise ValueError(f"{self.text!r} is not of the form ROUTE:DEPARTURE.")

    def matches(self, verb: str, route: str, departure: Departure) -> bool:
        """Tell whether a departure is to be ignored."""
        # A route may have brackets, which are no pattern of ours.
        pattern = self.route.replace("[", "[[]")
        is_there = fnmatchcase(route, pattern) or fnmatchcase(f"{verb} {route}", pattern)
        found = is_there and fnmatchcase(departure.name, self.name)
        self.is_used = self.is_used or found
        return found


def read_rules(texts: Sequence[str], paths: Sequence[str]) -> list[Rule]:
    """Return the rules of texts and of files, in which `#` begins a comment."""
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    written = (line.partition("#")[0].strip() for line in lines)
    return [Rule(text) for text in [*texts, *filter(None, written)]]


def is_ignored(rules: Sequence[Rule], verb: str, route: str, departure: Departure) -> bool:
    """Tell whether any rule matches; all are asked, so that one that nothing needs can be told."""
    matches = [rule.matches(verb, route, departure) for rule in rules]
    return any(matches)
