"""Settings of ``make demo``: the example project's, with failures and other task backends."""

from __future__ import annotations

from example_project.demo.task_backends import get_task_backend
from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS

ROOT_URLCONF = "example_project.demo.urls"

# EXAMPLE_TASKS=db|rq|celery|immediate
TASK_BACKEND = get_task_backend()
INSTALLED_APPS = list(dict.fromkeys([*INSTALLED_APPS, *TASK_BACKEND.apps]))
TASKS = {"default": {"BACKEND": TASK_BACKEND.path, "OPTIONS": TASK_BACKEND.options}}
RQ_QUEUES = TASK_BACKEND.queues
