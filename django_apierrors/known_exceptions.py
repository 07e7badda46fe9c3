"""The known exceptions: what the classes that Django, the built-ins and the clients raise mean.

Keys are true names, `cls.__module__` and `cls.__qualname__`: `requests.ConnectionError` calls
itself `requests.exceptions.ConnectionError`. Rows are looked up along the class's `__mro__`, so a
row covers the subclasses that have none of their own.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import Any

# For subclasses of DRF's APIException, which otherwise speak for themselves.
CODES_BY_API_EXCEPTION: Mapping[str, str] = {
    "rest_framework.exceptions.NotAcceptable": "UNSUPPORTED_MEDIA_TYPE",
}

# Left out on purpose, since they cover bugs too: OSError, PermissionError, ssl.SSLError,
# httpx.TransportError, smtplib.SMTPException, urllib.error.HTTPError,
# django.db.utils.ProgrammingError.
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
    "django.db.utils.InterfaceError": "SERVICE_UNAVAILABLE",
    "builtins.ConnectionError": "SERVICE_UNAVAILABLE",
    "builtins.TimeoutError": "GATEWAY_TIMEOUT",
    "socket.gaierror": "SERVICE_UNAVAILABLE",
    "ssl.SSLEOFError": "SERVICE_UNAVAILABLE",
    "ssl.SSLZeroReturnError": "SERVICE_UNAVAILABLE",
    "asyncio.exceptions.IncompleteReadError": "SERVICE_UNAVAILABLE",
    "http.client.BadStatusLine": "SERVICE_UNAVAILABLE",
    "http.client.IncompleteRead": "SERVICE_UNAVAILABLE",
    "smtplib.SMTPConnectError": "SERVICE_UNAVAILABLE",
    "smtplib.SMTPServerDisconnected": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ChunkedEncodingError": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "requests.exceptions.ConnectTimeout": "GATEWAY_TIMEOUT",
    "requests.exceptions.Timeout": "GATEWAY_TIMEOUT",
    "urllib3.exceptions.ConnectTimeoutError": "GATEWAY_TIMEOUT",
    "urllib3.exceptions.NameResolutionError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.NewConnectionError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.ProtocolError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.ProxyError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.SSLError": "SERVICE_UNAVAILABLE",
    "urllib3.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
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
    "aiohttp.client_exceptions.ClientConnectionError": "SERVICE_UNAVAILABLE",
    "aiohttp.client_exceptions.ClientPayloadError": "SERVICE_UNAVAILABLE",
    "aiohttp.client_exceptions.ServerTimeoutError": "GATEWAY_TIMEOUT",
    # Without a SQLSTATE it is libpq's: there is no connection. With one, see `database`.
    "psycopg.OperationalError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.BusyLoadingError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ClusterDownError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ConnectionError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.ReadOnlyError": "SERVICE_UNAVAILABLE",
    "redis.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
    "kombu.exceptions.OperationalError": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.ConnectionForced": "SERVICE_UNAVAILABLE",
    "amqp.exceptions.RecoverableConnectionError": "SERVICE_UNAVAILABLE",
    "celery.exceptions.BackendStoreError": "SERVICE_UNAVAILABLE",
    "celery.exceptions.TimeoutError": "GATEWAY_TIMEOUT",
}

# An OSError has a class of its own for a few of its numbers only.
CODES_BY_ERRNO: Mapping[int | None, str] = {
    errno.EHOSTDOWN: "SERVICE_UNAVAILABLE",
    errno.EHOSTUNREACH: "SERVICE_UNAVAILABLE",
    errno.ENETDOWN: "SERVICE_UNAVAILABLE",
    errno.ENETUNREACH: "SERVICE_UNAVAILABLE",
}

# What stands in for the failure inside it. urllib's HTTPError is an URLError too; its `reason` is
# a text.
WRAPPED: Mapping[str, Callable[[Any], object]] = {
    # smtplib's getreply() raises it in place of any OSError, a timeout among them.
    "smtplib.SMTPServerDisconnected": lambda exc: (
        exc.__context__ if isinstance(exc.__context__, OSError) else None
    ),
    "django.db.utils.OperationalError": lambda exc: exc.__cause__,
    "urllib.error.URLError": lambda exc: exc.reason,
    "urllib3.exceptions.MaxRetryError": lambda exc: exc.reason,
    "requests.exceptions.ConnectionError": lambda exc: exc.args[0] if exc.args else None,
}
