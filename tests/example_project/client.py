"""An HTTP client for the example project."""

from __future__ import annotations

import http.client
import json
from typing import Any

from example_project.demo.data import WRITE_KEY
from example_project.demo.server import Server
from example_project.demo.tour.checks import Response

TIMEOUT = 20.0


def send(
    server: Server,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = WRITE_KEY,
    **headers: str,
) -> Response:
    """Send a request, whose body becomes JSON unless it is a string, and return the response."""
    sent = {"Content-Type": "application/json"} if body is not None else {}
    if key is not None:
        sent["Authorization"] = key
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    content = body if body is None or isinstance(body, str) else json.dumps(body)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, content, sent)
        response = connection.getresponse()
        return Response(response.status, response.reason, response.headers, response.read())
    finally:
        connection.close()


def create(server: Server, path: str = "/thngs", **fields: Any) -> dict[str, Any]:
    response = send(server, "POST", path, {"name": "A test's own", **fields})
    assert response.status == 201, response.text
    document: dict[str, Any] = response.json
    return document
