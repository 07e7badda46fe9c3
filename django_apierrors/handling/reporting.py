"""Reporting: signals and log records for exceptions.

- An exception that is not recognised: the signal `got_request_exception` and one ERROR record, as
  Django does it.
- A recognised exception of another package: one WARNING record with the traceback.
- `APIException`, `Http404`, `PermissionDenied`: nothing, except a WARNING for a deliberate 5xx.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from django.core import signals
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response  # Undocumented; BaseHandler logs through it.
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from django_apierrors import fallback
from django_apierrors.errors import Error
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.recognition import recognise
from django_apierrors.recognition.lookup import is_readable
from django_apierrors.signals import keep_error
from django_apierrors.validation.messages import Item
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


MESSAGE_WITH_REFERENCE = _("%(message)s Reference: %(reference)s.")


def get_error(
    exception: BaseException, request: AnyRequest | None = None, view: APIView | None = None
) -> Error:
    """Return the error for `exception`; that of an unhandled one has a reference in its message.

    The same reference is a note on the exception, and so in the traceback that is logged; or in the
    message of our own record.
    """
    error = recognise(exception, request, view)
    if is_unhandled(error, exception):
        return with_reference(error, add_reference(exception))
    return error


def is_unhandled(error: Error, exception: BaseException) -> bool:
    """Whether `exception` was not recognised; an APIException is, if it can be read."""
    if error.code.name != "INTERNAL_ERROR":
        return False
    return not (isinstance(exception, APIException) and is_readable(exception))


def add_reference(exception: BaseException, reference: str = "") -> str:
    """Return `reference`, or a new one, which is added to `exception` as a note if possible.

    An exception object that other requests have raised keeps their note: the record of one of them
    may not be written yet.
    """
    reference = reference or secrets.token_hex(6)
    if not any(str(note).startswith("Reference: ") for note in _get_notes(exception)):
        # A frozen dataclass has no new attributes, and __getattr__() may return the notes.
        with contextlib.suppress(Exception):
            exception.add_note(f"Reference: {reference}")
    return reference


def with_reference(error: Error, reference: str) -> Error:
    """Return `error` with `reference` in its message."""
    message = MESSAGE_WITH_REFERENCE % {"message": error.code.message, "reference": reference}
    return error._replace(items=[Item("", error.code.name.lower(), message)], reference=reference)


def is_noted(error: Error, exception: BaseException) -> bool:
    """Whether the reference of `error`, if it has one, is a note of `exception`."""
    return error.reference is None or f"Reference: {error.reference}" in _get_notes(exception)


def _get_notes(exception: BaseException) -> list[Any]:
    # Not read as an attribute: the class may have a __getattr__() that raises or never returns.
    notes = vars(exception).get("__notes__")
    return notes if isinstance(notes, list) else []


def report(
    exception: BaseException,
    request: HttpRequest | None,
    response: HttpResponse,
    error: Error | None,
) -> None:
    """Report an exception that a response was made for; `error` is `None` if its making failed."""
    if error is not None:
        keep_error(request, error)
    if error is None or is_unhandled(error, exception):
        report_unhandled(exception, request, response, error)
    else:
        report_recognised(exception, request, response)


def report_unhandled(
    exception: BaseException,
    request: HttpRequest | None,
    response: HttpResponse,
    error: Error | None = None,
) -> None:
    """Send the signal that monitoring listens to, and log one ERROR record, as Django does."""
    try:
        signals.got_request_exception.send(sender=None, request=request)
    except Exception:
        # Django cannot run an async receiver on the event loop, where async views run.
        fallback.log_failure("sending got_request_exception")
    log_unhandled(exception, request, response, error)


def log_unhandled(
    exception: BaseException,
    request: HttpRequest | None,
    response: HttpResponse,
    error: Error | None = None,
) -> None:
    """Log an ERROR record with the traceback, as Django does, and with the reference of `error`."""
    note = "" if error is None or is_noted(error, exception) else f" Reference: {error.reference}."
    _log(exception, request, response, "error", note)


def report_recognised(
    exception: BaseException, request: HttpRequest | None, response: HttpResponse
) -> None:
    """Log a recognised exception once, as a WARNING, with the traceback unless it is DRF's."""
    if isinstance(exception, APIException):
        # Without this Django logs a deliberate 503 as an ERROR.
        if response.status_code > 500:
            _log(None, request, response, "warning")
    elif not isinstance(exception, DRF_EXCEPTIONS):
        _log(exception, request, response, "warning")


def _log(
    exception: BaseException | None,
    request: HttpRequest | None,
    response: HttpResponse,
    level: str,
    note: str = "",
) -> None:
    log_response(
        "%s: %s%s",
        response.reason_phrase,
        request.path if request else "",
        note,
        response=response,
        request=request,
        exception=exception,
        level=level,
    )
