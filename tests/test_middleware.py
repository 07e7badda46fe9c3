"""The middleware: errors that do not reach the exception handler, in DRF views and outside."""

from __future__ import annotations

import html
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
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
from rest_framework import generics
from rest_framework.exceptions import NotAuthenticated, Throttled
from rest_framework.parsers import FormParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, StaticHTMLRenderer
from rest_framework.response import Response

from django_apierrors.middleware import APIErrorsMiddleware, RequestState
from tests.bodies import (
    assert_body,
    body,
    body_with,
    get_reference,
    status_body,
    wait_body,
)
from tests.models import Shelf
from tests.services import require_package
from tests.support import NameSerializer, OpenView, echo, get_records, make_view, receive, subclass

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
FORM = "application/x-www-form-urlencoded"
HTML = "text/html; charset=utf-8"
OURS = "django_apierrors.middleware.APIErrorsMiddleware"
PAGES = (JSONRenderer, BrowsableAPIRenderer)
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
    "too large": (lambda: RequestDataTooBig(SECRET), TOO_LARGE),
    "credentials": (lambda: NotAuthenticated(), body("UNAUTHENTICATED")),
    "throttled": (lambda: Throttled(7), wait_body(7)),
}


def fail(name: str) -> None:
    """Raise the fault called `name`, if there is a name."""
    if name:
        raise FAULTS[name][0]()


def fail_as_named(request: Any) -> dict[str, bool]:
    """Fail as `?view=` names it."""
    fail(request.GET.get("view", ""))
    return {"okay": True}


def time_out(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise, as a method of any signature."""
    raise TimeoutError(SECRET)


Unmakeable = subclass(object, __init__=time_out)
BrokenPageRenderer = subclass(StaticHTMLRenderer, render=time_out)
# Views that fail before DRF's handler is in reach, or after it was called.
HeadersView = subclass(OpenView, default_response_headers=property(time_out))
VersionedView = subclass(OpenView, default_response_headers={"Allow": "GET", "X-Version": "2"})
BrokenHeadersView = subclass(OpenView, default_response_headers={"X-Version": "2\n"})
NothingView = subclass(OpenView, get=lambda view, request: None)
UnfinishedPageView = subclass(OpenView, finalize_response=lambda *args, **kwargs: fail("unhandled"))


class FailingRenderer(JSONRenderer):
    """A renderer that fails as the data names it."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        fail(data)
        raise AssertionError


def fail_while_read(request: Any) -> dict[str, Any]:
    """Return data that fail when they are read."""

    def rows() -> Iterator[int]:
        yield 1
        fail(request.GET["view"])

    return {"rows": rows()}


ShelfView = subclass(
    generics.CreateAPIView,
    queryset=Shelf.objects.all(),
    serializer_class=NameSerializer,
    parser_classes=[FormParser],
    renderer_classes=PAGES,
)


def plain(request: HttpRequest) -> HttpResponse:
    """Fail as `?view=` names it, in a plain view."""
    fail(request.GET.get("view", ""))
    return HttpResponse("plain")


async def plain_async(request: HttpRequest) -> HttpResponse:
    """Fail as `?view=` names it, in a plain async view."""
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


def return_error(request: object) -> Response:
    """Return an error that is not in the format."""
    return Response({"detail": "Sold."}, status=409)


failing = make_view(fail_as_named, renderer_classes=PAGES)
returning = make_view(return_error, renderer_classes=[JSONRenderer])
versioned = make_view(fail_as_named, VersionedView)
VIEWS = [
    path("okay", make_view(echo)),
    path("failing", failing),
    path("returned", make_view(return_error)),
    path("nothing", NothingView.as_view()),
    path("authenticator", make_view(echo, authentication_classes=[Unmakeable])),
    path("parser", make_view(echo, parser_classes=[Unmakeable])),
    path("negotiation", make_view(echo, content_negotiation_class=Unmakeable)),
    path("headers", make_view(echo, HeadersView)),
    path("versioned", versioned),
    path("broken-headers", make_view(fail_as_named, BrokenHeadersView)),
    path("versioned-inside", lambda request: versioned(request)),
    path("rendered", make_view(lambda r: r.GET["view"], renderer_classes=[FailingRenderer])),
    path("lazy", make_view(fail_while_read)),
    path("broken-page", make_view(fail_as_named, renderer_classes=[BrokenPageRenderer])),
    path("unfinished-page", make_view(fail_as_named, UnfinishedPageView, renderer_classes=PAGES)),
    path("forbidden-page", make_view(lambda request: HttpResponseForbidden("<h1>No.</h1>"))),
    path("plain", plain),
    path("plain-async", plain_async),
    # The URL resolver does not find the DRF views.
    path("dispatch", lambda request: failing(request)),
    path("dispatch-returned", lambda request: returning(request)),
    path("form", read_form),
    path("protected-form", plain),
    path("upload", reject_upload),
    path("stream", stream),
    path("slash/", plain),
    path("shelves", ShelfView.as_view()),
]
urlpatterns = [
    path(f"{folder}{view.pattern}", view.callback) for folder in ("", "api/") for view in VIEWS
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


class LockMiddleware(FailingMiddleware):
    """Responds to a view's exceptions itself."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        return JsonResponse({"detail": "Locked.", "code": "locked"}, status=409)


def add_header(get_response: Any) -> Any:
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


def respond_in_json(get_response: Any) -> Any:
    """Respond to all URLs in another format, as a gateway's middleware does."""
    return lambda request: JsonResponse({"error": "invalid_grant"}, status=400)


def put_inside(settings: Settings, name: str) -> None:
    """Install a middleware of this module directly inside ours."""
    settings.MIDDLEWARE = [OURS, f"{__name__}.{name}", *settings.MIDDLEWARE[1:]]


@pytest.fixture
def failing_middleware(settings: Settings) -> None:
    """Install the middleware that fails as the query names it."""
    put_inside(settings, "FailingMiddleware")


@pytest.fixture(params=[False, True], ids=["no debug", "debug"])
def debug(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Run a test with `DEBUG` off and on."""
    settings.DEBUG = request.param


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


def get_notes(record: logging.LogRecord) -> list[str]:
    """Return our notes of the exception of `record`; Python 3.14 adds some to those of `json`."""
    assert record.exc_info is not None
    notes = getattr(record.exc_info[1], "__notes__", [])
    return [note for note in notes if note.startswith("Reference: ")]


def assert_has_reference(record: logging.LogRecord, response: Any) -> None:
    """Assert that the one note of the exception is the reference that the client got."""
    assert get_notes(record) == [f"Reference: {get_reference(response)}"]


@each_handler
@pytest.mark.usefixtures("api_paths", "failing_middleware")
@pytest.mark.parametrize(
    "url",
    [
        *("/failing?view={}", "/rendered?view={}", "/lazy?view={}", "/dispatch?view={}"),
        *("/api/okay?before={}", "/okay?after={}", "/okay?process_view={}"),
        *("/api/plain?view={}", "/api/plain-async?view={}"),
    ],
)
def test_a_fault_gets_its_body_wherever_it_is_raised(send: Send, url: str) -> None:
    waits = {"throttled": "7", "timeout": "5", "refused": "5"}
    for name, (_make, expected) in FAULTS.items():
        response = send(url.format(name))
        assert_body(response, expected)
        assert response.get("Retry-After") == waits.get(name)


@each_handler
def test_every_error_of_a_view_has_the_headers_of_the_view(send: Send) -> None:
    for name, (_make, expected) in FAULTS.items():
        response = send(f"/versioned?view={name}")
        assert_body(response, expected)
        assert (response.get("Allow"), response.get("X-Version")) == ("GET", "2")
    # The headers of another view are about another URL.
    response = send("/versioned-inside?view=timeout")
    assert_body(response, TIMEOUT)
    assert "X-Version" not in response.headers


@each_handler
def test_a_header_of_a_view_that_cannot_be_sent_is_logged(
    send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    assert_body(send("/broken-headers?view=timeout"), TIMEOUT)
    assert "failed while adding the headers of a view" in caplog.text


def test_an_exception_outside_the_reach_of_drfs_handler_gets_its_body() -> None:
    for url in ("/authenticator", "/parser", "/negotiation", "/headers"):
        assert_body(send(url), TIMEOUT)
    assert_body(send("/nothing"), None)


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    ("paths", "url", "headers"),
    [
        (None, "/plain?view={}", {}),
        (["api"], "/plain?view={}", {}),
        (None, "/plain?before={}", {"accept": CHROME}),
        (None, "/plain?after={}", {"accept": CHROME}),
        (None, "/plain", {"accept": CHROME, "host": "evil.example"}),
    ],
)
def test_a_fault_of_the_site_keeps_djangos_page(
    send: Send, settings: Settings, paths: list[str] | None, url: str, headers: dict[str, str]
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    with_middleware = settings.MIDDLEWARE
    for fault in ("missing", "forbidden", "bad", "suspicious", "unhandled", "timeout"):
        settings.MIDDLEWARE = with_middleware
        ours = send(url.format(fault), headers=headers)
        settings.MIDDLEWARE = with_middleware[1:]
        stock = send(url.format(fault), headers=headers)
        assert (ours.status_code, ours.content) == (stock.status_code, stock.content)
        assert ours["Content-Type"] == HTML


@pytest.mark.usefixtures("failing_middleware")
def test_the_response_is_about_the_last_exception_or_the_first_unhandled_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert_body(send("/failing?view=timeout&after=refused"), UNAVAILABLE)
    assert_body(send("/failing?view=missing&after=refused"), UNAVAILABLE)
    assert_body(send("/failing?view=timeout&after=unhandled"), None)
    caplog.clear()
    response = send("/failing?view=unhandled&after=refused")
    first, second = get_records(caplog, logging.ERROR)
    assert_has_reference(first, response)
    assert get_notes(second) == []


@pytest.mark.parametrize(
    ("position", "middleware", "fault", "expected"),
    [
        (1, "replace_errors", "unhandled", UNAVAILABLE),
        (1, "LockMiddleware", "unhandled", LOCKED),
        (1, "LockMiddleware", "timeout", LOCKED),
        # Outside of ours it gets the exceptions that we do not respond to.
        (0, "LockMiddleware", "unhandled", LOCKED),
        (0, "LockMiddleware", "timeout", TIMEOUT),
    ],
)
def test_the_response_of_another_middleware_gets_the_format(
    settings: Settings, position: int, middleware: str, fault: str, expected: Body
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE]
    settings.MIDDLEWARE.insert(position, f"{__name__}.{middleware}")
    assert_body(send(f"/failing?view={fault}"), expected)


def test_json_of_another_middleware_gets_the_format_below_paths_only(settings: Settings) -> None:
    put_inside(settings, "respond_in_json")
    response = send("/gateway", "POST")
    assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"})
    settings.API_ERRORS = {"PATHS": ["gateway"]}
    assert_body(send("/gateway", "POST"), body("INVALID_CONTENT", "invalid_grant"))


@each_handler
@pytest.mark.usefixtures("debug")
def test_an_unmatched_url_is_a_404(send: Send) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert_body(send("/nowhere", method), MISSING)


@pytest.mark.usefixtures("api_paths")
def test_an_unmatched_url_below_paths_is_a_404_even_for_a_browser() -> None:
    assert_body(send("/api/nowhere", headers={"accept": CHROME}), MISSING)


@pytest.mark.parametrize(
    ("url", "is_json"),
    [
        ("/nowhere?format=json", True),
        ("/nowhere.json", True),
        ("/nowhere?format=html", False),
        # Django rejects them when it reads them.
        ("/nowhere?format=json&a&b", False),
    ],
)
def test_a_url_that_names_json_as_its_format_overrides_accept(
    settings: Settings, caplog: pytest.LogCaptureFixture, url: str, is_json: bool
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2

    response = send(url, headers={"accept": CHROME})

    assert [record.name for record in caplog.records] == ["django.request"]
    if is_json:
        assert_body(response, MISSING)
    else:
        assert (response.status_code, response["Content-Type"]) == (404, HTML)


@pytest.mark.usefixtures("debug")
def test_an_unsafe_method_without_its_slash_is_a_404() -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = send("/slash?a=%C3%A9", method, "{}", "application/json")
        assert_body(response, body_with("MISSING_RESOURCE", "The URL must end with a slash."))
        assert not response.has_header("Location")


def test_a_safe_method_and_a_form_of_the_site_are_redirected_to_the_slash() -> None:
    for method, accept in (("GET", "*/*"), ("HEAD", "*/*"), ("POST", CHROME)):
        response = send("/slash?a=1", method, headers={"accept": accept})
        assert (response.status_code, response["Location"]) == (301, "/slash/?a=1")


@pytest.mark.usefixtures("api_paths")
def test_a_csrf_failure_is_a_403_below_paths_and_a_page_elsewhere() -> None:
    client = Client(enforce_csrf_checks=True)
    failed = body_with("ACCESS_FORBIDDEN", "The CSRF token is missing or incorrect.")
    assert_body(client.post("/api/protected-form", {"a": "1"}), failed)
    client.cookies["csrftoken"] = "a" * 32
    assert_body(client.post("/api/protected-form", {"a": "1"}), failed)
    assert b"CSRF verification failed" in client.post("/protected-form", {"a": "1"}).content


@pytest.mark.usefixtures("debug")
def test_a_bad_host_is_a_400(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    # Under DEBUG an empty list allows localhost.
    settings.ALLOWED_HOSTS = ["testserver"]
    assert_body(send("/okay", headers={"host": "evil.example"}), CONTENT)
    assert "django.security.DisallowedHost" in {record.name for record in caplog.records}


@pytest.mark.usefixtures("api_paths", "debug")
def test_a_body_over_a_limit_is_a_413(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    long = f'{{"a": "{"b" * 200}"}}'
    assert_body(send("/api/form", "POST", long, FORM), TOO_LARGE)
    assert_body(send("/okay", "POST", long, "application/json"), TOO_LARGE)
    assert_body(send("/api/form", "POST", "a=1&b=2&c=3", FORM), TOO_LARGE)
    # In the CSRF check, before the view.
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    assert_body(client.post("/api/protected-form", {"a": "b" * 200}), TOO_LARGE)
    assert_body(client.post("/api/protected-form", {"a": "1", "b": "2", "c": "3"}), TOO_LARGE)
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
        assert_has_reference(record, response)


@pytest.mark.parametrize("broken_urlconf", ["import no_such_module"], indirect=True)
@pytest.mark.usefixtures("broken_urlconf")
def test_a_broken_urlconf_reaches_the_server_for_a_browser_only(settings: Settings) -> None:
    with pytest.raises(ImportError):
        send("/", headers={"accept": CHROME})
    settings.DEBUG = True
    assert_body(send("/okay"), None)


@each_handler
def test_cookies_and_headers_of_other_middleware_stay(send: Send, settings: Settings) -> None:
    require_package("corsheaders")
    settings.CORS_ALLOW_ALL_ORIGINS = True
    put_inside(settings, "add_header")
    settings.MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")
    for url in ("/failing?view=unhandled", "/failing?view=timeout", "/nowhere", "/slash", "/okay"):
        response = send(url, "POST", headers={"origin": "http://a.example"})
        assert (response.cookies["inner"].value, response["X-Inner"]) == ("1", "1")
        assert response["Access-Control-Allow-Origin"] == "*"
    # The same if it is outside of ours.
    settings.MIDDLEWARE = [f"{__name__}.add_header", OURS]
    response = send("/failing?view=unhandled")
    assert_body(response, None)
    assert response["X-Inner"] == "1"


def reply_in_json(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Respond to an error in JSON, as DRF's documentation proposes."""
    status = {"/api/nowhere": 404, "/api/failing": 500}.get(request.path, 400)
    return JsonResponse({"error": f"{exception}"}, status=status)


@pytest.mark.parametrize("paths", [None, ["api"]])
def test_json_of_an_error_handler_is_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    for status in (400, 404, 500):
        name = f"handler{status}"
        monkeypatch.setattr(sys.modules[__name__], name, reply_in_json, raising=False)
    assert_body(send("/api/nowhere"), MISSING)
    assert_body(send("/api/okay", headers={"host": "evil.example"}), CONTENT)
    assert_body(send("/api/lazy?view=suspicious"), CONTENT)
    assert_body(send("/api/failing?view=unhandled"), None)


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    ("url", "status", "shown"),
    [
        ("/nowhere", 404, b"Using the URLconf defined in"),
        ("/plain?view=unhandled", 500, b"Traceback"),
        ("/plain?view=suspicious", 400, b"Traceback"),
        ("/failing?view=unhandled", 500, b"Traceback"),
        ("/failing?view=timeout", 500, b"Traceback"),
        ("/dispatch?view=timeout", 500, b"Traceback"),
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


@pytest.mark.usefixtures("debug")
def test_an_error_that_a_drf_view_returns_gets_the_format_for_a_browser_too() -> None:
    sold = body("CONFLICT", "Sold.", status=409)
    assert_body(send("/returned", headers={"accept": f"{CHROME},application/json"}), sold)
    assert_body(send("/dispatch-returned"), sold)
    assert_body(send("/forbidden-page", headers={"accept": CHROME}), status_body(403))


def test_a_stream_stays_as_it_is(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response: Any = send("/stream")
    assert (response.status_code, response["Content-Type"]) == (500, "text/csv")
    assert response.getvalue() == b"one,two"


@each_handler
@pytest.mark.usefixtures("failing_middleware")
def test_exceptions_propagate_if_the_setting_is_on(send: Send, settings: Settings) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    for url in ("/failing?view=unhandled", "/failing?view=timeout", "/okay?before=unhandled"):
        with pytest.raises((RuntimeError, TimeoutError), match=SECRET):
            send(url)
    assert_body(send("/nowhere"), MISSING)


# The other language is on the thread, from another request.
@each_handler
@pytest.mark.parametrize(
    ("language", "other", "message"), [("en", "de", "Forbidden"), ("de", "en", "Verboten")]
)
def test_the_message_is_in_the_language_of_the_request(
    send: Send, settings: Settings, language: str, other: str, message: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    settings.MIDDLEWARE.insert(2, "django.middleware.locale.LocaleMiddleware")
    # The translations of this message are Django's.
    names = ("MISSING_RESOURCE", "INTERNAL_ERROR", "GATEWAY_TIMEOUT")
    settings.API_ERRORS = {
        "CODES": {name: {"message": gettext_lazy("Forbidden")} for name in names}
    }

    def assert_language(url: str) -> None:
        with translation.override(other):
            response = send(url, headers={"accept-language": language})
        [sent] = json.loads(response.content)["errors"]
        assert sent.partition(" ")[0] == message

    for fault in ("missing", "timeout", "unhandled"):
        for place in ("failing?view", "okay?before", "okay?after", "okay?process_view"):
            assert_language(f"/{place}={fault}")
    settings.ROOT_URLCONF = "tests.no_such_urlconf"
    assert_language("/okay")


def test_the_browsable_api_stays_and_has_a_page_for_each_fault() -> None:
    response = send("/failing?view=", headers={"accept": CHROME})
    assert (response.status_code, response["Content-Type"]) == (200, HTML)
    for name in ("timeout", "refused", "missing", "forbidden", "credentials"):
        expected = FAULTS[name][1]
        assert expected is not None
        response = send(f"/failing?view={name}", headers={"accept": CHROME})
        assert (response.status_code, response["Content-Type"]) == (expected["status"], HTML)
        assert expected["errors"][0] in html.unescape(response.text)
        assert SECRET not in response.text
    response = send("/failing?view=unhandled", headers={"accept": CHROME})
    assert (response.status_code, response["Content-Type"]) == (500, HTML)
    assert "<h1>Server Error (500)</h1>" in response.text


@pytest.mark.django_db
def test_the_form_of_the_browsable_api_keeps_its_values_and_shows_the_errors(
    settings: Settings,
) -> None:
    settings.STATIC_URL = "/static/"
    name = "x" * 30
    response = send("/shelves", "POST", f"name={name}", FORM, headers={"accept": CHROME})
    assert response.status_code == 400
    assert f'value="{name}"' in response.text
    assert '<span class="help-block">Ensure this field has no more than 20' in response.text


@pytest.mark.parametrize(
    ("url", "accept", "loggers"),
    [
        ("/broken-page?view=refused", "text/html", []),
        ("/unfinished-page?view=timeout", CHROME, ["django_apierrors", "django.request"]),
    ],
)
def test_an_error_whose_page_fails_gets_a_body(
    caplog: pytest.LogCaptureFixture, url: str, accept: str, loggers: list[str]
) -> None:
    assert_body(send(url, headers={"accept": accept}), TIMEOUT)
    assert [record.name for record in get_records(caplog, logging.ERROR)] == loggers


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


def test_a_broken_paths_setting_counts_as_not_set_and_has_one_record(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"PATHS": 1}
    assert_body(send("/nowhere"), body("MISSING_RESOURCE"))
    assert caplog.text.count("django_apierrors failed while reading PATHS.") == 1


# The records that have the exception. Django reports what another middleware raises before us.
RECORDS = {
    "unhandled": [("django.request", logging.ERROR)],
    "timeout": [("django.request", logging.WARNING)],
    "missing": [],
    "forbidden": [],
    "bad": [("django.request", logging.WARNING)],
    "suspicious": [("django.security.SuspiciousOperation", logging.ERROR)],
}


@each_handler
@pytest.mark.usefixtures("failing_middleware")
@pytest.mark.parametrize(
    ("url", "faults"),
    [
        ("/failing?view={}", RECORDS),
        ("/rendered?view={}", RECORDS),
        ("/lazy?view={}", RECORDS),
        ("/nothing", ("unhandled",)),
        ("/okay?process_view={}", ("unhandled", "missing", "bad")),
        ("/okay?before={}", ("unhandled", "missing", "suspicious")),
    ],
)
def test_an_exception_has_one_record_at_most_and_an_unhandled_one_a_signal_and_its_reference(
    send: Send, caplog: pytest.LogCaptureFixture, url: str, faults: Iterable[str]
) -> None:
    for fault in faults:
        caplog.clear()
        with receive(got_request_exception) as signals:
            response = send(url.format(fault))
        records = [r for r in caplog.records if r.exc_info or r.levelno == logging.ERROR]
        assert [(r.name, r.levelno) for r in records] == RECORDS[fault]
        assert len(signals) == (fault == "unhandled")
        if signals:
            assert_has_reference(records[0], response)


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
        assert set(vars(request)) - before == {"apierrors_state"}


def test_a_signal_without_our_request_or_without_an_exception_changes_nothing() -> None:
    request = RequestFactory().get("/nowhere")
    got_request_exception.send(sender=None)
    got_request_exception.send(sender=None, request=request)
    assert not hasattr(request, "apierrors_state")
    state = request.apierrors_state = RequestState()  # type: ignore[attr-defined]
    got_request_exception.send(sender=None, request=request)
    assert state.body is None
