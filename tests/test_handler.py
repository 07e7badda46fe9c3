"""The handler: whatever DRF hands to it comes out in the format, by two lines of settings."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from adrf.decorators import api_view as async_api_view
from adrf.views import APIView as AsyncAPIView
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework import generics, serializers
from rest_framework.decorators import api_view, parser_classes, renderer_classes
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotFound,
    ParseError,
    Throttled,
    ValidationError,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView
from rest_framework.views import exception_handler as stock_exception_handler
from rest_framework.viewsets import ViewSet

from django_apierrors.catalog import CATALOG
from django_apierrors.exceptions import ContentTooLarge, Gone
from django_apierrors.handler import exception_handler
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)

SECRET = "SELECT secret FROM /srv/secret/shop.py"

FAULTS: dict[str, Exception] = {
    "bug": KeyError(SECRET),
    "validation": ValidationError({"name": ["Too long."]}),
    "parse": ParseError(),
    "credentials": AuthenticationFailed(),
    "django-403": PermissionDenied(SECRET),
    "django-404": Http404(SECRET),
    "404": NotFound(),
    "gone": Gone(),
    "too-large": ContentTooLarge(),
    "django-too-large": RequestDataTooBig(SECRET),
    "suspicious": SuspiciousOperation(SECRET),
    "throttled": Throttled(7),
    "refused": ConnectionRefusedError(SECRET),
    "timeout": TimeoutError(SECRET),
    "integrity": IntegrityError(SECRET),
    "operational": OperationalError(SECRET),
    "deliberate-503": APIException("Closed."),
}
FAULTS["deliberate-503"].status_code = 503  # type: ignore[attr-defined]

# The error of each fault: its code, and its messages where they are not the catalogue's.
ERRORS: dict[str, tuple[str, list[str]]] = {
    "validation": ("INVALID_CONTENT", ["name: Too long."]),
    "parse": ("INVALID_CONTENT", []),
    "credentials": ("UNAUTHENTICATED", []),
    "django-403": ("ACCESS_FORBIDDEN", []),
    "django-404": ("MISSING_RESOURCE", []),
    "404": ("MISSING_RESOURCE", []),
    "gone": ("GONE", []),
    "too-large": ("CONTENT_TOO_LARGE", []),
    "django-too-large": ("CONTENT_TOO_LARGE", []),
    "suspicious": ("INVALID_CONTENT", []),
    "throttled": ("THROTTLED", []),
    "refused": ("SERVICE_UNAVAILABLE", []),
    "timeout": ("GATEWAY_TIMEOUT", []),
    "integrity": ("INVALID_STATE", []),
    "deliberate-503": ("SERVICE_UNAVAILABLE", ["Closed."]),
}

BUGS = [name for name in FAULTS if name not in ERRORS]


def fail(fault: str) -> Response:
    """Raise the exception called `fault`, anew."""
    exception = FAULTS[fault]
    copy = type(exception).__new__(type(exception))
    copy.__dict__.update(exception.__dict__)
    copy.args = exception.args
    raise copy


class StockView(APIView):
    """A view with DRF's own renderer, parser and negotiation."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation

    def get(self, request: Request, fault: str = "", format: str | None = None) -> Response:
        return fail(fault) if fault else Response({})

    def post(self, request: Request) -> Response:
        return Response(request.data)


class StockViewSet(StockView, ViewSet):
    def list(self, request: Request, fault: str) -> Response:
        return fail(fault)


@api_view(["GET"])
@renderer_classes([JSONRenderer])
@parser_classes([JSONParser])
def stock_function(request: Request, fault: str) -> Response:
    """Fail in a function."""
    return fail(fault)


class BrowsableView(StockView):
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]


class AsyncView(AsyncAPIView):
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation

    async def get(self, request: Request, fault: str) -> Response:
        await asyncio.sleep(0)
        return fail(fault)


@async_api_view(["GET"])
async def async_function(request: Request, fault: str) -> Response:
    """Fail in an async function."""
    return fail(fault)


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["name"]


class ShelfView(generics.RetrieveUpdateDestroyAPIView):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation


urlpatterns = [
    path("class/<str:fault>/", StockView.as_view()),
    path("viewset/<str:fault>/", StockViewSet.as_view({"get": "list"})),
    path("function/<str:fault>/", stock_function),
    path("browsable/<str:fault>/", BrowsableView.as_view()),
    path("async/<str:fault>/", AsyncView.as_view()),
    path("async-function/<str:fault>/", async_function),
    path("shelves/<str:pk>/", ShelfView.as_view()),
    *format_suffix_patterns([path("things", StockView.as_view())]),
]

PREFIXES = ["class", "viewset", "function"]
ASYNC_PREFIXES = ["async", "async-function"]


@pytest.fixture(params=["with the middleware", "two lines only"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    if request.param == "two lines only":
        settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


def ask(client: Client, target: str) -> HttpResponse:
    """Return the answer to a GET; an async view is asked under ASGI, with the same settings."""
    if not target.startswith("/async"):
        return client.get(target)
    return asyncio.run(AsyncClient(raise_request_exception=False).get(target))  # type: ignore[arg-type]


def body_of(name: str, *errors: str) -> dict[str, Any]:
    """Return the whole body of the code called `name`."""
    code = CATALOG[name]
    return {
        "status": code.status,
        "errors": list(errors) or [str(code.message)],
        "code": 33619968 if name == "UNAUTHENTICATED" else name,
        "moreInfo": "",
    }


def read(response: HttpResponse) -> Any:
    """Return the body, once its status and its type are those of the response."""
    assert response["Content-Type"] == "application/json"
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    return body


def assert_is_bug(response: HttpResponse) -> None:
    """Assert that `response` is the whole body of a bug, with a reference in its message."""
    body = read(response)
    message, _, reference = body["errors"][0].rpartition(" Reference: ")
    assert body == body_of("INTERNAL_ERROR", f"{message} Reference: {reference}")
    assert message == CATALOG["INTERNAL_ERROR"].message
    assert len(reference.rstrip(".")) == 12


@pytest.mark.parametrize("fault", ERRORS)
@pytest.mark.parametrize("prefix", PREFIXES + ASYNC_PREFIXES)
def test_what_drf_hands_over_comes_out_in_the_format(
    client: Client, prefix: str, fault: str
) -> None:
    name, errors = ERRORS[fault]
    assert read(ask(client, f"/{prefix}/{fault}/")) == body_of(name, *errors)


@pytest.mark.parametrize("fault", BUGS)
@pytest.mark.parametrize("prefix", PREFIXES + ASYNC_PREFIXES)
def test_a_bug_comes_out_in_the_format(client: Client, prefix: str, fault: str) -> None:
    assert_is_bug(ask(client, f"/{prefix}/{fault}/"))


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_text_of_an_exception_is_nowhere(
    client: Client, fault: str, debug: bool, settings: Settings
) -> None:
    settings.DEBUG = debug
    response = client.get(f"/class/{fault}/")
    assert "secret" not in f"{response.content.decode()}{response.headers}"


def test_the_default_401_is_the_document_s_example_byte_for_byte(client: Client) -> None:
    assert client.get("/class/credentials/").content == (
        b'{"status":401,"errors":["Access denied, please check your credentials!"],'
        b'"code":33619968,"moreInfo":""}'
    )


@pytest.mark.parametrize(
    ("method", "target", "kwargs", "name"),
    [
        ("get", "/things.xml", {}, "UNSUPPORTED_MEDIA_TYPE"),
        ("get", "/things?format=xml", {}, "UNSUPPORTED_MEDIA_TYPE"),
        ("get", "/things", {"headers": {"Accept": "text/csv"}}, "UNSUPPORTED_MEDIA_TYPE"),
        ("post", "/things", {"content_type": "text/csv", "data": "a"}, "UNSUPPORTED_MEDIA_TYPE"),
        ("put", "/things", {}, "METHOD_NOT_ALLOWED"),
    ],
)
def test_a_request_that_the_view_cannot_serve_has_its_status(
    client: Client, method: str, target: str, kwargs: dict[str, Any], name: str
) -> None:
    assert read(getattr(client, method)(target, **kwargs)) == body_of(name)


def test_malformed_json_is_invalid_content(client: Client) -> None:
    body = read(client.post("/things", "{", content_type="application/json"))
    assert (body["status"], body["code"]) == (400, "INVALID_CONTENT")


@pytest.mark.django_db
def test_a_required_field_that_is_not_set_is_invalid_content(client: Client) -> None:
    shelf = Shelf.objects.create(name="top")
    response = client.put(f"/shelves/{shelf.pk}/", "{}", content_type="application/json")
    assert read(response) == body_of("INVALID_CONTENT", "name: This field is required.")


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [("validation", 400, "name: Too long."), ("timeout", 504, "GATEWAY_TIMEOUT")],
)
def test_a_browser_gets_the_page_that_was_negotiated(
    client: Client, fault: str, status: int, text: str
) -> None:
    response = client.get(f"/browsable/{fault}/", headers={"Accept": "text/html"})
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert text in response.content.decode()


@pytest.mark.parametrize("fault", ["bug", "timeout"])
def test_under_debug_a_negotiation_that_failed_hides_nothing(
    client: Client, fault: str, settings: Settings
) -> None:
    class FailingNegotiation(DefaultContentNegotiation):
        def select_renderer(self, *args: Any, **kwargs: Any) -> Any:
            fail(fault)

    settings.DEBUG = True
    StockView.content_negotiation_class = FailingNegotiation
    try:
        response = client.get("/class/404/")
    finally:
        StockView.content_negotiation_class = DefaultContentNegotiation
    assert response.status_code == (500 if fault == "bug" else 504)
    assert json.loads(response.content)["code"] in ("INTERNAL_ERROR", "GATEWAY_TIMEOUT")


@pytest.mark.parametrize("fault", ["bug", "timeout"])
def test_what_django_is_to_propagate_travels(
    client: Client, fault: str, settings: Settings
) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with pytest.raises(type(FAULTS[fault])):
        client.get(f"/class/{fault}/")


def test_what_drf_answers_is_answered_even_where_django_is_to_propagate(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    assert read(client.get("/class/404/")) == body_of("MISSING_RESOURCE")


def test_an_excluded_path_keeps_the_errors_of_stock_drf(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/class"]}
    response = client.get("/class/404/")
    assert (response.status_code, json.loads(response.content)) == (404, {"detail": "Not found."})


def test_an_excluded_path_lets_a_bug_travel(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/class"]}
    response = client.get("/class/bug/")
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_a_context_without_a_request_is_answered() -> None:
    response = exception_handler(NotFound(), {})
    assert response is not None
    assert read(response) == body_of("MISSING_RESOURCE")


def test_a_context_without_a_view_is_answered() -> None:
    request = Request(APIRequestFactory().get("/things/"))
    response = exception_handler(KeyError(SECRET), {"request": request})
    assert response is not None
    assert_is_bug(response)


def own_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer one exception, add to the data of the others as DRF's documentation does."""
    if isinstance(exc, Gone):
        return Response({"detail": "Own words."}, status=410)
    response = exception_handler(exc, context)
    if response is not None:
        response.data["errors"].append("Ask Ann.")  # type: ignore[attr-defined]
    return response


def stock_first(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Give stock DRF the first word, as a project's handler may."""
    return stock_exception_handler(exc, context) or exception_handler(exc, context)


@pytest.fixture
def use_handler(settings: Settings) -> Callable[[str], None]:
    def use(name: str) -> None:
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "EXCEPTION_HANDLER": f"{__name__}.{name}",
        }

    return use


def test_a_handler_in_front_may_change_the_data(
    client: Client, use_handler: Callable[[str], None]
) -> None:
    use_handler("own_handler")
    message = str(CATALOG["MISSING_RESOURCE"].message)
    assert read(client.get("/class/404/")) == body_of("MISSING_RESOURCE", message, "Ask Ann.")


def test_a_handler_in_front_may_leave_the_rest_to_ours(
    client: Client, use_handler: Callable[[str], None]
) -> None:
    use_handler("stock_first")
    assert read(client.get("/class/timeout/")) == body_of("GATEWAY_TIMEOUT")


@contextlib.contextmanager
def listening_to_exceptions() -> Iterator[list[object]]:
    """Yield a list of the senders of `got_request_exception`."""
    heard: list[object] = []

    def hear(sender: object, **kwargs: object) -> None:
        heard.append(sender)

    got_request_exception.connect(hear)
    try:
        yield heard
    finally:
        got_request_exception.disconnect(hear)


@pytest.mark.parametrize("prefix", PREFIXES + ASYNC_PREFIXES)
def test_a_bug_is_reported_once(
    client: Client, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    with listening_to_exceptions() as heard:
        ask(client, f"/{prefix}/bug/")
    assert len(heard) == 1
    assert [(r.name, r.levelno, r.exc_info and r.exc_info[0]) for r in caplog.records] == [
        ("django.request", logging.ERROR, KeyError)
    ]


@pytest.mark.parametrize("prefix", PREFIXES + ASYNC_PREFIXES)
@pytest.mark.parametrize("fault", ["timeout", "refused", "integrity"])
def test_a_recognised_exception_is_a_warning_with_its_traceback_and_no_report(
    client: Client, prefix: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with listening_to_exceptions() as heard:
        ask(client, f"/{prefix}/{fault}/")
    assert heard == []
    records = [(r.name, r.levelno, r.exc_info and r.exc_info[0]) for r in caplog.records]
    assert records == [("django.request", logging.WARNING, type(FAULTS[fault]))]


@pytest.mark.parametrize("fault", ["suspicious", "django-too-large"])
def test_a_suspicious_request_has_one_record_and_no_report(
    client: Client, fault: str, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    with listening_to_exceptions() as heard:
        ask(client, f"/class/{fault}/")
    assert heard == []
    # With the middleware it is the one that Django makes.
    name = f"django.security.{type(FAULTS[fault]).__name__}"
    record = (name, logging.ERROR) if settings.MIDDLEWARE else ("django.request", logging.WARNING)
    assert [(r.name, r.levelno) for r in caplog.records] == [record]


@pytest.mark.parametrize("prefix", PREFIXES + ASYNC_PREFIXES)
@pytest.mark.parametrize(
    "fault", ["deliberate-503", "throttled", "404", "django-404", "validation"]
)
def test_a_deliberate_answer_is_no_error_in_the_log_and_no_report(
    client: Client, prefix: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with listening_to_exceptions() as heard:
        ask(client, f"/{prefix}/{fault}/")
    assert heard == []
    assert [(r.levelno, r.exc_info) for r in caplog.records] == [(logging.WARNING, None)]


texts = st.one_of(
    st.text(min_size=1),
    st.sampled_from(["SELECT * FROM shop", "/srv/shop/views.py", "tests_thing", "<Thing: 7>"]),
)

CLASSES: list[type[Exception]] = [
    KeyError,
    ValueError,
    OSError,
    TimeoutError,
    ConnectionResetError,
    IntegrityError,
    OperationalError,
    Http404,
    PermissionDenied,
    SuspiciousOperation,
    RequestDataTooBig,
    Shelf.DoesNotExist,
]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=texts.map(lambda text: f"{text}#7f3a"),
    cls=st.sampled_from(CLASSES),
    cause=st.sampled_from(CLASSES),
    debug=st.booleans(),
)
def test_no_text_of_an_exception_leaks(
    text: str, cls: type[Exception], cause: type[Exception], debug: bool, settings: Settings
) -> None:
    class FailingView(StockView):
        def get(self, request: Request) -> Response:  # type: ignore[override]
            try:
                raise cause(text)
            except cause:
                raise cls(text, {"sql": text}) from None

    settings.DEBUG = debug
    response = FailingView.as_view()(APIRequestFactory().get("/things/")).render()
    content = response.content.decode()
    assert "#7f3a" not in content
    assert cls.__name__ not in content
    assert __file__ not in content
    assert_is_plain(json.loads(content))


def assert_is_plain(body: dict[str, Any]) -> None:
    """Assert that the only message is the catalogue's."""
    messages = {str(code.message) for code in CATALOG.values()}
    (text,) = body["errors"]
    assert text.partition(" Reference: ")[0] in messages


def test_handler_that_is_called_with_a_request_of_django_answers_a_bug() -> None:
    """A project may call it from a view or a middleware of its own."""
    response = exception_handler(ValueError(), {"request": APIRequestFactory().get("/")})
    assert response is not None
    assert response.status_code == 500
