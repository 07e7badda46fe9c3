"""The Celery app of ``EXAMPLE_TASKS=celery``: what its worker is started with."""

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
    # The name of its task, without which a result is nobody's, and that a worker has begun.
    result_extended=True,
    task_track_started=True,
    # As long as an operation can be polled: what is forgotten reads as not begun.
    result_expires=1_209_600,
    # Without these the client goes on trying for 19 seconds where there is no Redis.
    task_publish_retry=False,
    broker_transport_options={"max_retries": 0, "socket_connect_timeout": 0.5},
    result_backend_transport_options={"retry_policy": {"max_retries": 0}},
)
app.autodiscover_tasks()
