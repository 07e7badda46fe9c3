"""``GET /_status/<n>``: real failures, to show the errors that they become."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from typing import NoReturn

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView

UPSTREAM_TIMEOUT = 0.3
"""Seconds."""


def raise_key_error() -> None:
    """Read a price from a price list that is empty."""
    prices: dict[str, int] = {}
    prices["umbrella"]


def call_refusing_upstream() -> None:
    """Connect to a loopback port that is bound but not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        request_stock(bound.getsockname()[1])


def call_silent_upstream() -> None:
    """Send a request to a loopback listener that never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        request_stock(listener.getsockname()[1])


def request_stock(port: int) -> None:
    """Request the stock from the loopback upstream at ``port``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=UPSTREAM_TIMEOUT)
    try:
        connection.request("GET", "/stock")
        connection.getresponse()
    finally:
        connection.close()


FAILURES: dict[int, Callable[[], None]] = {
    500: raise_key_error,
    503: call_refusing_upstream,
    504: call_silent_upstream,
}


class FailureView(APIView):
    """Fails with the status in the URL: 500, 503 or 504."""

    # Public, so that a browser or a bare curl can see a failure.
    authentication_classes = ()
    permission_classes = ()
    # For the schema.
    possible_errors = ("GATEWAY_TIMEOUT",)

    def get(self, request: Request, status: int) -> NoReturn:
        """Run the failure for ``status``; any other status is a 404."""
        if status in FAILURES:
            FAILURES[status]()
        raise Http404
