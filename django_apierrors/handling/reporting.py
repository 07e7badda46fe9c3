"""Reporting: signals and log records for exceptions.

- An exception that is not recognised: the signal `got_request_exception` and one ERROR record, as
  Django does it.
- A recognised exception of another package: one WARNING record with the traceback.
- `APIException`, `Http404`, `PermissionDenied`: nothing, because Django logs the response. Two
  cases differ: a status over 500 is a WARNING, and a 500 without a message of its own is an ERROR
  with the traceback.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
import traceback
from io import StringIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core import signals
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response  # Undocumented; BaseHandler logs through it.
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from django_apierrors import fallback
from django_apierrors.errors import Error
from django_apierrors.exceptions import DRF_EXCEPTIONS
from django_apierrors.recognition import recognise
from django_apierrors.recognition.api_exceptions import is_error
from django_apierrors.validation.messages import Item
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

# Python prints an exception once for each group that contains it, which may take hours.
MAX_PRINTED = 1_000

MESSAGE_WITH_REFERENCE = _("%(message)s Reference: %(reference)s.")


def get_error(
    exception: BaseException, request: AnyRequest | None = None, view: APIView | None = None
) -> Error:
    """Return the error for `exception`, with a reference if it has the message of INTERNAL_ERROR.

    The reference is added to the exception as a note, which the logged traceback contains. If this
    is not possible, the message of our own log record has the reference.
    """
    error = recognise(exception, request, view)
    # The items of an APIException are messages of its own.
    if error.code.name == "INTERNAL_ERROR" and not (error.items and is_error(exception)):
        return with_reference(error, add_reference(exception))
    return error


def is_unhandled(error: Error, exception: BaseException) -> bool:
    """Whether `exception` was not recognised. An APIException with an error status was."""
    return error.code.name == "INTERNAL_ERROR" and not is_error(exception)


def add_reference(exception: BaseException, reference: str = "") -> str:
    """Return `reference`, or a new one, which is added to `exception` as a note if possible.

    If an earlier request raised the same exception object, the note of that request stays: its log
    record may not be written yet.
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


def make_exc_info(exception: BaseException) -> ExcInfo:
    """Return the values from which logging prints `exception`, or a substitute without notes."""
    if is_printable(exception):
        # A tuple: logging omits the traceback of an exception that counts as false.
        return type(exception), exception, exception.__traceback__
    substitute = Exception(f"{type(exception).__qualname__}, which cannot be printed")
    return Exception, substitute, sys.exc_info()[2]


def is_noted(error: Error, exc_info: ExcInfo) -> bool:
    """Whether the reference of `error`, if it has one, is in the record that Django logs."""
    is_note = f"Reference: {error.reference}" in _get_notes(exc_info[1])
    return error.reference is None or (is_note and bool(exc_info[1]))


def is_printable(exception: BaseException) -> bool:
    """Whether logging can print `exception`, those inside it, and those that led to it.

    A method of any of them may raise.
    """
    nodes, seen, count = [exception], set[int](), 0
    try:
        while nodes:
            inner = nodes.pop()
            count += 1
            if count > MAX_PRINTED:
                return False
            if isinstance(inner, BaseExceptionGroup):
                nodes += inner.exceptions
            cause = inner.__context__ if inner.__cause__ is None else inner.__cause__
            if cause is not None and id(cause) not in seen:
                seen.add(id(cause))
                nodes.append(cause)
        # Logging calls both; before Python 3.14 the first calls the second.
        traceback.print_exception(exception, limit=0, file=StringIO())
        bool(exception)
    except Exception:
        return False
    return True


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
    """Report an exception after its response was made; `error` is `None` if making it failed."""
    if error is None or is_unhandled(error, exception):
        report_unhandled(exception, request, response, error)
    elif error.reference is not None:
        log_unhandled(exception, request, response, error)
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
    exc_info = make_exc_info(exception)
    note = "" if error is None or is_noted(error, exc_info) else f" Reference: {error.reference}."
    _log(exc_info, request, response, "error", note)


def report_recognised(
    exception: BaseException, request: HttpRequest | None, response: HttpResponse
) -> None:
    """Log a WARNING for a recognised third-party exception, and for an APIException over 500."""
    if isinstance(exception, APIException):
        # Without our record Django logs the project's own 503 as an ERROR.
        if response.status_code > 500:
            _log(None, request, response, "warning")
    elif not isinstance(exception, DRF_EXCEPTIONS):
        _log(make_exc_info(exception), request, response, "warning")


def _log(
    exc_info: ExcInfo | None,
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
        exception=exc_info,  # type: ignore[arg-type]
        level=level,
    )
