"""Messages: the default message of a code, completed with the known facts about the request.

`CODES` and the detail of an exception come first: a message of the project's own stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import is_valid_path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from rest_framework.exceptions import NotAcceptable, UnsupportedMediaType
from rest_framework.settings import api_settings

from django_apierrors.catalog import CATALOG, CODES_BY_STATUS
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.fallback import log_failure
from django_apierrors.http.headers import get_allowed_methods
from django_apierrors.recognition.tracebacks import iter_frames
from django_apierrors.validation.messages import HEADER, Item, cut

SENT = _("%(message)s You sent %(value)s; supported: %(supported)s.")
REQUESTED = _("%(message)s You asked for %(value)s; supported: %(supported)s.")
UNTYPED = _("%(message)s The request has no Content-Type; supported: %(supported)s.")
NO_SLASH = _("%(message)s The URL must end with a slash.")
NO_CSRF_TOKEN = _("%(message)s The CSRF token is missing or incorrect.")
WAIT = ngettext_lazy(
    "%(message)s Wait %(seconds)d second before the next request.",
    "%(message)s Wait %(seconds)d seconds before the next request.",
    "seconds",
)


def complete_message(error: Error, template: Any, value: str = "", **values: object) -> Error:
    """Return `error` with the message `template`, unless the project has a message of its own.

    `value`, sent by the client, is cut, and control characters in it are replaced.
    """
    code, entry = error.code, CATALOG.get(error.code.name)
    is_own = code.name in api_errors.CODES if entry is None else code.message is not entry.message
    if error.items or is_own:
        return error
    value = cut(value)
    if not value.isprintable():
        value = "".join(char if char.isprintable() else "\ufffd" for char in value)
    message = template % {"message": code.message, "value": value, **values}
    return error._replace(items=[Item("", code.name.lower(), message)])


def complete_methods(error: Error, method: str, allowed: str) -> Error:
    """Return `error`, a 405, with the method that was sent and those that are allowed."""
    if not allowed or method in allowed.split(", "):
        return error
    return complete_message(error, SENT, method, supported=allowed)


def lacks_slash(request: HttpRequest) -> bool:
    """Whether the URL matches a URL pattern only with a slash at its end."""
    if request.resolver_match is not None or request.path_info.endswith("/"):
        return False
    try:
        return bool(is_valid_path(f"{request.path_info}/", getattr(request, "urlconf", None)))
    except Exception:
        # A converter of the project's may raise anything.
        return False


def add_known_facts(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Return `error` with the facts about `request` in its message and its headers."""
    # A code of the project's has the facts of the code with its status.
    name = error.code.name if error.code.name in FUNCTIONS else CODES_BY_STATUS.get(error.status)
    function = FUNCTIONS.get(name or "")
    try:
        return error if function is None else function(error, exception, request, view)
    except Exception:
        # The renderers of a view, for example, are the project's.
        log_failure("completing the message of an error")
        return error


def add_methods(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Name the method that was sent, and those that the view has."""
    if request is None:
        return error
    return complete_methods(error, str(request.method), get_allowed_methods(request, view))


def add_media_types(error: Error, exception: Any, request: Any, view: Any) -> Error:
    """Name the format that was sent or requested, and the supported ones.

    An exception that is not DRF's comes from the negotiation, which could not decode a header.
    """
    functions = (frame.f_code.co_name for frame, _ in iter_frames(exception))
    if isinstance(exception, UnsupportedMediaType) or "select_parser" in functions:
        return add_sent_type(error, request)
    view = view or getattr(request, "parser_context", {}).get("view")
    if request is None or view is None:
        return error
    is_listed = isinstance(exception, NotAcceptable)
    renderers = exception.available_renderers or () if is_listed else view.get_renderers()
    supported = join_media_types(renderers)
    override = request.GET.get(api_settings.URL_FORMAT_OVERRIDE)
    requested = getattr(view, "format_kwarg", None) or override or request.META.get("HTTP_ACCEPT")
    has_facts = requested and supported
    return (
        complete_message(error, REQUESTED, requested, supported=supported) if has_facts else error
    )


def add_sent_type(error: Error, request: Any) -> Error:
    """Name the media type of the body; `Accept` has the supported ones: RFC 9110, 15.5.16."""
    supported = join_media_types(getattr(request, "parsers", ()))
    if not supported or "Accept-Encoding" in error.headers:
        return error
    content_type = request.content_type or ""
    media_type = content_type.partition(";")[0].strip()
    # If the type is supported, a parameter is malformed.
    sent = content_type if media_type in supported.split(", ") else media_type
    error = error._replace(headers={**error.headers, "Accept": supported})
    return complete_message(error, SENT if sent else UNTYPED, sent, supported=supported)


def join_media_types(classes: Iterable[Any]) -> str:
    """Return the media types of parsers or renderers, as in a header."""
    return ", ".join(dict.fromkeys(str(cls.media_type) for cls in classes))


def add_wait(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Name the seconds until the next request is allowed."""
    seconds = int(error.headers.get("Retry-After", 0))
    return complete_message(error, WAIT, seconds=seconds) if seconds else error


def add_slash(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Name the missing slash: CommonMiddleware raises a RuntimeError for it under DEBUG."""
    is_about_slash = type(exception) is RuntimeError and request is not None
    return complete_message(error, NO_SLASH) if is_about_slash and lacks_slash(request) else error


def add_token(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Name the CSRF token in place of Django's reason, which DRF sends in English."""
    reason = error.items[0].message if error.items else ""
    is_about_token = reason.startswith(("CSRF Failed: CSRF token", "CSRF Failed: CSRF cookie"))
    return complete_message(error._replace(items=()), NO_CSRF_TOKEN) if is_about_token else error


def add_host(error: Error, exception: BaseException, request: Any, view: Any) -> Error:
    """Set the place of a `Host` that is not allowed."""
    return error._replace(place=HEADER) if isinstance(exception, DisallowedHost) else error


# The functions that complete a message, by the code of the error.
FUNCTIONS: Mapping[str, Callable[[Error, BaseException, Any, Any], Error]] = {
    "MISSING_RESOURCE": add_slash,
    "ACCESS_FORBIDDEN": add_token,
    "INVALID_CONTENT": add_host,
    "METHOD_NOT_ALLOWED": add_methods,
    "UNSUPPORTED_MEDIA_TYPE": add_media_types,
    "THROTTLED": add_wait,
}
