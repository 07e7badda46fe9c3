"""Settings of the example project, for production.

Install ``django-apierrors[fast,openapi]``, ``drf-spectacular-sidecar`` and ``django-tasks-db``, and
on Django 5.2 ``django-tasks``; ``make demo`` installs them.
"""

from __future__ import annotations

import os
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent

DEBUG = False
# This default is public. Set EXAMPLE_SECRET_KEY on a server that other machines can reach.
SECRET_KEY = os.environ.get("EXAMPLE_SECRET_KEY", "for-loopback-only-" + "0123456789abcdef" * 2)
ALLOWED_HOSTS = os.environ.get("EXAMPLE_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "rest_framework",
    "django_apierrors",
    "example_project.inventory",
    # The task backend of the 202s.
    "django_tasks_db",
    # The schema, and Swagger UI with its own files.
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.staticfiles",
]
if django.VERSION < (6, 0):
    # The backport of django.tasks.
    INSTALLED_APPS += ["django_tasks"]

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
    "DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "example_project.inventory.authentication.ApiKeyAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["example_project.inventory.permissions.KeyAllowsMethod"],
    "DEFAULT_PAGINATION_CLASS": "example_project.inventory.pagination.LinkPagination",
    "DEFAULT_FILTER_BACKENDS": ["example_project.inventory.filters.ExpressionFilter"],
    # Users are operators with API keys: django.contrib.auth is not installed.
    "UNAUTHENTICATED_USER": None,
}

# Every path belongs to the API, so browsers get JSON errors too. The `moreInfo` of an error is the
# URL of its code's page below /errors/. The front end needs `details`.
API_ERRORS = {
    "PATHS": ["/"],
    "MORE_INFO": "apierrors:code",
    "DETAILS": os.environ.get("EXAMPLE_DETAILS") == "1",
}

# An import of 10,000 thngs is larger than Django's default of 2.5 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
ASGI_APPLICATION = "example_project.asgi.application"
# The URLs in the API document end without a slash.
APPEND_SLASH = False

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", BASE_DIR / "db.sqlite3"),
        # A deferred SQLite transaction that reads and then writes fails at once if another
        # connection wrote in between. An immediate transaction waits for its turn.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}

# Accepted tasks wait in a table of the database. `manage.py db_worker` runs them.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# For /docs only.
STATIC_URL = "/static/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SPECTACULAR_SETTINGS = {
    "TITLE": "Inventory",
    "DESCRIPTION": "Thngs, and the collections that they are in.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    # Fields that are required in responses may be optional in requests.
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["example_project.inventory.openapi.complete_schema"],
    # The schema and its page contain no data, so they need no API key.
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"level": "WARNING"}},
}
