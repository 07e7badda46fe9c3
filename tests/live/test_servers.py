"""The bytes of errors that gunicorn and uvicorn send, with the drop-ins and DEBUG off."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bodies import body
from tests.services import require_package

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
TIMEOUT = 30.0
SECRET = "s3cret-text-of-an-exception"

# Each accepts a listening socket: the port is free, and the first request waits for the server.
COMMANDS = {
    "gunicorn": "gunicorn --threads 8 -b fd://{fd} django_apierrors.wsgi:get_wsgi_application()",
    "uvicorn": "uvicorn --fd {fd} --factory django_apierrors.asgi:get_asgi_application",
    "wsgiref": "tests.live.wsgiref_server {fd}",
}


class EchoView(APIView):
    """Returns the request's data, or raises the exception that `fail` names."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        match request.query_params.get("fail"):
            case "unhandled":
                raise RuntimeError(SECRET)
            case "timeout":
                raise TimeoutError(SECRET)
            case str(text):
                # Long enough for concurrent requests to be in the view too.
                time.sleep(0.01)
                raise ValidationError({"name": text})
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        return Response(request.data)


def read_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.POST)} fields")


def return_error(request: HttpRequest) -> HttpResponse:
    """Return an error with a length that the format will change."""
    return HttpResponse("x" * 5000, status=409, headers={"Content-Length": "5000"})


urlpatterns = [
    path("api/echo", EchoView.as_view()),
    path("api/form", read_form),
    path("api/returned", return_error),
]


class Server(NamedTuple):
    port: int
    log: Path


class WireResponse(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Each of the servers, with the project of `server_settings`."""
    with run_server(request.param, "tests.live.server_settings", tmp_path_factory) as server:
        yield server


@contextmanager
def run_server(
    name: str, settings: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Run one of the servers with the module `settings`."""
    require_package(name)
    log = tmp_path_factory.mktemp(name) / "server.log"
    with socket.create_server((HOST, 0)) as listener, log.open("wb") as output:
        fd = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", *COMMANDS[name].format(fd=fd).split()],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[fd],
        )
        try:
            yield Server(listener.getsockname()[1], log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def send(
    server: Server, method: str, target: str, content: str = "", host: str = HOST, **headers: str
) -> WireResponse:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(content)}"] if content else []
    return exchange(server, "\r\n".join([*lines, "", content]))


def exchange(server: Server, request: str) -> WireResponse:
    """Send the text of a request on a connection of its own, and return the response.

    The content must be as long as the headers declare.
    """
    with socket.create_connection((HOST, server.port), TIMEOUT) as connection:
        connection.sendall(request.encode("latin-1"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, received_content = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if received_content and "transfer-encoding" not in fields:
        assert fields["content-length"] == str(len(received_content))
    return WireResponse(int(first.split()[1]), fields, received_content)


def assert_error(
    response: WireResponse, code: str, *errors: str, status: int | None = None
) -> None:
    """Check the body, which is compact JSON, the status and the media type."""
    expected = body(code, *errors, status=status)
    text = json.dumps(expected, separators=(",", ":"), ensure_ascii=False)
    assert (response.status, response.content) == (expected["status"], text.encode())
    assert response.headers["content-type"] == "application/json"


def test_an_unhandled_exception_has_a_reference_that_is_once_in_the_log(server: Server) -> None:
    response = send(server, "GET", "/api/echo?fail=unhandled")

    [message] = json.loads(response.content)["errors"]
    assert_error(response, "INTERNAL_ERROR", message)
    match = re.search(r"Reference: ([0-9a-f]{12})\.$", message)
    assert match is not None
    log = server.log.read_text()
    assert log.count(match[1]) == 1
    assert SECRET in log
    assert SECRET.encode() not in response.content


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BOGUS = "application/json; a*=bogus''x"
LONG_FORM = "a=" + "b" * 2000
PARSED = '{"a":1}'

# Each request, with its target, content, host and headers, and the code of the response.
REQUESTS: dict[str, tuple[str, dict[str, str], str]] = {
    "a timeout": ("GET /api/echo?fail=timeout", {}, "GATEWAY_TIMEOUT"),
    "an unmatched URL": ("GET /api/nowhere", {}, "MISSING_RESOURCE"),
    "a URL that is not UTF-8": ("GET /api/%ff", {}, "MISSING_RESOURCE"),
    "a query that is not UTF-8": ("GET /api/%C3%A9?%ff", {}, "MISSING_RESOURCE"),
    "a bad host": ("GET /api/echo", {"host": "[::1"}, "INVALID_CONTENT"),
    "a bad content type": (
        "POST /api/echo",
        {"content": "{}", "Content_Type": BOGUS},
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    "a bad Accept": (
        "POST /api/echo",
        {"content": "{}", "Accept": BOGUS},
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    "truncated JSON": (
        "POST /api/echo",
        {"content": '{"a": ', "Content_Type": JSON},
        "INVALID_CONTENT",
    ),
    "a form over the limit": (
        "POST /api/form",
        {"content": LONG_FORM, "Content_Type": FORM},
        "CONTENT_TOO_LARGE",
    ),
    "a rewritten error": ("GET /api/returned", {}, "CONFLICT"),
}
# The messages name the fault: their wording is tested elsewhere.
MESSAGES = {"MISSING_RESOURCE": "Forbidden", "CONFLICT": "Conflict."}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_has_its_error(server: Server, name: str) -> None:
    line, options, code = REQUESTS[name]
    response = send(server, *line.split(), **options)

    [message] = json.loads(response.content)["errors"]
    assert_error(response, code, message, status=409 if code == "CONFLICT" else None)
    assert message == MESSAGES.get(code, message)
    assert response.headers.get("retry-after") == ("5" if code == "GATEWAY_TIMEOUT" else None)
    # The receivers of `apps`.
    assert (response.headers["x-sync"], response.headers["x-async"]) == (code, code)
    assert "failed while sending error_sent" not in server.log.read_text()


def test_an_unmatched_url_of_the_site_is_a_page_of_django(server: Server) -> None:
    response = send(server, "GET", "/nowhere")

    assert (response.status, response.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_charset_that_does_not_decode_text_is_an_error_of_the_client(server: Server) -> None:
    media_type = f"{JSON}; charset=bz2_codec"
    response = send(server, "POST", "/api/echo?a=%C3%A9", "{}", Content_Type=media_type)

    [message] = json.loads(response.content)["errors"]
    # Under WSGI, Django decodes the query string with this charset, and raises first.
    is_wsgi = response.status == 415
    assert_error(response, "UNSUPPORTED_MEDIA_TYPE" if is_wsgi else "INVALID_CONTENT", message)


def test_a_valid_request_reaches_its_view(server: Server) -> None:
    response = send(server, "POST", "/api/echo", PARSED, Content_Type=JSON)

    assert (response.status, response.content) == (200, PARSED.encode())


@pytest.mark.parametrize(
    ("method", "target", "media_type", "status"),
    [
        ("GET", "/api/echo?fail=unhandled", JSON, 500),
        ("POST", "/api/echo", BOGUS, 415),
        ("POST", "/api/form", FORM, 413),
        # A client would read a body after the head of a response as the next response.
        ("HEAD", "/api/nowhere", JSON, 404),
        ("HEAD", "/api/echo?fail=unhandled", JSON, 500),
        ("HEAD", "/api/returned", JSON, 409),
    ],
)
def test_a_connection_can_be_used_after_an_error(
    server: Server, method: str, target: str, media_type: str, status: int
) -> None:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=TIMEOUT)
    connection.auto_open = 0
    connection.connect()
    try:
        for _ in range(3):
            content = LONG_FORM if method == "POST" else None
            connection.request(method, target, content, {"Content-Type": media_type})
            response = connection.getresponse()
            response.read()
            assert response.status == status
            assert response.headers["Content-Type"] == "application/json"
        connection.request("GET", "/api/echo")
        assert connection.getresponse().read() == b'{"okay":true}'
    finally:
        connection.close()


def test_concurrent_clients_get_their_own_errors_in_their_own_languages(server: Server) -> None:
    def get_errors(number: int) -> tuple[list[str], list[str]]:
        language = "de" if number % 2 else "en"
        invalid, missing = (
            send(server, "GET", target, Accept_Language=language)
            for target in (f"/api/echo?fail=number-{number}", "/api/nowhere")
        )
        return json.loads(invalid.content)["errors"], json.loads(missing.content)["errors"]

    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(get_errors, range(80)))

    assert errors == [
        ([f"name: number-{number}"], ["Verboten" if number % 2 else "Forbidden"])
        for number in range(80)
    ]
