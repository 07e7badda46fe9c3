"""Rewriting: errors that a view returns without DRF's renderer, and responses that stay."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.views.decorators.http import require_POST
from pytest_django.fixtures import Settings
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bodies import assert_body, body, method_body, status_body

pytestmark = pytest.mark.urls(__name__)

Body = dict[str, Any]


class YAMLRenderer(BaseRenderer):
    """A renderer of another format."""

    media_type = "application/yaml"
    format = "yaml"

    def render(self, data: Any, *args: object) -> bytes:
        return b"".join(f"{key}: {value}\n".encode() for key, value in data.items())


class JSONLikeYAMLRenderer(YAMLRenderer):
    """A renderer of YAML that renders JSON, which is YAML too."""

    def render(self, data: Any, *args: object) -> bytes:
        return json.dumps(data).encode()


class VendorRenderer(JSONRenderer):
    """A renderer of JSON with its own media type."""

    media_type = "application/vnd.shop.v2+json"


class EnvelopeRenderer(JSONRenderer):
    """A renderer that wraps all data."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        rendered: bytes = super().render({"payload": data}, *args, **kwargs)
        return rendered


RENDERERS = [YAMLRenderer, JSONLikeYAMLRenderer, VendorRenderer, EnvelopeRenderer, JSONRenderer]


def make_json_like(content: bytes, status: int, *, encoding: str = "") -> HttpResponse:
    """Return a response with any content, whose content type is JSON."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    return HttpResponse(content, content_type="application/json", status=status, headers=headers)


OWN_BODY = body("OUT_OF_STOCK", "No more of these.", status=409)
CLOSED = body("CLOSED", "Closed.", status=503)
ZIPPED = gzip.compress(b'{"detail": "Small."}', mtime=0)

# The responses of a view, each with the body that it gets if it is an error of the API.
RESPONSES: dict[str, tuple[Callable[[], HttpResponse], Body]] = {
    "not-allowed": (
        lambda: HttpResponseNotAllowed(["PUT", "DELETE"]),
        method_body("GET", "PUT, DELETE"),
    ),
    "forbidden": (lambda: HttpResponseForbidden("Go away."), status_body(403)),
    "unauthorized": (lambda: HttpResponse("<h1>Who?</h1>", status=401), status_body(401)),
    "unpaid": (lambda: HttpResponse(status=402), status_body(402)),
    "unavailable": (
        lambda: JsonResponse({"error": "Closed for today."}, status=503),
        body("SERVICE_UNAVAILABLE", "Closed for today."),
    ),
    "unprocessable": (
        lambda: JsonResponse(
            {"error": "Unprocessable Entity", "status": 422, "message": "It is full."}, status=422
        ),
        body("UNPROCESSABLE_CONTENT", "It is full.", status=422),
    ),
    "too-large": (
        lambda: JsonResponse({"status": "Payload Too Large", "sku": ["Big."]}, status=413),
        body("CONTENT_TOO_LARGE", "sku: Big."),
    ),
    "fields": (
        lambda: JsonResponse({"name": ["Too short."], "size": ["Odd.", "Big."]}, status=400),
        body("INVALID_CONTENT", "name: Too short.", "size: Odd.", "size: Big."),
    ),
    "problem": (
        lambda: JsonResponse(
            {"detail": "No funds.", "code": "no_funds"},
            status=402,
            content_type="application/problem+json; charset=utf-8",
        ),
        body("NO_FUNDS", "No funds.", status=402),
    ),
    "string-in-json": (
        lambda: JsonResponse("Gone for good.", status=410, safe=False),
        body("GONE", "Gone for good."),
    ),
    "no-json": (lambda: make_json_like(b"{", 404), status_body(404)),
    "empty-json": (lambda: make_json_like(b"", 403), status_body(403)),
    "deep-json": (lambda: make_json_like(b"[" * 200_000, 403), status_body(403)),
    "zipped": (
        lambda: make_json_like(ZIPPED, 404, encoding="gzip"),
        body("MISSING_RESOURCE", "Small."),
    ),
    "not-zipped": (
        lambda: make_json_like(b'{"detail": "Small."}', 404, encoding="gzip"),
        status_body(404),
    ),
    "badly-zipped": (
        lambda: make_json_like(ZIPPED[:10] + b"\xff" * 20, 404, encoding="gzip"),
        status_body(404),
    ),
    "half-zipped": (
        lambda: make_json_like(ZIPPED[:-10], 404, encoding="gzip"),
        status_body(404),
    ),
    "own": (lambda: JsonResponse(OWN_BODY, status=409), OWN_BODY),
    "own-vendor": (
        lambda: JsonResponse(OWN_BODY, status=409, content_type="application/vnd.x+json"),
        OWN_BODY,
    ),
    "own-503": (lambda: JsonResponse(CLOSED, status=503), CLOSED),
    "own-of-another-status": (
        lambda: JsonResponse({"status": 200, "errors": ["Odd."]}, status=409),
        body("CONFLICT", "Odd.", status=409),
    ),
}


class RespondView(APIView):
    """Return a response that is not DRF's `Response`."""

    def get(self, request: Request, name: str) -> HttpResponse:
        return RESPONSES[name][0]()


def respond(request: HttpRequest, name: str) -> HttpResponse:
    """Respond from a plain view."""
    return RESPONSES[name][0]()


async def respond_async(request: HttpRequest, name: str) -> HttpResponse:
    """Respond from a plain async view."""
    return RESPONSES[name][0]()


@require_POST
def post_only(request: HttpRequest) -> HttpResponse:
    """Allow POST only."""
    return HttpResponse()


class RenderView(APIView):
    """Return an error, or a success, through the renderer that the URL names."""

    def get_renderers(self) -> list[BaseRenderer]:
        return [RENDERERS[self.kwargs["index"]]()]

    def get(self, request: Request, index: int, kind: str) -> Response:
        match kind:
            case "own":
                return Response(OWN_BODY, status=409)
            case "other":
                return Response({"detail": "No.", "code": "out_of_stock"}, status=409)
        return Response({"okay": 1})


def render_late(request: HttpRequest) -> TemplateResponse:
    """Return a response whose rendering fails."""
    return TemplateResponse(request, "no-such-template.html", status=404)


def fail_with_headers(request: HttpRequest, status: int) -> HttpResponse:
    """Return a download that failed half-way."""
    return HttpResponse(
        "half of it",
        status=status,
        content_type="text/csv",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="all.csv"',
            "Content-Language": "de",
            "Content-Length": "10",
            "Content-Range": "bytes 0-9/20",
            "ETag": '"1"',
            "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
            "Location": "/others/1",
            "X-Own": "1",
        },
    )


urlpatterns = [
    path("drf/<name>", RespondView.as_view()),
    path("drf/render/<int:index>/<kind>", RenderView.as_view()),
    path("api/respond/<name>", respond),
    path("api/respond-async/<name>", respond_async),
    path("api/post-only", post_only),
    path("api/headers/<int:status>", fail_with_headers),
    path("api/template", render_late),
    path("oauth/respond/<name>", respond),
    path("oauth/drf/<name>", RespondView.as_view()),
]


@pytest.fixture
def client() -> Client:
    """Return a client that gets the response to an unhandled exception."""
    return Client(raise_request_exception=False)


@pytest.fixture
def api_paths(settings: Settings) -> None:
    """Make all URLs below `/api/` the API's."""
    settings.API_ERRORS = {"PATHS": ["api"]}


@pytest.mark.parametrize("name", RESPONSES)
def test_an_error_that_a_drf_view_returns_gets_the_format(client: Client, name: str) -> None:
    # DRF replaces the `Allow` of a response: GET is in it.
    expected = status_body(405) if name == "not-allowed" else RESPONSES[name][1]
    assert_body(client.get(f"/drf/{name}"), expected)


@pytest.mark.usefixtures("api_paths")
def test_an_error_of_a_plain_view_below_paths_gets_the_format(client: Client) -> None:
    for name, (_make, expected) in RESPONSES.items():
        assert_body(client.get(f"/api/respond/{name}"), expected)


@pytest.mark.usefixtures("api_paths")
@pytest.mark.parametrize("name", ["forbidden", "fields", "own"])
def test_an_error_of_an_async_view_gets_the_format(name: str) -> None:
    client = AsyncClient()
    # `async_to_sync`, because no event loop runs in this test.
    assert_body(async_to_sync(client.get)(f"/api/respond-async/{name}"), RESPONSES[name][1])


@pytest.mark.parametrize(
    ("changes", "view"),
    [
        ({}, "respond"),
        ({"PATHS": ["api"]}, "respond"),
        ({"EXCLUDED_PATHS": ["/oauth/"]}, "drf"),
        ({"EXCLUDED_PATHS": ["/oauth/"], "PATHS": ["/"]}, "drf"),
        ({"EXCLUDED_PATHS": ["/oauth/"], "PATHS": ["/"]}, "respond"),
    ],
)
def test_an_error_outside_the_api_stays_as_it_is(
    client: Client, settings: Settings, changes: dict[str, Any], view: str
) -> None:
    settings.API_ERRORS = changes
    for name, (make, _body) in RESPONSES.items():
        response, expected = client.get(f"/oauth/{view}/{name}"), make()
        assert (response.status_code, response.content) == (expected.status_code, expected.content)
        assert response["Content-Type"] == expected["Content-Type"]


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        # DRF replaces the methods of the response by those of the view.
        ("not-allowed", "Allow", "GET, HEAD, OPTIONS"),
        ("unauthorized", "WWW-Authenticate", 'Session realm="api"'),
        ("unavailable", "Retry-After", "5"),
        ("own-503", "Retry-After", "5"),
    ],
)
def test_an_error_gets_the_header_of_its_status(
    client: Client, name: str, header: str, value: str
) -> None:
    assert client.get(f"/drf/{name}")[header] == value


@pytest.mark.usefixtures("api_paths")
def test_a_decorator_that_rejects_the_method_gives_a_405(client: Client) -> None:
    response = client.get("/api/post-only")
    assert_body(response, method_body("GET", "POST"))
    assert response["Allow"] == "POST"


@pytest.mark.parametrize("index", range(len(RENDERERS)))
def test_an_error_of_another_renderer_gets_the_format(client: Client, index: int) -> None:
    assert_body(client.get(f"/drf/render/{index}/own"), OWN_BODY)
    expected = body("OUT_OF_STOCK", "No.", status=409)
    response = client.get(f"/drf/render/{index}/other")
    assert_body(response, expected)
    assert response.data == expected


@pytest.mark.parametrize("index", range(len(RENDERERS)))
def test_a_success_of_another_renderer_stays_as_it_is(client: Client, index: int) -> None:
    response = client.get(f"/drf/render/{index}/success")
    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] == RENDERERS[index].media_type
    assert response.content == RENDERERS[index]().render({"okay": 1})


@pytest.mark.usefixtures("api_paths")
@pytest.mark.parametrize(
    ("status", "kept"), [(409, {}), (416, {"Content-Range": "bytes 0-9/20"}), (500, {})]
)
def test_the_headers_of_the_content_are_removed_and_all_others_kept(
    client: Client, status: int, kept: dict[str, str]
) -> None:
    response = client.get(f"/api/headers/{status}")
    assert_body(response, status_body(status))
    assert dict(response.items()) == {
        "Cache-Control": "no-store",
        "Content-Language": "de",
        "Content-Length": str(len(response.content)),
        "Content-Type": "application/json",
        "Location": "/others/1",
        "X-Content-Type-Options": "nosniff",
        "X-Own": "1",
        **kept,
    }
    assert response.reason_phrase == HttpResponse(status=status).reason_phrase


@pytest.mark.usefixtures("api_paths")
def test_a_missing_template_is_an_unhandled_exception(client: Client) -> None:
    assert_body(client.get("/api/template"), None)


class TestGZipMiddleware:
    """With Django's GZipMiddleware inside ours."""

    @pytest.fixture(autouse=True)
    def install(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """Install it, and have messages that are worth compressing."""
        first, *others = settings.MIDDLEWARE
        settings.MIDDLEWARE = [first, "django.middleware.gzip.GZipMiddleware", *others]
        message = "No more of these. " * 40
        expected = body("CONFLICT", message, status=409)
        make_other = partial(JsonResponse, {"detail": message}, status=409)
        make_own = partial(JsonResponse, expected, status=409)
        monkeypatch.setitem(RESPONSES, "long", (make_other, expected))
        monkeypatch.setitem(RESPONSES, "long-own", (make_own, expected))

    @pytest.fixture
    def client(self) -> Client:
        """Return a client that accepts gzip."""
        return Client(raise_request_exception=False, headers={"accept-encoding": "gzip"})

    def test_a_compressed_error_is_read_and_replaced(self, client: Client) -> None:
        response = client.get("/drf/long")
        assert_body(response, RESPONSES["long"][1])
        assert "Accept-Encoding" in response["Vary"]

    def test_a_compressed_page_is_replaced(self, client: Client, settings: Settings) -> None:
        settings.DEBUG = True
        assert_body(client.get("/nowhere"), status_body(404))

    def test_a_compressed_body_in_the_format_stays_compressed(self, client: Client) -> None:
        response = client.get("/drf/long-own")
        assert response["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(response.content)) == RESPONSES["long-own"][1]
