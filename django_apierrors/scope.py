"""Scope: which requests are the API's, and which keep the errors that they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django_apierrors.conf import api_errors
from django_apierrors.problems import JSON, PROBLEM, is_on

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


def is_api_request(request: HttpRequest) -> bool:
    """Tell whether errors of `request` are ours to answer.

    They are when its view is a DRF view or its path is in `PATHS`; and where that is not set and no
    view was resolved, unless the client would rather have HTML.
    """
    if is_excluded(request):
        return False
    if is_api_view(request) or is_in_paths(request):
        return True
    return api_errors.PATHS is None and request.resolver_match is None and not prefers_html(request)


def is_api_view(request: HttpRequest) -> bool:
    """Tell whether the view of `request` is DRF's; its `as_view()` leaves the class as `cls`.

    One that a plain view calls shows when it fails: the middleware's `apierrors` is told then.
    """
    if getattr(getattr(request, "apierrors", None), "is_of_drf", False):
        return True
    match = request.resolver_match
    return match is not None and hasattr(getattr(match.func, "cls", None), "renderer_classes")


def is_in_paths(request: HttpRequest) -> bool:
    """Tell whether the path of `request` is in `PATHS`."""
    return api_errors.PATHS is not None and _is_below(request.path_info, api_errors.PATHS)


def is_excluded(request: HttpRequest | Request) -> bool:
    """Tell whether the path of `request` is in `EXCLUDED_PATHS`."""
    excluded = api_errors.EXCLUDED_PATHS
    return bool(excluded) and _is_below(request.path_info, excluded)


def prefers_html(request: HttpRequest) -> bool:
    """Tell whether `Accept` puts HTML before JSON, as a browser's does."""
    ours = [JSON, PROBLEM] if is_on() else [JSON]
    try:
        return request.get_preferred_type([*ours, "text/html"]) == "text/html"
    except ValueError:
        # Django cannot decode `Accept: text/html; a*=bogus''x`.
        return False


def _is_below(path: str, prefixes: Sequence[str]) -> bool:
    stems = (prefix.strip("/") for prefix in prefixes)
    return any(f"{path}/".startswith(f"/{stem}/" if stem else "/") for stem in stems)
