"""The findings of the audit, and the rules by which a project ignores some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import CreateModelMixin
from rest_framework.parsers import FileUploadParser, MultiPartParser
from rest_framework.settings import api_settings
from rest_framework.views import APIView, exception_handler
from rest_framework.viewsets import ViewSetMixin

from django_apierrors.http.scope import is_html
from django_apierrors.introspection.endpoints import BODY_METHODS, Endpoint
from django_apierrors.introspection.locations import (
    can_make_location,
    has_url_field,
    is_create_route,
)
from django_apierrors.introspection.possible_errors import get_success_statuses
from django_apierrors.middleware import APIErrorsMiddleware
from django_apierrors.mixins import LocationMixin
from django_apierrors.renderers import JSONRenderer
from django_apierrors.routing import Route
from django_apierrors.semantics import ALLOWED_STATUSES, LOCATION, StatusAwareMixin, defines_patch

# Returns the message of a finding, or `None`.
FindingRule: TypeAlias = Callable[[Endpoint, Route], str | None]

STOCK_BASES = (GenericAPIView, ViewSetMixin)
UPLOAD_PARSERS = (MultiPartParser, FileUploadParser)

# The findings whose cause may be in the settings.
DEFAULT_CLASSES = {
    "parser": "REST_FRAMEWORK['DEFAULT_PARSER_CLASSES']",
    "renderer": "REST_FRAMEWORK['DEFAULT_RENDERER_CLASSES']",
}

HANDLER_HINT = (
    "Set REST_FRAMEWORK['EXCEPTION_HANDLER'] = 'django_apierrors.handler.exception_handler', or a "
    "handler that calls it."
)


@dataclass
class Finding:
    """A violation of the table of methods or the error format.

    `*` is the route of a finding about the whole project, and the method of one about a whole view.
    The project's rules decide whether it is ignored.
    """

    name: str
    message: str
    route: str = "*"
    method: str = "*"
    ignored: bool = False

    def get_rule(self) -> str:
        """Return the rule that ignores exactly this finding."""
        method = "" if self.method == "*" else f"{self.method} "
        return f"{method}{self.route}:{self.name}"


def find_project_findings() -> Iterator[Finding]:
    """Yield the findings about the settings of the project."""
    if has_stock_handler():
        message = f"Errors have the statuses, codes and messages of DRF. {HANDLER_HINT}"
        yield Finding("handler", message)


def find_findings(
    rules: Mapping[str, FindingRule],
    endpoint: Endpoint,
    route: Route,
    path: str,
    method: str,
    project_findings: dict[str, Finding],
) -> Iterator[Finding]:
    """Yield the findings about a view, or about one method of it, at the route `path`.

    A finding that the default classes of the settings cause is added to `project_findings`, once.
    """
    for name, check in rules.items():
        if message := check(endpoint, route):
            if name in DEFAULT_CLASSES and has_default_classes(endpoint, name):
                project_findings.setdefault(name, Finding(name, message))
            else:
                yield Finding(name, message, path, method)


def has_stock_handler() -> bool:
    """Whether DRF's own exception handler is still installed."""
    return api_settings.EXCEPTION_HANDLER in (None, exception_handler)


def find_middleware() -> int | None:
    """Return the position of our middleware, or of a subclass, in `MIDDLEWARE`."""
    for position, path in enumerate(settings.MIDDLEWARE):
        try:
            middleware = import_string(path)
        except ImportError:
            # Django reports the wrong path when it loads the middleware.
            continue
        if isinstance(middleware, type) and issubclass(middleware, APIErrorsMiddleware):
            return position
    return None


def check_patch(endpoint: Endpoint, route: Route) -> str | None:
    """Check for PATCH, which the API document does not have."""
    if endpoint.method != "PATCH":
        return None
    if "patch" not in endpoint.view.http_method_names:
        return "Always returns 405: add 'patch' to http_method_names, or use PUT."
    if defines_patch(endpoint.view):
        name = (getattr(endpoint.view, "action_map", None) or {}).get("patch", "patch")
        return f"Update with PUT: let {name}() handle PUT in place of PATCH."
    return (
        "Update with PUT: remove 'patch' from http_method_names. With partial_put = True a PUT may "
        "omit fields."
    )


def check_status(endpoint: Endpoint, route: Route) -> str | None:
    """Check for a success status that the method does not have."""
    allowed = ALLOWED_STATUSES[endpoint.method]
    for status in get_success_statuses(endpoint):
        if status not in allowed:
            statuses = ", ".join(map(str, sorted(allowed)))
            return f"{endpoint.method} succeeds with {status}. Return one of {statuses}."
    return None


def check_location(endpoint: Endpoint, route: Route) -> str | None:
    """Check for a 201 without the URL of the new resource."""
    if endpoint.method != "POST" or 201 not in get_success_statuses(endpoint):
        return None
    view = endpoint.view
    if isinstance(view, LocationMixin):
        has_location = not is_create_route(route) or can_make_location(route, get_resolver())
    elif isinstance(view, CreateModelMixin):
        stock_method = CreateModelMixin.get_success_headers
        has_location = type(view).get_success_headers is not stock_method or has_url_field(view)
    else:
        has_location = True
    return None if has_location else f"A 201 has no Location. {LOCATION.hint}"


def check_parser(endpoint: Endpoint, route: Route) -> str | None:
    """Check for a parser of anything but JSON; a view may have one for uploads."""
    if endpoint.method not in BODY_METHODS:
        return None
    is_default = has_default_classes(endpoint, "parser")
    others = _join_names(
        cls
        for cls in get_classes(endpoint, "parser")
        if not str(cls.media_type).endswith("json")
        and (is_default or not issubclass(cls, UPLOAD_PARSERS))
    )
    setting = DEFAULT_CLASSES["parser"] if is_default else "parser_classes"
    return f"Accepts bodies that are not JSON: remove {others} from {setting}." if others else None


def check_renderer(endpoint: Endpoint, route: Route) -> str | None:
    """Check for a renderer that does not convert the errors that a view returns.

    If the middleware is installed, there is no finding, because the middleware converts these
    errors. Renderers of HTML are not checked: a page keeps its HTML, and the browsable API renders
    the error inside its page with the first other renderer.
    """
    others = _join_names(
        cls
        for cls in get_classes(endpoint, "renderer")
        if not issubclass(cls, JSONRenderer) and not is_html(cls)
    )
    message = (
        f"Errors that the view returns keep the shape that {others} renders: use "
        "django_apierrors.renderers.JSONRenderer, or a subclass."
    )
    return message if others and find_middleware() is None else None


def get_classes(endpoint: Endpoint, kind: str) -> list[type[Any]]:
    """Return the classes of the parsers or renderers of the endpoint."""
    items = endpoint.call(f"get_{kind}s", getattr(endpoint.view, f"{kind}_classes"))
    return [item if isinstance(item, type) else type(item) for item in items]


def has_default_classes(endpoint: Endpoint, kind: str) -> bool:
    """Whether the parsers or renderers of the endpoint are those of the settings."""
    return get_classes(endpoint, kind) == [*getattr(APIView, f"{kind}_classes")]


def check_stock(endpoint: Endpoint, route: Route) -> str | None:
    """Check for a generic view or viewset of DRF that we have under the same name."""
    cls = type(endpoint.view)
    if issubclass(cls, StatusAwareMixin) or not issubclass(cls, STOCK_BASES):
        return None
    bases = (base for base in cls.__mro__ if base.__module__.startswith("rest_framework."))
    stock = next(base for base in bases if issubclass(base, STOCK_BASES))
    module = "viewsets" if issubclass(cls, ViewSetMixin) else "generics"
    return (
        f"Not checked against the table of methods: use {stock.__name__} of "
        f"django_apierrors.{module}, not of {stock.__module__}."
    )


def check_declared(endpoint: Endpoint, route: Route) -> str | None:
    """Check for methods that the class itself declares and does not have.

    The `http_method_names` of a parent are not checked, because other subclasses may have the
    methods. The names of a viewset are not checked, because they apply to all its routes. HEAD is
    not missing, because Django adds `head()` to each instance. TRACE is ignored, because all views
    of DRF list it.
    """
    cls = type(endpoint.view)
    names = () if issubclass(cls, ViewSetMixin) else vars(cls).get("http_method_names", ())
    missing = [name for name in names if not hasattr(cls, name) and name not in ("head", "trace")]
    listed = f"{', '.join(map(repr, missing))} from http_method_names"
    return f"Always returns 405: remove {listed}, or add a handler." if missing else None


METHOD_RULES: Mapping[str, FindingRule] = {
    "patch": check_patch,
    "status": check_status,
    "location": check_location,
    "parser": check_parser,
}
VIEW_RULES = {"declared": check_declared, "renderer": check_renderer, "stock": check_stock}


def _join_names(classes: Iterable[type[Any]]) -> str:
    return ", ".join(f"{cls.__module__}.{cls.__qualname__}" for cls in classes)


@dataclass
class IgnoreRule:
    """`ROUTE:FINDING` or `METHOD ROUTE:FINDING`; in each part `*` matches anything."""

    text: str
    is_used: bool = False

    def __post_init__(self) -> None:
        """Parse the rule; raise ValueError if a part is missing."""
        # A route may have a colon: <int:pk>.
        self.route, _, self.name = self.text.rpartition(":")
        if not self.route or not self.name:
            raise ValueError(f"{self.text!r} is not of the form ROUTE:FINDING.")

    def matches(self, finding: Finding) -> bool:
        """Whether the rule matches a finding."""
        # Brackets in a route are not patterns.
        pattern = self.route.replace("[", "[[]")
        routes = (finding.route, f"{finding.method} {finding.route}")
        return fnmatchcase(finding.name, self.name) and any(
            fnmatchcase(route, pattern) for route in routes
        )


def read_rules(texts: Sequence[str], paths: Sequence[str]) -> list[IgnoreRule]:
    """Return the rules in `texts` and in the files at `paths`, where `#` begins a comment."""
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    rules = filter(None, (line.partition("#")[0].strip() for line in lines))
    return [IgnoreRule(text) for text in [*texts, *rules]]


def apply_rules(rules: Sequence[IgnoreRule], findings: Iterable[Finding]) -> None:
    """Set `ignored` of each finding that a rule matches, and `is_used` of each of these rules."""
    for finding in findings:
        for rule in rules:
            if rule.matches(finding):
                finding.ignored = rule.is_used = True
