"""Thngs, collections and lists over HTTP: successes as in the API document, and the log."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from django_apierrors.catalog import CATALOG
from example_project.demo.data import CAMPING, RAINY_DAYS, THNGS, UMBRELLA
from example_project.demo.server import Server, manage
from tests.example_project.bodies import error_body
from tests.example_project.client import create, send
from tests.example_project.fixtures import SETTINGS, get_database


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


def test_put_changes_the_sent_fields_except_null_and_read_only_ones(example_server: Server) -> None:
    thng = create(example_server, tags=["a"], identifiers={"serial": uuid4().hex, "x": "y"})
    change = {"tags": ["b"], "identifiers": {"serial": thng["identifiers"]["serial"]}}
    ignored = {"name": None, "description": None, "createdAt": 1, "id": thng["id"]}

    response = send(example_server, "PUT", f"/thngs/{thng['id']}", change | ignored)

    assert response.status == 200
    assert response.json == {**thng, **change, "updatedAt": response.json["updatedAt"]}
    assert response.json["updatedAt"] >= thng["updatedAt"]


def test_a_thng_keeps_its_own_identifier(example_server: Server) -> None:
    update = {"identifiers": {"serial": "UMB-0001"}}
    assert send(example_server, "PUT", f"/thngs/{UMBRELLA}", update).status == 200


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
    # The search by name finds documents that the database kept without their identifier too.
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


def get_next_path(server: Server, link: str | None) -> str | None:
    """Return the path in a ``Link`` header to the next page."""
    if link is None:
        return None
    assert link.startswith(f"<{server.url}/"), link
    assert link.endswith('>; rel="next"'), link
    return link[1 + len(server.url) : -len('>; rel="next"')]


def get_pages(server: Server, path: str | None) -> list[list[dict[str, Any]]]:
    """Return the pages of a list, following the links."""
    pages = []
    while path:
        response = send(server, "GET", path)
        pages.append(response.json)
        path = get_next_path(server, response.headers["Link"])
    return pages


def get_ids(documents: list[dict[str, Any]]) -> list[str]:
    return [document["id"] for document in documents]


def test_the_links_lead_through_all_pages_in_order_of_creation(fresh_server: Server) -> None:
    pages = get_pages(fresh_server, "/thngs?perPage=3")

    ids = [thng["id"] for thng in THNGS]
    assert list(map(get_ids, pages)) == [ids[:3], ids[3:]]


def test_a_page_has_30_documents_by_default(example_server: Server) -> None:
    shelf = create(example_server, "/collections")["id"]
    for _ in range(31):
        create(example_server, collections=[shelf])

    path = f"/collections/{shelf}/thngs"
    assert list(map(len, get_pages(example_server, path))) == [30, 1]
    assert list(map(len, get_pages(example_server, f"{path}?perPage=100"))) == [31]


NAME = "50% off & more; a=b, #1 + “two”"
ENCODED = "name%3D50%25%20off%20%26%20more%3B%20a%3Db%2C%20%231%20%2B%20%E2%80%9Ctwo%E2%80%9D"
# As the npm client encodes a filter that its user passes as an object.
TWICE_ENCODED = ENCODED.replace("%", "%25").replace("%253D", "%3D", 1)


@pytest.mark.parametrize("encoded", [ENCODED, TWICE_ENCODED])
def test_a_filter_and_its_links_work_encoded_once_or_twice(
    example_server: Server, encoded: str
) -> None:
    suffix = uuid4().hex
    first, second = (create(example_server, name=NAME + suffix)["id"] for _ in range(2))

    path = f"/thngs?perPage=1&filter={encoded}{suffix}"
    assert list(map(get_ids, get_pages(example_server, path))) == [[first], [second]]

    # The npm client decodes a link before it follows it.
    link = send(example_server, "GET", path).headers["Link"]
    next_path = get_next_path(example_server, link) or ""
    assert unquote(next_path) != next_path
    assert get_ids(send(example_server, "GET", unquote(next_path)).json) == [second]


def test_a_filter_returns_the_thng_with_an_identifier_or_an_empty_list(
    example_server: Server,
) -> None:
    filtered = send(example_server, "GET", "/thngs?filter=identifiers.serial=UMB-0001")
    assert get_ids(filtered.json) == [UMBRELLA]
    empty = send(example_server, "GET", "/collections?filter=name=nobody")
    assert (empty.status, empty.json, empty.headers["Link"]) == (200, [], None)


def test_only_an_unhandled_exception_is_logged_as_an_error(fresh_server: Server) -> None:
    for body in map(error_body, ("SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT")):
        response = send(fresh_server, "GET", f"/_status/{body['status']}", key=None)

        assert (response.status, response.json) == (body["status"], body)
        assert int(response.headers["Retry-After"]) > 0
    log = fresh_server.log.read_text()
    assert log.count("Traceback") >= 2
    assert " ERROR " not in log

    response = send(fresh_server, "GET", "/_status/500", key=None)

    reference = re.search(r"Reference: (\w+)\.", response.text)
    assert reference, response.text
    message = f"{CATALOG['INTERNAL_ERROR'].message} {reference[0]}"
    assert (response.status, response.json) == (500, error_body("INTERNAL_ERROR", message))
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
