"""The statuses that a method of a view succeeds with, and the errors that it can send.

This module finds them from the view alone, for a schema or an audit. The errors that the code of a
handler method raises cannot be found this way: the view's `possible_errors` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import CharField, TextField
from django.http import Http404
from rest_framework import generics as stock_generics
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

from django_apierrors import exceptions
from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME, get_or_make_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.generics import GenericAPIView
from django_apierrors.handling.reporting import with_reference
from django_apierrors.introspection import request_errors
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.operations.views import OperationView
from django_apierrors.recognition import recognise
from django_apierrors.validation.codes import GENERIC_CODES, find_catalog_name
from django_apierrors.validation.identifiers import find_lookup_field
from django_apierrors.validation.messages import BODY, QUERY

ErrorRule: TypeAlias = Callable[[Endpoint], Exception | None]

# The methods of fields that accept any string.
STRING_PARSERS = (CharField.to_python, TextField.to_python)

# The message of an unhandled exception has a random reference; an example has this one.
EXAMPLE_REFERENCE = "0123456789ab"

# The view's method that returns the status of an action, and the default.
STATUS_BY_ACTION: Mapping[str, tuple[str, int]] = {
    "create": ("", 201),
    "update": ("get_put_status", 200),
    "partial_update": ("get_put_status", 200),
    "destroy": ("get_delete_status", 204),
    "DELETE": ("", 204),
}


def get_success_statuses(endpoint: Endpoint) -> Sequence[int]:
    """Return the success statuses of an endpoint.

    A handler method of the project's own counts as 204 for DELETE, and as 200 otherwise.
    """
    if endpoint.is_accepting:
        return (202,)
    # drf-spectacular documents any DELETE of DRF's views as 204.
    default = STATUS_BY_ACTION.get(endpoint.method, ("", 200))
    name, status = STATUS_BY_ACTION.get(endpoint.action, default)
    return (endpoint.call(name, status),)


def get_errors(endpoint: Endpoint) -> Sequence[Error]:
    """Return the errors that an endpoint can send, one for each status and code, by status."""
    place = QUERY if endpoint.method in SAFE_METHODS else BODY
    declared = (error._replace(place=place) for error in get_possible_errors(endpoint))
    errors: dict[tuple[int, str], Error] = {}
    for error in (*infer_errors(endpoint), *declared):
        errors.setdefault((error.status, error.code.name), error)
    return sorted(errors.values(), key=lambda error: error.status)


def get_common_detail_codes(errors: Sequence[Error]) -> set[str]:
    """Return the codes that the `details` of these errors can have at any endpoint."""
    names = {error.code.name for error in errors}
    codes = {"invalid", *(name.lower() for name in names)}
    codes |= {code for code, name in GENERIC_CODES.items() if name in names}
    # A PermissionDenied becomes such an error without credentials, or if another method is allowed.
    # Its message keeps the code `permission_denied`.
    is_denied = names & {"METHOD_FORBIDDEN", "UNAUTHENTICATED"}
    return codes | {"permission_denied"} if is_denied else codes


def get_detail_codes(errors: Sequence[Error], endpoint: Endpoint) -> set[str]:
    """Return the codes that the `details` of these errors can have at an endpoint.

    A body with messages of several codes is an INVALID_CONTENT.
    """
    names = {error.code.name for error in errors}
    declared = [error for error in get_possible_errors(endpoint) if error.code.name in names]
    codes = {item.code or "invalid" for error in (*errors, *declared) for item in error.items}
    for code in request_errors.get_field_codes(endpoint):
        if names & {"INVALID_CONTENT", find_catalog_name(code)}:
            codes.add(code)
    return codes | get_common_detail_codes(errors)


def infer_errors(endpoint: Endpoint) -> Iterator[Error]:
    """Yield the errors that follow from the classes and attributes of the view."""
    for rule in ERROR_RULES:
        try:
            exception = rule(endpoint)
        except Exception:
            # The code of the project that the rule calls may need a request.
            continue
        if exception is not None:
            place = BODY if endpoint.reads_body else QUERY
            error = recognise(exception)._replace(place=place)
            is_unhandled = type(exception) is Exception
            yield with_reference(error, EXAMPLE_REFERENCE) if is_unhandled else error


def get_possible_errors(endpoint: Endpoint) -> Iterator[Error]:
    """Yield the errors that the view names in `possible_errors` or `get_possible_errors()`.

    The view names codes, exceptions or their classes, or has a dict of these by action or method
    (`create`, `post`). Raise ImproperlyConfigured for anything else.
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


def can_fail_authentication(endpoint: Endpoint) -> bool:
    """Whether a 401 is possible. A session is never invalid, but a view may require one."""
    are_sessions = _are_sessions(endpoint)
    return not all(are_sessions) or (bool(are_sessions) and is_restricted(endpoint))


def is_restricted(endpoint: Endpoint) -> bool:
    """Whether the view has a permission other than AllowAny."""
    permissions = endpoint.call("get_permissions", endpoint.view.permission_classes)
    return any(AllowAny not in (item, type(item)) for item in permissions)


def is_restricted_by_method(endpoint: Endpoint) -> bool:
    """Whether METHOD_FORBIDDEN is possible: the URL has another method and the view permissions."""
    others = endpoint.methods - {endpoint.method}
    return api_errors.PROBE_PERMISSIONS and bool(others) and is_restricted(endpoint)


def is_checked_for_csrf(endpoint: Endpoint) -> bool:
    """Whether a session authenticates an unsafe method, and so needs a CSRF token."""
    return endpoint.method not in SAFE_METHODS and any(_are_sessions(endpoint))


def is_throttled(endpoint: Endpoint) -> bool:
    """Whether a throttle has a rate; DRF's throttles need a rate in the settings."""
    throttles = endpoint.call("get_throttles", endpoint.view.throttle_classes)
    return any(_has_rate(throttle, endpoint.view) for throttle in throttles)


def _has_rate(throttle: Any, view: Any) -> bool:
    if isinstance(throttle, ScopedRateThrottle):
        return bool(getattr(view, throttle.scope_attr, None))
    # A throttle of the project's own need not have the attribute.
    return getattr(throttle, "rate", "") is not None


def _are_sessions(endpoint: Endpoint) -> Sequence[bool]:
    # For each authenticator.
    items = endpoint.call("get_authenticators", endpoint.view.authentication_classes)
    return [isinstance(item, SessionAuthentication) for item in items]


def is_operation(endpoint: Endpoint) -> bool:
    """Whether the view shows an operation."""
    return isinstance(endpoint.view, OperationView)


def has_identifier(endpoint: Endpoint) -> bool:
    """Whether an identifier in the URL can be malformed.

    The identifier of an operation is never malformed. No string is malformed for a text field in a
    stock view.
    """
    variables = {name for name, is_any in endpoint.variables.items() if is_any}
    view, model = endpoint.view, endpoint.model
    if isinstance(view, stock_generics.GenericAPIView) and model is not None:
        to_python = getattr(find_lookup_field(model, view.lookup_field), "to_python", None)
        is_string = getattr(to_python, "__func__", None) in STRING_PARSERS
        if is_string and not isinstance(view, GenericAPIView):
            variables.discard(view.lookup_url_kwarg or view.lookup_field)
    return bool(variables) and not is_operation(endpoint)


def make_version_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a version that is not allowed."""
    versioning = endpoint.view.versioning_class
    if versioning is None or not versioning.allowed_versions:
        return None
    return NotAcceptable() if issubclass(versioning, AcceptHeaderVersioning) else NotFound()


def error_if(
    condition: Callable[[Endpoint], object], make_exception: Callable[[], Exception]
) -> ErrorRule:
    """Return the rule that an endpoint can raise this exception if `condition` is true."""
    return lambda endpoint: make_exception() if condition(endpoint) else None


# If two exceptions have the same status and code, the first is the example.
ERROR_RULES: Sequence[ErrorRule] = (
    error_if(can_fail_authentication, NotAuthenticated),
    error_if(is_restricted, PermissionDenied),
    error_if(is_checked_for_csrf, PermissionDenied),
    error_if(is_restricted_by_method, exceptions.MethodForbidden),
    error_if(is_throttled, Throttled),
    lambda endpoint: NotAcceptable(),
    error_if(lambda endpoint: endpoint.reads_body, lambda: UnsupportedMediaType("")),
    error_if(
        lambda endpoint: endpoint.reads_body and settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None,
        exceptions.ContentTooLarge,
    ),
    make_version_error,
    error_if(lambda endpoint: endpoint.variables, Http404),
    error_if(has_identifier, exceptions.InvalidId),
    error_if(is_operation, exceptions.Gone),
    request_errors.make_missing_page_error,
    request_errors.make_content_error,
    request_errors.make_page_error,
    request_errors.make_filter_error,
    request_errors.make_malformed_key_error,
    request_errors.make_unknown_key_error,
    request_errors.make_duplicate_error,
    request_errors.make_state_error,
    lambda endpoint: Exception(),
    lambda endpoint: exceptions.ServiceUnavailable(),
)
