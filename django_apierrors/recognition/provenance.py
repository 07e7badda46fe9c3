"""Provenance: whether the client sent a value that a database rejected, or the project's code did.

The names and the values of the whole request are compared in a simplified spelling. The comparison
can be wrong in both directions: a project may rename a field, and a value may be in the request by
chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django_apierrors.catalog import get_code
from django_apierrors.errors import Error
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.fallback import log_failure
from django_apierrors.recognition.database.lookup import find_missing_key

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from django_apierrors.recognition.database.lookup import MissingKey


def check_client_sent_key(
    error: Error, exception: BaseException, request: HttpRequest | Request
) -> Error:
    """Return INTERNAL_ERROR for a missing foreign key that the client cannot have sent.

    A key that the project's code wrote is a bug. At COMMIT SQLite reports a missing parent and a
    parent in use alike: after a DELETE it is the second.
    """
    if error.code.name != "MISSING_RESOURCE" or isinstance(exception, DRF_EXCEPTIONS):
        return error
    try:
        missing = find_missing_key(exception)
        if missing is None:
            return error
        if request.method == "DELETE" and not missing.fields:
            return Error.of_code(get_code("INVALID_STATE"))
        if _was_sent(missing, request):
            return error
        return Error.of_code(get_code("INTERNAL_ERROR"))
    except Exception:
        # The request is read through the project's own classes.
        log_failure("looking for a foreign key in the request")
        return error


def _was_sent(missing: MissingKey, request: HttpRequest | Request) -> bool:
    """Whether a name or a value of the request may be the missing key."""
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
    """Return all that the client sent; `None` if it sent a body that cannot be read again."""
    plain: HttpRequest = getattr(request, "_request", request)
    match = plain.resolver_match
    sent = [match.kwargs if match is not None else {}, plain.GET.dict()]
    length = plain.META.get("CONTENT_LENGTH") or "0"
    if length == "0" and "HTTP_TRANSFER_ENCODING" not in plain.META:
        return sent
    # DRF's Request keeps the body that it has parsed; Django's has no such attribute.
    data = getattr(request, "data", None)
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


def _simplify(value: Any) -> str:
    return str(value).replace("_", "").replace("-", "").lower()
