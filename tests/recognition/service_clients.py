"""A script: call each client of a service against two listeners, and print the codes as JSON.

The script has an environment of its own, because niquests replaces urllib3. One listener refuses
the connection, the other accepts it and never responds.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from django.conf import settings

WAIT = 0.4

warnings.simplefilter("ignore")
settings.configure(INSTALLED_APPS=["rest_framework", "django_apierrors"])


def use_boto3(port: int) -> object:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=WAIT, read_timeout=WAIT, retries={"total_max_attempts": 1}, proxies={}
    )
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="nowhere",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=config,
    ).list_buckets()


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


def use_pymongo(port: int) -> object:
    import pymongo

    milliseconds = int(WAIT * 1000)
    client: Any = pymongo.MongoClient(
        "127.0.0.1",
        port,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds // 2,
        socketTimeoutMS=milliseconds,
    )
    with client:
        return client.admin.command("ping")


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

    return oracledb.connect(user="user", password="secret", dsn=f"127.0.0.1:{port}/service")


CLIENTS: list[Callable[[int], object]] = [
    use_boto3,
    use_grpc,
    use_grpc_async,
    use_pymongo,
    use_elasticsearch,
    use_opensearch,
    use_pika,
    use_valkey,
    use_niquests,
    use_oracledb,
]

# python-oracledb has no timeout for a listener that accepts and never responds.
WITHOUT_TIMEOUT = {use_oracledb}


def get_code(client: Callable[[int], object], port: int) -> str:
    """Return the code of a client's exception, or its class if it is not recognised."""
    from django_apierrors.recognition import recognise

    try:
        client(port)
    except Exception as exc:
        return recognise(exc).code.name
    return "no exception"


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
    """Print the codes of both listeners by client, and the classes that are missing."""
    import django

    django.setup()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refusing = closed.getsockname()[1]
    silent = socket.create_server(("127.0.0.1", 0), backlog=50)
    codes: dict[str, list[str | None]] = {client.__name__: [None, None] for client in CLIENTS}

    def call(client: Callable[[int], object], index: int, port: int) -> None:
        codes[client.__name__][index] = get_code(client, port)

    threads = []
    for index, port in enumerate((refusing, silent.getsockname()[1])):
        for client in CLIENTS:
            if index == 0 or client not in WITHOUT_TIMEOUT:
                thread = threading.Thread(target=call, args=(client, index, port), daemon=True)
                threads.append(thread)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    print(json.dumps({"codes": codes, "missing": find_missing(tuple(sys.argv[1:]))}))


if __name__ == "__main__":
    main()
