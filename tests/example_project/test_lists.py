"""Lists over HTTP: pages, links and filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from example_project.demo.data import THNGS, UMBRELLA
from example_project.demo.server import Server
from tests.example_project.bodies import error_body, invalid_content
from tests.example_project.client import create, send


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
    """Return the ids of the documents."""
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


@pytest.mark.parametrize(
    "query",
    [
        *("perPage=0", "perPage=101", "perPage=1.5", "perPage=", "perPage=" + "9" * 500),
        # A full-width digit, which str.isdecimal() accepts.
        "perPage=%EF%BC%91",
        *("page=0", "page=one", "page=", "page=" + "9" * 500),
    ],
)
def test_a_page_parameter_out_of_range_is_invalid_content(
    example_server: Server, query: str
) -> None:
    response = send(example_server, "GET", f"/thngs?{query}")

    message = (
        "perPage: A number from 1 to 100 is expected."
        if query.startswith("perPage")
        else "page: A positive number is expected."
    )
    assert (response.status, response.json) == (400, invalid_content(message))


def test_a_page_after_the_last_is_a_missing_resource(example_server: Server) -> None:
    response = send(example_server, "GET", "/thngs?page=999999")

    expected = error_body(404, "MISSING_RESOURCE", "page: That page contains no results.")
    assert (response.status, response.json) == (404, expected)


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


def test_a_filter_by_identifier_returns_the_thng_that_has_it(example_server: Server) -> None:
    response = send(example_server, "GET", "/thngs?filter=identifiers.serial=UMB-0001")

    assert get_ids(response.json) == [UMBRELLA]


def test_a_filter_without_a_match_returns_an_empty_list(example_server: Server) -> None:
    response = send(example_server, "GET", "/collections?filter=name=nobody")

    assert (response.status, response.json, response.headers["Link"]) == (200, [], None)


@pytest.mark.parametrize("expression", ["", "name=", "colour=red", "identifiers.=1"])
def test_a_malformed_filter_is_invalid_content(example_server: Server, expression: str) -> None:
    response = send(example_server, "GET", f"/thngs?filter={expression}")

    message = "filter: A filter is written name=<value> or identifiers.<type>=<value>."
    assert (response.status, response.json) == (400, invalid_content(message))
