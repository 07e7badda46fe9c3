"""Whole applications from the package index, stock and with this app, and the same requests."""

import os

from django.conf import settings

# `django_apierrors.testing` reads the settings.
if "DJANGO_SETTINGS_MODULE" not in os.environ and not settings.configured:
    settings.configure()
