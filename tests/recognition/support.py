"""A DRF view that fails, and the bodies that tests expect of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.bodies import body

REFERENCE = re.compile(r" Reference: [0-9a-f]{12}\.")

Outcome = tuple[int, Any]


def respond(fail: Callable[[], object]) -> HttpResponse:
    """Return the response of a DRF view that calls `fail`, by the exception handler alone."""

    class FailingView(APIView):
        # With an authenticator, an anonymous client gets a 401 in place of each 403.
        authentication_classes = []

        def post(self, request: Request) -> Response:
            request.data  # noqa: B018  (read, as views do)
            return Response({"result": repr(fail())})

    return FailingView.as_view()(
        APIRequestFactory().post("/", {"shelf": 7}, format="json")
    ).render()


def respond_to(exception: BaseException) -> HttpResponse:
    """Return the response of a DRF view that raises `exception`."""

    def fail() -> NoReturn:
        raise exception

    return respond(fail)


def read(response: HttpResponse) -> Outcome:
    """Return the status and the body, without the reference of an unhandled exception."""
    return response.status_code, json.loads(REFERENCE.sub("", response.content.decode()))


def expect(name: str, *messages: str, status: int | None = None) -> Outcome:
    """Return the status and the body of a code, with the catalogue's if no other are given."""
    expected = body(name, *messages, status=status)
    return expected["status"], expected
