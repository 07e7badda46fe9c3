"""The errors of the example project over HTTP, and the permissions of its API keys."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from example_project.demo.data import (
    ACCOUNT,
    NO_SUCH_THNG,
    NOTHING_KEY,
    OPERATORS,
    RAINY_DAYS,
    READ_KEY,
    TENT,
    UMBRELLA,
    WRITE_KEY,
)
from example_project.demo.server import ROOT, Server
from example_project.demo.tour.rows import THE_401
from tests.example_project.bodies import (
    MALFORMED,
    TAKEN,
    error_body,
    invalid_content,
    method_error,
)
from tests.example_project.client import send
from tests.example_project.fixtures import dump_rows, execute

ADA, BEN, _ = (operator["id"] for operator in OPERATORS)
ADAS_PATH = f"/operators/{ADA}"
THNGS_PATH = f"/collections/{RAINY_DAYS}/thngs"
PAGE_SIZE = invalid_content("perPage: A number from 1 to 100 is expected.")
PAGE_NUMBER = invalid_content("page: A positive number is expected.")
FILTER = invalid_content(
    "filter: A filter has the form name=<value> or identifiers.<type>=<value>."
)
NO_LIST = invalid_content('Expected a list of items but got type "dict".')
FILTERS = ["", "name=", "colour=red", "identifiers.=1", "identifiers.serial="]
MANY = {str(number): "1" for number in range(101)}


class Request(NamedTuple):
    method: str
    path: str
    sent: Any = None
    key: str | None = WRITE_KEY


# The body of an error, and the requests that have it.
ERRORS: list[tuple[dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        error_body("INVALID_ID"),
        [
            ("GET", "/collections/not-an-id/thngs"),
            ("GET", "/operators/not-an-id"),
            # The next URL pattern, after that of the imports.
            ("GET", "/thngs/import"),
            # Each is malformed in another way.
            ("GET", f"/thngs/{UMBRELLA[:-1]}"),
            ("GET", f"/thngs/{UMBRELLA}1"),
            ("GET", f"/thngs/{UMBRELLA.replace('U', '0')}"),
            ("GET", f"/thngs/{'%00' * 24}"),
            ("GET", f"/thngs/{UMBRELLA}%0A"),
            ("GET", f"/thngs/{'%F0%9F%98%80' * 24}"),
        ],
    ),
    (
        error_body("MISSING_RESOURCE"),
        [
            ("GET", f"/collections/{NO_SUCH_THNG}/thngs"),
            ("DELETE", f"{THNGS_PATH}/{TENT}"),
            ("GET", f"/operators/{NO_SUCH_THNG}"),
            ("GET", "/thngs/"),
            ("POST", "/umbrellas"),
            # The failures of the demo are 500, 503 and 504.
            ("GET", "/_status/200"),
            ("GET", "/_status/abc"),
        ],
    ),
    (
        error_body("MISSING_RESOURCE", "page: That page contains no results."),
        [("GET", "/thngs?page=999999")],
    ),
    (
        PAGE_SIZE,
        [
            *(("GET", f"/thngs?perPage={size}") for size in ("0", "101", "1.5", "", "9" * 500)),
            # A full-width digit, which str.isdecimal() accepts.
            ("GET", "/thngs?perPage=%EF%BC%91"),
        ],
    ),
    (PAGE_NUMBER, [("GET", f"/thngs?page={number}") for number in ("0", "one", "", "9" * 500)]),
    (
        FILTER,
        [("GET", f"/thngs?filter={expression}") for expression in FILTERS],
    ),
    (invalid_content("name: This field is required."), [("POST", "/thngs", {"name": None})]),
    (
        invalid_content("Invalid data. Expected a dictionary, but got list."),
        [("POST", "/thngs", [])],
    ),
    (
        invalid_content(
            "identifiers.serial: Not a valid string.", "tags[1]: This field may not be null."
        ),
        [("POST", "/thngs", {"name": "x", "tags": ["a", None], "identifiers": {"serial": []}})],
    ),
    (
        invalid_content("identifiers: A type has 1 to 100 characters."),
        [("POST", "/thngs", {"name": "x", "identifiers": {"": "1"}})],
    ),
    (
        invalid_content("identifiers: No more than 100 identifiers are kept."),
        [("POST", "/thngs", {"name": "x", "identifiers": MANY})],
    ),
    (
        invalid_content('customFields: Expected a dictionary of items but got type "list".'),
        [("POST", "/thngs", {"name": "x", "customFields": []})],
    ),
    (
        error_body("ALREADY_EXISTS", f"identifiers.serial: {TAKEN}"),
        [
            (method, path, {"name": "x", "identifiers": {"a": "b", "serial": "UMB-0001"}})
            for method, path in (("POST", "/thngs"), ("PUT", f"/thngs/{TENT}"))
        ],
    ),
    (
        error_body("INVALID_ID", f"[1]: {MALFORMED}"),
        [("PUT", THNGS_PATH, [UMBRELLA, "not-an-id"])],
    ),
    (
        error_body("MISSING_RESOURCE", f'[0]: Invalid pk "{NO_SUCH_THNG}" - object does not exist.')
        | {"status": 400},
        [("PUT", THNGS_PATH, [NO_SUCH_THNG])],
    ),
    (NO_LIST, [("PUT", THNGS_PATH, {"id": UMBRELLA}), ("POST", "/thngs/imports", {"name": "x"})]),
    (
        invalid_content("Ensure this field has no more than 100 elements."),
        [("PUT", THNGS_PATH, [UMBRELLA] * 101)],
    ),
    (
        invalid_content("Ensure this field has no more than 10000 elements."),
        [("POST", "/thngs/imports", [{}] * 10_001)],
    ),
    (invalid_content("This field may not be null."), [("POST", "/thngs/imports", "null")]),
    # Without a key too.
    (
        method_error("PUT"),
        [("PUT", ADAS_PATH, {}, None)],
    ),
    (
        method_error("DELETE"),
        [("DELETE", "/access", None, None)],
    ),
    (
        method_error("GET", "POST, OPTIONS"),
        [("GET", "/thngs/imports", None, None)],
    ),
    (
        error_body("METHOD_FORBIDDEN"),
        [
            ("PUT", f"/thngs/{UMBRELLA}", {"name": "x"}, READ_KEY),
            ("PUT", THNGS_PATH, [], READ_KEY),
            ("DELETE", f"/collections/{RAINY_DAYS}", None, READ_KEY),
        ],
    ),
    (
        error_body("ACCESS_FORBIDDEN"),
        [
            # Imports have only a POST, so a read-only key has no access.
            ("POST", "/thngs/imports", [], READ_KEY),
            ("GET", f"/thngs/{UMBRELLA}", None, NOTHING_KEY),
            ("DELETE", THNGS_PATH, None, NOTHING_KEY),
        ],
    ),
]


@pytest.mark.parametrize(
    ("expected", "request_line"),
    [(expected, request) for expected, requests in ERRORS for request in requests],
    ids=lambda value: f"{value['code']}" if isinstance(value, dict) else f"{value}"[:60],
)
def test_an_error_has_its_body_even_for_a_browser_and_changes_nothing(
    example_server: Server, expected: dict[str, Any], request_line: tuple[Any, ...]
) -> None:
    request = Request(*request_line)
    before = dump_rows(example_server)

    response = send(
        *(example_server, request.method, request.path, request.sent),
        key=request.key,
        Accept="text/html,*/*;q=0.8",
    )

    assert (response.status, response.json) == (expected["status"], expected)
    assert dump_rows(example_server) == before


def test_an_unsupported_method_has_the_allowed_methods(example_server: Server) -> None:
    for method, path, allowed in [
        ("PUT", ADAS_PATH, "GET, HEAD, OPTIONS"),
        ("GET", "/thngs/imports", "POST, OPTIONS"),
    ]:
        assert send(example_server, method, path).headers["Allow"] == allowed


@pytest.mark.parametrize("header", [READ_KEY, f"Token {READ_KEY}", f"TOKEN  {READ_KEY}"])
def test_a_key_is_accepted_with_and_without_a_scheme(example_server: Server, header: str) -> None:
    response = send(example_server, "GET", "/access", key=header)

    expected = {"account": ACCOUNT, "actor": {"type": "operator", "id": BEN}}
    assert (response.status, response.json) == (200, expected)


@pytest.mark.parametrize(
    "header",
    [None, "no-such-key", "Token no-such-key", "Token", f"Bearer {WRITE_KEY}", "\xff", "Token a b"],
)
def test_a_missing_or_unknown_key_is_the_401_of_the_api_document(
    example_server: Server, header: str | None
) -> None:
    response = send(example_server, "DELETE", f"/thngs/{UMBRELLA}", key=header)

    expected = THE_401.replace(b"{url}", example_server.url.encode())
    assert (response.status, response.body) == (401, expected)
    assert response.headers["WWW-Authenticate"] == 'Token realm="api"'
    assert response.headers["Content-Type"] == "application/json"


def test_an_operator_is_returned_without_its_keys_and_only_to_its_account(
    fresh_server: Server,
) -> None:
    operator = send(fresh_server, "GET", ADAS_PATH).json
    assert operator == {
        "id": ADA,
        "account": ACCOUNT,
        "firstName": "Ada",
        "lastName": "Writer",
        "email": "ada@example.com",
        "createdAt": operator["createdAt"],
        "updatedAt": operator["updatedAt"],
    }
    update = "UPDATE inventory_operator SET account = ? WHERE email = 'ben@example.com'"
    execute(fresh_server, update, NO_SUCH_THNG)
    other = send(fresh_server, "GET", ADAS_PATH, key=READ_KEY)
    assert (other.status, other.json) == (404, error_body("MISSING_RESOURCE"))


def test_the_database_contains_no_key(example_server: Server) -> None:
    dump = "\n".join(dump_rows(example_server))

    assert OPERATORS[0]["first_name"] in dump
    assert not [key for key in (WRITE_KEY, READ_KEY, NOTHING_KEY) if key in dump]


def test_the_link_in_an_error_is_a_public_html_page(example_server: Server) -> None:
    link = send(example_server, "GET", "/thngs/not-an-id").json["moreInfo"]

    page = send(
        example_server, "GET", link.removeprefix(example_server.url), key=None, Accept="text/html"
    )

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_the_request_in_the_readme_has_the_response_in_the_readme(example_server: Server) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    console = readme.partition("```console\n$ ")[2].partition("```")[0]
    command, _, output = console.partition("\n")
    head, _, body = output.partition("\n\n")
    status, *headers = head.splitlines()

    sent = command.partition(" -d '")[2].rstrip("'")
    response = send(example_server, "POST", "/thngs", sent, key=READ_KEY)

    # The test's port differs from the README's, and its length may differ.
    port = str(example_server.port)
    length = str(len(response.body) - len(port) + len("8000"))
    expected = {**response.headers, "Content-Length": length}
    assert f"-H 'Authorization: {READ_KEY}'" in command
    assert status == f"HTTP/1.1 {response.status} {response.reason}"
    names = ("Content-Type", "Allow", "X-Error-Code", "Content-Length")
    assert headers == [f"{name}: {expected[name]}" for name in names]
    assert response.text == body.strip().replace("8000", port)
