"""Unreadable requests: the answer to what Django cannot make a request object of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest, TooManyFieldsSent
from django.http import HttpResponse

from django_apierrors import failsafe
from django_apierrors.encoders import encode
from django_apierrors.errors import Error
from django_apierrors.headers import add_required_headers
from django_apierrors.problems import JSON, get_last_resort, make_problem, negotiate
from django_apierrors.rewriting import use_own_language

if TYPE_CHECKING:
    from django.http import HttpRequest

# A parameter that cannot be decoded (Django 6.1 calls it a BadRequest), a charset that is no text
# encoding, and what Django makes of any ValueError in a query, which it reads where there is a
# charset.
UNREADABLE = (ValueError, LookupError, BadRequest, TooManyFieldsSent)


def get_status(exception: Exception) -> int:
    """Return the status of a request whose making raised one of `UNREADABLE`."""
    is_of_charset = isinstance(exception.__cause__, UnicodeError)
    return 413 if isinstance(exception, TooManyFieldsSent) and not is_of_charset else 415


def make_unreadable_response(status: int, request: HttpRequest) -> HttpResponse:
    """Return the response to such a request.

    Of `request`, a stand-in for the one that cannot be made, only `Accept` and, where the project
    speaks the languages of its clients, `Accept-Language` are read.
    """
    response = HttpResponse(content_type=JSON)
    try:
        with use_own_language(request):
            error = Error.of_status(status)
            body = error.get_body()
            is_problem = negotiate(response, request)
            response.content = encode(make_problem(body) if is_problem else body)
        response.status_code = error.status
        add_required_headers(response)
    except Exception:
        failsafe.log_failure("answering a request that cannot be read")
        response.content = get_last_resort(response, request)
    response["Content-Length"] = str(len(response.content))
    return response
