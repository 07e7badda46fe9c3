"""``GET /_status/<n>``: failures that are real, to show how they are answered."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from typing import NoReturn

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView

UPSTREAM_TIMEOUT = 0.3
"""Seconds that the demo waits for its silent upstream."""


def fail_by_a_bug() -> None:
    """Look a price up in a list that has none."""
    prices: dict[str, int] = {}
    prices["umbrella"]


def call_an_upstream_that_refuses() -> None:
    """Connect to a loopback port that is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        request_from(taken.getsockname()[1])


def call_an_upstream_that_never_answers() -> None:
    """Send a request to a loopback listener that accepts it and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        request_from(silent.getsockname()[1])


def request_from(port: int) -> None:
    """Ask the loopback upstream at ``port`` for its stock."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=UPSTREAM_TIMEOUT)
    try:
        connection.request("GET", "/stock")
        connection.getresponse()
    finally:
        connection.close()


FAILURES: dict[int, Callable[[], None]] = {
    500: fail_by_a_bug,
    503: call_an_upstream_that_refuses,
    504: call_an_upstream_that_never_answers,
}


class FailureView(APIView):
    """Fails with the status that the URL names: 500, 503 or 504."""

    # Open to everyone, so that a browser or a bare curl can see a failure too.
    authentication_classes = ()
    permission_classes = ()
    # For the schema, which cannot know.
    possible_errors = ("GATEWAY_TIMEOUT",)

    def get(self, request: Request, status: int) -> NoReturn:
        """Let the failure behind ``status`` happen; any other status is a 404."""
        if status in FAILURES:
            FAILURES[status]()
        raise Http404
