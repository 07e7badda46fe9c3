"""Errors that a view returns without DRF's renderer, and answers that are not the API's to give."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
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

from django_apierrors.catalog import CATALOG

pytestmark = pytest.mark.urls(__name__)

Body = dict[str, Any]
Send = Callable[..., Any]


def make_body(status: int, code: str | int, *errors: str) -> Body:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def make_default_body(code: str) -> Body:
    """Return the body of an error that says what the catalogue says."""
    known = CATALOG[code]
    sent = known.number if code == "UNAUTHENTICATED" else code
    return make_body(known.status, sent or code, str(known.message))


class YAMLRenderer(BaseRenderer):
    """A renderer of another format."""

    media_type = "application/yaml"
    format = "yaml"

    def render(self, data: Any, *args: object) -> bytes:
        """Return something that is no JSON."""
        return b"".join(f"{key}: {value}\n".encode() for key, value in data.items())


class LooseYAMLRenderer(YAMLRenderer):
    """A renderer of YAML, of which all JSON is a part."""

    def render(self, data: Any, *args: object) -> bytes:
        """Return JSON."""
        return json.dumps(data).encode()


class VendorRenderer(JSONRenderer):
    """A renderer with a media type of its own."""

    media_type = "application/vnd.shop.v2+json"


class EnvelopeRenderer(JSONRenderer):
    """A renderer that wraps all that it renders."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Return `data` in an envelope."""
        rendered: bytes = super().render({"payload": data}, *args, **kwargs)
        return rendered


RENDERERS = [YAMLRenderer, LooseYAMLRenderer, VendorRenderer, EnvelopeRenderer, JSONRenderer]

# What a view answers, and the body that comes of it where the answer is ours.
OWN_BODY = make_body(409, "OUT_OF_STOCK", "No more of these.")
ANSWERS: dict[str, tuple[Callable[[], HttpResponse], Body]] = {
    "not-allowed": (
        lambda: HttpResponseNotAllowed(["PUT", "DELETE"]),
        make_default_body("METHOD_NOT_ALLOWED"),
    ),
    "forbidden": (
        lambda: HttpResponseForbidden("Not for the likes of you."),
        make_default_body("ACCESS_FORBIDDEN"),
    ),
    "missing": (lambda: HttpResponse(status=404), make_default_body("MISSING_RESOURCE")),
    "unauthorized": (
        lambda: HttpResponse("<h1>Who?</h1>", status=401),
        make_default_body("UNAUTHENTICATED"),
    ),
    "unpaid": (
        lambda: HttpResponse(status=402),
        make_body(402, "PAYMENT_REQUIRED", "Payment required."),
    ),
    "unavailable": (
        lambda: JsonResponse({"error": "Closed for today."}, status=503),
        make_body(503, "SERVICE_UNAVAILABLE", "Closed for today."),
    ),
    "fields": (
        lambda: JsonResponse({"name": ["Too short."], "size": ["Odd.", "Big."]}, status=400),
        make_body(400, "INVALID_CONTENT", "name: Too short.", "size: Odd.", "size: Big."),
    ),
    "problem": (
        lambda: JsonResponse(
            {"detail": "No funds.", "code": "no_funds"},
            status=402,
            content_type="application/problem+json; charset=utf-8",
        ),
        make_body(402, "NO_FUNDS", "No funds."),
    ),
    "text-in-json": (
        lambda: JsonResponse("Gone for good.", status=410, safe=False),
        make_body(410, "GONE", "Gone for good."),
    ),
    "no-json": (
        lambda: HttpResponse("{", content_type="application/json", status=404),
        make_default_body("MISSING_RESOURCE"),
    ),
    "empty-json": (
        lambda: HttpResponse(content_type="application/json", status=403),
        make_default_body("ACCESS_FORBIDDEN"),
    ),
    "deep-json": (
        lambda: HttpResponse("[" * 200_000, content_type="application/json", status=403),
        make_default_body("ACCESS_FORBIDDEN"),
    ),
    "zipped-json": (
        lambda: HttpResponse(
            gzip.compress(b'{"detail": "Small."}', mtime=0),
            content_type="application/json",
            status=404,
            headers={"Content-Encoding": "gzip"},
        ),
        make_body(404, "MISSING_RESOURCE", "Small."),
    ),
    "not-zipped": (
        lambda: HttpResponse(
            b'{"detail": "Small."}',
            content_type="application/json",
            status=404,
            headers={"Content-Encoding": "gzip"},
        ),
        make_default_body("MISSING_RESOURCE"),
    ),
    "badly-zipped": (
        lambda: HttpResponse(
            gzip.compress(b'{"detail": "Small."}', mtime=0)[:10] + b"\xff" * 20,
            content_type="application/json",
            status=404,
            headers={"Content-Encoding": "gzip"},
        ),
        make_default_body("MISSING_RESOURCE"),
    ),
    "half-zipped": (
        lambda: HttpResponse(
            gzip.compress(b'{"detail": "Small."}', mtime=0)[:-10],
            content_type="application/json",
            status=404,
            headers={"Content-Encoding": "gzip"},
        ),
        make_default_body("MISSING_RESOURCE"),
    ),
    "own": (lambda: JsonResponse(OWN_BODY, status=409), OWN_BODY),
    "own-vendor": (
        lambda: JsonResponse(OWN_BODY, status=409, content_type="application/vnd.x+json"),
        OWN_BODY,
    ),
    "own-of-another-status": (
        lambda: JsonResponse({"status": 200, "errors": ["Odd."]}, status=409),
        make_body(409, "CONFLICT", "Odd."),
    ),
}

PAGES = {"not-allowed", "forbidden", "missing", "unauthorized", "unpaid"}
JSON = set(ANSWERS) - PAGES


class Answering(APIView):
    """A DRF view that answers without DRF's `Response`."""

    def get(self, request: Request, name: str) -> HttpResponse:
        """Answer."""
        return ANSWERS[name][0]()


def answer(request: HttpRequest, name: str) -> HttpResponse:
    """Answer, from a plain view."""
    return ANSWERS[name][0]()


async def answer_async(request: HttpRequest, name: str) -> HttpResponse:
    """Answer, from a plain async view."""
    return ANSWERS[name][0]()


@require_POST
def post_only(request: HttpRequest) -> HttpResponse:
    """Take a POST only."""
    return HttpResponse()


class Rendering(APIView):
    """A DRF view that returns an error through a renderer of the project's."""

    def get_renderers(self) -> list[BaseRenderer]:
        """Return the renderer of the URL."""
        return [RENDERERS[self.kwargs["index"]]()]

    def get(self, request: Request, index: int, kind: str) -> Response:
        """Return an error, of ours or not, or a success."""
        match kind:
            case "own":
                return Response(OWN_BODY, status=409)
            case "other":
                return Response({"detail": "No.", "code": "out_of_stock"}, status=409)
        return Response({"okay": 1})


def template(request: HttpRequest) -> TemplateResponse:
    """Answer with a response that is rendered late."""
    return TemplateResponse(request, "no-such-template.html", status=404)


def answer_with_headers(request: HttpRequest) -> HttpResponse:
    """Answer a download that failed half-way."""
    return HttpResponse(
        "half of it",
        status=500,
        content_type="text/csv",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="all.csv"',
            "Content-Language": "de",
            "Content-Length": "10",
            "Content-Range": "bytes 0-9/20",
            "ETag": '"1"',
            "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
            "X-Own": "1",
        },
    )


urlpatterns = [
    path("drf/answering/<name>", Answering.as_view()),
    path("drf/rendering/<int:index>/<kind>", Rendering.as_view()),
    *(
        route
        for folder in ("api", "oauth")
        for route in (
            path(f"{folder}/answer/<name>", answer),
            path(f"{folder}/answer-async/<name>", answer_async),
            path(f"{folder}/answering/<name>", Answering.as_view()),
            path(f"{folder}/post-only", post_only),
            path(f"{folder}/headers", answer_with_headers),
            path(f"{folder}/template", template),
        )
    ),
]


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest) -> Send:
    """Get a URL through Django's WSGI or ASGI handler and return the response."""
    if request.param == "wsgi":
        return Client(raise_request_exception=False).get
    client = AsyncClient(raise_request_exception=False)

    async def get_async(*args: Any, **kwargs: Any) -> Any:
        return await client.get(*args, **kwargs)

    return async_to_sync(get_async)


@pytest.fixture
def api_paths(settings: Settings) -> None:
    """Make all below `/api/` the API's."""
    settings.API_ERRORS = {"PATHS": ["api"]}


def assert_body(response: Any, body: Body) -> None:
    """Hold `response` to be `body` on the wire."""
    assert json.loads(response.content) == body
    assert response.status_code == body["status"]
    assert response["Content-Type"] == "application/json"
    assert not response.has_header("Content-Encoding")
    assert response.get("Content-Length", str(len(response.content))) == str(len(response.content))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_a_drf_view_comes_into_the_format(get: Send, name: str) -> None:
    assert_body(get(f"/drf/answering/{name}"), ANSWERS[name][1])


@pytest.mark.usefixtures("api_paths")
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("view", ["answer", "answer-async"])
def test_an_answer_of_a_plain_view_below_paths_comes_into_the_format(
    get: Send, view: str, name: str
) -> None:
    assert_body(get(f"/api/{view}/{name}"), ANSWERS[name][1])


@pytest.mark.parametrize("paths", [None, ["api"]])
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("view", ["answer", "answer-async"])
def test_an_answer_of_a_plain_view_elsewhere_is_left_alone(
    get: Send, settings: Settings, paths: list[str] | None, view: str, name: str
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    response = get(f"/oauth/{view}/{name}")
    expected = ANSWERS[name][0]()

    assert response.status_code == expected.status_code
    assert response.content == expected.content
    assert response["Content-Type"] == expected["Content-Type"]


@pytest.mark.parametrize("paths", [None, ["/"]])
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("view", ["answer", "answering"])
def test_an_excluded_path_keeps_its_own_errors(
    get: Send, settings: Settings, paths: list[str] | None, view: str, name: str
) -> None:
    settings.API_ERRORS = {"PATHS": paths, "EXCLUDED_PATHS": ["/oauth/"]}
    response = get(f"/oauth/{view}/{name}")
    expected = ANSWERS[name][0]()

    assert (response.status_code, response.content) == (expected.status_code, expected.content)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        # DRF puts the verbs of the view in place of what the answer says.
        ("not-allowed", "Allow", "GET, HEAD, OPTIONS"),
        ("unauthorized", "WWW-Authenticate", 'Session realm="api"'),
        ("unavailable", "Retry-After", "5"),
    ],
)
def test_an_answer_has_the_header_of_its_status(
    get: Send, name: str, header: str, value: str
) -> None:
    assert get(f"/drf/answering/{name}")[header] == value


def test_an_answer_in_the_format_gets_the_header_of_its_status_too(
    get: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = make_body(503, "CLOSED", "Closed.")
    monkeypatch.setitem(ANSWERS, "closed", (lambda: JsonResponse(body, status=503), body))
    response = get("/drf/answering/closed")

    assert_body(response, body)
    assert response["Retry-After"] == "5"


@pytest.mark.usefixtures("api_paths")
def test_a_decorator_that_refuses_the_verb_is_a_405(get: Send) -> None:
    response = get("/api/post-only")

    assert_body(response, make_default_body("METHOD_NOT_ALLOWED"))
    assert response["Allow"] == "POST"


@pytest.mark.parametrize("index", range(len(RENDERERS)))
@pytest.mark.parametrize("kind", ["own", "other"])
def test_an_error_of_another_renderer_comes_into_the_format(
    get: Send, index: int, kind: str
) -> None:
    expected = OWN_BODY if kind == "own" else make_body(409, "OUT_OF_STOCK", "No.")
    response = get(f"/drf/rendering/{index}/{kind}")

    assert_body(response, expected)
    assert response.data == expected or kind == "own"


@pytest.mark.parametrize("index", range(len(RENDERERS)))
def test_a_success_of_another_renderer_is_left_alone(get: Send, index: int) -> None:
    response = get(f"/drf/rendering/{index}/success")

    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] == RENDERERS[index].media_type
    assert response.content == RENDERERS[index]().render({"okay": 1})


@pytest.mark.usefixtures("api_paths")
def test_headers_of_the_content_go_and_all_others_stay(get: Send) -> None:
    response = get("/api/headers")

    assert_body(response, make_default_body("INTERNAL_ERROR"))
    assert dict(response.items()) == {
        "Cache-Control": "no-store",
        "Content-Language": "de",
        "Content-Length": str(len(response.content)),
        "Content-Type": "application/json",
        "X-Content-Type-Options": "nosniff",
        "X-Own": "1",
    }
    assert response.reason_phrase == "Internal Server Error"


@pytest.mark.usefixtures("api_paths")
def test_a_length_is_given_where_none_was(get: Send, settings: Settings) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[:1]
    response = get("/api/answer/forbidden")

    assert response["Content-Length"] == str(len(response.content))


@pytest.mark.usefixtures("api_paths")
def test_a_template_that_is_not_there_is_a_bug(get: Send) -> None:
    assert get("/api/template").status_code == 500
    assert get("/api/template")["Content-Type"] == "application/json"


class TestGZipMiddleware:
    """With Django's GZipMiddleware inside ours."""

    @pytest.fixture(autouse=True)
    def install(self, settings: Settings) -> None:
        """Install it."""
        first, *others = settings.MIDDLEWARE
        settings.MIDDLEWARE = [first, "django.middleware.gzip.GZipMiddleware", *others]

    @pytest.fixture(autouse=True)
    def answer_at_length(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have texts that are worth compressing."""
        text = "No more of these. " * 40
        for name, data, body in [
            ("long", {"detail": text}, make_body(409, "CONFLICT", text)),
            ("long-own", make_body(409, "CONFLICT", text), make_body(409, "CONFLICT", text)),
        ]:
            # A default binds what the loop has now.
            monkeypatch.setitem(
                ANSWERS, name, (lambda data=data: JsonResponse(data, status=409), body)
            )

    def test_a_compressed_error_is_read_and_replaced(self, get: Send) -> None:
        response = get("/drf/answering/long", headers={"accept-encoding": "gzip"})

        assert_body(response, ANSWERS["long"][1])
        assert "Accept-Encoding" in response["Vary"]

    def test_a_compressed_page_is_replaced(self, get: Send, settings: Settings) -> None:
        settings.DEBUG = True
        response = get("/nowhere", headers={"accept-encoding": "gzip"})

        assert_body(response, make_default_body("MISSING_RESOURCE"))

    def test_a_compressed_body_stays_compressed(self, get: Send) -> None:
        response = get("/drf/answering/long-own", headers={"accept-encoding": "gzip"})

        assert response["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(response.content)) == ANSWERS["long-own"][1]
