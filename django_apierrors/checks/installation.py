"""System checks of the installation: the missing parts of the package, and their benefits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import get_resolver
from rest_framework.settings import api_settings

from django_apierrors.conf import api_errors
from django_apierrors.handler import ErrorFormatMixin
from django_apierrors.handling.monitors import is_monitor
from django_apierrors.introspection.findings import HANDLER_HINT, find_middleware, has_stock_handler
from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer
from django_apierrors.routing import get_routes

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"


def find_missing_parts() -> Iterator[CheckMessage]:
    """Yield a message for each part of the package that is missing or in the wrong place."""
    if has_stock_handler():
        # A project may start with the format for single views.
        message_class = Warning if has_view_with_mixin() else Error
        yield message_class(
            "The exception handler of django_apierrors is not installed.",
            HANDLER_HINT,
            id="django_apierrors.E007",
        )
    renderers: Any = api_settings.DEFAULT_RENDERER_CLASSES
    # The middleware formats returned errors too.
    if find_middleware() is None and not any(issubclass(cls, JSONRenderer) for cls in renderers):
        yield Warning(
            "The renderer of django_apierrors is not installed.",
            "Add 'django_apierrors.renderers.JSONRenderer' to "
            "REST_FRAMEWORK['DEFAULT_RENDERER_CLASSES']: errors that a view returns, as in "
            "Response(..., status=400), will have the format too.",
            id="django_apierrors.W001",
        )
    yield from check_middleware()
    negotiation: Any = api_settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
    if api_errors.PROBLEM_JSON and not issubclass(negotiation, JSONContentNegotiation):
        yield Warning(
            "PROBLEM_JSON is on, but DRF rejects clients that accept only problem details.",
            "Set REST_FRAMEWORK['DEFAULT_CONTENT_NEGOTIATION_CLASS'] = "
            "'django_apierrors.negotiation.JSONContentNegotiation': successes are then JSON.",
            id="django_apierrors.W005",
        )


def has_view_with_mixin() -> bool:
    """Whether a view of the URLconf extends `ErrorFormatMixin`; `False` for a broken URLconf."""
    try:
        classes = [getattr(route.view, "cls", object) for route in get_routes(get_resolver())]
    except Exception:
        return False
    return any(issubclass(cls, ErrorFormatMixin) for cls in classes)


def check_middleware() -> Iterator[CheckMessage]:
    """Yield a warning if the middleware is missing or not the first; monitors may stand before."""
    position = find_middleware()
    before = [path for path in settings.MIDDLEWARE[:position] if not is_monitor(path)]
    if position is None:
        yield Warning(
            "The middleware of django_apierrors is not installed.",
            f"Put {MIDDLEWARE!r} first in MIDDLEWARE: errors outside DRF views (unmatched URLs, "
            "other middleware, a COMMIT that fails, views below PATHS) will have the format too.",
            id="django_apierrors.W002",
        )
    elif before:
        yield Warning(
            "The middleware of django_apierrors is not the first.",
            f"Put {MIDDLEWARE!r} before {before[0]!r}: the errors of that middleware do not have "
            "the format.",
            id="django_apierrors.W003",
        )
