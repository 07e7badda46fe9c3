"""A header that matches each response with its request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"


class RequestIdMiddleware:
    """Copies `X-Request-Id` from the request to the response."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[..., HttpResponse | Awaitable[HttpResponse]]) -> None:
        """Keep the next layer."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Return the response, or a coroutine that returns it."""
        if self.is_async:
            return self.call_async(request)
        return self.copy_header(request, self.get_response(request))

    async def call_async(self, request: HttpRequest) -> HttpResponse:
        """Return the response under ASGI."""
        return self.copy_header(request, await self.get_response(request))

    def copy_header(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Copy the header to the response, and return the response."""
        response[HEADER] = request.headers.get(HEADER, "")
        return response
