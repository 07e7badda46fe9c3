"""Compressed errors of an upstream that a view passes on."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.gzip import gzip_page
from pytest_django.fixtures import Settings
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

# 100 MB of JSON in 100 kB.
BOMB = gzip.compress(b'["' + b"a" * 100_000_000 + b'"]')


def relay(request: HttpRequest, name: str, encoding: str = "gzip") -> HttpResponse:
    """Pass on the error of an upstream."""
    content = {
        "bomb": BOMB,
        "small": gzip.compress(b'{"name": ["Too long."]}'),
        "truncated": gzip.compress(b'{"name": ["Too long."]}')[:-12],
    }[name]
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    return HttpResponse(content, status=400, headers=headers)


class LargeError(APIView):
    """Returns an error of more than 1 MB, which a decorator compresses."""

    authentication_classes = ()
    renderer_classes = [renderers.JSONRenderer]

    def get(self, request: Request) -> Response:
        return Response({"name": ["a" * 2_000_000]}, status=400)


urlpatterns = [
    path("api/relay/<name>", relay),
    path("api/relay/<name>/<encoding>", relay),
    path("api/large", gzip_page(LargeError.as_view())),
]


@pytest.fixture(autouse=True)
def api_paths(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}


def test_an_error_that_expands_to_more_than_a_megabyte_is_left_alone(client: Client) -> None:
    tracemalloc.start()
    try:
        response = client.get("/api/relay/bomb")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (response.status_code, response["Content-Encoding"]) == (400, "gzip")
    assert response.content == BOMB
    assert peak < 10_000_000


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd"])
def test_an_error_in_another_encoding_is_left_alone(client: Client, encoding: str) -> None:
    response = client.get(f"/api/relay/small/{encoding}")
    assert (response.status_code, response["Content-Encoding"]) == (400, encoding)
    assert gzip.decompress(response.content) == b'{"name": ["Too long."]}'


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("small", ["name: Too long."]),
        ("small/GZIP", ["name: Too long."]),
        ("small/x-gzip", ["name: Too long."]),
        ("truncated", []),
    ],
)
def test_a_smaller_error_comes_out_in_the_format(
    client: Client, name: str, errors: list[str]
) -> None:
    response = client.get(f"/api/relay/{name}")

    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT", *errors))
    assert not response.has_header("Content-Encoding")


def test_a_large_error_of_a_drf_view_comes_out_in_the_format(client: Client) -> None:
    response = client.get("/api/large", headers={"Accept-Encoding": "gzip"})

    assert json.loads(response.content)["code"] == "INVALID_CONTENT"
    assert not response.has_header("Content-Encoding")
