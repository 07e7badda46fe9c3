"""The Django app: wiring only."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register
from django.utils.translation import pgettext_lazy


class APIErrorsConfig(AppConfig):
    """Registers the system checks."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Register the checks, which import DRF and the project's authenticators when they run.

        A process that only serves need not wait for that, nor may it come before other apps are
        ready.
        """
        register(check_settings, "django_apierrors")
        register(check_installation, "django_apierrors")
        register(check_locations, "django_apierrors")


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of this package."""
    from django_apierrors import checks

    return checks.check_settings(**kwargs)


def check_installation(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with its installation."""
    from django_apierrors import checks

    return checks.check_installation(**kwargs)


def check_locations(**kwargs: Any) -> list[CheckMessage]:
    """Return which views create resources that nothing says the URL of."""
    from django_apierrors import location_checks

    return location_checks.check_locations(**kwargs)
