"""The example project's keys, over real HTTP: who may do what."""

from __future__ import annotations

from pathlib import Path

import pytest

from example_project import demo_data
from example_project.demo_data import (
    NO_SUCH_THNG,
    NOTHING_KEY,
    RAINY_DAYS,
    READ_KEY,
    UMBRELLA,
    WRITE_KEY,
)
from example_project.server import Server
from tests.example_answers import (
    ACCESS_FORBIDDEN,
    METHOD_FORBIDDEN,
    METHOD_NOT_ALLOWED,
    MISSING_RESOURCE,
    get_401,
)
from tests.example_server import execute, rows, send

ADA = demo_data.OPERATORS[0]["id"]


@pytest.mark.parametrize("scheme", ["{}", "Token {}", "token {}", "TOKEN  {}"])
def test_a_key_opens_bare_or_as_a_token(example_server: Server, scheme: str) -> None:
    answer = send(example_server, "GET", "/access", key=scheme.format(READ_KEY))

    assert (answer.status, answer.json) == (
        200,
        {
            "account": demo_data.ACCOUNT,
            "actor": {"type": "operator", "id": demo_data.OPERATORS[1]["id"]},
        },
    )


@pytest.mark.parametrize(
    "header",
    [None, "no-such-key", "Token no-such-key", "Token", f"Bearer {WRITE_KEY}", "\xff", "Token a b"],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/thngs"), ("DELETE", f"/thngs/{UMBRELLA}")])
def test_without_a_right_key_the_answer_is_the_seeds_401(
    example_server: Server, method: str, path: str, header: str | None
) -> None:
    answer = send(example_server, method, path, key=header)

    assert (answer.status, answer.body) == (401, get_401(example_server))
    assert answer.headers["WWW-Authenticate"] == 'Token realm="api"'
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/access", f"/thngs/{UMBRELLA}", "/thngs/imports"])
def test_a_verb_that_a_resource_does_not_have_is_405_without_a_key_too(
    example_server: Server, path: str
) -> None:
    answer = send(example_server, "PATCH", path, key=None)

    assert (answer.status, answer.json) == (405, METHOD_NOT_ALLOWED)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/thngs"),
        ("PUT", f"/thngs/{UMBRELLA}"),
        ("DELETE", f"/thngs/{UMBRELLA}"),
        ("PUT", f"/collections/{RAINY_DAYS}/thngs"),
        ("DELETE", f"/collections/{RAINY_DAYS}"),
    ],
)
def test_a_reading_key_may_not_write(example_server: Server, method: str, path: str) -> None:
    before = rows(example_server)

    answer = send(example_server, method, path, {"name": "x"}, key=READ_KEY)

    assert (answer.status, answer.json) == (403, METHOD_FORBIDDEN)
    assert rows(example_server) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [f"/thngs/{UMBRELLA}", f"/collections/{RAINY_DAYS}/thngs"])
def test_a_key_that_may_do_nothing_is_denied_access(
    example_server: Server, method: str, path: str
) -> None:
    answer = send(example_server, method, path, {"name": "x"}, key=NOTHING_KEY)

    assert (answer.status, answer.json) == (403, ACCESS_FORBIDDEN)


def test_a_key_that_may_do_nothing_has_no_access_to_read(example_server: Server) -> None:
    answer = send(example_server, "GET", "/access", key=NOTHING_KEY)

    assert (answer.status, answer.json) == (403, ACCESS_FORBIDDEN)


def test_an_operator_is_read_without_its_keys(example_server: Server) -> None:
    answer = send(example_server, "GET", f"/operators/{ADA}")

    assert answer.json == {
        "id": ADA,
        "account": demo_data.ACCOUNT,
        "firstName": "Ada",
        "lastName": "Writer",
        "email": "ada@example.com",
        "createdAt": answer.json["createdAt"],
        "updatedAt": answer.json["updatedAt"],
    }


def test_an_operator_of_another_account_is_out_of_scope(fresh_server: Server) -> None:
    update = "UPDATE inventory_operator SET account = ? WHERE email = 'ben@example.com'"
    execute(fresh_server, update, NO_SUCH_THNG)

    answer = send(fresh_server, "GET", f"/operators/{ADA}", key=READ_KEY)

    assert (answer.status, answer.json) == (404, MISSING_RESOURCE)


def test_no_key_stands_in_the_database(example_server: Server) -> None:
    dump = "\n".join(rows(example_server))

    assert demo_data.OPERATORS[0]["first_name"] in dump
    assert not [key for key in (WRITE_KEY, READ_KEY, NOTHING_KEY) if key in dump]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("application/json", "application/json"), ("text/html", "text/html; charset=utf-8")],
)
def test_the_link_in_an_error_leads_to_the_page_of_its_code_without_a_key(
    example_server: Server, accept: str, content_type: str
) -> None:
    link = send(example_server, "GET", "/thngs/not-an-id").json["moreInfo"]
    path = link.removeprefix(example_server.url)
    answer = send(example_server, "GET", path, key=None, Accept=accept)

    assert path == "/errors/INVALID_ID"
    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)


LENGTH = "Content-Length"
README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_request_in_the_readme_is_answered_as_it_stands_there(example_server: Server) -> None:
    console = README.partition("```console\n$ ")[2].partition("```")[0]
    command, _, shown = console.partition("\n")
    body = command.partition(" -d '")[2].rstrip("'")
    head, _, content = shown.partition("\n\n")
    status, *headers = head.splitlines()
    answer = send(example_server, "POST", "/thngs", body, key=READ_KEY)

    # The port is the one thing that differs; its length too, perhaps.
    port = str(example_server.port)
    longer = len(port) - len("8000")
    sent = {**answer.headers, LENGTH: str(len(answer.body) - longer)}
    assert f"-H 'Authorization: {READ_KEY}'" in command
    assert status == f"HTTP/1.1 {answer.status} {answer.reason}"
    assert headers == [f"{name}: {sent[name]}" for name in ("Content-Type", "Allow", LENGTH)]
    assert answer.text == content.strip().replace("8000", port)
