"""Settings of the stress scripts: those of the demo, with the scripts' own views beside its URLs.

`STRESS_POSTGRESQL_PORT` selects the PostgreSQL server that `outages` and `operations` start.
If the variable is not set, the database is the file that `EXAMPLE_DATABASE` names, as in the
example project.
"""

from __future__ import annotations

import os

from example_project.demo.settings import *  # noqa: F403
from example_project.demo.settings import API_ERRORS, DATABASES, MIDDLEWARE

ROOT_URLCONF = "stress.urls"

# APIErrorsMiddleware stays the first, so an error that it rewrites must keep the header.
MIDDLEWARE = [MIDDLEWARE[0], "stress.middleware.RequestIdMiddleware", *MIDDLEWARE[1:]]

API_ERRORS = {
    **API_ERRORS,
    # Each request of the load has an id, and its bodies are those of the tour.
    "BODY": None,
    # DRF's own handler serves these.
    "EXCLUDED_PATHS": ["/stress/stock/"],
    # An operation whose worker was killed has the status `running` for this time.
    "OPERATION_TIMEOUT": 20,
}

# The rows that the view of `outages` writes.
ROWS_PER_ORDER = 5

if "STRESS_POSTGRESQL_PORT" in os.environ:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": os.environ["STRESS_POSTGRESQL_PORT"],
            "USER": "postgres",
            "NAME": "postgres",
            "ATOMIC_REQUESTS": True,
            # Under ASGI each request has its own thread, and with it its own connection.
            "CONN_MAX_AGE": 0 if os.environ.get("STRESS_SERVER") == "uvicorn" else None,
            "CONN_HEALTH_CHECKS": True,
        }
    }
else:
    # The speed of the disk is not measured.
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
    )
