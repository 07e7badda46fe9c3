"""Invalid responses of a service, statuses of a gateway, and the calling project's own faults."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import smtplib
import socket
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

from tests.recognition.listeners import HOST, WORDS, Address, listening, refuse, replying
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


def test_a_download_that_is_cut_short_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")

    def close_early(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(WORDS["http"].body)
        connection.close()

    with listening(close_early) as (host, port):
        url = f"http://{host}:{port}/"
        outcome = read(respond(lambda: urllib.request.urlretrieve(url, tmp_path / "file")))
    assert outcome == expect(UNAVAILABLE)


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


@pytest.mark.parametrize(
    "use",
    [
        lambda target: asyncio.run(read_after_the_end(target)),
        lambda target: asyncio.run(send_a_body_that_fails(target)),
        lambda target: asyncio.run(parse_html_as_json(target)),
        lambda target: requests.get(target.url, timeout=WAIT).json(),
        lambda target: requests.get("gopher://localhost/"),
        lambda target: requests.get("localhost"),
        lambda target: requests.get("http://"),
        lambda target: requests.get(target.url, headers={"X": "a\nb"}),
        lambda target: httpx.get("gopher://localhost/", verify=False),
        lambda target: httpx.get("http://localhost:no-port/", verify=False),
        lambda target: httpx.get(target.url, headers={"X": "a\nb"}, verify=False),
        lambda target: urllib.request.urlopen("gopher://localhost/"),
        lambda target: urllib.request.urlopen("localhost"),
        lambda target: urllib3.request("GET", "gopher://localhost/"),
        lambda target: socket.create_connection(("a" * 64 + ".invalid", 80)),
        lambda target: MemcacheClient((HOST, 1)).get("two words"),
        lambda target: Path("/nothing/here").read_text(),
    ],
)
def test_a_fault_of_the_calling_project_is_an_internal_error(use: Callable[[Target], Any]) -> None:
    reply = make_reply(200, b"<html>" + b"x" * 300_000, b"Content-Type: text/html")
    assert call(use, reply) == expect(INTERNAL)


def use_redis(reply: bytes) -> object:
    """Write to a Redis that sends `reply` to everything."""
    with (
        replying(reply) as (host, port),
        redis.Redis(host, port, socket_timeout=WAIT, retry=Retry(NoBackoff(), 0)) as client,
    ):
        return client.set("key", "value")


def test_an_error_of_redis_has_its_code() -> None:
    codes = {
        b"LOADING Redis is loading the dataset in memory": UNAVAILABLE,
        b"READONLY You can't write against a read only replica.": UNAVAILABLE,
        b"CLUSTERDOWN The cluster is down": UNAVAILABLE,
        b"MASTERDOWN Link with MASTER is down": UNAVAILABLE,
        b"OOM command not allowed when used memory > 'maxmemory'.": UNAVAILABLE,
        b"ERR max number of clients reached": UNAVAILABLE,
        b"NOAUTH Authentication required.": INTERNAL,
        b"WRONGPASS invalid username-password pair": INTERNAL,
        b"NOPERM this user has no permissions": INTERNAL,
        b"ERR unknown command": INTERNAL,
        b"WRONGTYPE Operation against a key holding the wrong kind of value": INTERNAL,
    }
    outcomes = {reply: read(respond(lambda r=reply: use_redis(b"-%s\r\n" % r))) for reply in codes}
    assert outcomes == {reply: expect(code) for reply, code in codes.items()}


def test_a_redis_cluster_without_a_node_is_unavailable() -> None:
    with refuse(WORDS["redis"]) as (host, port):
        assert read(respond(lambda: redis.RedisCluster(host, port))) == expect(UNAVAILABLE)


def test_a_redis_without_cluster_support_is_an_internal_error() -> None:
    with replying(b"-ERR This instance has cluster support disabled\r\n") as (host, port):
        assert read(respond(lambda: redis.RedisCluster(host, port))) == expect(INTERNAL)


def write_to_memcached(address: Address) -> object:
    client = MemcacheClient(address, timeout=WAIT, default_noreply=False)
    with contextlib.closing(client):
        return client.set("key", "value")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"OKAY\r\n", UNAVAILABLE),
        (b"ERROR\r\n", INTERNAL),
        (b"CLIENT_ERROR bad data chunk\r\n", INTERNAL),
        (b"SERVER_ERROR object too large for cache\r\n", INTERNAL),
    ],
)
def test_a_response_of_memcached_has_its_code(reply: bytes, code: str) -> None:
    with replying(reply) as address:
        assert read(respond(lambda: write_to_memcached(address))) == expect(code)


def test_memcached_servers_that_are_all_marked_as_dead_are_unavailable() -> None:
    with refuse(WORDS["memcache"]) as address:
        client = HashClient([address], retry_attempts=0, dead_timeout=60)
        with pytest.raises(ConnectionRefusedError):
            client.get("key")
        assert read(respond(lambda: client.get("key"))) == expect(UNAVAILABLE)


def send_mail(*replies: bytes) -> object:
    with (
        replying(*replies, greeting=b"220 here\r\n") as (host, port),
        contextlib.closing(smtplib.SMTP(host, port, timeout=WAIT)) as client,
    ):
        return client.sendmail("from@example.com", ["to@example.com"], "text")


OKAY, CLOSING, REJECTED = b"250 okay\r\n", b"421 closing\r\n", b"550 no\r\n"


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ([CLOSING], UNAVAILABLE),
        ([OKAY, CLOSING], UNAVAILABLE),
        ([OKAY, OKAY, CLOSING], UNAVAILABLE),
        ([OKAY, OKAY, OKAY, CLOSING], UNAVAILABLE),
        ([REJECTED], INTERNAL),
        ([OKAY, REJECTED], INTERNAL),
        ([OKAY, OKAY, REJECTED], INTERNAL),
    ],
    ids=["greeting", "sender", "recipient", "data", "no greeting", "no sender", "no recipient"],
)
def test_a_mail_server_that_closes_is_unavailable_and_one_that_rejects_an_internal_error(
    replies: list[bytes], code: str
) -> None:
    assert read(respond(lambda: send_mail(*replies))) == expect(code)


def test_an_amqp_frame_without_an_end_is_unavailable() -> None:
    with replying(b"\x01\x00\x00\x00\x00\x00\x04half\x00") as address:
        outcome = read(respond(lambda: CLIENTS["amqp"].call(Target(*address, WAIT))))
    assert outcome == expect(UNAVAILABLE)


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
        replying(WORDS["http"].body) as (host, port),
        httpx.Client(timeout=httpx.Timeout(WAIT, pool=BRIEFLY), **options) as client,
        client.stream("GET", f"http://{host}:{port}/"),
    ):
        return client.get(f"http://{host}:{port}/")


@pytest.mark.parametrize("exhaust", [exhaust_urllib3, exhaust_redis, exhaust_httpx])
def test_a_pool_without_a_free_connection_is_unavailable(exhaust: Callable[[], object]) -> None:
    assert read(respond(exhaust)) == expect(UNAVAILABLE)


def test_a_result_of_celery_that_does_not_come_is_a_timeout() -> None:
    with celery.Celery(backend="cache+memory://", set_as_current=False) as app:
        get = app.AsyncResult("id").get
        outcome = read(respond(lambda: get(timeout=BRIEFLY, interval=BRIEFLY)))
    assert outcome == expect(TIMEOUT)


def test_a_future_without_a_result_in_time_is_a_timeout() -> None:
    assert read(respond(lambda: concurrent.futures.Future().result(BRIEFLY))) == expect(TIMEOUT)
