"""The Django app: wiring only."""

from __future__ import annotations

import logging

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class APIErrorsConfig(AppConfig):
    """Registers the system checks, and the filter of Django's log records."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Import the checks, which registers them, and add the filter."""
        from django_apierrors import checks  # noqa: F401
        from django_apierrors.signals import add_error_to_record

        logging.getLogger("django.request").addFilter(add_error_to_record)
