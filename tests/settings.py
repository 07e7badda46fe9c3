"""Settings of the test suite: the whole package installed, and SQLite in memory."""

from __future__ import annotations

from importlib.util import find_spec

SECRET_KEY = "for the tests of django_apierrors alone"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
DEBUG = False
USE_TZ = True
# The default takes most of a second for each password.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LANGUAGE_CODE = "en"
ROOT_URLCONF = "tests.urls"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "django_apierrors",
    "tests",
]

MIDDLEWARE = [
    "django_apierrors.middleware.APIErrorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

# A constraint of PostgreSQL would need `django.contrib.postgres` in INSTALLED_APPS.
SILENCED_SYSTEM_CHECKS = ["postgres.E005"]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]

REST_FRAMEWORK: dict[str, object] = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
}

# drf-spectacular reads this setting when @extend_schema decorates a view.
if find_spec("drf_spectacular"):
    REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "django_apierrors.openapi.AutoSchema"

# Without a task backend, the tests in tests/operations are skipped.
if find_spec("django_tasks_db"):
    INSTALLED_APPS += ["django_tasks_db"]
    FRAMEWORK = "django.tasks" if find_spec("django.tasks") else "django_tasks"
    TASKS = {
        "default": {"BACKEND": "django_tasks_db.DatabaseBackend"},
        "other": {"BACKEND": "django_tasks_db.DatabaseBackend"},
        "immediate": {"BACKEND": f"{FRAMEWORK}.backends.immediate.ImmediateBackend"},
    }
