"""Settings of ``make demo``: the example project's, with failures and other task backends.

Errors have a header with the code, and the id of a request that has one.
"""

from __future__ import annotations

from example_project.demo.task_backends import get_task_backend
from example_project.settings import *  # noqa: F403
from example_project.settings import API_ERRORS, INSTALLED_APPS

ROOT_URLCONF = "example_project.demo.urls"

# Without X-Request-ID in the request the bodies are those of the API document.
API_ERRORS = {
    **API_ERRORS,
    "CODE_HEADER": "X-Error-Code",
    "BODY": "example_project.demo.request_ids.add_request_id",
}

# EXAMPLE_TASKS=db|rq|celery|immediate
TASK_BACKEND = get_task_backend()
INSTALLED_APPS = list(dict.fromkeys([*INSTALLED_APPS, *TASK_BACKEND.apps]))
TASKS = {"default": {"BACKEND": TASK_BACKEND.path, "OPTIONS": TASK_BACKEND.options}}
RQ_QUEUES = TASK_BACKEND.queues
