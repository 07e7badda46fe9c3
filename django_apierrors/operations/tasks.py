"""Engines: what we ask of `django.tasks`, of its backport, and of their backends.

Neither is imported: a task that a project hands us brings its framework along. Django 5.2 has none
of its own, and `django-tasks-rq` raises the backport's exceptions on Django 6 too, so what they
raise is told by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.db.models import Model
from django.utils.module_loading import import_string
from rest_framework.utils import json
from rest_framework.utils.encoders import JSONEncoder

from django_apierrors.exceptions import Gone

# What a framework raises of a result that is not there (any more) or whose task is not what it
# was: an unknown id, a function that is no task, a queue or a backend that left the settings.
GONE = frozenset(
    {
        "django.tasks.exceptions.TaskException",
        "django.tasks.exceptions.InvalidTaskBackend",
        "django_tasks.exceptions.TaskException",
        "django_tasks.exceptions.InvalidTaskBackendError",
        "django.core.exceptions.SuspiciousOperation",
        "builtins.ImportError",
    }
)


class TaskError(Protocol):
    """Why a task failed; its traceback is nothing for a client."""

    exception_class_path: str


class TaskResult(Protocol):
    """How a task stands: `status` is READY, RUNNING, FAILED or SUCCESSFUL."""

    id: str
    status: str
    backend: str
    started_at: datetime | None
    errors: Sequence[TaskError]

    @property
    def return_value(self) -> Any:
        """What the task returned; to be read of a successful one only."""


class TaskBackend(Protocol):
    """An engine, as `TASKS` configures it."""

    def get_result(self, result_id: str) -> TaskResult:
        """Return the result of that id, or raise."""


class Task(Protocol):
    """A function that `@task` decorates."""

    func: Callable[..., Any]
    takes_context: bool
    module_path: str

    def enqueue(self, *args: Any, **kwargs: Any) -> TaskResult:
        """Hand the task to its engine."""

    def using(self, *, backend: str) -> Task:
        """Return the same task for another engine."""

    def get_backend(self) -> TaskBackend:
        """Return the task's engine."""


class ArgumentEncoder(JSONEncoder):
    """DRF's encoder, for what goes to a worker: a model's instance goes by its key.

    A decimal goes as a text: DRF's float would be another number.
    """

    def default(self, value: Any) -> Any:
        """Return what JSON has a type for in place of `value`, or raise TypeError."""
        if isinstance(value, Model):
            return value.pk
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, File):
            # DRF's encoder would iterate over it, and send its lines.
            raise TypeError("A file cannot go to a task: store it, and pass its name.")
        return super().default(value)


def prepare(
    task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments as JSON has them; raise TypeError where `task` does not take them.

    The engines look at neither before a worker calls the function, long after the 202.
    """
    context = (None,) if task.takes_context else ()
    inspect.signature(task.func).bind(*context, *args, **kwargs)
    text = json.dumps([list(args), dict(kwargs)], cls=ArgumentEncoder)
    safe_args, safe_kwargs = json.loads(text)
    return safe_args, safe_kwargs


def check_task(task: Task) -> None:
    """Raise ImproperlyConfigured where a worker could not find `task` by its path."""
    try:
        find_task(task.module_path)
    except Gone as exc:
        raise ImproperlyConfigured(
            f"{task.module_path} is not a task. Decorate the function itself with @task, and keep "
            "its name."
        ) from exc


def find_task(path: str) -> Task:
    """Return the task at `path`; raise Gone where there is none any more."""
    try:
        task = import_string(path)
    except ImportError as exc:
        raise Gone from exc
    if not hasattr(task, "get_backend"):
        raise Gone
    return task  # type: ignore[no-any-return]


def find_result(task_path: str, backend: str, result_id: str) -> TaskResult:
    """Return how a task stands; raise Gone where its engine or its code know nothing of it."""
    task = find_task(task_path)
    try:
        return task.using(backend=backend).get_backend().get_result(result_id)
    except Exception as exc:
        if GONE.isdisjoint(f"{cls.__module__}.{cls.__qualname__}" for cls in type(exc).__mro__):
            raise
        raise Gone from exc
