"""Unreadable requests: the answer to what Django cannot make a request object of."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import BadRequest, TooManyFieldsSent
from django.http import HttpResponse
from django.utils import translation

from django_apierrors import failsafe
from django_apierrors.encoders import encode
from django_apierrors.errors import Error

# A parameter that cannot be decoded (Django 6.1 calls it a BadRequest), a charset that is no text
# encoding, and what Django makes of any ValueError in a query, which it reads where there is a
# charset.
UNREADABLE = (ValueError, LookupError, BadRequest, TooManyFieldsSent)


def get_status(exception: Exception) -> int:
    """Return the status of a request whose making raised one of `UNREADABLE`."""
    is_of_charset = isinstance(exception.__cause__, UnicodeError)
    return 413 if isinstance(exception, TooManyFieldsSent) and not is_of_charset else 415


def make_unreadable_response(status: int) -> HttpResponse:
    """Return the response to such a request, in the default language: nothing tells its own."""
    response = HttpResponse(content_type="application/json")
    try:
        with translation.override(settings.LANGUAGE_CODE):
            error = Error.of_status(status)
            response.content = encode(error.get_body())
        response.status_code = error.status
    except Exception:
        failsafe.log_failure("answering a request that cannot be read")
        response.content, response.status_code = failsafe.BODY, failsafe.STATUS
    response["Content-Length"] = str(len(response.content))
    return response
