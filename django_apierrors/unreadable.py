"""Unreadable requests: the answer to what Django cannot make a request object of."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.utils import translation

from django_apierrors import failsafe
from django_apierrors.encoders import encode
from django_apierrors.errors import Error

# A charset that is no text encoding, a parameter that cannot be decoded.
UNREADABLE = (ValueError, LookupError, BadRequest)


def make_unreadable_response(status: int = 415) -> HttpResponse:
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
    return response
