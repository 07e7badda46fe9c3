"""What the benchmark of load adds to the example project: a header that comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"


class EchoMiddleware:
    """Gives each response the `X-Request-Id` of its request."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[..., HttpResponse | Awaitable[HttpResponse]]) -> None:
        """Take the next layer."""
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Answer `request`."""
        if self.is_async:
            return self.answer_async(request)
        return self.mark(request, self.get_response(request))

    async def answer_async(self, request: HttpRequest) -> HttpResponse:
        """Answer `request` on the event loop."""
        return self.mark(request, await self.get_response(request))

    def mark(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Put the header on `response`."""
        response[HEADER] = request.headers.get(HEADER, "")
        return response
