"""Bodies that are sent in chunks, to real servers: read, or refused with a 411."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

import pytest
from django.urls import path
from rest_framework import parsers, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import generics
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import body
from tests.live.test_servers import (
    COMMANDS,
    HOST,
    Server,
    WireResponse,
    exchange,
    run_server,
)

COMMANDS["wsgiref"] = "tests.live.wsgiref_server {fd}"

LENGTH_REQUIRED = body(
    "LENGTH_REQUIRED", "Send the body with a Content-Length header, not in chunks.", status=411
)


class ThingSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField()
    size = serializers.IntegerField()

    def create(self, validated_data: Any) -> dict[str, Any]:
        return {**validated_data}

    def update(self, instance: dict[str, Any], validated_data: Any) -> dict[str, Any]:
        return {**instance, **validated_data}


class CSVParser(parsers.BaseParser):
    """Reads the stream itself, as parsers of packages do."""

    media_type = "text/csv"

    def parse(self, stream: IO[bytes], *args: Any, **kwargs: Any) -> dict[str, str]:
        name, size = stream.read().decode().split(",")
        return {"name": name, "size": size}


PARSERS = [parsers.JSONParser, parsers.FormParser, parsers.MultiPartParser, CSVParser]


class ThingView(generics.UpdateAPIView, generics.CreateAPIView):
    authentication_classes = ()
    serializer_class = ThingSerializer
    parser_classes = PARSERS
    partial_put = True

    def get_object(self) -> dict[str, Any]:
        return {"name": "old", "size": 1}

    def get_location(self, data: Any) -> str:
        return "http://testserver/things/1"


class EchoView(APIView):
    authentication_classes = ()
    parser_classes = PARSERS

    def post(self, request: Request) -> Response:
        return Response(request.data)

    delete = post


class OurEchoView(StatusAwareMixin, EchoView):
    """A view of ours that is not generic."""


urlpatterns = [
    path("api/things", ThingView.as_view()),
    path("api/stock", EchoView.as_view()),
    path("api/ours", OurEchoView.as_view()),
]


@pytest.fixture(scope="module", params=["all", "handler"])
def parts(request: pytest.FixtureRequest) -> str:
    """The parts of the package that the project uses: all, or the two lines alone."""
    return str(request.param)


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn", "wsgiref"])
def server(
    request: pytest.FixtureRequest, parts: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Server]]:
    """The name of a server, and the server with the project of `chunked_settings`."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        run_with(monkeypatch, parts, request.param, tmp_path_factory) as running,
    ):
        yield request.param, running


def run_with(
    monkeypatch: pytest.MonkeyPatch, parts: str, name: str, factory: pytest.TempPathFactory
) -> Any:
    monkeypatch.setenv("PARTS", parts)
    return run_server(name, "tests.live.chunked_settings", factory)


def send(
    server: Server, method: str, target: str, body: str, content_type: str = "application/json"
) -> WireResponse:
    """Send `body` in two chunks."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {HOST}",
        "Connection: close",
        f"Content-Type: {content_type}",
        "Transfer-Encoding: chunked",
        "",
    ]
    chunks = [body[:5], body[5:]]
    framed = [line for chunk in chunks if chunk for line in (f"{len(chunk):x}", chunk)]
    return exchange(server, "\r\n".join([*lines, *framed, "0", "", ""]))


def assert_read(name: str, answer: WireResponse, status: int, content: Any) -> None:
    """Assert that the body was read; by the server of Python's library that it was refused."""
    if name == "wsgiref":
        status, content = 411, LENGTH_REQUIRED
    assert (answer.status, json.loads(answer.content)) == (status, content)


@pytest.mark.parametrize(
    ("content_type", "body", "size"),
    [
        ("application/json", '{"name": "new"}', 1),
        ("application/x-www-form-urlencoded", "name=new", 1),
        ("text/csv", "new,2", 2),
    ],
)
def test_an_update_is_written(
    server: tuple[str, Server], content_type: str, body: str, size: int
) -> None:
    answer = send(server[1], "PUT", "/api/things", body, content_type)
    assert_read(server[0], answer, 200, {"name": "new", "size": size})


def test_a_new_resource_is_written(server: tuple[str, Server]) -> None:
    answer = send(server[1], "POST", "/api/things", '{"name": "new", "size": 2}')
    assert_read(server[0], answer, 201, {"name": "new", "size": 2})


def test_a_malformed_document_is_a_400(server: tuple[str, Server], parts: str) -> None:
    answer = send(server[1], "POST", "/api/things", '{"name": ')
    content = json.loads(answer.content)
    assert_read(server[0], answer, 400, body("INVALID_CONTENT", *content["errors"]))


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("target", ["/api/ours", "/api/stock"])
def test_any_view_reads_it(
    server: tuple[str, Server], parts: str, method: str, target: str
) -> None:
    if (parts, target) == ("handler", "/api/stock"):
        pytest.skip("nothing of the package sees the body of a stock view")
    answer = send(server[1], method, target, '{"name": "new"}')
    assert_read(server[0], answer, 200, {"name": "new"})


def test_a_body_over_the_limit_is_a_413(server: tuple[str, Server]) -> None:
    answer = send(server[1], "POST", "/api/things", f'{{"name": "{"a" * 2000}"}}')
    content = json.loads(answer.content)
    assert answer.status == content["status"] == (411 if server[0] == "wsgiref" else 413)


def test_an_empty_body_is_empty(server: tuple[str, Server], parts: str) -> None:
    answer = send(server[1], "POST", "/api/ours", "")
    assert_read(server[0], answer, 200, {})


def test_a_body_with_a_length_is_read_as_ever(server: tuple[str, Server]) -> None:
    lines = [
        "POST /api/ours HTTP/1.1",
        f"Host: {HOST}",
        "Connection: close",
        "Content-Type: application/json",
        "Content-Length: 2",
    ]
    answer = exchange(server[1], "\r\n".join([*lines, "", "{}"]))
    assert (answer.status, answer.content) == (200, b"{}")
