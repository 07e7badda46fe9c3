"""The known exceptions: every row by its true name, and the clients' real failures on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import importlib
import json
import smtplib
import socket
import ssl
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import aiohttp
import httpx
import pytest
import redis
import requests
import urllib3
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.known_exceptions import (
    CODES_BY_API_EXCEPTION,
    CODES_BY_ERRNO,
    CODES_BY_EXCEPTION,
    WRAPPED,
)

HOST = "127.0.0.1"
WAIT = 0.15

Use = Callable[[int], object]


def answer(fail: Callable[[], object]) -> HttpResponse:
    """Return the rendered answer of a DRF view in which `fail` is called."""

    class FailingView(APIView):
        def get(self, request: Request) -> Response:
            return Response({"not": repr(fail())})

    return FailingView.as_view()(APIRequestFactory().get("/things/")).render()


def answer_to(exception: BaseException) -> HttpResponse:
    """Return the rendered answer of a DRF view that raises `exception`."""

    def fail() -> None:
        raise exception

    return answer(fail)


def body_of(name: str) -> dict[str, Any]:
    """Return the whole body of the code called `name`."""
    code = CATALOG[name]
    return {"status": code.status, "errors": [str(code.message)], "code": name, "moreInfo": ""}


def get_class(name: str) -> type[BaseException]:
    """Return the class that `name` leads to."""
    module, _, member = name.rpartition(".")
    cls: type[BaseException] = getattr(importlib.import_module(module), member)
    return cls


def make(cls: type[BaseException]) -> BaseException:
    """Return an instance of `cls`, whatever its constructor wants, with a secret in it."""
    exception = cls.__new__(cls, "secret")
    exception.args = ("secret",)
    return exception


@pytest.mark.parametrize("name", [*CODES_BY_EXCEPTION, *CODES_BY_API_EXCEPTION, *WRAPPED])
def test_a_row_is_called_what_its_class_calls_itself(name: str) -> None:
    cls = get_class(name)
    assert issubclass(cls, Exception)
    assert f"{cls.__module__}.{cls.__qualname__}" == name


@pytest.mark.parametrize("name", CODES_BY_EXCEPTION)
def test_an_instance_of_a_row_is_answered_with_its_code(name: str) -> None:
    response = answer_to(make(get_class(name)))
    code = CODES_BY_EXCEPTION[name]
    assert (response.status_code, json.loads(response.content)) == (
        CATALOG[code].status,
        body_of(code),
    )


@pytest.mark.parametrize("name", CODES_BY_API_EXCEPTION)
def test_an_instance_of_an_api_exception_is_answered_with_its_code(name: str) -> None:
    response = answer_to(get_class(name)())
    assert json.loads(response.content) == body_of(CODES_BY_API_EXCEPTION[name])


@pytest.mark.parametrize("name", CODES_BY_EXCEPTION)
def test_a_subclass_follows_its_row(name: str) -> None:
    child = type("ChildError", (get_class(name),), {})
    assert json.loads(answer_to(make(child)).content) == body_of(CODES_BY_EXCEPTION[name])


def test_no_api_exception_stands_among_the_others() -> None:
    classes = [get_class(name) for name in CODES_BY_EXCEPTION]
    assert [cls for cls in classes if issubclass(cls, APIException)] == []


@pytest.mark.parametrize("number", CODES_BY_ERRNO, ids=lambda number: errno.errorcode[number])
def test_an_os_error_goes_by_its_number(number: int) -> None:
    response = answer_to(OSError(number, "secret"))
    assert json.loads(response.content) == body_of(CODES_BY_ERRNO[number])


def is_bug(exception: BaseException) -> bool:
    """Tell whether `exception` is answered as a bug."""
    return json.loads(answer_to(exception).content)["code"] == "INTERNAL_ERROR"


class NumberedError(Exception):
    """An exception that is no OSError, with a number that means something else."""

    errno = errno.EHOSTUNREACH


@pytest.mark.parametrize(
    "exception",
    [
        OSError("secret"),
        OSError(errno.ENOSPC, "secret"),
        FileNotFoundError("secret"),
        PermissionError("secret"),
        NumberedError("secret"),
        ssl.SSLError("secret"),
        smtplib.SMTPException("secret"),
        smtplib.SMTPResponseException(550, b"secret"),
        http.client.CannotSendRequest("secret"),
        httpx.UnsupportedProtocol("secret"),
        requests.exceptions.InvalidURL("secret"),
        requests.exceptions.HTTPError("secret"),
        redis.exceptions.LockError("secret"),
        redis.exceptions.ResponseError("secret"),
        aiohttp.InvalidURL("secret"),
        urllib.error.URLError("unknown url type: secret"),
        urllib.error.HTTPError("http://secret/", 503, "secret", http.client.HTTPMessage(), None),
        ValueError("secret"),
        RecursionError("secret"),
        MemoryError("secret"),
    ],
    ids=lambda exception: f"{type(exception).__module__}.{type(exception).__name__}",
)
def test_what_may_as_well_be_a_bug_is_one(exception: BaseException) -> None:
    assert is_bug(exception)


@pytest.mark.parametrize(
    ("exception", "code"),
    [
        (urllib.error.URLError(TimeoutError("secret")), "GATEWAY_TIMEOUT"),
        (urllib.error.URLError(ConnectionRefusedError("secret")), "SERVICE_UNAVAILABLE"),
        (urllib.error.URLError(socket.gaierror(-2, "secret")), "SERVICE_UNAVAILABLE"),
        (
            urllib3.exceptions.MaxRetryError(
                None,  # type: ignore[arg-type]
                "/secret",
                urllib3.exceptions.ReadTimeoutError(None, "/secret", "secret"),  # type: ignore[arg-type]
            ),
            "GATEWAY_TIMEOUT",
        ),
        (
            urllib3.exceptions.MaxRetryError(
                None,  # type: ignore[arg-type]
                "/secret",
                urllib3.exceptions.ProtocolError("secret"),
            ),
            "SERVICE_UNAVAILABLE",
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ReadTimeoutError(None, "/secret", "secret")  # type: ignore[arg-type]
            ),
            "GATEWAY_TIMEOUT",
        ),
        (requests.exceptions.ConnectionError(KeyError("secret")), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectionError("secret"), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectionError(), "SERVICE_UNAVAILABLE"),
        (requests.exceptions.ConnectTimeout(KeyError("secret")), "GATEWAY_TIMEOUT"),
        (
            ExceptionGroup("secret", [ConnectionRefusedError("a"), ConnectionResetError("b")]),
            "SERVICE_UNAVAILABLE",
        ),
    ],
    ids=repr,
)
def test_a_wrapper_is_what_is_inside_it(exception: BaseException, code: str) -> None:
    assert json.loads(answer_to(exception).content) == body_of(code)


def test_a_wrapper_around_a_bug_is_a_bug() -> None:
    assert is_bug(urllib.error.URLError(KeyError("secret")))  # type: ignore[arg-type]


def test_a_wrapper_around_itself_is_answered() -> None:
    wrapper = urllib.error.URLError("secret")
    wrapper.reason = wrapper  # type: ignore[assignment]
    assert is_bug(wrapper)


def test_a_mail_server_that_hangs_up_while_something_else_is_handled_is_unavailable() -> None:
    def fail() -> None:
        try:
            raise LookupError("secret")
        except LookupError:
            raise smtplib.SMTPServerDisconnected("secret")  # noqa: B904  (the context counts)

    assert json.loads(answer(fail).content) == body_of("SERVICE_UNAVAILABLE")


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield the port of a listener that has `serve` deal with every connection."""
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=accept_all, args=(listener, serve))
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            # A last connection, which nobody speaks on, ends the thread.
            listener.settimeout(0)
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1) as last:
                last.sendall(b"END")
            thread.join(5)
    assert not thread.is_alive()


def accept_all(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """Accept connections until one says END; keep them all until then."""
    listener.settimeout(5)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            stack.enter_context(connection)
            serve(connection)


def keep_silent(connection: socket.socket) -> None:
    """Accept, and never answer."""


def hang_up(connection: socket.socket) -> None:
    """Read the question and close without a word."""
    read_some(connection)
    connection.close()


def reset(connection: socket.socket) -> None:
    """Read the question and break the connection off."""
    read_some(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def close_half_way(connection: socket.socket) -> None:
    """Promise more of an answer than is sent."""
    read_some(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    connection.close()


def close_in_a_chunk(connection: socket.socket) -> None:
    """Close in the middle of a chunk."""
    read_some(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf")
    connection.close()


def read_some(connection: socket.socket) -> None:
    """Read what is there, without waiting long for it: a mail client sends nothing first."""
    connection.settimeout(0.05)
    with contextlib.suppress(OSError):
        connection.recv(65536)


def use_requests(port: int) -> object:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{HOST}:{port}/", timeout=WAIT).content


def use_httpx(port: int) -> object:
    return httpx.get(f"http://{HOST}:{port}/", timeout=WAIT, trust_env=False).content


def use_async_httpx(port: int) -> object:
    async def use() -> object:
        async with httpx.AsyncClient(timeout=WAIT, trust_env=False) as client:
            return (await client.get(f"http://{HOST}:{port}/")).content

    return asyncio.run(use())


def use_urllib(port: int) -> object:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{HOST}:{port}/", timeout=WAIT) as response:
        return response.read()


def use_urllib3(port: int) -> object:
    with urllib3.PoolManager(retries=1, timeout=WAIT) as pool:
        return pool.request("GET", f"http://{HOST}:{port}/").data


def use_urllib3_without_retries(port: int) -> object:
    with urllib3.PoolManager(retries=False, timeout=WAIT) as pool:
        return pool.request("GET", f"http://{HOST}:{port}/").data


def use_aiohttp(port: int, **timeouts: float) -> object:
    async def use() -> object:
        timeout = aiohttp.ClientTimeout(**(timeouts or {"total": WAIT}))
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{HOST}:{port}/") as response,
        ):
            return await response.read()

    return asyncio.run(use())


def use_aiohttp_by_socket(port: int) -> object:
    return use_aiohttp(port, sock_read=WAIT)


def use_redis(port: int) -> object:
    with redis.Redis(
        HOST,
        port,
        socket_timeout=WAIT,
        socket_connect_timeout=WAIT,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
    ) as client:
        return client.get("key")


def use_http_client(port: int) -> object:
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=WAIT)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


def use_smtplib(port: int) -> object:
    with contextlib.closing(smtplib.SMTP(timeout=WAIT)) as client:
        client.connect(HOST, port)
        return client.noop()


def use_socket(port: int) -> object:
    with socket.create_connection((HOST, port), WAIT) as connection:
        connection.sendall(b"PING")
        return connection.recv(100) or "nothing"


def use_streams(port: int) -> object:
    async def use() -> object:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"PING")
        try:
            return await asyncio.wait_for(reader.readexactly(1000), WAIT)
        finally:
            writer.close()

    return asyncio.run(use())


CLIENTS: Mapping[str, Use] = {
    "requests": use_requests,
    "httpx": use_httpx,
    "httpx, async": use_async_httpx,
    "urllib": use_urllib,
    "urllib3": use_urllib3,
    "urllib3, no retries": use_urllib3_without_retries,
    "aiohttp": use_aiohttp,
    "aiohttp, by socket": use_aiohttp_by_socket,
    "redis": use_redis,
    "http.client": use_http_client,
    "smtplib": use_smtplib,
    "socket": use_socket,
    "asyncio": use_streams,
}

HTTP_CLIENTS = [name for name in CLIENTS if name not in ("redis", "smtplib", "socket", "asyncio")]


def get_refused_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize("client", CLIENTS)
def test_a_port_that_refuses_is_service_unavailable(client: str) -> None:
    response = answer(lambda: CLIENTS[client](get_refused_port()))
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_listener_that_never_answers_is_a_gateway_timeout(client: str) -> None:
    with listening(keep_silent) as port:
        response = answer(lambda: CLIENTS[client](port))
    assert json.loads(response.content) == body_of("GATEWAY_TIMEOUT")
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize("client", [name for name in CLIENTS if name != "socket"])
@pytest.mark.parametrize("serve", [hang_up, reset])
def test_a_listener_that_hangs_up_is_service_unavailable(
    serve: Callable[[socket.socket], None], client: str
) -> None:
    with listening(serve) as port:
        response = answer(lambda: CLIENTS[client](port))
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")


def test_a_socket_that_is_reset_is_service_unavailable() -> None:
    with listening(reset) as port:
        response = answer(lambda: use_socket(port))
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("client", HTTP_CLIENTS)
@pytest.mark.parametrize("serve", [close_half_way, close_in_a_chunk])
def test_a_listener_that_closes_half_way_is_service_unavailable(
    serve: Callable[[socket.socket], None], client: str
) -> None:
    with listening(serve) as port:
        response = answer(lambda: CLIENTS[client](port))
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")


def test_a_pool_without_a_free_connection_is_service_unavailable() -> None:
    def fail() -> None:
        limits = httpx.Limits(max_connections=1)
        with (
            httpx.Client(
                limits=limits, timeout=httpx.Timeout(5, pool=WAIT), trust_env=False
            ) as client,
            client.stream("GET", f"http://{HOST}:{port}/"),
        ):
            client.get(f"http://{HOST}:{port}/")

    def begin(connection: socket.socket) -> None:
        read_some(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with listening(begin) as port:
        response = answer(fail)
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")


def test_a_name_that_does_not_resolve_is_service_unavailable() -> None:
    # `.invalid` never resolves (RFC 2606); no name server is asked for an over-long label.
    response = answer(lambda: socket.getaddrinfo(f"{'a' * 63}.invalid", 80, family=socket.AF_INET6))
    assert json.loads(response.content) == body_of("SERVICE_UNAVAILABLE")


def test_a_task_group_whose_clients_all_time_out_is_a_gateway_timeout() -> None:
    async def use(port: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(time_out(port))

    async def time_out(port: int) -> None:
        async with asyncio.timeout(WAIT):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                await reader.read(1)
            finally:
                writer.close()

    with listening(keep_silent) as port:
        response = answer(lambda: asyncio.run(use(port)))
    assert json.loads(response.content) == body_of("GATEWAY_TIMEOUT")
