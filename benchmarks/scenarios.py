"""The requests of the benchmarks, and a function that sends one through Django's WSGI handler."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test.utils import override_settings

from benchmarks.project import Configuration, make_urlpatterns


class Scenario(NamedTuple):
    """A request, and the status of its response."""

    method: str
    path: str
    status: int
    body: bytes = b""
    content_type: str = "application/json"


def encode(document: object) -> bytes:
    """Return JSON."""
    return json.dumps(document).encode()


VALID = {"name": "Lantern", "price": 3, "email": "a@example.com"}
# Each has three errors.
INVALID = {"name": "", "price": "much", "email": "nowhere"}

ERRORS = {
    "401": Scenario("GET", "/protected", 401),
    "403": Scenario("GET", "/forbidden", 403),
    "404": Scenario("GET", "/missing", 404),
    "405": Scenario("DELETE", "/things", 405),
    "415": Scenario("POST", "/things", 415, b"<thing/>", "application/xml"),
    "malformed JSON": Scenario("POST", "/things", 400, b'{"name": "Lantern"'),
    "one field": Scenario("POST", "/things", 400, encode({**VALID, "price": "?"})),
    "twenty fields": Scenario("POST", "/forms", 400, encode({})),
    "3,000 messages": Scenario("POST", "/imports", 400, encode([INVALID] * 1_000)),
    "30,000 messages": Scenario("POST", "/imports", 400, encode([INVALID] * 10_000)),
    "an unhandled exception": Scenario("GET", "/broken", 500),
}
SUCCESSES = {
    "a list of 100": Scenario("GET", "/things", 200),
    "a create": Scenario("POST", "/things", 201, encode(VALID)),
    "a list of 10,000 plain rows": Scenario("GET", "/rows", 200),
}


def make_application(configuration: Configuration) -> WSGIHandler:
    """Return a WSGI handler with the URL patterns and the middleware of a configuration."""

    class Request(WSGIRequest):
        urlconf = tuple(make_urlpatterns(configuration))

    class Application(WSGIHandler):
        request_class = Request

    with override_settings(MIDDLEWARE=configuration.middleware):
        return Application()


def make_sender(application: WSGIHandler, scenario: Scenario) -> Callable[[], None]:
    """Return a function that sends the request and reads the response."""
    environ = {
        "REQUEST_METHOD": scenario.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scenario.path,
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

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        assert status.startswith(str(scenario.status)), (scenario.path, status)

    def send() -> None:
        response = application({**environ, "wsgi.input": BytesIO(scenario.body)}, start_response)
        b"".join(response)
        response.close()

    return send
