"""The codes of exceptions of Django, Python and network clients, by the names of their classes.

A key is `f"{cls.__module__}.{cls.__qualname__}"`, which can differ from the path that the class is
imported by: `requests.ConnectionError` is `requests.exceptions.ConnectionError`. Rows are looked up
along `__mro__`, so a row covers the subclasses without a row.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from typing import Any


def _of_packages(rows: Mapping[str, str], *packages: str) -> dict[str, str]:
    """Return rows for each of several packages that have the same classes."""
    return {
        f"{package}.exceptions.{name}": code for package in packages for name, code in rows.items()
    }


# For subclasses of APIException. `None` stands for the exception's own status and code.
CODES_BY_API_EXCEPTION: Mapping[str, str | None] = {
    "rest_framework.exceptions.NotAcceptable": "UNSUPPORTED_MEDIA_TYPE",
    "rest_framework.exceptions.APIException": None,
}

# redis-py and its fork, requests and its successor: the same classes with the same meanings.
CODES_OF_REDIS: Mapping[str, str] = {
    "AuthenticationError": "INTERNAL_ERROR",
    "BusyLoadingError": "SERVICE_UNAVAILABLE",
    "ClusterDownError": "SERVICE_UNAVAILABLE",
    "ConnectionError": "SERVICE_UNAVAILABLE",
    "InvalidResponse": "SERVICE_UNAVAILABLE",
    "OutOfMemoryError": "SERVICE_UNAVAILABLE",
    "ReadOnlyError": "SERVICE_UNAVAILABLE",
    "TimeoutError": "GATEWAY_TIMEOUT",
}
CODES_OF_REQUESTS: Mapping[str, str] = {
    "ChunkedEncodingError": "SERVICE_UNAVAILABLE",
    "ConnectionError": "SERVICE_UNAVAILABLE",
    "ContentDecodingError": "SERVICE_UNAVAILABLE",
    "ConnectTimeout": "GATEWAY_TIMEOUT",
    "Timeout": "GATEWAY_TIMEOUT",
}

# Omitted on purpose, because they cover programming errors too: OSError, PermissionError,
# httpx.TransportError, aiohttp's ClientConnectionError, smtplib.SMTPException,
# django.db.utils.ProgrammingError.
# INTERNAL_ERROR is for a class whose parent or wrapper has another code: a TLS handshake that fails
# (a certificate that does not verify, a listener without TLS) and rejected credentials are wrong
# settings, and waiting does not help.
CODES_BY_EXCEPTION: Mapping[str, str] = {
    "django.http.response.Http404": "MISSING_RESOURCE",
    "django.core.exceptions.ObjectDoesNotExist": "MISSING_RESOURCE",
    "django.core.exceptions.PermissionDenied": "ACCESS_FORBIDDEN",
    "django.core.exceptions.BadRequest": "INVALID_CONTENT",
    # For the class alone: an instance with messages is recognised by its messages.
    "django.core.exceptions.ValidationError": "INVALID_CONTENT",
    "django.core.exceptions.SuspiciousOperation": "INVALID_CONTENT",
    "django.core.exceptions.RequestDataTooBig": "CONTENT_TOO_LARGE",
    "django.core.exceptions.TooManyFieldsSent": "CONTENT_TOO_LARGE",
    "django.core.exceptions.TooManyFilesSent": "CONTENT_TOO_LARGE",
    "django.core.exceptions.RequestAborted": "INVALID_CONTENT",
    "django.core.paginator.InvalidPage": "MISSING_RESOURCE",
    "django.core.paginator.PageNotAnInteger": "INVALID_CONTENT",
    "django.http.multipartparser.MultiPartParserError": "INVALID_CONTENT",
    "django.http.request.UnreadablePostError": "INVALID_CONTENT",
    "django.db.models.deletion.ProtectedError": "INVALID_STATE",
    "django.db.models.deletion.RestrictedError": "INVALID_STATE",
    "django.db.utils.IntegrityError": "INVALID_STATE",
    "django.db.utils.DataError": "INVALID_CONTENT",
    "builtins.ConnectionError": "SERVICE_UNAVAILABLE",
    "builtins.TimeoutError": "GATEWAY_TIMEOUT",
    "socket.gaierror": "SERVICE_UNAVAILABLE",
    "ssl.SSLError": "INTERNAL_ERROR",
    "ssl.SSLEOFError": "SERVICE_UNAVAILABLE",
    "ssl.SSLZeroReturnError": "SERVICE_UNAVAILABLE",
    "asyncio.exceptions.IncompleteReadError": "SERVICE_UNAVAILABLE",
    "http.client.BadStatusLine": "SERVICE_UNAVAILABLE",
    "http.client.IncompleteRead": "SERVICE_UNAVAILABLE",
    "http.client.LineTooLong": "SERVICE_UNAVAILABLE",
    "urllib.error.ContentTooShortError": "SERVICE_UNAVAILABLE",
    "smtplib.SMTPConnectError": "SERVICE_UNAVAILABLE",
    "smtplib.SMTPServerDisconnected": "SERVICE_UNAVAILABLE",
    **_of_packages(CODES_OF_REQUESTS, "requests", "niquests"),
    **_of_packages(CODES_OF_REDIS, "redis", "valkey"),
    "urllib3.exceptions.ConnectTimeoutError": "GATEWAY_TIMEOUT",
    "urllib3.exceptions.DecodeError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.EmptyPoolError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.NameResolutionError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.NewConnectionError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.ProtocolError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.ProxyError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.SSLError": "INTERNAL_ERROR",
    "urllib3.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
    "httpx.DecodingError": "SERVICE_UNAVAILABLE",
    "httpx.NetworkError": "SERVICE_UNAVAILABLE",
    "httpx.PoolTimeout": "SERVICE_UNAVAILABLE",
    "httpx.ProxyError": "SERVICE_UNAVAILABLE",
    "httpx.RemoteProtocolError": "SERVICE_UNAVAILABLE",
    "httpx.TimeoutException": "GATEWAY_TIMEOUT",
    "httpcore.NetworkError": "SERVICE_UNAVAILABLE",
    "httpcore.PoolTimeout": "SERVICE_UNAVAILABLE",
    "httpcore.ProxyError": "SERVICE_UNAVAILABLE",
    "httpcore.RemoteProtocolError": "SERVICE_UNAVAILABLE",
    "httpcore.TimeoutException": "GATEWAY_TIMEOUT",
    "aiohttp.client_exceptions.ClientOSError": "SERVICE_UNAVAILABLE",
    "aiohttp.client_exceptions.ClientPayloadError": "SERVICE_UNAVAILABLE",
    "aiohttp.client_exceptions.ServerConnectionError": "SERVICE_UNAVAILABLE",
    "aiohttp.client_exceptions.ServerFingerprintMismatch": "INTERNAL_ERROR",
    "aiohttp.client_exceptions.ServerTimeoutError": "GATEWAY_TIMEOUT",
    "aiohttp.http_exceptions.HttpProcessingError": "SERVICE_UNAVAILABLE",
    # libpq raises it without a SQLSTATE if it cannot connect. With a SQLSTATE `database` decides.
    "psycopg.OperationalError": "SERVICE_UNAVAILABLE",
    "psycopg2.OperationalError": "SERVICE_UNAVAILABLE",
    # The connection is closed. The InterfaceError of psycopg 3 is a programming error.
    "psycopg2.InterfaceError": "SERVICE_UNAVAILABLE",
    "pymysql.err.InterfaceError": "SERVICE_UNAVAILABLE",
    # The base class itself is raised if all servers are marked as dead.
    "pymemcache.exceptions.MemcacheError": "SERVICE_UNAVAILABLE",
    "pymemcache.exceptions.MemcacheClientError": "INTERNAL_ERROR",
    # "object too large for cache", for example.
    "pymemcache.exceptions.MemcacheServerError": "INTERNAL_ERROR",
    "pymemcache.exceptions.MemcacheUnexpectedCloseError": "SERVICE_UNAVAILABLE",
    "kombu.exceptions.OperationalError": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.ConnectionForced": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.RecoverableConnectionError": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.UnexpectedFrame": "SERVICE_UNAVAILABLE",
    "celery.exceptions.BackendStoreError": "SERVICE_UNAVAILABLE",
    "celery.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
    "pika.exceptions.AMQPConnectionError": "SERVICE_UNAVAILABLE",
    "pika.exceptions.AuthenticationError": "INTERNAL_ERROR",
    "pika.exceptions.ProbableAccessDeniedError": "INTERNAL_ERROR",
    "pika.exceptions.ProbableAuthenticationError": "INTERNAL_ERROR",
    "pika.adapters.utils.connection_workflow.AMQPConnectorStackTimeout": "GATEWAY_TIMEOUT",
    # While a channel is not ready; why it is not ready is unknown.
    "grpc.FutureTimeoutError": "GATEWAY_TIMEOUT",
    # boto3 and django-storages.
    "botocore.exceptions.ConnectionClosedError": "SERVICE_UNAVAILABLE",
    "botocore.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "botocore.exceptions.ConnectTimeoutError": "GATEWAY_TIMEOUT",
    "botocore.exceptions.ReadTimeoutError": "GATEWAY_TIMEOUT",
    "botocore.exceptions.SSLError": "INTERNAL_ERROR",
    # elasticsearch.
    "elastic_transport.ConnectionError": "SERVICE_UNAVAILABLE",
    "elastic_transport.ConnectionTimeout": "GATEWAY_TIMEOUT",
    "elastic_transport.TlsError": "INTERNAL_ERROR",
    "opensearchpy.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "opensearchpy.exceptions.ConnectionTimeout": "GATEWAY_TIMEOUT",
    "opensearchpy.exceptions.SSLError": "INTERNAL_ERROR",
    "pymongo.errors.ConnectionFailure": "SERVICE_UNAVAILABLE",
    "pymongo.errors.ExecutionTimeout": "GATEWAY_TIMEOUT",
    "pymongo.errors.NetworkTimeout": "GATEWAY_TIMEOUT",
    "pymongo.errors.WTimeoutError": "GATEWAY_TIMEOUT",
}

# Python has subclasses of OSError for a few of these numbers only.
CODES_BY_ERRNO: Mapping[object, str] = {
    errno.EHOSTDOWN: "SERVICE_UNAVAILABLE",
    errno.EHOSTUNREACH: "SERVICE_UNAVAILABLE",
    errno.ENETDOWN: "SERVICE_UNAVAILABLE",
    errno.ENETUNREACH: "SERVICE_UNAVAILABLE",
}

# The statuses of a gateway whose service is down: behind a gateway, a client never sees a refused
# connection. With any other status the service is up, and either the request or the code of the
# service is wrong.
CODES_BY_HTTP_STATUS: Mapping[object, str] = {
    502: "SERVICE_UNAVAILABLE",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}

# "Service not available, closing transmission channel" (RFC 5321, section 3.8).
CODES_BY_SMTP_CODE: Mapping[object, str] = {421: "SERVICE_UNAVAILABLE"}

# The codes of gRPC that mean that the service is down, or did not respond in time.
CODES_BY_GRPC_STATUS: Mapping[object, str] = {
    "UNAVAILABLE": "SERVICE_UNAVAILABLE",
    "DEADLINE_EXCEEDED": "GATEWAY_TIMEOUT",
}

# The codes of python-oracledb.
CODES_BY_ORACLE_CODE: Mapping[object, str] = {
    # No connection is free in the pool; the connection is closed, or cannot be made.
    **dict.fromkeys(("DPY-4005", "DPY-4011"), "SERVICE_UNAVAILABLE"),
    **dict.fromkeys(("DPY-6000", "DPY-6001", "DPY-6005"), "SERVICE_UNAVAILABLE"),
    "DPY-4024": "GATEWAY_TIMEOUT",
}

# Exceptions that have a number: how to read it, and the code of each number.
CODES_BY_ATTRIBUTE: Mapping[str, tuple[Callable[[Any], object], Mapping[object, str]]] = {
    "builtins.OSError": (lambda exc: exc.errno, CODES_BY_ERRNO),
    "aiohttp.client_exceptions.ClientResponseError": (lambda exc: exc.status, CODES_BY_HTTP_STATUS),
    "httpx.HTTPStatusError": (lambda exc: exc.response.status_code, CODES_BY_HTTP_STATUS),
    **dict.fromkeys(
        ("requests.exceptions.HTTPError", "niquests.exceptions.HTTPError"),
        (lambda exc: getattr(exc.response, "status_code", None), CODES_BY_HTTP_STATUS),
    ),
    "botocore.exceptions.ClientError": (
        lambda exc: exc.response["ResponseMetadata"]["HTTPStatusCode"],
        CODES_BY_HTTP_STATUS,
    ),
    "elastic_transport.ApiError": (lambda exc: exc.meta.status, CODES_BY_HTTP_STATUS),
    "opensearchpy.exceptions.TransportError": (lambda exc: exc.status_code, CODES_BY_HTTP_STATUS),
    "grpc.RpcError": (lambda exc: exc.code().name, CODES_BY_GRPC_STATUS),
    "oracledb.exceptions.Error": (lambda exc: exc.args[0].full_code, CODES_BY_ORACLE_CODE),
    "urllib.error.HTTPError": (lambda exc: exc.code, CODES_BY_HTTP_STATUS),
    # "too many 503 error responses", after the last retry.
    "urllib3.exceptions.ResponseError": (lambda exc: parse_status(str(exc)), CODES_BY_HTTP_STATUS),
    "smtplib.SMTPResponseException": (lambda exc: exc.smtp_code, CODES_BY_SMTP_CODE),
    # One reply for each recipient; all are equal if the server shuts down.
    "smtplib.SMTPRecipientsRefused": (
        lambda exc: min(code for code, _ in exc.recipients.values()),
        CODES_BY_SMTP_CODE,
    ),
}


def parse_status(message: str) -> int | None:
    """Return the number of three digits in `message`, `None` if it has no such number."""
    match = re.search(r"\b\d{3}\b", message)
    return int(match[0]) if match else None


def find_cause(exception: BaseException) -> BaseException | None:
    """Return the exception that `exception` was raised from."""
    return exception.__cause__


def find_os_error(exception: BaseException) -> OSError | None:
    """Return the OSError in the context of `exception`; any other exception is unrelated."""
    context = exception.__context__
    return context if isinstance(context, OSError) else None


def find_first_argument(exception: BaseException) -> object:
    """Return the first argument of `exception`, which may be another exception."""
    return exception.args[0] if exception.args else None


def make_server_timeout(exception: BaseException) -> TimeoutError | None:
    """Return a TimeoutError if MongoDB's servers did not respond, else `None`.

    The message has the exception of each server, then the settings in brackets. While the first
    connections are being made, it is "No servers found yet".
    """
    message = str(exception).partition(" (")[0]
    return TimeoutError() if re.search("timed out|found yet", message) else None


# Wrappers: how to get the exception inside. The inner exception decides if it is recognised, else
# the wrapper's own row. urllib's HTTPError is a URLError too; its `reason` is a string.
UNWRAP: Mapping[str, Callable[[Any], object]] = {
    # SMTP.getreply() raises it in place of any OSError, including a timeout.
    "smtplib.SMTPServerDisconnected": find_os_error,
    "django.db.utils.InterfaceError": find_cause,
    "django.db.utils.OperationalError": find_cause,
    "urllib.error.URLError": lambda exc: exc.reason,
    "urllib3.exceptions.MaxRetryError": lambda exc: exc.reason,
    **dict.fromkeys(
        (
            "requests.exceptions.ConnectionError",
            "requests.exceptions.RetryError",
            "niquests.exceptions.ConnectionError",
            "niquests.exceptions.RetryError",
            "urllib3.exceptions.SSLError",
            "pika.exceptions.AMQPConnectionError",
        ),
        find_first_argument,
    ),
    # The cause may be a certificate that does not verify.
    "httpx.NetworkError": find_cause,
    "httpcore.NetworkError": find_os_error,
    "aiohttp.client_exceptions.ClientOSError": find_cause,
    "redis.exceptions.ConnectionError": find_os_error,
    "valkey.exceptions.ConnectionError": find_os_error,
    # The cause is a parse error, of a response that is not HTTP.
    "aiohttp.client_exceptions.ClientResponseError": find_cause,
    "redis.exceptions.RedisClusterException": find_cause,
    "valkey.exceptions.ValkeyClusterException": find_cause,
    "pymongo.errors.ServerSelectionTimeoutError": make_server_timeout,
    # The cause may be a timeout.
    "kombu.exceptions.OperationalError": find_cause,
    "opensearchpy.exceptions.ConnectionError": lambda exc: exc.info,
    "oracledb.exceptions.Error": find_cause,
    "pika.adapters.utils.connection_workflow.AMQPConnectorPhaseErrorBase": (
        lambda exc: exc.exception
    ),
}
