"""The status of an operation: its body, and the error of a task that failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rest_framework.fields import DateTimeField

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.recognition import recognise_class_path

if TYPE_CHECKING:
    from django_apierrors.operations.handles import Handle
    from django_apierrors.operations.tasks import TaskResult

FINISHED = frozenset({"FAILED", "SUCCESSFUL"})


def make_operation_body(handle: Handle, operation_id: str, url: str, status: str) -> dict[str, Any]:
    """Return the body of an operation without `result` and `error`; `status` is a result's."""
    return {
        "id": operation_id,
        "href": url,
        "status": status.lower(),
        "createdAt": DateTimeField().to_representation(handle.created_at),
    }


def find_error(result: TaskResult, handle: Handle) -> Error | None:
    """Return the error of a task that failed or that has been running for too long, else `None`."""
    if result.status == "FAILED":
        # A task backend may stop a task without an exception.
        path = result.errors[-1].exception_class_path if result.errors else ""
        return recognise_class_path(path)
    # The database backend leaves the task of a killed worker running for ever. Celery's does not
    # store the start of a task: the time of acceptance counts instead.
    started = result.started_at.timestamp() if result.started_at else handle.created / 1000
    is_overdue = time.time() - started > api_errors.OPERATION_TIMEOUT
    if result.status == "RUNNING" and is_overdue:
        return Error.of_code(get_code("GATEWAY_TIMEOUT"))
    return None
