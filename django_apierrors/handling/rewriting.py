"""Rewriting: an existing response is brought into the format, in place.

In place, because the middleware inside ours has added cookies and CORS headers to it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path

from django_apierrors.errors import NO_HEADERS, Body, Error
from django_apierrors.http.encoders import encode
from django_apierrors.http.headers import add_required_headers
from django_apierrors.http.problems import JSON, apply_content_type, make_problem
from django_apierrors.http.scope import is_api_view, is_chosen_by_accept, is_in_paths
from django_apierrors.recognition import messages
from django_apierrors.validation.places import UNSAFE_METHODS
from django_apierrors.validation.shape import is_error_body

# The headers that describe the content that is replaced.
STALE_HEADERS = frozenset({"Content-Disposition", "Content-Encoding", "ETag", "Last-Modified"})

# An upstream's error that a view passes on may expand to a thousand times its size.
MAX_DECOMPRESSED_BYTES = 1_000_000

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


def find_body(request: HttpRequest, response: HttpResponse) -> Body | None:
    """Return the body of the error in `response`, `None` if `response` is not an error of the API.

    A page is always replaced: it may be a technical page. JSON is brought into the format if the
    view is a DRF view, or if the URL is in `PATHS`. All other JSON has the format of another API.
    """
    status = response.status_code
    is_page = not is_json(response) and not hasattr(response, "data")
    if is_page or is_error_view_response(request, response):
        return make_error(request, response).get_body(request)
    if not is_api_view(request) and not is_in_paths(request):
        return None
    content = read_content(response) if is_json(response) else b""
    if content is None and not hasattr(response, "data"):
        return None
    document: Any = parse_json(content or b"")
    # The view's renderer may have rendered a body of ours in another format.
    data = document if is_error_body(document, status) else getattr(response, "data", document)
    # DRF's request has the parsed body, which the server may not be able to read again.
    context = getattr(response, "renderer_context", None) or {}
    source = context.get("request") or request
    return data if is_error_body(data, status) else Error.of_data(data, status).get_body(source)


def make_error(request: HttpRequest, response: HttpResponse) -> Error:
    """Return the error for a page, with the known facts about the request in its message."""
    status = response.status_code
    if status < 400:
        # The only such response here is a redirect to the URL with a slash.
        return messages.complete_message(Error.of_status(404), messages.NO_SLASH)
    error = Error.of_status(status)
    if status == 404 and messages.lacks_slash(request):
        return messages.complete_message(error, messages.NO_SLASH)
    if status == 403 and is_csrf_failure(request, response):
        return messages.complete_message(error, messages.NO_CSRF_TOKEN)
    if status == 405:
        return messages.complete_methods(error, str(request.method), response.get("Allow", ""))
    if status == 429 and response.get("Retry-After", "").isdecimal():
        return messages.complete_message(error, messages.WAIT, seconds=int(response["Retry-After"]))
    return error


def is_csrf_failure(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether `response`, a 403, is that of Django's CsrfViewMiddleware.

    The middleware logs its response, and marks the requests that it accepts.
    """
    match = request.resolver_match
    is_checked = match is not None and not getattr(match.func, "csrf_exempt", False)
    is_accepted = getattr(request, "csrf_processing_done", False)
    return is_logged(response) and is_checked and not is_accepted


def rewrite(
    response: HttpResponse, request: HttpRequest, body: Body, error: Error | None = None
) -> None:
    """Give `response` the body of an error; its cookies and other headers stay.

    The headers and the reference are those of `error`. The content is not replaced if it is already
    the JSON of `body`.
    """
    has_body = is_json(response) and parse_json(read_content(response) or b"") == body
    response["Content-Type"] = JSON
    sent: Mapping[str, Any] = body
    if apply_content_type(response, request):
        sent = make_problem(body, error.reference if error else None)
    if sent is not body or not has_body:
        if response.status_code < 400:
            # A redirect to the URL with a slash. The `Location` of an error is the view's own.
            del response["Location"]
        if response.status_code != 416:
            # The size of the resource, RFC 9110, section 15.5.17.
            del response["Content-Range"]
        for name in STALE_HEADERS:
            del response[name]
        response.status_code = body["status"]
        response.reason_phrase = None  # type: ignore[assignment]
        response.content = encode(sent)
        response["Content-Length"] = str(len(response.content))
        if hasattr(response, "data"):
            response.data = sent
    for name, value in (error.headers if error else NO_HEADERS).items():
        response[name] = value
    add_required_headers(response, sent, request)


def is_slash_redirect(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether CommonMiddleware redirects an unsafe method because of a missing slash.

    Clients turn the POST into a GET when they follow it, so the URL counts as unmatched.
    """
    return (
        response.status_code == 301
        and request.method in UNSAFE_METHODS
        and request.resolver_match is None
        and response.get("Location", "").partition("?")[0] == f"{escape_uri_path(request.path)}/"
    )


def is_json(response: HttpResponse) -> bool:
    """Whether the content type of `response` is JSON."""
    media_type = response.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def read_content(response: HttpResponse) -> bytes | None:
    """Return the content of `response`, decompressed; `None` if it cannot be, or is too large."""
    encoding = response.get("Content-Encoding", "identity").lower()
    if encoding not in ("gzip", "x-gzip"):
        return response.content if encoding == "identity" else None
    try:
        with gzip.open(BytesIO(response.content)) as file:
            content = file.read(MAX_DECOMPRESSED_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return b""
    return content if len(content) <= MAX_DECOMPRESSED_BYTES else None


def parse_json(content: bytes) -> Any:
    """Return the document in `content`, `None` if it is not valid JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def is_error_view_response(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether `handler404` or another error view made `response`, before a view was resolved.

    The response may be JSON, as DRF's docs propose, and contain the message of the exception.
    """
    if request.resolver_match is not None:
        return False
    return response.status_code == 404 or is_logged(response)


def is_logged(response: HttpResponseBase) -> bool:
    """Whether Django has logged `response`, as it does when it responds to an exception."""
    # Private; checked on Django 5.2 to 6.1.
    return getattr(response, "_has_been_logged", False)


@contextmanager
def override_language(request: HttpRequest) -> Iterator[None]:
    """Activate the language of `request`; the thread may have that of an earlier request."""
    with translation.override(get_language(request)):
        yield


def is_language_negotiated(request: HttpRequest) -> bool:
    """Whether `Accept-Language` decides the language, because LocaleMiddleware was not reached."""
    is_chosen = getattr(request, "LANGUAGE_CODE", None) is not None
    return not is_chosen and LOCALE_MIDDLEWARE in settings.MIDDLEWARE


def add_vary(response: HttpResponseBase, request: HttpRequest) -> None:
    """Add to `Vary` the headers that choose the format and the language of an error."""
    if is_chosen_by_accept(request):
        patch_vary_headers(response, ["Accept"])
    add_language_to_vary(response, request)


def add_language_to_vary(response: HttpResponseBase, request: HttpRequest) -> None:
    """Add `Accept-Language` to `Vary` if it decides the language of an error."""
    if is_language_negotiated(request):
        patch_vary_headers(response, ["Accept-Language"])


def get_language(request: HttpRequest) -> str:
    """Return the language that LocaleMiddleware chose, or would choose, for `request`."""
    if is_language_negotiated(request):
        return translation.get_language_from_request(request)
    chosen: str | None = getattr(request, "LANGUAGE_CODE", None)
    return chosen or settings.LANGUAGE_CODE
