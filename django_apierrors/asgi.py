"""ASGI: a drop-in for `django.core.asgi.get_asgi_application`.

For the requests that no middleware sees: Django raises while it makes the request object.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest

from django_apierrors.unreadable import UNREADABLE, get_status, make_unreadable_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http.response import HttpResponseBase

# The headers that tell how such a request is answered, as ASGI and as Django spells them.
READ = {b"accept": "HTTP_ACCEPT", b"accept-language": "HTTP_ACCEPT_LANGUAGE"}


def get_asgi_application() -> ASGIHandler:
    """Return the ASGI application, as Django's function of this name does."""
    django.setup(set_prefix=False)
    return APIErrorsASGIHandler()


class APIErrorsASGIHandler(ASGIHandler):
    """Django's handler, which answers a request with a `Content-Type` that cannot be read."""

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """Return the request, or the response for one that cannot be made."""
        try:
            made = super().create_request(scope, body_file)
        except UNREADABLE as exc:
            return None, make_unreadable_response(get_status(exc), make_stand_in(scope))
        refusal = made[1]
        if refusal is None:
            return made
        return None, make_unreadable_response(refusal.status_code, make_stand_in(scope))


def make_stand_in(scope: Mapping[str, Any]) -> HttpRequest:
    """Return a request with nothing of the one that cannot be made but what tells its answer."""
    request = HttpRequest()
    for header, key in READ.items():
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == header]
        if values:
            request.META[key] = ",".join(values)
    return request
