"""The OpenAPI schema of the example project, and whether its responses conform to it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from example_project.demo.server import Server, manage
from example_project.demo.terminal import Terminal
from example_project.demo.tour.checks import Response
from example_project.demo.tour.rows import SECTIONS
from example_project.demo.tour.runner import Tour
from tests.example_project.client import send
from tests.example_project.fixtures import SETTINGS
from tests.services import require_package

require_package("openapi_spec_validator")

from jsonschema import Draft202012Validator  # noqa: E402
from openapi_spec_validator import validate  # noqa: E402


@dataclass(frozen=True)
class Exchange:
    """A request and its response."""

    method: str
    path: str
    response: Response


class RecordedTour(Tour):
    """A tour that records its exchanges."""

    exchanges: list[Exchange]

    def send(self, method: str, path: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request and record the exchange."""
        response = super().send(method, path, *args, **kwargs)
        self.exchanges.append(Exchange(method, self.fill(path).partition("?")[0], response))
        return response


@pytest.fixture(scope="module")
def schema(example_server: Server) -> dict[str, Any]:
    """The schema of the demo."""
    response = send(example_server, "GET", "/schema?format=json", key=None)
    assert response.status == 200, response.text
    document: dict[str, Any] = response.json
    return document


@pytest.fixture(scope="module")
def exchanges(example_server: Server) -> list[Exchange]:
    """The exchanges of the tour, without the pages of the codes."""
    tour = RecordedTour(example_server.url, Terminal(io.StringIO()), SECTIONS)
    tour.exchanges = []
    assert tour.run()
    return [exchange for exchange in tour.exchanges if not exchange.path.startswith("/errors/")]


def find_operation(schema: Mapping[str, Any], exchange: Exchange) -> Any:
    """Return the operation for a request, or ``None`` for an unknown path or method."""
    # Paths with fewer variables first, as in the URLconf.
    for template in sorted(schema["paths"], key=lambda path: path.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, exchange.path):
            return schema["paths"][template].get(exchange.method.lower())
    return None


def find_faults(schema: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
    """Yield a message for each difference between a response and the schema."""
    operation = find_operation(schema, exchange)
    response = exchange.response
    if operation is None:
        error = {"$ref": "#/components/schemas/APIError"}
        if response.status not in (404, 405) or not is_valid(schema, error, response.json):
            yield f"{exchange.path} is not in the schema, and returns {response.status}"
        return
    expected = operation["responses"].get(str(response.status))
    if expected is None:
        yield f"{response.status} is not one of {sorted(operation['responses'])}"
        return
    if "$ref" in expected:
        expected = schema["components"]["responses"][expected["$ref"].rpartition("/")[2]]
    for name, header in expected.get("headers", {}).items():
        value = response.headers.get(name)
        if header["required"] and value is None:
            yield f"{name} is missing"
        if value is not None and header["schema"]["type"] == "integer" and not value.isdecimal():
            yield f"{name} is not a number"
    content = expected.get("content")
    if content is None:
        if response.body:
            yield "the body is not empty"
        return
    body_schema = content[response.headers.get_content_type()]["schema"]
    if not is_valid(schema, body_schema, response.json):
        yield f"the body is not valid: {response.text}"


def is_valid(schema: Mapping[str, Any], body_schema: Mapping[str, Any], body: Any) -> bool:
    """Whether a body is valid for a part of the schema."""
    validator = Draft202012Validator({**body_schema, "components": schema["components"]})
    return validator.is_valid(body)


def test_the_responses_of_the_tour_conform_to_the_schema(
    schema: dict[str, Any], exchanges: list[Exchange]
) -> None:
    faults = {
        f"{exchange.method} {exchange.path}": messages
        for exchange in exchanges
        if (messages := list(find_faults(schema, exchange)))
    }
    assert faults == {}
    statuses = {
        exchange.response.status for exchange in exchanges if find_operation(schema, exchange)
    }
    assert statuses == {200, 201, 202, 204, 400, 401, 403, 404, 415, 500, 503, 504}


def test_a_response_that_does_not_conform_to_the_schema_is_found(
    schema: dict[str, Any], exchanges: list[Exchange]
) -> None:
    changes: list[tuple[int, dict[str, Any]]] = [
        (200, {"body": b'{"id": 1}'}),
        (201, {"status": 200}),
        (202, {"body": b"{}"}),
        (204, {"body": b"{}"}),
        (400, {"body": b'{"status": 400, "errors": ["x"], "code": "GONE", "moreInfo": ""}'}),
        (401, {"body": b'{"status": 401, "errors": [], "code": 33619968, "moreInfo": ""}'}),
        (404, {"status": 410}),
    ]
    for status, change in changes:
        exchange = next(
            exchange
            for exchange in exchanges
            if exchange.response.status == status and find_operation(schema, exchange)
        )
        changed = replace(exchange, response=replace(exchange.response, **change))
        assert list(find_faults(schema, changed)) != [], (status, change)


def test_the_schema_is_valid(schema: dict[str, Any]) -> None:
    validate(schema)


def test_the_schema_is_generated_without_a_warning(tmp_path: Path) -> None:
    options = ("--validate", "--fail-on-warn", "--format", "openapi-json")
    output = manage("spectacular", *options, database=tmp_path / "none", settings=SETTINGS)
    assert json.loads(output)["openapi"] == "3.1.0"


def test_swagger_ui_loads_only_its_own_files(example_server: Server) -> None:
    page = send(example_server, "GET", "/docs", key=None, Accept="text/html")
    assert page.status == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    assert all(link.startswith("/static/drf_spectacular_sidecar/") for link in links)
    assert [send(example_server, "GET", link, key=None).status for link in links] == [200] * 4
    assert "://" not in page.text
