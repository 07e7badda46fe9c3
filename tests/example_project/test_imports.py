"""Imports over HTTP and with real workers: 202, the operation, and its result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from example_project.demo.data import NO_SUCH_THNG, NOTHING_KEY, RAINY_DAYS, READ_KEY, WRITE_KEY
from example_project.demo.server import Server
from example_project.demo.task_backends import TASK_BACKENDS
from example_project.demo.tour.checks import Response, is_unfinished
from tests.example_project.bodies import MALFORMED, TAKEN, error_body, method_error
from tests.example_project.client import send
from tests.example_project.fixtures import DEMO_SETTINGS, dump_rows, execute, start
from tests.services import require_package, require_server, skip_or_fail

TIMEOUT = 30.0
REDIS_PORT = 6379
REDIS_DATABASE = 14
REQUIRED = "This field is required."


@pytest.fixture
def immediate_server(
    monkeypatch: pytest.MonkeyPatch, example_database: Path, tmp_path: Path
) -> Iterator[Server]:
    """The demo's server, which runs tasks immediately."""
    monkeypatch.setenv("EXAMPLE_TASKS", "immediate")
    yield from start("gunicorn", DEMO_SETTINGS, example_database, tmp_path)


@pytest.fixture(params=["rq", "celery"])
def redis_server(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    example_database: Path,
    tmp_path: Path,
) -> Iterator[Server]:
    """The demo's server and worker, with each task backend that uses Redis."""
    require_package(TASK_BACKENDS[request.param].package)
    from redis import Redis

    require_server("Redis", REDIS_PORT)
    with Redis(port=REDIS_PORT, db=REDIS_DATABASE) as client:
        if client.dbsize():
            skip_or_fail(f"database {REDIS_DATABASE} of the Redis server is not empty")
    monkeypatch.setenv("EXAMPLE_TASKS", request.param)
    monkeypatch.setenv("EXAMPLE_REDIS_DB", str(REDIS_DATABASE))
    try:
        yield from start("gunicorn", DEMO_SETTINGS, example_database, tmp_path)
    finally:
        with Redis(port=REDIS_PORT, db=REDIS_DATABASE) as client:
            client.flushdb()


def post_import(server: Server, rows: list[Any]) -> Response:
    response = send(server, "POST", "/thngs/imports", rows)
    assert response.status == 202, response.text
    return response


def get_path(server: Server, response: Response) -> str:
    """Return the path of the operation of a 202."""
    return response.headers["Location"].removeprefix(server.url)


def wait_for_operation(server: Server, accepted: Response) -> dict[str, Any]:
    """Return the operation when it has finished."""
    deadline = time.monotonic() + TIMEOUT
    while is_unfinished(response := send(server, "GET", get_path(server, accepted))):
        assert time.monotonic() < deadline, response.text
        time.sleep(0.05)
    assert response.status == 200
    operation: dict[str, Any] = response.json
    return operation


def get_report(server: Server, rows: list[Any]) -> dict[str, Any]:
    operation = wait_for_operation(server, post_import(server, rows))
    assert operation["status"] == "successful", operation
    result: dict[str, Any] = operation["result"]
    return result


def make_rejection(row: int, code: str, *messages: str) -> dict[str, Any]:
    """Return the entry of a rejected row in a report."""
    return {"row": row, "code": code, "errors": list(messages)}


def test_an_import_is_accepted_with_the_url_of_its_operation(example_server: Server) -> None:
    response = post_import(example_server, [])

    operation = response.json
    url = f"{example_server.url}/operations/{operation['id']}"
    assert operation == {
        "id": operation["id"],
        "href": url,
        "status": "ready",
        "createdAt": operation["createdAt"],
    }
    assert response.headers["Location"] == response.headers["Content-Location"] == url
    assert int(response.headers["Retry-After"]) > 0
    result = {"total": 0, "created": 0, "rejected": 0, "thngs": [], "rejections": []}
    finished = {**operation, "status": "successful", "result": result}
    assert wait_for_operation(example_server, response) == finished


def test_valid_rows_are_created_and_the_others_reported_with_their_paths(
    example_server: Server,
) -> None:
    serial = uuid4().hex
    valid = {"name": serial, "identifiers": {"serial": serial}, "collections": [RAINY_DAYS]}

    result = get_report(
        example_server,
        [
            valid,
            {"name": "the same again", "identifiers": {"serial": serial}},
            {"tags": ["a", None]},
            {"name": "x", "collections": [NO_SUCH_THNG]},
            {"name": "x", "collections": ["not-an-id"]},
            "x",
            None,
            {"name": serial},
        ],
    )

    unknown = f'Invalid pk "{NO_SUCH_THNG}" - object does not exist.'
    not_null = "This field may not be null."
    assert result == {
        "total": 8,
        "created": 2,
        "rejected": 6,
        "thngs": result["thngs"],
        "rejections": [
            make_rejection(1, "ALREADY_EXISTS", f"[1].identifiers.serial: {TAKEN}"),
            make_rejection(
                2, "INVALID_CONTENT", f"[2].name: {REQUIRED}", f"[2].tags[1]: {not_null}"
            ),
            make_rejection(3, "MISSING_RESOURCE", f"[3].collections: {unknown}"),
            make_rejection(4, "INVALID_ID", f"[4].collections: {MALFORMED}"),
            make_rejection(
                5, "INVALID_CONTENT", "[5]: Invalid data. Expected a dictionary, but got str."
            ),
            make_rejection(6, "INVALID_CONTENT", "[6]: No data provided"),
        ],
    }
    thngs = send(example_server, "GET", f"/thngs?filter=name={serial}").json
    assert [thng["id"] for thng in thngs] == result["thngs"]
    assert {name: thngs[0][name] for name in valid} == valid
    for thng in thngs:
        send(example_server, "DELETE", f"/thngs/{thng['id']}")


def test_a_row_that_the_database_rejects_is_rolled_back(example_server: Server) -> None:
    execute(
        example_server,
        "CREATE TRIGGER reject BEFORE INSERT ON inventory_thngidentifier"
        " WHEN NEW.value = 'rejected' BEGIN SELECT RAISE(ABORT, 'rejected'); END",
    )
    before = dump_rows(example_server)

    result = get_report(example_server, [{"name": "x", "identifiers": {"serial": "rejected"}}])

    message = "[0]: The state of this resource does not allow the request."
    assert result["rejections"] == [make_rejection(0, "INVALID_STATE", message)]
    assert dump_rows(example_server) == before


def test_an_operation_without_a_worker_stays_ready(fresh_server: Server) -> None:
    row = {"name": "One of many", "description": "x" * 300}

    accepted = post_import(fresh_server, [row] * 10_000)

    polled = send(fresh_server, "GET", get_path(fresh_server, accepted))
    assert (polled.status, polled.json) == (200, accepted.json)
    assert int(polled.headers["Retry-After"]) > 0
    assert polled.headers["Cache-Control"] == "no-store"


def test_an_operation_is_visible_only_to_its_owner(fresh_server: Server) -> None:
    path = get_path(fresh_server, post_import(fresh_server, []))

    for method, url, key, expected in [
        ("GET", path, READ_KEY, error_body("MISSING_RESOURCE")),
        ("GET", path, NOTHING_KEY, error_body("ACCESS_FORBIDDEN")),
        ("GET", path, None, error_body("UNAUTHENTICATED")),
        ("GET", f"{path}x", WRITE_KEY, error_body("MISSING_RESOURCE")),
        ("DELETE", path, WRITE_KEY, method_error("DELETE")),
    ]:
        assert send(fresh_server, method, url, key=key).json == expected


def test_an_import_that_runs_immediately_returns_its_report(immediate_server: Server) -> None:
    response = send(immediate_server, "POST", "/thngs/imports", [{"name": "x"}, {}])

    [id_] = response.json["thngs"]
    assert (response.status, response.json) == (
        200,
        {
            "total": 2,
            "created": 1,
            "rejected": 1,
            "thngs": [id_],
            "rejections": [make_rejection(1, "INVALID_CONTENT", f"[1].name: {REQUIRED}")],
        },
    )
    assert "Location" not in response.headers
    assert send(immediate_server, "GET", f"/thngs/{id_}").status == 200


def test_an_import_runs_in_a_worker_that_uses_redis(redis_server: Server) -> None:
    result = get_report(redis_server, [{"name": "x"}, {}])

    assert (result["created"], result["rejected"]) == (1, 1)
