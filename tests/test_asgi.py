"""The ASGI drop-in, called as a server calls it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
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
from django_apierrors.catalog import CATALOG, CODES_BY_STATUS

# At the start of each request Django asks its connections whether they are of use still.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

CHARSETS = ["bz2_codec", "idna", "hex", "undefined"]


class Echo(APIView):
    """Tells what it was sent."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Tell of the query."""
        return Response(dict(request.query_params))

    def post(self, request: Request) -> Response:
        """Tell of the document."""
        return Response(request.data)


@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    """Read a form."""
    return HttpResponse(f"{len(request.POST)} fields")


urlpatterns = [path("echo", Echo.as_view()), path("form", form)]


class TooBigRequest(ASGIRequest):
    """A request whose constructor finds it too large, as Django allows for."""

    def __init__(self, *arguments: object) -> None:
        """Refuse."""
        raise RequestDataTooBig


class TooBigHandler(APIErrorsASGIHandler):
    """A handler with such requests."""

    request_class = TooBigRequest


class Answer(NamedTuple):
    """What a server was sent."""

    status: int
    headers: dict[bytes, bytes]
    content: bytes


def ask(
    method: str,
    url: str,
    body: bytes = b"",
    content_type: str | None = None,
    *,
    query: bytes = b"",
    application: ASGIHandler | None = None,
) -> Answer:
    """Call a new application with a request, as a server does."""
    headers = [(b"host", b"testserver"), (b"content-length", str(len(body)).encode())]
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
    return async_to_sync(converse)(application or get_asgi_application(), scope, body)


async def converse(application: Any, scope: dict[str, object], body: bytes) -> Answer:
    """Send the messages of one request and collect those of its response."""
    messages: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        # The client stays until the whole response is there.
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await application(scope, receive, send)
    start, *parts = messages
    content = b"".join(part.get("body", b"") for part in parts)
    return Answer(start["status"], dict(start["headers"]), content)


def assert_body(answer: Answer, status: int) -> None:
    """Hold `answer` to be the body of a bare status."""
    code = CATALOG[CODES_BY_STATUS[status]]

    assert answer.status == status
    assert answer.headers[b"Content-Type"] == b"application/json"
    assert json.loads(answer.content) == {
        "status": status,
        "errors": [str(code.message)],
        "code": code.name,
        "moreInfo": "",
    }


@pytest.fixture
def finished() -> Iterator[list[object]]:
    """What `request_finished` was sent for."""
    senders: list[object] = []

    def receive(sender: object, **kwargs: object) -> None:
        senders.append(sender)

    request_finished.connect(receive)
    yield senders
    request_finished.disconnect(receive)


def test_the_application_is_djangos_handler() -> None:
    application = get_asgi_application()

    assert isinstance(application, APIErrorsASGIHandler)
    assert isinstance(application, ASGIHandler)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("url", ["/echo", "/form", "/nowhere"])
def test_a_content_type_that_cannot_be_read_is_a_415(method: str, url: str) -> None:
    assert_body(ask(method, url, b"{}", "application/json; a*=bogus''x"), 415)


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("query", [b"", b"a=1"])
@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        ("/echo", "application/json"),
        ("/form", "application/x-www-form-urlencoded"),
    ],
)
def test_a_charset_that_is_none_is_refused_where_the_body_is_read(
    settings: Settings, url: str, media_type: str, query: bytes, charset: str
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    answer = ask("POST", url, b"{}", f"{media_type}; charset={charset}", query=query)

    assert answer.status in (400, 415)
    assert json.loads(answer.content)["status"] == answer.status


@pytest.mark.parametrize("content_type", [None, "text/html; charset=utf-8"])
def test_a_query_of_too_many_fields_is_a_413(content_type: str | None) -> None:
    answer = ask("GET", "/echo", content_type=content_type, query=b"a=1&" * 1001)

    assert_body(answer, 413)


def test_a_query_that_is_no_text_is_a_400() -> None:
    assert_body(ask("GET", "/echo", query=b"a=\xff"), 400)


def test_a_request_that_is_too_large_to_be_made_is_a_413() -> None:
    assert_body(ask("GET", "/echo", application=TooBigHandler()), 413)


@pytest.mark.parametrize("url", ["/echo", "/form"])
def test_a_body_over_the_limit_is_a_413(settings: Settings, url: str) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    content_type = "application/json" if url == "/echo" else "application/x-www-form-urlencoded"
    answer = ask("POST", url, b'{"a": "' + b"b" * 200 + b'"}', content_type)

    assert_body(answer, 413)


def test_a_refused_request_is_finished_as_any_other(finished: list[object]) -> None:
    ask("GET", "/echo", content_type="application/json; a*=bogus''x")

    assert len(finished) == 1


def test_a_request_that_can_be_read_is_answered_by_its_view() -> None:
    answer = ask("POST", "/echo", b'{"name": "\xc3\xa9"}', "application/json; charset=utf-8")

    assert (answer.status, json.loads(answer.content)) == (200, {"name": "é"})


def test_a_query_that_can_be_read_is_answered_by_its_view() -> None:
    answer = ask("GET", "/echo", query=b"a=%C3%A9")

    assert (answer.status, json.loads(answer.content)) == (200, {"a": ["é"]})


@pytest.mark.parametrize("url", ["/\ufffd", "/\x00"])
def test_a_path_that_is_no_text_is_an_unmatched_url(url: str) -> None:
    assert_body(ask("GET", url), 404)
