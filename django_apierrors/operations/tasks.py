"""The interface to task backends of `django.tasks` and of its backport `django-tasks`.

Neither framework is imported: the project's tasks bring theirs. Django 5.2 does not have
`django.tasks`, and `django-tasks-rq` raises the backport's exceptions on Django 6 too. Therefore
exceptions are matched by class name.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.db.models import Model
from django.utils.module_loading import import_string
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import FloatField
from rest_framework.utils import json
from rest_framework.utils.encoders import JSONEncoder

from django_apierrors.exceptions import Gone

# Exceptions that mean "no such result": an unknown id, a renamed or removed task, a removed queue
# or backend.
MISSING_RESULT_ERRORS = frozenset(
    {
        "django.tasks.exceptions.TaskException",
        "django.tasks.exceptions.InvalidTaskBackend",
        "django_tasks.exceptions.TaskException",
        "django_tasks.exceptions.InvalidTaskBackendError",
        "django.core.exceptions.SuspiciousOperation",
        "builtins.ImportError",
    }
)

# RQ raises a bare ValueError for a function that does not exist.
MISSING_FUNCTION = "Invalid attribute name: "


class TaskError(Protocol):
    """The exception of a failed task."""

    exception_class_path: str
    traceback: str


class TaskResult(Protocol):
    """The result of a task; `status` is READY, RUNNING, FAILED or SUCCESSFUL."""

    # `None` if Celery does not store the names of tasks.
    task: Task | None
    id: str
    status: str
    backend: str
    started_at: datetime | None
    errors: Sequence[TaskError]

    @property
    def return_value(self) -> Any:
        """The value that the task returned; only a successful task has one."""


class TaskBackend(Protocol):
    """A task backend, as `TASKS` configures it."""

    options: Mapping[str, Any]

    def get_result(self, result_id: str) -> TaskResult:
        """Return the result with that id, or raise."""


class Task(Protocol):
    """A function decorated with `@task`."""

    func: Callable[..., Any]
    takes_context: bool
    module_path: str

    def enqueue(self, *args: Any, **kwargs: Any) -> TaskResult:
        """Enqueue the task at its backend."""

    def get_backend(self) -> TaskBackend:
        """Return the task's backend."""


class ArgumentEncoder(JSONEncoder):
    """DRF's encoder for the arguments of a task: a model instance becomes its key.

    A decimal becomes a string, since a float would change its value.
    """

    def default(self, value: Any) -> Any:
        """Return a value of a JSON type for `value`, or raise TypeError."""
        if isinstance(value, Model):
            return value.pk
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, File):
            # DRF's encoder would iterate over it and send its lines.
            raise TypeError("A file cannot be an argument of a task: store it, and pass its name.")
        return super().default(value)


def serialize_arguments(
    task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments as JSON values; raise TypeError if they do not fit the task's signature.

    The task backends check neither. A worker would fail, long after the 202.
    """
    context = (None,) if task.takes_context else ()
    inspect.signature(task.func).bind(*context, *args, **kwargs)
    content = json.dumps([list(args), dict(kwargs)], cls=ArgumentEncoder)
    json_args, json_kwargs = json.loads(content)
    return json_args, json_kwargs


def find_number_errors(value: Any, max_depth: int = 50) -> Any:
    """Return an error for each NaN and infinity in validated data, `None` without them.

    JSON does not have them. DRF's FloatField accepts "NaN" before 3.18.3.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return [ErrorDetail(str(FloatField.default_error_messages["invalid"]), code="invalid")]
    # Only JSON that the client sent is deeper.
    if not max_depth or not isinstance(value, (Mapping, list)):
        return None
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(value)
    errors = ((key, find_number_errors(inner, max_depth - 1)) for key, inner in items)
    return {key: error for key, error in errors if error} or None


def check_task(task: Task) -> None:
    """Raise ImproperlyConfigured if a worker cannot import `task` by its path."""
    try:
        load_task(task.module_path)
    except Gone as exc:
        raise ImproperlyConfigured(
            f"{task.module_path} is not a task. Decorate the function itself with @task, and keep "
            "its name."
        ) from exc


def load_task(path: str) -> Task:
    """Return the task at the dotted path `path`; raise Gone if it was renamed or removed."""
    try:
        task = import_string(path)
    except ImportError as exc:
        raise Gone from exc
    if not hasattr(task, "get_backend"):
        raise Gone
    return task  # type: ignore[no-any-return]


def get_task_backends() -> Any:
    """Return the handler of the task backends in `TASKS`: of Django, or of its backport."""
    framework = "django.tasks" if find_spec("django.tasks") else "django_tasks"
    return import_module(framework).task_backends


def find_celery_app(backend: TaskBackend) -> Any:
    """Return the app of a task backend of Celery that stores the names of tasks, else `None`."""
    packages = {cls.__module__.partition(".")[0] for cls in type(backend).__mro__}
    if "django_tasks_celery" not in packages:
        return None
    app = import_string(backend.options.get("CELERY_APP") or "celery.current_app")
    return app if app.conf.result_extended else None


@contextmanager
def storing_state(task: Task) -> Iterator[None]:
    """Store a state in Celery for each message of `task` that is published inside the block.

    Celery reports a result that it does not have as pending, and stores nothing before a worker
    starts the task. The signal is sent before the message, so the task cannot have started.
    """
    app = find_celery_app(task.get_backend())
    if app is None:
        yield
        return

    def store(headers: Mapping[str, Any], **kwargs: Any) -> None:
        request = SimpleNamespace(task=task.module_path)
        app.backend.store_result(headers["id"], None, "SENT", request=request)

    signal = import_string("celery.signals.before_task_publish")
    signal.connect(store, sender=task.module_path, weak=False)
    try:
        yield
    finally:
        signal.disconnect(store, sender=task.module_path)


def load_result(backend: str, result_id: str) -> TaskResult:
    """Return the result of a task; raise Gone if its backend or the project no longer has it."""
    try:
        task_backend: TaskBackend = get_task_backends()[backend]
        result = task_backend.get_result(result_id)
    except Exception as exc:
        names = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(exc).__mro__}
        is_missing = not MISSING_RESULT_ERRORS.isdisjoint(names)
        if not is_missing and not str(exc).startswith(MISSING_FUNCTION):
            raise
        raise Gone from exc
    if result.task is not None:
        load_task(result.task.module_path)
    elif result.status == "READY" and find_celery_app(task_backend) is not None:
        # Celery does not have the result: accept() has stored the state SENT for each task.
        raise Gone
    return result
