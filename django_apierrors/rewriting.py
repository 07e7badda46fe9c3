"""Rewriting: a response that is already there is brought into the format, in place.

In place, since the middleware inside ours has put cookies and CORS headers on it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.encoding import escape_uri_path

from django_apierrors.encoders import encode
from django_apierrors.errors import NO_HEADERS, Body, Error, is_body
from django_apierrors.headers import add_required_headers, set_header
from django_apierrors.problems import JSON, make_problem, negotiate
from django_apierrors.scope import is_api_view, is_in_paths

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# What was true of the content that goes.
STALE_HEADERS = frozenset(
    {
        *("content-disposition", "content-encoding", "content-length", "content-range"),
        *("etag", "last-modified", "location"),
    }
)

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


def find_body(request: HttpRequest, response: HttpResponse) -> Body | None:
    """Return the body that `response` should have, `None` where it is to stay as it is.

    A page is replaced whatever it says: it may be a technical one. JSON is a DRF view's own answer,
    or below `PATHS`, where all is ours; elsewhere it is somebody else's format.
    """
    status = response.status_code
    if status < 400:
        # The one success that gets here is a redirect to the slash.
        return Error.of_status(404).get_body(request)
    if is_refusal_to_read(request, response):
        return Error.of_status(413).get_body(request)
    if is_of_handler(request, response) or not (is_json(response) or hasattr(response, "data")):
        return Error.of_status(status).get_body(request)
    if not is_api_view(request) and not is_in_paths(request):
        return None
    document = read_json(response) if is_json(response) else None
    if is_body(document, status):
        response["Content-Type"] = JSON
        if negotiate(response, request):
            return document
        add_required_headers(response, request)
        return None
    data = getattr(response, "data", document)
    # A renderer of another format, or one that wraps all it renders, may have had a body of ours.
    return data if is_body(data, status) else Error.of_data(data, status).get_body(request)


def rewrite(
    response: HttpResponse,
    request: HttpRequest,
    body: Body,
    headers: Mapping[str, str] = NO_HEADERS,
) -> None:
    """Give `response` the body of an error and its headers; its cookies and other headers stay."""
    for name in STALE_HEADERS & response.headers._store.keys():
        del response[name]
    response.status_code = body["status"]
    response.reason_phrase = None  # type: ignore[assignment]
    set_header(response, "Content-Type", JSON)
    sent: Mapping[str, Any] = body
    if negotiate(response, request):
        with use_own_language(request):
            sent = make_problem(body)
    response.content = encode(sent)
    set_header(response, "Content-Length", str(len(response.content)))
    if hasattr(response, "data"):
        response.data = sent
    for name, value in headers.items():
        response[name] = value
    add_required_headers(response, request)


def is_slash_redirect(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether CommonMiddleware would send an unsafe method elsewhere for a missing slash.

    Clients turn the POST into a GET on the way, so the URL is as good as unmatched.
    """
    return (
        response.status_code == 301
        and request.method in UNSAFE_METHODS
        and request.resolver_match is None
        and response.get("Location", "").partition("?")[0] == f"{escape_uri_path(request.path)}/"
    )


def is_json(response: HttpResponse) -> bool:
    """Tell whether the content of `response` says it is JSON."""
    media_type = response.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def read_json(response: HttpResponse) -> Any:
    """Return the document in `response`, `None` where there is none."""
    content = response.content
    try:
        if response.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return json.loads(content)
    except (ValueError, RecursionError, OSError, EOFError, zlib.error):
        return None


def is_of_handler(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether `handler404` or one of the others made `response`, before there was a view.

    It may be JSON, as DRF proposes for them, and hold the text of the exception.
    """
    if request.resolver_match is not None:
        return False
    return response.status_code == 404 or is_logged(response)


def is_refusal_to_read(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether `response` is Django's to a body over `DATA_UPLOAD_MAX_MEMORY_SIZE`.

    Outside views, in its CSRF check, Django says no more of it than a 400 does.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_too_large = limit is not None and length.isdecimal() and int(length) > limit
    return is_too_large and response.status_code == 400 and is_logged(response)


def is_logged(response: HttpResponseBase) -> bool:
    """Tell whether Django has logged `response` already, as it does where it answers a failure."""
    return getattr(response, "_has_been_logged", False)


@contextmanager
def use_own_language(request: HttpRequest) -> Iterator[None]:
    """Speak the language of `request` within, whatever the thread spoke to the one before."""
    with translation.override(get_language(request)):
        yield


def get_language(request: HttpRequest) -> str:
    """Return the language that LocaleMiddleware chose, or would have chosen, for `request`."""
    chosen: str | None = getattr(request, "LANGUAGE_CODE", None)
    if chosen is not None:
        return chosen
    if LOCALE_MIDDLEWARE in settings.MIDDLEWARE:
        return translation.get_language_from_request(request)
    return settings.LANGUAGE_CODE
