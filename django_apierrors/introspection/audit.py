"""The audit: what each verb of each route can answer, and where it departs from the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver
from rest_framework.schemas.generators import BaseSchemaGenerator
from rest_framework.settings import api_settings

from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.introspection.findings import (
    Departure,
    Subject,
    find_project_departures,
    find_verb_departures,
    find_view_departures,
)
from django_apierrors.introspection.possible_errors import get_errors, get_success_statuses
from django_apierrors.recognition.permissions import METHODS
from django_apierrors.routing import Route, get_routes

Found: TypeAlias = tuple[str, str, Departure]


@dataclass(frozen=True)
class VerbReport:
    """A verb: its success statuses, its errors by status and code, its departures."""

    verb: str
    successes: Sequence[int] = ()
    errors: Sequence[tuple[int, str]] = ()
    departures: Sequence[Departure] = ()


@dataclass(frozen=True)
class RouteReport:
    """A route: its path, its view, the departures of the view, and the verbs of it."""

    route: str
    view: str
    departures: Sequence[Departure] = ()
    verbs: Sequence[VerbReport] = ()


@dataclass
class Audit:
    """What an audit has found; `others` counts the routes whose views are not DRF's."""

    routes: list[RouteReport] = field(default_factory=list)
    departures: Sequence[Departure] = ()
    others: int = 0

    def get_departures(self) -> Iterator[Found]:
        """Yield every departure with its verb and its route; `*` stands for all of them."""
        for departure in self.departures:
            yield "*", "*", departure
        for report in self.routes:
            for departure in report.departures:
                yield "*", report.route, departure
            for verb in report.verbs:
                for departure in verb.departures:
                    yield verb.verb, report.route, departure


def make_audit(resolver: URLResolver) -> Audit:
    """Return what there is to say of a URLconf; raise what it raises where it is broken."""
    audit = Audit(departures=tuple(find_project_departures()))
    seen = set()
    for route in get_routes(resolver):
        try:
            is_of_drf = hasattr(getattr(route.view, "cls", None), "renderer_classes")
        except Exception as exc:
            # A view that is imported when it is first asked for, and cannot be.
            audit.routes.append(RouteReport(get_path(route), "?", make_unreadable(exc)))
            continue
        if not is_of_drf:
            audit.others += 1
            continue
        key = (route.view.cls, route.namespaces, route.name)
        # With `format` in its URL it is the same again.
        if key not in seen or api_settings.FORMAT_SUFFIX_KWARG not in route.variables:
            seen.add(key)
            audit.routes.append(audit_route(route))
    return audit


def audit_route(route: Route) -> RouteReport:
    """Return what there is to say of a route to a view of DRF."""
    name = f"{route.view.cls.__module__}.{route.view.cls.__qualname__}"
    try:
        view = BaseSchemaGenerator().create_view(route.view, "OPTIONS")
        departures = tuple(find_view_departures(view))
    except Exception as exc:
        return RouteReport(get_path(route), name, make_unreadable(exc))
    verbs = [audit_verb(route, verb) for verb in get_verbs(route)]
    return RouteReport(get_path(route), name, departures, verbs)


def audit_verb(route: Route, verb: str) -> VerbReport:
    """Return what there is to say of a verb of a route."""
    try:
        view = BaseSchemaGenerator().create_view(route.view, verb)
        successes = get_success_statuses(view, verb, route.pattern)
        errors = [
            (error.status, error.code.name) for error in get_errors(view, verb, route.pattern)
        ]
        subject = Subject(route, Endpoint(view, verb, route.pattern), successes)
        return VerbReport(verb, successes, errors, tuple(find_verb_departures(subject)))
    except Exception as exc:
        return VerbReport(verb, departures=make_unreadable(exc))


def get_verbs(route: Route) -> Sequence[str]:
    """Return the verbs of the view that read or write, in the order of their table."""
    names = route.get_attribute("http_method_names")
    actions = getattr(route.view, "actions", None)
    return [
        verb
        for verb in METHODS
        if (name := verb.lower()) in names
        and (name in actions if actions is not None else hasattr(route.view.cls, name))
    ]


def make_unreadable(exc: Exception) -> Sequence[Departure]:
    """Return the departure of a view that raises before there is a request."""
    return (Departure("unreadable", f"It cannot be read: {type(exc).__name__}: {exc}"),)


def get_path(route: Route) -> str:
    """Return the text of a route as a path, in whichever of Django's spellings it is."""
    path: str = simplify_regex(route.pattern)
    return path
