"""Bodies of requests: their length, those that were sent in chunks, those that are compressed."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from django_apierrors.errors import find_django_request
from django_apierrors.exceptions import ContentTooLarge
from django_apierrors.validation.places import UNSAFE_METHODS, AnyRequest


class LengthRequired(APIException):
    """The body has no `Content-Length`, and the server does not mark its end: 411."""

    status_code = 411
    default_detail = _("Send the body with a Content-Length header, not in chunks.")
    default_code = "length_required"


class UnsupportedContentEncoding(UnsupportedMediaType):
    """The body is compressed, and no parser decompresses it: 415 (RFC 9110, section 15.5.16)."""

    default_detail = _("Send the body without a Content-Encoding.")


def find_content_length(request: AnyRequest) -> int | None:
    """Return the `Content-Length` of `request`, `None` if it is missing.

    Raise ParseError if it is not a number, or has more digits than `int()` accepts.
    """
    length = request.META.get("CONTENT_LENGTH")
    try:
        return int(length) if length else None
    except ValueError as exc:
        raise ParseError(_("The Content-Length header is not a valid number.")) from exc


def check_content_encoding(request: AnyRequest) -> None:
    """Raise UnsupportedContentEncoding if the body of `request` is compressed."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip()
    if encoding.lower() not in ("", "identity"):
        raise UnsupportedContentEncoding(encoding)


def read_chunked_body(request: AnyRequest) -> None:
    """Make a body that was sent in chunks readable: for Django and DRF it is empty.

    For DRF, and under WSGI for Django, a missing `Content-Length` is 0; it is set here. Raise
    ContentTooLarge for more than `DATA_UPLOAD_MAX_MEMORY_SIZE`, LengthRequired if the end of the
    body is unknown or if the stream was read before, ParseError for a malformed `Content-Length`.
    """
    if request.method not in UNSAFE_METHODS or find_content_length(request) is not None:
        return
    # DRF's request has no attributes of its own that could be set. Checked on DRF 3.16 to 3.18.
    django_request: Any = find_django_request(request)
    try:
        if hasattr(django_request, "environ"):
            _read_wsgi_body(django_request)
        elif hasattr(django_request, "scope"):
            _set_length(django_request, len(django_request.body))
    except RequestDataTooBig as exc:
        raise ContentTooLarge from exc
    except RawPostDataException as exc:
        raise LengthRequired from exc


def _read_wsgi_body(request: Any) -> None:
    is_terminated = request.environ.get("wsgi.input_terminated", False)
    if not is_terminated:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise LengthRequired
        return
    content = _read_to_limit(request.environ["wsgi.input"])
    if not content:
        return
    # Django's request keeps the content that it reads here, for all later readers.
    request.read = BytesIO(content).read
    try:
        body = request.body
    finally:
        del request.read
    if len(body) != len(content):
        # Other code has read `request.body` before, when it was empty.
        raise LengthRequired
    _set_length(request, len(content))


def _read_to_limit(stream: IO[bytes]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    content = bytearray()
    try:
        while chunk := stream.read(65536):
            content += chunk
            if limit is not None and len(content) > limit:
                raise ContentTooLarge
    except OSError as exc:
        raise UnreadablePostError(*exc.args) from exc
    return bytes(content)


def _set_length(request: HttpRequest, length: int) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit is not None and length > limit:
        # Django before its check of the length that was read.
        raise ContentTooLarge
    request.META["CONTENT_LENGTH"] = str(length)
