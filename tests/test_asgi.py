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

from django_apierrors.asgi import APIErrorsASGIHandler, get_asgi_application
from django_apierrors.catalog import CODES_BY_STATUS
from tests.bodies import body
from tests.support import echo, make_view, receive, subclass, throw

# At the start of each request Django closes unusable database connections.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

MEDIA_TYPES = {"/echo": "application/json", "/form": "application/x-www-form-urlencoded"}


@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.POST)} fields")


urlpatterns = [path("echo", make_view(echo)), path("form", form)]


# The constructor of its requests raises, for which Django's handler has an `except`.
TooBigRequest = subclass(ASGIRequest, __init__=lambda *arguments: throw(RequestDataTooBig))
TooBigHandler = subclass(APIErrorsASGIHandler, request_class=TooBigRequest)


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
        **{"type": "http", "method": method, "path": url, "query_string": query},
        **{"headers": headers, "server": ("testserver", 80)},
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
    with receive(request_finished) as signals:
        assert_error(send("POST", url, b"{}", "application/json; a*=bogus''x"), 415)
    assert len(signals) == 1


def describe_thread(body: Any, error: Any, request: Any) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return {**body, "isOnLoop": False}
    return {**body, "isOnLoop": True}


def test_the_function_in_body_is_not_called_on_the_event_loop(settings: Settings) -> None:
    settings.API_ERRORS = {"BODY": f"{__name__}.describe_thread"}
    response = send("POST", "/echo", b"{}", "application/json; charset*=bogus''x")
    assert (response.status, json.loads(response.content)["isOnLoop"]) == (415, False)


# DRF's parsers and Django's form parser decode the body, each with its own exceptions.
@pytest.mark.parametrize("url", MEDIA_TYPES)
def test_an_invalid_charset_is_rejected_when_the_body_is_read(settings: Settings, url: str) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    for charset in ("bz2_codec", "idna", "hex", "undefined"):
        response = send("POST", url, b"{}", f"{MEDIA_TYPES[url]}; charset={charset}", query=b"a=1")
        assert response.status in (400, 415)
        assert json.loads(response.content)["status"] == response.status


@pytest.mark.parametrize("url", MEDIA_TYPES)
def test_a_body_over_the_limit_is_413(settings: Settings, url: str) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert_error(send("POST", url, b'{"a": "' + b"b" * 200 + b'"}', MEDIA_TYPES[url]), 413)


def test_a_request_that_cannot_be_made_is_an_error_of_the_client() -> None:
    for content_type in (None, "text/html; charset=utf-8"):
        assert_error(send("GET", "/echo", content_type=content_type, query=b"a=1&" * 1001), 400)
    assert_error(send("GET", "/echo", query=b"a=\xff"), 400)
    assert_error(send("GET", "/echo", application=TooBigHandler()), 413)
    for url in ("/\ufffd", "/\x00"):
        assert_error(send("GET", url), 404)


def test_a_valid_request_reaches_its_view() -> None:
    response = send("POST", "/echo", b'{"name": "\xc3\xa9"}', "application/json; charset=utf-8")
    assert (response.status, json.loads(response.content)) == (200, {"name": "é"})
    response = send("GET", "/echo", query=b"a=%C3%A9")
    assert (response.status, json.loads(response.content)) == (200, {"a": ["é"]})
