"""Errors that the operation of their request does not declare.

An operation is a method of a route to a view of DRF's. The operation declares the errors that
`possible_errors` finds, which are those of the schema.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.urls import Resolver404, resolve

from django_apierrors.conf import is_strict
from django_apierrors.errors import Error
from django_apierrors.fallback import logger
from django_apierrors.introspection.endpoints import Endpoint, create_view
from django_apierrors.introspection.possible_errors import get_errors
from django_apierrors.routing import Route

if TYPE_CHECKING:
    from django.http import HttpRequest

HINT = "Name it in `possible_errors` of the view."


def find_undeclaring(path: str, method: str, error: Error) -> str | None:
    """Return the route of a request whose operation does not declare the error's code and status.

    Return `None` if it does, and without an operation: the URL or the method does not exist, or the
    view is not DRF's.
    """
    try:
        match = resolve(path)
    except Resolver404:
        return None
    if not hasattr(match.func, "cls"):
        return None
    method = "GET" if method == "HEAD" else method
    view = create_view(Route(match.route, (), "", frozenset(), match.func), method)
    endpoint = Endpoint(view, method, match.route)
    errors = {(declared.status, declared.code.name) for declared in get_errors(endpoint)}
    is_undeclared = method in endpoint.methods and (error.status, error.code.name) not in errors
    return match.route if is_undeclared else None


def report_undeclared(request: HttpRequest | None, error: Error, **kwargs: Any) -> None:
    """Log a warning about an undeclared error; a receiver of `error_sent`, if `STRICT` is on."""
    if request is not None and is_strict():
        method = request.method or ""
        route = find_undeclaring(request.path_info, method, error)
        if route is not None:
            warn_once(route, method, error.code.name, error.status)


@lru_cache(maxsize=1024)
def warn_once(route: str, method: str, code: str, status: int) -> None:
    """Log the warning, once for each route and code."""
    message = "%s %s sent %s (%d), which its schema does not have. %s"
    logger.warning(message, method, route, code, status, HINT)
