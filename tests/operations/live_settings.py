"""Settings of a server and its workers, for the task backend that the environment names."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

BACKEND = os.environ["TEST_BACKEND"]
DATABASE = os.environ["TEST_DATABASE"]
REDIS_PORT = int(os.environ["TEST_REDIS_PORT"])
REDIS_DATABASE = 15

ROOT_URLCONF = "tests.operations.live_urls"
DATABASES: dict[str, Any] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
        "ATOMIC_REQUESTS": True,
    }
}
if BACKEND == "postgresql":
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "USER": os.environ.get("PGUSER", "postgres"),
        "NAME": DATABASE,
        "ATOMIC_REQUESTS": True,
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        name: {"handlers": ["console"]}
        for name in ("django.request", "django.tasks", "django_tasks")
    },
}

# Django 5.2 does not have django.tasks, and django-tasks-rq uses the backport on Django 6 too.
if not find_spec("django.tasks") or BACKEND == "rq":
    INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks"]

if BACKEND == "rq":
    INSTALLED_APPS = [*INSTALLED_APPS, "django_rq", "django_tasks_rq"]
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ_QUEUES = {
        "default": {
            "HOST": "127.0.0.1",
            "PORT": REDIS_PORT,
            "DB": REDIS_DATABASE,
            "REDIS_CLIENT_KWARGS": {"retry": None, "socket_connect_timeout": 0.5},
        }
    }

if BACKEND == "celery":
    TASKS = {
        "default": {
            "BACKEND": "django_tasks_celery.CeleryBackend",
            "OPTIONS": {"CELERY_APP": "tests.operations.celery.app"},
        }
    }
    CELERY_BROKER_URL = f"redis://127.0.0.1:{REDIS_PORT}/{REDIS_DATABASE}"
    CELERY_RESULT_BACKEND = CELERY_BROKER_URL
    CELERY_RESULT_EXTENDED = True
    CELERY_TASK_TRACK_STARTED = True
    CELERY_RESULT_EXPIRES = 1_209_600
    # Without these the client retries for 19 seconds if Redis is down.
    CELERY_TASK_PUBLISH_RETRY = False
    CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 0.5}
    CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"retry_policy": {"max_retries": 0}}
