"""The Celery app of ``EXAMPLE_TASKS=celery``, which its worker is started with."""

from __future__ import annotations

import os

from celery import Celery

URL = "redis://{host}:{port}/{database}".format(
    host=os.environ.get("EXAMPLE_REDIS_HOST", "127.0.0.1"),
    port=os.environ.get("EXAMPLE_REDIS_PORT", "6379"),
    database=os.environ.get("EXAMPLE_REDIS_DB", "0"),
)

app = Celery("example_project", broker=URL, backend=URL)
app.conf.update(
    # Operations read from the result the name of the task and whether the task has started.
    result_extended=True,
    task_track_started=True,
    # Operations can be polled for OPERATION_MAX_AGE. Without its result, an operation has the
    # status `ready`.
    result_expires=1_209_600,
    # By default the client retries for 19 seconds if Redis is down.
    task_publish_retry=False,
    broker_transport_options={"max_retries": 0, "socket_connect_timeout": 0.5},
    result_backend_transport_options={"retry_policy": {"max_retries": 0}},
)
app.autodiscover_tasks()
