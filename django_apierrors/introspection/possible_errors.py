"""Contracts: the statuses that a verb of a view succeeds with, and the errors it can answer.

Told from the view alone, for what describes an API: a schema, an audit. What the code of a handler
method decides nobody can tell from outside: `possible_errors` of the view says it.

A view is given as DRF's `BaseSchemaGenerator.create_view()` makes it for the verb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import (
    APIException,
    NotAcceptable,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    Throttled,
    UnsupportedMediaType,
)
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.versioning import AcceptHeaderVersioning

from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME, get_or_make_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.exceptions import (
    ContentTooLarge,
    Gone,
    InvalidId,
    MethodForbidden,
    ServiceUnavailable,
)
from django_apierrors.handling.reporting import with_reference
from django_apierrors.introspection import request_errors
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.operations.views import OperationView
from django_apierrors.recognition import recognise

Feature: TypeAlias = Callable[[Endpoint], Exception | None]

# In place of the random one that a bug's message has.
REFERENCE = "0123456789ab"


def get_success_statuses(view: Any, method: str, route: str = "") -> Sequence[int]:
    """Return the statuses that `method` succeeds with.

    Of a handler method of the view's own nothing is known: it is taken to answer as the verbs of
    DRF's generic views do.
    """
    endpoint = Endpoint(view, method, route)
    if endpoint.is_accepting:
        return (202,)
    name, status = SUCCESSES.get(endpoint.action or method, ("", 200))
    return (endpoint.ask(name, status),)


def get_codes(view: Any, method: str, route: str = "") -> Sequence[str]:
    """Return the names of the codes that `method` can be refused with, in the catalogue's order."""
    names = {error.code.name for error in get_errors(view, method, route)}
    known = [name for name in CATALOG if name in names]
    return [*known, *sorted(names.difference(known))]


def get_errors(view: Any, method: str, route: str = "") -> Sequence[Error]:
    """Return the errors that `method` can answer, one for each status and code, by status.

    `route` is the text of the route (`things/<uuid:pk>`): its variables can lead nowhere.
    """
    return find_errors(Endpoint(view, method, route))


def find_errors(endpoint: Endpoint) -> Sequence[Error]:
    """Return the errors that an endpoint can answer, one for each status and code, by status."""
    errors: dict[tuple[int, str], Error] = {}
    for error in (*find_derived(endpoint), *get_possible_errors(endpoint)):
        errors.setdefault((error.status, error.code.name), error)
    return sorted(errors.values(), key=lambda error: error.status)


def find_derived(endpoint: Endpoint) -> Iterator[Error]:
    """Yield the errors that follow from what the view is made of."""
    for feature in FEATURES:
        exception = feature(endpoint)
        if exception is not None:
            error = recognise(exception)
            # As the handler does: the message of a bug says what to ask for in the log.
            is_bug = type(exception) is Exception
            yield with_reference(error, REFERENCE) if is_bug else error


def get_possible_errors(endpoint: Endpoint) -> Iterator[Error]:
    """Yield what the view says of itself, by `possible_errors` or `get_possible_errors()`.

    Codes by name, and exceptions or their classes; or a dict of them by action or verb (`create`,
    `post`) where they are not those of all. Raise ImproperlyConfigured for anything else.
    """
    view = endpoint.view
    items = getattr(view, "get_possible_errors", lambda: getattr(view, "possible_errors", ()))()
    if isinstance(items, Mapping):
        names = dict.fromkeys((endpoint.action, endpoint.method.lower()))
        items = [item for name in names for item in items.get(name, ())]
    for item in items:
        exception = item() if isinstance(item, type) else item
        if isinstance(exception, APIException):
            yield recognise(exception)
        elif item in CATALOG or item in api_errors.CODES or item in STATUSES_BY_NAME:
            yield Error.of_code(get_or_make_code(item, STATUSES_BY_NAME.get(item, 500)))
        else:
            raise ImproperlyConfigured(
                f"{type(view).__name__}.possible_errors names {item!r}, which is neither a code "
                "nor an exception of REST framework's. Name a code of the catalogue, of "
                "API_ERRORS['CODES'] or of HTTP (CONFLICT), or override get_possible_errors()."
            )


def is_authenticated(endpoint: Endpoint) -> bool:
    """Tell whether credentials can be missing or invalid; a session is never invalid."""
    authenticators = get_authenticators(endpoint)
    sessions = all(isinstance(one, SessionAuthentication) for one in authenticators)
    return bool(authenticators) and (not sessions or is_restricted(endpoint))


def is_restricted(endpoint: Endpoint) -> bool:
    """Tell whether a permission other than AllowAny decides."""
    permissions = endpoint.ask("get_permissions", endpoint.view.permission_classes)
    return any(AllowAny not in (one, type(one)) for one in permissions)


def is_restricted_by_verb(endpoint: Endpoint) -> bool:
    """Tell whether another verb of the URL may be open to a caller to whom this one is not."""
    others = endpoint.verbs - {endpoint.method}
    return api_errors.PROBE_PERMISSIONS and bool(others) and is_restricted(endpoint)


def is_checked_for_csrf(endpoint: Endpoint) -> bool:
    """Tell whether a session's CSRF token is asked for."""
    sessions = (isinstance(one, SessionAuthentication) for one in get_authenticators(endpoint))
    return endpoint.method not in SAFE_METHODS and any(sessions)


def is_throttled(endpoint: Endpoint) -> bool:
    """Tell whether a throttle has a rate; DRF's own have none until the settings name one."""
    throttles = endpoint.ask("get_throttles", endpoint.view.throttle_classes)
    return any(has_rate(one, endpoint.view) for one in throttles)


def has_rate(throttle: Any, view: Any) -> bool:
    """Tell whether a throttle limits the view at all; a project's own says nothing of a rate."""
    if isinstance(throttle, ScopedRateThrottle):
        return bool(getattr(view, throttle.scope_attr, None))
    return getattr(throttle, "rate", "of its own") is not None


def get_authenticators(endpoint: Endpoint) -> Sequence[Any]:
    """Return the authenticators of the view, or their classes where only a request tells."""
    return endpoint.ask("get_authenticators", endpoint.view.authentication_classes)  # type: ignore[no-any-return]


def takes_identifier(endpoint: Endpoint) -> bool:
    """Tell whether any text fits where the route has an identifier; a handle is no identifier."""
    return any(endpoint.variables.values()) and not is_operation(endpoint)


def is_operation(endpoint: Endpoint) -> bool:
    """Tell whether the view shows an operation."""
    return isinstance(endpoint.view, OperationView)


def takes_large_body(endpoint: Endpoint) -> bool:
    """Tell whether a body can be too large."""
    return endpoint.takes_body and settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None


def refuse_version(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a version that is not there."""
    versioning = endpoint.view.versioning_class
    if versioning is None or not versioning.allowed_versions:
        return None
    return NotAcceptable() if issubclass(versioning, AcceptHeaderVersioning) else NotFound()


def when(is_so: Callable[[Endpoint], object], make: Callable[[], Exception]) -> Feature:
    """Return the feature that gives the exception of `make` where `is_so`."""
    return lambda endpoint: make() if is_so(endpoint) else None


# What a view has, and what it can then be refused with. Of two that have the same status and code
# the first is the example.
FEATURES: Sequence[Feature] = (
    when(is_authenticated, NotAuthenticated),
    when(is_restricted, PermissionDenied),
    when(is_checked_for_csrf, PermissionDenied),
    when(is_restricted_by_verb, MethodForbidden),
    when(is_throttled, Throttled),
    when(lambda endpoint: True, NotAcceptable),
    when(lambda endpoint: endpoint.takes_body, lambda: UnsupportedMediaType("")),
    when(takes_large_body, ContentTooLarge),
    refuse_version,
    when(lambda endpoint: endpoint.variables, Http404),
    when(takes_identifier, InvalidId),
    when(is_operation, Gone),
    request_errors.miss_page,
    request_errors.refuse_content,
    request_errors.refuse_page,
    request_errors.refuse_filter,
    request_errors.refuse_malformed_key,
    request_errors.refuse_unknown_key,
    request_errors.refuse_twin,
    request_errors.refuse_state,
    when(lambda endpoint: True, Exception),
    when(lambda endpoint: True, ServiceUnavailable),
)

# The view's own word on an action's status, and what it is where there is none.
SUCCESSES: Mapping[str, tuple[str, int]] = {
    "create": ("", 201),
    "update": ("get_put_status", 200),
    "partial_update": ("get_put_status", 200),
    "destroy": ("get_delete_status", 204),
    "DELETE": ("", 204),
}
