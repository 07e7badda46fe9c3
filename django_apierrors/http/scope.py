"""Scope: which requests are the API's, which prefer a page of HTML, which code is the project's."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from rest_framework.settings import api_settings

from django_apierrors.conf import api_errors
from django_apierrors.fallback import log_failure
from django_apierrors.http import problems
from django_apierrors.validation.places import AnyRequest

# The packages whose views, methods and parsers are not the project's.
PACKAGES = frozenset({"django", "rest_framework", "adrf", "django_apierrors"})


def is_api_request(request: HttpRequest) -> bool:
    """Whether an error of `request` gets the format.

    The view must be a DRF view, or the path must be in `PATHS`. If `PATHS` is not set and no view
    was resolved, the error gets the format unless the client prefers HTML and the URL does not name
    JSON as its format. A broken setting counts as not set.
    """
    if is_excluded(request):
        return False
    if is_api_view(request):
        return True
    paths = find_paths()
    if paths is not None:
        return _is_below(request.path_info, paths)
    is_unresolved = request.resolver_match is None
    return is_unresolved and (not prefers_html(request) or has_json_format(request))


def is_chosen_by_accept(request: HttpRequest) -> bool:
    """Whether `Accept` decides if an error of `request` is a page or JSON."""
    try:
        if is_excluded(request):
            return False
        match = request.resolver_match
        if match is None:
            return find_paths(is_logged=False) is None
        view_class = getattr(match.func, "cls", None)
        initkwargs = getattr(match.func, "initkwargs", {})
        classes = initkwargs.get("renderer_classes", getattr(view_class, "renderer_classes", ()))
        return any(is_html(renderer_class) for renderer_class in classes)
    except Exception:
        log_failure("reading the renderers of a view")
        return False


def is_of_project(function: object) -> bool:
    """Whether a function or a method is neither Django's, DRF's, adrf's nor ours."""
    return str(getattr(function, "__module__", "")).partition(".")[0] not in PACKAGES


def is_api_view(request: HttpRequest) -> bool:
    """Whether the view of `request` is a DRF view: its `as_view()` sets the class as `cls`.

    A DRF view that a plain view calls is noticed when it raises: the handler then sets `is_drf`.
    """
    if getattr(getattr(request, "apierrors_state", None), "is_drf", False):
        return True
    match = request.resolver_match
    return match is not None and hasattr(getattr(match.func, "cls", None), "renderer_classes")


def is_in_paths(request: HttpRequest) -> bool:
    """Whether the path of `request` is in `PATHS`."""
    return _is_below(request.path_info, find_paths() or ())


def find_paths(*, is_logged: bool = True) -> Sequence[str] | None:
    """Return `PATHS`, `None` if it is not set or broken."""
    try:
        paths = api_errors.PATHS
        return None if paths is None else [path.strip("/") for path in paths]
    except Exception:
        if is_logged:
            log_failure("reading PATHS")
        return None


def is_excluded(request: AnyRequest) -> bool:
    """Whether the path of `request` is in `EXCLUDED_PATHS`; not if the setting is broken."""
    try:
        excluded_paths = api_errors.EXCLUDED_PATHS
        return bool(excluded_paths) and _is_below(request.path_info, excluded_paths)
    except Exception:
        log_failure("reading EXCLUDED_PATHS")
        return False


def prefers_html(request: HttpRequest) -> bool:
    """Whether `Accept` prefers HTML to JSON, as a browser's does."""
    if problems.has_long_accept(request):
        return False
    json_types = [problems.JSON, problems.PROBLEM] if problems.is_enabled() else [problems.JSON]
    try:
        return request.get_preferred_type([*json_types, "text/html"]) == "text/html"
    except ValueError:
        # Django cannot decode `Accept: text/html; a*=bogus''x`.
        return False


def prefers_debug_page(request: HttpRequest) -> bool:
    """Whether a developer's browser gets Django's technical page."""
    return settings.DEBUG and prefers_html(request)


def has_json_format(request: HttpRequest) -> bool:
    """Whether the URL names JSON, which overrides `Accept`: `?format=json`, or `.json`."""
    try:
        parameter = request.GET.get(api_settings.URL_FORMAT_OVERRIDE)
    except SuspiciousOperation:
        # There are too many parameters.
        parameter = None
    return parameter == "json" or request.path_info.endswith(".json")


def is_html(renderer: object) -> bool:
    """Whether a renderer makes pages for people."""
    return getattr(renderer, "media_type", None) == "text/html"


def makes_page(renderer: object, request: AnyRequest | None) -> bool:
    """Whether `renderer` makes a page for an error: HTML, unless the client prefers a problem."""
    return is_html(renderer) and not problems.prefers_problem(request, to="text/html")


def _is_below(path: str, prefixes: Sequence[str]) -> bool:
    stems = (prefix.strip("/") for prefix in prefixes)
    return any(f"{path}/".startswith(f"/{stem}/" if stem else "/") for stem in stems)
