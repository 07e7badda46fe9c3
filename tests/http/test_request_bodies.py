"""Bodies of requests without a length, and compressed ones, as servers hand them on."""

from __future__ import annotations

import gzip
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

import pytest
import rest_framework
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import negotiation, parsers
from rest_framework.exceptions import ParseError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.exceptions import ContentTooLarge
from django_apierrors.http.request_bodies import read_chunked_body
from django_apierrors.parsers import JSONParser
from django_apierrors.recognition.lookup import recognise
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

# From this version on, DRF keeps the body that its JSONParser reads.
HAS_BODY = tuple(map(int, rest_framework.VERSION.split("."))) >= (3, 17, 2)

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": "application/json"}
MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
LENGTH_REQUIRED = {
    "status": 411,
    "errors": ["Send the body with a Content-Length header, not in chunks."],
    "code": "LENGTH_REQUIRED",
    "moreInfo": "",
}
COMPRESSED = body("UNSUPPORTED_MEDIA_TYPE", "Send the body without a Content-Encoding.")


class Stock(APIView):
    """Returns what was sent."""

    authentication_classes = ()

    def post(self, request: Request) -> Response:
        return Response(request.data)

    get = post


class Ours(StatusAwareMixin, Stock):
    """The same, held to the table of methods."""


class ReadBody:
    """A middleware that reads the body before the view."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.headers["Read"] == "stream":
            request.read()
        else:
            assert request.body == b""
        response: HttpResponse = self.get_response(request)
        return response


class BrokenStream(BytesIO):
    """A body whose client closes the connection."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("gone")


def plain(request: HttpRequest) -> HttpResponse:
    """Return what was sent to a plain view."""
    return HttpResponse(request.body)


class StockNegotiated(Stock):
    """A view whose body only its middleware can see: DRF's own negotiation and parser."""

    content_negotiation_class = negotiation.DefaultContentNegotiation
    parser_classes = [parsers.JSONParser]


urlpatterns = [
    path("stock", Stock.as_view()),
    path("ours", Ours.as_view()),
    path("guarded", Ours.as_view(permission_classes=[IsAuthenticated])),
    path("negotiated", StockNegotiated.as_view()),
    path("our-parser", Ours.as_view(parser_classes=[JSONParser])),
    path("plain", plain),
]


def send(client: Client, url: str, stream: BytesIO, method: str = "POST", **environ: Any) -> Any:
    """Send the body in `stream` as a server hands on one without a length."""
    environ = {**CHUNKED, "wsgi.input_terminated": True, "wsgi.input": stream} | environ
    return client.generic(method, url, **environ)


@pytest.fixture(params=[True, False], ids=["with the middleware", "without"])
def has_middleware(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """Whether the project has the middleware."""
    if not request.param:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    return bool(request.param)


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_a_body_that_the_server_ends_is_read(client: Client, url: str) -> None:
    response = send(client, url, BytesIO(b'{"a":1}'))
    assert (response.status_code, response.json()) == (200, {"a": 1})


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
@pytest.mark.parametrize(
    "environ", [{}, {"CONTENT_LENGTH": "9" * 4400}, {"CONTENT_LENGTH": "2,2"}], ids=len
)
def test_a_body_whose_end_is_unknown_is_a_411(
    client: Client, url: str, environ: dict[str, str]
) -> None:
    environ = environ or {"HTTP_TRANSFER_ENCODING": "chunked"}
    response = client.generic("POST", url, content_type="application/json", **environ)
    assert (response.status_code, response.json()) == (411, LENGTH_REQUIRED)


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
@pytest.mark.parametrize("read", ["body", "stream"])
def test_a_body_that_was_taken_for_empty_before_is_a_411(
    client: Client, settings: Settings, url: str, read: str
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.ReadBody"]
    response = send(client, url, BytesIO(b'{"a":1}'), HTTP_READ=read)
    assert (response.status_code, response.json()) == (411, LENGTH_REQUIRED)


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_a_body_over_the_limit_is_a_413(client: Client, settings: Settings, url: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    response = send(client, url, BytesIO(b'{"a":1}'))
    assert (response.status_code, response.json()) == (413, body("CONTENT_TOO_LARGE"))

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert send(client, url, BytesIO(b'{"a":1}')).json() == {"a": 1}


@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_a_body_whose_client_has_gone_is_no_success(client: Client, url: str) -> None:
    assert send(client, url, BrokenStream()).status_code >= 400


@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_a_get_is_never_refused(client: Client, url: str) -> None:
    response = client.generic("GET", url, **CHUNKED)
    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_no_body_is_empty(client: Client, url: str) -> None:
    assert send(client, url, BytesIO()).json() == {}
    assert client.generic("POST", url).json() == {}


def test_the_middleware_reads_the_body_for_a_view_without_a_part_of_ours(client: Client) -> None:
    assert send(client, "/negotiated", BytesIO(b'{"a":1}')).json() == {"a": 1}
    response = client.generic("POST", "/negotiated", **CHUNKED)
    assert (response.status_code, response.json()) == (411, LENGTH_REQUIRED)


def test_a_plain_view_and_an_excluded_path_are_left_alone(
    client: Client, settings: Settings
) -> None:
    assert client.generic("POST", "/plain", **CHUNKED).status_code == 200
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["negotiated"]}
    assert client.generic("POST", "/negotiated", **CHUNKED).json() == {}


def test_a_refusal_of_our_views_comes_after_that_of_the_credentials(client: Client) -> None:
    response = client.generic("POST", "/guarded", **CHUNKED)
    assert (response.status_code, response.json()) == (403, body("ACCESS_FORBIDDEN"))


class RemoveLength(ReadBody):
    """A middleware that removes the length, which Django's test client always sends."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        del request.META["CONTENT_LENGTH"]
        if "Read" in request.headers:
            assert request.read()
        response: HttpResponse = self.get_response(request)
        return response


@async_to_sync
async def send_to_asgi(url: str, content: bytes, **headers: str) -> Any:
    """Send `content` without a length to the ASGI handler."""
    client = AsyncClient()
    return await client.generic("POST", url, content, "application/json", headers=headers)


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_asgi_has_the_whole_body(settings: Settings, url: str) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.RemoveLength"]
    response = send_to_asgi(url, b'{"a":1}')
    assert (response.status_code, response.json()) == (200, {"a": 1})

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    response = send_to_asgi(url, b'{"a":1}')
    assert (response.status_code, response.json()) == (413, body("CONTENT_TOO_LARGE"))


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours"])
def test_a_body_that_another_has_read_from_asgi_is_a_411(settings: Settings, url: str) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.RemoveLength"]
    response = send_to_asgi(url, b'{"a":1}', Read="stream")
    assert (response.status_code, response.json()) == (411, LENGTH_REQUIRED)


def test_a_body_over_the_limit_is_not_read_into_memory(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    with TemporaryFile() as file:
        file.write(b'{"a":1}')
        file.seek(0)
        with pytest.raises(ContentTooLarge):
            read_chunked_body(ASGIRequest(scope, file))


def test_a_request_of_no_server_is_left_alone() -> None:
    request = HttpRequest()
    request.method = "POST"
    read_chunked_body(request)
    assert request.META == {}


# Compressed bodies.


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours", "/negotiated", "/our-parser"])
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br"])
def test_a_compressed_body_is_a_415_with_the_encodings(
    client: Client, url: str, encoding: str
) -> None:
    content = gzip.compress(b'{"a":1}')
    headers = {"Content-Encoding": encoding}
    response = client.generic("POST", url, content, "application/json", headers=headers)
    assert (response.status_code, response.json()) == (415, COMPRESSED)
    assert response["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("url", ["/stock", "/ours", "/negotiated"])
def test_an_identity_encoding_is_none(client: Client, url: str) -> None:
    headers = {"Content-Encoding": "identity"}
    response = client.generic("POST", url, b'{"a":1}', "application/json", headers=headers)
    assert (response.status_code, response.json()) == (200, {"a": 1})


def test_the_parser_reads_what_a_middleware_has_decompressed() -> None:
    headers = {"HTTP_CONTENT_ENCODING": "gzip"}
    request = APIRequestFactory().generic("POST", "/", b'{"a":1}', "application/json", **headers)
    view = Stock.as_view(parser_classes=[JSONParser])
    assert view(request).data == {"a": 1}


# DRF's own parser.


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{"a":\n' + b"1" * 5000 + b"}",
            "The JSON document has a number that is out of range at line 2, column 1.",
        ),
        (b'{"a": "\xff"}', "The JSON document is not valid utf-8 at line 1, column 8."),
        (b"[NaN]", "The JSON document has a number that is out of range at line 1, column 2."),
    ],
)
def test_a_message_of_the_interpreter_gives_way_to_that_of_our_parser(
    client: Client, content: bytes, message: str
) -> None:
    response = client.post("/negotiated", content, content_type="application/json")
    messages = [message] if HAS_BODY else []
    assert (response.status_code, response.json()) == (400, body("INVALID_CONTENT", *messages))


def test_a_message_of_drf_about_the_document_stays(client: Client) -> None:
    response = client.post("/negotiated", b"{", content_type="application/json")
    [message] = response.json()["errors"]
    assert message.startswith("JSON parse error - Expecting property name")


@pytest.mark.parametrize("content", [b"[NaN]", None])
def test_without_the_body_the_message_is_that_of_the_catalogue(content: bytes | None) -> None:
    with pytest.raises(ParseError) as caught:
        parsers.JSONParser().parse(BytesIO(b"1" * 5000), parser_context={})
    request = None if content is None else RequestFactory().post("/", b"{}", "application/json")
    assert recognise(caught.value, request).get_messages() == body("INVALID_CONTENT")["errors"]


def test_the_message_of_a_project_stays() -> None:
    exception = ParseError("JSON parse error - the project's.")
    exception.__context__ = ValueError("another")
    assert recognise(exception).get_messages() == ["JSON parse error - the project's."]
