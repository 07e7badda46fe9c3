"""The errors of failed tasks: a worker makes them, and the traceback of the task contains them.

A task backend stores the class and the traceback of an exception as strings. Neither the code nor
the data of the exception can be read from them. Therefore one more line is added to the traceback:
the error that a view would send. The line is signed, because a client may have sent a message that
looks like it.
"""

from __future__ import annotations

import contextlib
import copyreg
import pickle
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from traceback import format_exception, walk_tb
from typing import Any

from django.core import signing
from django.http import HttpRequest

from django_apierrors.catalog import get_code, get_or_make_code
from django_apierrors.errors import Error
from django_apierrors.exceptions import Gone
from django_apierrors.fallback import log_failure
from django_apierrors.handling.reporting import is_unhandled, with_reference
from django_apierrors.operations.tasks import Task, TaskError, TaskResult, load_task
from django_apierrors.recognition import recognise, recognise_class_path
from django_apierrors.recognition.lookup import has_project_row
from django_apierrors.recognition.provenance import refine_by_provenance
from django_apierrors.validation.extra import clean
from django_apierrors.validation.messages import BODY, Item

LINE_PREFIX = "django_apierrors: "

# The exceptions of the tasks that are run inside `keeping_exceptions()`, by the id of the result.
_exceptions: ContextVar[dict[str, BaseException] | None] = ContextVar("exceptions", default=None)


@contextlib.contextmanager
def keeping_exceptions() -> Iterator[None]:
    """Keep the exceptions of the tasks that are run inside the block, for `find_exception()`."""
    token = _exceptions.set({})
    try:
        yield
    finally:
        _exceptions.reset(token)


def find_exception(result: TaskResult) -> BaseException | None:
    """Return the exception of a task, `None` if it did not raise in `keeping_exceptions()`."""
    return (_exceptions.get() or {}).get(result.id)


def store_error(task_result: Any = None, instance: Any = None) -> None:
    """Add the error of the exception that is being handled to the traceback of a failed task.

    `task_result` is that of the signal `task_finished`, `instance` the row of `django-tasks-db`
    that is about to be saved: its worker formats the traceback before the signal.
    """
    stored = instance or task_result
    exception = sys.exception()
    if exception is None or stored.status != "FAILED":
        return
    if instance is not None:
        # The worker may be unable to import the task.
        with contextlib.suppress(Gone):
            task = load_task(instance.task_path)
            arguments = [*instance.args_kwargs.values()]
            instance.traceback += make_line(exception, task, instance.pk, arguments)
        # Otherwise the worker would end: a database rejects some characters that clients may send.
        instance.traceback = clean(instance.traceback).replace("\0", "?")
        return
    arguments = [task_result.args, task_result.kwargs]
    line = make_line(exception, task_result.task, task_result.id, arguments)
    if task_result.errors:
        # ImmediateBackend has formatted the traceback.
        last = task_result.errors[-1]
        task_result.errors[-1] = replace(last, traceback=f"{last.traceback}{line}")
    if (exceptions := _exceptions.get()) is not None:
        # The caller of `ImmediateBackend` reports the exception.
        exceptions[task_result.id] = exception
        return
    # RQ and Celery format the traceback later, with the notes of the exception. A frozen dataclass
    # rejects a note.
    with contextlib.suppress(Exception):
        exception.add_note(line)
        # Many tasks may raise the same exception object.
        notes = exception.__notes__
        notes[:] = [note for note in notes if note is line or not str(note).startswith(LINE_PREFIX)]
    make_picklable(exception)


def find_unstorable(sender: object) -> str:
    """Return the traceback, escaped, if the task backend cannot store it; else `""`.

    RQ cannot encode half of a surrogate pair, and then stores nothing.
    """
    if not getattr(sender, "__module__", "").startswith("django_tasks_rq."):
        return ""
    text = "".join(format_exception(sys.exception()))
    escaped = text.encode(errors="backslashreplace").decode()
    return "" if escaped == text else escaped


def make_picklable(exception: BaseException) -> None:
    """Let Celery pickle an exception whose class cannot be called with its `args`.

    Otherwise Celery makes an exception of a parent class, and stores its traceback instead.
    """
    try:
        pickle.loads(pickle.dumps(exception))
    except Exception:
        with contextlib.suppress(Exception):
            # Not a local class, which can never be pickled.
            pickle.dumps(cls := type(exception))
            # Pickle makes an exception without attributes: the stored error has its values. The
            # method is set on this object, because `copyreg` would change all objects of the class.
            reduced = (copyreg.__newobj__, (cls,))  # type: ignore[attr-defined]
            exception.__reduce_ex__ = lambda protocol: reduced  # type: ignore[method-assign]


def make_line(exception: BaseException, task: Task, result_id: object, arguments: list[Any]) -> str:
    """Return the error of `exception` as a line of the traceback, `""` if it cannot be made."""
    try:
        error = make_task_error(exception, task, arguments)
        items = [[*item[:3], [*map(make_key, item.keys)], item.extra] for item in error.items]
        record = [error.code.name, error.status, items, error.left_out, error.headers, error.extra]
        record.append(is_unhandled(error, exception))
        signed = _make_signer(result_id).sign_object(record, compress=True)
        return f"{LINE_PREFIX}{result_id} {signed}\n"
    except Exception:
        # The worker stores the traceback without the line.
        log_failure("making the error of a task")
        return ""


def make_key(key: object) -> str | int:
    """Return a key that leads to a field as a type that JSON has."""
    return key if isinstance(key, (str, int)) else str(key)


def make_task_error(exception: BaseException, task: Task, arguments: list[Any]) -> Error:
    """Return the error to store for a failed task; `arguments` are its `args` and `kwargs`."""
    code = getattr(task.func, "__code__", None)
    if all(frame.f_code is not code for frame, _ in walk_tb(exception.__traceback__)):
        # The task did not raise the exception: the task backend could not store the result.
        return Error.of_code(get_code("INTERNAL_ERROR"))
    error = recognise(exception)
    if has_project_row(exception):
        return error
    # The client sent the arguments; their names may differ from those of its fields.
    sent = {BODY: arguments if any(arguments) else ()}
    refined = refine_by_provenance(error, exception, HttpRequest(), sent=sent)
    return error if refined is error else refined._replace(items=[])


def read_error(failure: TaskError, result: TaskResult) -> Error:
    """Return the error of a failed task: the stored error, else an error by the exception's class.

    The reference of an unhandled exception is the id of the result: the records of all task
    backends about a failed task have it.
    """
    # A message may repeat a line that a client sent, but a client cannot know the id in advance.
    # The traceback is `None` if Celery stopped the task.
    line = rf"{LINE_PREFIX}{re.escape(result.id)} ([\w.:-]+)"
    match = re.search(line, failure.traceback or "", re.ASCII)
    with contextlib.suppress(signing.BadSignature, ValueError):
        record = _make_signer(result.id).unsign_object(match[1] if match else "")
        name, status, items, left_out, headers, extra, has_reference = record
        code = get_or_make_code(name, status)
        items = [
            Item(field, key, message, tuple(keys), None, data)
            for field, key, message, keys, data in items
        ]
        error = Error(code, status, items, left_out, headers, extra=extra)
        return with_reference(error, result.id) if has_reference else error
    error = recognise_class_path(failure.exception_class_path)
    return with_reference(error, result.id) if error.code.name == "INTERNAL_ERROR" else error


def _make_signer(result_id: object) -> signing.Signer:
    """Return a signer for one result: a message may contain the traceback of another task."""
    return signing.Signer(salt=f"{__name__}:{result_id}")
