"""The signal `error_sent`: one for each error that this package sends to a client.

Its receivers get these keyword arguments:

- `request`: Django's `HttpRequest`, `None` if an error was made without a request.
- `response`: the response, with its final status and headers.
- `error`: the `Error`; metrics can count by `error.code.name` and `error.status`.
- `exception`: the exception that the error was made for, `None` for an error that a view, or an
  exception handler other than ours, returned.
- `reference`: the reference of an unhandled exception, `None` for other errors.

If a receiver raises, its exception is logged, and the client gets the same response. Under ASGI
sync receivers run in a thread, and async receivers on the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.dispatch import Signal
from django.http.response import HttpResponseBase

from django_apierrors.errors import Error, find_django_request
from django_apierrors.fallback import log_failure

error_sent = Signal()


def send_error_sent(
    response: HttpResponseBase,
    request: Any,
    error: Error | Mapping[str, Any],
    exception: BaseException | None = None,
) -> None:
    """Send `error_sent` for `response`, once; `error` may be the body of an error."""
    if getattr(response, "is_error_sent", False):
        return
    response.is_error_sent = True  # type: ignore[attr-defined]
    try:
        sent = error if isinstance(error, Error) else Error.of_body(error)
        # For the record that Django writes after all middleware.
        keep_error(request, sent)
        error_sent.send_robust(
            sender=None,
            request=find_django_request(request),
            response=response,
            # A project's handler may change the status of a response.
            error=sent._replace(status=response.status_code),
            exception=exception,
            reference=sent.reference,
        )
    except Exception:
        log_failure("sending error_sent")


def keep_error(request: Any, error: Error) -> None:
    """Keep `error` on Django's request, for the log records about it."""
    django_request: Any = find_django_request(request)
    if django_request is not None:
        django_request.apierrors_error = error
