"""The signal `error_sent`, the attributes of log records, and the function that `BODY` names."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from asgiref.sync import async_to_sync
from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import renderers as drf_renderers
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.exceptions import ValidationError
from django_apierrors.handler import exception_handler
from django_apierrors.handling.malformed_requests import make_malformed_request_response
from django_apierrors.renderers import JSONRenderer
from django_apierrors.signals import error_sent

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
FORBIDDEN = PermissionDenied("Not on Sundays.")
UNHANDLED = RuntimeError("secret")
SUSPICIOUS = SuspiciousOperation("secret")


class RaiseView(APIView):
    """Raise an exception."""

    authentication_classes = []
    exception: Exception = FORBIDDEN

    def get(self, request: Any) -> Response:
        raise self.exception


class PageView(RaiseView):
    """Raise an exception for the browsable API."""

    renderer_classes = [BrowsableAPIRenderer]


class BrowsableView(RaiseView):
    """Raise or return an error for the browsable API, which has JSON inside its page."""

    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]

    def post(self, request: Any) -> Response:
        raise ValidationError({"sku": "Gone."}, "sold_out", {"stock": 0})

    def delete(self, request: Any) -> Response:
        return Response({"reason": "Sold out."}, status=409)


class AsyncRaiseView(AsyncAPIView):
    """Raise an exception on the event loop."""

    authentication_classes = []

    exception: Exception = FORBIDDEN

    async def get(self, request: Any) -> Response:
        raise self.exception


class AsyncPageView(AsyncRaiseView):
    """Raise an exception for the browsable API, on the event loop."""

    renderer_classes = [BrowsableAPIRenderer]


class ReturnView(APIView):
    """Return an error in another shape, or in the format."""

    def get(self, request: Any) -> Response:
        return Response(request.GET.get("body") or {"reason": "Sold out."}, status=409)


class FormatView(APIView):
    """Return an error in the format, with the number of its code."""

    def get(self, request: Any) -> Response:
        body = {"status": 404, "errors": ["Gone fishing."], "code": 16842752, "moreInfo": ""}
        return Response(body, status=404)


def return_body(request: HttpRequest) -> JsonResponse:
    """Return an error in the format, as a gateway returns that of another service."""
    body = {"status": 409, "errors": ["No."], "code": "CONFLICT", "moreInfo": "", "trace": 1.50}
    return JsonResponse(body, status=409, json_dumps_params={"indent": 1}, headers={"ETag": '"1"'})


class UnserializableView(APIView):
    """Return an error in the format that cannot be encoded as JSON."""

    def get(self, request: Any) -> Response:
        body = {"status": 409, "errors": ["No."], "code": "CONFLICT", "moreInfo": object()}
        return Response({**body, "moreInfo": "", "data": object()}, status=409)


def get_json(request: HttpRequest) -> JsonResponse:
    """Return another API's error."""
    return JsonResponse({"error": "No."}, status=400)


def raise_unhandled(request: HttpRequest) -> HttpResponse:
    """Raise an exception in a plain view."""
    raise UNHANDLED


def change_data(exc: Exception, context: Any) -> Any:
    """Change the response of the handler, as a handler of the project."""
    response: Any = exception_handler(exc, context)
    change = context["request"].query_params.get("change")
    if change == "object":
        response.data["object"] = object()
    elif change == "status":
        response.status_code = 418
    elif change == "key":
        response.data["note"] = "Kept."
        response.status_code = 418
    elif change == "copy":
        response.data = {**response.data, "note": "Kept."}
    elif change == "code":
        response.data = {**response.data, "code": "CONFLICT"}
    return response


class ChangedView(BrowsableView):
    """Have a handler that changes the response of ours."""

    def get_exception_handler(self) -> Any:
        return change_data


def change_status_of_response(exc: Exception, context: Any) -> Any:
    response: Any = exception_handler(exc, context)
    response.status_code = 418
    return response


class AsyncChangedView(AsyncRaiseView):
    """Have a handler that changes the response of ours, on the event loop."""

    def get_exception_handler(self) -> Any:
        return change_status_of_response


async def raise_unhandled_async(request: HttpRequest) -> HttpResponse:
    """Raise an exception in an async view."""
    raise UNHANDLED


urlpatterns = [
    path("forbidden", RaiseView.as_view()),
    path("unhandled", RaiseView.as_view(exception=UNHANDLED)),
    path("outage", RaiseView.as_view(exception=ConnectionRefusedError())),
    path("suspicious", RaiseView.as_view(exception=SUSPICIOUS)),
    path("page", PageView.as_view()),
    path("browsable", BrowsableView.as_view()),
    path("changed", ChangedView.as_view()),
    path("changed-unhandled", ChangedView.as_view(exception=UNHANDLED)),
    path("browsable-unhandled", BrowsableView.as_view(exception=UNHANDLED)),
    path("returned", ReturnView.as_view()),
    path("made", FormatView.as_view()),
    path("made-by-drf", FormatView.as_view(renderer_classes=[drf_renderers.JSONRenderer])),
    path("made-by-a-plain-view", return_body),
    path("unserializable", UnserializableView.as_view()),
    path("json", get_json),
    path("plain", raise_unhandled),
    path("async", raise_unhandled_async),
    path("async-view", AsyncRaiseView.as_view()),
    path("async-unhandled", AsyncRaiseView.as_view(exception=UNHANDLED)),
    path("async-changed", AsyncChangedView.as_view()),
    path("async-page", AsyncPageView.as_view()),
]

pytestmark = pytest.mark.urls(__name__)

Sent = list[dict[str, Any]]


@pytest.fixture
def sent() -> Iterator[Sent]:
    """Return the arguments of the signals, in the order of their sending."""
    arguments: Sent = []

    def receive(sender: object, signal: object, **kwargs: Any) -> None:
        arguments.append(kwargs)

    error_sent.connect(receive)
    yield arguments
    error_sent.disconnect(receive)


@pytest.fixture(params=[False, True], ids=["handler alone", "middleware"])
def has_middleware(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """Whether the middleware is installed."""
    settings.MIDDLEWARE = [MIDDLEWARE] if request.param else []
    return bool(request.param)


def get(url: str, **headers: str) -> Any:
    """Return the response to a GET."""
    return Client(raise_request_exception=False).get(url, headers=headers)


# The path, the code, the status and the exception of the error.
ERRORS = [
    ("/forbidden", "ACCESS_FORBIDDEN", 403, FORBIDDEN),
    ("/unhandled", "INTERNAL_ERROR", 500, UNHANDLED),
    ("/suspicious", "INVALID_CONTENT", 400, SUSPICIOUS),
    ("/page", "ACCESS_FORBIDDEN", 403, FORBIDDEN),
    ("/returned", "CONFLICT", 409, None),
    ("/made", "MISSING_RESOURCE", 404, None),
    ("/unserializable", "INTERNAL_ERROR", 500, None),
]


@pytest.mark.parametrize(("url", "code", "status", "exception"), ERRORS)
def test_one_signal_is_sent_for_an_error_of_a_drf_view(
    has_middleware: bool, sent: Sent, url: str, code: str, status: int, exception: Exception | None
) -> None:
    response = get(url)

    (arguments,) = sent
    error = arguments["error"]
    assert (error.code.name, error.status, response.status_code) == (code, status, status)
    assert arguments["exception"] is exception
    assert isinstance(arguments["request"], HttpRequest)
    assert arguments["request"].path == url
    assert arguments["response"].status_code == status
    is_unhandled = exception is UNHANDLED
    assert (arguments["reference"] is not None) == is_unhandled
    if is_unhandled:
        assert arguments["reference"] in response.json()["errors"][0]


def test_the_signal_of_a_page_has_the_error_that_the_handler_made(
    has_middleware: bool, sent: Sent
) -> None:
    client = Client(headers={"accept": "text/html"})
    responses = [client.post("/browsable"), client.get("/browsable"), client.delete("/browsable")]

    first, second, third = sent
    [item] = first["error"].items
    assert (item.field, item.code, item.message) == ("sku", "sold_out", "Gone.")
    assert isinstance(first["exception"], ValidationError)
    assert second["exception"] is FORBIDDEN
    assert (third["error"].code.name, third["exception"]) == ("CONFLICT", None)
    assert [each["response"].is_rendered for each in sent] == [True] * 3
    assert [response.status_code for response in responses] == [400, 403, 409]


def test_the_signal_of_a_page_has_the_reference(settings: Settings, sent: Sent) -> None:
    settings.MIDDLEWARE = []

    page = get("/browsable-unhandled", accept="text/html")

    [arguments] = sent
    assert arguments["exception"] is UNHANDLED
    assert arguments["reference"] in page.content.decode()


@pytest.mark.parametrize(
    ("url", "code", "exception"),
    [
        ("/missing", "MISSING_RESOURCE", None),
        ("/plain", "INTERNAL_ERROR", UNHANDLED),
        ("/async", "INTERNAL_ERROR", UNHANDLED),
    ],
)
def test_one_signal_is_sent_for_an_error_outside_of_drf_views(
    settings: Settings, sent: Sent, url: str, code: str, exception: Exception | None
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.API_ERRORS = {"PATHS": ["/missing", "/plain", "/async"]}

    get(url)

    assert [(each["error"].code.name, each["exception"]) for each in sent] == [(code, exception)]


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_one_signal_is_sent_for_a_body_in_the_format_that_another_renderer_made(
    settings: Settings, sent: Sent, accept: str
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.API_ERRORS = {"PATHS": ["/made-by-a-plain-view"], "PROBLEM_JSON": True}

    get("/made-by-drf", accept=accept)
    response = get("/made-by-a-plain-view", accept=accept)

    assert [each["error"].code.name for each in sent] == ["MISSING_RESOURCE", "CONFLICT"]
    assert [each["exception"] for each in sent] == [None, None]
    is_unchanged = accept == "application/json"
    assert (response.content == return_body(response.wsgi_request).content) == is_unchanged
    assert response.has_header("ETag") == is_unchanged


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_not_allowed_is_an_error_of_the_header(
    settings: Settings, sent: Sent, method: str
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MIDDLEWARE = [MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
    settings.API_ERRORS = {"DETAILS": True}

    response = Client().generic(method, "/missing", "{}", headers={"host": "evil.example"})

    [detail] = response.json()["details"]
    assert (response.status_code, detail["in"], "pointer" in detail) == (400, "header", False)
    assert [type(each["exception"]) for each in sent] == [DisallowedHost]


def test_one_signal_is_sent_under_asgi(settings: Settings, sent: Sent) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]

    async_to_sync(AsyncClient(raise_request_exception=False).get)("/unhandled")

    assert [each["exception"] for each in sent] == [UNHANDLED]


def test_no_signal_is_sent_for_a_success_or_for_an_error_of_another_api(
    settings: Settings, sent: Sent
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/returned"]}

    assert [get(url).status_code for url in ("/json", "/returned", "/")] == [400, 409, 404]

    assert [each["request"].path for each in sent] == ["/"]


def test_one_signal_is_sent_for_a_request_that_django_cannot_read(sent: Sent) -> None:
    request = RequestFactory().get("/")
    make_malformed_request_response(415, request).send_signal(request)

    assert [each["error"].code.name for each in sent] == ["UNSUPPORTED_MEDIA_TYPE"]


def test_one_signal_is_sent_for_the_fallback_of_a_request_that_django_cannot_read(
    settings: Settings, sent: Sent
) -> None:
    settings.API_ERRORS = {"CODES": {"UNSUPPORTED_MEDIA_TYPE": {"state": 415}}}
    response = make_malformed_request_response(415, RequestFactory().get("/"))
    settings.API_ERRORS = {}
    response.send_signal(None)

    assert [(each["error"].code.name, response.status_code) for each in sent] == [
        ("INTERNAL_ERROR", 500)
    ]


def fail(**kwargs: Any) -> None:
    raise RuntimeError("receiver")


@contextmanager
def connected(receiver: Callable[..., Any]) -> Iterator[None]:
    """Connect a receiver for a while."""
    error_sent.connect(receiver)
    try:
        yield
    finally:
        error_sent.disconnect(receiver)


def test_a_receiver_that_raises_is_logged_and_changes_nothing(
    has_middleware: bool, caplog: pytest.LogCaptureFixture
) -> None:
    expected = get("/forbidden").content
    caplog.clear()
    with connected(fail):
        response = get("/forbidden")

    assert response.content == expected
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info and record.exc_info[1]) for record in errors] == ["receiver"]


def is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


# The paths whose errors only the middleware makes.
PATHS_OF_THE_MIDDLEWARE = ["/missing", "/plain", "/async"]


@pytest.mark.parametrize("protocol", ["WSGI", "ASGI"])
def test_sync_and_async_receivers_are_called_once_for_each_error(
    has_middleware: bool, settings: Settings, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"PATHS": ["/"]}
    loops: list[tuple[str, bool]] = []

    def receive(error: Error, **kwargs: Any) -> None:
        loops.append((error.code.name, is_loop_running()))

    async def receive_async(error: Error, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        loops.append((error.code.name, is_loop_running()))

    urls = [url for url, *_ in ERRORS] + ["/async-view", "/async-page"]
    for url in urls + PATHS_OF_THE_MIDDLEWARE * has_middleware:
        loops.clear()
        with connected(receive), connected(receive_async):
            if protocol == "ASGI":
                client = AsyncClient(raise_request_exception=False)
                response = async_to_sync(client.get)(url)
            else:
                response = get(url)
        [(code, is_on_loop), async_call] = loops
        assert (is_on_loop, async_call) == (False, (code, True)), url
        assert response.status_code >= 400

    failures = [record for record in caplog.records if "error_sent" in record.getMessage()]
    assert failures == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/forbidden", "ACCESS_FORBIDDEN"),
        ("/unhandled", "INTERNAL_ERROR"),
        ("/returned", "CONFLICT"),
        ("/outage", "SERVICE_UNAVAILABLE"),
    ],
)
def test_the_log_record_of_an_error_has_its_code_and_its_reference(
    has_middleware: bool, caplog: pytest.LogCaptureFixture, url: str, code: str
) -> None:
    response = get(url)

    records: list[Any] = [each for each in caplog.records if each.name == "django.request"]
    assert [record.code for record in records] == [code]
    for record in records:
        message = response.json()["errors"][0]
        assert record.reference is None or record.reference in message
        assert (record.reference is None) == (code != "INTERNAL_ERROR")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/made", "MISSING_RESOURCE"),
        ("/made-by-drf", "MISSING_RESOURCE"),
        ("/made-by-a-plain-view", "CONFLICT"),
        ("/json", "INVALID_CONTENT"),
    ],
)
def test_the_log_record_of_an_error_that_the_middleware_finds_has_its_code(
    settings: Settings, caplog: pytest.LogCaptureFixture, url: str, code: str
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    settings.API_ERRORS = {"PATHS": ["/"]}

    get(url)

    [record] = [each for each in caplog.records if each.name == "django.request"]
    assert [vars(record)[name] for name in ("code", "reference")] == [code, None]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_the_header_the_record_and_the_signal_have_the_code_of_the_fallback(
    settings: Settings, sent: Sent, caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    settings.MIDDLEWARE = []
    settings.API_ERRORS = {"CODE_HEADER": "X-Code"}

    response = get("/changed?change=object", accept=accept)

    assert (response.status_code, response["X-Code"]) == (500, "INTERNAL_ERROR")
    assert response["Content-Type"].partition(";")[0] == accept
    records: list[Any] = [each for each in caplog.records if each.name == "django.request"]
    assert [record.code for record in records] == ["INTERNAL_ERROR"]
    assert [each["error"].code.name for each in sent] == ["INTERNAL_ERROR"]


@pytest.mark.parametrize(
    ("change", "changes"),
    [
        ("status", {"status": 418}),
        ("key", {"status": 418, "note": "Kept."}),
        ("copy", {"note": "Kept."}),
    ],
)
@pytest.mark.parametrize("has_details", [False, True])
def test_the_error_stays_if_the_projects_handler_changes_its_response(
    settings: Settings, sent: Sent, change: str, changes: dict[str, Any], has_details: bool
) -> None:
    settings.MIDDLEWARE = []
    settings.API_ERRORS = {"DETAILS": has_details}

    expected = Client().post("/changed").json()
    response = Client().post(f"/changed?change={change}")
    page = Client().post(f"/changed?change={change}", headers={"accept": "text/html"})
    unhandled = get(f"/changed-unhandled?change={change}")

    assert expected["extra"] == {"stock": 0}
    assert response.json() == {**expected, **changes}
    assert response.status_code == page.status_code == response.json()["status"]
    assert page.content.decode().count("sku: Gone.") == 1
    first, second, third, fourth = sent
    assert second["error"] == first["error"]._replace(status=response.status_code)
    assert third["error"] == second["error"]
    assert fourth["reference"] in unhandled.json()["errors"][0]
    assert fourth["error"].status == unhandled.status_code == unhandled.json()["status"]


def test_the_signal_has_the_code_that_the_projects_handler_sends(sent: Sent) -> None:
    assert get("/changed?change=code").json()["code"] == "CONFLICT"
    assert [each["error"].code.name for each in sent] == ["CONFLICT"]


def get_nothing(body: Any, error: Any, request: Any) -> None:
    """Forget to return the body."""


def change_status(body: Any, error: Any, request: Any) -> Any:
    return {**body, "status": 418}


def add_object(body: Any, error: Any, request: Any) -> Any:
    return {**body, "data": object()}


def add_half_of_a_pair(body: Any, error: Any, request: Any) -> Any:
    return {**body, "data": "\ud800"}


def add_too_much(body: Any, error: Any, request: Any) -> Any:
    return {**body, "data": "x" * 1_000_000}


def add_too_much_for_ascii(body: Any, error: Any, request: Any) -> Any:
    """Add characters of which DRF's UNICODE_JSON may make six bytes."""
    return {**body, "data": "é" * 200_000}


def add_too_much_for_problems(body: Any, error: Any, request: Any) -> Any:
    """Add a message, which problem details repeat."""
    return {**body, "errors": ["x" * 600_000]}


def change_and_fail(body: Any, error: Any, request: Any) -> Any:
    """Change a list in the body before an exception."""
    body["errors"].append("Lost.")
    raise ValueError("body")


# Values that break the shape of a body: they cannot be encoded, or are of another type or spelling.
WRONG_VALUES: Mapping[str, Sequence[Any]] = {
    "status": ["x", "403", 403.5, None, object()],
    "errors": ["No.", [], [""], [None], {"name": ["No."]}, object()],
    "code": ["", "not found", -1, 2**32, True, None, object()],
    "moreInfo": [None, 1, {}],
    "extra": ["x", [], None],
    "details": ["x", None, {}, [{}], [{"field": "", "code": "", "message": "No."}]],
}

WRONG: dict[str, Any] = {}


def change_key(body: Any, error: Any, request: Any) -> Any:
    return {**body, **WRONG}


def remove_details(body: Any, error: Any, request: Any) -> Any:
    del body["details"]
    return body


def describe(body: Mapping[str, Any], error: Any, request: Any) -> Any:
    """Add the arguments of the function to the body."""
    return {**body, "code_": error.code.name, "path": request.path if request else None}


def set_body(settings: Settings, function: Callable[..., Any]) -> None:
    settings.API_ERRORS = {
        "BODY": f"{__name__}.{function.__name__}",
        "PATHS": ["/"],
        "PROBLEM_JSON": True,
    }


@pytest.mark.parametrize("url", [url for url, *_ in ERRORS if url not in ("/made", "/page")])
def test_the_function_gets_each_error_and_djangos_request(
    has_middleware: bool, settings: Settings, url: str
) -> None:
    set_body(settings, describe)

    body = get(url).json()

    if url == "/unserializable":
        # The fallback is a constant.
        assert "path" not in body
    else:
        assert (body["code_"], body["path"]) == (body["code"], url)


def describe_thread(body: Any, error: Any, request: Any) -> Any:
    return {**body, "isOnLoop": is_loop_running()}


@pytest.mark.parametrize(
    "url", ["/async-view", "/async-unhandled", "/async-changed", "/forbidden", "/missing", "/async"]
)
def test_the_function_is_not_called_on_the_event_loop(
    settings: Settings, has_middleware: bool, url: str
) -> None:
    set_body(settings, describe_thread)
    client = AsyncClient(raise_request_exception=False)

    response = async_to_sync(client.get)(url, headers={"accept": "application/json"})

    if has_middleware or url not in PATHS_OF_THE_MIDDLEWARE:
        assert response.json()["isOnLoop"] is False
    assert response.status_code == (418 if url == "/async-changed" else response.status_code)


def change_code(body: Any, error: Any, request: Any) -> Any:
    return {**body, "code": "TEAPOT"}


@pytest.mark.parametrize("protocol", ["WSGI", "ASGI"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_the_header_and_the_signal_have_the_code_that_the_function_returns(
    has_middleware: bool, settings: Settings, sent: Sent, protocol: str, accept: str
) -> None:
    set_body(settings, change_code)
    settings.API_ERRORS = {**settings.API_ERRORS, "CODE_HEADER": "X-Code"}

    urls = ["/forbidden", "/unhandled", "/suspicious", "/page", "/returned", "/async-view"]
    for url in urls + PATHS_OF_THE_MIDDLEWARE * has_middleware:
        sent.clear()
        if protocol == "ASGI":
            client = AsyncClient(raise_request_exception=False)
            response = async_to_sync(client.get)(url, headers={"accept": accept})
        else:
            response = get(url, accept=accept)
        assert [each["error"].code.name for each in sent] == ["TEAPOT"], url
        assert response["X-Code"] == "TEAPOT"
        assert (sent[0]["reference"] is None) == (response.status_code != 500)


def test_the_log_record_has_the_code_that_the_function_returns(
    has_middleware: bool, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    set_body(settings, change_code)
    for url in ("/unhandled", "/returned", "/outage"):
        caplog.clear()
        get(url)
        records: list[Any] = [each for each in caplog.records if each.name == "django.request"]
        assert [record.code for record in records] == ["TEAPOT"]


def test_the_function_gets_errors_outside_of_drf_views_and_problem_details(
    settings: Settings,
) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE]
    set_body(settings, describe)

    for url in ("/missing", "/plain"):
        assert get(url).json()["path"] == url
        problem = get(url, accept="application/problem+json").json()
        assert (problem["path"], "title" in problem) == (url, True)
    malformed = make_malformed_request_response(415, RequestFactory().get("/"))
    assert b'"path":null' in malformed.content


@pytest.mark.parametrize(
    "function",
    [
        get_nothing,
        change_status,
        add_object,
        add_half_of_a_pair,
        add_too_much,
        add_too_much_for_problems,
        change_and_fail,
        fail,
    ],
)
def test_a_function_that_fails_is_logged_and_the_plain_body_is_sent(
    settings: Settings, caplog: pytest.LogCaptureFixture, function: Callable[..., Any]
) -> None:
    expected = get("/forbidden").content
    caplog.clear()
    set_body(settings, function)

    assert get("/forbidden").content == expected
    failures = [record for record in caplog.records if record.name == "django_apierrors"]
    assert [record.getMessage() for record in failures] == [
        "django_apierrors failed while calling the function named by BODY."
    ]


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG_VALUES.items() for value in values]
)
def test_a_wrong_value_from_the_function_is_logged_and_the_plain_body_is_sent(
    settings: Settings, caplog: pytest.LogCaptureFixture, key: str, value: object
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    expected = get("/forbidden").content
    caplog.clear()
    settings.API_ERRORS = {"DETAILS": True, "BODY": f"{__name__}.change_key"}
    WRONG.clear()
    WRONG[key] = value

    assert get("/forbidden").content == expected
    [failure] = [record for record in caplog.records if record.name == "django_apierrors"]
    assert "BODY" in failure.getMessage()


def test_the_details_cannot_be_removed(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"DETAILS": True, "BODY": f"{__name__}.remove_details"}

    assert [detail["code"] for detail in get("/forbidden").json()["details"]] != []
    assert "calling the function named by BODY" in caplog.text


def add_generator(body: Any, error: Any, request: Any) -> Any:
    return {**body, "data": (number for number in range(100_000))}


@pytest.mark.parametrize(
    ("function", "key", "size"),
    [
        (add_generator, "data", 100_000),
        (add_too_much_for_ascii, "data", 200_000),
        (add_too_much_for_problems, "errors", 1),
    ],
)
def test_keys_that_fit_into_a_body_are_sent(
    settings: Settings, function: Callable[..., Any], key: str, size: int
) -> None:
    set_body(settings, function)
    settings.API_ERRORS = {**settings.API_ERRORS, "PROBLEM_JSON": False}

    assert len(get("/forbidden").json()[key]) == size


def test_the_size_of_the_body_is_that_of_ascii_if_the_renderer_writes_ascii(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "UNICODE_JSON": False}
    set_body(settings, add_too_much_for_ascii)

    assert "data" not in get("/forbidden").json()
    assert "calling the function named by BODY" in caplog.text


def exit_process(*args: Any, **kwargs: Any) -> None:
    sys.exit(3)


def test_a_function_or_a_receiver_can_end_the_process_as_a_view_can(settings: Settings) -> None:
    with connected(exit_process), pytest.raises(SystemExit):
        get("/forbidden")
    set_body(settings, exit_process)
    with pytest.raises(SystemExit):
        get("/forbidden")


def test_an_error_can_be_made_without_a_request(settings: Settings) -> None:
    set_body(settings, describe)

    assert Error.of_status(404).get_body()["path"] is None  # type: ignore[typeddict-item]
    assert Error.of_body({"status": 409, "code": 7, "errors": ["No."]}).code.name == "CONFLICT"
