"""A script: call each client of a service in a view, and print the responses as JSON.

The script has an environment of its own, because niquests replaces urllib3. The service refuses the
connection, closes it, never responds, or never accepts the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import django
from django.conf import settings

WAIT = 0.6

warnings.simplefilter("ignore")
logging.disable()
settings.configure(
    SECRET_KEY="tests",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework", "django_apierrors"],
    REST_FRAMEWORK={
        "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.test import Client, override_settings  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from tests.recognition.listeners import FAULTS, REPLIES  # noqa: E402


def make_boto_config() -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=WAIT, read_timeout=WAIT, retries={"total_max_attempts": 1}, proxies={}
    )


def use_boto3(port: int) -> object:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="nowhere",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=make_boto_config(),
    ).list_buckets()


def make_storage(port: int) -> Any:
    from storages.backends.s3 import S3Storage

    return S3Storage(
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="nowhere",
        access_key="key",
        secret_key="secret",
        bucket_name="bucket",
        client_config=make_boto_config(),
    )


def save_in_storage(port: int) -> object:
    from django.core.files.base import ContentFile

    return make_storage(port).save("file", ContentFile(b"content"))


def read_from_storage(port: int) -> object:
    with make_storage(port).open("file") as file:
        return file.read()


def use_grpc(port: int) -> object:
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return channel.unary_unary("/service/method")(b"", timeout=WAIT)


def use_grpc_async(port: int) -> object:
    import grpc

    async def call() -> object:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            return await channel.unary_unary("/service/method")(b"", timeout=WAIT)

    return asyncio.run(call())


def wait_for_grpc(port: int) -> object:
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return grpc.channel_ready_future(channel).result(timeout=WAIT)


def ping_mongo(port: int, connect_timeout: float) -> object:
    import pymongo

    client: Any = pymongo.MongoClient(
        "127.0.0.1",
        port,
        serverSelectionTimeoutMS=int(WAIT * 3000),
        connectTimeoutMS=int(connect_timeout * 1000),
        socketTimeoutMS=int(WAIT * 1000),
    )
    with client:
        return client.admin.command("ping")


def use_pymongo(port: int) -> object:
    return ping_mongo(port, WAIT / 2)


def use_pymongo_patiently(port: int) -> object:
    """Wait longer for the connection to a server than for a server."""
    return ping_mongo(port, WAIT * 30)


def use_elasticsearch(port: int) -> object:
    import elasticsearch

    url = f"http://127.0.0.1:{port}"
    with elasticsearch.Elasticsearch(url, request_timeout=WAIT, max_retries=0) as client:
        return client.info()


def use_opensearch(port: int) -> object:
    import opensearchpy

    hosts = [{"host": "127.0.0.1", "port": port}]
    return opensearchpy.OpenSearch(hosts, timeout=WAIT, max_retries=0).info()


def use_pika(port: int) -> object:
    import pika

    parameters = pika.ConnectionParameters(
        "127.0.0.1", port, socket_timeout=WAIT, stack_timeout=WAIT, connection_attempts=1
    )
    return pika.BlockingConnection(parameters)


def use_valkey(port: int) -> object:
    import valkey

    return valkey.Valkey("127.0.0.1", port, socket_timeout=WAIT, socket_connect_timeout=WAIT).ping()


def use_niquests(port: int) -> object:
    import niquests

    return niquests.get(f"http://127.0.0.1:{port}/", timeout=WAIT)


def use_oracledb(port: int) -> object:
    import oracledb

    dsn = f"127.0.0.1:{port}/service"
    return oracledb.connect(user="user", password="secret", dsn=dsn, tcp_connect_timeout=WAIT)


# The deletion of a pool waits for its thread, which may wait for ever.
POOLS: list[Any] = []


def use_oracledb_pool(port: int) -> object:
    import oracledb

    pool = oracledb.create_pool(
        user="user",
        password="secret",
        dsn=f"127.0.0.1:{port}/service",
        min=0,
        getmode=oracledb.POOL_GETMODE_TIMEDWAIT,
        wait_timeout=int(WAIT * 1000),
        # The thread of the pool still waits when the request has its response.
        tcp_connect_timeout=WAIT * 3,
    )
    POOLS.append(pool)
    return pool.acquire()


def use_oracledb_async(port: int) -> object:
    import oracledb

    async def connect() -> object:
        async with asyncio.timeout(WAIT):
            dsn = f"127.0.0.1:{port}/service"
            return await oracledb.connect_async(user="user", password="secret", dsn=dsn)

    return asyncio.run(connect())


CLIENTS: dict[str, Callable[[int], object]] = {
    client.__name__: client
    for client in (
        use_boto3,
        save_in_storage,
        read_from_storage,
        use_grpc,
        use_grpc_async,
        wait_for_grpc,
        use_pymongo,
        use_pymongo_patiently,
        use_elasticsearch,
        use_opensearch,
        use_pika,
        use_valkey,
        use_niquests,
        use_oracledb,
        use_oracledb_pool,
        use_oracledb_async,
    )
}

# The sync connect() of python-oracledb removes its timeout when the connection is accepted, and
# call_timeout belongs to a connection that has logged in. These calls never end.
ENDLESS = {("use_oracledb", "never responds"), ("use_oracledb_pool", "never responds")}


class CallView(APIView):
    """Calls a client of a service."""

    def get(self, request: Request, name: str, port: int) -> Response:
        return Response(str(CLIENTS[name](port)))


urlpatterns = [path("<str:name>/<int:port>", CallView.as_view())]


def get(name: str, port: int) -> str:
    """Return the status, the code and the `Retry-After` of the response of the view."""
    response: Any = Client().get(f"/{name}/{port}")
    body = response.json()
    return f"{response.status_code} {body['code']} {response.headers.get('Retry-After')}"


def get_responses(names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return the response for each client and fault; all are called at once."""
    responses: dict[str, dict[str, str]] = {name: {} for name in CLIENTS}

    def call(name: str, fault: str, port: int) -> None:
        responses[name][fault] = get(name, port)

    with contextlib.ExitStack() as stack:
        threads = []
        for fault in names:
            port = stack.enter_context(FAULTS[fault](REPLIES["stream"]))[1]
            for name in CLIENTS:
                if (name, fault) not in ENDLESS:
                    thread = threading.Thread(target=call, args=(name, fault, port), daemon=True)
                    threads.append(thread)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    return responses


def find_missing(prefixes: tuple[str, ...]) -> list[str]:
    """Return the classes of the tables that their package does not have under that name."""
    from django_apierrors.recognition.tables import CODES_BY_ATTRIBUTE, CODES_BY_EXCEPTION, UNWRAP

    missing = []
    for name in {*CODES_BY_EXCEPTION, *CODES_BY_ATTRIBUTE, *UNWRAP}:
        if name.startswith(prefixes):
            cls = resolve_name(name)
            if f"{cls.__module__}.{cls.__qualname__}" != name:
                missing.append(name)
    return missing


def main() -> None:
    """Print the responses with and without the middleware, and the classes that are missing."""
    import oracledb

    # Otherwise the first connection locks out the others until it is made.
    oracledb.enable_thin_mode()
    faults = ("refuses", "hangs up", "never responds", "never accepts")
    outcome: dict[str, Any] = {}
    for way, middleware in {
        "handler alone": [],
        "middleware": ["django_apierrors.middleware.APIErrorsMiddleware"],
    }.items():
        with override_settings(MIDDLEWARE=middleware):
            outcome[way] = get_responses(faults)
    print(json.dumps({**outcome, "missing": find_missing(tuple(sys.argv[1:]))}), flush=True)
    # Without the end of the pools' threads.
    os._exit(0)


if __name__ == "__main__":
    main()
