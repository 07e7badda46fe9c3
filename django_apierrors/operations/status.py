"""The status of an operation: its body, and the error of a task that failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from rest_framework.fields import DateTimeField

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.recognition import recognise_class_path

if TYPE_CHECKING:
    from django_apierrors.errors import Body
    from django_apierrors.operations.handles import Handle
    from django_apierrors.operations.tasks import TaskResult

FINISHED = frozenset({"FAILED", "SUCCESSFUL"})


class OperationBody(TypedDict):
    """The JSON object on the wire; `status` is ready, running, successful or failed."""

    id: str
    href: str
    status: str
    createdAt: str
    result: NotRequired[Any]
    error: NotRequired[Body]


def make_operation_body(handle: Handle, operation_id: str, url: str, status: str) -> OperationBody:
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
    if result.status == "RUNNING" and is_overdue(result, handle):
        return Error.of_code(get_code("GATEWAY_TIMEOUT"))
    return None


def is_overdue(result: TaskResult, handle: Handle) -> bool:
    """Whether a task has been running for longer than `OPERATION_TIMEOUT`.

    The database backend leaves the task of a killed worker running for ever. Celery's does not
    store the start of a task: the time of acceptance counts instead.
    """
    started = result.started_at.timestamp() if result.started_at else handle.created / 1000
    return time.time() - started > api_errors.OPERATION_TIMEOUT
