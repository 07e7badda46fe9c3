"""The system checks.

Each check imports its module when it runs: a process that only serves requests does not need them,
and DRF and the project's authenticators cannot be imported before all apps are ready.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register


@register("django_apierrors")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Check the `API_ERRORS` dict."""
    from django_apierrors.checks import settings

    return settings.check_api_errors()


@register("django_apierrors")
def check_installation(**kwargs: Any) -> list[CheckMessage]:
    """Check which parts of the package are installed."""
    from django_apierrors.checks import installation

    return list(installation.find_missing_parts())


@register("django_apierrors")
def check_locations(**kwargs: Any) -> list[CheckMessage]:
    """Check that the URL of each new resource can be found."""
    from django_apierrors.checks import locations

    return locations.find_missing_locations()
