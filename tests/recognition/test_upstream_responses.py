"""Invalid responses of a service, statuses of a gateway, and the calling project's own faults."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import smtplib
import socket
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import celery
import httpx
import pytest
import redis
import requests
import urllib3
from pymemcache.client.base import Client as MemcacheClient
from pymemcache.client.hash import HashClient
from pytest_django import Settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from requests.adapters import HTTPAdapter

from tests.recognition.listeners import HOST, REPLIES, listening, refuse_connections, replying
from tests.recognition.network_clients import CLIENTS, Target, use_requests, use_urllib3
from tests.recognition.support import Outcome, expect, read, respond

WAIT, BRIEFLY = 10.0, 0.05

INTERNAL = "INTERNAL_ERROR"
UNAVAILABLE = "SERVICE_UNAVAILABLE"
TIMEOUT = "GATEWAY_TIMEOUT"


def make_reply(status: int, content: bytes = b"{}", *headers: bytes) -> bytes:
    """Return an HTTP response."""
    head = [b"HTTP/1.1 %d Reason" % status, b"Content-Length: %d" % len(content), *headers]
    return b"\r\n".join([*head, b"", content])


RETRY = urllib3.Retry(1, status_forcelist=[500, 502, 503, 504])

HTTP_CLIENTS: dict[str, Callable[[Target], object]] = {
    **{name: CLIENTS[name].call for name in ("requests", "httpx", "urllib", "aiohttp")},
    "requests, retrying": lambda target: use_requests(target, HTTPAdapter(max_retries=RETRY)),
    "urllib3, retrying": lambda target: use_urllib3(target, RETRY),
}


def call(use: Callable[[Target], object], reply: bytes) -> Outcome:
    """Return the response of a view whose service sends `reply`."""
    with replying(reply) as address:
        return read(respond(lambda: use(Target(*address, WAIT))))


# Every client with every status: each client has the status in another attribute.
@pytest.mark.parametrize("client", HTTP_CLIENTS)
def test_the_statuses_of_a_gateway_whose_service_is_down_have_their_codes(client: str) -> None:
    codes = {502: UNAVAILABLE, 503: UNAVAILABLE, 504: TIMEOUT, 500: INTERNAL}
    if "retrying" not in client:
        codes |= dict.fromkeys((400, 401, 404, 407, 429), INTERNAL)
    outcomes = {status: call(HTTP_CLIENTS[client], make_reply(status)) for status in codes}
    assert outcomes == {status: expect(code) for status, code in codes.items()}


def test_a_project_can_remove_the_row_of_an_upstreams_statuses(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"requests.exceptions.HTTPError": None}}
    assert call(CLIENTS["requests"].call, make_reply(503)) == expect(INTERNAL)


def test_a_limit_of_redirects_is_an_internal_error() -> None:
    reply = make_reply(302, b"", b"Location: /")
    assert call(HTTP_CLIENTS["urllib3, retrying"], reply) == expect(INTERNAL)


NO_GZIP = make_reply(200, b"text", b"Content-Encoding: gzip")
NO_STATUS = b"HTTP/1.1 okay\r\n\r\n"
ENDLESS_LINE = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000
NO_CHUNK_SIZE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


@pytest.mark.parametrize(
    ("client", "reply"),
    [
        *[(client, NO_GZIP) for client in HTTP_CLIENTS if client != "urllib"],
        *[(client, NO_STATUS) for client in HTTP_CLIENTS],
        ("urllib", ENDLESS_LINE),
        ("aiohttp", ENDLESS_LINE),
        ("aiohttp", NO_CHUNK_SIZE),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value[:60]),
)
def test_an_invalid_response_is_unavailable(client: str, reply: bytes) -> None:
    assert call(HTTP_CLIENTS[client], reply) == expect(UNAVAILABLE)


async def read_after_the_end(target: Target) -> object:
    async with aiohttp.ClientSession() as session:
        async with session.get(target.url) as response:
            pass
        return await response.read()


async def send_a_body_that_fails(target: Target) -> object:
    async def generate() -> Any:
        yield b"first"
        raise KeyError("second")

    async with aiohttp.ClientSession() as session:
        return await session.post(target.url, data=generate())


async def parse_html_as_json(target: Target) -> object:
    async with aiohttp.ClientSession() as session, session.get(target.url) as response:
        return await response.json()


# The service sends HTML with the status 200.
PROJECT_FAULTS: dict[str, Callable[[Target], Any]] = {
    "aiohttp, read after the end": lambda target: asyncio.run(read_after_the_end(target)),
    "aiohttp, a body that fails": lambda target: asyncio.run(send_a_body_that_fails(target)),
    "aiohttp, HTML as JSON": lambda target: asyncio.run(parse_html_as_json(target)),
    "requests, HTML as JSON": lambda target: requests.get(target.url, timeout=WAIT).json(),
    "requests, a scheme": lambda target: requests.get("gopher://localhost/"),
    "requests, no scheme": lambda target: requests.get("localhost"),
    "requests, no host": lambda target: requests.get("http://"),
    "requests, a header": lambda target: requests.get(target.url, headers={"X": "a\nb"}),
    "httpx, a scheme": lambda target: httpx.get("gopher://localhost/", verify=False),
    "httpx, a port": lambda target: httpx.get("http://localhost:no-port/", verify=False),
    "httpx, a header": lambda target: httpx.get(target.url, headers={"X": "a\nb"}, verify=False),
    "urllib, a scheme": lambda target: urllib.request.urlopen("gopher://localhost/"),
    "urllib, no scheme": lambda target: urllib.request.urlopen("localhost"),
    "urllib3, a scheme": lambda target: urllib3.request("GET", "gopher://localhost/"),
    "a host name": lambda target: socket.create_connection(("a" * 64 + ".invalid", 80)),
    "pymemcache, a key": lambda target: MemcacheClient((HOST, 1)).get("two words"),
    "a file": lambda target: Path("/nothing/here").read_text(),
}


@pytest.mark.parametrize("name", PROJECT_FAULTS)
def test_a_fault_of_the_calling_project_is_an_internal_error(name: str) -> None:
    reply = make_reply(200, b"<html>" + b"x" * 300_000, b"Content-Type: text/html")
    assert call(PROJECT_FAULTS[name], reply) == expect(INTERNAL)


def use_redis(reply: bytes) -> object:
    """Write to a Redis that sends `reply` to everything."""
    with (
        replying(reply) as (host, port),
        redis.Redis(host, port, socket_timeout=WAIT, retry=Retry(NoBackoff(), 0)) as client,
    ):
        return client.set("key", "value")


def use_memcached(reply: bytes) -> object:
    """Write to a memcached that sends `reply`."""
    with (
        replying(reply) as address,
        contextlib.closing(MemcacheClient(address, timeout=WAIT, default_noreply=False)) as client,
    ):
        return client.set("key", "value")


def send_mail(*replies: bytes) -> object:
    with (
        replying(*replies, greeting=b"220 here\r\n") as (host, port),
        contextlib.closing(smtplib.SMTP(host, port, timeout=WAIT)) as client,
    ):
        return client.sendmail("from@example.com", ["to@example.com"], "text")


def use_cluster(reply: bytes) -> object:
    with replying(reply) as (host, port):
        return redis.RedisCluster(host, port)


def find_no_node() -> object:
    with refuse_connections(REPLIES["redis"]) as (host, port):
        return redis.RedisCluster(host, port)


def use_dead_memcached() -> object:
    with refuse_connections(REPLIES["memcache"]) as address:
        client = HashClient([address], retry_attempts=0, dead_timeout=60)
        with pytest.raises(ConnectionRefusedError):
            client.get("key")
        return client.get("key")


def download() -> object:
    """Retrieve a file whose end is missing."""

    def close_early(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(REPLIES["http"].body)
        connection.close()

    with (
        listening(close_early) as (host, port),
        pytest.MonkeyPatch.context() as monkeypatch,
        tempfile.NamedTemporaryFile() as file,
    ):
        monkeypatch.setenv("no_proxy", "*")
        return urllib.request.urlretrieve(f"http://{host}:{port}/", file.name)


def use_amqp() -> object:
    """Read a frame without an end."""
    with replying(b"\x01\x00\x00\x00\x00\x00\x04half\x00") as address:
        return CLIENTS["amqp"].call(Target(*address, WAIT))


def exhaust_urllib3() -> object:
    with urllib3.HTTPConnectionPool(HOST, 1, maxsize=1, block=True) as pool:
        pool._get_conn()
        return pool.urlopen("GET", "/", pool_timeout=BRIEFLY, retries=False)


def exhaust_redis() -> object:
    with replying(b"+OK\r\n") as (host, port):
        # The listener can send the greeting of version 2 only.
        pool = redis.ConnectionPool(max_connections=1, host=host, port=port, protocol=2)
        first = pool.get_connection()
        try:
            return pool.get_connection()
        finally:
            first.disconnect()


def exhaust_httpx() -> object:
    options: Any = {"limits": httpx.Limits(max_connections=1), "verify": False}
    with (
        replying(REPLIES["http"].body) as (host, port),
        httpx.Client(timeout=httpx.Timeout(WAIT, pool=BRIEFLY), **options) as client,
        client.stream("GET", f"http://{host}:{port}/"),
    ):
        return client.get(f"http://{host}:{port}/")


def wait_for_celery() -> object:
    with celery.Celery(backend="cache+memory://", set_as_current=False) as app:
        return app.AsyncResult("id").get(timeout=BRIEFLY, interval=BRIEFLY)


OKAY, CLOSING, REJECTED = b"250 okay\r\n", b"421 closing\r\n", b"550 no\r\n"

# Each code, the functions that lead to it, and the replies of the service.
FAILURES: dict[str, list[tuple[Callable[..., object], *tuple[bytes, ...]]]] = {
    UNAVAILABLE: [
        (use_redis, b"-LOADING Redis is loading the dataset in memory\r\n"),
        (use_redis, b"-READONLY You can't write against a read only replica.\r\n"),
        (use_redis, b"-CLUSTERDOWN The cluster is down\r\n"),
        (use_redis, b"-MASTERDOWN Link with MASTER is down\r\n"),
        (use_redis, b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
        (use_redis, b"-ERR max number of clients reached\r\n"),
        (use_memcached, b"OKAY\r\n"),
        # To the sender, to the recipient, to the data, to the message.
        *((send_mail, *[OKAY] * count, CLOSING) for count in range(4)),
        (find_no_node,),
        (use_dead_memcached,),
        (download,),
        (use_amqp,),
        (exhaust_urllib3,),
        (exhaust_redis,),
        (exhaust_httpx,),
    ],
    TIMEOUT: [(wait_for_celery,), (lambda: concurrent.futures.Future().result(BRIEFLY),)],
    INTERNAL: [
        (use_redis, b"-NOAUTH Authentication required.\r\n"),
        (use_redis, b"-WRONGPASS invalid username-password pair\r\n"),
        (use_redis, b"-NOPERM this user has no permissions\r\n"),
        (use_redis, b"-ERR unknown command\r\n"),
        (use_redis, b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        (use_cluster, b"-ERR This instance has cluster support disabled\r\n"),
        (use_memcached, b"ERROR\r\n"),
        (use_memcached, b"CLIENT_ERROR bad data chunk\r\n"),
        (use_memcached, b"SERVER_ERROR object too large for cache\r\n"),
        *((send_mail, *[OKAY] * count, REJECTED) for count in range(3)),
    ],
}


@pytest.mark.parametrize(
    ("code", "fail", "replies"),
    [(code, fail, replies) for code, rows in FAILURES.items() for fail, *replies in rows],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_failure_of_a_service_has_its_code(
    code: str, fail: Callable[..., object], replies: list[bytes]
) -> None:
    assert read(respond(lambda: fail(*replies))) == expect(code)
