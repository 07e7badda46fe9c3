"""The exceptions that DRF lacks, one for each code that a view may raise by name.

The others are DRF's own: `NotFound`, `PermissionDenied`, `ValidationError`, `Throttled` ...
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.exceptions import APIException

from django_apierrors.catalog import CATALOG
from django_apierrors.validation.extra import expand

# The exceptions for which DRF's own exception handler has a response; all others reach Django.
DRF_EXCEPTIONS = (APIException, Http404, PermissionDenied)


class MessageCode(str):
    """The code of a message, with `extra`, data about that message.

    The code has `extra`, because DRF keeps only the string and the code of a message: it makes a
    new `ErrorDetail` from these two at each level of a serializer.
    """

    extra: Mapping[str, Any] | None

    def __new__(cls, code: str, extra: Mapping[str, Any] | None = None) -> MessageCode:
        """Return the code `code` with the data `extra`."""
        # str() of a member of an Enum does not return its value.
        self = super().__new__(cls, code.value if isinstance(code, Enum) else code)
        self.extra = extra
        return self


class ValidationError(exceptions.ValidationError):
    """DRF's `ValidationError` with `extra`, data about its messages that serializers keep: 400."""

    extra: Mapping[str, Any] | None = None

    def __init__(
        self, detail: Any = None, code: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        """Give `extra`, or the `extra` of the class, to each message without a code of its own."""
        # Each message reads `extra`, but a generator can be read only once.
        self.extra = expand(extra or self.extra)
        data = self.extra if isinstance(self.extra, Mapping) else None
        super().__init__(detail, MessageCode(code or self.default_code, data))


class InvalidId(APIException):
    """The formatting of an identifier is incorrect: 400."""

    status_code = CATALOG["INVALID_ID"].status
    default_detail = CATALOG["INVALID_ID"].message
    default_code = "invalid_id"


class InvalidState(APIException):
    """The state of the resource does not allow the request: 400."""

    status_code = CATALOG["INVALID_STATE"].status
    default_detail = CATALOG["INVALID_STATE"].message
    default_code = "invalid_state"


class AlreadyExists(APIException):
    """Another resource has the same value of a unique field: 400."""

    status_code = CATALOG["ALREADY_EXISTS"].status
    default_detail = CATALOG["ALREADY_EXISTS"].message
    default_code = "already_exists"


class MethodForbidden(APIException):
    """These credentials allow another method, but not this method: 403."""

    status_code = CATALOG["METHOD_FORBIDDEN"].status
    default_detail = CATALOG["METHOD_FORBIDDEN"].message
    default_code = "method_forbidden"


class Gone(APIException):
    """The resource existed once and will not come back: 410."""

    status_code = CATALOG["GONE"].status
    default_detail = CATALOG["GONE"].message
    default_code = "gone"


class ContentTooLarge(APIException):
    """The body of the request is larger than the view accepts: 413."""

    status_code = CATALOG["CONTENT_TOO_LARGE"].status
    default_detail = CATALOG["CONTENT_TOO_LARGE"].message
    default_code = "content_too_large"


class Unavailable(APIException):
    """The base of the errors of a service, which may be available after `wait` seconds."""

    def __init__(
        self, detail: Any = None, code: str | None = None, wait: float | None = None
    ) -> None:
        """Keep `wait`, in seconds, for `Retry-After`; if it is `None`, `RETRY_AFTER` is sent."""
        super().__init__(detail, code)
        self.wait = wait


class ServiceUnavailable(Unavailable):
    """A service that the request needs refused the connection, or is not available: 503."""

    status_code = CATALOG["SERVICE_UNAVAILABLE"].status
    default_detail = CATALOG["SERVICE_UNAVAILABLE"].message
    default_code = "service_unavailable"


class GatewayTimeout(Unavailable):
    """A service that the request needs did not respond in time: 504."""

    status_code = CATALOG["GATEWAY_TIMEOUT"].status
    default_detail = CATALOG["GATEWAY_TIMEOUT"].message
    default_code = "gateway_timeout"
