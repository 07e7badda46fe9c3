"""The Django app: wiring only."""

from __future__ import annotations

import logging

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import pgettext_lazy


def add_error_to_record(record: logging.LogRecord) -> bool:
    """Give a record about a request the attributes `code` and `reference` of its error.

    A filter of the logger `django.request`, which writes the records of Django and of this package.
    """
    error = getattr(getattr(record, "request", None), "api_error", None)
    if error is not None:
        record.code, record.reference = error.code.name, error.reference
    return True


class APIErrorsConfig(AppConfig):
    """Registers the system checks, and the filter of Django's log records."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Import the checks, which registers them, add the filter, and an empty `API_ERRORS`."""
        from django_apierrors import checks  # noqa: F401

        logging.getLogger("django.request").addFilter(add_error_to_record)
        if not hasattr(settings, "API_ERRORS"):
            # Django needs ten times as long for a setting that does not exist as for another, and
            # each error reads a dozen.
            settings.API_ERRORS = {}
