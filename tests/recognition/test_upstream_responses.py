"""Answers of upstreams that are none or say that nobody is there, and what is a bug after all."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import re
import smtplib
import socket
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import celery
import httpx
import pytest
import redis
import redis.asyncio
import requests
import urllib3
from django.http import HttpResponse
from pymemcache.client.base import Client as MemcacheClient
from pymemcache.client.hash import HashClient
from pytest_django.fixtures import Settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.bodies import body
from tests.listeners import (
    HOST,
    WORDS,
    Address,
    listening,
    refuse,
)
from tests.upstreams import CLIENTS

WAIT = 10.0
BRIEFLY = 0.1

BUG = "INTERNAL_ERROR"
UNAVAILABLE = "SERVICE_UNAVAILABLE"
TIMEOUT = "GATEWAY_TIMEOUT"

REFERENCE = re.compile(r" Reference: [0-9a-f]{12}\.")

Fail = Callable[[], object]


def answer(fail: Fail) -> tuple[int, Any]:
    """Return the status and the body of a DRF view in which `fail` is called."""

    class FailingView(APIView):
        def get(self, request: Request) -> Response:
            return Response({"upstream": repr(fail())})

    response: HttpResponse = FailingView.as_view()(APIRequestFactory().get("/")).render()
    return response.status_code, json.loads(REFERENCE.sub("", response.content.decode()))


def expect(code: str) -> tuple[int, Any]:
    """Return the status and the body of `code`, less the reference of a bug."""
    return body(code)["status"], body(code)


def replying(*replies: bytes, greeting: bytes = b"") -> contextlib.AbstractContextManager[Address]:
    """Listen, and answer each question with the next reply, those after the last with that."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for number in range(100):
            if not connection.recv(65536):
                return
            connection.sendall(replies[min(number, len(replies) - 1)])

    return listening(serve)


def make_reply(status: int, content: bytes = b"{}", *headers: bytes) -> bytes:
    """Return an HTTP response."""
    head = [b"HTTP/1.1 %d Reason" % status, b"Content-Length: %d" % len(content), *headers]
    return b"\r\n".join([*head, b"", content])


def use_requests(url: str) -> object:
    with requests.Session() as session:
        session.trust_env = False
        response = session.get(url, timeout=WAIT)
        response.raise_for_status()
        return response.content


def use_retrying_requests(url: str) -> object:
    with requests.Session() as session:
        session.trust_env = False
        retry = urllib3.Retry(1, status_forcelist=[500, 502, 503, 504])
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        response = session.get(url, timeout=WAIT)
        response.raise_for_status()
        return response.content


def use_urllib3(url: str) -> object:
    retry = urllib3.Retry(1, status_forcelist=[500, 502, 503, 504])
    with urllib3.PoolManager(retries=retry, timeout=WAIT) as pool:
        return pool.request("GET", url).data


def use_httpx(url: str) -> object:
    return httpx.get(url, timeout=WAIT, trust_env=False).raise_for_status().content


def use_urllib(url: str) -> object:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=WAIT) as response:
        return response.read()


def use_http_client(url: str) -> object:
    host, _, port = url.removeprefix("http://").strip("/").partition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), WAIT)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


def use_aiohttp(url: str) -> object:
    async def use() -> object:
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.get(url) as response,
        ):
            return await response.read()

    return asyncio.run(use())


HTTP_CLIENTS: Mapping[str, Callable[[str], object]] = {
    "requests": use_requests,
    "requests, retrying": use_retrying_requests,
    "urllib3, retrying": use_urllib3,
    "httpx": use_httpx,
    "urllib": use_urllib,
    "aiohttp": use_aiohttp,
}


def ask(use: Callable[[str], object], reply: bytes) -> tuple[int, Any]:
    """Return the answer of a view whose upstream gives `reply`."""
    with replying(reply) as (host, port):
        return answer(lambda: use(f"http://{host}:{port}/"))


@pytest.mark.parametrize("client", HTTP_CLIENTS)
@pytest.mark.parametrize(
    ("status", "code"), [(502, UNAVAILABLE), (503, UNAVAILABLE), (504, TIMEOUT), (500, BUG)]
)
def test_what_a_gateway_answers_for_a_service_that_is_not_there_is_an_outage(
    status: int, code: str, client: str
) -> None:
    assert ask(HTTP_CLIENTS[client], make_reply(status)) == expect(code)


@pytest.mark.parametrize("client", ["requests", "httpx", "urllib", "aiohttp"])
@pytest.mark.parametrize("status", [400, 401, 404, 407, 429])
def test_that_the_project_asked_wrongly_is_a_bug(status: int, client: str) -> None:
    assert ask(HTTP_CLIENTS[client], make_reply(status)) == expect(BUG)


def test_a_project_that_wants_none_of_an_upstreams_answers_removes_the_row(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"requests.exceptions.HTTPError": None}}
    assert ask(use_requests, make_reply(503)) == expect(BUG)


def test_an_http_error_without_a_response_is_a_bug() -> None:
    def fail() -> None:
        raise requests.HTTPError("secret")

    assert answer(fail) == expect(BUG)


def test_a_limit_of_redirects_is_a_bug() -> None:
    def use(url: str) -> object:
        with urllib3.PoolManager(retries=urllib3.Retry(1)) as pool:
            return pool.request("GET", url)

    assert ask(use, make_reply(302, b"", b"Location: /")) == expect(BUG)


GARBLED: Mapping[str, bytes] = {
    "no gzip": make_reply(200, b"text", b"Content-Encoding: gzip"),
    "a line without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    "no status": b"HTTP/1.1 okay\r\n\r\n",
    "no size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize(
    ("client", "garbled"),
    [
        *[(client, "no gzip") for client in HTTP_CLIENTS if client != "urllib"],
        *[(client, "no status") for client in HTTP_CLIENTS],
        ("urllib", "a line without an end"),
        ("aiohttp", "a line without an end"),
        ("aiohttp", "no size of a chunk"),
    ],
)
def test_an_answer_that_is_none_is_an_outage(client: str, garbled: str) -> None:
    assert ask(HTTP_CLIENTS[client], GARBLED[garbled]) == expect(UNAVAILABLE)


def test_a_header_that_never_ends_is_an_outage_to_the_standard_library_too() -> None:
    assert ask(use_http_client, GARBLED["a line without an end"]) == expect(UNAVAILABLE)


def test_a_download_that_is_cut_short_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")

    def close_early(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(WORDS["http"].body)
        connection.close()

    with listening(close_early) as (host, port):
        url = f"http://{host}:{port}/"
        found = answer(lambda: urllib.request.urlretrieve(url, tmp_path / "file"))
    assert found == expect(UNAVAILABLE)


def read_after_the_end(url: str) -> object:
    """Read of a response what was not read in time."""

    async def use() -> object:
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as response:
                pass
            return await response.read()

    return asyncio.run(use())


def send_a_broken_body(url: str) -> object:
    """Send what cannot be made."""

    async def make() -> Any:
        yield b"first"
        raise KeyError("second")

    async def use() -> object:
        async with aiohttp.ClientSession() as session, session.post(url, data=make()) as response:
            return await response.read()

    return asyncio.run(use())


def take_html_for_json(url: str) -> object:
    """Take for JSON what calls itself HTML."""

    async def use() -> object:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.json()

    return asyncio.run(use())


OWN_FAULTS: Mapping[str, Callable[[str], object]] = {
    "aiohttp, read after the end": read_after_the_end,
    "aiohttp, a broken body": send_a_broken_body,
    "aiohttp, HTML": take_html_for_json,
    "requests, HTML": lambda url: requests.get(url, timeout=WAIT).json(),
    "requests, a scheme": lambda url: requests.get("gopher://localhost/"),
    "requests, no scheme": lambda url: requests.get("localhost"),
    "requests, no host": lambda url: requests.get("http://"),
    "requests, a header": lambda url: requests.get(url, headers={"X": "a\nb"}),
    "httpx, a scheme": lambda url: httpx.get("gopher://localhost/"),
    "httpx, a port": lambda url: httpx.get("http://localhost:no-port/"),
    "httpx, a header": lambda url: httpx.get(url, headers={"X": "a\nb"}),
    "urllib, a scheme": lambda url: urllib.request.urlopen("gopher://localhost/"),
    "urllib, no scheme": lambda url: urllib.request.urlopen("localhost"),
    "urllib3, a scheme": lambda url: urllib3.request("GET", "gopher://localhost/"),
    "a label of a name": lambda url: socket.create_connection(("a" * 64 + ".invalid", 80)),
    "a file": lambda url: Path("/nothing/here").read_text(),
}


@pytest.mark.parametrize("fault", OWN_FAULTS)
def test_what_is_the_projects_own_fault_is_a_bug(fault: str) -> None:
    reply = make_reply(200, b"<html>" + b"x" * 300_000, b"Content-Type: text/html")
    assert ask(OWN_FAULTS[fault], reply) == expect(BUG)


def use_redis(reply: bytes) -> object:
    """Write to a Redis that answers `reply` to everything."""
    with (
        replying(reply) as (host, port),
        redis.Redis(host, port, socket_timeout=WAIT, retry=Retry(NoBackoff(), 0)) as client,
    ):
        return client.set("key", "value")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", UNAVAILABLE),
        (b"-READONLY You can't write against a read only replica.\r\n", UNAVAILABLE),
        (b"-CLUSTERDOWN The cluster is down\r\n", UNAVAILABLE),
        (b"-MASTERDOWN Link with MASTER is down\r\n", UNAVAILABLE),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", UNAVAILABLE),
        (b"-ERR max number of clients reached\r\n", UNAVAILABLE),
        (b"-NOAUTH Authentication required.\r\n", BUG),
        (b"-WRONGPASS invalid username-password pair\r\n", BUG),
        (b"-NOPERM this user has no permissions\r\n", BUG),
        (b"-ERR unknown command\r\n", BUG),
        (b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", BUG),
    ],
)
def test_a_reply_of_redis_is_an_outage_where_it_says_that_it_cannot(
    reply: bytes, code: str
) -> None:
    assert answer(lambda: use_redis(reply)) == expect(code)


def test_a_redis_cluster_none_of_whose_nodes_is_there_is_an_outage() -> None:
    with refuse(WORDS["redis"]) as (host, port):
        assert answer(lambda: redis.RedisCluster(host, port)) == expect(UNAVAILABLE)


def test_a_redis_cluster_that_is_none_is_a_bug() -> None:
    with replying(b"-ERR This instance has cluster support disabled\r\n") as (host, port):
        assert answer(lambda: redis.RedisCluster(host, port)) == expect(BUG)


def write_to_memcached(address: Address) -> object:
    client = MemcacheClient(address, timeout=WAIT, default_noreply=False)
    with contextlib.closing(client):
        return client.set("key", "value")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"OKAY\r\n", UNAVAILABLE),
        (b"ERROR\r\n", BUG),
        (b"CLIENT_ERROR bad data chunk\r\n", BUG),
        (b"SERVER_ERROR object too large for cache\r\n", BUG),
    ],
)
def test_a_reply_of_memcached_is_an_outage_where_it_makes_no_sense(reply: bytes, code: str) -> None:
    with replying(reply) as address:
        assert answer(lambda: write_to_memcached(address)) == expect(code)


def test_memcached_servers_that_are_all_held_for_dead_are_an_outage() -> None:
    with refuse(WORDS["memcache"]) as address:
        client = HashClient([address], retry_attempts=0, dead_timeout=60)
        with pytest.raises(ConnectionRefusedError):
            client.get("key")
        assert answer(lambda: client.get("key")) == expect(UNAVAILABLE)


def test_a_key_that_memcached_does_not_take_is_a_bug() -> None:
    assert answer(lambda: MemcacheClient((HOST, 1)).get("two words")) == expect(BUG)


def send_mail(*replies: bytes) -> object:
    with (
        replying(*replies, greeting=b"220 here\r\n") as (host, port),
        contextlib.closing(smtplib.SMTP(host, port, timeout=WAIT)) as client,
    ):
        return client.sendmail("from@example.com", ["to@example.com"], "text")


OKAY, CLOSING, REFUSED = b"250 okay\r\n", b"421 closing\r\n", b"550 no\r\n"


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((CLOSING,), UNAVAILABLE),
        ((OKAY, CLOSING), UNAVAILABLE),
        ((OKAY, OKAY, CLOSING), UNAVAILABLE),
        ((OKAY, OKAY, OKAY, CLOSING), UNAVAILABLE),
        ((REFUSED,), BUG),
        ((OKAY, REFUSED), BUG),
        ((OKAY, OKAY, REFUSED), BUG),
    ],
    ids=["greeting", "sender", "recipient", "data", "no greeting", "no sender", "no recipient"],
)
def test_a_mail_server_that_closes_is_an_outage_and_one_that_refuses_a_mail_a_bug(
    replies: tuple[bytes, ...], code: str
) -> None:
    assert answer(lambda: send_mail(*replies)) == expect(code)


def test_a_frame_that_does_not_end_is_an_outage() -> None:
    with replying(b"\x01\x00\x00\x00\x00\x00\x04half\x00") as address:
        found = answer(lambda: CLIENTS["amqp"].call(*address, WAIT))
    assert found == expect(UNAVAILABLE)


def take_two_from_a_pool_of_urllib3() -> object:
    with urllib3.HTTPConnectionPool(HOST, 1, maxsize=1, block=True) as pool:
        pool._get_conn()
        return pool.urlopen("GET", "/", pool_timeout=BRIEFLY, retries=False)


def take_two_from_a_pool_of_redis() -> object:
    with replying(b"+OK\r\n") as (host, port):
        # Of the older protocol, whose greeting a fake can answer.
        pool = redis.ConnectionPool(max_connections=1, host=host, port=port, protocol=2)
        first = pool.get_connection()
        try:
            return pool.get_connection()
        finally:
            first.disconnect()


def take_two_from_a_pool_of_httpx() -> object:
    reply = WORDS["http"].body
    timeout = httpx.Timeout(WAIT, pool=BRIEFLY)
    with (
        replying(reply) as (host, port),
        httpx.Client(limits=httpx.Limits(max_connections=1), timeout=timeout) as client,
        client.stream("GET", f"http://{host}:{port}/"),
    ):
        return client.get(f"http://{host}:{port}/")


@pytest.mark.parametrize(
    "take",
    [
        take_two_from_a_pool_of_urllib3,
        take_two_from_a_pool_of_redis,
        take_two_from_a_pool_of_httpx,
    ],
)
def test_a_pool_without_a_free_connection_is_an_outage(take: Fail) -> None:
    assert answer(take) == expect(UNAVAILABLE)


def test_a_result_of_celery_that_does_not_come_is_a_timeout() -> None:
    with celery.Celery(backend="cache+memory://", set_as_current=False) as app:
        fail = app.AsyncResult("id").get
        assert answer(lambda: fail(timeout=BRIEFLY, interval=BRIEFLY)) == expect(TIMEOUT)


def test_a_future_that_is_not_fulfilled_in_time_is_a_timeout() -> None:
    assert answer(lambda: concurrent.futures.Future().result(BRIEFLY)) == expect(TIMEOUT)
