"""One call of each network client, to an address, with a timeout, over TLS if the target has it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import inspect
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import amqp
import celery
import httpx
import kombu
import redis
import redis.asyncio
import requests
import urllib3
from django.core import mail
from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from django.test import override_settings
from pymemcache.client.base import Client as MemcacheClient
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

# For 127.0.0.1 and localhost, for a hundred years, made for these tests with
# openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
#   -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost
CERTIFICATE = str(Path(__file__).with_name("self_signed.pem"))

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

# The clients of brokers wait between two attempts otherwise.
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


class Target(NamedTuple):
    """An address, a timeout in seconds, and for TLS whether the self-signed certificate is known.

    `is_trusted` is `None` without TLS.
    """

    host: str
    port: int
    wait: float
    is_trusted: bool | None = None

    @property
    def is_tls(self) -> bool:
        return self.is_trusted is not None

    @property
    def url(self) -> str:
        return f"http{'s' * self.is_tls}://{self.host}:{self.port}/"

    @property
    def certificates(self) -> str | None:
        return CERTIFICATE if self.is_trusted else None

    @property
    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.certificates) if self.is_tls else None

    @property
    def httpx_options(self) -> dict[str, Any]:
        # Reading the certificates of the system takes a while.
        verify = self.context or False
        return {"timeout": self.wait, "trust_env": False, "verify": verify}

    @property
    def broker_options(self) -> Any:
        """The value of `ssl` for py-amqp and kombu."""
        return self.is_tls and {"ca_certs": self.certificates, "cert_reqs": ssl.CERT_REQUIRED}

    @property
    def redis_options(self) -> dict[str, Any]:
        return {"socket_timeout": self.wait, "socket_connect_timeout": self.wait}


class NetworkClient(NamedTuple):
    """A client, sync or async, the protocol of its service, and whether it can use TLS."""

    protocol: str
    use: Callable[[Target], Any]
    has_tls: bool = False

    def call(self, target: Target) -> object:
        """Make one call and wait for the result."""
        result = self.use(target)
        return asyncio.run(_finish(result)) if inspect.iscoroutine(result) else result


async def _finish(result: Any) -> object:
    try:
        return await result
    finally:
        # asyncio closes the transport of a failed handshake in a later step of the loop.
        await asyncio.sleep(0.01)


def use_requests(target: Target, adapter: Any = None) -> object:
    with requests.Session() as session:
        session.trust_env = False
        if adapter is not None:
            session.mount(target.url, adapter)
        verify = target.certificates or True
        response = session.get(target.url, timeout=target.wait, verify=verify)
        response.raise_for_status()
        return response.content


def use_httpx(target: Target) -> object:
    return httpx.get(target.url, **target.httpx_options).raise_for_status().content


async def await_httpx(target: Target) -> object:
    async with httpx.AsyncClient(**target.httpx_options) as client:
        return (await client.get(target.url)).raise_for_status().content


def use_urllib(target: Target) -> object:
    # Without a context the handler reads the certificates of the system.
    context = target.context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(target.url, timeout=target.wait) as response:
            return response.read()
    except urllib.error.HTTPError as exc:
        # The exception is the response too, with its connection.
        exc.close()
        raise


def use_urllib3(target: Target, retries: Any = 1) -> object:
    options: Any = {"timeout": target.wait, "ssl_context": target.context}
    with urllib3.PoolManager(retries=retries, **options) as pool:
        return pool.request("GET", target.url).data


async def await_aiohttp(target: Target, check: Any = None) -> object:
    return await _await_aiohttp(target, aiohttp.ClientTimeout(total=target.wait), check)


async def await_aiohttp_by_socket(target: Target) -> object:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=target.wait, sock_read=target.wait)
    return await _await_aiohttp(target, timeout)


async def _await_aiohttp(
    target: Target, timeout: aiohttp.ClientTimeout, check: Any = None
) -> object:
    async with (
        aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
        session.get(target.url, ssl=check or target.context or True) as response,
    ):
        return await response.read()


def use_http_client(target: Target) -> object:
    options: Any = {"timeout": target.wait}
    connection = (
        http.client.HTTPSConnection(target.host, target.port, context=target.context, **options)
        if target.is_tls
        else http.client.HTTPConnection(target.host, target.port, **options)
    )
    with contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()


def use_redis(target: Target) -> object:
    options: Any = {"ssl": target.is_tls, "ssl_ca_certs": target.certificates}
    options |= target.redis_options | {"retry": Retry(NoBackoff(), 0)}
    with redis.Redis(target.host, target.port, **options) as client:
        return client.get("key")


async def await_redis(target: Target) -> object:
    options: Any = target.redis_options | {"retry": AsyncRetry(NoBackoff(), 0)}
    async with redis.asyncio.Redis(host=target.host, port=target.port, **options) as client:
        return await client.get("key")


def make_redis_cache(target: Target) -> RedisCache:
    options = target.redis_options | {"retry": None}
    return RedisCache(f"redis://{target.host}:{target.port}", {"OPTIONS": options})


def use_pymemcache(target: Target) -> object:
    options = {"connect_timeout": target.wait, "timeout": target.wait}
    with contextlib.closing(MemcacheClient((target.host, target.port), **options)) as client:
        return client.get("key")


def use_pymemcache_cache(target: Target) -> object:
    options = {"connect_timeout": target.wait, "timeout": target.wait}
    return PyMemcacheCache(f"{target.host}:{target.port}", {"OPTIONS": options}).get("key")


def use_amqp(target: Target) -> object:
    options: Any = {"connect_timeout": target.wait, "read_timeout": target.wait}
    connection = amqp.Connection(
        f"{target.host}:{target.port}", ssl=target.broker_options, **options
    )
    try:
        connection.connect()
        return connection.channel()
    finally:
        connection.collect()


def publish(target: Target, url: str, **options: Any) -> object:
    url = url.format(target)
    with kombu.Connection(url, connect_timeout=target.wait, **options) as connection:
        producer = connection.Producer()
        return producer.publish({}, routing_key="key", retry=True, retry_policy=AT_ONCE)


def send_task(target: Target, url: str, **options: Any) -> object:
    with celery.Celery(broker=url.format(target), set_as_current=False) as app:
        app.conf.update(broker_connection_timeout=target.wait, broker_transport_options=options)
        return app.send_task("task", retry=True, retry_policy=AT_ONCE)


def use_smtplib(target: Target) -> object:
    address, wait = (target.host, target.port), target.wait
    client = (
        smtplib.SMTP_SSL(*address, timeout=wait, context=target.context)
        if target.is_tls
        else smtplib.SMTP(*address, timeout=wait)
    )
    with contextlib.closing(client):
        return client.ehlo_or_helo_if_needed()


def use_email_backend(target: Target) -> object:
    options = {"host": target.host, "port": target.port, "timeout": target.wait}
    # Django 6.1 has MAILERS; the versions before have a setting for each option.
    configured: dict[str, Any] = (
        {"MAILERS": {"default": {"BACKEND": SMTP_BACKEND, "OPTIONS": options}}}
        if hasattr(mail, "mailers")
        else {"EMAIL_BACKEND": SMTP_BACKEND}
        | {f"EMAIL_{name.upper()}": value for name, value in options.items()}
    )
    with override_settings(**configured):
        return mail.send_mail("subject", "text", "from@example.com", ["to@example.com"])


def use_socket(target: Target) -> object:
    with socket.create_connection((target.host, target.port), target.wait) as connection:
        connection.sendall(b"PING")
        return connection.recv(100)


async def await_streams(target: Target) -> object:
    async with asyncio.timeout(target.wait):
        reader, writer = await asyncio.open_connection(target.host, target.port, ssl=target.context)
        try:
            writer.write(b"PING")
            return await reader.readexactly(1000)
        finally:
            writer.close()


AMQP, REDIS = "amqp://{0.host}:{0.port}//", "redis://{0.host}:{0.port}/0"

CLIENTS: Mapping[str, NetworkClient] = {
    "requests": NetworkClient("http", use_requests, has_tls=True),
    "httpx": NetworkClient("http", use_httpx, has_tls=True),
    "httpx, async": NetworkClient("http", await_httpx, has_tls=True),
    "urllib": NetworkClient("http", use_urllib, has_tls=True),
    "urllib3": NetworkClient("http", use_urllib3, has_tls=True),
    "urllib3, no retries": NetworkClient("http", lambda it: use_urllib3(it, False), has_tls=True),
    "aiohttp": NetworkClient("http", await_aiohttp, has_tls=True),
    "aiohttp, by socket": NetworkClient("http", await_aiohttp_by_socket),
    "http.client": NetworkClient("http", use_http_client, has_tls=True),
    "redis": NetworkClient("redis", use_redis, has_tls=True),
    "redis, async": NetworkClient("redis", await_redis),
    "RedisCache": NetworkClient("redis", lambda it: make_redis_cache(it).get("key")),
    "pymemcache": NetworkClient("memcache", use_pymemcache),
    "PyMemcacheCache": NetworkClient("memcache", use_pymemcache_cache),
    "amqp": NetworkClient("amqp", use_amqp, has_tls=True),
    "kombu": NetworkClient(
        "amqp", lambda it: publish(it, AMQP, ssl=it.broker_options), has_tls=True
    ),
    "kombu on Redis": NetworkClient(
        "redis", lambda it: publish(it, REDIS, transport_options=it.redis_options)
    ),
    "celery": NetworkClient("amqp", lambda it: send_task(it, AMQP)),
    "celery on Redis": NetworkClient("redis", lambda it: send_task(it, REDIS, **it.redis_options)),
    "smtplib": NetworkClient("smtp", use_smtplib, has_tls=True),
    "EmailBackend": NetworkClient("smtp", use_email_backend),
    "asyncio": NetworkClient("stream", await_streams, has_tls=True),
    "socket": NetworkClient("stream", use_socket),
}
