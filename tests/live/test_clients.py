"""Clients that were written for the document's own API work against the example, unchanged."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from example_project import demo_data
from example_project.demo_data import NO_SUCH_THNG, NOTHING_KEY, READ_KEY, UMBRELLA, WRITE_KEY
from example_project.server import Server
from tests.example_server import error, send

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
TIMEOUT = 100
KEYS = {"write": WRITE_KEY, "read": READ_KEY, "nothing": NOTHING_KEY}
ADA = demo_data.OPERATORS[0]

Outcomes = dict[str, Any]

TAKEN = "identifiers.serial: Another resource has the same value for this field."
ERRORS = {
    "wrong key": error(401, 33619968, "Access denied, please check your credentials!"),
    "nothing allowed": error(
        403, "ACCESS_FORBIDDEN", "A resource does not allow access with the provided credentials."
    ),
    "reader creates": error(
        403,
        "METHOD_FORBIDDEN",
        "A resource does not allow to use the verb with the provided credentials.",
    ),
    "malformed id": error(
        400, "INVALID_ID", "The formatting of a resource identifier is incorrect."
    ),
    "unknown id": error(
        404,
        "MISSING_RESOURCE",
        "The resource you try to access does not exist, or is outside your scope.",
    ),
    "already exists": error(400, "ALREADY_EXISTS", TAKEN),
    "contradicting id": error(400, "INVALID_CONTENT", "id: This is not the id in the URL."),
    "delete full collection": error(
        400, "INVALID_STATE", "The state of a resource does not allow to fulfill a request."
    ),
    "bad page size": error(400, "INVALID_CONTENT", "perPage: A number from 1 to 100 is expected."),
    "operator update": error(
        405,
        "METHOD_NOT_ALLOWED",
        "The verb/method you used to fulfill the request is not supported for this resource.",
    ),
    "status 503": error(
        503,
        "SERVICE_UNAVAILABLE",
        "An external service needed to fulfil your request did not reply.",
    ),
    "status 504": error(
        504, "GATEWAY_TIMEOUT", "A service required to fulfill the request was not available."
    ),
}
"""What both clients meet."""
ERRORS["read deleted"] = ERRORS["no such resource"] = ERRORS["unknown id"]
WRONG_FORMAT = error(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "The format you requested (e.g., XML) is not supported for this resource.",
)
NO_NAME = error(400, "INVALID_CONTENT", "name: This field is required.")

NPM_ERRORS = {
    **ERRORS,
    "no name": NO_NAME,
    "asked for XML": WRONG_FORMAT,
    "bad filter": error(
        400,
        "INVALID_CONTENT",
        "filter: A filter is written name=<value> or identifiers.<type>=<value>.",
    ),
}
PYTHON_ERRORS = {
    **ERRORS,
    "no key": ERRORS["wrong key"],
    "no body": NO_NAME,
    "file sent": WRONG_FORMAT,
    "empty name": error(400, "INVALID_CONTENT", "name: This field may not be blank."),
    "malformed collection": error(
        400,
        "INVALID_ID",
        "collections: An id has 24 characters, digits and letters other than 0, I, O and l.",
    ),
}


def skip(reason: str) -> NoReturn:
    """Skip the test, or fail it where everything is meant to be there."""
    if os.environ.get("CI") == "true" or os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, **environment: str) -> Outcomes:
    """Run a client's script and return the JSON that it prints."""
    completed = subprocess.run(
        command,
        cwd=CLIENTS,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert completed.returncode == 0, completed.stderr
    outcomes: Outcomes = json.loads(completed.stdout)
    return outcomes


@pytest.fixture(scope="module")
def npm(example_server: Server) -> Outcomes:
    """What the npm client was answered, step by step."""
    node = shutil.which("node")
    if node is None:
        skip("Node.js is absent, so the npm client cannot be driven.")
    if not (CLIENTS / "node_modules" / "evrythng").is_dir():
        skip("The npm client is not installed: run npm ci in tests/clients.")
    demo = {"thng": UMBRELLA, "unknown": NO_SUCH_THNG}
    return run(node, "drive.js", example_server.url, json.dumps(KEYS), json.dumps(demo))


@pytest.fixture(scope="module")
def python(example_server: Server) -> Outcomes:
    """What the Python client was answered, call by call."""
    if importlib.util.find_spec("evrythng") is None:
        skip("python-evrythng is not installed: it is one of the tests' requirements.")
    given = {
        "keys": KEYS,
        "thng": UMBRELLA,
        "unknown": NO_SUCH_THNG,
        "operator": ADA["id"],
        "taken": {"serial": "UMB-0001"},
    }
    return run(*(sys.executable, "drive.py", json.dumps(given)), PYEVT_BASE_URL=example_server.url)


@pytest.mark.parametrize("step", NPM_ERRORS)
def test_the_npm_client_rejects_with_the_body_of_the_error(npm: Outcomes, step: str) -> None:
    assert npm[step] == {"rejected": NPM_ERRORS[step]}


def test_the_npm_client_can_read_a_500(npm: Outcomes) -> None:
    body = npm["status 500"]["rejected"]

    assert body == error(500, "INTERNAL_ERROR", *body["errors"])
    assert body["errors"]


def test_no_answer_breaks_the_npm_client(npm: Outcomes) -> None:
    assert not {step: outcome for step, outcome in npm.items() if "broken" in outcome}


def test_the_npm_client_opens_the_api_as_an_operator(npm: Outcomes) -> None:
    operator = npm["init"]["resolved"]

    assert operator == {
        "apiKey": WRITE_KEY,
        "initPromise": {},
        "id": ADA["id"],
        "account": demo_data.ACCOUNT,
        "firstName": "Ada",
        "lastName": "Writer",
        "email": "ada@example.com",
        "createdAt": operator["createdAt"],
        "updatedAt": operator["updatedAt"],
    }


def test_the_npm_client_creates_and_reads_a_thng(npm: Outcomes) -> None:
    thng = npm["create"]["resolved"]

    assert thng == {
        "id": thng["id"],
        "name": "Npm lamp & shade",
        "description": "",
        "identifiers": {"serial": npm["created"]["serial"]},
        "customFields": {},
        "tags": ["npm"],
        "collections": [],
        "createdAt": thng["createdAt"],
        "updatedAt": thng["updatedAt"],
    }
    assert npm["read"] == {"resolved": thng}


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("update", {"tags": ["npm", "updated"]}),
        # It sends the document that it got from its creation, with one member changed.
        ("update itself", {"description": "A lamp."}),
        ("upsert", {"description": "A lamp.", "name": "Npm lamp"}),
    ],
)
def test_the_npm_client_updates_what_it_sends(
    npm: Outcomes, step: str, change: dict[str, object]
) -> None:
    updated = npm[step]["resolved"]

    assert updated == {
        **npm["create"]["resolved"],
        **change,
        "updatedAt": updated["updatedAt"],
    }


@pytest.mark.parametrize("step", ["find by name", "find by identifier", "filter by object"])
def test_the_npm_client_finds_a_thng(npm: Outcomes, step: str) -> None:
    assert npm[step] == {"resolved": [npm["upsert"]["resolved"]]}


@pytest.mark.parametrize("step", ["delete", "take one out", "take all out", "delete collection"])
def test_the_npm_client_deletes_to_undefined(npm: Outcomes, step: str) -> None:
    assert npm[step] == {"resolved": "undefined"}


def test_the_npm_client_lists_a_collection(npm: Outcomes) -> None:
    listed = npm["list"]["resolved"]

    assert [thng["id"] for thng in listed] == npm["created"]["ids"]
    assert {thng["name"] for thng in listed} == {"a & b"}


def test_the_npm_client_follows_the_links_of_a_filtered_list(npm: Outcomes) -> None:
    listed = npm["list"]["resolved"]

    assert npm["pages"] == {"resolved": [listed[:2], listed[2:]]}


def test_the_npm_client_puts_a_thng_into_a_collection(npm: Outcomes) -> None:
    inside = npm["put one in"]["resolved"]

    assert [thng["id"] for thng in inside] == npm["created"]["ids"]


def test_a_reading_key_reads_through_the_npm_client(npm: Outcomes, example_server: Server) -> None:
    thng = send(example_server, "GET", f"/thngs/{UMBRELLA}").json

    assert npm["reader reads"] == {"resolved": thng}


@pytest.mark.parametrize("step", PYTHON_ERRORS)
def test_the_python_client_returns_the_body_of_the_error(python: Outcomes, step: str) -> None:
    body = PYTHON_ERRORS[step]

    assert python[step] == {"status": body["status"], "body": body}


def test_the_python_client_can_read_a_500(python: Outcomes) -> None:
    body = python["status 500"]["body"]

    assert python["status 500"]["status"] == 500
    assert body == error(500, "INTERNAL_ERROR", *body["errors"])
    assert body["errors"]


def test_the_python_client_creates_and_reads_a_thng(python: Outcomes) -> None:
    thng = python["create"]["body"]

    assert python["create"] == {
        "status": 201,
        "body": {
            "id": thng["id"],
            "name": "Python lamp",
            "description": "",
            "identifiers": {},
            "customFields": {},
            "tags": ["python"],
            "collections": [],
            "createdAt": thng["createdAt"],
            "updatedAt": thng["updatedAt"],
        },
    }
    assert python["read"] == {"status": 200, "body": thng}


@pytest.mark.parametrize(
    ("step", "change"),
    [
        # It sends every member that it knows, those that the caller did not name as null.
        ("update", {"description": "A lamp."}),
        ("update without a name", {"description": "A lamp.", "tags": ["updated"]}),
    ],
)
def test_the_python_client_updates_what_it_sends(
    python: Outcomes, step: str, change: dict[str, object]
) -> None:
    updated = python[step]["body"]

    assert python[step]["status"] == 200
    assert updated == {
        **python["create"]["body"],
        **change,
        "updatedAt": updated["updatedAt"],
    }


def test_the_python_client_lists_thngs(python: Outcomes) -> None:
    assert python["list"] == {"status": 200, "body": [python["update without a name"]["body"]]}


def test_the_python_client_asks_for_a_page_by_number(
    python: Outcomes, example_server: Server
) -> None:
    third, fourth = demo_data.THNGS[2:4]

    assert python["second page"]["status"] == 200
    assert [thng["id"] for thng in python["second page"]["body"]] == [third["id"], fourth["id"]]


@pytest.mark.parametrize(
    ("step", "status"),
    [("delete", 200), ("take one out", 204), ("take all out", 204), ("delete collection", 200)],
)
def test_the_python_client_deletes_without_a_body(python: Outcomes, step: str, status: int) -> None:
    assert python[step] == {"status": status, "body": None}


def test_the_python_client_fills_a_collection(python: Outcomes) -> None:
    created = python["create collection"]["body"]
    updated = python["update collection"]["body"]
    listed = python["list collection"]["body"]

    assert python["create collection"]["status"] == 201
    assert python["read collection"] == {"status": 200, "body": created}
    assert updated == {
        **created,
        "name": "Shelf",
        "tags": ["a"],
        "updatedAt": updated["updatedAt"],
    }
    assert [thng["collections"] for thng in listed] == [[created["id"]]]
    assert python["put one in"] == {"status": 200, "body": listed}
