"""The middleware: exceptions that DRF does not hand to its handler, and all outside its views."""

from __future__ import annotations

import html
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from pytest_django.fixtures import Settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, Throttled
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import (
    BrowsableAPIRenderer,
    JSONRenderer,
    StaticHTMLRenderer,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.middleware import APIErrorsMiddleware, RequestState
from tests.bodies import assert_body, body, get_reference
from tests.services import require_package

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
OURS = "django_apierrors.middleware.APIErrorsMiddleware"

SECRET = "s3cret-text-of-an-exception"

Body = dict[str, Any]
Send = Callable[..., Any]

CONTENT = body("INVALID_CONTENT")
FORBIDDEN = body("ACCESS_FORBIDDEN")
MISSING = body("MISSING_RESOURCE")
TIMEOUT = body("GATEWAY_TIMEOUT")
TOO_LARGE = body("CONTENT_TOO_LARGE")
UNAVAILABLE = body("SERVICE_UNAVAILABLE")
LOCKED = body("LOCKED", "Locked.", status=409)

# The exceptions, each with its body; no body for an unhandled one, whose reference differs.
FAULTS: dict[str, tuple[Callable[[], Exception], Body | None]] = {
    "unhandled": (lambda: RuntimeError(SECRET), None),
    "timeout": (lambda: TimeoutError(SECRET), TIMEOUT),
    "refused": (lambda: ConnectionRefusedError(SECRET), UNAVAILABLE),
    "missing": (lambda: Http404(SECRET), MISSING),
    "forbidden": (lambda: PermissionDenied(SECRET), FORBIDDEN),
    "bad": (lambda: BadRequest(SECRET), CONTENT),
    "suspicious": (lambda: SuspiciousOperation(SECRET), CONTENT),
    "credentials": (lambda: NotAuthenticated(), body("UNAUTHENTICATED")),
    "throttled": (lambda: Throttled(7), body("THROTTLED")),
}


def fail(name: str) -> None:
    """Raise the fault called `name`, if there is a name."""
    if name:
        raise FAULTS[name][0]()


class OkayView(APIView):
    """Respond to GET and POST."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        return Response({"keys": sorted(request.data)})


class FailingView(OkayView):
    """Fail as `?view=` names it; the second renderer is DRF's browsable API."""

    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)

    def get(self, request: Request) -> Response:
        fail(request.query_params["view"])
        return Response({"okay": True})


class NothingView(OkayView):
    """Forget the response."""

    def get(self, request: Request) -> None:  # type: ignore[override]
        return None


class Unmakeable:
    """A class whose constructor fails."""

    def __init__(self) -> None:
        raise TimeoutError(SECRET)


class UnmakeableAuthenticator(Unmakeable, BaseAuthentication):
    pass


class UnmakeableParser(Unmakeable, BaseParser):
    pass


class UnmakeableNegotiation(Unmakeable, DefaultContentNegotiation):
    pass


class HeadersView(OkayView):
    """Fail before DRF's handler is in reach."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        raise TimeoutError(SECRET)


class FailingRenderer(JSONRenderer):
    """Fail as the data names it."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        fail(data)
        raise AssertionError


class RenderedView(OkayView):
    """Succeed, with a renderer that fails as `?view=` names it."""

    renderer_classes = (FailingRenderer,)

    def get(self, request: Request) -> Response:
        return Response(request.query_params["view"])


class LazyView(OkayView):
    """Succeed with data that fail when they are read."""

    def get(self, request: Request) -> Response:
        def rows() -> Iterator[int]:
            yield 1
            fail(request.query_params["view"])

        return Response({"rows": rows()})


class BrokenPageRenderer(StaticHTMLRenderer):
    """Fail to render any page."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        raise TimeoutError(SECRET)


class BrokenPageView(OkayView):
    """Fail, as does the page about it."""

    renderer_classes = (BrokenPageRenderer,)

    def get(self, request: Request) -> Response:
        raise ConnectionRefusedError(SECRET)


class UnfinishedPageView(FailingView):
    """Fail, as does the method that finishes the page about it."""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        raise RuntimeError(SECRET)


def plain(request: HttpRequest) -> HttpResponse:
    """Fail as `?view=` names it, in a plain view."""
    fail(request.GET.get("view", ""))
    return HttpResponse("plain")


async def plain_async(request: HttpRequest) -> HttpResponse:
    """Do the same in a plain async view."""
    return plain(request)


@csrf_exempt
def read_form(request: HttpRequest) -> HttpResponse:
    """Read a form."""
    return HttpResponse(f"{len(request.POST)} fields")


@csrf_exempt
def reject_upload(request: HttpRequest) -> HttpResponse:
    """Reject an upload without reading it."""
    return HttpResponse("Not this one.", status=400)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Stream an error."""
    return StreamingHttpResponse(iter([b"one,", b"two"]), status=500, content_type="text/csv")


def get_home(request: HttpRequest) -> HttpResponse:
    """Respond with a page and the status 500."""
    return HttpResponse("home", status=500)


def get_code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Respond with the page of a code."""
    return HttpResponse(code)


VIEWS = [
    path("okay", OkayView.as_view()),
    path("failing", FailingView.as_view()),
    path("nothing", NothingView.as_view()),
    path("authenticator", OkayView.as_view(authentication_classes=[UnmakeableAuthenticator])),
    path("parser", OkayView.as_view(parser_classes=[UnmakeableParser])),
    path("negotiation", OkayView.as_view(content_negotiation_class=UnmakeableNegotiation)),
    path("headers", HeadersView.as_view()),
    path("rendered", RenderedView.as_view()),
    path("lazy", LazyView.as_view()),
    path("broken-page", BrokenPageView.as_view()),
    path("unfinished-page", UnfinishedPageView.as_view()),
    path("plain", plain),
    path("plain-async", plain_async),
    path("form", read_form),
    path("protected-form", plain),
    path("upload", reject_upload),
    path("stream", stream),
    path("slash/", get_home),
    path("home", get_home),
]
urlpatterns = [
    *(path(f"{folder}{view.pattern}", view.callback) for folder in ("", "api/") for view in VIEWS),
    path("codes/<code>", get_code_page, name="code"),
]


class FailingMiddleware:
    """Fails before or after the view, or in `process_view`, as the query names it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        fail(request.GET.get("before", ""))
        response = self.get_response(request)
        fail(request.GET.get("after", ""))
        return response

    def process_view(self, request: HttpRequest, *args: object) -> None:
        fail(request.GET.get("process_view", ""))


def add_cookie(get_response: Any) -> Any:
    """Add a cookie and a header to each response."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        response.set_cookie("inner", "1")
        response["X-Inner"] = "1"
        return response

    return respond


def replace_errors(get_response: Any) -> Any:
    """Replace each 5xx by a page, as a maintenance mode does."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        return HttpResponse("Back soon.", status=503) if response.status_code >= 500 else response

    return respond


class LockMiddleware(FailingMiddleware):
    """Responds to a view's exceptions itself."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        return JsonResponse({"detail": "Locked.", "code": "locked"}, status=409)


def respond_in_json(get_response: Any) -> Any:
    """Respond to one URL in its own format, as a gateway's middleware does."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/gateway":
            return JsonResponse({"error": "invalid_grant"}, status=400)
        response: HttpResponseBase = get_response(request)
        return response

    return respond


def put_inside(settings: Settings, name: str) -> None:
    """Install a middleware of this module directly inside ours."""
    settings.MIDDLEWARE = [OURS, f"{__name__}.{name}", *settings.MIDDLEWARE[1:]]


@pytest.fixture
def failing_middleware(settings: Settings) -> None:
    """Install the middleware that fails as the query names it."""
    put_inside(settings, "FailingMiddleware")


@pytest.fixture
def api_paths(settings: Settings) -> None:
    """Make all URLs below `/api/` the API's."""
    settings.API_ERRORS = {"PATHS": ["api"]}


def send(url: str, method: str = "GET", *args: Any, **kwargs: Any) -> Any:
    """Send a request through Django's WSGI handler and return the response."""
    return Client(raise_request_exception=False).generic(method, url, *args, **kwargs)


def send_asgi(url: str, method: str = "GET", *args: Any, **kwargs: Any) -> Any:
    """Send a request through Django's ASGI handler and return the response."""

    async def send() -> Any:
        client = AsyncClient(raise_request_exception=False)
        return await client.generic(method, url, *args, **kwargs)

    return async_to_sync(send)()


# The handlers differ in the loop that they call the middleware from, and so in what they catch.
each_handler = pytest.mark.parametrize("send", [send, send_asgi], ids=["wsgi", "asgi"])


@pytest.fixture
def signals() -> Iterator[list[HttpRequest]]:
    """Yield the requests for which `got_request_exception` was sent."""
    received: list[HttpRequest] = []

    def receive(request: HttpRequest, **kwargs: object) -> None:
        received.append(request)

    got_request_exception.connect(receive)
    yield received
    got_request_exception.disconnect(receive)


def get_records(caplog: pytest.LogCaptureFixture, level: int) -> list[logging.LogRecord]:
    """Return the records of `level`."""
    return [record for record in caplog.records if record.levelno == level]


def get_notes(record: logging.LogRecord) -> list[str]:
    """Return the notes of the exception of `record`."""
    assert record.exc_info is not None
    return getattr(record.exc_info[1], "__notes__", [])


@each_handler
@pytest.mark.usefixtures("api_paths", "failing_middleware")
@pytest.mark.parametrize(
    "url",
    [
        "/failing?view={}",
        "/rendered?view={}",
        "/lazy?view={}",
        "/api/okay?before={}",
        "/okay?after={}",
        "/okay?process_view={}",
        "/api/plain?view={}",
        "/api/plain-async?view={}",
    ],
)
def test_a_fault_gets_its_body_wherever_it_is_raised(send: Send, url: str) -> None:
    for name, (_make, expected) in FAULTS.items():
        response = send(url.format(name))
        assert_body(response, expected)
        assert response.get("Retry-After") == {
            "throttled": "7",
            "timeout": "5",
            "refused": "5",
        }.get(name)


@pytest.mark.parametrize("url", ["/authenticator", "/parser", "/negotiation", "/headers"])
def test_an_exception_outside_the_reach_of_drfs_handler_gets_its_body(url: str) -> None:
    assert_body(send(url), TIMEOUT)


@each_handler
@pytest.mark.parametrize("paths", [None, ["api"]])
def test_a_fault_of_a_plain_view_elsewhere_keeps_djangos_page(
    send: Send, settings: Settings, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    with_middleware, without_middleware = settings.MIDDLEWARE, settings.MIDDLEWARE[1:]
    for fault in ("missing", "forbidden", "bad", "suspicious", "unhandled"):
        settings.MIDDLEWARE = with_middleware
        ours = send(f"/plain?view={fault}")
        settings.MIDDLEWARE = without_middleware
        stock = send(f"/plain?view={fault}")
        assert (ours.status_code, ours.content) == (stock.status_code, stock.content)
        assert ours["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fault_of_another_middleware_on_the_site_keeps_djangos_page(moment: str) -> None:
    for fault in ("unhandled", "timeout", "missing", "suspicious"):
        response = send(f"/plain?{moment}={fault}", headers={"accept": CHROME})
        assert response["Content-Type"] == "text/html; charset=utf-8"
        assert b"<h1>" in response.content


@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("view=timeout&after=refused", UNAVAILABLE),
        ("view=missing&after=refused", UNAVAILABLE),
        ("view=timeout&after=unhandled", None),
    ],
)
def test_the_response_is_about_the_last_exception(query: str, expected: Body | None) -> None:
    assert_body(send(f"/failing?{query}"), expected)


@pytest.mark.usefixtures("failing_middleware")
def test_the_response_is_about_the_first_unhandled_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = send("/failing?view=unhandled&after=refused")
    first, second = get_records(caplog, logging.ERROR)
    assert get_notes(first) == [f"Reference: {get_reference(response)}"]
    assert get_notes(second) == []


@pytest.mark.parametrize(
    ("middleware", "fault", "expected"),
    [
        ("replace_errors", "unhandled", UNAVAILABLE),
        ("LockMiddleware", "unhandled", LOCKED),
        ("LockMiddleware", "timeout", LOCKED),
    ],
)
def test_a_response_of_an_inner_middleware_gets_the_format(
    settings: Settings, middleware: str, fault: str, expected: Body
) -> None:
    put_inside(settings, middleware)
    assert_body(send(f"/failing?view={fault}"), expected)


@pytest.mark.parametrize(("fault", "expected"), [("unhandled", LOCKED), ("timeout", TIMEOUT)])
def test_an_outer_middleware_responds_to_unhandled_exceptions_only(
    settings: Settings, fault: str, expected: Body
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.LockMiddleware", *settings.MIDDLEWARE]
    assert_body(send(f"/failing?view={fault}"), expected)


@pytest.mark.parametrize(
    ("paths", "content"),
    [
        (None, {"error": "invalid_grant"}),
        (["gateway"], body("INVALID_CONTENT", "invalid_grant")),
    ],
)
def test_json_of_another_middleware_gets_the_format_below_paths_only(
    settings: Settings, paths: list[str] | None, content: Body
) -> None:
    put_inside(settings, "respond_in_json")
    settings.API_ERRORS = {"PATHS": paths}
    response = send("/gateway", "POST")
    assert (response.status_code, response.json()) == (400, content)


@each_handler
@pytest.mark.parametrize("debug", [False, True])
def test_an_unmatched_url_is_a_404(send: Send, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert_body(send("/nowhere", method), MISSING)


@pytest.mark.usefixtures("api_paths")
def test_an_unmatched_url_below_paths_is_a_404_even_for_a_browser() -> None:
    assert_body(send("/api/nowhere", headers={"accept": CHROME}), MISSING)


@pytest.mark.parametrize("debug", [False, True])
def test_an_unsafe_method_without_its_slash_is_a_404(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = send("/slash?a=%C3%A9", method, "{}", "application/json")
        assert_body(response, MISSING)
        assert not response.has_header("Location")


@pytest.mark.parametrize(("method", "accept"), [("GET", "*/*"), ("HEAD", "*/*"), ("POST", CHROME)])
def test_a_safe_method_and_a_form_of_the_site_are_redirected_to_the_slash(
    method: str, accept: str
) -> None:
    response = send("/slash?a=1", method, headers={"accept": accept})
    assert (response.status_code, response["Location"]) == (301, "/slash/?a=1")


def test_a_csrf_failure_is_a_403_below_paths_and_a_page_elsewhere(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    client = Client(enforce_csrf_checks=True)
    assert_body(client.post("/api/protected-form", {"a": "1"}), FORBIDDEN)
    client.cookies["csrftoken"] = "a" * 32
    assert_body(client.post("/api/protected-form", {"a": "1"}), FORBIDDEN)
    assert b"CSRF verification failed" in client.post("/protected-form", {"a": "1"}).content


@pytest.mark.parametrize("debug", [False, True])
def test_a_bad_host_is_a_400(
    settings: Settings, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    settings.DEBUG = debug
    # Under DEBUG an empty list allows localhost.
    settings.ALLOWED_HOSTS = ["testserver"]
    assert_body(send("/okay", headers={"host": "evil.example"}), CONTENT)
    assert "django.security.DisallowedHost" in {record.name for record in caplog.records}


def test_a_bad_host_on_the_site_keeps_djangos_page() -> None:
    response = send("/plain", headers={"host": "evil.example", "accept": CHROME})
    assert response.status_code == 400
    assert response.content.strip().startswith(b"<!doctype html>")


@pytest.mark.usefixtures("api_paths")
@pytest.mark.parametrize("debug", [False, True])
def test_a_body_over_a_limit_is_a_413(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    form, long = "application/x-www-form-urlencoded", f'{{"a": "{"b" * 200}"}}'
    assert_body(send("/api/form", "POST", long, form), TOO_LARGE)
    assert_body(send("/okay", "POST", long, "application/json"), TOO_LARGE)
    assert_body(send("/api/form", "POST", "a=1&b=2&c=3", form), TOO_LARGE)
    # In the CSRF check, before the view.
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    assert_body(client.post("/api/protected-form", {"a": "b" * 200}), TOO_LARGE)
    # A view's own 400 stays one.
    assert_body(send("/api/upload", "POST", "b" * 200, "image/png"), CONTENT)


@pytest.fixture
def broken_urlconf(
    request: pytest.FixtureRequest,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Install a URLconf with the content of the parameter."""
    (tmp_path / "broken_urlconf.py").write_text(request.param)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_urlconf", raising=False)
    settings.ROOT_URLCONF = "broken_urlconf"


@each_handler
@pytest.mark.usefixtures("broken_urlconf")
@pytest.mark.parametrize(
    ("broken_urlconf", "expected"),
    [
        ("urlpatterns = [", None),
        ("import no_such_module", None),
        ("", None),
        ("raise ConnectionError", UNAVAILABLE),
    ],
    indirect=["broken_urlconf"],
)
def test_a_broken_urlconf_gets_a_body_and_is_logged_once(
    send: Send, caplog: pytest.LogCaptureFixture, expected: Body | None
) -> None:
    response = send("/okay")
    assert_body(response, expected)
    [record] = get_records(caplog, logging.ERROR)
    assert record.exc_info is not None
    if expected is None:
        assert get_notes(record) == [f"Reference: {get_reference(response)}"]


@pytest.mark.parametrize("broken_urlconf", ["import no_such_module"], indirect=True)
@pytest.mark.usefixtures("broken_urlconf")
def test_a_broken_urlconf_reaches_the_server_for_a_browser_only(settings: Settings) -> None:
    with pytest.raises(ImportError):
        send("/", headers={"accept": CHROME})
    settings.DEBUG = True
    assert_body(send("/okay"), None)


@each_handler
def test_cookies_and_headers_of_other_middleware_stay(send: Send, settings: Settings) -> None:
    put_inside(settings, "add_cookie")
    for url in ("/failing?view=unhandled", "/failing?view=timeout", "/nowhere", "/okay"):
        response = send(url)
        assert (response.cookies["inner"].value, response["X-Inner"]) == ("1", "1")
    # The same if it is outside of ours.
    settings.MIDDLEWARE = [settings.MIDDLEWARE[1], OURS, *settings.MIDDLEWARE[2:]]
    response = send("/failing?view=unhandled")
    assert_body(response, None)
    assert response["X-Inner"] == "1"


def test_cors_headers_stay(settings: Settings) -> None:
    require_package("corsheaders")
    settings.CORS_ALLOW_ALL_ORIGINS = True
    settings.MIDDLEWARE = [OURS, "corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE[1:]]
    for url in ("/failing?view=unhandled", "/failing?view=timeout", "/nowhere", "/slash"):
        response = send(url, "POST", headers={"origin": "http://a.example"})
        assert response["Access-Control-Allow-Origin"] == "*"


def json_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to an unmatched URL with the message of the exception."""
    return JsonResponse({"detail": f"{exception}"}, status=404)


def json_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a bad request as DRF's documentation proposes."""
    return JsonResponse({"error": "Bad Request (400)"}, status=400)


def json_server_error(request: HttpRequest) -> HttpResponse:
    """Respond to an unhandled exception as DRF's documentation proposes."""
    return JsonResponse({"error": "Server Error (500)"}, status=500)


@pytest.mark.parametrize("paths", [None, ["api"]])
def test_json_of_an_error_handler_is_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "handler404", json_not_found, raising=False)
    monkeypatch.setattr(module, "handler400", json_bad_request, raising=False)
    monkeypatch.setattr(module, "handler500", json_server_error, raising=False)
    assert_body(send("/api/nowhere"), MISSING)
    assert_body(send("/api/okay", headers={"host": "evil.example"}), CONTENT)
    assert_body(send("/api/failing?view=suspicious"), CONTENT)
    assert_body(send("/api/failing?view=unhandled"), None)


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    ("url", "status", "shown"),
    [
        ("/nowhere", 404, b"Using the URLconf defined in"),
        ("/plain?view=unhandled", 500, b"Traceback"),
        ("/failing?view=unhandled", 500, b"Traceback"),
        ("/failing?view=timeout", 500, b"Traceback"),
        ("/plain?view=suspicious", 400, b"Traceback"),
        ("/failing?before=unhandled", 500, b"Traceback"),
    ],
)
def test_under_debug_a_browser_keeps_the_technical_page(
    send: Send, settings: Settings, url: str, status: int, shown: bytes
) -> None:
    settings.DEBUG = True
    response = send(url, headers={"accept": CHROME})
    assert response.status_code == status
    assert shown in response.content


def test_a_stream_stays_as_it_is(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response: Any = send("/stream")
    assert (response.status_code, response["Content-Type"]) == (500, "text/csv")
    assert response.getvalue() == b"one,two"


@each_handler
@pytest.mark.usefixtures("failing_middleware")
def test_exceptions_propagate_if_the_settings_want_it(send: Send, settings: Settings) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    for url in ("/failing?view=unhandled", "/failing?view=timeout", "/okay?before=unhandled"):
        with pytest.raises((RuntimeError, TimeoutError), match=SECRET):
            send(url)
    assert_body(send("/nowhere"), MISSING)


@pytest.fixture
def two_languages(settings: Settings) -> Iterator[None]:
    """A project with two languages, whose message for all faults has a translation of Django's."""
    locale_middleware = "django.middleware.locale.LocaleMiddleware"
    own = f"{__name__}.FailingMiddleware"
    settings.MIDDLEWARE = [OURS, own, locale_middleware, *settings.MIDDLEWARE[1:]]
    names = ("MISSING_RESOURCE", "INTERNAL_ERROR", "GATEWAY_TIMEOUT", "INVALID_CONTENT")
    codes = {name: {"message": gettext_lazy("Forbidden")} for name in names}
    settings.API_ERRORS = {"CODES": codes}
    yield
    translation.deactivate()


def get_language(response: Any) -> str:
    """Return the language of the message in `response`."""
    [message] = json.loads(response.content)["errors"]
    return {"Forbidden": "en", "Verboten": "de"}[message.partition(" ")[0]]


# The other language is on the thread, from another request.
@each_handler
@pytest.mark.usefixtures("two_languages")
@pytest.mark.parametrize(("language", "other"), [("en", "de"), ("de", "en")])
def test_the_message_is_in_the_language_of_the_request(
    send: Send, settings: Settings, language: str, other: str
) -> None:
    def get(url: str) -> str:
        translation.activate(other)
        return get_language(send(url, headers={"accept-language": language}))

    for fault in ("missing", "timeout", "unhandled"):
        for place in ("failing?view", "okay?before", "okay?after", "okay?process_view"):
            assert get(f"/{place}={fault}") == language
    settings.ROOT_URLCONF = "tests.no_such_urlconf"
    assert get("/okay") == language


def test_the_browsable_api_stays_and_has_a_page_for_each_fault() -> None:
    response = send("/failing?view=", headers={"accept": CHROME})
    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    for name in ("timeout", "refused", "missing", "forbidden", "credentials"):
        expected = FAULTS[name][1]
        assert expected is not None
        response = send(f"/failing?view={name}", headers={"accept": CHROME})
        assert response.status_code == expected["status"]
        assert response["Content-Type"] == "text/html; charset=utf-8"
        assert expected["errors"][0] in html.unescape(response.text)
        assert SECRET not in response.text


def test_an_unhandled_exception_keeps_djangos_page_if_html_was_negotiated() -> None:
    response = send("/failing?view=unhandled", headers={"accept": CHROME})
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>Server Error (500)</h1>" in response.text


def test_an_error_whose_page_cannot_be_rendered_gets_a_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert_body(send("/broken-page", headers={"accept": "text/html"}), TIMEOUT)
    assert not get_records(caplog, logging.ERROR)


def test_an_error_whose_page_cannot_be_finished_gets_a_body_and_a_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert_body(send("/unfinished-page?view=timeout", headers={"accept": CHROME}), TIMEOUT)
    records = get_records(caplog, logging.ERROR)
    assert [record.name for record in records] == ["django_apierrors", "django.request"]


class Unprintable:
    """An object that cannot be made a string."""

    def __str__(self) -> str:
        raise RuntimeError(SECRET)


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    "url",
    ["/nowhere", "/failing?view=missing", "/failing?view=timeout", "/okay?before=unhandled"],
)
def test_an_error_whose_making_fails_gets_the_fallback_and_a_record(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    expected = body("INTERNAL_ERROR")
    broken = {"message": lazystr(Unprintable())}
    names = ("MISSING_RESOURCE", "GATEWAY_TIMEOUT", "INTERNAL_ERROR")
    settings.API_ERRORS = {"CODES": dict.fromkeys(names, broken)}
    assert_body(send(url), expected)
    if url == "/nowhere":
        settings.ROOT_URLCONF = "tests.no_such_urlconf"
        assert_body(send(url), expected)
    records = [record for record in caplog.records if record.name == "django_apierrors"]
    assert records
    assert all(record.exc_info for record in records)


def test_a_broken_paths_setting_leaves_djangos_response_and_a_record(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"PATHS": 1}
    assert send("/nowhere")["Content-Type"] == "text/html; charset=utf-8"
    assert "django_apierrors failed while reading PATHS." in caplog.text


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    "url",
    [
        "/failing?view=unhandled",
        "/rendered?view=unhandled",
        "/okay?before=unhandled",
        "/okay?process_view=unhandled",
        "/nothing",
    ],
)
def test_an_unhandled_exception_is_reported_once_with_its_reference(
    send: Send, signals: list[HttpRequest], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    response = send(url)
    [record] = get_records(caplog, logging.ERROR)
    assert record.name == "django.request"
    assert get_notes(record) == [f"Reference: {get_reference(response)}"]
    assert not get_records(caplog, logging.WARNING)
    assert len(signals) == 1


@each_handler
@pytest.mark.parametrize("url", ["/failing?view={}", "/rendered?view={}", "/lazy?view={}"])
def test_a_recognised_exception_is_logged_once_as_a_warning(
    send: Send, signals: list[HttpRequest], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    send(url.format("timeout"))
    assert not get_records(caplog, logging.ERROR)
    [record] = get_records(caplog, logging.WARNING)
    assert record.exc_info is not None
    assert record.exc_info[0] is TimeoutError
    assert signals == []


@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize("place", ["failing?view", "rendered?view", "okay?process_view"])
def test_an_error_of_the_client_is_not_reported(
    signals: list[HttpRequest], caplog: pytest.LogCaptureFixture, place: str
) -> None:
    for fault in ("missing", "forbidden", "bad"):
        send(f"/{place}={fault}")
    assert not get_records(caplog, logging.ERROR)
    assert signals == []


@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize("place", ["failing?view", "okay?before"])
def test_a_suspicious_operation_keeps_its_security_record(
    signals: list[HttpRequest], caplog: pytest.LogCaptureFixture, place: str
) -> None:
    send(f"/{place}=suspicious")
    [record] = get_records(caplog, logging.ERROR)
    assert record.name == "django.security.SuspiciousOperation"
    assert not get_records(caplog, logging.WARNING)
    assert signals == []


@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize("moment", ["view", "before"])
def test_an_unhandled_exception_of_the_site_gets_no_reference(
    caplog: pytest.LogCaptureFixture, moment: str
) -> None:
    send(f"/plain?{moment}=unhandled", headers={"accept": CHROME})
    [record] = get_records(caplog, logging.ERROR)
    assert get_notes(record) == []


def test_a_success_is_returned_as_it_is() -> None:
    for status in (200, 204, 206, 300, 301, 302, 304, 308):
        request = RequestFactory().get("/")
        before = set(vars(request))
        response = HttpResponse("unchanged", status=status, headers={"ETag": '"1"'})
        assert APIErrorsMiddleware(lambda request, response=response: response)(request) is response
        assert (response.status_code, response.content) == (status, b"unchanged")
        assert response["ETag"] == '"1"'
        assert set(vars(request)) - before == {"apierrors"}


def test_a_signal_without_our_request_or_without_an_exception_changes_nothing() -> None:
    request = RequestFactory().get("/nowhere")
    got_request_exception.send(sender=None)
    got_request_exception.send(sender=None, request=request)
    assert not hasattr(request, "apierrors")
    state = request.apierrors = RequestState()  # type: ignore[attr-defined]
    got_request_exception.send(sender=None, request=request)
    assert state.body is None
