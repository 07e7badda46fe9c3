"""Settings of the benchmarks: no middleware, no database, every message in the response."""

from __future__ import annotations

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
# Each request has the URL patterns of its configuration.
ROOT_URLCONF = ""
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "drf_standardized_errors",
    "django_apierrors",
]

# Stock DRF sends every message too.
API_ERRORS = {"MAX_ERRORS": None}
