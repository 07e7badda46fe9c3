"""The task engines that do what is accepted with a 202, chosen by ``EXAMPLE_TASKS``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

VARIABLE = "EXAMPLE_TASKS"
DEFAULT = "db"
# Django 5.2 has no task framework of its own; its backport has the same modules.
FRAMEWORK = "django.tasks" if find_spec("django.tasks") else "django_tasks"
BACKPORT_APPS = [] if FRAMEWORK == "django.tasks" else ["django_tasks"]

# Seconds that RQ gives a task. Its own 180 are short for 10,000 rows.
RQ_TASK_TIMEOUT = 3600


@dataclass(frozen=True)
class Engine:
    """An engine: its settings, and what its worker is started with, ``None`` where it has none.

    ``ready`` is what a worker prints once it takes tasks, ``queues`` is the setting ``RQ_QUEUES``.
    """

    name: str
    backend: str
    apps: tuple[str, ...] = ()
    worker: str | None = None
    ready: str = ""
    queues: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The package that the engine is part of."""
        return self.backend.partition(".")[0]

    @property
    def installed_apps(self) -> list[str]:
        """What the engine and the framework add to ``INSTALLED_APPS``."""
        return list(dict.fromkeys((*BACKPORT_APPS, *self.apps)))


RQ_QUEUES = {
    "default": {
        "HOST": os.environ.get("EXAMPLE_REDIS_HOST", "127.0.0.1"),
        "PORT": int(os.environ.get("EXAMPLE_REDIS_PORT", "6379")),
        "DB": int(os.environ.get("EXAMPLE_REDIS_DB", "0")),
        "DEFAULT_TIMEOUT": RQ_TASK_TIMEOUT,
        # Without this the client goes on trying for seconds where there is no Redis.
        "REDIS_CLIENT_KWARGS": {"retry": None, "socket_connect_timeout": 0.5},
    }
}

ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "db",
            "django_tasks_db.DatabaseBackend",
            ("django_tasks_db",),
            "manage.py db_worker --interval 0.2 --no-startup-delay",
            "Starting worker",
        ),
        Engine(
            "rq",
            "django_tasks_rq.RQBackend",
            # It raises the backport's exceptions on Django 6 too.
            ("django_tasks", "django_rq", "django_tasks_rq"),
            "manage.py rqworker default --job-class django_tasks_rq.Job",
            "Listening on",
            RQ_QUEUES,
        ),
        Engine(
            "celery",
            "django_tasks_celery.CeleryBackend",
            worker="-m celery -A example_project.celery worker --concurrency 2 --loglevel INFO",
            ready=" ready.",
            options={"CELERY_APP": "example_project.celery.app"},
        ),
        Engine("immediate", f"{FRAMEWORK}.backends.immediate.ImmediateBackend"),
    )
}


def get_engine() -> Engine:
    """Return the engine that the environment names; raise ImproperlyConfigured for any other."""
    name = os.environ.get(VARIABLE) or DEFAULT
    if name not in ENGINES:
        names = ", ".join(ENGINES)
        raise ImproperlyConfigured(f"{VARIABLE}={name} is no engine. Take one of {names}.")
    engine = ENGINES[name]
    if not find_spec(engine.package):
        raise ImproperlyConfigured(
            f"{VARIABLE}={name} needs the package {engine.package}. Install it: "
            "docs/operations.md says which versions of Python and Django it takes."
        )
    return engine
