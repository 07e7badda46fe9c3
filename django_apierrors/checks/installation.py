"""System checks of the installation: the parts that are missing, and what they would add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from django_apierrors.conf import api_errors
from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer

HANDLER = "django_apierrors.handler.exception_handler"
RENDERER = "django_apierrors.renderers.JSONRenderer"
NEGOTIATION = "django_apierrors.negotiation.JSONContentNegotiation"
MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"


def check_installation() -> list[CheckMessage]:
    """Return which parts of the package are not installed, and what they would add."""
    return [*check_handler(), *check_renderer(), *check_middleware(), *check_negotiation()]


def check_handler() -> Iterator[CheckMessage]:
    """Yield an error where DRF's own exception handler is still in place."""
    if api_settings.EXCEPTION_HANDLER in (None, exception_handler):
        yield Error(
            "The exception handler of django_apierrors is not installed.",
            f"Set REST_FRAMEWORK['EXCEPTION_HANDLER'] = {HANDLER!r}, or a handler that calls it.",
            id="django_apierrors.E007",
        )


def check_renderer() -> Iterator[CheckMessage]:
    """Yield a warning where no default renderer is ours."""
    renderers: Any = api_settings.DEFAULT_RENDERER_CLASSES
    if not any(issubclass(cls, JSONRenderer) for cls in renderers):
        yield Warning(
            "The renderer of django_apierrors is not installed.",
            f"Add {RENDERER!r} to REST_FRAMEWORK['DEFAULT_RENDERER_CLASSES']: errors that a view "
            "returns, as in Response(..., status=400), will have the format too.",
            id="django_apierrors.W001",
        )


def check_middleware() -> Iterator[CheckMessage]:
    """Yield a warning where the middleware is absent, or where others stand before it."""
    paths = settings.MIDDLEWARE
    if MIDDLEWARE not in paths:
        yield Warning(
            "The middleware of django_apierrors is not installed.",
            f"Put {MIDDLEWARE!r} first in MIDDLEWARE: errors outside DRF views (unmatched URLs, "
            "plain views, other middleware, a COMMIT that fails) will have the format too.",
            id="django_apierrors.W002",
        )
    elif paths[0] != MIDDLEWARE:
        yield Warning(
            "The middleware of django_apierrors is not the first.",
            f"Put it before {paths[0]!r}: it answers for the failures of the middleware below it.",
            id="django_apierrors.W003",
        )


def check_negotiation() -> Iterator[CheckMessage]:
    """Yield a warning where those whom problem details are for are refused all successes."""
    negotiation: Any = api_settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
    if api_errors.PROBLEM_JSON and not issubclass(negotiation, JSONContentNegotiation):
        yield Warning(
            "PROBLEM_JSON is on, and DRF refuses a client that accepts problem details alone.",
            f"Set REST_FRAMEWORK['DEFAULT_CONTENT_NEGOTIATION_CLASS'] = {NEGOTIATION!r}: its "
            "successes are JSON then.",
            id="django_apierrors.W005",
        )
