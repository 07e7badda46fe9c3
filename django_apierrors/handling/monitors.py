"""Middleware of monitoring packages: its process_exception() records, and never responds.

Django does not call it for an exception that the handler or our middleware has responded to.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from django_apierrors.fallback import log_failure

# The instances of both classes have no state: checked on 0.66 and on 2.5.
MONITORS = {
    "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
}


def is_monitor(path: str) -> bool:
    """Whether the middleware, or a class that it extends, is one of `MONITORS`."""
    try:
        bases = getattr(import_string(path), "__mro__", ())
    except ImportError:
        # Django reports it when it loads the middleware.
        return False
    return any(f"{base.__module__}.{base.__qualname__}" in MONITORS for base in bases)


def notify_monitors(paths: Iterable[str], request: HttpRequest | None, exc: Exception) -> None:
    """Call process_exception() of the monitors among `paths`, which Django does not call."""
    for path in filter(is_monitor, paths if request else ()):
        try:
            # Instead of get_response(), which is not called.
            import_string(path)(HttpResponse).process_exception(request, exc)
        except Exception:
            log_failure(f"calling process_exception() of {path}")
