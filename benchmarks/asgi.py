"""The ASGI application of whatever project `DJANGO_SETTINGS_MODULE` names."""

from __future__ import annotations

from django_apierrors.asgi import get_asgi_application

application = get_asgi_application()
