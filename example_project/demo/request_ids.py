"""The id of a request in the bodies of its errors; the setting ``BODY`` names the function."""

from __future__ import annotations

from django.http import HttpRequest

from django_apierrors.errors import Body, Error


def add_request_id(body: Body, error: Error, request: HttpRequest | None) -> dict[str, object]:
    """Return the body with the ``X-Request-ID`` of the client, if the client sent one."""
    request_id = None if request is None else request.headers.get("X-Request-ID")
    return {**body, "requestId": request_id} if request_id else {**body}
