"""Headers: what an error, and its status, must carry, wherever the error comes from.

Sources: RFC 9110, sections 11.6.1 (`WWW-Authenticate`), 10.2.1 (`Allow`), 10.2.3 (`Retry-After`);
the Fetch standard, section 3.6 (`X-Content-Type-Options`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django_apierrors.conf import api_errors, get_setting
from django_apierrors.errors import is_one_line
from django_apierrors.failsafe import log_failure

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.views import APIView

    AnyRequest = HttpRequest | Request


NOSNIFF = "X-Content-Type-Options"


def add_required_headers(
    response: HttpResponseBase, request: AnyRequest | None = None, view: APIView | None = None
) -> None:
    """Add to `response`, an error, what it must carry and does not carry yet.

    `nosniff` is there for all; the others go by the status.
    """
    if not has_header(response, NOSNIFF):
        add_nosniff(response)
    required = REQUIRED_HEADERS.get(response.status_code)
    if required is not None:
        name, get_value = required
        if not has_header(response, name):
            set_header(response, name, get_value(request, view))


def add_nosniff(response: HttpResponseBase) -> None:
    """Add to `response` the header by which no browser takes its body for anything but JSON.

    Messages repeat what clients send. Django has it from its SecurityMiddleware, which not every
    error passes; its setting is obeyed.
    """
    if get_setting("SECURE_CONTENT_TYPE_NOSNIFF"):
        set_header(response, NOSNIFF, "nosniff")


def set_header(response: HttpResponseBase, name: str, value: Any) -> None:
    """Set a header of ours to `value`; raise BadHeaderError for two lines.

    One line of ASCII comes out of Django's `__setitem__()` as it went in, in more steps.
    """
    if type(value) is str and value.isascii() and value.isprintable():
        response.headers._store[name.lower()] = (name, value)
    else:
        response[name] = value


def has_header(response: HttpResponseBase, name: str) -> bool:
    """Tell whether `response` has a header, in fewer steps than its own `has_header()`.

    Django's mapping has no `__contains__`, so that for each that is missing an error is raised.
    """
    return name.lower() in response.headers._store


def get_challenge(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `WWW-Authenticate` of a 401.

    An authenticator's own; but `Basic` only from the first one, since a browser opens its login
    dialog on it, and none that is no header, for what it repeats of a client. Else `CHALLENGE`.
    """
    try:
        if view is not None:
            first = view.get_authenticate_header(request)  # type: ignore[arg-type]
            if first and is_one_line(first):
                return first
            for authenticator in view.get_authenticators()[1:]:
                challenge = authenticator.authenticate_header(request)  # type: ignore[arg-type]
                is_basic = str(challenge).lower().startswith("basic")
                if challenge and is_one_line(challenge) and not is_basic:
                    return challenge
    except Exception:
        # The authenticators are the project's, and may be what failed in the first place.
        log_failure("asking the authenticators for their challenge")
    return api_errors.CHALLENGE


def get_allowed_methods(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `Allow` of a 405; empty where nothing tells."""
    if view is not None:
        # DRF has made it for each request of the view.
        known: str | None = getattr(view, "headers", {}).get("Allow")
        return known or ", ".join(view.allowed_methods)
    func: Any = getattr(getattr(request, "resolver_match", None), "func", None)
    # What as_view() leaves: Django and DRF the class, a viewset which of its methods are bound.
    source = getattr(func, "view_class", None) or getattr(func, "cls", None)
    bound = getattr(func, "actions", None) or ()
    names = [
        name
        for name in getattr(source, "http_method_names", ())
        if name in bound or (hasattr(source, name) and name != "head")
    ]
    if "get" in names:
        names.append("head")
    return ", ".join(name.upper() for name in names)


def get_retry_after(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `Retry-After` of an answer that names none, in seconds."""
    return str(api_errors.RETRY_AFTER)


REQUIRED_HEADERS: Mapping[int, tuple[str, Callable[[AnyRequest | None, APIView | None], str]]] = {
    401: ("WWW-Authenticate", get_challenge),
    405: ("Allow", get_allowed_methods),
    429: ("Retry-After", get_retry_after),
    503: ("Retry-After", get_retry_after),
    504: ("Retry-After", get_retry_after),
}
