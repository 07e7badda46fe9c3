"""Bodies of requests: their length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


def get_content_length(request: HttpRequest | Request) -> int | None:
    """Return the `Content-Length` of `request`, `None` if it is missing or malformed."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or "")
    except ValueError:
        # Not a number, or one with more digits than `sys.set_int_max_str_digits()` allows.
        return None
