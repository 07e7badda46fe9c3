"""The example project's lists, over real HTTP: pages, links, filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from example_project import demo_data
from example_project.demo_data import (
    UMBRELLA,
)
from example_project.server import Server
from tests.example_server import create, error, send

BAD_FILTER = error(
    400,
    "INVALID_CONTENT",
    "filter: A filter is written name=<value> or identifiers.<type>=<value>.",
)


def next_path(server: Server, link: str | None) -> str | None:
    """Return the path of a ``Link`` to the next page."""
    if link is None:
        return None
    assert link.startswith(f"<{server.url}/"), link
    assert link.endswith('>; rel="next"'), link
    return link[1 + len(server.url) : -len('>; rel="next"')]


def walk(server: Server, path: str | None) -> list[list[dict[str, Any]]]:
    """Return the pages of a list, following the links."""
    pages = []
    while path:
        answer = send(server, "GET", path)
        pages.append(answer.json)
        path = next_path(server, answer.headers["Link"])
    return pages


def test_a_list_is_a_bare_array_in_the_order_of_creation(fresh_server: Server) -> None:
    answer = send(fresh_server, "GET", "/thngs")

    assert [thng["id"] for thng in answer.json] == [data["id"] for data in demo_data.THNGS]
    assert "Link" not in answer.headers


def test_the_links_lead_through_all_pages(fresh_server: Server) -> None:
    pages = walk(fresh_server, "/thngs?perPage=3")

    ids = [data["id"] for data in demo_data.THNGS]
    assert [[thng["id"] for thng in page] for page in pages] == [ids[:3], ids[3:]]


def test_a_page_has_30_documents_unless_asked_otherwise(example_server: Server) -> None:
    shelf = create(example_server, "/collections")["id"]
    for _ in range(31):
        create(example_server, collections=[shelf])

    assert [len(page) for page in walk(example_server, f"/collections/{shelf}/thngs")] == [30, 1]
    assert [
        len(page) for page in walk(example_server, f"/collections/{shelf}/thngs?perPage=100")
    ] == [31]


@pytest.mark.parametrize("value", ["0", "101", "-1", "1.5", "ten", "", "%EF%BC%91", "9" * 500])
def test_a_bad_page_size_is_invalid_content_that_names_it(
    example_server: Server, value: str
) -> None:
    answer = send(example_server, "GET", f"/thngs?perPage={value}")

    assert answer.json == error(
        400, "INVALID_CONTENT", "perPage: A number from 1 to 100 is expected."
    )


@pytest.mark.parametrize("value", ["0", "-1", "one", "", "9" * 500])
def test_a_bad_page_number_is_invalid_content_that_names_it(
    example_server: Server, value: str
) -> None:
    answer = send(example_server, "GET", f"/thngs?page={value}")

    assert answer.json == error(400, "INVALID_CONTENT", "page: A positive number is expected.")


def test_a_page_beyond_the_last_is_missing(example_server: Server) -> None:
    answer = send(example_server, "GET", "/thngs?page=999999")

    assert answer.json == error(404, "MISSING_RESOURCE", "page: That page contains no results.")


# As a query string has it, and as one that the npm client has encoded once more.
NAME = "50% off & more; a=b, #1 + “two”"


ENCODED = "name%3D50%25%20off%20%26%20more%3B%20a%3Db%2C%20%231%20%2B%20%E2%80%9Ctwo%E2%80%9D"


TWICE_ENCODED = ENCODED.replace("%", "%25").replace("%253D", "%3D", 1)


@pytest.mark.parametrize("expression", [ENCODED, TWICE_ENCODED])
def test_a_filter_by_name_finds_it_however_it_is_encoded(
    fresh_server: Server, expression: str
) -> None:
    ids = [create(fresh_server, name=NAME)["id"] for _ in range(2)]

    pages = walk(fresh_server, f"/thngs?perPage=1&filter={expression}")

    assert [[thng["id"] for thng in page] for page in pages] == [[id_] for id_ in ids]


@pytest.mark.parametrize("expression", [ENCODED, TWICE_ENCODED])
def test_the_link_of_a_filtered_list_leads_on_even_when_it_is_decoded_first(
    fresh_server: Server, expression: str
) -> None:
    ids = [create(fresh_server, name=NAME)["id"] for _ in range(2)]
    answer = send(fresh_server, "GET", f"/thngs?perPage=1&filter={expression}")
    path = next_path(fresh_server, answer.headers["Link"])

    decoded = unquote(path)

    assert decoded != path
    assert [thng["id"] for thng in send(fresh_server, "GET", decoded).json] == ids[1:]


def test_a_filter_by_identifier_finds_the_one_that_has_it(example_server: Server) -> None:
    answer = send(example_server, "GET", "/thngs?filter=identifiers.serial=UMB-0001")

    assert [thng["id"] for thng in answer.json] == [UMBRELLA]


def test_a_filter_that_nothing_matches_gives_an_empty_list(example_server: Server) -> None:
    answer = send(example_server, "GET", "/collections?filter=name=nobody")

    assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize("expression", ["", "name", "name=", "colour=red", "identifiers.=1", "=x"])
def test_a_bad_filter_is_invalid_content_that_names_it(
    example_server: Server, expression: str
) -> None:
    answer = send(example_server, "GET", f"/thngs?filter={expression}")

    assert answer.json == BAD_FILTER
