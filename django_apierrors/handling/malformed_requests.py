"""Malformed requests: Django cannot make the request object, or DRF cannot read the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from rest_framework.exceptions import APIException
from rest_framework.request import is_form_media_type

from django_apierrors import fallback
from django_apierrors.errors import Error
from django_apierrors.handling.responses import make_response
from django_apierrors.handling.rewriting import add_language_to_vary, override_language
from django_apierrors.http.encoders import encode
from django_apierrors.http.headers import add_required_headers
from django_apierrors.http.problems import JSON, apply_content_type, apply_fallback, make_problem
from django_apierrors.http.request_bodies import (
    check_content_encoding,
    find_content_length,
    read_chunked_body,
)
from django_apierrors.http.scope import is_api_request, is_api_view, is_of_project
from django_apierrors.recognition.lookup import recognise
from django_apierrors.signals import send_error_sent
from django_apierrors.validation.places import UNSAFE_METHODS

# For a parameter of `Content-Type` that cannot be decoded (a BadRequest in Django 6.1), for a
# charset that is not a text encoding, and for any ValueError in a query string, which Django reads
# if there is a charset.
MALFORMED_REQUEST_ERRORS = (ValueError, LookupError, BadRequest, TooManyFieldsSent)


class MalformedRequestResponse(HttpResponse):
    """The response for a malformed request, with its error, or with the fallback body."""

    error: Error | Mapping[str, Any]

    def send_signal(self, request: HttpRequest | None) -> None:
        """Send `error_sent`."""
        send_error_sent(self, request, self.error)


def get_status(exception: Exception) -> int:
    """Return the status for a request whose constructor raised one of these errors."""
    is_of_charset = isinstance(exception.__cause__, UnicodeError)
    return 400 if isinstance(exception, TooManyFieldsSent) and not is_of_charset else 415


def make_malformed_request_response(status: int, request: HttpRequest) -> MalformedRequestResponse:
    """Return the response for a request from which Django cannot make a request object.

    `request` is a minimal request: only its `Accept` and `Accept-Language` are read.
    """
    response = MalformedRequestResponse(content_type=JSON)
    try:
        with override_language(request):
            error = Error.of_status(status)
            body = error.get_body()
            is_problem = apply_content_type(response, request)
            response.content = encode(make_problem(body) if is_problem else body)
        response.status_code = error.status
        add_required_headers(response, body)
        add_language_to_vary(response, request)
        response.error = error.with_code_of(body)
    except Exception:
        fallback.log_failure("responding to a malformed request")
        response.content, response.error = apply_fallback(response, request), fallback.get_body()
    response["Content-Length"] = str(len(response.content))
    return response


def find_unreadable_body_response(request: HttpRequest) -> HttpResponse | None:
    """Return the response if the view is DRF's, and cannot read its chunked or compressed body.

    A view of ours checks the body itself, after its other checks.
    """
    match: Any = request.resolver_match
    view_class = getattr(match.func, "cls", None) if match else None
    is_stock = is_api_view(request) and not hasattr(view_class, "check_content_type")
    if not is_stock or not is_api_request(request):
        return None
    try:
        read_chunked_body(request)
        is_form = is_form_media_type(request.content_type or "") and find_content_length(request)
        if is_form and request.method in UNSAFE_METHODS and is_read_as_sent(match):
            check_content_encoding(request)
    except (APIException, UnreadablePostError) as exc:
        response: HttpResponse = make_response(recognise(exc, request), request).render()
        return response
    return None


def is_read_as_sent(match: Any) -> bool:
    """Whether the view of DRF at `match` has no parser of the project's, which may decompress."""
    view_class = getattr(match.func, "cls", None)
    default = getattr(view_class, "parser_classes", ())
    parsers = getattr(match.func, "initkwargs", {}).get("parser_classes", default)
    functions = [getattr(parser, "parse", None) for parser in parsers]
    return not any(map(is_of_project, [getattr(view_class, "get_parsers", None), *functions]))
