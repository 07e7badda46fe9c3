"""The Django app: wiring only."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class APIErrorsConfig(AppConfig):
    """Registers the system checks."""

    name = "django_apierrors"
    verbose_name = pgettext_lazy("apierrors", "API errors")

    def ready(self) -> None:
        """Import the checks, which registers them."""
        from django_apierrors import checks  # noqa: F401
