"""Each network client against each fault of its service: real clients, real listeners."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest
import requests.adapters
from adrf.views import APIView as AsyncAPIView
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, OperationView
from tests.operations import tasks
from tests.recognition.listeners import (
    FAULTS,
    REPLIES,
    TIMEOUTS,
    Replies,
    accepting,
    break_off,
    hang_up,
    keep_silent,
    refuse_connections,
)
from tests.recognition.network_clients import (
    CERTIFICATE,
    CLIENTS,
    NetworkClient,
    Target,
    await_aiohttp,
    make_redis_cache,
    use_requests,
)
from tests.recognition.support import expect, read, respond

try:
    from django.tasks.backends.base import BaseTaskBackend
except ImportError:
    from django_tasks.backends.base import BaseTaskBackend

pytestmark = pytest.mark.urls(__name__)

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"

# Seconds until a client gives up, and until it would on a busy machine that does respond.
BRIEFLY, LONG = 0.1, 10.0

# The end of a stream, or a stream with other content, raises nothing in a bare socket.
SILENT_IN_SOCKETS = {
    "hangs up",
    "closes in the head",
    "closes in the body",
    "resets in the body",
    "stalls in the body",
    "uses another protocol",
}


# Every client with every fault: each client raises another class for another fault, and each class
# has its own row.
@pytest.mark.parametrize("name", CLIENTS)
def test_each_fault_of_a_service_has_its_code(name: str) -> None:
    client, outcomes, expected = CLIENTS[name], {}, {}
    for fault in FAULTS:
        code = "GATEWAY_TIMEOUT" if fault in TIMEOUTS else "SERVICE_UNAVAILABLE"
        expected[fault] = expect(code)
        with FAULTS[fault](REPLIES[client.protocol]) as address:
            target = Target(*address, BRIEFLY if fault in TIMEOUTS else LONG)
            outcomes[fault] = read(respond(lambda target=target: client.call(target)))
    for fault in SILENT_IN_SOCKETS if name == "socket" else ():
        del expected[fault]
        assert outcomes.pop(fault)[0] == 200
    assert outcomes == expected


def shake_hands(connection: Any, replies: Replies) -> None:
    """Send a certificate that no authority has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(65536)


def respond_in_plain_http(connection: Any, replies: Replies) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.close()


# How the listener behaves, whether the client trusts its certificate, the code.
TLS_FAULTS: dict[str, tuple[Any, bool, str]] = {
    "unknown certificate": (shake_hands, False, "INTERNAL_ERROR"),
    "no TLS": (respond_in_plain_http, True, "INTERNAL_ERROR"),
    "hangs up": (hang_up, True, "SERVICE_UNAVAILABLE"),
    "resets": (break_off, True, "SERVICE_UNAVAILABLE"),
    "never responds": (keep_silent, True, "GATEWAY_TIMEOUT"),
}


# A handshake that fails raises other classes than a connection that fails.
@pytest.mark.parametrize("name", [name for name in CLIENTS if CLIENTS[name].has_tls])
def test_each_fault_of_a_tls_handshake_has_its_code(name: str) -> None:
    outcomes, expected = {}, {}
    for fault, (serve, is_trusted, code) in TLS_FAULTS.items():
        expected[fault] = expect(code)
        with accepting(serve)(Replies(b"", b"", b"")) as address:
            target = Target(*address, BRIEFLY if code == "GATEWAY_TIMEOUT" else LONG, is_trusted)
            outcomes[fault] = read(respond(lambda target=target: CLIENTS[name].call(target)))
    assert outcomes == expected


class PinningAdapter(requests.adapters.HTTPAdapter):
    """Accepts one certificate only, which is not the listener's."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint="00" * 32, **kwargs)


@pytest.mark.parametrize(
    "use",
    [
        lambda target: await_aiohttp(target, aiohttp.Fingerprint(b"\0" * 32)),
        lambda target: use_requests(target, PinningAdapter()),
    ],
    ids=["aiohttp", "requests"],
)
def test_a_certificate_with_another_fingerprint_is_an_internal_error(
    use: Callable[[Target], object],
) -> None:
    with accepting(shake_hands)(Replies(b"", b"", b"")) as address:
        target = Target(*address, LONG, is_trusted=True)
        outcome = read(respond(lambda: NetworkClient("http", use).call(target)))
    assert outcome == expect("INTERNAL_ERROR")


class Upstream:
    """The service that the views below call, how often it was called, and the last exception."""

    def __init__(self) -> None:
        self.target = Target("", 0, LONG)
        self.calls = 0
        self.exception: Exception | None = None

    @contextlib.contextmanager
    def refuse_connections(self) -> Iterator[None]:
        """Have no listener at the address."""
        self.calls, self.exception = 0, None
        with refuse_connections(REPLIES["http"]) as address:
            self.target = Target(*address, LONG)
            yield

    def call(self) -> object:
        with self._watching():
            return CLIENTS["requests"].use(self.target)

    async def acall(self) -> object:
        with self._watching():
            return await CLIENTS["aiohttp"].use(self.target)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        self.calls += 1
        try:
            yield
        except Exception as exc:
            self.exception = exc
            raise


UPSTREAM = Upstream()


class StockView(APIView):
    def get(self, request: Request) -> Response:
        return Response({"upstream": repr(UPSTREAM.call())})


class IdleView(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


class Broker(BaseTaskBackend):
    def enqueue(self, *args: Any, **kwargs: Any) -> Any:
        return UPSTREAM.call()


class AcceptingView(AcceptedAPIView):
    def get_task(self) -> Any:
        return tasks.do_nothing.using(backend="broker")

    def get(self, request: Request) -> Any:
        return self.post(request)


class GroupView(AsyncAPIView):
    async def get(self, request: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            group.create_task(UPSTREAM.acall())
            group.create_task(UPSTREAM.acall())
        return Response({})


def plain_view(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"upstream": repr(UPSTREAM.call())})


def calling_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    def middleware(request: HttpRequest) -> HttpResponse:
        UPSTREAM.call()
        return get_response(request)

    return middleware


class CachedThrottle(SimpleRateThrottle):
    rate = "10/second"
    scope = "upstreams"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return "key"


urlpatterns = [
    path("api/stock", StockView.as_view()),
    path("api/enqueue", AcceptingView.as_view()),
    path("api/plain", plain_view),
    path("api/idle", IdleView.as_view()),
    path("api/cached-throttle", IdleView.as_view(throttle_classes=[CachedThrottle])),
    path("api/group", GroupView.as_view()),
    path("operations/<str:handle>", OperationView.as_view(), name="operation-detail"),
]


@pytest.fixture
def middleware(settings: Settings) -> list[str]:
    """The list of installed middleware, with ours alone."""
    settings.API_ERRORS = {"PATHS": ["/api/"]}
    settings.TASKS = {"broker": {"BACKEND": f"{__name__}.Broker"}}
    settings.MIDDLEWARE = [MIDDLEWARE]
    return settings.MIDDLEWARE


def get(name: str, *, is_async: bool = False) -> Any:
    if not is_async:
        return Client(raise_request_exception=False).get(f"/api/{name}")
    request: Any = AsyncClient(raise_request_exception=False).get(f"/api/{name}")
    return asyncio.run(request)


# DRF passes all but the exceptions of plain views to the exception handler.
@pytest.mark.parametrize(
    ("name", "is_async", "layers", "level"),
    [
        ("stock", False, [], logging.WARNING),
        ("stock", False, [MIDDLEWARE], logging.WARNING),
        ("stock", True, [MIDDLEWARE], logging.WARNING),
        ("group", True, [], logging.WARNING),
        ("group", True, [MIDDLEWARE], logging.WARNING),
        ("enqueue", False, [], logging.WARNING),
        ("plain", False, [MIDDLEWARE], logging.WARNING),
        # Django itself logs the exceptions of another middleware.
        ("idle", False, [MIDDLEWARE, f"{__name__}.calling_middleware"], logging.ERROR),
        ("idle", True, [MIDDLEWARE, f"{__name__}.calling_middleware"], logging.ERROR),
    ],
)
def test_the_client_gets_the_code_and_one_log_record_has_the_cause(
    middleware: list[str],
    caplog: pytest.LogCaptureFixture,
    name: str,
    is_async: bool,
    layers: list[str],
    level: int,
) -> None:
    middleware[:] = layers
    with UPSTREAM.refuse_connections():
        response = get(name, is_async=is_async)

    assert read(response) == expect("SERVICE_UNAVAILABLE")
    assert (response["Content-Type"], response["Retry-After"]) == ("application/json", "5")
    assert UPSTREAM.calls == (2 if name == "group" else 1)
    [record] = [
        record
        for record in caplog.records
        if record.name.startswith("django") and record.levelno >= logging.WARNING
    ]
    formatted = logging.Formatter().format(record)
    assert record.levelno == level
    assert "Traceback" in formatted
    assert str(UPSTREAM.exception) in formatted


def test_a_throttle_whose_cache_is_down_is_a_503(
    middleware: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for layers in ([], [MIDDLEWARE]):
        middleware[:] = layers
        with UPSTREAM.refuse_connections():
            cache: RedisCache = make_redis_cache(UPSTREAM.target)
            monkeypatch.setattr(CachedThrottle, "cache", cache)
            assert read(get("cached-throttle")) == expect("SERVICE_UNAVAILABLE")
