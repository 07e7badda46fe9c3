"""The handler: every exception that DRF hands to it gets the format, with or without middleware."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from adrf.decorators import api_view as async_api_view
from adrf.views import APIView as AsyncAPIView
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework import exceptions
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework.views import exception_handler as stock_exception_handler
from rest_framework.viewsets import ViewSet

from django_apierrors.catalog import CATALOG
from django_apierrors.exceptions import ContentTooLarge, Gone
from django_apierrors.handler import exception_handler
from tests.bodies import assert_body, body, method_body, wait_body
from tests.models import Shelf
from tests.support import OpenView, make_view, subclass

pytestmark = pytest.mark.urls(__name__)

SECRET = "SELECT secret FROM /srv/secret/shop.py"

Body = dict[str, Any]


# An exception that a project raises to send a response.
DeliberateError = subclass(exceptions.APIException, status_code=503, default_detail="Closed.")


def make_integrity_error() -> Exception:
    """Return the exception that Django raises from that of a driver."""
    exception = IntegrityError(SECRET)
    exception.__cause__ = Exception(SECRET)
    return exception


# The exceptions, each with its body; no body for an unhandled one, whose reference differs.
FAULTS: dict[str, tuple[Callable[[], Exception], Body | None]] = {
    "unhandled": (lambda: KeyError(SECRET), None),
    "operational": (lambda: OperationalError(SECRET), None),
    "validation": (
        lambda: exceptions.ValidationError({"name": ["Too long."]}),
        body("INVALID_CONTENT", "name: Too long."),
    ),
    "parse": (exceptions.ParseError, body("INVALID_CONTENT")),
    "credentials": (exceptions.AuthenticationFailed, body("UNAUTHENTICATED")),
    "method": (lambda: exceptions.MethodNotAllowed("PUT"), body("METHOD_NOT_ALLOWED")),
    "django-403": (lambda: PermissionDenied(SECRET), body("ACCESS_FORBIDDEN")),
    "django-404": (lambda: Http404(SECRET), body("MISSING_RESOURCE")),
    "404": (exceptions.NotFound, body("MISSING_RESOURCE")),
    "gone": (Gone, body("GONE")),
    "too-large": (ContentTooLarge, body("CONTENT_TOO_LARGE")),
    "django-too-large": (lambda: RequestDataTooBig(SECRET), body("CONTENT_TOO_LARGE")),
    "suspicious": (lambda: SuspiciousOperation(SECRET), body("INVALID_CONTENT")),
    "throttled": (lambda: exceptions.Throttled(7), wait_body(7)),
    "refused": (lambda: ConnectionRefusedError(SECRET), body("SERVICE_UNAVAILABLE")),
    "timeout": (lambda: TimeoutError(SECRET), body("GATEWAY_TIMEOUT")),
    "integrity": (make_integrity_error, body("INVALID_STATE")),
    "deliberate": (DeliberateError, body("SERVICE_UNAVAILABLE", "Closed.")),
}


def fail(request: Any, fault: str) -> Response:
    """Raise the exception called `fault`."""
    raise FAULTS[fault][0]()


class StockViewSet(OpenView, ViewSet):
    def list(self, request: Request, fault: str) -> Response:
        return fail(request, fault)


class AsyncView(AsyncAPIView):
    authentication_classes = []

    async def get(self, request: Request, fault: str) -> Response:
        await asyncio.sleep(0)
        return fail(request, fault)


@async_api_view(["GET"])
@authentication_classes([])
async def async_function(request: Request, fault: str) -> Response:
    """Fail in an async function."""
    return fail(request, fault)


class FailingNegotiation(DefaultContentNegotiation):
    def select_renderer(self, request: Request, *args: Any) -> Any:
        fail(request, request.query_params["fault"])


def redirect(request: Any, status: int) -> Response:
    """Raise an exception that is not an error."""
    raise subclass(exceptions.APIException, status_code=status)("Look elsewhere.")


class Upload(bytearray):
    """The work of a view: a bytearray that can be referred to weakly."""


UPLOADS: list[weakref.ref[Upload]] = []


def upload(request: Any, fault: str) -> Response:
    """Fail while a local variable holds an upload."""
    file = Upload(1_000_000)
    UPLOADS.append(weakref.ref(file))
    return fail(request, fault)


STOCK: dict[str, Any] = {
    "renderer_classes": [JSONRenderer],
    "content_negotiation_class": DefaultContentNegotiation,
}
PAGES = [JSONRenderer, BrowsableAPIRenderer]

urlpatterns = [
    path("class/<str:fault>/", make_view(fail, **STOCK)),
    path("viewset/<str:fault>/", StockViewSet.as_view({"get": "list"}, **STOCK)),
    path("function/<str:fault>/", api_view()(authentication_classes([])(fail))),
    path("async/<str:fault>/", AsyncView.as_view(**STOCK)),
    path("async-function/<str:fault>/", async_function),
    path("browsable/<str:fault>/", make_view(fail, renderer_classes=PAGES)),
    path("negotiation/", make_view(fail, content_negotiation_class=FailingNegotiation)),
    path("redirect/<int:status>/", make_view(redirect)),
    path("upload/<str:fault>/", make_view(upload)),
]


@pytest.fixture
def client(has_middleware: bool, quiet_client: Client) -> Client:
    return quiet_client


def get(client: Client, url: str) -> HttpResponse:
    """Return the response to a GET; for an async view under ASGI, with the same settings."""
    if not url.startswith("/async"):
        return client.get(url)
    return asyncio.run(AsyncClient(raise_request_exception=False).get(url))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["class", "viewset", "function", "async", "async-function"])
def test_an_exception_gets_its_body_in_any_kind_of_view(client: Client, kind: str) -> None:
    for name, (_make, expected) in FAULTS.items():
        response = get(client, f"/{kind}/{name}/")
        assert_body(response, expected)
        assert "secret" not in f"{response.text}{response.headers}"


@pytest.mark.parametrize(
    ("fault", "status", "shown"),
    [("validation", 400, "name: Too long."), ("timeout", 504, "GATEWAY_TIMEOUT")],
)
def test_a_browser_gets_the_page_that_was_negotiated(
    client: Client, fault: str, status: int, shown: str
) -> None:
    response = client.get(f"/browsable/{fault}/", headers={"Accept": "text/html"})
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert shown in response.text


# DRF's raise_uncaught_exception() reads the renderer under DEBUG, and there is no renderer.
def test_under_debug_an_exception_of_the_negotiation_gets_its_body(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG = True
    for fault in ("unhandled", "timeout"):
        assert_body(client.get(f"/negotiation/?fault={fault}"), FAULTS[fault][1])


# In Django's technical page.
TRACEBACK = '<div id="traceback">'


def test_under_debug_a_browser_gets_the_technical_page_for_what_stock_drf_raises(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG = True
    for fault in ("unhandled", "timeout"):
        response = client.get(f"/browsable/{fault}/", headers={"Accept": "text/html"})
        assert (response.status_code, TRACEBACK in response.text) == (500, True)
        assert_body(client.get(f"/browsable/{fault}/?format=json"), FAULTS[fault][1])
    response = client.get("/browsable/404/", headers={"Accept": "text/html"})
    assert (response.status_code, TRACEBACK in response.text) == (404, False)


def test_only_drfs_exceptions_get_a_body_if_django_propagates_exceptions(
    client: Client, settings: Settings
) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    for fault in ("unhandled", "timeout"):
        with pytest.raises((KeyError, TimeoutError)):
            client.get(f"/class/{fault}/")
    assert_body(client.get("/class/404/"), body("MISSING_RESOURCE"))


@pytest.mark.parametrize("fault", ["404", "gone", "django-404"])
def test_the_local_variables_of_a_view_are_freed_with_its_exception(
    client: Client, fault: str
) -> None:
    gc.disable()
    try:
        response = client.get(f"/upload/{fault}/")
        assert response.status_code >= 400
        assert UPLOADS.pop()() is None
    finally:
        gc.enable()


def test_an_excluded_path_keeps_the_errors_of_stock_drf(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/class"]}
    response = client.get("/class/404/")
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
    response = client.get("/class/unhandled/")
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize("status", [200, 302, 304, 399])
def test_an_api_exception_with_a_status_below_400_is_sent_as_by_stock_drf(
    client: Client, settings: Settings, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    ours = client.get(f"/redirect/{status}/")
    settings.MIDDLEWARE = settings.MIDDLEWARE[-4:]
    settings.REST_FRAMEWORK = {}
    stock = client.get(f"/redirect/{status}/")
    assert (ours.status_code, ours.content, ours.headers) == (status, stock.content, stock.headers)
    assert caplog.records == []


VIEW, REQUEST = APIView(), APIRequestFactory().get("/things/")
CONTEXTS: dict[str, Any] = {
    "None": None,
    "empty": {},
    "nothing": {"view": None, "request": None},
    "DRF's request": {"request": Request(REQUEST)},
    "Django's request": {"request": REQUEST},
    "Django's request and a view": {"request": REQUEST, "view": VIEW, "args": (), "kwargs": {}},
    "the view alone": {"view": VIEW},
}


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_the_context_needs_neither_a_request_nor_a_view(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("django-404", "django-403", "credentials", "method", "throttled", "unhandled"):
        make, expected = FAULTS[name]
        response = exception_handler(make(), context)
        assert response is not None
        if name == "method" and context and {"request", "view"} <= context.keys():
            expected = method_body("GET", "OPTIONS") if context["view"] else expected
        assert_body(response.render(), expected)
    assert [(r.name, r.levelno) for r in caplog.records] == [("django.request", logging.ERROR)]


def add_message(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Change the data of a response, as DRF's documentation does."""
    response = exception_handler(exc, context)
    if response is not None:
        response.data["errors"].append("Ask Ann.")
    return response


def call_stock_first(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Call DRF's handler first, as a project's handler may."""
    return stock_exception_handler(exc, context) or exception_handler(exc, context)


@pytest.mark.parametrize(
    ("handler", "fault", "expected"),
    [
        ("add_message", "deliberate", body("SERVICE_UNAVAILABLE", "Closed.", "Ask Ann.")),
        ("call_stock_first", "timeout", body("GATEWAY_TIMEOUT")),
    ],
)
def test_a_projects_handler_may_call_ours(
    client: Client, settings: Settings, handler: str, fault: str, expected: Body
) -> None:
    name = f"{__name__}.{handler}"
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": name}
    assert_body(client.get(f"/class/{fault}/"), expected)


MESSAGES = st.text(min_size=1) | st.sampled_from(
    ["SELECT * FROM shop", "/srv/shop/views.py", "tests_thing", "<Thing: 7>"]
)
CLASSES: list[type[Exception]] = [
    *(KeyError, ValueError, OSError, TimeoutError, ConnectionResetError),
    *(IntegrityError, OperationalError, Shelf.DoesNotExist),
    *(Http404, PermissionDenied, SuspiciousOperation, RequestDataTooBig),
]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    message=MESSAGES.map(lambda message: f"{message}#7f3a"),
    cls=st.sampled_from(CLASSES),
    cause=st.sampled_from(CLASSES),
    debug=st.booleans(),
)
def test_no_message_of_a_third_party_exception_leaks(
    message: str, cls: type[Exception], cause: type[Exception], debug: bool, settings: Settings
) -> None:
    def fail(request: Request) -> None:
        try:
            raise cause(message)
        except cause:
            raise cls(message, {"sql": message}) from None

    settings.DEBUG = debug
    response: Any = make_view(fail)(APIRequestFactory().get("/things/")).render()
    assert not [word for word in ("#7f3a", cls.__name__, __file__) if word in response.text]
    [sent] = response.data["errors"]
    assert sent.partition(" Reference: ")[0] in {str(code.message) for code in CATALOG.values()}
