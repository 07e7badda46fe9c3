"""Upstreams: each client of a service against each way in which the service can fail.

Real requests to views, real clients, real listeners on loopback. What the rows of the table of
known exceptions mean one by one stands in tests/recognition/test_tables.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from adrf.views import APIView as AsyncAPIView
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.functional import lazy
from pytest_django.fixtures import Settings
from rest_framework import generics as stock_generics
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from django_apierrors import generics
from django_apierrors.operations import AcceptedAPIView, OperationView
from tests.bodies import body
from tests.listeners import FAULTS, WORDS
from tests.operations import tasks
from tests.upstreams import CLIENTS

try:
    from django.tasks.backends.base import BaseTaskBackend
except ImportError:
    from django_tasks.backends.base import BaseTaskBackend

pytestmark = pytest.mark.urls(__name__)

OURS = "django_apierrors.middleware.APIErrorsMiddleware"

# How long a client waits for what never comes, and for what comes, however busy the machine.
BRIEFLY = 0.1
LONG = 10.0

U, G = "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"
# A stream that ends, or says something else, is no failure: only its reader can tell.
OKAY = None

# The columns are FAULTS.
TABLE: Mapping[str, Sequence[str | None]] = {
    "requests": (U, U, U, G, G, U, U, U, U, U, G, U),
    "httpx": (U, U, U, G, G, U, U, U, U, U, G, U),
    "httpx, async": (U, U, U, G, G, U, U, U, U, U, G, U),
    "urllib": (U, U, U, G, G, U, U, U, U, U, G, U),
    "urllib3": (U, U, U, G, G, U, U, U, U, U, G, U),
    "urllib3, no retries": (U, U, U, G, G, U, U, U, U, U, G, U),
    "aiohttp": (U, U, U, G, G, U, U, U, U, U, G, U),
    "aiohttp, by socket": (U, U, U, G, G, U, U, U, U, U, G, U),
    "http.client": (U, U, U, G, G, U, U, U, U, U, G, U),
    "redis": (U, U, U, G, G, U, U, U, U, U, G, U),
    "redis, async": (U, U, U, G, G, U, U, U, U, U, G, U),
    "RedisCache": (U, U, U, G, G, U, U, U, U, U, G, U),
    "pymemcache": (U, U, U, G, G, U, U, U, U, U, G, U),
    "PyMemcacheCache": (U, U, U, G, G, U, U, U, U, U, G, U),
    "amqp": (U, U, U, G, G, U, U, U, U, U, G, U),
    "kombu": (U, U, U, G, G, U, U, U, U, U, G, U),
    "kombu on Redis": (U, U, U, G, G, U, U, U, U, U, G, U),
    "celery": (U, U, U, G, G, U, U, U, U, U, G, U),
    "celery on Redis": (U, U, U, G, G, U, U, U, U, U, G, U),
    "smtplib": (U, U, U, G, G, U, U, U, U, U, G, U),
    "EmailBackend": (U, U, U, G, G, U, U, U, U, U, G, U),
    "asyncio.timeout": (U, U, U, G, G, U, U, U, U, U, G, U),
    "socket": (U, U, U, G, G, OKAY, U, OKAY, OKAY, OKAY, OKAY, OKAY),
}

CELLS = [
    (client, fault, code)
    for client, codes in TABLE.items()
    for fault, code in zip(FAULTS, codes, strict=True)
]


class Upstream:
    """The service that the views of this module ask, how often, and how it failed the last time."""

    def __init__(self) -> None:
        self.client = CLIENTS["requests"]
        self.arguments: tuple[str, int, float] = ("", 0, 0)
        self.calls = 0
        self.failure: Exception | None = None

    def ask(self) -> object:
        """Make one call."""
        with self.watching():
            return self.client.call(*self.arguments)

    async def await_answer(self) -> object:
        """Make one call on the event loop."""
        with self.watching():
            return await self.client.use(*self.arguments)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Count a call, and keep what it raises."""
        self.calls += 1
        try:
            yield
        except Exception as exc:
            self.failure = exc
            raise

    @contextlib.contextmanager
    def failing(self, client: str, fault: str) -> Iterator[str]:
        """Be out of order; yield the code of that."""
        self.client, self.calls, self.failure = CLIENTS[client], 0, None
        code = TABLE[client][list(FAULTS).index(fault)]
        with FAULTS[fault](WORDS[self.client.protocol]) as address:
            self.arguments = (*address, BRIEFLY if code == G else LONG)
            yield code or ""


UPSTREAM = Upstream()


class StockView(APIView):
    """DRF's own, which asks when it handles the request."""

    def get(self, request: Request) -> Response:
        return Response({"upstream": repr(UPSTREAM.ask())})


class OurView(generics.ListAPIView):
    """Ours, which asks when it is to say what there is."""

    def get_queryset(self) -> Any:
        return UPSTREAM.ask()


class IdleView(APIView):
    """A view that has nothing to ask for itself."""

    def get(self, request: Request) -> Response:
        return Response({})


class AskingAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> None:
        UPSTREAM.ask()


class AskingPermission(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(UPSTREAM.ask())


class AskingThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        return bool(UPSTREAM.ask())


class AskingSerializer(serializers.Serializer[Any]):
    price = serializers.SerializerMethodField()

    def get_price(self, instance: object) -> object:
        return UPSTREAM.ask()


class SerializingView(stock_generics.RetrieveAPIView):
    """A view whose serializer has to ask."""

    serializer_class = AskingSerializer

    def get_object(self) -> object:
        return object()


class LateView(APIView):
    """A view whose answer asks when it is rendered."""

    def get(self, request: Request) -> Response:
        return Response({"late": lazy(UPSTREAM.ask, str)()})


class Broker(BaseTaskBackend):
    """A task backend that sends its tasks to the upstream."""

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        return UPSTREAM.ask()


class AcceptingView(AcceptedAPIView):
    """A view that accepts work for the task backend."""

    def get_task(self) -> Any:
        return tasks.do_nothing.using(backend="broker")

    def get(self, request: Request) -> Any:
        return self.post(request)


class AsyncView(AsyncAPIView):
    """An async view of adrf."""

    async def get(self, request: Request) -> Response:
        return Response({"upstream": repr(await UPSTREAM.await_answer())})


class GroupView(AsyncAPIView):
    """An async view that asks twice at a time."""

    async def get(self, request: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            group.create_task(UPSTREAM.await_answer())
            group.create_task(UPSTREAM.await_answer())
        return Response({})


def plain_view(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"upstream": repr(UPSTREAM.ask())})


async def plain_async_view(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"upstream": repr(await UPSTREAM.await_answer())})


def asking_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Ask before the view does."""

    def answer(request: HttpRequest) -> HttpResponse:
        UPSTREAM.ask()
        return get_response(request)

    return answer


class CachedThrottle(SimpleRateThrottle):
    """DRF's own, on a cache that is out of order."""

    rate = "10/second"
    scope = "upstreams"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return "key"


urlpatterns = [
    path("api/stock", StockView.as_view()),
    path("api/ours", OurView.as_view()),
    path("api/authentication", IdleView.as_view(authentication_classes=[AskingAuthentication])),
    path("api/permission", IdleView.as_view(permission_classes=[AskingPermission])),
    path("api/throttle", IdleView.as_view(throttle_classes=[AskingThrottle])),
    path("api/serializer", SerializingView.as_view()),
    path("api/enqueue", AcceptingView.as_view()),
    path("api/rendering", LateView.as_view()),
    path("api/stock-rendering", LateView.as_view(renderer_classes=[JSONRenderer])),
    path("api/plain", plain_view),
    path("api/middleware", IdleView.as_view()),
    path("api/cached-throttle", IdleView.as_view(throttle_classes=[CachedThrottle])),
    path("api/async", AsyncView.as_view()),
    path("api/group", GroupView.as_view()),
    path("api/plain-async", plain_async_view),
    path("operations/<str:handle>", OperationView.as_view(), name="operation-detail"),
]

# What DRF hands to an exception handler is answered without the middleware too.
HANDLED = (*("stock", "ours", "authentication", "permission", "throttle", "serializer", "enqueue"),)
OUTSIDE = ("rendering", "stock-rendering", "plain")

HANDLED_ASYNC = ("async", "group")
OUTSIDE_ASYNC = ("plain-async",)

SAMPLES = [
    ("requests", "resets"),
    ("httpx", "never answers"),
    ("urllib", "closes in the body"),
    ("RedisCache", "refuses"),
    ("PyMemcacheCache", "hangs up"),
    ("kombu", "never accepts"),
    ("EmailBackend", "stalls in the body"),
]

ASYNC_SAMPLES = [
    ("httpx, async", "never answers"),
    ("aiohttp", "talks nonsense"),
    ("aiohttp, by socket", "stalls in the body"),
    ("redis, async", "refuses"),
    ("asyncio.timeout", "never accepts"),
]


@pytest.fixture
def middleware(settings: Settings) -> list[str]:
    """With nothing but our middleware installed."""
    settings.API_ERRORS = {"PATHS": ["/api/"]}
    settings.TASKS = {"broker": {"BACKEND": f"{__name__}.Broker"}}
    settings.MIDDLEWARE = [OURS]
    return settings.MIDDLEWARE


def get(context: str) -> Any:
    """Send a request."""
    return Client(raise_request_exception=False).get(f"/api/{context}")


def get_async(context: str) -> Any:
    """Send a request to the event loop's handler."""
    client = AsyncClient(raise_request_exception=False)
    return asyncio.run(client.get(f"/api/{context}"))  # type: ignore[arg-type]


def get_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return Django's records, of which those of the clients are none."""
    return [
        record
        for record in caplog.records
        if record.name.startswith("django") and record.levelno >= logging.WARNING
    ]


def names_the_failure(record: logging.LogRecord) -> bool:
    """Tell whether the traceback of `record` is that of the upstream's failure."""
    failure = UPSTREAM.failure
    assert failure is not None
    formatted = logging.Formatter().format(record)
    return all(
        part in formatted
        for part in ("Traceback", "upstreams.py", f"{type(failure).__qualname__}", str(failure))
    )


def check(response: Any, code: str, caplog: pytest.LogCaptureFixture, level: int) -> None:
    """Compare all that is known of an answer, and of the one record that was made of it."""
    assert (response.status_code, response.json()) == (body(code)["status"], body(code))
    assert (response["Content-Type"], response["Retry-After"]) == ("application/json", "5")
    assert [(r.levelno, names_the_failure(r)) for r in get_records(caplog)] == [(level, True)]


@pytest.mark.parametrize(("client", "fault", "code"), CELLS)
def test_a_client_of_a_service_that_fails_is_answered_with_its_code(
    middleware: list[str], client: str, fault: str, code: str | None
) -> None:
    with UPSTREAM.failing(client, fault):
        response = get("stock")
    if code is None:
        assert (response.status_code, UPSTREAM.failure) == (200, None)
    else:
        assert (response.status_code, response.json()) == (body(code)["status"], body(code))
        assert response["Retry-After"] == "5"


@pytest.mark.parametrize(("client", "fault"), SAMPLES)
@pytest.mark.parametrize("context", [*HANDLED, *OUTSIDE])
def test_wherever_it_is_asked_the_client_is_told_the_code_and_the_log_the_cause(
    middleware: list[str],
    context: str,
    client: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with UPSTREAM.failing(client, fault) as code:
        response = get(context)
    check(response, code, caplog, logging.WARNING)
    assert UPSTREAM.calls == 1


@pytest.mark.parametrize(("client", "fault"), SAMPLES[:3])
@pytest.mark.parametrize("context", HANDLED)
def test_without_the_middleware_drfs_handler_says_the_same(
    middleware: list[str],
    context: str,
    client: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    middleware.clear()
    with UPSTREAM.failing(client, fault) as code:
        response = get(context)
    check(response, code, caplog, logging.WARNING)
    assert UPSTREAM.calls == 1


@pytest.mark.parametrize(("client", "fault"), ASYNC_SAMPLES)
@pytest.mark.parametrize("context", [*HANDLED_ASYNC, *OUTSIDE_ASYNC])
def test_on_the_event_loop_it_is_the_same(
    middleware: list[str],
    context: str,
    client: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with UPSTREAM.failing(client, fault) as code:
        response = get_async(context)
    check(response, code, caplog, logging.WARNING)


@pytest.mark.parametrize(("client", "fault"), ASYNC_SAMPLES)
@pytest.mark.parametrize("context", HANDLED_ASYNC)
def test_on_the_event_loop_without_the_middleware_too(
    middleware: list[str],
    context: str,
    client: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    middleware.clear()
    with UPSTREAM.failing(client, fault) as code:
        response = get_async(context)
    check(response, code, caplog, logging.WARNING)


def test_a_sync_view_below_an_event_loop_says_the_same(
    middleware: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with UPSTREAM.failing("requests", "refuses") as code:
        response = get_async("stock")
    check(response, code, caplog, logging.WARNING)


@pytest.mark.parametrize("ask", [get, get_async])
@pytest.mark.parametrize(("client", "fault"), SAMPLES[:3])
def test_a_middleware_that_cannot_ask_is_reported_by_django_and_answered_by_ours(
    middleware: list[str],
    ask: Callable[[str], Any],
    client: str,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    middleware.append(f"{__name__}.asking_middleware")
    with UPSTREAM.failing(client, fault) as code:
        response = ask("middleware")
    check(response, code, caplog, logging.ERROR)


@pytest.mark.parametrize("fault", ["refuses", "never answers", "resets"])
@pytest.mark.parametrize("with_middleware", [True, False])
def test_a_throttle_whose_cache_is_dead_is_no_refusal(
    middleware: list[str],
    with_middleware: bool,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not with_middleware:
        middleware.clear()
    with UPSTREAM.failing("RedisCache", fault) as code:
        host, port, wait = UPSTREAM.arguments
        options = {"socket_timeout": wait, "socket_connect_timeout": wait, "retry": None}
        cache = RedisCache(f"redis://{host}:{port}", {"OPTIONS": options})
        monkeypatch.setattr(CachedThrottle, "cache", cache)
        response = get("cached-throttle")
    assert (response.status_code, response.json()) == (body(code)["status"], body(code))
