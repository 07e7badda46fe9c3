"""The fallback: a constant body and a log record, for an error that cannot be built."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

from django_apierrors.conf import api_errors

logger = logging.getLogger("django_apierrors")

STATUS = 500

# Constants in English: the catalogue, a translation or a setting may have failed.
MESSAGE = (
    b"An error on our side, we're sorry. Please get in touch including details of the request you "
    b"tried and the response you received."
)
CONTENT = b'{"status":500,"errors":["%s"],"code":"INTERNAL_ERROR","moreInfo":""}' % MESSAGE

# The constant body as problem details.
TITLE = b'"type":"about:blank","title":"Internal Server Error"'
PROBLEM_CONTENT = b'{%s,"detail":"%s",%s' % (TITLE, MESSAGE, CONTENT[1:])

# The `details` of the two bodies, if the setting `DETAILS` is on.
DETAILS = b',"details":[{"field":"","code":"internal_error","message":"%s"}]}' % MESSAGE


def get_content(*, is_problem: bool = False) -> bytes:
    """Return the fallback body, with `details` if errors have them."""
    content = PROBLEM_CONTENT if is_problem else CONTENT
    # The settings may be broken.
    with suppress(Exception):
        return content[:-1] + DETAILS if api_errors.DETAILS else content
    return content


def get_body() -> dict[str, Any]:
    """Return the fallback body as a dict."""
    body: dict[str, Any] = json.loads(get_content())
    return body


def log_failure(action: str) -> None:
    """Log the current exception; `action` is a gerund: "reading PATHS"."""
    logger.exception("django_apierrors failed while %s.", action)
