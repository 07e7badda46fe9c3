"""The headers that an error and its status must carry, wherever the error comes from.

Sources: RFC 9110, sections 11.6.1 (`WWW-Authenticate`), 10.2.1 (`Allow`), 10.2.3 (`Retry-After`);
the Fetch standard, section 3.6 (`X-Content-Type-Options`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from django.conf import settings
from django.http.response import HttpResponseBase

from django_apierrors.conf import APIErrorsSettings, api_errors
from django_apierrors.fallback import log_failure
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


NOSNIFF = "X-Content-Type-Options"

# The name of a header; RFC 9110, section 5.6.2.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def add_required_headers(
    response: HttpResponseBase,
    body: Mapping[str, Any],
    request: AnyRequest | None = None,
    view: APIView | None = None,
) -> None:
    """Add to `response`, the error with `body`, the headers that it must carry and lacks.

    `nosniff` and `CODE_HEADER` are for all errors; the others depend on the status.
    """
    code_header = api_errors.CODE_HEADER
    if is_header_name(code_header) and is_header_safe(body["code"]):
        response[code_header] = str(body["code"])
    if settings.SECURE_CONTENT_TYPE_NOSNIFF:
        # Messages repeat what clients send, and a browser must not parse them as HTML. Django's
        # SecurityMiddleware sets the header too, but not every error passes it.
        response.headers.setdefault(NOSNIFF, "nosniff")
    required = REQUIRED_HEADERS.get(response.status_code)
    if required is not None:
        name, get_value = required
        if not response.has_header(name):
            response[name] = get_value(request, view)


def is_header_name(name: object) -> TypeGuard[str]:
    """Whether `name` can be the name of a header."""
    return isinstance(name, str) and TOKEN.fullmatch(name) is not None


def is_header_safe(value: object) -> bool:
    """Whether `value` can be a header: one printable line of Latin-1 without spaces at its ends.

    Django raises BadHeaderError for two lines. The servers gunicorn and uvicorn reject control
    characters. uvicorn also rejects spaces at the ends.
    """
    text = "" if value is None else str(value)
    is_latin = text.encode("latin-1", "ignore").decode("latin-1") == text
    return is_latin and text.isprintable() and text == text.strip() != ""


def get_header_setting(name: str) -> str:
    """Return the value of a setting, its default if the value cannot be a header."""
    value = getattr(api_errors, name)
    return str(value if is_header_safe(value) else vars(APIErrorsSettings)[name].default)


def get_challenge(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `WWW-Authenticate` of a 401.

    The value is the challenge of the first authenticator that has one, otherwise `CHALLENGE`. A
    `Basic` challenge is ignored unless its authenticator is the first, because a browser opens a
    login dialog for it. A challenge that is not a valid header is ignored too.
    """
    try:
        if view is not None:
            first = view.get_authenticate_header(request)  # type: ignore[arg-type]
            if first and is_header_safe(first):
                return first
            for authenticator in view.get_authenticators()[1:]:
                challenge = authenticator.authenticate_header(request)  # type: ignore[arg-type]
                is_basic = str(challenge).lower().startswith("basic")
                if challenge and is_header_safe(challenge) and not is_basic:
                    return challenge
    except Exception:
        # The authenticators are the project's, and may be the cause of the error.
        log_failure("reading the challenge of the authenticators")
    return get_header_setting("CHALLENGE")


def get_allowed_methods(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `Allow` of a 405; empty if the methods are unknown."""
    if view is not None:
        return ", ".join(view.allowed_methods)
    func: Any = getattr(getattr(request, "resolver_match", None), "func", None)
    # The attributes that as_view() sets: the class, and for a viewset the methods that are bound.
    source = getattr(func, "view_class", None) or getattr(func, "cls", None)
    bound = getattr(func, "actions", None) or ()
    names = [
        name
        for name in getattr(source, "http_method_names", ())
        if name != "head" and (name in bound or hasattr(source, name))
    ]
    if "get" in names:
        names.append("head")
    return ", ".join(name.upper() for name in names)


def get_retry_after(request: AnyRequest | None, view: APIView | None) -> str:
    """Return the `Retry-After` of a response without this header, in seconds."""
    return get_header_setting("RETRY_AFTER")


REQUIRED_HEADERS: Mapping[int, tuple[str, Callable[[AnyRequest | None, APIView | None], str]]] = {
    401: ("WWW-Authenticate", get_challenge),
    405: ("Allow", get_allowed_methods),
    429: ("Retry-After", get_retry_after),
    503: ("Retry-After", get_retry_after),
    504: ("Retry-After", get_retry_after),
}
