"""The requests of the speed benchmark: as a WSGI server makes them, through Django's handler."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse
from django.test.utils import override_settings
from rest_framework import parsers, renderers
from rest_framework.views import exception_handler as stock_handler

from benchmarks.speed_project import (
    JSON,
    SCENARIOS,
    Configuration,
    Scenario,
    make_configuration,
    make_floor,
    make_ours,
    make_standardized,
    make_stock,
)
from django_apierrors import generics as our_generics
from django_apierrors.handler import exception_handler

MIDDLEWARE = ["django_apierrors.middleware.APIErrorsMiddleware"]


def make_application(configuration: Configuration) -> WSGIHandler:
    """Return Django's WSGI handler with the URLs and the middleware of `configuration`."""

    class Request(WSGIRequest):
        urlconf = configuration.urlconf

    class Application(WSGIHandler):
        request_class = Request

    with override_settings(MIDDLEWARE=configuration.middleware):
        return Application()


def make_environ(name: str, scenario: Scenario) -> dict[str, Any]:
    """Return what a WSGI server makes of a request, all but the stream of its body."""
    environ = {
        "REQUEST_METHOD": scenario.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{name}",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": "curl/7.88.1",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scenario.body:
        environ["CONTENT_TYPE"] = scenario.content_type
        environ["CONTENT_LENGTH"] = str(len(scenario.body))
    return environ


def make_request(application: WSGIHandler, name: str) -> Callable[[], bytes]:
    """Return a function that sends the request of a scenario and returns the body of the answer."""
    scenario = SCENARIOS[name]
    template = make_environ(name, scenario)

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        assert status.startswith(str(scenario.status)), (name, status)

    def send() -> bytes:
        response = application({**template, "wsgi.input": BytesIO(scenario.body)}, start_response)
        body = b"".join(response)
        response.close()
        return body

    return send


def make_configurations(names: Iterable[str]) -> dict[str, WSGIHandler]:
    """Return what is compared in the scenarios `names`, stock DRF first."""
    ours = make_application(make_ours())
    bodies = {name: make_request(ours, name)() for name in names}
    configurations = {"stock DRF": make_stock(), "stock again": make_stock()}
    if find_spec("drf_standardized_errors"):
        configurations["drf-standardized-errors"] = make_standardized()
    configurations["plain Django view"] = make_floor(bodies)
    return {
        **{name: make_application(configuration) for name, configuration in configurations.items()},
        "ours": ours,
        "ours, generic views": make_application(make_ours(our_generics)),
        "ours, with the middleware": make_application(make_ours(middleware=MIDDLEWARE)),
    }


def make_alone(name: str) -> dict[str, Callable[[], bytes]]:
    """Return what makes bytes of the exception of a scenario, as it is handed to a handler."""
    caught: list[tuple[Exception, dict[str, Any]]] = []

    def catch(exc: Exception, context: dict[str, Any]) -> HttpResponse:
        caught.append((exc, context))
        return HttpResponse(status=SCENARIOS[name].status)

    application = make_application(
        make_configuration(
            catch,
            renderer_classes=[renderers.JSONRenderer],
            parser_classes=[parsers.JSONParser],
        )
    )
    make_request(application, name)()
    [(exc, context)] = caught
    renderer = renderers.JSONRenderer()

    def make_stock_bytes() -> bytes:
        response: Any = stock_handler(exc, context)
        response.accepted_renderer, response.accepted_media_type = renderer, JSON
        response.renderer_context = {}
        return bytes(response.render().content)

    def make_our_bytes() -> bytes:
        response: Any = exception_handler(exc, context)
        return bytes(response.content)

    return {"stock DRF": make_stock_bytes, "ours": make_our_bytes}
