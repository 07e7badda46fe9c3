"""Naming: did the client name the resource that the database misses, or did the project?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django_apierrors.catalog import get_code
from django_apierrors.database import find_missing_key
from django_apierrors.errors import Error
from django_apierrors.failsafe import log_failure
from django_apierrors.reporting import ANSWERED_BY_DRF

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from django_apierrors.database import MissingKey


def tell_unnamed(error: Error, exception: BaseException, request: HttpRequest | Request) -> Error:
    """Return INTERNAL_ERROR in place of a MISSING_RESOURCE that the client cannot have named.

    A foreign key that the project wrote by itself, and that leads nowhere, is a bug. A deletion
    names nothing: there SQLite, which has one report for both at a COMMIT, means a resource that
    others still need.
    """
    if error.code.name != "MISSING_RESOURCE" or isinstance(exception, ANSWERED_BY_DRF):
        return error
    try:
        missing = find_missing_key(exception)
        if missing is None:
            return error
        if request.method == "DELETE" and not missing.fields:
            return Error.of_code(get_code("INVALID_STATE"))
        return error if _is_named(missing, request) else Error.of_code(get_code("INTERNAL_ERROR"))
    except Exception:
        # What was sent is read through the project's own classes.
        log_failure("looking for the resource that a client named")
        return error


def _is_named(missing: MissingKey, request: HttpRequest | Request) -> bool:
    """Tell whether a member, a parameter or a value of the request may be the missing key."""
    sent = _get_sent(request)
    if sent is None:
        return True
    pairs = [*_walk(sent)]
    if not missing.fields and not missing.values:
        return bool(pairs)
    fields = tuple(_simplify(field) for field in missing.fields)
    values = {_simplify(value) for value in missing.values}
    return any(
        # `shelf`, `shelf_id`, `shelfId`; `7`, `http://testserver/shelves/7/`.
        (fields and _simplify(name).startswith(fields))
        or not values.isdisjoint(_simplify(value).split("/"))
        for name, value in pairs
    )


def _get_sent(request: HttpRequest | Request) -> object:
    """Return all that the client sent; `None` where it sent a body that nobody can read again."""
    plain: HttpRequest = getattr(request, "_request", request)
    match = plain.resolver_match
    sent = [match.kwargs if match is not None else {}, plain.GET.dict()]
    length = plain.META.get("CONTENT_LENGTH") or "0"
    if length == "0" and "HTTP_TRANSFER_ENCODING" not in plain.META:
        return sent
    # What DRF's Request keeps of a body that it has parsed; before that, a class.
    data = getattr(request, "_full_data", None)
    return [*sent, data] if isinstance(data, (Mapping, list)) else None


def _walk(sent: object) -> Iterator[tuple[str, str]]:
    """Yield the names and the values in `sent`, without recursion: a client chooses the depth."""
    stack: list[tuple[object, object]] = [("", sent)]
    while stack:
        name, value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend(value.items())
        elif isinstance(value, (list, tuple)):
            stack.extend((name, item) for item in value)
        else:
            yield str(name), str(value)


def _simplify(text: Any) -> str:
    return str(text).replace("_", "").replace("-", "").lower()
