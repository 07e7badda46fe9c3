"""The status of an operation: its body, and the errors of a task and of its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from rest_framework.fields import DateTimeField
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils import json

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error, find_django_request
from django_apierrors.handling import reporting
from django_apierrors.handling.responses import make_response
from django_apierrors.operations.failures import find_exception, read_error
from django_apierrors.operations.handles import Handle
from django_apierrors.operations.tasks import TaskResult

if TYPE_CHECKING:
    from rest_framework.views import APIView


FINISHED = frozenset({"FAILED", "SUCCESSFUL"})

# RQ stores this in place of a value that it cannot pickle, and logs nothing.
UNSERIALIZABLE = "Unserializable return value"

# The results that cannot be encoded as JSON and that this process has reported.
REPORTED: set[str] = set()
MAX_REPORTED = 1_000


def make_operation_body(handle: Handle, operation_id: str, url: str, status: str) -> dict[str, Any]:
    """Return the body of an operation without `result` and `error`; `status` is a result's."""
    return {
        "id": operation_id,
        "href": url,
        "status": status.lower(),
        "createdAt": DateTimeField().to_representation(handle.created_at),
    }


def find_error(result: TaskResult, handle: Handle, request: Request) -> Error | None:
    """Return the error of a task that failed or that has been running for too long, else `None`."""
    if result.status == "FAILED":
        if not result.errors:
            # A task backend may stop a task without an exception.
            return reporting.with_reference(Error.of_code(get_code("INTERNAL_ERROR")), result.id)
        failure = result.errors[-1]
        if failure.traceback == UNSERIALIZABLE:
            return report_result(TypeError(UNSERIALIZABLE), result, request)
        return read_error(failure, result)
    # The database backend leaves the task of a killed worker running for ever. Celery's does not
    # store the start of a task: the time of acceptance counts instead.
    started = result.started_at.timestamp() if result.started_at else handle.created / 100
    is_overdue = time.time() - started > api_errors.OPERATION_TIMEOUT
    if result.status == "RUNNING" and is_overdue:
        return Error.of_code(get_code("GATEWAY_TIMEOUT"))
    return None


def make_failed_response(
    error: Error, result: TaskResult, request: Request, view: APIView
) -> Response:
    """Return the response for the error of a task that was run at once, and report its exception.

    The task framework logs the exception too, but before the exception has a reference.
    """
    try:
        # The receivers of Django's signal read the exception that is being handled.
        raise find_exception(result) or RuntimeError(f"The task {result.id} failed.")
    except BaseException as exc:
        if reporting.is_unhandled(error, exc):
            error = reporting.with_reference(error, reporting.add_reference(exc))
        response = make_response(error, request, view, exception=exc)
        reporting.report(exc, find_django_request(request), response, error)
    return response


def check_result(value: Any, request: Request) -> None:
    """Raise an exception if a result cannot be encoded as JSON: backends may pickle results."""
    renderer = request.accepted_renderer
    if not isinstance(renderer, JSONRenderer):
        renderer = JSONRenderer()
    # Not by orjson, which writes `null` for NaN.
    json.dumps(
        value, cls=renderer.encoder_class, ensure_ascii=False, allow_nan=not renderer.strict
    ).encode()


def report_result(exception: Exception, result: TaskResult, request: Request) -> Error:
    """Report once that a result cannot be encoded as JSON, and return the error to send.

    The reference is the same in all processes of the server.
    """
    key = f"{result.backend}:{result.id}"
    reference = salted_hmac(__name__, key, algorithm="sha256").hexdigest()[:12]
    error = reporting.with_reference(Error.of_code(get_code("INTERNAL_ERROR")), reference)
    if key not in REPORTED:
        if len(REPORTED) >= MAX_REPORTED:
            REPORTED.clear()
        REPORTED.add(key)
        reporting.add_reference(exception, reference)
        reporting.report_unhandled(exception, request, HttpResponse(status=error.status), error)
    return error
