"""The WSGI drop-in, called as a server calls it."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished
from django.http import HttpResponse
from django.urls import path

from django_apierrors.wsgi import APIErrorsWSGIHandler, get_wsgi_application
from tests.bodies import body
from tests.support import echo, make_view, receive

# At the start of each request Django closes unusable database connections.
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

urlpatterns = [
    path("echo", make_view(echo)),
    path("plain", lambda request: HttpResponse(request.content_type)),
]


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


@pytest.mark.parametrize("url", ["/echo", "/plain", "/nowhere"])
@pytest.mark.parametrize(
    "parameter",
    # Django cannot decode the first; the others are not the names of text encodings.
    ["a*=bogus''x", *(f"charset={name}" for name in ("bz2_codec", "idna", "hex", "undefined"))],
)
def test_a_malformed_content_type_is_415(url: str, parameter: str) -> None:
    # Python's idna accepts a query without an escape, as it has nothing to decode.
    url, content_type = f"{url}?a=%C3%A9", f"application/json; {parameter}"
    with receive(request_finished) as signals:
        response = send("POST", url, b"{}", CONTENT_TYPE=content_type)
    assert response.status == 415
    assert response.headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(response.content)),
        "X-Content-Type-Options": "nosniff",
    }
    assert json.loads(response.content) == body("UNSUPPORTED_MEDIA_TYPE")
    assert [signal["sender"] for signal in signals] == [APIErrorsWSGIHandler]


@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=utf-8"])
def test_too_many_fields_in_a_query_are_400(content_type: str) -> None:
    response = send("GET", "/echo?" + "a=1&" * 1001, CONTENT_TYPE=content_type)
    assert (response.status, json.loads(response.content)) == (400, body("INVALID_CONTENT"))


@pytest.mark.parametrize(
    ("method", "content_type", "data"),
    [
        ("POST", "application/json; charset=utf-8", {"name": "é"}),
        ("POST", "Application/JSON", {"name": "é"}),
        ("GET", "", {"a": ["1"]}),
        ("GET", "nonsense", {"a": ["1"]}),
        ("GET", "text/plain; charset=nonsense", {"a": ["1"]}),
    ],
)
def test_a_valid_request_reaches_its_view(method: str, content_type: str, data: Any) -> None:
    content = b'{"name": "\xc3\xa9"}' if method == "POST" else b""
    response = send(method, "/echo?a=1", content, CONTENT_TYPE=content_type)
    assert (response.status, json.loads(response.content)) == (200, data)


@pytest.mark.parametrize("path_info", ["/\xff", "/\xc3\x28", "/\x00"])
def test_a_malformed_path_is_404(path_info: str) -> None:
    response = send("GET", "/", path_info=path_info)
    assert (response.status, json.loads(response.content)) == (404, body("MISSING_RESOURCE"))
