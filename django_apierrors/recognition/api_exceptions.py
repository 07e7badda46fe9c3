"""From an `APIException` to an `Error`: its status, its messages, its headers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache

from django.utils import translation
from rest_framework import exceptions

from django_apierrors import exceptions as our_exceptions
from django_apierrors.catalog import STATUSES_BY_NAME, ErrorCode, get_or_make_code
from django_apierrors.errors import Error
from django_apierrors.http.headers import is_header_safe
from django_apierrors.http.request_bodies import UnsupportedContentEncoding
from django_apierrors.recognition.database.drivers import find_attribute
from django_apierrors.validation.details import read_detail
from django_apierrors.validation.extra import restore_values
from django_apierrors.validation.messages import Messages


def find_status(exception: exceptions.APIException) -> int | None:
    """Return the status of `exception`, `None` if DRF cannot respond with it.

    Django converts strings and values of HTTPStatus to int. A property of a project may raise.
    """
    # DRF's handle_exception() changes the 401 of an instance to 403 if the first authenticator has
    # no challenge.
    unauthenticated = (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)
    source = type(exception) if isinstance(exception, unauthenticated) else exception
    try:
        for name in ("detail", "default_code", "default_detail"):
            getattr(exception, name, None)
        status = int(source.status_code)
    except Exception:
        return None
    return status if 100 <= status <= 599 else None


def is_error(exception: BaseException) -> bool:
    """Whether `exception` is an APIException that can be read, with a status of an error."""
    return isinstance(exception, exceptions.APIException) and (find_status(exception) or 0) >= 400


def recognise_api_exception(exception: exceptions.APIException, name: str | None) -> Error | None:
    """Return the error for `exception`, `None` if it cannot be read or is not an error.

    `name` is the code of its row, if it has one.
    """
    status = find_status(exception) or 0
    if status < 400:
        return None
    messages, headers = _get_messages(exception, status), _get_headers(exception)
    default_code = getattr(exception, "default_code", None)
    error = Error.of_messages(messages, status, default_code, headers)
    if name is None:
        return error
    code = get_code_of_row(name, status)
    return error._replace(code=code, status=code.status)


def get_code_of_row(name: str, status: int) -> ErrorCode:
    """Return the code of a row. A new name has its HTTP status, else `status`."""
    return get_or_make_code(name, STATUSES_BY_NAME.get(name, status))


def _get_messages(exception: exceptions.APIException, status: int) -> Messages:
    """Return the messages of `exception`; a default message of DRF's or ours is left out."""
    detail, extra = getattr(exception, "detail", None), find_attribute(exception, "extra")
    if isinstance(detail, str):
        if _is_default(exception, detail):
            code = getattr(detail, "code", None)
            if extra is None:
                # There is nothing to read: the client gets the message of the code.
                return Messages(code=code)
            detail = exceptions.ErrorDetail("", code)
        return read_detail(detail, status, extra=extra)
    for argument in exception.args:
        detail = restore_values(detail, argument)
    messages = read_detail(detail, status, extra=extra)
    # The detail of `ValidationError("A message.")` is a list with this message.
    if len(messages.items) == 1 and isinstance(detail, list):
        [item] = messages.items
        if not item.field and _is_default(exception, item.message):
            return messages._replace(items=())
    return messages


# Not at import time: Django's translations need the apps.
@cache
def _get_default_messages() -> Mapping[int, str]:
    """Return the default messages of DRF's exceptions and ours, in English.

    The keys are the identities of the lazy strings. A project's own `default_detail` is not a key.
    """
    with translation.override(None):
        return {
            id(cls.default_detail): str(cls.default_detail)
            for module in (exceptions, our_exceptions)
            for cls in vars(module).values()
            if isinstance(cls, type) and issubclass(cls, exceptions.APIException)
        }


def _is_default(exception: exceptions.APIException, message: str) -> bool:
    """Whether `message` is a default message of DRF's or ours, not the project's own."""
    default = exception.default_detail
    english = _get_default_messages().get(id(default))
    if english is None:
        return False
    if isinstance(exception, exceptions.Throttled):
        return message in (english, default, *_get_throttled_messages(exception))
    # English first: most APIs have no other language, and a translation takes longer.
    return _fits_template(english, message, exception) or _fits_template(
        str(default), message, exception
    )


def _get_throttled_messages(exception: exceptions.Throttled) -> Iterator[str]:
    """Yield DRF's message, which adds how long to wait; `Retry-After` has it too."""
    wait = find_attribute(exception, "wait")
    if isinstance(wait, (int, float)) and math.isfinite(wait):
        yield str(exceptions.Throttled(wait).detail)
        with translation.override(None):
            yield str(exceptions.Throttled(wait).detail)


def _fits_template(template: str, message: str, exception: BaseException) -> bool:
    """Whether `message` is `template`, filled in with a method or a media type."""
    start, brace, end = template.partition("{")
    if not brace:
        return message == template
    end = end.partition("}")[2]
    if not (message.startswith(start) and message.endswith(end)):
        return False
    value = message[len(start) : len(message) - len(end)]
    # A message that only begins and ends like DRF's is a message of the project.
    return '"' not in value or value in exception.args


def _get_headers(exception: exceptions.APIException) -> dict[str, str]:
    """Return the headers of `exception`, from the attributes that DRF reads them from.

    `auth_header` is set by DRF's handle_exception() if the first authenticator has a challenge;
    `wait` is in seconds.
    """
    headers = {}
    challenge = find_attribute(exception, "auth_header")
    if challenge and is_header_safe(challenge):
        headers["WWW-Authenticate"] = str(challenge)
    if isinstance(exception, UnsupportedContentEncoding):
        headers["Accept-Encoding"] = "identity"
    wait = find_attribute(exception, "wait")
    if isinstance(wait, (int, float)) and 0 <= wait < math.inf:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers
