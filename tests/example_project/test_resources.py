"""Thngs and collections over HTTP: successes and errors as in the API document."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from example_project.demo.data import CAMPING, NO_SUCH_THNG, RAINY_DAYS, TENT, UMBRELLA
from example_project.demo.server import Server, manage
from tests.example_project.bodies import (
    GATEWAY_TIMEOUT,
    INVALID_ID,
    MALFORMED,
    MISSING_RESOURCE,
    SERVICE_UNAVAILABLE,
    TAKEN,
    error_body,
    invalid_content,
)
from tests.example_project.client import create, send
from tests.example_project.fixtures import SETTINGS, dump_rows, get_database


def test_post_creates_a_document_and_returns_201_with_its_location(example_server: Server) -> None:
    sent = {
        "name": "Lantern",
        "description": "It shines.",
        "identifiers": {"serial": uuid4().hex},
        "customFields": {"watts": 5, "colours": ["red", None]},
        "tags": ["camping"],
        "collections": [RAINY_DAYS],
    }
    before = time.time_ns() // 1_000_000

    response = send(example_server, "POST", "/thngs", sent)

    document = response.json
    assert response.status == 201
    assert response.headers["Location"] == f"{example_server.url}/thngs/{document['id']}"
    times = {name: document[name] for name in ("createdAt", "updatedAt")}
    assert document == {"id": document["id"], **sent, **times}
    assert len(document["id"]) == 24
    assert before <= times["createdAt"] <= times["updatedAt"] <= time.time_ns() // 1_000_000
    assert send(example_server, "GET", f"/thngs/{document['id']}").json == document
    send(example_server, "DELETE", f"/thngs/{document['id']}")


def test_put_changes_what_is_sent_except_null_and_read_only_fields(example_server: Server) -> None:
    thng = create(example_server, tags=["a"], identifiers={"serial": uuid4().hex, "x": "y"})
    change = {"tags": ["b"], "identifiers": {"serial": thng["identifiers"]["serial"]}}
    ignored = {"name": None, "description": None, "createdAt": 1, "id": thng["id"]}

    response = send(example_server, "PUT", f"/thngs/{thng['id']}", change | ignored)

    assert response.status == 200
    assert response.json == {**thng, **change, "updatedAt": response.json["updatedAt"]}
    assert response.json["updatedAt"] >= thng["updatedAt"]


@pytest.mark.parametrize(
    ("sent", "messages"),
    [
        ({"name": None}, ["name: This field is required."]),
        ([], ["Invalid data. Expected a dictionary, but got list."]),
        (
            {"name": "x", "tags": ["a", None], "identifiers": {"serial": []}},
            ["identifiers.serial: Not a valid string.", "tags[1]: This field may not be null."],
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
def test_an_invalid_document_is_invalid_content(
    example_server: Server, sent: object, messages: list[str]
) -> None:
    response = send(example_server, "POST", "/thngs", sent)

    assert response.json == invalid_content(*messages)


@pytest.mark.parametrize(
    "path",
    [
        "/collections/not-an-id/thngs",
        "/operators/not-an-id",
        # The next URL pattern, after that of the imports.
        "/thngs/import",
        # Each is malformed in another way.
        *(f"/thngs/{UMBRELLA[:-1]}", f"/thngs/{UMBRELLA}1", f"/thngs/{UMBRELLA.replace('U', '0')}"),
        *(f"/thngs/{'%00' * 24}", f"/thngs/{UMBRELLA}%0A", f"/thngs/{'%F0%9F%98%80' * 24}"),
    ],
)
def test_a_malformed_id_is_invalid_id(example_server: Server, path: str) -> None:
    response = send(example_server, "GET", path)

    assert (response.status, response.json) == (400, INVALID_ID)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/collections/{NO_SUCH_THNG}/thngs"),
        ("DELETE", f"/collections/{RAINY_DAYS}/thngs/{TENT}"),
        ("GET", f"/operators/{NO_SUCH_THNG}"),
        ("GET", "/thngs/"),
        ("POST", "/umbrellas"),
        # The failures of the demo are 500, 503 and 504.
        ("GET", "/_status/200"),
        ("GET", "/_status/abc"),
    ],
)
def test_an_unknown_id_or_path_is_a_missing_resource_even_for_a_browser(
    example_server: Server, method: str, path: str
) -> None:
    response = send(example_server, method, path, Accept="text/html,*/*;q=0.8")

    assert (response.status, response.json) == (404, MISSING_RESOURCE)


def test_an_identifier_of_another_thng_already_exists(example_server: Server) -> None:
    sent = {"name": "x", "identifiers": {"colour": "red", "serial": "UMB-0001"}}
    expected = error_body(400, "ALREADY_EXISTS", f"identifiers.serial: {TAKEN}")
    before = dump_rows(example_server)

    assert send(example_server, "POST", "/thngs", sent).json == expected
    assert send(example_server, "PUT", f"/thngs/{TENT}", sent).json == expected
    assert dump_rows(example_server) == before
    own = {"identifiers": {"serial": "UMB-0001"}}
    assert send(example_server, "PUT", f"/thngs/{UMBRELLA}", own).status == 200


def test_one_of_many_concurrent_requests_gets_an_identifier(example_server: Server) -> None:
    serial = uuid4().hex
    sent = {"name": serial, "identifiers": {"serial": serial}}

    with ThreadPoolExecutor(16) as pool:
        responses = list(
            pool.map(lambda _: send(example_server, "POST", "/thngs", sent), range(64))
        )

    errors = [response.json for response in responses if response.status != 201]
    assert len(errors) == 63
    assert {(body["status"], body["code"]) for body in errors} == {(400, "ALREADY_EXISTS")}
    # By name, to find documents that the database kept without their identifier.
    assert len(send(example_server, "GET", f"/thngs?filter=name={serial}").json) == 1


def test_thngs_are_added_to_a_collection_and_removed(example_server: Server) -> None:
    shelf = create(example_server, "/collections")
    thngs = [create(example_server) for _ in range(3)]
    ids = [thng["id"] for thng in thngs]
    path = f"/collections/{shelf['id']}/thngs"
    members = [{**thng, "collections": [shelf["id"]]} for thng in thngs]

    added = send(example_server, "PUT", path, ids)
    assert (added.status, added.json) == (200, members)
    removed = send(example_server, "DELETE", f"{path}/{ids[0]}")
    assert (removed.status, removed.body) == (204, b"")
    assert send(example_server, "GET", path).json == members[1:]
    emptied = send(example_server, "DELETE", path)
    assert (emptied.status, emptied.body) == (204, b"")
    assert send(example_server, "GET", path).json == []
    assert send(example_server, "DELETE", f"/collections/{shelf['id']}").status == 200
    assert send(example_server, "GET", f"/thngs/{ids[0]}").json == thngs[0]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([UMBRELLA, "not-an-id"], error_body(400, "INVALID_ID", f"[1]: {MALFORMED}")),
        (
            [NO_SUCH_THNG],
            error_body(
                400,
                "MISSING_RESOURCE",
                f'[0]: Invalid pk "{NO_SUCH_THNG}" - object does not exist.',
            ),
        ),
        ({"id": UMBRELLA}, invalid_content('Expected a list of items but got type "dict".')),
        ([UMBRELLA] * 101, invalid_content("Ensure this field has no more than 100 elements.")),
    ],
)
def test_invalid_ids_add_no_thng_to_a_collection(
    example_server: Server, sent: object, expected: dict[str, Any]
) -> None:
    shelf = create(example_server, "/collections")

    response = send(example_server, "PUT", f"/collections/{shelf['id']}/thngs", sent)

    assert (response.status, response.json) == (400, expected)
    assert send(example_server, "GET", f"/collections/{shelf['id']}/thngs").json == []


def test_only_an_unhandled_exception_is_logged_as_an_error(fresh_server: Server) -> None:
    for body in (SERVICE_UNAVAILABLE, GATEWAY_TIMEOUT):
        response = send(fresh_server, "GET", f"/_status/{body['status']}", key=None)

        assert (response.status, response.json) == (body["status"], body)
        assert int(response.headers["Retry-After"]) > 0
    log = fresh_server.log.read_text()
    assert log.count("Traceback") >= 2
    assert " ERROR " not in log

    response = send(fresh_server, "GET", "/_status/500", key=None)

    reference = re.search(r"Reference: (\w+)\.", response.text)
    assert reference, response.text
    message = (
        "An error on our side, we're sorry. Please get in touch including details of the request "
        f"you tried and the response you received. {reference[0]}"
    )
    assert (response.status, response.json) == (500, error_body(500, "INTERNAL_ERROR", message))
    log = fresh_server.log.read_text()
    assert log.count("KeyError: 'umbrella'") == 1
    assert log.count(" ERROR ") == 1
    assert log.count(reference[1]) == 1


def test_seed_demo_restores_the_data_of_the_demo(fresh_server: Server) -> None:
    def get_documents() -> list[dict[str, Any]]:
        lists = [send(fresh_server, "GET", path).json for path in ("/thngs", "/collections")]
        return [{**document, "updatedAt": 0} for documents in lists for document in documents]

    before = get_documents()
    change = {"name": "x", "identifiers": {}, "collections": []}
    send(fresh_server, "PUT", f"/thngs/{UMBRELLA}", change)
    send(fresh_server, "DELETE", f"/collections/{CAMPING}/thngs")

    output = manage("seed_demo", database=get_database(fresh_server), settings=SETTINGS)

    assert get_documents() == before
    assert output.splitlines() == [
        "  seeded 3 operators, each with an API key",
        "  seeded 2 collections",
        "  seeded 4 thngs",
    ]
