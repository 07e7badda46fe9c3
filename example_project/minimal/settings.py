"""Settings of the minimal project: what Django needs, then the lines of the README."""

import os

DEBUG = True
SECRET_KEY = "for-loopback-only-0123456789abcdef0123456789abcdef"
ROOT_URLCONF = "example_project.minimal.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", "minimal.sqlite3"),
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "example_project.minimal",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

INSTALLED_APPS += ["django_apierrors"]
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
}
MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware", *MIDDLEWARE]
