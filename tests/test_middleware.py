"""The middleware: what DRF does not hand to its handler, and all that happens outside its views."""

from __future__ import annotations

import html
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from pytest_django.fixtures import Settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, Throttled
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import (
    BaseRenderer,
    BrowsableAPIRenderer,
    JSONRenderer,
    StaticHTMLRenderer,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.middleware import APIErrorsMiddleware, Failure
from tests.models import Shelf, Thing
from tests.services import require_package

pytestmark = pytest.mark.urls(__name__)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
OURS = "django_apierrors.middleware.APIErrorsMiddleware"

SECRET = "s3cret-text-of-an-exception"

Body = dict[str, Any]
Send = Callable[..., Any]


def make_body(status: int, code: str | int, *errors: str) -> Body:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def make_default_body(code: str) -> Body:
    """Return the body of an error that says what the catalogue says."""
    return make_body(CATALOG[code].status, code, str(CATALOG[code].message))


INTERNAL_ERROR = str(CATALOG["INTERNAL_ERROR"].message)
REFERENCE = re.compile(re.escape(INTERNAL_ERROR) + r" Reference: ([0-9a-f]{12})\.")

CONTENT = make_default_body("INVALID_CONTENT")
FORBIDDEN = make_default_body("ACCESS_FORBIDDEN")
MISSING = make_default_body("MISSING_RESOURCE")
TIMEOUT = make_default_body("GATEWAY_TIMEOUT")
TOO_LARGE = make_default_body("CONTENT_TOO_LARGE")
UNAUTHENTICATED = make_body(401, 33619968, str(CATALOG["UNAUTHENTICATED"].message))
UNAVAILABLE = make_default_body("SERVICE_UNAVAILABLE")

# What is raised, and the body it is answered with; no body: a bug's, whose reference differs.
FAULTS: dict[str, tuple[Callable[[], Exception], Body | None]] = {
    "bug": (lambda: RuntimeError(SECRET), None),
    "timeout": (lambda: TimeoutError(SECRET), TIMEOUT),
    "refused": (lambda: ConnectionRefusedError(SECRET), UNAVAILABLE),
    "missing": (lambda: Http404(SECRET), MISSING),
    "forbidden": (lambda: PermissionDenied(SECRET), FORBIDDEN),
    "bad": (lambda: BadRequest(SECRET), CONTENT),
    "suspicious": (lambda: SuspiciousOperation(SECRET), CONTENT),
    "credentials": (lambda: NotAuthenticated(), UNAUTHENTICATED),
    "throttled": (lambda: Throttled(7), make_default_body("THROTTLED")),
}


def fail(name: str) -> None:
    """Raise the fault called `name`; none where the name is empty."""
    if name:
        raise FAULTS[name][0]()


class Okay(APIView):
    """A DRF view that takes everything."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        """Answer what was sent."""
        return Response({"keys": sorted(request.data)})


class Failing(Okay):
    """A DRF view that fails as `?view=` says."""

    def get(self, request: Request) -> Response:
        """Fail."""
        fail(request.query_params["view"])
        raise AssertionError


class Nothing(Okay):
    """A DRF view that forgets its response."""

    def get(self, request: Request) -> None:  # type: ignore[override]
        """Return nothing."""


class Unmakeable:
    """What stands where an authenticator, a parser or a negotiator should and cannot be made."""

    def __init__(self) -> None:
        """Fail."""
        raise TimeoutError(SECRET)


class UnmakeableAuthenticator(Unmakeable, BaseAuthentication):
    """An authenticator that cannot be made."""


class UnmakeableParser(Unmakeable, BaseParser):
    """A parser that cannot be made."""


class UnmakeableNegotiation(Unmakeable, DefaultContentNegotiation):
    """A negotiator that cannot be made."""


class Authenticated(Okay):
    """A DRF view whose authenticator cannot be made."""

    authentication_classes = (UnmakeableAuthenticator,)


class Parsed(Okay):
    """A DRF view whose parser cannot be made."""

    parser_classes = (UnmakeableParser,)


class Negotiated(Okay):
    """A DRF view whose negotiator cannot be made."""

    content_negotiation_class = UnmakeableNegotiation


class Headed(Okay):
    """A DRF view whose headers fail."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Fail."""
        raise TimeoutError(SECRET)


class FailingRenderer(JSONRenderer):
    """A renderer that fails as the document says."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Fail."""
        fail(data)
        raise AssertionError


class Rendered(Okay):
    """A DRF view that succeeds, and whose renderer fails as `?render=` says."""

    renderer_classes = (FailingRenderer,)

    def get(self, request: Request) -> Response:
        """Answer what cannot be rendered."""
        return Response(request.query_params["render"])


class Lazy(Okay):
    """A DRF view that succeeds with data that fail when they are read."""

    def get(self, request: Request) -> Response:
        """Answer what fails later."""

        def rows() -> Iterator[int]:
            yield 1
            fail(request.query_params["lazy"])

        return Response({"rows": rows()})


class Suspicious(Okay):
    """Speaks a language of its own, and refuses what it was sent."""

    def get(self, request: Request) -> Response:
        """Fail."""
        translation.activate("de")
        raise SuspiciousOperation


class TextRenderer(BaseRenderer):
    """Another format of a project's own."""

    media_type, format = "text/plain", "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        """Return no JSON."""
        return b"No."


class Hinting(Okay):
    """Returns a body of ours that has one text more, in another format."""

    renderer_classes = (TextRenderer,)

    def get(self, request: Request) -> Response:
        """Return it, and leave another language on the thread."""
        translation.activate("de")
        body = make_body(400, "CHANGED", "No.")
        return Response({**body, "hint": gettext_lazy("Forbidden")}, status=400)


class Page(Okay):
    """A DRF view that negotiates an HTML page and fails as `?view=` says."""

    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)

    def get(self, request: Request) -> Response:
        """Fail, or not."""
        fail(request.query_params["view"])
        return Response({"okay": True})


class BrokenPageRenderer(StaticHTMLRenderer):
    """A renderer of pages that always times out."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Fail."""
        raise TimeoutError(SECRET)


class BrokenPage(Okay):
    """A DRF view that fails, and so does the page about it."""

    renderer_classes = (BrokenPageRenderer,)

    def get(self, request: Request) -> Response:
        """Fail."""
        raise ConnectionRefusedError(SECRET)


class UnfinishedPage(Page):
    """A DRF view that fails, and so does what would finish the page about it."""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Fail."""
        raise RuntimeError(SECRET)


class Committing(Okay):
    """A DRF view that succeeds, and whose transaction fails as `?commit=` says."""

    def post(self, request: Request) -> Response:
        """Write a row, and something that fails later."""
        shelf = Shelf.objects.create(name="new")
        match request.query_params["commit"]:
            case "foreign-key":
                Thing.objects.create(name="orphan", shelf_id=shelf.pk + 1)
            case name:
                transaction.on_commit(lambda: fail(name))
        return Response({"id": shelf.pk}, status=201)


def plain(request: HttpRequest) -> HttpResponse:
    """Fail as `?view=` says, in a plain view."""
    fail(request.GET.get("view", ""))
    return HttpResponse("plain", headers={"X-Plain": "1"})


async def plain_async(request: HttpRequest) -> HttpResponse:
    """Fail as `?view=` says, in a plain async view."""
    return plain(request)


@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    """Read a form."""
    return HttpResponse(f"{len(request.POST)} fields")


@csrf_exempt
def refuse_upload(request: HttpRequest) -> HttpResponse:
    """Refuse what was uploaded without having read it."""
    return HttpResponse("Not this one.", status=400)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Stream an error."""
    return StreamingHttpResponse(iter([b"one,", b"two"]), status=500, content_type="text/csv")


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    """Stream an error, asynchronously."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one,"
        yield b"two"

    return StreamingHttpResponse(chunks(), status=500, content_type="text/csv")


def activate(request: HttpRequest) -> HttpResponse:
    """Leave another language on the thread, as LocaleMiddleware does."""
    translation.activate("de")
    return HttpResponse()


def home(request: HttpRequest) -> HttpResponse:
    """Answer at a URL with a slash."""
    return HttpResponse("home")


def fail_at_home(request: HttpRequest) -> HttpResponse:
    """Answer with a page of its own."""
    return HttpResponse("home", status=500)


def explain(request: HttpRequest, code: str) -> HttpResponse:
    """Answer with the page of a code."""
    return HttpResponse(code)


VIEWS = [
    path("okay", Okay.as_view()),
    path("failing", Failing.as_view()),
    path("nothing", Nothing.as_view()),
    path("authenticator", Authenticated.as_view()),
    path("parser", Parsed.as_view()),
    path("negotiator", Negotiated.as_view()),
    path("headers", Headed.as_view()),
    path("rendered", Rendered.as_view()),
    path("lazy", Lazy.as_view()),
    path("suspicious", Suspicious.as_view()),
    path("hinting", Hinting.as_view()),
    path("page", Page.as_view()),
    path("broken-page", BrokenPage.as_view()),
    path("unfinished-page", UnfinishedPage.as_view()),
    path("committing", Committing.as_view()),
    path("plain", plain),
    path("plain-async", plain_async),
    path("form", form),
    path("protected-form", plain),
    path("refuse-upload", refuse_upload),
    path("stream", stream),
    path("stream-async", stream_async),
    path("activate", activate),
    path("slash/", home),
    path("home-500", fail_at_home),
]
urlpatterns = [
    *(path(f"{folder}{view.pattern}", view.callback) for folder in ("", "api/") for view in VIEWS),
    path("codes/<code>", explain, name="code"),
]


class FailingMiddleware:
    """Fails before or after the view, or in `process_view`, as the query says."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Fail, or answer."""
        fail(request.GET.get("before", ""))
        response = self.get_response(request)
        fail(request.GET.get("after", ""))
        return response

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Fail, or not."""
        fail(request.GET.get("process_view", ""))


@sync_and_async_middleware
def fail_in_either_mode(get_response: Any) -> Any:
    """Fail before or after the view, as the query says, without leaving the mode of the server."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            fail(request.GET.get("before", ""))
            response: HttpResponseBase = await get_response(request)
            fail(request.GET.get("after", ""))
            return response

        return answer_async

    return FailingMiddleware(get_response)


def add_cookie(get_response: Any) -> Any:
    """Put a cookie and a header on each response, whatever it is."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        response.set_cookie("inner", "1")
        response["X-Inner"] = "1"
        return response

    return answer


def replace_errors(get_response: Any) -> Any:
    """Answer every error of a server with a page of its own, as a maintenance mode does."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        return HttpResponse("Back soon.", status=503) if response.status_code >= 500 else response

    return answer


class AnsweringMiddleware:
    """Answers a view's exceptions itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        """Answer in a shape of its own."""
        return JsonResponse({"detail": "Locked.", "code": "locked"}, status=409)


def answer_json(get_response: Any) -> Any:
    """Answer what is no other's in a format of its own, as a gateway's middleware does."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/gateway":
            return JsonResponse({"error": "invalid_grant"}, status=400)
        response: HttpResponseBase = get_response(request)
        return response

    return answer


def put_inside(settings: Settings, *names: str) -> None:
    """Install middleware of this module directly inside ours."""
    own = [f"{__name__}.{name}" for name in names]
    settings.MIDDLEWARE = [OURS, *own, *settings.MIDDLEWARE[1:]]


@pytest.fixture(params=["wsgi", "asgi"])
def send(request: pytest.FixtureRequest) -> Send:
    """Send a request through Django's WSGI or ASGI handler and return the response."""
    if request.param == "wsgi":
        return Client(raise_request_exception=False).generic
    client = AsyncClient(raise_request_exception=False)

    async def send_async(*args: Any, **kwargs: Any) -> Any:
        return await client.generic(*args, **kwargs)

    return async_to_sync(send_async)


@pytest.fixture
def signals() -> Iterator[list[HttpRequest]]:
    """The requests that `got_request_exception` was sent for."""
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
    """Return what was noted on the exception of `record`."""
    assert record.exc_info is not None
    assert record.exc_info[1] is not None
    return getattr(record.exc_info[1], "__notes__", [])


def get_reference(response: HttpResponse) -> str:
    """Return the reference in the body of a bug, and hold all else in it."""
    body = json.loads(response.content)
    match = REFERENCE.fullmatch(body["errors"][0])
    assert match is not None
    assert body == make_body(500, "INTERNAL_ERROR", match[0])
    return match[1]


def assert_body(response: Any, body: Body | None) -> None:
    """Hold `response` to be `body` on the wire, a bug's where there is none."""
    if body is None:
        get_reference(response)
        body = make_body(500, "INTERNAL_ERROR", *json.loads(response.content)["errors"])
    assert json.loads(response.content) == body
    assert response.status_code == body["status"]
    assert response["Content-Type"] == "application/json"
    assert SECRET.encode() not in response.content


@pytest.mark.parametrize("url", ["/authenticator", "/parser", "/negotiator", "/headers"])
def test_what_drf_cannot_make_is_answered(send: Send, url: str) -> None:
    response = send("GET", url)

    assert_body(response, TIMEOUT)
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("url", ["/rendered?render={}", "/lazy?lazy={}"])
def test_a_failure_of_rendering_is_answered(send: Send, url: str, fault: str) -> None:
    assert_body(send("GET", url.format(fault)), FAULTS[fault][1])


def test_a_view_that_returns_nothing_is_a_bug(
    send: Send, signals: list[HttpRequest], caplog: pytest.LogCaptureFixture
) -> None:
    response = send("GET", "/nothing")

    assert_body(response, None)
    [record] = get_records(caplog, logging.ERROR)
    assert get_notes(record) == [f"Reference: {get_reference(response)}"]
    assert len(signals) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_drf_view_is_answered(send: Send, fault: str) -> None:
    assert_body(send("GET", f"/failing?view={fault}"), FAULTS[fault][1])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("view", ["plain", "plain-async"])
def test_a_fault_of_a_plain_view_below_paths_is_answered(
    send: Send, settings: Settings, view: str, fault: str
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}

    assert_body(send("GET", f"/api/{view}?view={fault}"), FAULTS[fault][1])


@pytest.mark.parametrize("fault", ["missing", "forbidden", "bad", "suspicious", "bug"])
@pytest.mark.parametrize("view", ["plain", "plain-async"])
@pytest.mark.parametrize("paths", [None, ["api"]])
def test_a_fault_of_a_plain_view_elsewhere_keeps_djangos_page(
    send: Send, settings: Settings, view: str, fault: str, paths: list[str] | None
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    ours = send("GET", f"/{view}?view={fault}")
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    theirs = Client(raise_request_exception=False).get(f"/{view}?view={fault}")

    assert ours.content == theirs.content
    assert (ours.status_code, ours["Content-Type"]) == (
        theirs.status_code,
        "text/html; charset=utf-8",
    )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("moment", ["before", "after", "process_view"])
def test_a_fault_of_another_middleware_is_answered(
    send: Send, settings: Settings, moment: str, fault: str
) -> None:
    put_inside(settings, "FailingMiddleware")

    assert_body(send("GET", f"/okay?{moment}={fault}"), FAULTS[fault][1])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fault_of_a_middleware_of_both_modes_is_answered(
    send: Send, settings: Settings, moment: str, fault: str
) -> None:
    put_inside(settings, "fail_in_either_mode")

    assert_body(send("GET", f"/okay?{moment}={fault}"), FAULTS[fault][1])


@pytest.mark.parametrize("fault", ["bug", "timeout", "missing", "suspicious"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fault_of_another_middleware_on_the_site_keeps_djangos_page(
    send: Send, settings: Settings, moment: str, fault: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    response = send("GET", f"/plain?{moment}={fault}", headers={"accept": CHROME})

    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>" in response.content


@pytest.mark.parametrize("first", ["timeout", "missing"])
def test_the_last_fault_of_a_request_is_the_one_that_is_answered(
    send: Send, settings: Settings, first: str
) -> None:
    put_inside(settings, "FailingMiddleware")

    assert_body(send("GET", f"/failing?view={first}&after=refused"), UNAVAILABLE)


def test_the_first_bug_of_a_request_is_the_one_that_is_answered(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    put_inside(settings, "FailingMiddleware")
    response = send("GET", "/failing?view=bug&after=refused")

    first, second = get_records(caplog, logging.ERROR)
    assert get_notes(first) == [f"Reference: {get_reference(response)}"]
    assert get_notes(second) == []


def test_a_bug_behind_an_answered_fault_is_a_bug(send: Send, settings: Settings) -> None:
    put_inside(settings, "FailingMiddleware")

    assert_body(send("GET", "/failing?view=timeout&after=bug"), None)


def test_a_page_that_another_middleware_puts_in_place_of_a_bug_is_what_counts(
    send: Send, settings: Settings
) -> None:
    put_inside(settings, "replace_errors")

    assert_body(send("GET", "/failing?view=bug"), UNAVAILABLE)


@pytest.mark.parametrize("fault", ["bug", "timeout"])
def test_an_answer_of_another_middleware_in_front_keeps_its_status_and_text(
    send: Send, settings: Settings, fault: str
) -> None:
    put_inside(settings, "AnsweringMiddleware")

    assert_body(send("GET", f"/failing?view={fault}"), make_body(409, "LOCKED", "Locked."))


@pytest.mark.parametrize("fault", ["bug", "timeout"])
def test_second_in_the_list_the_middleware_lets_the_first_answer(
    send: Send, settings: Settings, fault: str
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.AnsweringMiddleware", *settings.MIDDLEWARE]
    expected = TIMEOUT if fault == "timeout" else make_body(409, "LOCKED", "Locked.")

    assert_body(send("GET", f"/failing?view={fault}"), expected)


@pytest.mark.parametrize("fault", FAULTS)
def test_second_in_the_list_the_middleware_still_answers(
    send: Send, settings: Settings, fault: str
) -> None:
    settings.MIDDLEWARE = [f"{__name__}.add_cookie", *settings.MIDDLEWARE]
    response = send("GET", f"/failing?view={fault}")

    assert_body(response, FAULTS[fault][1])
    assert response["X-Inner"] == "1"


def test_json_of_another_middleware_is_left_alone(send: Send, settings: Settings) -> None:
    put_inside(settings, "answer_json")
    response = send("POST", "/gateway")

    assert (response.status_code, response.content) == (400, b'{"error": "invalid_grant"}')


def test_json_of_another_middleware_below_paths_comes_into_the_format(
    send: Send, settings: Settings
) -> None:
    put_inside(settings, "answer_json")
    settings.API_ERRORS = {"PATHS": ["gateway"]}

    assert_body(send("POST", "/gateway"), make_body(400, "INVALID_CONTENT", "invalid_grant"))


@pytest.mark.parametrize("moment", ["before", "after", "process_view"])
def test_a_throttling_middleware_says_how_long_to_wait(
    send: Send, settings: Settings, moment: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    response = send("GET", f"/okay?{moment}=throttled")

    assert_body(response, make_default_body("THROTTLED"))
    assert response["Retry-After"] == "7"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_unmatched_url_is_a_404(send: Send, method: str) -> None:
    assert_body(send(method, "/nowhere"), MISSING)


def test_an_unmatched_url_below_paths_is_a_404_even_for_a_browser(
    send: Send, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}

    assert_body(send("GET", "/api/nowhere", headers={"accept": CHROME}), MISSING)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_unsafe_method_without_its_slash_is_a_404(
    send: Send, settings: Settings, method: str, debug: bool
) -> None:
    settings.DEBUG = debug
    response = send(method, "/slash?a=%C3%A9", "{}", "application/json")

    assert_body(response, MISSING)
    assert not response.has_header("Location")
    assert response.get("Content-Length", str(len(response.content))) == str(len(response.content))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_safe_method_without_its_slash_is_redirected(send: Send, method: str) -> None:
    response = send(method, "/slash?a=1")

    assert (response.status_code, response["Location"]) == (301, "/slash/?a=1")


def test_a_form_of_the_site_without_its_slash_is_redirected(send: Send) -> None:
    response = send("POST", "/slash", headers={"accept": CHROME})

    assert (response.status_code, response["Location"]) == (301, "/slash/")


@pytest.mark.parametrize("cookie", [None, "a" * 32])
def test_a_csrf_failure_below_paths_is_a_403(
    send: Send, settings: Settings, cookie: str | None
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    client = Client(enforce_csrf_checks=True)
    if cookie:
        client.cookies["csrftoken"] = cookie

    assert_body(client.post("/api/protected-form", {"a": "1"}), FORBIDDEN)


def test_a_csrf_failure_on_the_site_keeps_its_page() -> None:
    response = Client(enforce_csrf_checks=True).post("/protected-form", {"a": "1"})

    assert response.status_code == 403
    assert b"CSRF verification failed" in response.content


@pytest.mark.parametrize("debug", [False, True])
def test_a_bad_host_is_a_400(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    settings.DEBUG = debug
    # Under DEBUG an empty list means localhost; a host that is listed is another one.
    settings.ALLOWED_HOSTS = ["testserver"]

    assert_body(send("GET", "/okay", headers={"host": "evil.example"}), CONTENT)
    assert "django.security.DisallowedHost" in {record.name for record in caplog.records}


def test_a_bad_host_on_the_site_keeps_djangos_page(send: Send) -> None:
    response = send("GET", "/plain", headers={"host": "evil.example", "accept": CHROME})

    assert response.status_code == 400
    assert response.content.strip().startswith(b"<!doctype html>")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("url", "content_type"),
    [("/api/form", "application/x-www-form-urlencoded"), ("/okay", "application/json")],
)
def test_a_body_over_the_limit_is_a_413(
    send: Send, settings: Settings, url: str, content_type: str, debug: bool
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    settings.DEBUG = debug
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert_body(send("POST", url, f'{{"a": "{"b" * 200}"}}', content_type), TOO_LARGE)


@pytest.mark.parametrize("debug", [False, True])
def test_a_body_over_the_limit_in_the_csrf_check_is_a_413(settings: Settings, debug: bool) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    settings.DEBUG = debug
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32

    assert_body(client.post("/api/protected-form", {"a": "b" * 200}), TOO_LARGE)


def test_too_many_fields_are_a_413(send: Send, settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    response = send("POST", "/api/form", "a=1&b=2&c=3", "application/x-www-form-urlencoded")

    assert_body(response, TOO_LARGE)


def test_a_400_that_a_view_answers_to_a_large_body_is_no_413(
    send: Send, settings: Settings
) -> None:
    settings.API_ERRORS = {"PATHS": ["api"]}
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert_body(send("POST", "/api/refuse-upload", "b" * 200, "image/png"), CONTENT)


@pytest.fixture(params=["urlpatterns = [", "import no_such_module", "", "raise ConnectionError"])
def broken_urlconf(
    request: pytest.FixtureRequest,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A URLconf that cannot be imported, or has no URLs; its text."""
    (tmp_path / "broken_urlconf.py").write_text(request.param)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_urlconf", raising=False)
    settings.ROOT_URLCONF = "broken_urlconf"
    text: str = request.param
    return text


def test_a_broken_urlconf_is_answered_and_logged_once(
    send: Send, caplog: pytest.LogCaptureFixture, broken_urlconf: str
) -> None:
    response = send("GET", "/okay")

    assert_body(response, UNAVAILABLE if "Connection" in broken_urlconf else None)
    [record] = get_records(caplog, logging.ERROR)
    assert record.exc_info is not None
    if response.status_code == 500:
        assert get_notes(record) == [f"Reference: {get_reference(response)}"]


@pytest.mark.parametrize("broken_urlconf", ["urlpatterns = ["], indirect=True)
@pytest.mark.usefixtures("broken_urlconf")
def test_under_debug_a_broken_urlconf_is_answered_too(send: Send, settings: Settings) -> None:
    settings.DEBUG = True

    assert_body(send("GET", "/okay"), None)


@pytest.mark.parametrize("broken_urlconf", ["urlpatterns = [", "import no"], indirect=True)
@pytest.mark.usefixtures("broken_urlconf")
def test_a_broken_urlconf_reaches_the_server_for_a_browser() -> None:
    client = Client(raise_request_exception=False)

    with pytest.raises((SyntaxError, ImportError)):
        client.get("/", headers={"accept": CHROME})


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views run in a transaction of their own."""
    # What handlers read is this dict, made from the settings when Django started.
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests")
def test_a_commit_that_fails_is_answered_and_leaves_no_row(send: Send) -> None:
    response = send("POST", "/committing?commit=foreign-key")

    assert_body(response, MISSING | {"status": 400})
    assert not Shelf.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_hook_that_fails_after_the_commit_is_answered_and_the_row_stays(
    send: Send, fault: str
) -> None:
    assert_body(send("POST", f"/committing?commit={fault}"), FAULTS[fault][1])
    assert Shelf.objects.get().name == "new"


@pytest.mark.parametrize("url", ["/failing?view=bug", "/failing?view=timeout", "/nowhere", "/okay"])
def test_cookies_and_headers_of_inner_middleware_survive(
    send: Send, settings: Settings, url: str
) -> None:
    put_inside(settings, "add_cookie")
    response = send("GET", url)

    assert response.cookies["inner"].value == "1"
    assert response["X-Inner"] == "1"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "url", ["/failing?view=bug", "/failing?view=timeout", "/nowhere", "/slash"]
)
def test_cors_headers_survive(send: Send, settings: Settings, method: str, url: str) -> None:
    require_package("corsheaders")
    settings.CORS_ALLOW_ALL_ORIGINS = True
    settings.MIDDLEWARE = [OURS, "corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE[1:]]
    response = send(method, url, headers={"origin": "http://a.example"})

    assert response["Access-Control-Allow-Origin"] == "*"


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unmatched URL as the project does."""
    return HttpResponse("<p>our own page</p>", status=404)


def broken_handler(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Fail to answer an unmatched URL."""
    raise RuntimeError(SECRET)


def json_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unmatched URL as a project does that has thought of its API."""
    return JsonResponse({"detail": f"{exception}"}, status=404)


def json_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a bad request as DRF's docs propose."""
    return JsonResponse({"error": "Bad Request (400)"}, status=400)


def json_server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug as DRF's docs propose."""
    return JsonResponse({"error": "Server Error (500)"}, status=500)


def set_handlers(monkeypatch: pytest.MonkeyPatch, **handlers: Callable[..., HttpResponse]) -> None:
    """Give this URLconf error handlers."""
    for name, handler in handlers.items():
        monkeypatch.setattr(sys.modules[__name__], name, handler, raising=False)


def test_a_custom_page_for_an_unmatched_url_stays_for_a_browser(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_handlers(monkeypatch, handler404=page_not_found)

    assert send("GET", "/nowhere", headers={"accept": CHROME}).content == b"<p>our own page</p>"
    assert_body(send("GET", "/nowhere"), MISSING)


@pytest.mark.parametrize("paths", [None, ["api"]])
@pytest.mark.parametrize(
    ("url", "headers", "body"),
    [
        ("/api/nowhere", {}, MISSING),
        ("/api/okay", {"host": "evil.example"}, CONTENT),
        ("/api/failing?view=suspicious", {}, CONTENT),
        ("/api/failing?view=bug", {}, None),
    ],
)
def test_json_of_an_error_handler_is_replaced(
    send: Send,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    paths: list[str] | None,
    url: str,
    headers: dict[str, str],
    body: Body | None,
) -> None:
    settings.API_ERRORS = {"PATHS": paths}
    set_handlers(
        monkeypatch,
        handler404=json_not_found,
        handler400=json_bad_request,
        handler500=json_server_error,
    )

    assert_body(send("GET", url, headers=headers), body)


def test_a_handler_that_fails_is_a_bug(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    set_handlers(monkeypatch, handler404=broken_handler)

    assert_body(send("GET", "/nowhere"), None)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("url", ["/failing?view={}", "/okay?before={}", "/okay?after={}"])
def test_under_debug_an_api_client_gets_the_body(
    send: Send, settings: Settings, url: str, fault: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    settings.DEBUG = True

    assert_body(send("GET", url.format(fault)), FAULTS[fault][1])


def test_under_debug_an_unmatched_url_is_a_404_for_an_api_client(
    send: Send, settings: Settings
) -> None:
    settings.DEBUG = True

    assert_body(send("GET", "/nowhere"), MISSING)


@pytest.mark.parametrize(
    ("url", "status", "shown"),
    [
        ("/nowhere", 404, b"Using the URLconf defined in"),
        ("/plain?view=bug", 500, b"Traceback"),
        ("/failing?view=bug", 500, b"Traceback"),
        ("/failing?view=timeout", 500, b"Traceback"),
        ("/plain?view=suspicious", 400, b"Traceback"),
        ("/failing?before=bug", 500, b"Traceback"),
    ],
)
def test_under_debug_a_browser_keeps_the_technical_page(
    send: Send, settings: Settings, url: str, status: int, shown: bytes
) -> None:
    put_inside(settings, "FailingMiddleware")
    settings.DEBUG = True
    response = send("GET", url, headers={"accept": CHROME})

    assert response.status_code == status
    assert shown in response.content


def test_a_stream_is_not_touched(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    response: Any = Client().get("/stream")

    assert (response.status_code, response["Content-Type"]) == (500, "text/csv")
    assert response.getvalue() == b"one,two"


def test_an_async_stream_is_not_touched(settings: Settings) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}

    assert async_to_sync(read_stream)() == (500, "text/csv", b"one,two")


async def read_stream() -> tuple[int, str, bytes]:
    """Return the status, the type and the content of an async stream."""
    response: Any = await AsyncClient().get("/stream-async")
    content = b"".join([chunk async for chunk in response.streaming_content])
    return response.status_code, response["Content-Type"], content


@pytest.mark.parametrize("url", ["/failing?view=bug", "/failing?view=timeout", "/okay?before=bug"])
def test_exceptions_propagate_where_the_settings_say_so(
    send: Send, settings: Settings, url: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True

    with pytest.raises((RuntimeError, TimeoutError), match=SECRET):
        send("GET", url)


def test_an_unmatched_url_is_a_404_even_where_exceptions_propagate(
    send: Send, settings: Settings
) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True

    assert_body(send("GET", "/nowhere"), MISSING)


@pytest.fixture
def two_languages(settings: Settings) -> Iterator[None]:
    """A project that speaks English and German, and says "Forbidden" of what is not there."""
    settings.MIDDLEWARE = [
        OURS,
        f"{__name__}.FailingMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        *settings.MIDDLEWARE[1:],
    ]
    names = ("MISSING_RESOURCE", "INTERNAL_ERROR", "GATEWAY_TIMEOUT")
    settings.API_ERRORS = {
        "CODES": {name: {"message": gettext_lazy("Forbidden")} for name in names}
    }
    yield
    translation.deactivate()


@pytest.mark.usefixtures("two_languages")
@pytest.mark.parametrize(("language", "message"), [("en", "Forbidden"), ("de", "Verboten")])
@pytest.mark.parametrize("thread", ["en", "de"])
@pytest.mark.parametrize(
    "url", ["/failing?view={}", "/okay?before={}", "/okay?after={}", "/okay?process_view={}"]
)
@pytest.mark.parametrize("fault", ["missing", "timeout", "bug"])
def test_the_message_is_in_the_language_of_the_request(
    send: Send, url: str, fault: str, thread: str, language: str, message: str
) -> None:
    translation.activate(thread)
    response = send("GET", url.format(fault), headers={"accept-language": language})

    [text] = json.loads(response.content)["errors"]
    assert text.partition(" ")[0] == message


@pytest.mark.usefixtures("two_languages")
def test_a_request_in_another_language_on_the_same_thread_leaves_no_trace(send: Send) -> None:
    send("GET", "/plain", headers={"accept-language": "de"})
    response = send("GET", "/okay?before=missing", headers={"accept-language": "en"})

    assert_body(response, make_body(404, "MISSING_RESOURCE", "Forbidden"))


@pytest.mark.usefixtures("two_languages")
def test_a_broken_urlconf_is_told_in_the_language_of_the_request(
    send: Send, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.no_such_urlconf"
    translation.activate("en")
    response = send("GET", "/", headers={"accept-language": "de"})

    [text] = json.loads(response.content)["errors"]
    assert text.startswith("Verboten ")


def test_without_locale_middleware_the_language_is_the_projects(
    send: Send, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"MISSING_RESOURCE": {"message": gettext_lazy("Forbidden")}}}
    with translation.override("de"):
        response = send("GET", "/nowhere", headers={"accept-language": "de"})

    assert_body(response, make_body(404, "MISSING_RESOURCE", "Forbidden"))


def test_what_django_refuses_is_told_in_the_language_of_the_request(
    send: Send, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"INVALID_CONTENT": {"message": gettext_lazy("Forbidden")}}}
    with translation.override("en"):
        response = send("GET", "/suspicious")

    assert_body(response, make_body(400, "INVALID_CONTENT", "Forbidden"))


def test_a_late_text_is_told_in_the_language_of_the_request(send: Send) -> None:
    with translation.override("en"):
        response = send("GET", "/hinting")

    body = make_body(400, "CHANGED", "No.")
    assert json.loads(response.content) == {**body, "hint": "Forbidden"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/failing?view=bug", "INTERNAL_ERROR"),
        ("/failing?view=suspicious", "INVALID_CONTENT"),
        ("/okay?before=bug", "INTERNAL_ERROR"),
    ],
)
def test_the_link_about_a_code_has_the_host_of_the_request(
    send: Send, settings: Settings, url: str, code: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "code"}
    settings.MIDDLEWARE = [OURS, f"{__name__}.FailingMiddleware"]
    response = send("GET", url)

    assert json.loads(response.content)["moreInfo"] == f"http://testserver/codes/{code}"


def try_again(get_response: Any) -> Any:
    """Ask once more, for a page, where the server failed."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        if response.status_code == 500:
            request.GET = QueryDict()
            response = get_response(request)
        return response

    return answer


def test_the_page_of_a_second_try_stays(send: Send, settings: Settings) -> None:
    settings.MIDDLEWARE = [OURS, f"{__name__}.try_again", f"{__name__}.FailingMiddleware"]
    response = send("GET", "/home-500?before=bug")

    assert (response.status_code, response.content) == (500, b"home")


def test_a_browsable_page_stays(send: Send) -> None:
    response = send("GET", "/page?view=", headers={"accept": CHROME})

    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"okay" in response.content


@pytest.mark.parametrize("fault", ["timeout", "refused", "missing", "forbidden", "credentials"])
def test_a_browsable_page_tells_of_the_fault(send: Send, fault: str) -> None:
    body = FAULTS[fault][1]
    assert body is not None
    response = send("GET", f"/page?view={fault}", headers={"accept": CHROME})

    assert response.status_code == body["status"]
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert html.escape(body["errors"][0]) in html.escape(html.unescape(response.text))
    assert SECRET not in response.text


def test_a_bug_keeps_djangos_page_where_a_page_was_negotiated(send: Send) -> None:
    response = send("GET", "/page?view=bug", headers={"accept": CHROME})

    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>Server Error (500)</h1>" in response.text


def test_a_page_that_fails_is_answered_with_the_body(send: Send) -> None:
    assert_body(send("GET", "/broken-page", headers={"accept": "text/html"}), TIMEOUT)


def assert_last_resort(response: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Hold `response` to be the constant, and its reason to be in the log."""
    assert json.loads(response.content) == make_body(500, "INTERNAL_ERROR", INTERNAL_ERROR)
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    records = [record for record in caplog.records if record.name == "django_apierrors"]
    assert records
    assert all(record.exc_info for record in records)


def test_a_page_that_cannot_be_finished_is_the_body_and_its_reason_in_the_log(
    send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    response = send("GET", "/unfinished-page?view=timeout", headers={"accept": CHROME})

    assert json.loads(response.content) == make_default_body("GATEWAY_TIMEOUT")
    [record] = [record for record in caplog.records if record.name == "django_apierrors"]
    assert record.exc_info is not None


@pytest.mark.parametrize(
    "url",
    ["/nowhere", "/plain", "/failing?view=missing", "/failing?view=timeout", "/okay?before=bug"],
)
def test_a_message_that_has_no_text_is_the_last_resort(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    message = {"message": lazystr(Unprintable())}
    names = ("MISSING_RESOURCE", "GATEWAY_TIMEOUT", "INTERNAL_ERROR")
    settings.API_ERRORS = {"CODES": dict.fromkeys(names, message)}
    response = send("GET", url)

    if url == "/plain":
        assert response.text == "plain"
    else:
        assert_last_resort(response, caplog)


class Unprintable:
    """An object without a text."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError(SECRET)


def test_a_broken_urlconf_and_a_message_without_a_text_are_the_last_resort(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = "tests.no_such_urlconf"
    settings.API_ERRORS = {"CODES": {"INTERNAL_ERROR": {"message": lazystr(Unprintable())}}}

    assert_last_resort(send("GET", "/nowhere"), caplog)


def test_a_setting_that_cannot_be_read_leaves_djangos_answer_and_a_record(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"PATHS": 1}
    response = send("GET", "/nowhere")

    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "django_apierrors" in {record.name for record in caplog.records}


@pytest.mark.parametrize(
    "url",
    [
        "/failing?view=bug",
        "/rendered?render=bug",
        "/okay?before=bug",
        "/okay?after=bug",
        "/okay?process_view=bug",
    ],
)
def test_a_bug_is_reported_once_with_its_reference(
    send: Send,
    settings: Settings,
    signals: list[HttpRequest],
    caplog: pytest.LogCaptureFixture,
    url: str,
) -> None:
    put_inside(settings, "FailingMiddleware")
    response = send("GET", url)

    [record] = get_records(caplog, logging.ERROR)
    assert record.name == "django.request"
    assert get_notes(record) == [f"Reference: {get_reference(response)}"]
    assert not get_records(caplog, logging.WARNING)
    assert len(signals) == 1


@pytest.mark.parametrize("url", ["/failing?view={}", "/rendered?render={}", "/lazy?lazy={}"])
@pytest.mark.parametrize("fault", ["timeout", "refused"])
def test_a_recognised_fault_is_logged_once_as_a_warning(
    send: Send,
    signals: list[HttpRequest],
    caplog: pytest.LogCaptureFixture,
    url: str,
    fault: str,
) -> None:
    send("GET", url.format(fault))

    assert not get_records(caplog, logging.ERROR)
    [record] = get_records(caplog, logging.WARNING)
    assert record.exc_info is not None
    assert record.exc_info[0] in (TimeoutError, ConnectionRefusedError)
    assert signals == []


@pytest.mark.parametrize(
    "url", ["/failing?view={}", "/rendered?render={}", "/okay?process_view={}"]
)
@pytest.mark.parametrize("fault", ["missing", "forbidden", "bad"])
def test_a_clients_fault_is_not_reported_as_the_servers(
    send: Send,
    settings: Settings,
    signals: list[HttpRequest],
    caplog: pytest.LogCaptureFixture,
    url: str,
    fault: str,
) -> None:
    put_inside(settings, "FailingMiddleware")
    send("GET", url.format(fault))

    assert not get_records(caplog, logging.ERROR)
    assert signals == []


@pytest.mark.parametrize("url", ["/failing?view=suspicious", "/okay?before=suspicious"])
def test_a_suspicious_operation_keeps_its_security_record(
    send: Send,
    settings: Settings,
    signals: list[HttpRequest],
    caplog: pytest.LogCaptureFixture,
    url: str,
) -> None:
    put_inside(settings, "FailingMiddleware")
    send("GET", url)

    [record] = get_records(caplog, logging.ERROR)
    assert record.name == "django.security.SuspiciousOperation"
    assert not get_records(caplog, logging.WARNING)
    assert signals == []


@pytest.mark.parametrize("url", ["/plain?view=bug", "/plain?before=bug"])
def test_a_bug_of_the_site_gets_no_reference(
    send: Send, settings: Settings, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    put_inside(settings, "FailingMiddleware")
    send("GET", url, headers={"accept": CHROME})

    [record] = get_records(caplog, logging.ERROR)
    assert get_notes(record) == []


def test_a_success_sets_one_attribute_on_the_request() -> None:
    request = RequestFactory().get("/")
    before = set(vars(request))
    response = APIErrorsMiddleware(lambda request: HttpResponse())(request)

    assert set(vars(request)) - before == {"apierrors"}
    assert isinstance(response, HttpResponse)
    assert set(vars(response)) == set(vars(HttpResponse()))


@pytest.mark.parametrize("status", [200, 204, 206, 300, 301, 302, 304, 308])
def test_a_success_is_passed_on_as_it_is(status: int) -> None:
    response = HttpResponse("as it was", status=status, headers={"ETag": '"1"'})

    assert APIErrorsMiddleware(lambda request: response)(RequestFactory().get("/")) is response
    assert (response.status_code, response.content) == (status, b"as it was")
    assert response["ETag"] == '"1"'


def test_a_signal_of_another_sender_is_passed_over() -> None:
    request = RequestFactory().get("/nowhere")
    got_request_exception.send(sender=None)
    got_request_exception.send(sender=None, request=request)

    assert not hasattr(request, "apierrors")


def test_a_signal_without_an_exception_is_passed_over() -> None:
    request = RequestFactory().get("/nowhere")
    request.apierrors = Failure()  # type: ignore[attr-defined]
    got_request_exception.send(sender=None, request=request)

    assert request.apierrors.body is None  # type: ignore[attr-defined]
