"""The example project's schema: it is served, and what the project answers is as it says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from example_project.server import ROOT, Server, environment, manage
from example_project.terminal import Terminal
from example_project.tour import Tour
from example_project.tour_checks import Answer
from example_project.tour_rows import SECTIONS
from tests.example_server import DEMO_SETTINGS, SETTINGS, send
from tests.services import require_package

require_package("drf_spectacular_sidecar")
require_package("openapi_spec_validator")

from jsonschema import Draft202012Validator  # noqa: E402
from openapi_spec_validator import validate  # noqa: E402


@dataclass(frozen=True)
class Exchange:
    """A request, and what came back."""

    method: str
    path: str
    answer: Answer


class RecordedTour(Tour):
    """A tour that keeps what it has seen."""

    exchanges: list[Exchange]

    def send(self, method: str, path: str, *args: Any, **kwargs: Any) -> Answer:
        """Send a request and keep the exchange."""
        answer = super().send(method, path, *args, **kwargs)
        self.exchanges.append(Exchange(method, self.fill(path).partition("?")[0], answer))
        return answer


@pytest.fixture(scope="module")
def document(example_server: Server) -> dict[str, Any]:
    """The schema of the demo."""
    answer = send(example_server, "GET", "/schema?format=json", key=None)
    assert answer.status == 200, answer.text
    result: dict[str, Any] = answer.json
    return result


@pytest.fixture(scope="module")
def exchanges(example_server: Server) -> list[Exchange]:
    """What the tour sends and gets, but for the pages about the codes, which are no resources."""
    tour = RecordedTour(example_server.url, Terminal(io.StringIO()), SECTIONS)
    tour.exchanges = []
    assert tour.run()
    return [it for it in tour.exchanges if not it.path.startswith("/errors/")]


def find_operation(document: Mapping[str, Any], exchange: Exchange) -> Any:
    """Return the operation that a request is for, `None` for a URL or verb that is not there."""
    # A path without variables comes first, as in the URLconf.
    for template in sorted(document["paths"], key=lambda path: path.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, exchange.path):
            return document["paths"][template].get(exchange.method.lower())
    return None


def find_faults(document: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
    """Yield how an answer differs from the schema."""
    operation = find_operation(document, exchange)
    answer = exchange.answer
    if operation is None:
        schema = {"$ref": "#/components/schemas/APIError"}
        if answer.status not in (404, 405) or not is_valid(document, schema, answer.json):
            yield f"{exchange.path} is not there, and answers {answer.status}"
        return
    response = operation["responses"].get(str(answer.status))
    if response is None:
        yield f"{answer.status} is not among {sorted(operation['responses'])}"
        return
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name, header in response.get("headers", {}).items():
        value = answer.headers.get(name)
        if header["required"] and value is None:
            yield f"{name} is missing"
        if value is not None and header["schema"]["type"] == "integer" and not value.isdecimal():
            yield f"{name} is no number"
    content = response.get("content")
    if content is None:
        if answer.body:
            yield "there is a body"
    elif not is_valid(document, content[answer.headers.get_content_type()]["schema"], answer.json):
        yield f"{answer.text} is not what the schema says"


def is_valid(document: Mapping[str, Any], schema: Mapping[str, Any], body: Any) -> bool:
    """Tell whether a body is an instance of a schema of the document."""
    return Draft202012Validator({**schema, "components": document["components"]}).is_valid(body)


def test_what_the_tour_is_answered_is_as_the_schema_says(
    document: dict[str, Any], exchanges: list[Exchange]
) -> None:
    faults = {
        f"{exchange.method} {exchange.path}": found
        for exchange in exchanges
        if (found := list(find_faults(document, exchange)))
    }
    assert faults == {}
    known = [exchange for exchange in exchanges if find_operation(document, exchange)]
    assert {exchange.answer.status for exchange in known} == {
        *(200, 201, 202, 204, 400, 401, 403, 404, 415, 500, 503, 504),
    }


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (200, {"body": b'{"id": 1}'}),
        (201, {"status": 200}),
        (202, {"body": b"{}"}),
        (204, {"body": b"{}"}),
        (400, {"body": b'{"status": 400, "errors": ["x"], "code": "GONE", "moreInfo": ""}'}),
        (401, {"body": b'{"status": 401, "errors": [], "code": 33619968, "moreInfo": ""}'}),
        (404, {"status": 410}),
    ],
)
def test_an_answer_that_is_not_as_the_schema_says_is_found(
    document: dict[str, Any], exchanges: list[Exchange], status: int, change: dict[str, Any]
) -> None:
    exchange = next(
        exchange
        for exchange in exchanges
        if exchange.answer.status == status and find_operation(document, exchange)
    )
    forged = replace(exchange, answer=replace(exchange.answer, **change))
    assert list(find_faults(document, forged)) != []


def test_the_schema_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_the_schema_is_made_without_a_warning(tmp_path: Path) -> None:
    database = tmp_path / "none.sqlite3"
    arguments = ("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert (
        json.loads(manage(*arguments, database=database, settings=SETTINGS))["openapi"] == "3.1.0"
    )


def test_swagger_ui_takes_nothing_from_elsewhere(example_server: Server) -> None:
    page = send(example_server, "GET", "/docs", key=None, Accept="text/html")
    assert page.status == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    assert all(link.startswith("/static/drf_spectacular_sidecar/") for link in links)
    assert [send(example_server, "GET", link, key=None).status for link in links] == [200] * 4
    assert "://" not in page.text


CHECK_WITHOUT = """
import sys
sys.modules["drf_spectacular"] = None
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
"""


def test_the_example_does_without_drf_spectacular(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CHECK_WITHOUT],
        cwd=ROOT,
        env=environment(tmp_path / "none.sqlite3", DEMO_SETTINGS),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    )
