"""The audit: the responses of each method of each route, and the findings about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver
from rest_framework.settings import api_settings

from django_apierrors.errors import Error
from django_apierrors.http.scope import is_of_project
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
    audit = Audit()
    seen = set()
    project_findings = {finding.name: finding for finding in find_project_findings()}
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
        # A route with a format suffix repeats the route without the suffix.
        if key not in seen or api_settings.FORMAT_SUFFIX_KWARG not in route.variables:
            seen.add(key)
            audit.routes.append(_audit_route(route, path, project_findings))
    audit.findings = tuple(project_findings.values())
    return audit


def _audit_route(route: Route, path: str, project_findings: dict[str, Finding]) -> RouteReport:
    name = f"{route.view.cls.__module__}.{route.view.cls.__qualname__}"
    try:
        endpoint = Endpoint(create_view(route, "OPTIONS"), "OPTIONS")
        findings = tuple(find_findings(VIEW_RULES, endpoint, route, path, "*", project_findings))
    except Exception as exc:
        return RouteReport(path, name, _make_unreadable(exc, path))
    reports = [
        _audit_method(route, path, method, project_findings) for method in _get_methods(route)
    ]
    return RouteReport(path, name, findings, reports)


def _audit_method(
    route: Route, path: str, method: str, project_findings: dict[str, Finding]
) -> MethodReport:
    try:
        endpoint = Endpoint(create_view(route, method), method, route.pattern)
        is_open = method.lower() in endpoint.view.http_method_names
        errors = get_errors(endpoint) if is_open else [Error.of_status(405)]
        return MethodReport(
            method,
            get_success_statuses(endpoint) if is_open else (),
            [{"status": error.status, "code": error.code.name} for error in errors],
            tuple(find_findings(METHOD_RULES, endpoint, route, path, method, project_findings)),
        )
    except Exception as exc:
        return MethodReport(method, findings=_make_unreadable(exc, path, method))


def _get_methods(route: Route) -> Sequence[str]:
    """Return the methods of a route, and PATCH if the view declares it and never responds to it."""
    names = route.get_attribute("http_method_names")
    actions = getattr(route.view, "actions", None)
    handlers = {
        method: getattr(route.view.cls, name, None)
        for method in METHODS
        if (name := method.lower() if actions is None else actions.get(method.lower()))
    }
    return [
        method
        for method, handler in handlers.items()
        if handler is not None
        and (method.lower() in names or (method == "PATCH" and is_of_project(handler)))
    ]


def _make_unreadable(exc: Exception, path: str, method: str = "*") -> Sequence[Finding]:
    message = f"The view cannot be read: {type(exc).__name__}: {exc}"
    return (Finding("unreadable", message, path, method),)
