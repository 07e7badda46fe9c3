"""The status of an operation: its body, and the error of a task that failed."""

from __future__ import annotations

import ast
import time
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.fields import DateTimeField

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.handling.reporting import add_reference, report_unhandled, with_reference
from django_apierrors.recognition import recognise, recognise_class_path

if TYPE_CHECKING:
    from django_apierrors.operations.handles import Handle
    from django_apierrors.operations.tasks import TaskError, TaskResult

FINISHED = frozenset({"FAILED", "SUCCESSFUL"})

# The last line of a traceback that is parsed: about a thousand messages.
MAX_DETAIL_LENGTH = 100_000

# The references of results without JSON, by the task backends and the ids of the results.
REFERENCES: dict[tuple[str, str], str] = {}
MAX_REFERENCES = 1_000


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
        return recognise_failure(result.errors[-1]) if result.errors else recognise_class_path("")
    # The database backend leaves the task of a killed worker running for ever. Celery's does not
    # store the start of a task: the time of acceptance counts instead.
    started = result.started_at.timestamp() if result.started_at else handle.created / 1000
    is_overdue = time.time() - started > api_errors.OPERATION_TIMEOUT
    if result.status == "RUNNING" and is_overdue:
        return Error.of_code(get_code("GATEWAY_TIMEOUT"))
    return None


def recognise_failure(failure: TaskError) -> Error:
    """Return the error of a failed task, with the messages that its exception has for clients."""
    try:
        exception = find_exception(failure.exception_class_path, failure.traceback)
    except Exception:
        # The class may be gone, its code may have no literal, and the traceback may be `None`.
        exception = None
    path = failure.exception_class_path
    return recognise_class_path(path) if exception is None else recognise(exception)


def find_exception(path: str, traceback: str) -> Exception | None:
    """Return the exception at the end of a traceback, if its message is the detail of an error.

    The message is what follows the class in the first line that is not indented. Further lines may
    be notes of the project.
    """
    cls: Any = resolve_name(path)
    base = next((base for base in (APIException, ValidationError) if issubclass(cls, base)), None)
    block = traceback.rpartition("Traceback (most recent call last):\n")[2]
    line = next(line for line in block.split("\n") if not line.startswith(" "))
    name, colon, message = line.partition(": ")
    # The __str__() of a project may be for its log.
    if base is None or cls.__str__ is not base.__str__ or name != path or not colon:
        return None
    # A message of its own is as it is; all others are the `repr()` of a list or a dict.
    is_plain = base is APIException and ErrorDetail.__name__ not in message
    if not is_plain and len(message) > MAX_DETAIL_LENGTH:
        return None
    detail: Any = message if is_plain else parse_detail(ast.parse(message, mode="eval").body)
    if base is ValidationError:
        return ValidationError(detail)
    exception: APIException = cls.__new__(cls)
    exception.detail = detail
    return exception


def parse_detail(node: ast.expr) -> Any:
    """Return the detail that `repr()` made an expression of; raise ValueError for anything else."""
    if isinstance(node, ast.List):
        return [parse_detail(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(parse_detail, node.values), strict=True))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == ErrorDetail.__name__:
        return ErrorDetail(**{str(x.arg): ast.literal_eval(x.value) for x in node.keywords})
    return ast.literal_eval(node)


def report_result(exception: Exception, result: TaskResult, request: Any) -> Error:
    """Report that a result has no JSON, once, and return the error that it is read as."""
    error = Error.of_code(get_code("INTERNAL_ERROR"))
    key = (result.backend, str(result.id))
    if key not in REFERENCES:
        if len(REFERENCES) >= MAX_REFERENCES:
            REFERENCES.clear()
        REFERENCES[key] = add_reference(exception)
        error = with_reference(error, REFERENCES[key])
        report_unhandled(exception, request, HttpResponse(status=error.status), error)
    return with_reference(error, REFERENCES[key])
