"""Exchange: a request and its answer, whichever client they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# A message about a failed test ends up in the logs of CI.
SECRET = re.compile("auth|cookie|key|passw|secret|session|token", re.IGNORECASE)
NOT_SHOWN = "(not shown)"

# Of what is printed of a body.
MAX_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent and what was answered.

    `sent` and `received` are headers. `method` is empty where the response does not know of its
    request, as that of a view which was called without a client.
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
        """Return the exchange that `response` ends.

        It may be of Django's or DRF's test clients, of `requests` (DRF's RequestsClient), `httpx`
        or schemathesis, or of a view that was called.
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
            read_headers(response.headers.items()),
            # A response that is streamed has none.
            getattr(response, "content", None) or b"",
        )

    def get_header(self, name: str) -> str | None:
        """Return a header of the answer, whatever the case of its name."""
        return next((self.received[it] for it in self.received if it.lower() == name.lower()), None)

    def __str__(self) -> str:
        """Return it for a person, the secrets in the headers left out."""
        lines = [
            f"> {self.method or 'a request that is not known'} {self.url}".rstrip(),
            *(f"> {name}: {hide(name, value)}" for name, value in self.sent.items()),
            "",
            f"< {self.status} {self.reason}".rstrip(),
            *(f"< {name}: {hide(name, value, 'cookie')}" for name, value in self.received.items()),
        ]
        text = self.content.decode(errors="replace")
        if len(text) > MAX_LENGTH:
            text = f"{text[:MAX_LENGTH]} ... ({len(text)} characters in all)"
        return "\n".join([*lines, "", text]) if text else "\n".join(lines)


def read_request(response: Any) -> tuple[str, str, dict[str, str]]:
    """Return the method, the URL and the headers of the request behind `response`."""
    for name in ("wsgi_request", "asgi_request", "request"):
        try:
            request = getattr(response, name, None)
        except RuntimeError:
            # httpx has this for a response that was made by hand.
            continue
        if request is not None and hasattr(request, "headers"):
            is_of_django = hasattr(request, "get_full_path")
            url = (
                request.get_full_path()
                if is_of_django
                else re.sub("//[^/@]*@", f"//{NOT_SHOWN}@", str(request.url))
            )
            return str(request.method), url, read_headers(request.headers.items())
    return "", "", {}


def read_headers(headers: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Return headers as texts; schemathesis has a list of values for each."""
    return {
        name: ", ".join(value) if isinstance(value, list) else _decode(value)
        for name, value in headers
    }


def hide(name: str, value: str, secret: str | None = None) -> str:
    """Return the value of a header, or a word in its place where it may be a secret."""
    is_secret = SECRET.search(name) if secret is None else secret in name.lower()
    return NOT_SHOWN if is_secret else value


def _decode(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
