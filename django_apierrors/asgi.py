"""ASGI: a drop-in for `django.core.asgi.get_asgi_application`.

The drop-in handles requests that reach no middleware: Django raises in the request's constructor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from django_apierrors.handling import malformed_requests

# The headers that the response depends on, as ASGI and as Django spells them.
FORWARDED_HEADERS = {b"accept": "HTTP_ACCEPT", b"accept-language": "HTTP_ACCEPT_LANGUAGE"}


def get_asgi_application() -> ASGIHandler:
    """Return the ASGI application, as Django's function of this name does."""
    django.setup(set_prefix=False)
    return APIErrorsASGIHandler()


class Placeholder(HttpResponse):
    """The place of the response for a malformed request, with its status."""

    request: HttpRequest

    def replace(self) -> HttpResponseBase:
        """Return the response, about which the signal `error_sent` was sent."""
        response = malformed_requests.make_malformed_request_response(
            self.status_code, self.request
        )
        response.send_signal(None)
        return response


class APIErrorsASGIHandler(ASGIHandler):
    """Django's handler, with a JSON error for a request with a malformed `Content-Type`."""

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """Return the request, or the response if it cannot be made."""
        try:
            result = super().create_request(scope, body_file)
            if result[1] is None:
                return result
            status = result[1].status_code
        except malformed_requests.MALFORMED_REQUEST_ERRORS as exc:
            status = malformed_requests.get_status(exc)
        placeholder = Placeholder(status=status)
        placeholder.request = make_minimal_request(scope)
        return None, placeholder

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Send `response`; in place of a placeholder the response that a thread makes."""
        if isinstance(response, Placeholder):
            # Not on the event loop: the function in `BODY`, and receivers of the signal, may use
            # the database.
            response = await sync_to_async(response.replace)()
        await super().send_response(response, send)


def make_minimal_request(scope: Mapping[str, Any]) -> HttpRequest:
    """Return a request with the headers that the response depends on, and nothing else."""
    request = HttpRequest()
    for header, key in FORWARDED_HEADERS.items():
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == header]
        if values:
            request.META[key] = ",".join(values)
    return request
