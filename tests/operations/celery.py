"""The Celery app of the worker and of the server in `test_task_backends.py`."""

from __future__ import annotations

from celery import Celery

app = Celery("tests")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["tests.operations"])
