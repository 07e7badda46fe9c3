"""The audit: the responses of each method of each route, and the findings about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver
from rest_framework.settings import api_settings

from django_apierrors.introspection.endpoints import Endpoint, create_view
from django_apierrors.introspection.findings import (
    METHOD_RULES,
    VIEW_RULES,
    Finding,
    find_findings,
    find_project_findings,
)
from django_apierrors.introspection.possible_errors import get_errors, get_success_statuses
from django_apierrors.recognition.permissions import METHODS
from django_apierrors.routing import Route, get_routes


@dataclass(frozen=True)
class MethodReport:
    """A method: its success statuses, its errors as dicts of status and code, its findings."""

    method: str
    successes: Sequence[int] = ()
    errors: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class RouteReport:
    """A route: its path, the name of its view, the findings about the view, its methods."""

    route: str
    view: str
    findings: Sequence[Finding] = ()
    methods: Sequence[MethodReport] = ()


@dataclass
class Audit:
    """The result of an audit; `others` counts the routes whose views are not DRF's."""

    routes: list[RouteReport] = field(default_factory=list)
    findings: Sequence[Finding] = ()
    others: int = 0

    def get_findings(self) -> Iterator[Finding]:
        """Yield all findings: about the project, and about each view and its methods."""
        yield from self.findings
        for route in self.routes:
            yield from route.findings
            for method in route.methods:
                yield from method.findings


def make_audit(resolver: URLResolver) -> Audit:
    """Return the audit of a URLconf; raise the exception of a broken URLconf."""
    audit = Audit(findings=tuple(find_project_findings()))
    seen = set()
    for route in get_routes(resolver):
        path = simplify_regex(route.pattern)
        try:
            is_of_drf = hasattr(getattr(route.view, "cls", None), "renderer_classes")
        except Exception as exc:
            # A lazy view is imported when an attribute is read, and the import may fail.
            audit.routes.append(RouteReport(path, "?", _make_unreadable(exc, path)))
            continue
        if not is_of_drf:
            audit.others += 1
            continue
        key = (route.view.cls, route.namespaces, route.name)
        # The route with a format suffix repeats the route without one.
        if key not in seen or api_settings.FORMAT_SUFFIX_KWARG not in route.variables:
            seen.add(key)
            audit.routes.append(_audit_route(route, path))
    return audit


def _audit_route(route: Route, path: str) -> RouteReport:
    name = f"{route.view.cls.__module__}.{route.view.cls.__qualname__}"
    try:
        endpoint = Endpoint(create_view(route, "OPTIONS"), "OPTIONS")
        findings = tuple(find_findings(VIEW_RULES, endpoint, route, path))
    except Exception as exc:
        return RouteReport(path, name, _make_unreadable(exc, path))
    reports = [_audit_method(route, path, method) for method in _get_methods(route)]
    return RouteReport(path, name, findings, reports)


def _audit_method(route: Route, path: str, method: str) -> MethodReport:
    try:
        endpoint = Endpoint(create_view(route, method), method, route.pattern)
        return MethodReport(
            method,
            get_success_statuses(endpoint),
            [{"status": error.status, "code": error.code.name} for error in get_errors(endpoint)],
            tuple(find_findings(METHOD_RULES, endpoint, route, path, method)),
        )
    except Exception as exc:
        return MethodReport(method, findings=_make_unreadable(exc, path, method))


def _get_methods(route: Route) -> Sequence[str]:
    names = route.get_attribute("http_method_names")
    actions = getattr(route.view, "actions", None)
    return [
        method
        for method in METHODS
        if (name := method.lower()) in names
        and (name in actions if actions is not None else hasattr(route.view.cls, name))
    ]


def _make_unreadable(exc: Exception, path: str, method: str = "*") -> Sequence[Finding]:
    message = f"It cannot be read: {type(exc).__name__}: {exc}"
    return (Finding("unreadable", message, path, method),)
