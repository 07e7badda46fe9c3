"""The Django app: wiring only."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.apps import AppConfig
from django.core.signals import setting_changed
from django.utils.translation import pgettext_lazy

from django_apierrors.conf import is_strict


def add_error_to_record(record: logging.LogRecord) -> bool:
    """Give a record about a request the attributes `code` and `reference` of its error.

    A filter of the logger `django.request`, which writes the records of Django and of this package.
    """
    error = getattr(getattr(record, "request", None), "api_error", None)
    if error is not None:
        record.code, record.reference = error.code.name, error.reference
    return True


def connect_report(**kwargs: object) -> None:
    """Have undeclared errors reported if `STRICT` is on; else no error needs the signal."""
    # The checks report settings that cannot be read.
    with suppress(Exception):
        if is_strict():
            from django_apierrors.introspection.declarations import report_undeclared
            from django_apierrors.signals import error_sent

            error_sent.connect(report_undeclared)


class APIErrorsConfig(AppConfig):
    """Registers the system checks, the filter of Django's log records, and the report of errors."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Import the checks, which registers them; add the filter, and the receivers."""
        from django_apierrors import checks  # noqa: F401

        logging.getLogger("django.request").addFilter(add_error_to_record)
        setting_changed.connect(connect_report)
        connect_report()
