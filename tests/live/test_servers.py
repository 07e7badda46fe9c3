"""Errors as bytes on the wire, from gunicorn and uvicorn with the drop-ins, `DEBUG` off."""

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
from typing import Any, NamedTuple

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from tests.services import require_package

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
TIMEOUT = 30.0
SECRET = "s3cret-text-of-an-exception"

# Both take a listening socket, so no port has to be guessed and no start to be waited for.
COMMANDS = {
    "gunicorn": "gunicorn --threads 8 -b fd://{fd} django_apierrors.wsgi:get_wsgi_application()",
    "uvicorn": "uvicorn --fd {fd} --factory django_apierrors.asgi:get_asgi_application",
}


class Echo(APIView):
    """Tells what it was sent, or fails as it is told to."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Fail, or not."""
        match request.query_params.get("fail"):
            case "bug":
                raise RuntimeError(SECRET)
            case "timeout":
                raise TimeoutError(SECRET)
            case "missing":
                raise NotFound
            case str(text):
                # Long enough for the others to be under way too.
                time.sleep(0.01)
                raise ValidationError({"name": text})
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        """Tell of the document."""
        return Response(request.data)


def form(request: HttpRequest) -> HttpResponse:
    """Read a form."""
    return HttpResponse(f"{len(request.POST)} fields")


def returned(request: HttpRequest) -> HttpResponse:
    """Return an error of a length that the format will change."""
    return HttpResponse("x" * 5000, status=409, headers={"Content-Length": "5000"})


urlpatterns = [
    path("api/echo", Echo.as_view()),
    path("api/form", form),
    path("api/returned", returned),
]


class Server(NamedTuple):
    """A running server, and where it logs."""

    port: int
    log: Path


class Answer(NamedTuple):
    """What came over the wire."""

    status: int
    headers: dict[str, str]
    content: bytes


@pytest.fixture(scope="module", params=COMMANDS)
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


def exchange(server: Server, request: str) -> Answer:
    """Send `request` as it is on a connection of its own, and return all that comes back.

    The body is held to be as long as it says it is.
    """
    with socket.create_connection((HOST, server.port), TIMEOUT) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if content and headers.get("transfer-encoding") == "chunked":
        content = join_chunks(content)
    elif content:
        assert headers["content-length"] == str(len(content))
    return Answer(int(first.split()[1]), headers, content)


def join_chunks(content: bytes) -> bytes:
    """Return the content that was sent in chunks, all of it."""
    chunks = []
    while content:
        size, _, content = content.partition(b"\r\n")
        chunks.append(content[: int(size, 16)])
        content = content[int(size, 16) + 2 :]
    assert chunks[-1] == b""
    return b"".join(chunks)


def ask(
    server: Server, method: str, target: str, body: str = "", host: str = HOST, **headers: str
) -> Answer:
    """Send one request and return the answer."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return exchange(server, "\n".join([*lines, "", body]))


def make_body(status: int, code: str, *errors: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def assert_body(answer: Answer, status: int, code: str, *errors: str) -> None:
    """Hold `answer` to be a body, its text that of the catalogue where none is given."""
    body = make_body(status, code, *(errors or [str(CATALOG[code].message)]))

    assert json.loads(answer.content) == body
    # Compact: the encoder's bytes, and nothing around them.
    assert answer.content == json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"


def test_a_bug_has_a_reference_that_stands_once_in_the_log(server: Server) -> None:
    answer = ask(server, "GET", "/api/echo?fail=bug")
    [text] = json.loads(answer.content)["errors"]

    assert_body(answer, 500, "INTERNAL_ERROR", text)
    match = re.search(r"Reference: ([0-9a-f]{12})\.$", text)
    assert match is not None
    log = server.log.read_text()
    assert log.count(match[1]) == 1
    assert SECRET in log
    assert SECRET.encode() not in answer.content


def test_a_timeout_is_a_504(server: Server) -> None:
    answer = ask(server, "GET", "/api/echo?fail=timeout")

    assert_body(answer, 504, "GATEWAY_TIMEOUT")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("target", ["/api/nowhere", "/api/%ff", "/api/%00", "/api/%C3%A9?%ff"])
def test_an_unmatched_url_is_a_404(server: Server, target: str) -> None:
    assert_body(ask(server, "GET", target), 404, "MISSING_RESOURCE", "Forbidden")


def test_an_unmatched_url_of_the_site_is_djangos_page(server: Server) -> None:
    answer = ask(server, "GET", "/nowhere")

    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("host", ["evil.example", "a_b", "[::1"])
def test_a_bad_host_is_a_400(server: Server, host: str) -> None:
    assert_body(ask(server, "GET", "/api/echo", host=host), 400, "INVALID_CONTENT")


@pytest.mark.parametrize("charset", ["bz2_codec", "idna", "hex", "undefined"])
def test_a_charset_that_is_none_is_refused(server: Server, charset: str) -> None:
    answer = ask(
        server,
        "POST",
        "/api/echo?a=%C3%A9",
        "{}",
        Content_Type=f"application/json; charset={charset}",
    )

    assert answer.status in (400, 415)
    body = json.loads(answer.content)
    assert body == make_body(answer.status, body["code"], *body["errors"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_content_type_that_cannot_be_read_is_a_415(server: Server, method: str) -> None:
    answer = ask(server, method, "/api/echo", "{}", Content_Type="application/json; a*=bogus''x")

    assert_body(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_accept_that_cannot_be_read_is_a_415(server: Server) -> None:
    answer = ask(server, "GET", "/api/echo", Accept="text/html; a*=bogus''x")

    assert answer.status == 415
    assert json.loads(answer.content)["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/api/echo?fail=bug", {}, 500),
        ("/api/echo?fail=timeout", {}, 504),
        ("/api/echo", {"Content_Type": "application/json; a*=bogus''x"}, 415),
        ("/api/nowhere", {}, 404),
        ("/api/returned", {}, 409),
    ],
)
def test_the_head_of_an_error_has_no_body(
    server: Server, target: str, headers: dict[str, str], status: int
) -> None:
    answer = ask(server, "HEAD", target, **headers)

    assert (answer.status, answer.content) == (status, b"")
    assert answer.headers["content-type"] == "application/json"


def test_a_length_that_was_given_is_the_new_one(server: Server) -> None:
    assert_body(ask(server, "GET", "/api/returned"), 409, "CONFLICT", "Conflict.")


def test_a_form_over_the_limit_is_a_413(server: Server) -> None:
    answer = ask(
        server,
        "POST",
        "/api/form",
        "a=" + "b" * 2000,
        Content_Type="application/x-www-form-urlencoded",
    )

    assert_body(answer, 413, "CONTENT_TOO_LARGE")


def test_a_truncated_document_is_a_400(server: Server) -> None:
    answer = ask(server, "POST", "/api/echo", '{"a": ', Content_Type="application/json")

    assert answer.status == 400
    assert json.loads(answer.content)["code"] == "INVALID_CONTENT"


def test_a_request_that_can_be_read_is_answered_by_its_view(server: Server) -> None:
    answer = ask(server, "POST", "/api/echo", '{"a":1}', Content_Type="application/json")

    assert (answer.status, answer.content) == (200, b'{"a":1}')


@pytest.mark.parametrize(
    ("method", "target", "content_type", "status"),
    [
        ("GET", "/api/echo?fail=bug", "application/json", 500),
        ("POST", "/api/nowhere", "application/json", 404),
        ("POST", "/api/echo", "application/json; a*=bogus''x", 415),
        ("POST", "/api/form", "application/x-www-form-urlencoded", 413),
        ("HEAD", "/api/nowhere", "application/json", 404),
    ],
)
def test_a_connection_is_of_use_after_an_error(
    server: Server, method: str, target: str, content_type: str, status: int
) -> None:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=TIMEOUT)
    connection.auto_open = 0
    connection.connect()
    try:
        for _ in range(3):
            body = "a=" + "b" * 2000 if method == "POST" else None
            connection.request(method, target, body, {"Content-Type": content_type})
            response = connection.getresponse()
            response.read()
            assert response.status == status
        connection.request("GET", "/api/echo")
        assert connection.getresponse().read() == b'{"okay":true}'
    finally:
        connection.close()


def test_errors_and_languages_of_clients_at_once_are_never_mixed(server: Server) -> None:
    def ask_for(number: int) -> tuple[list[str], list[str]]:
        language = {"Accept_Language": "de" if number % 2 else "en"}
        known = ask(server, "GET", f"/api/echo?fail=number-{number}", **language)
        missing = ask(server, "GET", "/api/nowhere", **language)
        return json.loads(known.content)["errors"], json.loads(missing.content)["errors"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask_for, range(80)))

    assert answers == [
        ([f"name: number-{number}"], ["Verboten" if number % 2 else "Forbidden"])
        for number in range(80)
    ]
