"""The settings of ``/schema`` and ``/docs``; without drf-spectacular there is neither.

pip install "django-apierrors[openapi]" drf-spectacular-sidecar
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

IS_INSTALLED = all(map(find_spec, ("drf_spectacular", "drf_spectacular_sidecar")))

# The second has Swagger UI itself, which would else come from a server of somebody else's.
INSTALLED_APPS = (
    ["django.contrib.staticfiles", "drf_spectacular", "drf_spectacular_sidecar"]
    if IS_INSTALLED
    else []
)

REST_FRAMEWORK = (
    {"DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema"} if IS_INSTALLED else {}
)

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Inventory",
    "DESCRIPTION": "Thngs, and the collections that they are in.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    # What is sent may be less than what is shown.
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["example_project.inventory.openapi.complete"],
    # They say nothing of the data, so they need no key.
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True},
}
