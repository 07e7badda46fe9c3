"""Serve an application in this process, and send requests to it.

The script runs in the environment of the application, with `suites` in PYTHONPATH. `APIERRORS_WAY`
is the way of `overlay`; `APPLICATION` is the file with the values of the application's TOML file.

    python driver.py list requests.json
    python driver.py send requests.json responses.json
    python driver.py schema schema.json
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

# The import replaces `django.setup()`.
import overlay  # noqa: F401

APPLICATION = json.loads(Path(os.environ["APPLICATION"]).read_text("utf-8"))
ADMIN = APPLICATION["headers"]
JSON = {"Content-Type": "application/json"}
UNKNOWN_IDS = ("987654", "00000000-0000-4000-8000-000000000000", "no-such", "%00", "x%20y")
QUERIES = ("limit=x", "offset=-1", "page=0", "ordering=nope", "format=nope", "id=x", "fields=nope")
# Valid values by the types that OPTIONS names.
VALUES = {
    "string": "a-value",
    "slug": "a-value",
    "integer": 1,
    "float": 1.5,
    "decimal": "1.5",
    "boolean": True,
    "date": "2026-01-01",
    "datetime": "2026-01-01T00:00:00Z",
    "email": "a@example.com",
    "url": "http://example.com/",
    "list": [],
    "nested object": {},
    "field": 1,
}


class Handler(WSGIRequestHandler):
    """A handler that prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log."""


class Reports(logging.Handler):
    """A counter of the signals and of the log records with exceptions of each request."""

    signals = 0
    records = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record that has an exception."""
        if record.exc_info and record.levelno >= logging.ERROR and not hasattr(record, "counted"):
            record.counted = True
            self.records += 1

    def count(self, **kwargs: object) -> None:
        """Count a signal."""
        self.signals += 1

    def take(self) -> dict[str, int]:
        """Return the numbers since the last call."""
        numbers = {"signals": self.signals, "records": self.records}
        self.signals = self.records = 0
        return numbers


def start() -> tuple[int, Reports]:
    """Start the server, and return its port and the reports."""
    from django.conf import settings
    from django.core.signals import got_request_exception

    settings.API_ERRORS = {"PATHS": APPLICATION["paths"], **APPLICATION.get("settings", {})}
    from django.core.wsgi import get_wsgi_application

    # This call configures the logging, so the handlers are added after it.
    application = get_wsgi_application()
    reports = Reports()
    got_request_exception.connect(reports.count, weak=False)
    names = ("", "django", "django.request", "django_apierrors")
    for logger in map(logging.getLogger, names):
        logger.addHandler(reports)
    server = WSGIServer(("127.0.0.1", 0), Handler)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port, reports


def send(port: int, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request, and return the response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = request.get("body")
    connection.request(
        request["method"],
        request["path"],
        body=None if body is None else body.encode(),
        headers={"Host": "testserver", "Accept": "application/json", **request["headers"]},
    )
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return {
        "status": response.status,
        "headers": response.getheaders(),
        "body": content.decode(errors="backslashreplace"),
    }


def find_routes(patterns: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the routes below the prefixes of the API, each with `%(name)s` for its variables."""
    from django.urls import URLResolver
    from django.utils.regex_helper import normalize

    for item in patterns:
        regex = prefix + item.pattern.regex.pattern.removeprefix("^")
        if isinstance(item, URLResolver):
            yield from find_routes(item.url_patterns, regex)
            continue
        for route, names in normalize(regex):
            is_api = any(f"/{route}".startswith(path) for path in APPLICATION["paths"])
            if is_api and "format" not in names and not any(n.startswith("_") for n in names):
                yield f"/{route}", names


def list_requests(port: int) -> Iterator[dict[str, Any]]:
    """Yield the requests: for each URL those of `list_for_path()`, then the deletions."""
    from django.urls import get_resolver

    routes = dict(find_routes(get_resolver().url_patterns))
    skipped = APPLICATION.get("skipped", ())
    routes = {r: names for r, names in routes.items() if not any(s in r for s in skipped)}
    for request in APPLICATION.get("requests", ()):
        send(port, {"headers": {**ADMIN, **JSON}, **request})
        yield {"headers": {**ADMIN, **JSON}, **request}
    existing = dict(find_existing(port, [r for r, names in routes.items() if not names]))
    deletions = []
    for route, names in routes.items():
        if not names:
            yield from list_for_path(port, route, is_list=True)
            continue
        head = route.partition("%")[0]
        identifier = existing.get(head)
        values = [value for value in (identifier, *UNKNOWN_IDS) if value is not None]
        for value in values:
            path = route % dict.fromkeys(names, value)
            yield from list_for_path(port, path, is_list=False, is_short=value != values[0])
            deletions.append(path)
    for path in dict.fromkeys(deletions):
        yield {"method": "DELETE", "path": path, "headers": ADMIN}


def find_existing(port: int, lists: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the list of each resource that exists, and the last part of its URL."""
    for route in lists:
        response = send(port, {"method": "GET", "path": route, "headers": ADMIN})
        try:
            document = json.loads(response["body"])
        except ValueError:
            continue
        rows = document.get("results", document) if isinstance(document, dict) else document
        row = rows[0] if isinstance(rows, list) and rows else rows
        if not isinstance(row, dict) or response["status"] != 200:
            continue
        for value in row.values():
            path = urlsplit(value).path if isinstance(value, str) else ""
            if path.startswith(route) and path != route:
                yield route, path.removeprefix(route).strip("/").partition("/")[0]
                break
        else:
            if isinstance(row.get("id"), int):
                yield route, str(row["id"])


def list_for_path(
    port: int, path: str, *, is_list: bool, is_short: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield requests to a URL: each method, credentials, representations and query strings."""
    yield {"method": "GET", "path": path, "headers": ADMIN}
    if is_short:
        return
    yield {"method": "GET", "path": path, "headers": {}}
    for headers in (
        {"Authorization": "Basic bm9ib2R5Om5vYm9keQ=="},
        {"Authorization": "Token nope"},
        {**ADMIN, "Accept": "application/xml"},
    ):
        yield {"method": "GET", "path": path, "headers": headers}
    for query in QUERIES if is_list else QUERIES[4:5]:
        yield {"method": "GET", "path": f"{path}?{query}", "headers": ADMIN}
    for method in ("HEAD", "OPTIONS", "TRACE", "NOPE"):
        yield {"method": method, "path": path, "headers": ADMIN}
    bodies = make_bodies(port, path)
    for method, items in bodies.items():
        yield {"method": method, "path": path, "headers": JSON, "body": "{}"}
        for body in items:
            yield {"method": method, "path": path, "headers": {**ADMIN, **JSON}, "body": body}
        headers = {**ADMIN, "Content-Type": "application/xml"}
        yield {"method": method, "path": path, "headers": headers, "body": "<a/>"}


def make_bodies(port: int, path: str) -> dict[str, list[str]]:
    """Return bodies for each method that OPTIONS names: malformed ones, wrong and valid values."""
    response = send(port, {"method": "OPTIONS", "path": path, "headers": ADMIN})
    allowed = dict(response["headers"]).get("Allow", "")
    bodies = {
        method: ["{", "{}", "[]", '"a"', "[1]"] if method in allowed else ["{}"]
        for method in ("POST", "PUT", "PATCH")
    }
    try:
        actions = json.loads(response["body"])["actions"]
    except (ValueError, KeyError, TypeError):
        return bodies
    [fields, *_] = actions.values()
    writable = {name: f for name, f in fields.items() if not f.get("read_only")}
    valid = {}
    for name, item in writable.items():
        choices = [c["value"] for c in item.get("choices", ()) if isinstance(c, dict)]
        valid[name] = choices[0] if choices else VALUES.get(item.get("type", ""), "a-value")
    required = [name for name in writable if writable[name].get("required")]
    for value in ({"x": [1]}, None, "x" * 600, -1):
        bodies["POST"].append(json.dumps(dict.fromkeys(writable, value)))
    bodies["POST"].append(json.dumps(valid))
    minimal = json.dumps({name: valid[name] for name in required})
    # The second one of these is not unique.
    bodies["POST"] += [minimal, f"{minimal} "]
    bodies["PUT"].append(json.dumps(valid))
    bodies["PATCH"] += [json.dumps({name: [{}]}) for name in writable]
    return {method: items if method in allowed else ["{}"] for method, items in bodies.items()}


def make_schema() -> Any:
    """Return the schema that drf-spectacular makes, with the errors if the app is installed."""
    import django
    from django.conf import settings
    from rest_framework.settings import api_settings

    if os.environ["APIERRORS_WAY"] != "stock":
        schema_class = "application_schema.AutoSchema"
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_SCHEMA_CLASS": schema_class}
        # An application may have read its settings by now.
        api_settings.reload()
    django.setup()
    from drf_spectacular.settings import spectacular_settings

    generator = spectacular_settings.DEFAULT_GENERATOR_CLASS()
    return generator.get_schema(request=None, public=True)


def main() -> None:
    """Run the command."""
    command, *paths = sys.argv[1:]
    if command == "schema":
        result: Any = make_schema()
    elif command == "list":
        port, _ = start()
        unique = {json.dumps(request): request for request in list_requests(port)}
        result = list(unique.values())
    else:
        port, reports = start()
        result = []
        for request in json.loads(Path(paths[0]).read_text("utf-8")):
            try:
                response = send(port, request)
            except OSError as exc:
                response = {"status": 0, "headers": [], "body": repr(exc)}
            result.append({**response, **reports.take()})
    Path(paths[-1]).write_text(json.dumps(result, indent=0, default=str), "utf-8")


if __name__ == "__main__":
    main()
