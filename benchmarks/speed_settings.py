"""Settings of the speed benchmark: Django's and DRF's own, with no middleware and no database."""

from __future__ import annotations

from importlib.util import find_spec

SECRET_KEY = "for the benchmark alone"
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
DEBUG = False
USE_TZ = True
ROOT_URLCONF = "benchmarks.speed_urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "django_apierrors",
]
if find_spec("drf_standardized_errors"):
    INSTALLED_APPS += ["drf_standardized_errors"]

# The same work as stock DRF has: it sends every message that there is.
API_ERRORS = {"MAX_ERRORS": None}
