"""The packages: their place in a project, and how to read their records of a request.

Nothing of them is imported with this module: a process installs one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from django.http.response import HttpResponseBase

# Returns the package's records of the last request.
Read = Callable[[HttpResponseBase], Any]

# The exceptions that stock Django shows to a package: those of views and of rendering.
RAISED = {
    "/unhandled": ["ZeroDivisionError"],
    "/outage": ["TimeoutError"],
    "/plain/unhandled": ["ZeroDivisionError"],
    "/plain/outage": ["TimeoutError"],
    "/plain/missing": ["Http404"],
    "/rendering": ["TypeError"],
}


class System(NamedTuple):
    """A package, its reader for as long as it runs, and its place in a project."""

    install: Callable[[], AbstractContextManager[Read]]
    # Returns the expected records for a path and the status of its response.
    expect: Callable[[str, int], Any]
    middleware: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    urls: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}
    # Paths to request beside those of every system.
    paths: tuple[str, ...] = ()


def read_header(name: str) -> Callable[[], AbstractContextManager[Read]]:
    """Return an `install()` whose reader returns a header of the response."""
    return lambda: nullcontext(lambda response: response.headers.get(name))


@contextmanager
def install_opentelemetry() -> Iterator[Read]:
    """Instrument Django; read the exception events of the span."""
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def read(response: HttpResponseBase) -> Any:
        (span,) = exporter.get_finished_spans()
        exporter.clear()
        assert span.attributes["http.status_code"] == response.status_code
        types = [event.attributes["exception.type"] for event in span.events]
        return [name.rpartition(".")[2] for name in types]

    DjangoInstrumentor().instrument(tracer_provider=provider)
    yield read
    DjangoInstrumentor().uninstrument()


@contextmanager
def install_prometheus() -> Iterator[Read]:
    """Read the classes whose counter has grown."""
    from django_prometheus.middleware import Metrics

    def count() -> dict[str, float]:
        (metric,) = Metrics.get_instance().exceptions_by_type.collect()
        return {
            each.labels["type"]: each.value
            for each in metric.samples
            if each.name.endswith("_total")
        }

    before = count()

    def read(response: HttpResponseBase) -> Any:
        after = count()
        grown = [name for name in after for _ in range(int(after[name] - before.get(name, 0)))]
        before.update(after)
        return grown

    yield read


@contextmanager
def install_sentry() -> Iterator[Read]:
    """Read the exceptions of the events that Sentry would receive."""
    import sentry_sdk
    from sentry_sdk.transport import Transport

    events: list[Any] = []

    class Recorder(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            events.append(envelope.get_event())

    def read(response: HttpResponseBase) -> Any:
        types = [each["exception"]["values"][-1]["type"] for each in events]
        events.clear()
        return types

    sentry_sdk.init(dsn="http://key@127.0.0.1/1", transport=Recorder)
    yield read


@contextmanager
def install_silk() -> Iterator[Read]:
    """Read the status that Silk saved."""
    from silk.models import Response

    def read(response: HttpResponseBase) -> Any:
        status = Response.objects.get().status_code
        Response.objects.all().delete()
        return status

    yield read


@contextmanager
def install_structlog() -> Iterator[Read]:
    """Read the names and the statuses of the events."""
    import structlog
    from structlog.testing import LogCapture

    capture = LogCapture()
    structlog.configure(processors=[capture])

    def read(response: HttpResponseBase) -> Any:
        events = [(each["event"], each.get("code")) for each in capture.entries]
        capture.entries.clear()
        return events

    yield read


def install_whitenoise() -> AbstractContextManager[Read]:
    """Read the content of a static file."""

    def read(response: Any) -> Any:
        return b"".join(response.streaming_content).decode() if response.streaming else None

    return nullcontext(read)


@contextmanager
def install_toolbar() -> Iterator[Read]:
    """Read the status that the toolbar keeps in its history."""
    from debug_toolbar.toolbar import DebugToolbar

    def read(response: HttpResponseBase) -> Any:
        toolbar = DebugToolbar.fetch(response["djdt-request-id"], "HistoryPanel")
        return toolbar.get_panel_by_id("HistoryPanel").get_stats()["status_code"]

    yield read


def expect_exceptions(path: str, status: int) -> list[str]:
    """Return each exception that stock Django shows."""
    return RAISED.get(path, [])


def expect_reports(path: str, status: int) -> list[str]:
    """Return each exception that is reported, also that of a middleware: a 404 or 504 is not."""
    reported = RAISED | {"/middleware": ["ZeroDivisionError"]}
    return reported.get(path, []) if status == 500 else []


def expect_events(path: str, status: int) -> list[list[Any]]:
    """Return the events of a request; those of JSON are lists."""
    end = "request_failed" if status == 500 else "request_finished"
    return [["request_started", None], [end, status]]


def expect_status(path: str, status: int) -> int:
    """Return the status that the client gets."""
    return status


AUTH_APPS = ("django.contrib.auth", "django.contrib.contenttypes")

SYSTEMS = {
    "opentelemetry-instrumentation-django": System(install_opentelemetry, expect_exceptions),
    "django-prometheus": System(
        install_prometheus,
        expect_exceptions,
        (
            "django_prometheus.middleware.PrometheusBeforeMiddleware",
            "django_prometheus.middleware.PrometheusAfterMiddleware",
        ),
        ("django_prometheus",),
        {"": "django_prometheus.urls"},
    ),
    "sentry-sdk": System(install_sentry, expect_reports),
    "django-structlog": System(
        install_structlog,
        expect_events,
        ("django_structlog.middlewares.RequestMiddleware",),
        ("django_structlog",),
    ),
    "django-silk": System(
        install_silk,
        expect_status,
        ("silk.middleware.SilkyMiddleware",),
        (*AUTH_APPS, "django.contrib.sessions", "silk"),
        {"silk/": "silk.urls"},
    ),
    "django-debug-toolbar": System(
        install_toolbar,
        expect_status,
        ("debug_toolbar.middleware.DebugToolbarMiddleware",),
        ("django.contrib.staticfiles", "debug_toolbar"),
        {"__debug__/": "debug_toolbar.urls"},
        {"DEBUG": True, "INTERNAL_IPS": ["127.0.0.1"]},
    ),
    "whitenoise": System(
        install_whitenoise,
        lambda path, status: "p {}" if path == "/static/site.css" else None,
        ("whitenoise.middleware.WhiteNoiseMiddleware",),
        ("django.contrib.staticfiles",),
        paths=("/static/site.css", "/static/missing.css"),
    ),
    "django-csp": System(
        read_header("Content-Security-Policy"),
        lambda path, status: "default-src 'self'",
        ("csp.middleware.CSPMiddleware",),
        ("csp",),
        settings={"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"default-src": ["'self'"]}}},
    ),
    "django-cors-headers": System(
        read_header("Access-Control-Allow-Origin"),
        lambda path, status: "*",
        ("corsheaders.middleware.CorsMiddleware",),
        ("corsheaders",),
        settings={"CORS_ALLOW_ALL_ORIGINS": True},
    ),
}
