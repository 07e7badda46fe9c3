"""TLS of upstreams: a connection that is lost is an outage, one that is not agreed on a bug."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import smtplib
import socket
import ssl
import urllib.request
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import amqp
import httpx
import kombu
import pytest
import redis
import requests
import requests.adapters
import urllib3
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.listeners import WORDS, accepting, hang_up, keep_silent, reset
from tests.recognition.test_upstream_responses import BUG, TIMEOUT, UNAVAILABLE, answer, expect

# Of 127.0.0.1 and localhost, for a hundred years, and nobody's: made for these tests alone with
# openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
#   -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost
CERTIFICATE = str(Path(__file__).with_name("self_signed.pem"))

LONG, BRIEFLY = 10.0, 0.2


class Target(NamedTuple):
    """Where to connect to, how long to wait, and whether the listener's certificate is known."""

    host: str
    port: int
    wait: float
    is_known: bool

    @property
    def url(self) -> str:
        """The address of an HTTP service."""
        return f"https://{self.host}:{self.port}/"

    @property
    def context(self) -> ssl.SSLContext:
        """What the client believes."""
        return ssl.create_default_context(cafile=CERTIFICATE if self.is_known else None)


def run(use: Coroutine[Any, Any, object]) -> object:
    """Run a client, and leave the loop a while to close what was broken off in a handshake."""

    async def main() -> object:
        try:
            return await use
        finally:
            await asyncio.sleep(0.02)

    return asyncio.run(main())


def use_requests(target: Target) -> object:
    with requests.Session() as session:
        session.trust_env = False
        verify = CERTIFICATE if target.is_known else True
        return session.get(target.url, timeout=target.wait, verify=verify).content


def use_httpx(target: Target) -> object:
    options: Any = {"timeout": target.wait, "trust_env": False}
    return httpx.get(target.url, verify=target.context, **options).content


def use_async_httpx(target: Target) -> object:
    async def use() -> object:
        options: Any = {"timeout": target.wait, "trust_env": False}
        async with httpx.AsyncClient(verify=target.context, **options) as client:
            return (await client.get(target.url)).content

    return run(use())


def use_urllib(target: Target) -> object:
    handlers = (
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=target.context),
    )
    with urllib.request.build_opener(*handlers).open(target.url, timeout=target.wait) as response:
        return response.read()


def use_urllib3(target: Target, retries: Any = 1) -> object:
    options: Any = {"timeout": target.wait, "ssl_context": target.context}
    with urllib3.PoolManager(retries=retries, **options) as pool:
        return pool.request("GET", target.url).data


def use_urllib3_without_retries(target: Target) -> object:
    return use_urllib3(target, retries=False)


def use_aiohttp(target: Target, check: Any = None) -> object:
    async def use() -> object:
        timeout = aiohttp.ClientTimeout(total=target.wait)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(target.url, ssl=check or target.context) as response,
        ):
            return await response.read()

    return run(use())


def use_http_client(target: Target) -> object:
    connection = http.client.HTTPSConnection(
        target.host, target.port, timeout=target.wait, context=target.context
    )
    with contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()


def use_redis(target: Target) -> object:
    with redis.Redis(
        target.host,
        target.port,
        ssl=True,
        ssl_ca_certs=CERTIFICATE if target.is_known else None,
        socket_timeout=target.wait,
        socket_connect_timeout=target.wait,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return client.get("key")


def use_smtplib(target: Target) -> object:
    with smtplib.SMTP_SSL(
        target.host, target.port, timeout=target.wait, context=target.context
    ) as client:
        return client.noop()


def get_options(target: Target) -> dict[str, Any]:
    """Return the options of the brokers' clients."""
    certificates = CERTIFICATE if target.is_known else None
    return {"ca_certs": certificates, "cert_reqs": ssl.CERT_REQUIRED}


def use_amqp(target: Target) -> object:
    connection = amqp.Connection(
        f"{target.host}:{target.port}", ssl=get_options(target), connect_timeout=target.wait
    )
    try:
        return connection.connect()
    finally:
        connection.collect()


def use_kombu(target: Target) -> object:
    url = f"amqp://{target.host}:{target.port}//"
    with kombu.Connection(url, ssl=get_options(target), connect_timeout=target.wait) as connection:
        return connection.ensure_connection(max_retries=1, interval_start=0)


def use_streams(target: Target) -> object:
    async def use() -> object:
        async with asyncio.timeout(target.wait):
            reader, writer = await asyncio.open_connection(
                target.host, target.port, ssl=target.context
            )
            try:
                writer.write(b"PING")
                return await reader.readexactly(1000)
            finally:
                writer.close()

    return run(use())


CLIENTS: Mapping[str, Callable[[Target], object]] = {
    "requests": use_requests,
    "httpx": use_httpx,
    "httpx, async": use_async_httpx,
    "urllib": use_urllib,
    "urllib3": use_urllib3,
    "urllib3, no retries": use_urllib3_without_retries,
    "aiohttp": use_aiohttp,
    "http.client": use_http_client,
    "redis": use_redis,
    "smtplib": use_smtplib,
    "amqp": use_amqp,
    "kombu": use_kombu,
    "asyncio": use_streams,
}


def agree(connection: socket.socket, words: object) -> None:
    """Shake hands, and show a certificate that nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(65536)


def speak_plainly(connection: socket.socket, words: object) -> None:
    """Answer a handshake as HTTP servers do."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.close()


def break_off(connection: socket.socket, words: object) -> None:
    """Reset in place of an answer to the handshake."""
    connection.recv(65536)
    reset(connection)


def fail(client: str, serve: Any, wait: float = LONG, *, is_known: bool = True) -> tuple[int, Any]:
    """Return the answer of a view whose upstream does `serve`."""
    with accepting(serve)(WORDS["http"]) as address:
        target = Target(*address, wait, is_known)
        return answer(lambda: CLIENTS[client](target))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_does_not_verify_is_a_bug(client: str) -> None:
    assert fail(client, agree, is_known=False) == expect(BUG)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_listener_that_speaks_no_tls_is_a_bug(client: str) -> None:
    assert fail(client, speak_plainly) == expect(BUG)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("serve", [hang_up, break_off])
def test_a_handshake_that_is_broken_off_is_an_outage(serve: Any, client: str) -> None:
    assert fail(client, serve) == expect(UNAVAILABLE)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_handshake_that_is_not_answered_is_a_timeout(client: str) -> None:
    assert fail(client, keep_silent, BRIEFLY) == expect(TIMEOUT)


def test_a_certificate_with_another_fingerprint_is_a_bug() -> None:
    def use() -> object:
        with accepting(agree)(WORDS["http"]) as address:
            target = Target(*address, LONG, is_known=True)
            return use_aiohttp(target, aiohttp.Fingerprint(b"\0" * 32))

    assert answer(use) == expect(BUG)


class PinningAdapter(requests.adapters.HTTPAdapter):
    """Believes one certificate alone, and it is another one."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint="00" * 32, **kwargs)


def test_a_fingerprint_that_urllib3_misses_is_a_bug_behind_requests_too() -> None:
    def use() -> object:
        with accepting(agree)(WORDS["http"]) as (host, port), requests.Session() as session:
            session.trust_env = False
            session.mount("https://", PinningAdapter())
            return session.get(f"https://{host}:{port}/", timeout=LONG, verify=CERTIFICATE)

    assert answer(use) == expect(BUG)
