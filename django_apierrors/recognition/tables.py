"""The known exceptions: what the classes that Django, the built-ins and the clients raise mean.

Keys are true names, `cls.__module__` and `cls.__qualname__`: `requests.ConnectionError` calls
itself `requests.exceptions.ConnectionError`. Rows are looked up along the class's `__mro__`, so a
row covers the subclasses that have none of their own.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from typing import Any

# For subclasses of DRF's APIException, which otherwise speak for themselves.
CODES_BY_API_EXCEPTION: Mapping[str, str] = {
    "rest_framework.exceptions.NotAcceptable": "UNSUPPORTED_MEDIA_TYPE",
}

# Left out on purpose, since they cover bugs too: OSError, PermissionError, httpx.TransportError,
# aiohttp's ClientConnectionError, smtplib.SMTPException, django.db.utils.ProgrammingError.
# INTERNAL_ERROR stands where a class is a bug although its parent, or what wraps it, is none: TLS
# that is not agreed on (a certificate that does not verify, a listener that speaks none) and
# credentials that are refused are wrong settings, which no client's patience cures.
CODES_BY_EXCEPTION: Mapping[str, str] = {
    "django.http.response.Http404": "MISSING_RESOURCE",
    "django.core.exceptions.ObjectDoesNotExist": "MISSING_RESOURCE",
    "django.core.exceptions.PermissionDenied": "ACCESS_FORBIDDEN",
    "django.core.exceptions.BadRequest": "INVALID_CONTENT",
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
    "requests.exceptions.ChunkedEncodingError": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ContentDecodingError": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ConnectTimeout": "GATEWAY_TIMEOUT",
    "requests.exceptions.Timeout": "GATEWAY_TIMEOUT",
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
    # Without a SQLSTATE it is libpq's: there is no connection. With one, see `database`.
    "psycopg.OperationalError": "SERVICE_UNAVAILABLE",
    "psycopg2.OperationalError": "SERVICE_UNAVAILABLE",
    # The connection is closed; psycopg's own InterfaceError is a bug.
    "psycopg2.InterfaceError": "SERVICE_UNAVAILABLE",
    "pymysql.err.InterfaceError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.AuthenticationError": "INTERNAL_ERROR",
    "redis.exceptions.BusyLoadingError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ClusterDownError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.InvalidResponse": "SERVICE_UNAVAILABLE",
    "redis.exceptions.OutOfMemoryError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ReadOnlyError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
    # Bare where all servers are held for dead.
    "pymemcache.exceptions.MemcacheError": "SERVICE_UNAVAILABLE",
    "pymemcache.exceptions.MemcacheClientError": "INTERNAL_ERROR",
    # "object too large for cache" among others.
    "pymemcache.exceptions.MemcacheServerError": "INTERNAL_ERROR",
    "pymemcache.exceptions.MemcacheUnexpectedCloseError": "SERVICE_UNAVAILABLE",
    "kombu.exceptions.OperationalError": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.ConnectionForced": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.RecoverableConnectionError": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.UnexpectedFrame": "SERVICE_UNAVAILABLE",
    "celery.exceptions.BackendStoreError": "SERVICE_UNAVAILABLE",
    "celery.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
}

# An OSError has a class of its own for a few of its numbers only.
CODES_BY_ERRNO: Mapping[object, str] = {
    errno.EHOSTDOWN: "SERVICE_UNAVAILABLE",
    errno.EHOSTUNREACH: "SERVICE_UNAVAILABLE",
    errno.ENETDOWN: "SERVICE_UNAVAILABLE",
    errno.ENETUNREACH: "SERVICE_UNAVAILABLE",
}

# What a gateway answers in place of a service that is not there: behind one, nobody sees a refused
# connection. Every other status says that the service is there, and that we asked it wrongly or
# that it has a bug.
CODES_BY_HTTP_STATUS: Mapping[object, str] = {
    502: "SERVICE_UNAVAILABLE",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}

# "Service not available, closing transmission channel" (RFC 5321, section 3.8).
CODES_BY_SMTP_CODE: Mapping[object, str] = {421: "SERVICE_UNAVAILABLE"}

# What a number inside the failure tells of it; the first class that stands here counts.
CODES_BY_ATTRIBUTE: Mapping[str, tuple[Callable[[Any], object], Mapping[object, str]]] = {
    "builtins.OSError": (lambda exc: exc.errno, CODES_BY_ERRNO),
    "aiohttp.client_exceptions.ClientResponseError": (
        lambda exc: exc.status,
        CODES_BY_HTTP_STATUS,
    ),
    "httpx.HTTPStatusError": (lambda exc: exc.response.status_code, CODES_BY_HTTP_STATUS),
    "requests.exceptions.HTTPError": (
        lambda exc: getattr(exc.response, "status_code", None),
        CODES_BY_HTTP_STATUS,
    ),
    "urllib.error.HTTPError": (lambda exc: exc.code, CODES_BY_HTTP_STATUS),
    # "too many 503 error responses", where retries are given up.
    "urllib3.exceptions.ResponseError": (
        lambda exc: read_number(str(exc)),
        CODES_BY_HTTP_STATUS,
    ),
    "smtplib.SMTPResponseException": (lambda exc: exc.smtp_code, CODES_BY_SMTP_CODE),
    # One reply for each recipient, all the same where the server goes away.
    "smtplib.SMTPRecipientsRefused": (
        lambda exc: min(code for code, _ in exc.recipients.values()),
        CODES_BY_SMTP_CODE,
    ),
}


def read_number(text: str) -> int | None:
    """Return the number of three digits in `text`."""
    found = re.search(r"\b\d{3}\b", text)
    return int(found[0]) if found else None


def get_cause(exception: BaseException) -> BaseException | None:
    """Return what `exception` was raised from."""
    return exception.__cause__


def get_os_error(exception: BaseException) -> OSError | None:
    """Return the failure that `exception` was raised in place of, without a `from`.

    Only an OSError is one: what else was being handled has nothing to do with it.
    """
    context = exception.__context__
    return context if isinstance(context, OSError) else None


# What stands in for the failure inside it, if that is recognised. urllib's HTTPError is an URLError
# too; its `reason` is a text.
UNWRAP: Mapping[str, Callable[[Any], object]] = {
    # smtplib's getreply() raises it in place of any OSError, a timeout among them.
    "smtplib.SMTPServerDisconnected": get_os_error,
    "django.db.utils.InterfaceError": get_cause,
    "django.db.utils.OperationalError": get_cause,
    "urllib.error.URLError": lambda exc: exc.reason,
    "urllib3.exceptions.MaxRetryError": lambda exc: exc.reason,
    "urllib3.exceptions.SSLError": lambda exc: exc.args[0] if exc.args else None,
    "requests.exceptions.ConnectionError": lambda exc: exc.args[0] if exc.args else None,
    "requests.exceptions.RetryError": lambda exc: exc.args[0] if exc.args else None,
    # A certificate that does not verify is one of their causes.
    "httpx.NetworkError": get_cause,
    "httpcore.NetworkError": get_os_error,
    "aiohttp.client_exceptions.ClientOSError": get_cause,
    "redis.exceptions.ConnectionError": get_os_error,
    # An answer that is none, in place of one whose status says something.
    "aiohttp.client_exceptions.ClientResponseError": get_cause,
    "redis.exceptions.RedisClusterException": get_cause,
    # A timeout is one of its causes.
    "kombu.exceptions.OperationalError": get_cause,
}
