"""WSGI: a drop-in for `django.core.wsgi.get_wsgi_application`.

The drop-in handles requests that reach no middleware: Django raises in the request's constructor.
"""

from __future__ import annotations

from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_apierrors.handling import malformed_requests


def get_wsgi_application() -> WSGIHandler:
    """Return the WSGI application, as Django's function of this name does."""
    django.setup(set_prefix=False)
    return APIErrorsWSGIHandler()


class TolerantWSGIRequest(WSGIRequest):
    """Django's request, made without its `Content-Type` if that is malformed."""

    error_status: int | None = None

    def __init__(self, environ: dict[str, Any]) -> None:
        """Make the request from the WSGI environment."""
        try:
            super().__init__(environ)
        except malformed_requests.MALFORMED_REQUEST_ERRORS as exc:
            self.error_status = malformed_requests.get_status(exc)
            super().__init__(environ | {"CONTENT_TYPE": ""})


class APIErrorsWSGIHandler(WSGIHandler):
    """Django's handler, with a JSON error for a request with a malformed `Content-Type`."""

    request_class = TolerantWSGIRequest

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response for `request`."""
        error_status: int | None = request.error_status  # type: ignore[attr-defined]
        if error_status is None:
            return super().get_response(request)
        response = malformed_requests.make_malformed_request_response(error_status, request)
        response.send_signal(request)
        return response
