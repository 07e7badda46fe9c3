"""Reporting: who is told of a failure, and how loudly.

A bug is told to everyone, once, as Django does it; somebody else's exception that was recognised to
the log, as a warning; what DRF answers by itself to nobody.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.core import signals
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.log import log_response  # Undocumented; what BaseHandler itself logs by.
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from django_apierrors import failsafe
from django_apierrors.details import Item
from django_apierrors.errors import Error
from django_apierrors.memory import get_text

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

WITH_REFERENCE = _("%(message)s Reference: %(reference)s.")

# What stock DRF answers itself; everything else travels on to Django.
ANSWERED_BY_DRF = (APIException, Http404, PermissionDenied)


def is_bug(error: Error, exception: BaseException) -> bool:
    """Tell whether `exception` was not recognised; a deliberate APIException always is."""
    return error.code.name == "INTERNAL_ERROR" and not isinstance(exception, APIException)


def make_reference(exception: BaseException) -> str:
    """Put a new reference on `exception` as a note, for the log record, and return it."""
    reference = secrets.token_hex(6)
    # An exception that a module keeps and raises again has the note of the last time.
    notes = getattr(exception, "__notes__", None)
    if notes:
        notes[:] = [note for note in notes if not str(note).startswith("Reference: ")]
    exception.add_note(f"Reference: {reference}")
    return reference


def show_reference(error: Error, reference: str) -> Error:
    """Return `error` with `reference`, if there is one, in its message."""
    if not reference:
        return error
    language = get_language()
    message = get_text(WITH_REFERENCE, language) % {
        "message": get_text(error.code.message, language),
        "reference": reference,
    }
    # Not by _replace(), which goes through a dict of them all.
    items = [Item("", None, message)]
    return Error(error.code, error.status, items, error.left_out, error.headers)


def report_bug(
    exception: BaseException, request: HttpRequest | None, response: HttpResponse
) -> None:
    """Report as Django does: the signal that monitoring listens to, and one ERROR record."""
    try:
        signals.got_request_exception.send(sender=None, request=request)
    except Exception:
        # Django cannot run an async receiver on the event loop, where async views are answered.
        failsafe.log_failure("telling the receivers of got_request_exception")
    log_bug(exception, request, response)


def log_bug(exception: BaseException, request: HttpRequest | None, response: HttpResponse) -> None:
    """Log a bug as Django does, with its traceback."""
    _log(exception, request, response, "error")


def report_failure(
    exception: BaseException, request: HttpRequest | None, response: HttpResponse
) -> None:
    """Log what was recognised: once, as a warning, with the traceback unless it was meant."""
    if isinstance(exception, APIException):
        # Without this Django logs a deliberate 503 as an ERROR.
        if response.status_code > 500:
            _log(None, request, response, "warning")
    elif not isinstance(exception, ANSWERED_BY_DRF):
        _log(exception, request, response, "warning")


def _log(
    exception: BaseException | None, request: HttpRequest | None, response: HttpResponse, level: str
) -> None:
    log_response(
        "%s: %s",
        response.reason_phrase,
        request.path if request else "",
        response=response,
        request=request,
        exception=exception,
        level=level,
    )
