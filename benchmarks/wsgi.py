"""The WSGI application of whatever project `DJANGO_SETTINGS_MODULE` names."""

from __future__ import annotations

from django_apierrors.wsgi import get_wsgi_application

application = get_wsgi_application()
