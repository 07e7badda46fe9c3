"""API keys over HTTP: who may do what."""

from __future__ import annotations

import pytest

from example_project.demo.data import (
    ACCOUNT,
    NO_SUCH_THNG,
    NOTHING_KEY,
    OPERATORS,
    RAINY_DAYS,
    READ_KEY,
    UMBRELLA,
    WRITE_KEY,
)
from example_project.demo.server import ROOT, Server
from tests.example_project.bodies import (
    ACCESS_FORBIDDEN,
    METHOD_FORBIDDEN,
    METHOD_NOT_ALLOWED,
    MISSING_RESOURCE,
    get_401,
)
from tests.example_project.client import send
from tests.example_project.fixtures import dump_rows, execute

ADA, BEN, _ = (operator["id"] for operator in OPERATORS)


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

    assert (response.status, response.body) == (401, get_401(example_server))
    assert response.headers["WWW-Authenticate"] == 'Token realm="api"'
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", f"/operators/{ADA}", "GET, HEAD, OPTIONS"),
        ("DELETE", "/access", "GET, HEAD, OPTIONS"),
        ("GET", "/thngs/imports", "POST, OPTIONS"),
    ],
)
def test_an_unsupported_method_is_405_even_without_a_key(
    example_server: Server, method: str, path: str, allowed: str
) -> None:
    response = send(example_server, method, path, key=None)

    assert (response.status, response.json) == (405, METHOD_NOT_ALLOWED)
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path", "key", "expected"),
    [
        ("PUT", f"/thngs/{UMBRELLA}", READ_KEY, METHOD_FORBIDDEN),
        ("PUT", f"/collections/{RAINY_DAYS}/thngs", READ_KEY, METHOD_FORBIDDEN),
        ("DELETE", f"/collections/{RAINY_DAYS}", READ_KEY, METHOD_FORBIDDEN),
        # Imports have only a POST, so a read-only key has no access.
        ("POST", "/thngs/imports", READ_KEY, ACCESS_FORBIDDEN),
        ("GET", f"/thngs/{UMBRELLA}", NOTHING_KEY, ACCESS_FORBIDDEN),
        ("DELETE", f"/collections/{RAINY_DAYS}/thngs", NOTHING_KEY, ACCESS_FORBIDDEN),
    ],
)
def test_a_key_without_the_permission_is_403_and_changes_nothing(
    example_server: Server, method: str, path: str, key: str, expected: dict[str, object]
) -> None:
    before = dump_rows(example_server)

    response = send(example_server, method, path, {"name": "x"}, key=key)

    assert (response.status, response.json) == (403, expected)
    assert dump_rows(example_server) == before


def test_an_operator_is_returned_without_its_keys(example_server: Server) -> None:
    operator = send(example_server, "GET", f"/operators/{ADA}").json

    assert operator == {
        "id": ADA,
        "account": ACCOUNT,
        "firstName": "Ada",
        "lastName": "Writer",
        "email": "ada@example.com",
        "createdAt": operator["createdAt"],
        "updatedAt": operator["updatedAt"],
    }


def test_an_operator_of_another_account_is_a_missing_resource(fresh_server: Server) -> None:
    update = "UPDATE inventory_operator SET account = ? WHERE email = 'ben@example.com'"
    execute(fresh_server, update, NO_SUCH_THNG)

    response = send(fresh_server, "GET", f"/operators/{ADA}", key=READ_KEY)

    assert (response.status, response.json) == (404, MISSING_RESOURCE)


def test_the_database_contains_no_key(example_server: Server) -> None:
    dump = "\n".join(dump_rows(example_server))

    assert OPERATORS[0]["first_name"] in dump
    assert not [key for key in (WRITE_KEY, READ_KEY, NOTHING_KEY) if key in dump]


def test_the_link_in_an_error_is_a_public_html_page(example_server: Server) -> None:
    link = send(example_server, "GET", "/thngs/not-an-id").json["moreInfo"]
    path = link.removeprefix(example_server.url)

    page = send(example_server, "GET", path, key=None, Accept="text/html")

    assert path == "/errors/INVALID_ID"
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_the_request_in_the_readme_has_the_response_in_the_readme(example_server: Server) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    console = readme.partition("```console\n$ ")[2].partition("```")[0]
    command, _, output = console.partition("\n")
    head, _, body = output.partition("\n\n")
    status, *headers = head.splitlines()

    sent = command.partition(" -d '")[2].rstrip("'")
    response = send(example_server, "POST", "/thngs", sent, key=READ_KEY)

    # The test's port differs from the README's, and so may its length.
    port = str(example_server.port)
    length = str(len(response.body) - len(port) + len("8000"))
    expected = {**response.headers, "Content-Length": length}
    assert f"-H 'Authorization: {READ_KEY}'" in command
    assert status == f"HTTP/1.1 {response.status} {response.reason}"
    names = ("Content-Type", "Allow", "Content-Length")
    assert headers == [f"{name}: {expected[name]}" for name in names]
    assert response.text == body.strip().replace("8000", port)
