"""A project around one system: send the same requests in three ways and print the outcomes.

    python -m tests.systems.project NAME FOLDER

A process of its own, because the systems patch Django and DRF for good. The database and the static
files are in the folder.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.conf import settings
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from django.utils.decorators import sync_and_async_middleware

from tests.systems.systems import SYSTEMS, Read, System

APP_MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
HANDLER = "django_apierrors.handler.exception_handler"
HEADERS = {"Origin": "https://app.example.com"}
URLS = f"{__name__}_urls"

FAULTS: dict[str, Callable[[], Exception]] = {
    "/unhandled": lambda: ZeroDivisionError("secret"),
    "/outage": lambda: TimeoutError("secret"),
    "/missing": lambda: Http404("secret"),
}
# A view of Django raises the same; then the renderer, and a middleware, raise.
PLAIN = {f"/plain{path}": make_error for path, make_error in FAULTS.items()}
PATHS = ("/", *FAULTS, *PLAIN, "/rendering", "/middleware", "/unmatched")


def main(name: str, folder: Path) -> None:
    """Print the outcomes as one JSON document, as the last line."""
    system = SYSTEMS[name]
    configure(system, folder)
    inner = [*system.middleware, f"{__name__}.raise_in_middleware"]
    stock: dict[str, Any] = {"MIDDLEWARE": inner}
    handler = stock | {
        "INSTALLED_APPS": [*settings.INSTALLED_APPS, "django_apierrors"],
        "REST_FRAMEWORK": settings.REST_FRAMEWORK | {"EXCEPTION_HANDLER": HANDLER},
    }
    middleware = handler | {
        "MIDDLEWARE": [APP_MIDDLEWARE, *inner],
        "API_ERRORS": {"PATHS": ["/"]},
    }
    # The stock project runs before anything of ours is imported.
    ways = {"stock": stock, "handler": handler, "middleware": middleware}
    outcomes = {}
    for way, changes in ways.items():
        with override_settings(**changes), system.install() as read:
            outcomes[way] = dict(send_requests((*PATHS, *system.paths), read))
    print(json.dumps(outcomes))


def configure(system: System, folder: Path) -> None:
    """Set up a project with DRF and the system."""
    (folder / "static").mkdir()
    (folder / "static" / "site.css").write_text("p {}", "utf-8")
    templates = {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
    urls = sys.modules[URLS] = ModuleType(URLS)
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database},
        INSTALLED_APPS=["rest_framework", *system.apps],
        LOGGING_CONFIG=None,
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
        ROOT_URLCONF=URLS,
        SECRET_KEY="not a secret",
        STATIC_ROOT=folder / "static",
        STATIC_URL="static/",
        TEMPLATES=[templates],
        **system.settings,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    included = [path(prefix, include(module)) for prefix, module in system.urls.items()]
    vars(urls)["urlpatterns"] = [*make_views(), *included]


def make_views() -> Iterator[Any]:
    """Yield a URL pattern for each path; DRF reads the settings when it is imported."""
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class ThingView(APIView):
        make_error: Any = None
        thing = {"name": "Lantern"}

        def get(self, request: Any) -> Response:
            if self.make_error is not None:
                raise self.make_error()
            return Response(self.thing)

    def show(request: HttpRequest) -> HttpResponse:
        raise PLAIN[request.path]()

    yield path("", ThingView.as_view())
    for name, make_error in FAULTS.items():
        yield path(name[1:], ThingView.as_view(make_error=make_error))
    for name in PLAIN:
        yield path(name[1:], show)
    yield path("rendering", ThingView.as_view(thing={"name": object()}))


@sync_and_async_middleware
def raise_in_middleware(get_response: Any) -> Any:
    """Raise for one path, before the view."""

    def middleware(request: HttpRequest) -> Any:
        if request.path == "/middleware":
            raise ZeroDivisionError("secret")
        return get_response(request)

    async def async_middleware(request: HttpRequest) -> Any:
        if request.path == "/middleware":
            raise ZeroDivisionError("secret")
        return await get_response(request)

    return async_middleware if iscoroutinefunction(get_response) else middleware


class Records(logging.Handler):
    """Keeps the names of the loggers that logged an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.loggers: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.loggers.append(record.name)


def send_requests(paths: tuple[str, ...], read: Read) -> Iterator[tuple[str, Any]]:
    """Yield the outcome of a GET of each path, under WSGI and under ASGI."""
    records, signals = Records(), []

    def receive(**kwargs: object) -> None:
        signals.append(kwargs)

    clients = {
        "WSGI": Client(raise_request_exception=False).get,
        "ASGI": async_to_sync(AsyncClient(raise_request_exception=False).get),
    }
    logging.getLogger().addHandler(records)
    got_request_exception.connect(receive)
    for interface, get in clients.items():
        for url in paths:
            records.loggers.clear()
            signals.clear()
            response = get(url, headers=HEADERS)
            yield (
                f"{interface} {url}",
                {
                    "status": response.status_code,
                    "body": response.json() if "json" in response["Content-Type"] else None,
                    "signals": len(signals),
                    "errors": [*records.loggers],
                    "recorded": read(response),
                },
            )
    got_request_exception.disconnect(receive)
    logging.getLogger().removeHandler(records)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
