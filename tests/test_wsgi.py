"""The WSGI drop-in, called as a server calls it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.wsgi import APIErrorsWSGIHandler, get_wsgi_application
from tests.bodies import body

# At the start of each request Django closes unusable database connections.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

# Django cannot decode the parameter of the first; the other charsets are not text encodings.
MALFORMED_CONTENT_TYPES = [
    "application/json; a*=bogus''x",
    "application/json; charset=bz2_codec",
    "application/json; charset=idna",
    "application/json; charset=hex",
    "application/json; charset=undefined",
]


class EchoView(APIView):
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        return Response(dict(request.query_params))

    def post(self, request: Request) -> Response:
        return Response(request.data)


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.content_type)


urlpatterns = [path("echo", EchoView.as_view()), path("plain", plain)]


class ServerResponse(NamedTuple):
    """The response as the server receives it."""

    status: int
    headers: dict[str, str]
    content: bytes


def send(
    method: str, url: str, content: bytes = b"", *, path_info: str = "", **extra: str
) -> ServerResponse:
    """Call a new application as a server does."""
    target, _, query = url.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path_info or target,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": "testserver",
        "wsgi.input": io.BytesIO(content),
        **extra,
    }
    setup_testing_defaults(environ)
    calls: list[Any] = []
    response: Any = get_wsgi_application()(environ, lambda *arguments: calls.append(arguments))
    sent = b"".join(response)
    response.close()
    [(status, headers)] = calls
    return ServerResponse(int(status[:3]), dict(headers), sent)


@pytest.fixture
def senders() -> Iterator[list[object]]:
    """Return the senders of `request_finished` during the test."""
    senders: list[object] = []

    def receive(sender: object, **kwargs: object) -> None:
        senders.append(sender)

    request_finished.connect(receive)
    yield senders
    request_finished.disconnect(receive)


@pytest.mark.parametrize("content_type", MALFORMED_CONTENT_TYPES)
@pytest.mark.parametrize("url", ["/echo", "/plain", "/nowhere"])
def test_a_malformed_content_type_is_415(
    url: str, content_type: str, senders: list[object]
) -> None:
    # Python's idna accepts a query without an escape, as it has nothing to decode.
    response = send("POST", f"{url}?a=%C3%A9", b"{}", CONTENT_TYPE=content_type)
    assert response.status == 415
    assert response.headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(response.content)),
        "X-Content-Type-Options": "nosniff",
    }
    assert json.loads(response.content) == body("UNSUPPORTED_MEDIA_TYPE")
    assert senders == [APIErrorsWSGIHandler]


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8"])
def test_too_many_fields_in_a_query_are_400(content_type: str) -> None:
    response = send("GET", "/echo?" + "a=1&" * 1001, CONTENT_TYPE=content_type)
    assert (response.status, json.loads(response.content)) == (400, body("INVALID_CONTENT"))


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_valid_post_reaches_its_view(content_type: str) -> None:
    response = send("POST", "/echo?a=1", b'{"name": "\xc3\xa9"}', CONTENT_TYPE=content_type)
    assert (response.status, json.loads(response.content)) == (200, {"name": "é"})


@pytest.mark.parametrize("content_type", ["", "nonsense", "text/plain; charset=nonsense"])
def test_a_get_reaches_its_view_with_any_content_type(content_type: str) -> None:
    response = send("GET", "/echo?a=1", CONTENT_TYPE=content_type)
    assert (response.status, json.loads(response.content)) == (200, {"a": ["1"]})


@pytest.mark.parametrize("path_info", ["/\xff", "/\xc3\x28", "/\x00"])
def test_a_malformed_path_is_404(path_info: str) -> None:
    response = send("GET", "/", path_info=path_info)
    assert (response.status, json.loads(response.content)["code"]) == (404, "MISSING_RESOURCE")
