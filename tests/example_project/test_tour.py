"""The tour: its rows, its checks, and its output."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message

import pytest

from example_project.demo.server import ROOT, Server, find_free_port
from example_project.demo.tour.checks import Response, find_faults
from example_project.demo.tour.rows import (
    ACCEPTED,
    CODES,
    ERRORS,
    PROGRAMS,
    SECTIONS,
    SUCCESSES,
    THE_401,
    VERBS,
    Row,
)
from tests.example_project.fixtures import dump_rows
from tests.example_project.programs import get_command, run

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ROWS = [row for section in SECTIONS for row in section.rows]


def run_on_terminal(columns: int, url: str, **environment: str) -> str:
    """Run the tour on a pseudo-terminal and return its output."""
    ours, theirs = pty.openpty()
    terminal = {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": ""}
    environment = {**os.environ, **terminal, **environment}
    with subprocess.Popen(
        get_command("demo.tour", "--url", url),
        cwd=ROOT,
        env=environment,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        output = b"".join(read_all(ours))
        os.close(ours)
    assert process.returncode == 0, output
    return output.decode().replace("\r\n", "\n")


def read_all(descriptor: int) -> Iterator[bytes]:
    """Yield the output of a terminal until its other side is closed."""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def test_the_rows_are_those_of_the_api_document() -> None:
    assert [row.method for row in VERBS.rows] == ["GET", "POST", "PUT", "DELETE"]
    assert {row.status for row in SUCCESSES.rows} == {200, 201, 202, 204}
    assert [row.status for row in ERRORS.rows] == [400, 401, 403, 404, 405, 415, 415, 500, 503, 504]
    codes = ["INVALID_ID", "INVALID_CONTENT", "INVALID_STATE", "MISSING_RESOURCE"]
    codes += ["ALREADY_EXISTS", "ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"]
    assert [(row.label, row.code) for row in CODES.rows] == [(code, code) for code in codes]


def test_every_server_passes_two_tours_that_leave_its_data_unchanged(any_server: Server) -> None:
    before = dump_rows(any_server)

    for _ in range(2):
        completed = run("demo.tour", "--url", any_server.url)
        assert completed.returncode == 0, completed.stdout
        assert completed.stdout.endswith(f"All {len(ROWS)} responses are as expected.\n")

    assert dump_rows(any_server) == before


def test_each_row_is_printed_with_its_request_and_response(example_server: Server) -> None:
    output = run("demo.tour", "--url", example_server.url).stdout

    assert (
        "  ✓ 401 Unauthorized\n"
        "    GET /thngs without a key\n"
        "    401 Unauthorized\n"
        '    WWW-Authenticate: Token realm="api"\n'
        f"    {THE_401.decode().replace('{url}', example_server.url)}\n"
    ) in output
    assert "    404 Not Found\n    X-Error-Code: MISSING_RESOURCE\n    (no body)\n" in output
    assert "\x1b" not in output
    assert re.findall("^  ✓ (.+)$", output, re.MULTILINE) == [row.label for row in ROWS]


def test_the_settings_for_production_fail_only_the_rows_of_the_demo(
    production_server: Server,
) -> None:
    completed = run("demo.tour", "--url", production_server.url)

    assert completed.returncode == 1
    assert re.findall("✗ (.+)", completed.stdout) == [
        "500 Internal Server Error",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "the code in a header (CODE_HEADER)",
        "the id of the request in the body (BODY)",
    ]


def test_a_wrong_url_is_reported() -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    no_server = run("demo.tour", "--url", url)
    invalid = run("demo.tour", "--url", "127.0.0.1:8000")

    assert (no_server.returncode, no_server.stdout) == (
        1,
        f"No response from {url} (Connection refused).\nStart the demo first: make demo\n",
    )
    assert invalid.returncode == 2
    assert invalid.stdout.endswith(
        "error: argument --url: expected http://<host>:<port>, not 127.0.0.1:8000\n"
    )


@pytest.mark.parametrize("columns", [50, 120])
def test_a_terminal_gets_folded_lines_and_colours_unless_they_are_turned_off(
    example_server: Server, columns: int
) -> None:
    environment = {"NO_COLOR": "1"} if columns == 50 else {}
    output = run_on_terminal(columns, example_server.url, **environment)

    assert ("✓" if environment else "\x1b[32;1m✓\x1b[0m") in output
    assert ("\x1b" in output) is not bool(environment)
    assert max(len(ANSI.sub("", line)) for line in output.splitlines()) <= columns


ROW_401 = next(row for row in ROWS if row.status == 401)
ROW_400 = next(row for row in ROWS if row.label == "INVALID_CONTENT")
ROW_GET = ROWS[0]
ROW_ID = PROGRAMS.rows[-1]
NOT_FOUND = b'{"status":404,"errors":["no"],"code":"MISSING_RESOURCE","moreInfo":""}'
_, ROW_POLL = ACCEPTED


def make_response(status: int, body: bytes, content_type: str = "application/json") -> Response:
    """Return a response without further headers."""
    headers = Message()
    headers["Content-Type"] = content_type
    return Response(status, "", headers, body)


OPERATION = b'{"id":"x","href":"x","createdAt":"x","status":'

# A row, a response to its request, and the faults of the response.
FAULTS: list[tuple[Row, Response, list[str]]] = [
    (
        ROW_401,
        make_response(403, THE_401 + b"\n"),
        [
            "the status is 403, not 401",
            "the header WWW-Authenticate is missing",
            f"the body is not {THE_401.decode()}",
        ],
    ),
    (
        ROW_400,
        make_response(400, b"<p>no</p>", "text/html"),
        [
            "the content type is text/html, not application/json",
            "the body is not an object with status, errors, code, moreInfo",
        ],
    ),
    (
        ROW_400,
        make_response(400, b'{"status":400,"errors":["no"],"code":"NO","moreInfo":""}'),
        [
            "the code is NO, not INVALID_CONTENT",
            'the messages are not: ["name: This field is required."]',
        ],
    ),
    (
        ROW_400,
        make_response(400, b'{"status":500,"errors":[],"code":"INVALID_CONTENT","moreInfo":""}'),
        ["the status in the body is 500, not 400", "errors is not a list of messages"],
    ),
    (
        ROW_ID,
        make_response(404, NOT_FOUND),
        [
            "the header X-Error-Code is missing",
            "the body is not an object with status, errors, code, moreInfo, requestId",
        ],
    ),
    (
        replace(ROW_ID, required_headers=()),
        make_response(404, NOT_FOUND[:-1] + b',"requestId":"x"}'),
        ['the body does not contain {"requestId": "tour-1"}'],
    ),
    (
        replace(ROW_GET, shows={"name": "Umbrella"}),
        make_response(200, b'{"id":"x","name":"Tent","createdAt":1}'),
        ['the document does not contain {"name": "Umbrella"}'],
    ),
    (
        replace(ROW_GET, is_list=True),
        make_response(200, b"[]"),
        ["the body is not a list of documents"],
    ),
    (
        replace(ROW_POLL, shows={}),
        make_response(200, OPERATION + b'"ready"}'),
        ["the operation has not finished: does a worker run (manage.py db_worker)?"],
    ),
    (
        replace(ROW_POLL, shows={"result": {"created": 1}}),
        make_response(200, OPERATION + b'"successful","result":{"created":2}}'),
        ['the document does not contain {"result": {"created": 1}}'],
    ),
]


def test_faults_of_a_response_are_found() -> None:
    for row, response, faults in FAULTS:
        assert find_faults(row, response) == faults
    empty = make_response(200, b"{}")
    assert [row.label for row in ROWS if not find_faults(row, empty)] == []
