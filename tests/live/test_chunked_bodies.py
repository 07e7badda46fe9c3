"""Bodies that are sent in chunks, to real servers: read, or rejected with a 411."""

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
from tests.live.test_servers import COMMANDS, HOST, Server, WireResponse, exchange, run_server

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


@pytest.fixture(
    scope="module",
    params=[(name, parts) for parts in ("all", "handler") for name in COMMANDS],
    ids=" ".join,
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, Server]]:
    """A server, its name, and the parts of the package in its project: all, or the two lines."""
    name, parts = request.param
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PARTS", parts)
        with run_server(name, "tests.live.chunked_settings", tmp_path_factory) as running:
            yield name, parts, running


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


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
NEW = '{"name": "new"}'

# The method, the target, the content type and the body; the status and the body of the response.
BODIES: dict[str, tuple[str, str, str, str, int, Any]] = {
    "an update": ("PUT", "/api/things", JSON, NEW, 200, {"name": "new", "size": 1}),
    "a form": ("PUT", "/api/things", FORM, "name=new", 200, {"name": "new", "size": 1}),
    "CSV": ("PUT", "/api/things", "text/csv", "new,2", 200, {"name": "new", "size": 2}),
    "a creation": (
        *("POST", "/api/things", JSON, '{"name": "new", "size": 2}'),
        *(201, {"name": "new", "size": 2}),
    ),
    "a view of ours": ("POST", "/api/ours", JSON, NEW, 200, {"name": "new"}),
    "a DELETE": ("DELETE", "/api/ours", JSON, NEW, 200, {"name": "new"}),
    "a stock view": ("POST", "/api/stock", JSON, NEW, 200, {"name": "new"}),
    "a DELETE of a stock view": ("DELETE", "/api/stock", JSON, NEW, 200, {"name": "new"}),
    "an empty body": ("POST", "/api/ours", JSON, "", 200, {}),
    "malformed": ("POST", "/api/things", JSON, '{"name": ', 400, "INVALID_CONTENT"),
    "long": ("POST", "/api/things", JSON, f'{{"name": "{"a" * 2000}"}}', 413, "CONTENT_TOO_LARGE"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_in_chunks_is_read_or_its_length_required(
    server: tuple[str, str, Server], name: str
) -> None:
    server_name, parts, running = server
    method, target, content_type, sent, status, expected = BODIES[name]
    if (parts, target) == ("handler", "/api/stock"):
        pytest.skip("nothing of the package sees the body of a stock view")
    response = send(running, method, target, sent, content_type)

    content = json.loads(response.content)
    if server_name == "wsgiref":
        # This server does not mark the end of a body.
        status, expected = 411, LENGTH_REQUIRED
    elif isinstance(expected, str):
        expected = body(expected, *content["errors"])
    assert (response.status, content) == (status, expected)


def test_a_body_with_a_length_is_read(server: tuple[str, str, Server]) -> None:
    lines = [
        "POST /api/ours HTTP/1.1",
        f"Host: {HOST}",
        "Connection: close",
        "Content-Type: application/json",
        "Content-Length: 2",
    ]
    response = exchange(server[2], "\r\n".join([*lines, "", "{}"]))
    assert (response.status, response.content) == (200, b"{}")
