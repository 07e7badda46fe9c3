"""A request and its response, from any client, as one printable value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import get_script_prefix
from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.encoding import force_str

# The output of a failed test ends up in the logs of CI.
SECRET = re.compile("auth|cookie|key|passw|secret|session|token", re.IGNORECASE)
COOKIE = re.compile("cookie", re.IGNORECASE)
NOT_SHOWN = "(not shown)"

# The characters of a body that are printed.
MAX_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response.

    `sent` and `received` are headers. `method` is empty if the response does not refer to its
    request, for example if a view was called without a client.
    """

    method: str
    url: str
    sent: Mapping[str, str]
    status: int
    reason: str
    received: Mapping[str, str]
    content: bytes

    @classmethod
    def of(cls, response: Any) -> Exchange:
        """Return the exchange of a response.

        The response may be that of Django's or DRF's test clients, of `requests` (DRF's
        RequestsClient), `httpx` or schemathesis, or of a view that a test called directly.
        """
        if not getattr(response, "is_rendered", True):
            response.render()
        method, url, sent = read_request(response)
        reasons = (getattr(response, name, None) for name in ("reason_phrase", "reason", "message"))
        return cls(
            method,
            url,
            sent,
            response.status_code,
            next(filter(None, reasons), ""),
            CaseInsensitiveMapping(read_headers(response.headers.items())),
            # A streaming response does not have a content.
            getattr(response, "content", None) or b"",
        )

    def __str__(self) -> str:
        """Return the exchange as text, without the secrets in its headers."""
        lines = [
            f"> {self.method or 'unknown request'} {self.url}".rstrip(),
            *(f"> {name}: {value}" for name, value in hide(SECRET, self.sent)),
            "",
            f"< {self.status} {self.reason}".rstrip(),
            *(f"< {name}: {value}" for name, value in hide(COOKIE, self.received)),
        ]
        content = self.content.decode(errors="replace")
        if len(content) > MAX_LENGTH:
            content = f"{content[:MAX_LENGTH]} ... ({len(content)} characters in all)"
        return "\n".join([*lines, "", content]) if content else "\n".join(lines)


def read_request(response: Any) -> tuple[str, str, dict[str, str]]:
    """Return the method, the URL and the headers of the request of `response`."""
    request = find_request(response)
    if request is None:
        return "", "", {}
    url = (
        request.get_full_path()
        if hasattr(request, "get_full_path")
        else re.sub("//[^/@]*@", f"//{NOT_SHOWN}@", str(request.url))
    )
    return str(request.method), url, read_headers(request.headers.items())


def find_request(response: Any) -> Any:
    """Return the request of `response`: Django's, or that of another client."""
    for name in ("wsgi_request", "asgi_request", "request"):
        try:
            request = getattr(response, name, None)
        except RuntimeError:
            # httpx raises this for a response that was built by hand.
            continue
        if request is not None and hasattr(request, "headers"):
            return request
    return None


def get_path(response: Any) -> str:
    """Return the decoded path of the request of `response`, without the script name."""
    request = find_request(response)
    if hasattr(request, "path_info"):
        return str(request.path_info)
    prefix = (settings.FORCE_SCRIPT_NAME or get_script_prefix()).rstrip("/")
    return unquote(urlsplit(str(request.url)).path).removeprefix(prefix)


def read_headers(headers: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Return headers as strings; schemathesis has a list of values for each."""
    return {
        name: ", ".join(value) if isinstance(value, list) else force_str(value, "latin-1")
        for name, value in headers
    }


def hide(secret: re.Pattern[str], headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the headers; a placeholder replaces the value of each whose name matches `secret`."""
    for name, value in headers.items():
        yield name, NOT_SHOWN if secret.search(name) else value
