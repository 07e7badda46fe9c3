"""The task backends that can run the accepted tasks of the demo, chosen by ``EXAMPLE_TASKS``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

VARIABLE = "EXAMPLE_TASKS"
DEFAULT = "db"
# Django 5.2 has a backport of django.tasks with the same modules.
FRAMEWORK = "django.tasks" if find_spec("django.tasks") else "django_tasks"


@dataclass(frozen=True)
class TaskBackend:
    """A task backend: its settings, and the command of its worker.

    ``worker`` is ``None`` if the backend needs no worker, ``ready`` is a part of the line that the
    worker logs when it is ready, and ``queues`` is the setting ``RQ_QUEUES``.
    """

    name: str
    path: str
    apps: tuple[str, ...] = ()
    worker: str | None = None
    ready: str = ""
    queues: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The package that contains the backend."""
        return self.path.partition(".")[0]


RQ_QUEUES = {
    "default": {
        "HOST": os.environ.get("EXAMPLE_REDIS_HOST", "127.0.0.1"),
        "PORT": int(os.environ.get("EXAMPLE_REDIS_PORT", "6379")),
        "DB": int(os.environ.get("EXAMPLE_REDIS_DB", "0")),
        # Seconds. RQ's own 180 are too short for 10,000 rows.
        "DEFAULT_TIMEOUT": 3600,
        # By default the client retries for seconds if Redis is down.
        "REDIS_CLIENT_KWARGS": {"retry": None, "socket_connect_timeout": 0.5},
    }
}

TASK_BACKENDS = {
    backend.name: backend
    for backend in (
        TaskBackend(
            "db",
            "django_tasks_db.DatabaseBackend",
            ("django_tasks_db",),
            "manage.py db_worker --interval 0.2 --no-startup-delay",
            "Starting worker",
        ),
        TaskBackend(
            "rq",
            "django_tasks_rq.RQBackend",
            # The backend raises the backport's exceptions on Django 6 too.
            ("django_tasks", "django_rq", "django_tasks_rq"),
            "manage.py rqworker default --job-class django_tasks_rq.Job",
            "Listening on",
            RQ_QUEUES,
        ),
        TaskBackend(
            "celery",
            "django_tasks_celery.CeleryBackend",
            worker="-m celery -A example_project.demo.celery worker --concurrency 2 -l INFO",
            ready=" ready.",
            options={"CELERY_APP": "example_project.demo.celery.app"},
        ),
        TaskBackend("immediate", f"{FRAMEWORK}.backends.immediate.ImmediateBackend"),
    )
}


def get_task_backend() -> TaskBackend:
    """Return the task backend that ``EXAMPLE_TASKS`` names, or raise ImproperlyConfigured."""
    name = os.environ.get(VARIABLE) or DEFAULT
    if name not in TASK_BACKENDS:
        names = ", ".join(TASK_BACKENDS)
        raise ImproperlyConfigured(f"{VARIABLE}={name} is not a task backend. Use one of {names}.")
    backend = TASK_BACKENDS[name]
    if not find_spec(backend.package):
        raise ImproperlyConfigured(
            f"{VARIABLE}={name} needs the package {backend.package}. Install it: "
            "docs/operations.md lists the versions of Python and Django that it supports."
        )
    return backend
