"""The settings of the servers: DEBUG off, two languages, the API below `/api/`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

SECRET_KEY = "tests"
ALLOWED_HOSTS = ["127.0.0.1"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
DEBUG = False
LANGUAGE_CODE = "en"
ROOT_URLCONF = "tests.live.test_servers"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "django_apierrors",
    "tests.live",
]

MIDDLEWARE = [
    "django_apierrors.middleware.APIErrorsMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
}

LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "INFO"}},
}

# Django translates "Forbidden" itself.
API_ERRORS = {
    "PATHS": ["api"],
    "CODES": {"MISSING_RESOURCE": {"message": gettext_lazy("Forbidden")}},
}
