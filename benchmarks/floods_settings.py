"""Settings of the benchmark of floods: bodies of 20 MB are taken, as an API of imports may do."""

from __future__ import annotations

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "benchmarks.floods_project"
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
INSTALLED_APPS = ["rest_framework", "django_apierrors"]
MIDDLEWARE = [
    "django_apierrors.middleware.APIErrorsMiddleware",
    # Says how long an answer is.
    "django.middleware.common.CommonMiddleware",
]
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
API_ERRORS = {"PATHS": ["/ours/"], "EXCLUDED_PATHS": ["/stock/"]}
