"""The fallback: a constant body and a log record, for an error that cannot be built."""

from __future__ import annotations

import json
import logging
from typing import Any

logger = logging.getLogger("django_apierrors")

STATUS = 500

# A constant in English: the catalogue, a translation or a setting may have failed.
CONTENT = (
    b'{"status":500,"errors":["An error on our side, we\'re sorry. Please get in touch including '
    b'details of the request you tried and the response you received."],'
    b'"code":"INTERNAL_ERROR","moreInfo":""}'
)

# This body as problem details.
PROBLEM_CONTENT = (
    b'{"type":"about:blank","title":"Internal Server Error","detail":"An error on our side, we\'re '
    b"sorry. Please get in touch including details of the request you tried and the response you "
    b'received.",' + CONTENT[1:]
)


def get_body() -> dict[str, Any]:
    """Return the fallback body as a dict."""
    body: dict[str, Any] = json.loads(CONTENT)
    return body


def log_failure(action: str) -> None:
    """Log the current exception; `action` is a gerund: "reading PATHS"."""
    logger.exception("django_apierrors failed while %s.", action)
