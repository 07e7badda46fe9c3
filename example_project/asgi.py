"""The ASGI application of the example project."""

from __future__ import annotations

import os

from django_apierrors.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

application = get_asgi_application()
