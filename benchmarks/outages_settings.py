"""Settings of the benchmark of outages: PostgreSQL, which comes and goes."""

from __future__ import annotations

import os

# Of an order.
ROWS = 5

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "benchmarks.outages_project"
INSTALLED_APPS = ["rest_framework", "django_apierrors"]
MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware"]
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
API_ERRORS = {"PATHS": ["/"], "RETRY_AFTER": 7}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("BENCHMARK_PORT", "5432"),
        "USER": "postgres",
        "NAME": "postgres",
        "ATOMIC_REQUESTS": True,
        # Under ASGI each request has a thread of its own, and with it a connection.
        "CONN_MAX_AGE": None if os.environ.get("BENCHMARK_SERVER") == "gunicorn" else 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
