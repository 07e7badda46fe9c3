"""Errors that the operation of their request does not declare.

An operation is a method of a route to a DRF view. The operation declares the errors that
`possible_errors` finds, which are those of the schema.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from django_apierrors.conf import api_errors, is_strict
from django_apierrors.errors import Error
from django_apierrors.fallback import logger
from django_apierrors.introspection.endpoints import Endpoint, create_view
from django_apierrors.introspection.possible_errors import get_detail_codes, get_errors
from django_apierrors.routing import Route
from django_apierrors.validation.messages import BODY

HINT = "Name it in `possible_errors` of the view."
DETAILS_HINT = (
    "Name it in `default_error_messages` of the serializer, or name ValidationError(message, code) "
    "in `possible_errors` of the view."
)


class Operation(NamedTuple):
    """The operation of a request: its route, and its endpoint if its view has a schema."""

    route: str
    endpoint: Endpoint | None


class Undeclared(NamedTuple):
    """A code that an operation does not declare for a status, and what to do."""

    code: str
    status: int
    hint: str


def find_operation(request: object, path: str, method: str) -> Operation | None:
    """Return the operation of `request`, `None` if its URL or its method does not exist.

    `request` is Django's or that of another client. `path` does not have the script name.
    """
    match: Any = getattr(request, "resolver_match", None)
    try:
        match = match or resolve(path, getattr(request, "urlconf", None))
    except Resolver404:
        return None
    if not hasattr(match.func, "cls"):
        return Operation(match.route, None)
    method = "GET" if method == "HEAD" else method
    view = create_view(Route(match.route, (), "", frozenset(), match.func), method)
    endpoint = Endpoint(view, method, match.route)
    if method not in endpoint.methods:
        return None
    return Operation(match.route, None if view.schema is None else endpoint)


def find_undeclared(endpoint: Endpoint, status: int, error: Error | None) -> Undeclared | None:
    """Return the code of `error` or of a message in it that the endpoint does not declare.

    `error` is `None` for a response to HEAD, of which only the status is known.
    The messages need their places: only the codes of messages about the body are known, and only if
    the view has a serializer. A view without a serializer may validate the body in any way.
    """
    errors = [declared for declared in get_errors(endpoint) if declared.status == status]
    if error is None:
        return None if errors else Undeclared("error", status, HINT)
    if error.code.name not in {declared.code.name for declared in errors}:
        return Undeclared(error.code.name, status, HINT)
    if not endpoint.reads_body or endpoint.request_serializer is None:
        return None
    codes = {item.code or "invalid" for item in error.items if item.place == BODY}
    others = codes - get_detail_codes(errors, endpoint)
    return Undeclared(f"{min(others)!r} in details", status, DETAILS_HINT) if others else None


def report_undeclared(request: HttpRequest | None, error: Error, **kwargs: Any) -> None:
    """Log a warning about an undeclared error; a receiver of `error_sent`, if `STRICT` is on."""
    if request is None or not is_strict():
        return
    operation = find_operation(request, request.path_info, request.method or "")
    if operation is not None and operation.endpoint is not None:
        located = error.locate(request) if api_errors.DETAILS else error._replace(items=())
        undeclared = find_undeclared(operation.endpoint, error.status, located)
        if undeclared is not None:
            # HEAD has the operation of GET, so both have the same warning.
            warn_once(operation.route, operation.endpoint.method, undeclared)


@lru_cache(maxsize=1024)
def warn_once(route: str, method: str, undeclared: Undeclared) -> None:
    """Log the warning, once for each route, method and code."""
    message = "%s %s sent %s (%d), which its schema does not have. %s"
    logger.warning(message, method, route, *undeclared)
