"""The Django app: wiring only."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps
from django.core.signals import setting_changed
from django.utils.module_loading import import_string
from django.utils.translation import pgettext_lazy

from django_apierrors import fallback
from django_apierrors.conf import is_strict


def add_error_to_record(record: logging.LogRecord) -> bool:
    """Give a record about a request the attributes `code` and `reference` of its error.

    A filter of the logger `django.request`, which writes the records of Django and of this package.
    """
    error = getattr(getattr(record, "request", None), "apierrors_error", None)
    if error is not None:
        record.code, record.reference = error.code.name, error.reference
    return True


def connect_report(**kwargs: object) -> None:
    """Connect the report of undeclared errors if `STRICT` is on."""
    # The checks report settings that cannot be read.
    with suppress(Exception):
        if is_strict():
            from django_apierrors.signals import error_sent

            error_sent.connect(report_undeclared_error)


def report_undeclared_error(**kwargs: Any) -> None:
    """Log a warning about an error that the schema of its operation does not have."""
    # Imported here: the module imports DRF's views, which import the classes that the project's
    # settings name.
    from django_apierrors.introspection.declarations import report_undeclared

    report_undeclared(**kwargs)


# The apps that send a signal about a failed task, the signal, and its sender.
TASK_SIGNALS: Sequence[tuple[str, str, str | None]] = (
    ("django.tasks", "django.tasks.signals.task_finished", None),
    ("django_tasks", "django_tasks.signals.task_finished", None),
    ("django_tasks_db", "django.db.models.signals.pre_save", "django_tasks_db.models.DBTaskResult"),
)


def store_task_error(sender: Any, signal: Any, **kwargs: Any) -> None:
    """Store the error of a failed task, so that the operation of the task can send it."""
    if sys.exception() is None:
        return
    unstorable = ""
    try:
        # Imported here, because the workers of most projects do not import DRF.
        from django_apierrors.operations.failures import find_unstorable, store_error

        store_error(kwargs.get("task_result"), kwargs.get("instance"))
        unstorable = find_unstorable(sender)
    except Exception:
        fallback.log_failure("storing the error of a failed task")
    if unstorable:
        # RQ records the exception of a failing receiver in place of that of the task.
        raise RuntimeError(unstorable) from None


class APIErrorsConfig(AppConfig):
    """Registers the system checks, the filter of Django's log records, and receivers of signals."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Import the checks, add the filter, and connect the receivers."""
        from django_apierrors import checks  # noqa: F401

        logging.getLogger("django.request").addFilter(add_error_to_record)
        setting_changed.connect(connect_report)
        connect_report()
        # `django.tasks` is not an app. Its backport, for Django 5.2, may be missing in
        # INSTALLED_APPS.
        framework = "django.tasks" if find_spec("django.tasks") else "django_tasks"
        for app, signal, sender in TASK_SIGNALS:
            if apps.is_installed(app) or (app == framework and find_spec(app)):
                model = sender and import_string(sender)
                import_string(signal).connect(store_task_error, sender=model)
