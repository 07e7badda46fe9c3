"""The ASGI drop-in, called as a server calls it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pytest_django.fixtures import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.asgi import APIErrorsASGIHandler, get_asgi_application
from django_apierrors.catalog import CODES_BY_STATUS
from tests.bodies import body

# At the start of each request Django closes unusable database connections.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

MALFORMED_CONTENT_TYPE = "application/json; a*=bogus''x"
MEDIA_TYPES = {"/echo": "application/json", "/form": "application/x-www-form-urlencoded"}


class EchoView(APIView):
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        return Response(dict(request.query_params))

    def post(self, request: Request) -> Response:
        return Response(request.data)


@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.POST)} fields")


urlpatterns = [path("echo", EchoView.as_view()), path("form", form)]


class TooBigRequest(ASGIRequest):
    """A request whose constructor raises, for which Django's handler has an `except`."""

    def __init__(self, *arguments: object) -> None:
        raise RequestDataTooBig


class TooBigHandler(APIErrorsASGIHandler):
    request_class = TooBigRequest


class ServerResponse(NamedTuple):
    """The response as the server receives it."""

    status: int
    headers: dict[bytes, bytes]
    content: bytes


def send(
    method: str,
    url: str,
    content: bytes = b"",
    content_type: str | None = None,
    *,
    query: bytes = b"",
    application: ASGIHandler | None = None,
) -> ServerResponse:
    """Call a new application as a server does."""
    headers = [(b"host", b"testserver"), (b"content-length", str(len(content)).encode())]
    if content_type is not None:
        headers.append((b"content-type", content_type.encode("latin-1")))
    scope = {
        "type": "http",
        "method": method,
        "path": url,
        "query_string": query,
        "headers": headers,
        "server": ("testserver", 80),
    }
    return async_to_sync(exchange)(application or get_asgi_application(), scope, content)


async def exchange(application: Any, scope: dict[str, object], content: bytes) -> ServerResponse:
    """Send the messages of one request and collect those of its response."""
    messages: list[dict[str, Any]] = []
    requests = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requests:
            return message
        # The client stays connected until the response is complete.
        await asyncio.Event().wait()
        raise AssertionError

    async def receive_response(message: dict[str, Any]) -> None:
        messages.append(message)

    await application(scope, receive, receive_response)
    start, *parts = messages
    sent = b"".join(part.get("body", b"") for part in parts)
    return ServerResponse(start["status"], dict(start["headers"]), sent)


def assert_error(response: ServerResponse, status: int) -> None:
    """Assert that `response` is the body of `status`."""
    assert (response.status, response.headers[b"Content-Type"]) == (status, b"application/json")
    assert json.loads(response.content) == body(CODES_BY_STATUS[status])


@pytest.mark.parametrize("url", ["/echo", "/form", "/nowhere"])
def test_a_malformed_content_type_is_415(url: str) -> None:
    senders: list[object] = []

    def receive(sender: object, **kwargs: object) -> None:
        senders.append(sender)

    request_finished.connect(receive)
    response = send("POST", url, b"{}", MALFORMED_CONTENT_TYPE)
    request_finished.disconnect(receive)
    assert_error(response, 415)
    assert len(senders) == 1


@pytest.mark.parametrize("url", sorted(MEDIA_TYPES))
@pytest.mark.parametrize("charset", ["bz2_codec", "idna", "hex", "undefined"])
def test_an_invalid_charset_is_rejected_when_the_body_is_read(
    settings: Settings, url: str, charset: str
) -> None:
    # DRF's parsers and Django's form parser decode the body, each with its own exceptions.
    settings.API_ERRORS = {"PATHS": ["/"]}
    response = send("POST", url, b"{}", f"{MEDIA_TYPES[url]}; charset={charset}", query=b"a=1")
    assert response.status in (400, 415)
    assert json.loads(response.content)["status"] == response.status


@pytest.mark.parametrize("content_type", [None, "text/html; charset=utf-8"])
def test_too_many_fields_in_a_query_are_400(content_type: str | None) -> None:
    assert_error(send("GET", "/echo", content_type=content_type, query=b"a=1&" * 1001), 400)


def test_a_query_that_cannot_be_decoded_is_400() -> None:
    assert_error(send("GET", "/echo", query=b"a=\xff"), 400)


def test_a_request_that_is_too_large_for_its_constructor_is_413() -> None:
    assert_error(send("GET", "/echo", application=TooBigHandler()), 413)


@pytest.mark.parametrize("url", sorted(MEDIA_TYPES))
def test_a_body_over_the_limit_is_413(settings: Settings, url: str) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert_error(send("POST", url, b'{"a": "' + b"b" * 200 + b'"}', MEDIA_TYPES[url]), 413)


def test_a_valid_request_reaches_its_view() -> None:
    response = send("POST", "/echo", b'{"name": "\xc3\xa9"}', "application/json; charset=utf-8")
    assert (response.status, json.loads(response.content)) == (200, {"name": "é"})
    response = send("GET", "/echo", query=b"a=%C3%A9")
    assert (response.status, json.loads(response.content)) == (200, {"a": ["é"]})


@pytest.mark.parametrize("url", ["/\ufffd", "/\x00"])
def test_a_malformed_path_is_404(url: str) -> None:
    assert_error(send("GET", url), 404)
