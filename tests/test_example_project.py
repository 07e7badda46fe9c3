"""The example project, over real HTTP: it is an API as the API document describes one."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from example_project import demo_data
from example_project.demo_data import (
    NO_SUCH_THNG,
    RAINY_DAYS,
    READ_KEY,
    TENT,
    UMBRELLA,
)
from example_project.engines import ENGINES, Engine
from example_project.server import Server, manage
from tests.example_answers import (
    INVALID_ID,
    INVALID_STATE,
    METHOD_NOT_ALLOWED,
    MISSING_RESOURCE,
)
from tests.example_server import SETTINGS, create, database_of, error, execute, rows, send
from tests.services import require_package

ADA = demo_data.OPERATORS[0]["id"]


MALFORMED_IDS = [
    "not-an-id",
    UMBRELLA[:-1],
    f"{UMBRELLA}1",
    UMBRELLA.replace("U", "0"),
    "%00" * 24,
    f"{UMBRELLA}%0A",
    "%F0%9F%98%80" * 24,
]


TAKEN = "Another resource has the same value for this field."


def test_post_answers_201_with_the_document_and_where_it_is(example_server: Server) -> None:
    serial = uuid4().hex
    sent = {
        "name": "Lantern",
        "description": "It shines.",
        "identifiers": {"serial": serial},
        "customFields": {"watts": 5, "colours": ["red", None]},
        "tags": ["camping"],
        "collections": [RAINY_DAYS],
    }
    before = time.time_ns() // 1_000_000

    answer = send(example_server, "POST", "/thngs", sent)

    document = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"{example_server.url}/thngs/{document['id']}"
    assert document == {
        "id": document["id"],
        **sent,
        "createdAt": document["createdAt"],
        "updatedAt": document["updatedAt"],
    }
    assert len(document["id"]) == 24
    assert before <= document["createdAt"] <= document["updatedAt"] <= time.time_ns() // 1_000_000
    assert send(example_server, "GET", f"/thngs/{document['id']}").json == document
    send(example_server, "DELETE", f"/thngs/{document['id']}")


def test_a_name_is_enough(example_server: Server) -> None:
    document = send(example_server, "POST", "/collections", {"name": "Shelf"}).json

    assert document == {
        "id": document["id"],
        "name": "Shelf",
        "description": "",
        "identifiers": {},
        "customFields": {},
        "tags": [],
        "createdAt": document["createdAt"],
        "updatedAt": document["updatedAt"],
    }


def test_put_changes_what_is_sent_and_answers_the_whole_document(example_server: Server) -> None:
    thng = create(example_server, tags=["a"], identifiers={"serial": uuid4().hex})
    change = {"tags": ["b"], "customFields": {"size": 1}}

    answer = send(example_server, "PUT", f"/thngs/{thng['id']}", change)

    assert answer.status == 200
    assert answer.json == {**thng, **change, "updatedAt": answer.json["updatedAt"]}
    assert answer.json["updatedAt"] >= thng["updatedAt"]


def test_put_leaves_what_is_null_and_what_is_read_only(example_server: Server) -> None:
    thng = create(example_server, description="As it was.")
    sent = {"name": None, "description": None, "tags": None, "createdAt": 1, "id": thng["id"]}

    answer = send(example_server, "PUT", f"/thngs/{thng['id']}", sent)

    assert answer.status == 200
    assert answer.json == {**thng, "updatedAt": answer.json["updatedAt"]}


def test_put_replaces_the_identifiers(example_server: Server) -> None:
    thng = create(example_server, identifiers={"serial": uuid4().hex, "tag": "x" + uuid4().hex})
    kept = {"serial": thng["identifiers"]["serial"]}

    answer = send(example_server, "PUT", f"/thngs/{thng['id']}", {"identifiers": kept})

    assert answer.json["identifiers"] == kept


def test_an_id_that_contradicts_the_url_is_a_400(example_server: Server) -> None:
    thng = create(example_server)

    answer = send(example_server, "PUT", f"/thngs/{thng['id']}", {"id": UMBRELLA, "name": "x"})

    assert answer.json == error(400, "INVALID_CONTENT", "id: This is not the id in the URL.")
    assert send(example_server, "GET", f"/thngs/{thng['id']}").json == thng


def test_delete_answers_200_without_a_body(example_server: Server) -> None:
    thng = create(example_server)

    answer = send(example_server, "DELETE", f"/thngs/{thng['id']}")

    assert (answer.status, answer.body) == (200, b"")
    assert "Content-Type" not in answer.headers
    assert send(example_server, "GET", f"/thngs/{thng['id']}").json == MISSING_RESOURCE


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", f"/thngs/{UMBRELLA}", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("POST", f"/thngs/{UMBRELLA}", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("PUT", "/thngs", "GET, POST, HEAD, OPTIONS"),
        ("PUT", f"/operators/{ADA}", "GET, HEAD, OPTIONS"),
        ("DELETE", "/access", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_verb_that_a_resource_does_not_have_is_405(
    example_server: Server, method: str, path: str, allowed: str
) -> None:
    answer = send(example_server, method, path, {"name": "x"})

    assert (answer.status, answer.json) == (405, METHOD_NOT_ALLOWED)
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("sent", "messages"),
    [
        ({}, ["name: This field is required."]),
        ({"name": None}, ["name: This field is required."]),
        ({"name": ""}, ["name: This field may not be blank."]),
        ([], ["Invalid data. Expected a dictionary, but got list."]),
        (
            {"name": "x", "tags": ["a", None], "identifiers": {"serial": []}},
            [
                "identifiers.serial: Not a valid string.",
                "tags[1]: This field may not be null.",
            ],
        ),
        ({"name": "x", "identifiers": {"": "1"}}, ["identifiers: A type has 1 to 100 characters."]),
        (
            {"name": "x", "identifiers": {str(n): "1" for n in range(101)}},
            ["identifiers: No more than 100 identifiers are kept."],
        ),
        (
            {"name": "x", "customFields": []},
            ['customFields: Expected a dictionary of items but got type "list".'],
        ),
    ],
)
def test_a_document_that_is_not_right_is_invalid_content(
    example_server: Server, sent: object, messages: list[str]
) -> None:
    answer = send(example_server, "POST", "/thngs", sent)

    assert answer.json == error(400, "INVALID_CONTENT", *messages)


@pytest.mark.parametrize("id_", MALFORMED_IDS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/thngs/{}"),
        ("PUT", "/thngs/{}"),
        ("DELETE", "/thngs/{}"),
        ("GET", "/collections/{}"),
        ("GET", "/collections/{}/thngs"),
        ("DELETE", f"/collections/{RAINY_DAYS}/thngs/{{}}"),
        ("GET", "/operators/{}"),
    ],
)
def test_a_malformed_id_is_invalid_id(
    example_server: Server, method: str, path: str, id_: str
) -> None:
    answer = send(example_server, method, path.format(id_), {"name": "x"})

    assert (answer.status, answer.json) == (400, INVALID_ID)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/thngs/{NO_SUCH_THNG}"),
        ("PUT", f"/thngs/{NO_SUCH_THNG}"),
        ("DELETE", f"/thngs/{NO_SUCH_THNG}"),
        ("GET", f"/collections/{NO_SUCH_THNG}"),
        ("GET", f"/collections/{NO_SUCH_THNG}/thngs"),
        ("DELETE", f"/collections/{RAINY_DAYS}/thngs/{TENT}"),
        ("GET", f"/operators/{NO_SUCH_THNG}"),
        ("GET", "/"),
        ("GET", "/thngs/"),
        ("POST", "/umbrellas"),
    ],
)
def test_what_does_not_exist_is_a_missing_resource(
    example_server: Server, method: str, path: str
) -> None:
    answer = send(example_server, method, path, {"name": "x"})

    assert (answer.status, answer.json) == (404, MISSING_RESOURCE)


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        (
            "not-an-id",
            error(
                400,
                "INVALID_ID",
                "collections: An id has 24 characters, digits and letters other than 0, I, O and "
                "l.",
            ),
        ),
        (
            NO_SUCH_THNG,
            error(
                400,
                "MISSING_RESOURCE",
                f'collections: Invalid pk "{NO_SUCH_THNG}" - object does not exist.',
            ),
        ),
    ],
)
def test_an_id_in_a_body_has_the_codes_of_one_in_a_url(
    example_server: Server, id_: str, expected: dict[str, Any]
) -> None:
    answer = send(example_server, "POST", "/thngs", {"name": "x", "collections": [id_]})

    assert (answer.status, answer.json) == (400, expected)


def test_an_identifier_that_another_thng_has_already_exists(example_server: Server) -> None:
    sent = {"name": "x", "identifiers": {"colour": "red", "serial": "UMB-0001"}}
    expected = error(400, "ALREADY_EXISTS", f"identifiers.serial: {TAKEN}")
    before = rows(example_server)

    assert send(example_server, "POST", "/thngs", sent).json == expected
    assert send(example_server, "PUT", f"/thngs/{TENT}", sent).json == expected
    assert rows(example_server) == before
    assert (
        send(
            example_server, "PUT", f"/thngs/{UMBRELLA}", {"identifiers": {"serial": "UMB-0001"}}
        ).status
        == 200
    )


def test_of_many_who_want_an_identifier_at_once_one_gets_it(example_server: Server) -> None:
    serial = uuid4().hex
    sent = {"name": serial, "identifiers": {"serial": serial}}

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: send(example_server, "POST", "/thngs", sent), range(64)))

    refused = [answer.json for answer in answers if answer.status != 201]
    assert len(refused) == 63
    assert {(body["status"], body["code"]) for body in refused} == {(400, "ALREADY_EXISTS")}
    assert len(send(example_server, "GET", f"/thngs?filter=identifiers.serial={serial}").json) == 1
    # What the database refused has left nothing behind.
    assert len(send(example_server, "GET", f"/thngs?filter=name={serial}").json) == 1


def test_the_database_itself_keeps_identifiers_unique(example_server: Server) -> None:
    thng = create(example_server)
    insert = "INSERT INTO inventory_thngidentifier (type, value, owner_id) VALUES (?, ?, ?)"

    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        execute(example_server, insert, "serial", "UMB-0001", thng["id"])


def test_what_the_database_refuses_half_way_leaves_nothing_behind(fresh_server: Server) -> None:
    execute(
        fresh_server,
        "CREATE TRIGGER refuse BEFORE INSERT ON inventory_thngidentifier"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    sent = {"name": "x", "identifiers": {"serial": "1"}}
    before = rows(fresh_server)

    created = send(fresh_server, "POST", "/thngs", sent)
    updated = send(fresh_server, "PUT", f"/thngs/{UMBRELLA}", sent)

    assert (created.json, updated.json) == (INVALID_STATE, INVALID_STATE)
    assert rows(fresh_server) == before


def test_a_collection_that_still_has_thngs_cannot_be_deleted(example_server: Server) -> None:
    before = rows(example_server)

    answer = send(example_server, "DELETE", f"/collections/{RAINY_DAYS}")

    assert (answer.status, answer.json) == (400, INVALID_STATE)
    assert rows(example_server) == before


def test_thngs_go_into_a_collection_and_out_of_it(example_server: Server) -> None:
    shelf = create(example_server, "/collections")
    thngs = [create(example_server) for _ in range(3)]
    ids = [thng["id"] for thng in thngs]
    path = f"/collections/{shelf['id']}/thngs"
    inside = [{**thng, "collections": [shelf["id"]]} for thng in thngs]

    filled = send(example_server, "PUT", path, ids)
    assert (filled.status, filled.json) == (200, inside)
    one_out = send(example_server, "DELETE", f"{path}/{ids[0]}")
    assert (one_out.status, one_out.body) == (204, b"")
    assert send(example_server, "GET", path).json == inside[1:]
    all_out = send(example_server, "DELETE", path)
    assert (all_out.status, all_out.body) == (204, b"")
    assert send(example_server, "GET", path).json == []
    assert send(example_server, "DELETE", f"/collections/{shelf['id']}").status == 200
    assert send(example_server, "GET", f"/thngs/{ids[0]}").json == thngs[0]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            [UMBRELLA, "not-an-id"],
            error(
                400,
                "INVALID_ID",
                "[1]: An id has 24 characters, digits and letters other than 0, I, O and l.",
            ),
        ),
        (
            [NO_SUCH_THNG],
            error(
                400,
                "MISSING_RESOURCE",
                f'[0]: Invalid pk "{NO_SUCH_THNG}" - object does not exist.',
            ),
        ),
        (
            {"id": UMBRELLA},
            error(400, "INVALID_CONTENT", 'Expected a list of items but got type "dict".'),
        ),
        (
            [UMBRELLA] * 101,
            error(400, "INVALID_CONTENT", "Ensure this field has no more than 100 elements."),
        ),
    ],
)
def test_what_cannot_be_put_into_a_collection_is_refused_whole(
    example_server: Server, sent: object, expected: dict[str, Any]
) -> None:
    shelf = create(example_server, "/collections")

    answer = send(example_server, "PUT", f"/collections/{shelf['id']}/thngs", sent)

    assert (answer.status, answer.json) == (400, expected)
    assert send(example_server, "GET", f"/collections/{shelf['id']}/thngs").json == []


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (
            503,
            "SERVICE_UNAVAILABLE",
            "An external service needed to fulfil your request did not reply.",
        ),
        (
            504,
            "GATEWAY_TIMEOUT",
            "A service required to fulfill the request was not available.",
        ),
    ],
)
def test_an_upstream_that_fails_is_told_from_a_bug(
    fresh_server: Server, status: int, code: str, message: str
) -> None:
    answer = send(fresh_server, "GET", f"/_status/{status}", key=None)

    assert (answer.status, answer.json) == (status, error(status, code, message))
    assert int(answer.headers["Retry-After"]) > 0
    log = fresh_server.log.read_text()
    assert log.count("Traceback") >= 1
    assert " ERROR " not in log


def test_a_bug_is_a_500_and_stands_in_the_log_once_with_its_reference(fresh_server: Server) -> None:
    answer = send(fresh_server, "GET", "/_status/500", key=None)

    reference = re.search(r"Reference: (\w+)\.", answer.text)
    assert reference, answer.text
    message = (
        "An error on our side, we're sorry. Please get in touch including details of the request "
        f"you tried and the response you received. {reference[0]}"
    )
    assert (answer.status, answer.json) == (500, error(500, "INTERNAL_ERROR", message))
    log = fresh_server.log.read_text()
    assert log.count("KeyError: 'umbrella'") == 1
    assert log.count(" ERROR ") == 1
    assert log.count(reference[1]) == 1


@pytest.mark.parametrize("status", ["200", "501", "abc"])
def test_other_failures_are_not_to_be_had(example_server: Server, status: str) -> None:
    answer = send(example_server, "GET", f"/_status/{status}", key=None)

    assert (answer.status, answer.json) == (404, MISSING_RESOURCE)


def test_only_the_demo_fails_on_request(production_server: Server) -> None:
    answer = send(production_server, "GET", "/_status/500", key=None)

    assert (answer.status, answer.json) == (404, MISSING_RESOURCE)


def test_a_browser_gets_the_format_too(example_server: Server) -> None:
    answer = send(example_server, "GET", "/", Accept="text/html,*/*;q=0.8")

    assert (answer.status, answer.json) == (404, MISSING_RESOURCE)


def test_options_describes_a_resource(example_server: Server) -> None:
    answer = send(example_server, "OPTIONS", "/thngs", key=READ_KEY)

    assert (answer.status, answer.json) == (
        200,
        {
            "name": "Thng List Api",
            "description": "All thngs: list them, or create one.",
            "renders": ["application/json"],
            "parses": ["application/json"],
        },
    )


@pytest.mark.parametrize("settings", [SETTINGS, "example_project.settings_demo"])
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_check_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: str, engine: Engine
) -> None:
    require_package(engine.package)
    monkeypatch.setenv("EXAMPLE_TASKS", engine.name)

    said = manage("check", database=tmp_path / "none.sqlite3", settings=settings)

    assert said == "System check identified no issues (0 silenced).\n"


def test_the_migrations_are_complete(example_database: Path) -> None:
    said = manage("makemigrations", "--check", database=example_database, settings=SETTINGS)

    assert said == "No changes detected\n"


def test_seeding_again_puts_the_demos_data_back(fresh_server: Server) -> None:
    def documents() -> list[dict[str, Any]]:
        listed = (
            send(fresh_server, "GET", "/thngs").json
            + send(fresh_server, "GET", "/collections").json
        )
        return [{**document, "updatedAt": 0} for document in listed]

    before = documents()
    send(
        fresh_server,
        "PUT",
        f"/thngs/{UMBRELLA}",
        {"name": "x", "identifiers": {}, "collections": []},
    )
    send(fresh_server, "DELETE", f"/collections/{demo_data.CAMPING}/thngs")

    said = manage("seed_demo", database=database_of(fresh_server), settings=SETTINGS)

    assert documents() == before
    assert said.splitlines() == [
        "  seeded 3 operators, each with an API key",
        "  seeded 2 collections",
        "  seeded 4 thngs",
    ]


def test_no_success_has_a_member_that_clients_take_for_an_error(example_server: Server) -> None:
    paths = ["/access", f"/operators/{ADA}", f"/thngs/{UMBRELLA}", f"/collections/{RAINY_DAYS}"]
    bodies = [send(example_server, "GET", path) for path in paths]

    assert [answer.status for answer in bodies] == [200] * len(paths)
    assert not [answer.text for answer in bodies if {"errors", "message"} & set(answer.json)]
    assert not [answer.text for answer in bodies if None in json.loads(answer.body).values()]
