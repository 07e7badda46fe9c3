"""The example project's imports, over real HTTP and with real workers: 202 and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured

from example_project.demo_data import NO_SUCH_THNG, NOTHING_KEY, RAINY_DAYS, READ_KEY
from example_project.engines import ENGINES, Engine, get_engine
from example_project.server import Server
from example_project.tour_checks import Answer, is_under_way
from tests.example_answers import (
    ACCESS_FORBIDDEN,
    INVALID_ID,
    METHOD_NOT_ALLOWED,
    MISSING_RESOURCE,
    get_401,
)
from tests.example_server import DEMO_SETTINGS, error, execute, rows, send, start
from tests.services import refuse, require_package, require_server

PATIENCE = 30.0
REDIS_PORT = 6379
REDIS_DATABASE = 14
TAKEN = "Another resource has the same value for this field."
REQUIRED = "This field is required."


@pytest.fixture
def working_server(example_database: Path, tmp_path: Path) -> Iterator[Server]:
    """The example project with nothing but the demo's data, and a worker."""
    yield from start("gunicorn", DEMO_SETTINGS, example_database, tmp_path)


@pytest.fixture
def immediate_server(
    monkeypatch: pytest.MonkeyPatch, example_database: Path, tmp_path: Path
) -> Iterator[Server]:
    """The example project that does all work at once."""
    monkeypatch.setenv("EXAMPLE_TASKS", "immediate")
    yield from start("gunicorn", DEMO_SETTINGS, example_database, tmp_path)


@pytest.fixture(params=["rq", "celery"])
def redis_server(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    example_database: Path,
    tmp_path: Path,
) -> Iterator[Server]:
    """The example project whose work goes by way of Redis."""
    require_package(ENGINES[request.param].package)
    from redis import Redis

    require_server("Redis", REDIS_PORT)
    with Redis(port=REDIS_PORT, db=REDIS_DATABASE) as client:
        if client.dbsize():
            refuse(f"database {REDIS_DATABASE} of the Redis server is not empty")
    monkeypatch.setenv("EXAMPLE_TASKS", request.param)
    monkeypatch.setenv("EXAMPLE_REDIS_DB", str(REDIS_DATABASE))
    try:
        yield from start("gunicorn", DEMO_SETTINGS, example_database, tmp_path)
    finally:
        with Redis(port=REDIS_PORT, db=REDIS_DATABASE) as client:
            client.flushdb()


def accept(server: Server, sent: list[Any]) -> Answer:
    """Have an import accepted, and return the 202."""
    answer = send(server, "POST", "/thngs/imports", sent)
    assert answer.status == 202, answer.text
    return answer


def path_of(server: Server, answer: Answer) -> str:
    """Return the path of an operation."""
    return answer.headers["Location"].removeprefix(server.url)


def finish(server: Server, accepted: Answer) -> dict[str, Any]:
    """Return an operation when it is done."""
    deadline = time.monotonic() + PATIENCE
    while is_under_way(answer := send(server, "GET", path_of(server, accepted))):
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    assert answer.status == 200
    operation: dict[str, Any] = answer.json
    return operation


def report(server: Server, sent: list[Any]) -> dict[str, Any]:
    """Import and return the report."""
    operation = finish(server, accept(server, sent))
    assert operation["status"] == "successful", operation
    result: dict[str, Any] = operation["result"]
    return result


def refusal(row: int, code: str, *messages: str) -> dict[str, Any]:
    """Return the refusal of a row."""
    return {"row": row, "code": code, "errors": list(messages)}


def test_an_import_is_accepted_with_where_to_ask_for_it(example_server: Server) -> None:
    answer = accept(example_server, [])

    operation = answer.json
    url = f"{example_server.url}/operations/{operation['id']}"
    assert operation == {
        "id": operation["id"],
        "href": url,
        "status": "ready",
        "createdAt": operation["createdAt"],
    }
    assert answer.headers["Location"] == answer.headers["Content-Location"] == url
    assert int(answer.headers["Retry-After"]) > 0
    result = {"total": 0, "created": 0, "refused": 0, "thngs": [], "refusals": []}
    done = {**operation, "status": "successful", "result": result}
    assert finish(example_server, answer) == done


BAD_ROWS = [
    {"tags": ["a", None]},
    {"name": "x", "identifiers": {"serial": "UMB-0001"}},
    {"name": "x", "collections": [NO_SUCH_THNG]},
    {"name": "x", "collections": ["not-an-id"]},
    "x",
    None,
]
MALFORMED = "An id has 24 characters, digits and letters other than 0, I, O and l."
UNKNOWN = f'Invalid pk "{NO_SUCH_THNG}" - object does not exist.'
NULL = "This field may not be null."
REFUSALS = [
    refusal(1, "ALREADY_EXISTS", f"[1].identifiers.serial: {TAKEN}"),
    refusal(2, "INVALID_CONTENT", f"[2].name: {REQUIRED}", f"[2].tags[1]: {NULL}"),
    refusal(3, "ALREADY_EXISTS", f"[3].identifiers.serial: {TAKEN}"),
    refusal(4, "MISSING_RESOURCE", f"[4].collections: {UNKNOWN}"),
    refusal(5, "INVALID_ID", f"[5].collections: {MALFORMED}"),
    refusal(6, "INVALID_CONTENT", "[6]: Invalid data. Expected a dictionary, but got str."),
    refusal(7, "INVALID_CONTENT", "[7]: No data provided"),
]
"""What becomes of the bad rows, after a good one and one that has its serial number."""


def test_good_rows_are_created_and_the_others_reported_each_with_its_path(
    example_server: Server,
) -> None:
    serial = uuid4().hex
    good = {"name": serial, "identifiers": {"serial": serial}, "collections": [RAINY_DAYS]}

    result = report(
        example_server,
        [
            good,
            {"name": "the same again", "identifiers": {"serial": serial}},
            *BAD_ROWS,
            {"name": serial},
        ],
    )

    assert result == {
        "total": 9,
        "created": 2,
        "refused": 7,
        "thngs": result["thngs"],
        "refusals": REFUSALS,
    }
    listed = send(example_server, "GET", f"/thngs?filter=name={serial}").json
    assert [thng["id"] for thng in listed] == result["thngs"]
    assert [listed[0][member] for member in good] == list(good.values())
    for thng in listed:
        send(example_server, "DELETE", f"/thngs/{thng['id']}")


def test_a_row_that_the_database_refuses_half_way_leaves_nothing_behind(
    working_server: Server,
) -> None:
    execute(
        working_server,
        "CREATE TRIGGER refuse BEFORE INSERT ON inventory_thngidentifier WHEN NEW.value = '1'"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    before = rows(working_server)

    result = report(working_server, [{"name": "x", "identifiers": {"serial": "1"}}])

    message = "[0]: The state of a resource does not allow to fulfill a request."
    assert result["refusals"] == [refusal(0, "INVALID_STATE", message)]
    assert rows(working_server) == before


def test_work_that_nobody_has_begun_is_to_be_asked_for_again(fresh_server: Server) -> None:
    row = {"name": "One of many", "description": "x" * 300}

    accepted = accept(fresh_server, [row] * 10_000)

    polled = send(fresh_server, "GET", path_of(fresh_server, accepted))
    assert (polled.status, polled.json) == (200, accepted.json)
    assert int(polled.headers["Retry-After"]) > 0
    assert polled.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([{}] * 10_001, "Ensure this field has no more than 10000 elements."),
        ({"name": "x"}, 'Expected a list of items but got type "dict".'),
        ("null", "This field may not be null."),
    ],
)
def test_what_is_no_array_of_rows_is_not_accepted(
    example_server: Server, sent: object, message: str
) -> None:
    answer = send(example_server, "POST", "/thngs/imports", sent)

    assert (answer.status, answer.json) == (400, error(400, "INVALID_CONTENT", message))


def test_an_operation_is_for_whom_it_was_accepted(fresh_server: Server) -> None:
    path = path_of(fresh_server, accept(fresh_server, []))

    assert send(fresh_server, "GET", path, key=READ_KEY).json == MISSING_RESOURCE
    assert send(fresh_server, "GET", path, key=NOTHING_KEY).json == ACCESS_FORBIDDEN
    assert send(fresh_server, "GET", path, key=None).body == get_401(fresh_server)
    assert send(fresh_server, "GET", f"{path}x").json == MISSING_RESOURCE
    assert send(fresh_server, "DELETE", path).json == METHOD_NOT_ALLOWED


def test_a_reading_key_may_not_import(example_server: Server) -> None:
    answer = send(example_server, "POST", "/thngs/imports", [], key=READ_KEY)

    assert (answer.status, answer.json) == (403, ACCESS_FORBIDDEN)


def test_the_url_of_imports_is_no_thngs(example_server: Server) -> None:
    answer = send(example_server, "GET", "/thngs/imports")

    assert (answer.status, answer.json) == (405, METHOD_NOT_ALLOWED)
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert send(example_server, "GET", "/thngs/import").json == INVALID_ID


def test_work_that_is_done_at_once_is_answered_with_its_report(immediate_server: Server) -> None:
    answer = send(immediate_server, "POST", "/thngs/imports", [{"name": "x"}, {}])

    assert (answer.status, answer.json) == (
        200,
        {
            "total": 2,
            "created": 1,
            "refused": 1,
            "thngs": answer.json["thngs"],
            "refusals": [refusal(1, "INVALID_CONTENT", f"[1].name: {REQUIRED}")],
        },
    )
    assert "Location" not in answer.headers
    assert send(immediate_server, "GET", f"/thngs/{answer.json['thngs'][0]}").status == 200


def test_work_may_go_by_way_of_redis(redis_server: Server) -> None:
    result = report(redis_server, [{"name": "x"}, {}])

    assert (result["created"], result["refused"]) == (1, 1)


def test_an_engine_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_TASKS", "abacus")

    with pytest.raises(
        ImproperlyConfigured,
        match=r"^EXAMPLE_TASKS=abacus is no engine\. Take one of db, rq, celery, immediate\.$",
    ):
        get_engine()


def test_an_engine_whose_package_is_not_installed_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ENGINES, "db", Engine("db", "not_installed.Backend"))
    monkeypatch.setenv("EXAMPLE_TASKS", "db")

    with pytest.raises(
        ImproperlyConfigured, match=r"^EXAMPLE_TASKS=db needs the package not_installed\."
    ):
        get_engine()
