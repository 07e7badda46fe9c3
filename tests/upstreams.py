"""The clients of services: one call of each, to an address, with so many seconds to wait."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import inspect
import smtplib
import socket
import urllib.request
from collections.abc import Callable, Mapping
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

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

# What the brokers' clients wait between two attempts is none of our business here.
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


class Client(NamedTuple):
    """A client, sync or async, and the protocol that its service speaks."""

    protocol: str
    use: Callable[[str, int, float], Any]

    def call(self, host: str, port: int, wait: float) -> object:
        """Make one call and wait for it."""
        result = self.use(host, port, wait)
        return asyncio.run(result) if inspect.iscoroutine(result) else result


def use_requests(host: str, port: int, wait: float) -> object:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{host}:{port}/", timeout=wait).content


def use_httpx(host: str, port: int, wait: float) -> object:
    return httpx.get(f"http://{host}:{port}/", timeout=wait, trust_env=False).content


async def await_httpx(host: str, port: int, wait: float) -> object:
    async with httpx.AsyncClient(timeout=wait, trust_env=False) as client:
        return (await client.get(f"http://{host}:{port}/")).content


def use_urllib(host: str, port: int, wait: float) -> object:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host}:{port}/", timeout=wait) as response:
        return response.read()


def use_urllib3(host: str, port: int, wait: float) -> object:
    with urllib3.PoolManager(retries=1, timeout=wait) as pool:
        return pool.request("GET", f"http://{host}:{port}/").data


def use_urllib3_without_retries(host: str, port: int, wait: float) -> object:
    with urllib3.PoolManager(retries=False, timeout=wait) as pool:
        return pool.request("GET", f"http://{host}:{port}/").data


async def await_aiohttp_in_all(host: str, port: int, wait: float) -> object:
    return await await_aiohttp(host, port, aiohttp.ClientTimeout(total=wait))


async def await_aiohttp_by_socket(host: str, port: int, wait: float) -> object:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=wait, sock_read=wait)
    return await await_aiohttp(host, port, timeout)


async def await_aiohttp(host: str, port: int, timeout: aiohttp.ClientTimeout) -> object:
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"http://{host}:{port}/") as response,
    ):
        return await response.read()


def use_http_client(host: str, port: int, wait: float) -> object:
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=wait)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


def use_redis(host: str, port: int, wait: float) -> object:
    with redis.Redis(
        host, port, socket_timeout=wait, socket_connect_timeout=wait, retry=Retry(NoBackoff(), 0)
    ) as client:
        return client.get("key")


async def await_redis(host: str, port: int, wait: float) -> object:
    async with redis.asyncio.Redis(
        host=host,
        port=port,
        socket_timeout=wait,
        socket_connect_timeout=wait,
        retry=AsyncRetry(NoBackoff(), 0),
    ) as client:
        return await client.get("key")


def use_redis_cache(host: str, port: int, wait: float) -> object:
    options = {"socket_timeout": wait, "socket_connect_timeout": wait, "retry": None}
    return RedisCache(f"redis://{host}:{port}", {"OPTIONS": options}).get("key")


def use_pymemcache(host: str, port: int, wait: float) -> object:
    client = MemcacheClient((host, port), connect_timeout=wait, timeout=wait)
    with contextlib.closing(client):
        return client.get("key")


def use_pymemcache_cache(host: str, port: int, wait: float) -> object:
    options = {"connect_timeout": wait, "timeout": wait}
    return PyMemcacheCache(f"{host}:{port}", {"OPTIONS": options}).get("key")


def use_amqp(host: str, port: int, wait: float) -> object:
    connection = amqp.Connection(f"{host}:{port}", connect_timeout=wait, read_timeout=wait)
    try:
        connection.connect()
        return connection.channel()
    finally:
        connection.collect()


def use_kombu(host: str, port: int, wait: float) -> object:
    return publish(f"amqp://{host}:{port}//", wait)


def use_kombu_on_redis(host: str, port: int, wait: float) -> object:
    options = {"socket_timeout": wait, "socket_connect_timeout": wait}
    return publish(f"redis://{host}:{port}/0", wait, **options)


def publish(url: str, wait: float, **options: float) -> object:
    with kombu.Connection(url, connect_timeout=wait, transport_options=options) as connection:
        producer = connection.Producer()
        return producer.publish({}, routing_key="key", retry=True, retry_policy=AT_ONCE)


def use_celery(host: str, port: int, wait: float) -> object:
    return send_task(f"amqp://{host}:{port}//", wait)


def use_celery_on_redis(host: str, port: int, wait: float) -> object:
    options = {"socket_timeout": wait, "socket_connect_timeout": wait}
    return send_task(f"redis://{host}:{port}/0", wait, **options)


def send_task(url: str, wait: float, **options: float) -> object:
    with celery.Celery(broker=url, set_as_current=False) as app:
        app.conf.update(broker_connection_timeout=wait, broker_transport_options=options)
        return app.send_task("task", retry=True, retry_policy=AT_ONCE)


def use_smtplib(host: str, port: int, wait: float) -> object:
    with contextlib.closing(smtplib.SMTP(timeout=wait)) as client:
        client.connect(host, port)
        return client.ehlo_or_helo_if_needed()


def use_email_backend(host: str, port: int, wait: float) -> object:
    options = {"host": host, "port": port, "timeout": wait}
    # What Django 6.1 calls a mailer, the versions before have in settings of their own.
    configured = {
        "MAILERS": {"default": {"BACKEND": SMTP_BACKEND, "OPTIONS": options}},
        "EMAIL_BACKEND": SMTP_BACKEND,
        **{f"EMAIL_{name.upper()}": value for name, value in options.items()},
    }
    names = [name for name in configured if (name == "MAILERS") == hasattr(mail, "mailers")]
    with override_settings(**{name: configured[name] for name in names}):
        return mail.send_mail("subject", "text", "from@example.com", ["to@example.com"])


def use_socket(host: str, port: int, wait: float) -> object:
    with socket.create_connection((host, port), wait) as connection:
        connection.sendall(b"PING")
        return connection.recv(100)


async def await_streams(host: str, port: int, wait: float) -> object:
    async with asyncio.timeout(wait):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"PING")
            return await reader.readexactly(1000)
        finally:
            writer.close()


CLIENTS: Mapping[str, Client] = {
    "requests": Client("http", use_requests),
    "httpx": Client("http", use_httpx),
    "httpx, async": Client("http", await_httpx),
    "urllib": Client("http", use_urllib),
    "urllib3": Client("http", use_urllib3),
    "urllib3, no retries": Client("http", use_urllib3_without_retries),
    "aiohttp": Client("http", await_aiohttp_in_all),
    "aiohttp, by socket": Client("http", await_aiohttp_by_socket),
    "http.client": Client("http", use_http_client),
    "redis": Client("redis", use_redis),
    "redis, async": Client("redis", await_redis),
    "RedisCache": Client("redis", use_redis_cache),
    "pymemcache": Client("memcache", use_pymemcache),
    "PyMemcacheCache": Client("memcache", use_pymemcache_cache),
    "amqp": Client("amqp", use_amqp),
    "kombu": Client("amqp", use_kombu),
    "kombu on Redis": Client("redis", use_kombu_on_redis),
    "celery": Client("amqp", use_celery),
    "celery on Redis": Client("redis", use_celery_on_redis),
    "smtplib": Client("smtp", use_smtplib),
    "EmailBackend": Client("smtp", use_email_backend),
    "asyncio.timeout": Client("stream", await_streams),
    "socket": Client("stream", use_socket),
}
