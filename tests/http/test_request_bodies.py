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
from rest_framework import negotiation, parsers, renderers
from rest_framework.exceptions import ParseError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from django_apierrors.exceptions import ContentTooLarge
from django_apierrors.http.request_bodies import read_chunked_body
from django_apierrors.parsers import JSONParser
from django_apierrors.recognition.lookup import recognise
from django_apierrors.semantics import StatusAwareMixin
from tests.bodies import assert_body, body
from tests.support import OpenView, echo, make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

# From this version on, DRF keeps the body that its JSONParser reads.
HAS_BODY = tuple(map(int, rest_framework.VERSION.split("."))) >= (3, 17, 2)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": JSON}
CONTENT = b'{"a":1}'
LENGTH_REQUIRED = body(
    "LENGTH_REQUIRED", "Send the body with a Content-Length header, not in chunks.", status=411
)
MALFORMED_LENGTH = body("INVALID_CONTENT", "The Content-Length header is not a valid number.")
COMPRESSED = body("UNSUPPORTED_MEDIA_TYPE", "Send the body without a Content-Encoding.")
TOO_LARGE = body("CONTENT_TOO_LARGE")


class StatusAwareView(StatusAwareMixin, OpenView):
    """A view that is checked against the table of methods."""


# DRF's own: the body is then only seen by the middleware.
STOCK: dict[str, Any] = {
    "content_negotiation_class": negotiation.DefaultContentNegotiation,
    "parser_classes": [parsers.JSONParser],
}


def return_data(request: Any) -> Any:
    """Return the data of any method."""
    return request.data


class EnvelopeRenderer(renderers.JSONRenderer):
    """A project's renderer, which makes a body of nothing."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().render({"data": data}, *args, **kwargs)


def return_nothing(request: Any) -> Response:
    return Response(status=204)


class DecompressingParser(parsers.FormParser):
    """A project's parser, which decompresses the body."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        return super().parse(BytesIO(gzip.decompress(stream.read())), *args, **kwargs)


class DecompressingView(OpenView):
    def get_parsers(self) -> list[Any]:
        return [DecompressingParser()]


FORM_PARSERS = [parsers.FormParser, parsers.MultiPartParser]

# In a project with the app and the handler alone.
ALONE = {**STOCK, "renderer_classes": [EnvelopeRenderer]}

urlpatterns = [
    path("ours-alone", make_view(return_data, StatusAwareView, **ALONE)),
    path("nothing-alone", make_view(return_nothing, StatusAwareView, **ALONE)),
    path("stock-alone", make_view(return_data, **STOCK)),
    path("stock", make_view(return_data)),
    path("ours", make_view(return_data, StatusAwareView)),
    path("guarded", make_view(echo, StatusAwareView, permission_classes=[IsAuthenticated])),
    path("negotiated", make_view(echo, **STOCK)),
    path("our-parser", make_view(echo, StatusAwareView, parser_classes=[JSONParser])),
    path("plain", lambda request: HttpResponse(request.body)),
    path("forms", make_view(echo, parser_classes=FORM_PARSERS)),
    path("forms-negotiated", make_view(echo, **{**STOCK, "parser_classes": FORM_PARSERS})),
    path("decompressing", make_view(echo, parser_classes=[DecompressingParser])),
    path(
        "decompressing-class",
        make_view(echo, subclass(OpenView, parser_classes=[DecompressingParser])),
    ),
    path("decompressing-method", make_view(echo, DecompressingView)),
]
# Our middleware, negotiation or parser reads the body for the first, our mixin for the second.
each_view = pytest.mark.parametrize("url", ["/stock", "/ours"])


# The client closes the connection.
BrokenStream = subclass(BytesIO, read=lambda *args: throw(OSError("gone")))


class ChangeRequest:
    """A middleware that removes the length, which Django's test clients send, or reads the body."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match request.headers.get("Read"):
            case "stream":
                request.read()
            case "body":
                assert request.body == b""
        request.META.pop("CONTENT_LENGTH", None)
        response: HttpResponse = self.get_response(request)
        return response


@pytest.fixture
def changing_middleware(settings: Settings, has_middleware: bool) -> None:
    """Install the middleware that changes requests."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.ChangeRequest"]


def send(client: Client, url: str, stream: BytesIO | None = None, **environ: Any) -> Any:
    """Send the body in `stream` as a server hands on one without a length."""
    stream = stream or BytesIO(CONTENT)
    environ = {**CHUNKED, "wsgi.input_terminated": True, "wsgi.input": stream} | environ
    return client.generic("POST", url, **environ)


@async_to_sync
async def send_to_asgi(url: str, **headers: str) -> Any:
    """Send the body to the ASGI handler."""
    return await AsyncClient().generic("POST", url, CONTENT, JSON, headers=headers)


def assert_is_read(response: Any) -> None:
    """Assert that the view got the body."""
    assert (response.status_code, response.json()) == (200, {"a": 1})


@pytest.mark.usefixtures("has_middleware")
@each_view
def test_a_body_that_the_server_ends_is_read_up_to_the_limit(
    client: Client, settings: Settings, url: str
) -> None:
    assert_is_read(send(client, url))
    assert send(client, url, BytesIO()).json() == client.generic("POST", url).json() == {}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    assert_body(send(client, url), TOO_LARGE)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert_is_read(send(client, url))


@pytest.mark.usefixtures("changing_middleware")
@each_view
def test_asgi_has_the_whole_body(settings: Settings, url: str) -> None:
    assert_is_read(send_to_asgi(url))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    assert_body(send_to_asgi(url), TOO_LARGE)


@pytest.mark.usefixtures("has_middleware")
@each_view
def test_a_body_whose_end_is_unknown_is_a_411(client: Client, url: str) -> None:
    assert_body(client.generic("POST", url, **CHUNKED), LENGTH_REQUIRED)


@pytest.mark.usefixtures("has_middleware")
@each_view
@pytest.mark.parametrize("length", ["9" * 4400, "2,2"], ids=len)
@pytest.mark.parametrize("environ", [{}, CHUNKED], ids=len)
def test_a_malformed_length_is_a_400_and_does_not_matter_to_a_get(
    client: Client, url: str, length: str, environ: dict[str, str]
) -> None:
    environ = {**environ, "CONTENT_LENGTH": length}
    assert_body(client.generic("POST", url, **environ), MALFORMED_LENGTH)
    assert client.generic("GET", url, **environ).json() == {}


@pytest.mark.usefixtures("changing_middleware")
@each_view
def test_a_body_that_other_code_has_read_is_a_411(client: Client, url: str) -> None:
    for read in ("body", "stream"):
        assert_body(send(client, url, HTTP_READ=read), LENGTH_REQUIRED)
    assert_body(send_to_asgi(url, Read="stream"), LENGTH_REQUIRED)


@each_view
def test_a_body_whose_client_has_disconnected_is_an_error(client: Client, url: str) -> None:
    assert send(client, url, BrokenStream()).status_code >= 400


@each_view
def test_a_get_is_never_rejected(client: Client, url: str) -> None:
    response = client.generic("GET", url, **CHUNKED)
    assert (response.status_code, response.json()) == (200, {})


def test_the_middleware_reads_the_body_for_a_view_without_a_part_of_ours(client: Client) -> None:
    assert_is_read(send(client, "/negotiated"))
    assert_body(client.generic("POST", "/negotiated", **CHUNKED), LENGTH_REQUIRED)


def test_a_plain_view_and_an_excluded_path_are_left_alone(
    client: Client, settings: Settings
) -> None:
    assert client.generic("POST", "/plain", **CHUNKED).status_code == 200
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["negotiated"]}
    assert client.generic("POST", "/negotiated", **CHUNKED).json() == {}


def test_a_411_of_our_views_comes_after_the_check_of_the_credentials(client: Client) -> None:
    assert_body(client.generic("POST", "/guarded", **CHUNKED), body("ACCESS_FORBIDDEN"))


def test_a_body_over_the_limit_is_not_read_into_memory(client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 6
    stream = BytesIO(CONTENT * 100_000)
    assert_body(send(client, "/stock", stream), TOO_LARGE)
    assert stream.tell() < 100_000
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    with TemporaryFile() as file:
        file.write(CONTENT)
        file.seek(0)
        with pytest.raises(ContentTooLarge):
            read_chunked_body(ASGIRequest(scope, file))


def test_a_request_without_a_server_is_left_alone() -> None:
    request = HttpRequest()
    request.method = "POST"
    read_chunked_body(request)
    assert request.META == {}


# Compressed bodies.


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["/stock", "/ours", "/negotiated", "/our-parser"])
def test_a_compressed_body_is_a_415_with_the_encodings(client: Client, url: str) -> None:
    for encoding in ("gzip", "GZIP", "br"):
        headers = {"Content-Encoding": encoding}
        response = client.generic("POST", url, gzip.compress(CONTENT), JSON, headers=headers)
        assert_body(response, COMPRESSED)
        assert response["Accept-Encoding"] == "identity"
    headers = {"Content-Encoding": "Identity"}
    assert_is_read(client.generic("POST", url, CONTENT, JSON, headers=headers))


def send_form(client: Client, url: str, media_type: str = FORM, **headers: str) -> Any:
    """Send a compressed form."""
    headers = {"Content-Encoding": "gzip", **headers}
    return client.generic("POST", url, gzip.compress(b"name=zz"), media_type, headers=headers)


@pytest.mark.parametrize("media_type", [FORM, "multipart/form-data; boundary=b"])
def test_a_compressed_form_is_not_read_as_an_empty_one(client: Client, media_type: str) -> None:
    for url in ("/forms", "/forms-negotiated"):
        response = send_form(client, url, media_type)
        assert_body(response, COMPRESSED)
        assert response["Accept-Encoding"] == "identity"


def test_our_negotiation_rejects_a_compressed_form_without_the_middleware(
    client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = []
    assert_body(send_form(client, "/forms"), COMPRESSED)
    assert send_form(client, "/forms-negotiated").status_code == 200


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize("url", ["decompressing", "decompressing-class", "decompressing-method"])
def test_a_parser_of_the_project_may_decompress_the_body(client: Client, url: str) -> None:
    assert send_form(client, f"/{url}").json() == {"name": "zz"}


def test_an_empty_body_and_a_compressed_body_of_a_plain_view_are_left_alone(
    client: Client,
) -> None:
    headers = {"Content-Encoding": "gzip"}
    for method in ("GET", "POST"):
        assert client.generic(method, "/forms", b"", FORM, headers=headers).json() == {}
    assert send_form(client, "/plain").content == gzip.compress(b"name=zz")


def test_the_parser_reads_a_body_that_a_middleware_has_decompressed() -> None:
    headers = {"HTTP_CONTENT_ENCODING": "gzip"}
    request = APIRequestFactory().generic("POST", "/", CONTENT, JSON, **headers)
    view: Any = make_view(echo, parser_classes=[JSONParser])
    assert view(request).data == {"a": 1}


def test_our_views_need_neither_the_middleware_nor_our_negotiation(
    client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = []
    headers = {"Content-Encoding": "gzip"}
    compressed = gzip.compress(CONTENT)
    response = client.generic("POST", "/ours-alone", compressed, JSON, headers=headers)
    assert_body(response, COMPRESSED)
    assert send(client, "/ours-alone").json() == {"data": {"a": 1}}
    refused = send(client, "/ours-alone", **{"wsgi.input_terminated": False})
    assert_body(refused, LENGTH_REQUIRED)
    response = client.post("/nothing-alone", {}, JSON)
    assert (response.status_code, response.content) == (204, b"")
    assert not response.has_header("Content-Type")


def test_a_view_of_drf_does_not_see_a_chunked_body_with_the_handler_alone(
    client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = []
    assert send(client, "/stock-alone").json() == {}
    # The parser fails, and the handler sees why.
    headers = {"Content-Encoding": "gzip"}
    response = client.generic("POST", "/stock-alone", gzip.compress(CONTENT), JSON, headers=headers)
    assert_body(response, COMPRESSED)


# DRF's own parser.


@pytest.mark.usefixtures("has_middleware")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a":\n' + b"1" * 5000 + b"}", "has a number that is out of range at line 2, column 1."),
        (b'{"a": "\xff"}', "is not valid utf-8 at line 1, column 8."),
        (b"[NaN]", "has a number that is out of range at line 1, column 2."),
    ],
)
def test_a_message_of_the_interpreter_is_replaced_by_that_of_our_parser(
    client: Client, content: bytes, message: str
) -> None:
    messages = [f"The JSON document {message}"] if HAS_BODY else []
    response = client.post("/negotiated", content, content_type=JSON)
    assert_body(response, body("INVALID_CONTENT", *messages))


def test_a_message_of_drf_about_the_document_stays(client: Client) -> None:
    response = client.post("/negotiated", b"{", content_type=JSON)
    [message] = response.json()["errors"]
    assert message.startswith("JSON parse error - Expecting property name")


@pytest.mark.parametrize("content", [b"[NaN]", None])
def test_without_the_body_the_message_is_that_of_the_catalogue(content: bytes | None) -> None:
    with pytest.raises(ParseError) as caught:
        parsers.JSONParser().parse(BytesIO(b"1" * 5000), parser_context={})
    request = None if content is None else RequestFactory().post("/", b"{}", JSON)
    assert recognise(caught.value, request).get_messages() == body("INVALID_CONTENT")["errors"]


def test_the_message_of_a_project_stays() -> None:
    exception = ParseError("JSON parse error - the project's.")
    exception.__context__ = ValueError("another")
    assert recognise(exception).get_messages() == ["JSON parse error - the project's."]
