"""Settings of the example project, as a production server would have them."""

from __future__ import annotations

import os
from pathlib import Path

from example_project import documentation
from example_project.engines import get_engine

BASE_DIR = Path(__file__).resolve().parent

DEBUG = False
# Anyone can read this default, so a server that others can reach sets its own key.
SECRET_KEY = os.environ.get(
    "EXAMPLE_SECRET_KEY", "for-loopback-use-alone-" + "0123456789abcdef" * 2
)
ALLOWED_HOSTS = os.environ.get("EXAMPLE_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

# EXAMPLE_TASKS=db|rq|celery|immediate: what does the work that is accepted with a 202.
ENGINE = get_engine()

INSTALLED_APPS = [
    "rest_framework",
    "django_apierrors",
    "example_project.inventory",
    *ENGINE.installed_apps,
    *documentation.INSTALLED_APPS,
]

MIDDLEWARE = [
    "django_apierrors.middleware.APIErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "example_project.inventory.authentication.ApiKeyAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["example_project.inventory.permissions.KeyAllowsMethod"],
    "DEFAULT_PAGINATION_CLASS": "example_project.inventory.pagination.LinkPagination",
    "DEFAULT_FILTER_BACKENDS": ["example_project.inventory.filters.ExpressionFilter"],
    # Callers are operators with API keys; django.contrib.auth is not installed.
    "UNAUTHENTICATED_USER": None,
    **documentation.REST_FRAMEWORK,
}

# There is nothing here but the API: a browser gets its errors in the format too. Each links to the
# page of its code below /errors/.
API_ERRORS = {"PATHS": ["/"], "MORE_INFO": "apierrors:code"}

# 10,000 thngs, the most that an import takes, are more than Django's 2.5 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
ASGI_APPLICATION = "example_project.asgi.application"
# The API document's URLs end without a slash.
APPEND_SLASH = False

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", BASE_DIR / "db.sqlite3"),
        # A deferred SQLite transaction that turns from reading to writing fails at once when
        # another writer was faster; an immediate one waits for its turn.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
TASKS = {"default": {"BACKEND": ENGINE.backend, "OPTIONS": ENGINE.options}}
RQ_QUEUES = ENGINE.queues

# For /docs alone.
STATIC_URL = "/static/"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
SPECTACULAR_SETTINGS = documentation.SPECTACULAR_SETTINGS

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"level": "WARNING"}},
}
