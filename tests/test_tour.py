"""The tour and the demo, as processes: what they print, and how they end."""

from __future__ import annotations

import http.client
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import Message
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from example_project.server import ROOT, Server, free_port, is_free
from example_project.tour_checks import Answer, faults
from example_project.tour_rows import (
    ACCEPTED,
    CODES,
    ERRORS,
    SECTIONS,
    SUCCESSES,
    THE_401,
    VERBS,
    Row,
)
from tests.example_server import rows
from tests.services import require_package

TIMEOUT = 60
ANSI = re.compile(r"\x1b\[[0-9;]*m")
ROWS = [row for section in SECTIONS for row in section.rows]
ROW_401 = next(row for row in ROWS if row.status == 401)
ROW_400 = next(row for row in ROWS if row.label == "INVALID_CONTENT")
ROW_GET = ROWS[0]
ROW_202, ROW_POLL = ACCEPTED


def answer(status: int, body: bytes, **headers: str) -> Answer:
    """Return an answer in JSON."""
    message = Message()
    message["Content-Type"] = headers.pop("Content_Type", "application/json")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Answer(status, "", message, body)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of the example project."""
    return [sys.executable, "-m", f"example_project.{module}", *arguments]


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module to its end, its output in a pipe."""
    return subprocess.run(
        command(module, *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )


def run_on_a_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """Run the tour on a terminal of its own and return what it shows."""
    ours, theirs = pty.openpty()
    terminal = {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": ""}
    environment = {**os.environ, **terminal, **environment}
    with subprocess.Popen(
        command("tour", *arguments), cwd=ROOT, env=environment, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b"".join(read_all(ours))
        os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode().replace("\r\n", "\n")


def read_all(descriptor: int) -> Iterator[bytes]:
    """Yield what comes from a terminal until the other side is closed."""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


@contextmanager
def stub_server() -> Iterator[str]:
    """Run a server that answers everything with a 200 and an empty object."""

    class QuietHandler(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]

    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def started_demo(port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the demo, and give it and what it shows before the last command to try."""
    with subprocess.Popen(
        command("demo", "--port", str(port)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process, "".join(iter(process.stdout.readline, "  # a bug\n"))
        finally:
            process.kill()


def children(parent: int) -> dict[int, str]:
    """Return the processes that one has started: their ids and command lines."""
    shown = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 2) for line in shown.stdout.splitlines()]
    return {int(pid): args for pid, ppid, args in lines if int(ppid) == parent}


def is_running(pid: int) -> bool:
    """Return whether there is a process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_row_is_as_the_document_says_twice_in_a_row(any_server: Server) -> None:
    before = rows(any_server)

    for _ in range(2):
        completed = run("tour", "--url", any_server.url)
        assert completed.returncode == 0, completed.stdout
        assert completed.stdout.endswith(f"All {len(ROWS)} rows are as the API document says.\n")

    assert rows(any_server) == before


def test_the_rows_are_the_seeds() -> None:
    assert [row.method for row in VERBS.rows] == ["GET", "POST", "PUT", "DELETE"]
    assert {row.status for row in SUCCESSES.rows} == {200, 201, 202, 204}
    assert [row.status for row in ERRORS.rows] == [400, 401, 403, 404, 405, 415, 415, 500, 503, 504]
    assert [(row.label, row.code) for row in CODES.rows] == [
        (code, code)
        for code in (
            "INVALID_ID",
            "INVALID_CONTENT",
            "INVALID_STATE",
            "MISSING_RESOURCE",
            "ALREADY_EXISTS",
            "ACCESS_FORBIDDEN",
            "METHOD_FORBIDDEN",
        )
    ]


def test_each_row_is_shown_with_its_request_status_and_body(example_server: Server) -> None:
    shown = run("tour", "--url", example_server.url).stdout

    assert (
        "  ✓ 401 Unauthorized\n"
        "    GET /thngs without a key\n"
        "    401 Unauthorized\n"
        '    WWW-Authenticate: Token realm="api"\n'
        f"    {THE_401.decode().replace('{url}', example_server.url)}\n"
    ) in shown
    assert "\x1b" not in shown
    assert [line[4:] for line in shown.splitlines() if line.startswith("  ✓ ")] == [
        row.label for row in ROWS
    ]


def test_a_server_that_is_not_as_the_document_says_fails_the_rows() -> None:
    with stub_server() as url:
        completed = run("tour", "--url", url)

    assert completed.returncode == 1
    assert completed.stdout.endswith(
        f"{len(ROWS)} of {len(ROWS)} rows are not as the API document says.\n"
    )
    assert "✓" not in completed.stdout


def test_production_settings_fail_the_rows_of_the_demo_alone(production_server: Server) -> None:
    completed = run("tour", "--url", production_server.url)

    assert completed.returncode == 1
    assert re.findall("✗ (.+)", completed.stdout) == [
        "500 Internal Server Error",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ]


def test_a_server_that_is_not_there_is_said() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    completed = run("tour", "--url", url)

    assert completed.returncode == 1
    assert completed.stdout == (
        f"Nothing answers at {url} (Connection refused).\nStart the demo first: make demo\n"
    )


def test_a_url_that_is_none_is_said() -> None:
    completed = run("tour", "--url", "127.0.0.1:8000")

    assert completed.returncode == 2
    assert completed.stdout.endswith(
        "error: argument --url: http://<host>:<port> is expected, not 127.0.0.1:8000\n"
    )


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_a_terminal_gets_colour_and_lines_that_fit(example_server: Server, columns: int) -> None:
    shown = run_on_a_terminal(columns, "--url", example_server.url)

    assert "\x1b[32;1m✓\x1b[0m" in shown
    assert max(len(ANSI.sub("", line)) for line in shown.splitlines()) <= columns


def test_a_terminal_that_wants_no_colour_gets_none(example_server: Server) -> None:
    shown = run_on_a_terminal(80, "--url", example_server.url, NO_COLOR="1")

    assert "\x1b" not in shown
    assert "✓" in shown


@pytest.mark.parametrize(
    ("row", "given", "found"),
    [
        (ROW_401, answer(401, THE_401, WWW_Authenticate="Token"), []),
        (ROW_401, answer(401, THE_401), ["the header WWW-Authenticate is missing"]),
        (
            ROW_401,
            answer(403, THE_401, WWW_Authenticate="Token"),
            ["the status is 403, not 401"],
        ),
        (
            ROW_401,
            answer(401, THE_401 + b"\n", WWW_Authenticate="Token"),
            [f"the body is not {THE_401.decode()}"],
        ),
        (
            ROW_400,
            answer(400, b"<p>no</p>", Content_Type="text/html"),
            [
                "the content type is text/html, not application/json",
                "the body is no object of status, errors, code and moreInfo",
            ],
        ),
        (
            ROW_400,
            answer(400, b'{"status":400,"errors":["no"],"code":"NO","moreInfo":""}'),
            [
                "code is NO, not INVALID_CONTENT",
                "the message is not: name: This field is required.",
            ],
        ),
        (
            ROW_400,
            answer(400, b'{"status":500,"errors":[],"code":"INVALID_CONTENT","moreInfo":""}'),
            ["status in the body is 500, not 400", "errors is no list of messages"],
        ),
        (ROW_GET, answer(200, b"[]"), ["the body is no document with id, name, createdAt"]),
        (
            ROW_GET,
            answer(200, b'{"id":"x","name":"Umbrella","createdAt":1}'),
            ['the document does not show {"id": "UthngUmbreLLa11111111111", "name": "Umbrella"}'],
        ),
        (replace(ROW_GET, is_list=True), answer(200, b"[]"), ["the body is no list of documents"]),
        (
            replace(ROW_POLL, shows={"status": "successful"}),
            answer(200, b'{"id":"x","href":"x","status":"ready","createdAt":"x"}'),
            [
                'the document does not show {"status": "successful"}',
                "it is still not done: does a worker run (manage.py db_worker)?",
            ],
        ),
        (
            replace(ROW_POLL, shows={"result": {"created": 1, "refused": 0}}),
            answer(
                200,
                b'{"id":"x","href":"x","status":"successful","createdAt":"x",'
                b'"result":{"created":1,"refused":1,"thngs":[]}}',
            ),
            ['the document does not show {"result": {"created": 1, "refused": 0}}'],
        ),
        (
            ROW_202,
            answer(202, b'{"id":"x"}', Location="x"),
            [
                "the header Content-Location is missing",
                "the header Retry-After is missing",
                "the body is no document with id, href, status, createdAt",
            ],
        ),
    ],
)
def test_a_wrong_answer_is_found(row: Row, given: Answer, found: list[str]) -> None:
    assert faults(row, given) == found


def test_the_demo_ends_with_the_tours_status_when_run_once() -> None:
    port = free_port()

    completed = run("demo", "--once", "--port", str(port))

    assert completed.returncode == 0, completed.stdout
    assert completed.stdout.startswith(
        "Making a database ...\n"
        "  seeded 3 operators, each with an API key\n"
        "  seeded 2 collections\n"
        "  seeded 4 thngs\n"
        f"Starting the server on 127.0.0.1:{port} ...\n"
        "Starting the worker (EXAMPLE_TASKS=db: python manage.py db_worker) ...\n"
    )
    assert completed.stdout.endswith(f"All {len(ROWS)} rows are as the API document says.\n")
    assert is_free(port)


def test_the_demo_does_the_work_at_once_where_it_is_told_to() -> None:
    port = free_port()

    completed = run("demo", "--once", "--port", str(port), EXAMPLE_TASKS="immediate")

    assert completed.returncode == 0, completed.stdout
    assert (
        "\nEXAMPLE_TASKS=immediate: accepted work is done at once, no worker is needed.\n"
        in completed.stdout
    )
    assert (
        "\n  202 Accepted is not shown: EXAMPLE_TASKS=immediate does the work at once.\n"
        in completed.stdout
    )
    count = len(ROWS) - len(ACCEPTED)
    assert completed.stdout.endswith(f"All {count} rows are as the API document says.\n")


def test_the_demo_says_which_engines_there_are() -> None:
    completed = run("demo", "--port", str(free_port()), EXAMPLE_TASKS="abacus")

    assert (completed.returncode, completed.stdout) == (
        1,
        "EXAMPLE_TASKS=abacus is no engine. Take one of db, rq, celery, immediate.\n",
    )


def test_a_worker_that_does_not_start_ends_the_demo_and_its_server() -> None:
    require_package("django_tasks_rq")
    port, nothing = free_port(), str(free_port())

    completed = run("demo", "--port", str(port), EXAMPLE_TASKS="rq", EXAMPLE_REDIS_PORT=nothing)

    assert completed.returncode == 1
    assert "\nThe worker did not start. Its log:\n" in completed.stdout
    assert f"connecting to 127.0.0.1:{nothing}" in completed.stdout
    assert is_free(port)


def test_a_worker_that_ends_ends_the_demo() -> None:
    port = free_port()
    with started_demo(port) as (process, _):
        worker = next(pid for pid, line in children(process.pid).items() if "db_worker" in line)
        os.kill(worker, signal.SIGKILL)
        rest = process.stdout.read()

    assert rest.endswith("\nThe worker has ended.\n")
    assert is_free(port)


def test_the_demo_says_first_that_its_port_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        completed = run("demo", "--port", str(port))

    assert completed.returncode == 1
    assert completed.stdout == (
        f"Port {port} is in use. Stop what listens there, or name another:\n"
        f"  make demo PORT={port + 1}\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_serves_until_it_is_stopped_and_leaves_nothing(number: signal.Signals) -> None:
    port = free_port()
    with started_demo(port) as (process, shown):
        curl = process.stdout.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        connection.request("GET", "/_status/500")
        status = connection.getresponse().status
        connection.close()
        started = children(process.pid)
        process.send_signal(number)
        rest = process.stdout.read()

    assert f"The server stays at http://127.0.0.1:{port} until Ctrl-C." in shown
    assert curl == f"  curl -i http://127.0.0.1:{port}/_status/500\n"
    assert status == 500
    assert rest == "\nAll is stopped, and the database deleted.\n"
    assert process.returncode == 0
    assert is_free(port)
    assert len(started) == 2
    assert not [pid for pid in started if is_running(pid)]
