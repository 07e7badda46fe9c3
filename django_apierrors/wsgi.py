"""WSGI: a drop-in for `django.core.wsgi.get_wsgi_application`.

For the requests that no middleware sees: Django raises while it makes the request object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from django_apierrors.unreadable import UNREADABLE, get_status, make_unreadable_response

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


def get_wsgi_application() -> WSGIHandler:
    """Return the WSGI application, as Django's function of this name does."""
    django.setup(set_prefix=False)
    return APIErrorsWSGIHandler()


class ReadableRequest(WSGIRequest):
    """Django's request, made without its `Content-Type` where that cannot be read."""

    refusal: int | None = None

    def __init__(self, environ: dict[str, Any]) -> None:
        """Take the WSGI environment."""
        try:
            super().__init__(environ)
        except UNREADABLE as exc:
            self.refusal = get_status(exc)
            super().__init__(environ | {"CONTENT_TYPE": ""})


class APIErrorsWSGIHandler(WSGIHandler):
    """Django's handler, which answers a request with a `Content-Type` that cannot be read."""

    request_class = ReadableRequest

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Answer `request`."""
        refusal: int | None = request.refusal  # type: ignore[attr-defined]
        if refusal is None:
            return super().get_response(request)
        return make_unreadable_response(refusal, request)
