"""The check for schemathesis, with the example project and with an API in another format."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from example_project.demo.data import WRITE_KEY
from example_project.demo.server import Server
from tests.bodies import body
from tests.services import require_package

require_package("schemathesis")

import schemathesis  # noqa: E402

from django_apierrors.testing.schemathesis import api_error_format, assert_api_error_format  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

# A part of the example project's API, described more loosely than its views check.
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
RESPONSES = {"responses": {"default": {"description": "Any response."}}}
DOCUMENT = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}
SCHEMA: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Inventory", "version": "1"},
    "paths": {
        "/thngs": {"get": RESPONSES, "post": {"requestBody": DOCUMENT, **RESPONSES}},
        "/thngs/{id}": {
            "parameters": [ID],
            "get": RESPONSES,
            "put": {"requestBody": DOCUMENT, **RESPONSES},
            "delete": RESPONSES,
        },
    },
}


class OtherFormat(http.server.BaseHTTPRequestHandler):
    """Responds to every request with an error in another format."""

    def do_GET(self) -> None:
        content = b'{"detail": "Not found."}'
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def other_server() -> Iterator[str]:
    """The URL of an API in another format."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherFormat) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run_command(url: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run schemathesis from its command line, as in docs/testing.md."""
    document = directory / "openapi.json"
    document.write_text(json.dumps(SCHEMA))
    command = ["run", str(document), "--url", url, "--checks", "api_error_format"]
    options = ["--max-examples", "5", "--phases", "fuzzing", "--no-color"]
    header = ["-H", f"Authorization: {WRITE_KEY}"]
    return subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), *command, *options, *header],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "django_apierrors.testing.schemathesis",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": str(ROOT),
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.once
def test_the_command_line_passes_for_the_example_project(
    fresh_server: Server, tmp_path: Path
) -> None:
    process = run_command(f"http://{fresh_server.host}:{fresh_server.port}", tmp_path)
    assert (process.returncode, process.stderr) == (0, ""), process.stdout


@pytest.mark.once
def test_the_command_line_shows_an_error_in_another_format(
    other_server: str, tmp_path: Path
) -> None:
    process = run_command(other_server, tmp_path)
    assert process.returncode == 1, process.stdout
    assert "This error is not in the format" in process.stdout


def test_a_test_fails_for_an_error_in_another_format(other_server: str) -> None:
    operation = schemathesis.openapi.from_dict(SCHEMA)["/thngs/{id}"]["GET"]

    @settings(max_examples=1, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def run(case: schemathesis.Case[Any]) -> None:
        headers = {"Authorization": WRITE_KEY}
        case.call_and_validate(base_url=other_server, headers=headers, checks=[api_error_format])

    with pytest.raises(BaseExceptionGroup, match="This error is not in the format") as caught:
        run()
    [failure] = caught.value.exceptions
    assert "'errors' is missing" in str(failure)
    assert "> Authorization: (not shown)" in str(failure)


def test_keys_that_a_project_adds_pass_if_its_check_lists_them() -> None:
    response = requests.Response()
    response.status_code, response.headers["Content-Type"] = 404, "application/json"
    response._content = json.dumps(body("MISSING_RESOURCE") | {"hint": "Look."}).encode()
    response.request = requests.Request("GET", "http://127.0.0.1/").prepare()
    assert_api_error_format(response, more_keys={"hint"})
    with pytest.raises(AssertionError, match="'hint' is not a key"):
        assert_api_error_format(response)
    response.status_code = 200
    assert_api_error_format(response)
