"""Settings of the benchmark of operations, for the driver and for the workers."""

from __future__ import annotations

import os
from importlib.util import find_spec

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "benchmarks.operations_project"
INSTALLED_APPS = ["rest_framework", "django_apierrors", "django_tasks_db"]
if not find_spec("django.tasks"):
    INSTALLED_APPS += ["django_tasks"]
MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware"]
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
    "UNAUTHENTICATED_USER": None,
}
API_ERRORS = {"OPERATION_TIMEOUT": 20}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "USER": os.environ.get("PGUSER", "postgres"),
        "NAME": os.environ.get("BENCHMARK_DATABASE", "postgres"),
        "CONN_MAX_AGE": None,
    }
}
# Each operation is asked for by another caller too, whose 404 is no news.
LOGGING = {"version": 1, "loggers": {"django.request": {"level": "CRITICAL"}}}
