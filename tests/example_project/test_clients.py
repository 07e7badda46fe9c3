"""Two clients that were written for the API of the document work with the example unchanged."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from example_project.demo.data import (
    ACCOUNT,
    NO_SUCH_THNG,
    NOTHING_KEY,
    OPERATORS,
    READ_KEY,
    THNGS,
    UMBRELLA,
    WRITE_KEY,
)
from example_project.demo.server import ROOT, Server
from tests.example_project.bodies import MALFORMED, TAKEN, error_body, invalid_content
from tests.example_project.client import send
from tests.services import refuse

CLIENTS = ROOT / "tests" / "clients"
TIMEOUT = 100
KEYS = {"write": WRITE_KEY, "read": READ_KEY, "nothing": NOTHING_KEY}
ADA = OPERATORS[0]

Outcomes = dict[str, Any]

ERRORS = {
    "wrong key": error_body("UNAUTHENTICATED"),
    "nothing allowed": error_body("ACCESS_FORBIDDEN"),
    "reader creates": error_body("METHOD_FORBIDDEN"),
    "malformed id": error_body("INVALID_ID"),
    "unknown id": error_body("MISSING_RESOURCE"),
    "read deleted": error_body("MISSING_RESOURCE"),
    "no such resource": error_body("MISSING_RESOURCE"),
    "already exists": error_body("ALREADY_EXISTS", f"identifiers.serial: {TAKEN}"),
    "contradicting id": invalid_content("id: This is not the id in the URL."),
    "delete full collection": error_body("INVALID_STATE"),
    "bad page size": invalid_content("perPage: A number from 1 to 100 is expected."),
    "operator update": error_body("METHOD_NOT_ALLOWED"),
    "status 503": error_body("SERVICE_UNAVAILABLE"),
    "status 504": error_body("GATEWAY_TIMEOUT"),
}
"""The errors that both clients receive, by step."""
WRONG_FORMAT = error_body("UNSUPPORTED_MEDIA_TYPE")
NO_NAME = invalid_content("name: This field is required.")
NPM_ERRORS = {
    **ERRORS,
    "no name": NO_NAME,
    "asked for XML": WRONG_FORMAT,
    "bad filter": invalid_content(
        "filter: A filter is written name=<value> or identifiers.<type>=<value>."
    ),
}
PYTHON_ERRORS = {
    **ERRORS,
    "no key": error_body("UNAUTHENTICATED"),
    "no body": NO_NAME,
    "file sent": WRONG_FORMAT,
    "empty name": invalid_content("name: This field may not be blank."),
    "malformed collection": error_body("INVALID_ID", f"collections: {MALFORMED}"),
}


def run(*command: str, **environment: str) -> Outcomes:
    """Run the script of a client and return the JSON that it prints."""
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
    node = shutil.which("node")
    if node is None:
        refuse("Node.js is not installed, so the npm client cannot run")
    if not (CLIENTS / "node_modules" / "evrythng").is_dir():
        refuse("the npm client is not installed: run npm ci in tests/clients")
    demo = {"thng": UMBRELLA, "unknown": NO_SUCH_THNG}
    return run(str(node), "drive.js", example_server.url, json.dumps(KEYS), json.dumps(demo))


@pytest.fixture(scope="module")
def python(example_server: Server) -> Outcomes:
    if importlib.util.find_spec("evrythng") is None:
        refuse("python-evrythng is not installed")
    given = {
        "keys": KEYS,
        "thng": UMBRELLA,
        "unknown": NO_SUCH_THNG,
        "operator": ADA["id"],
        "taken": {"serial": "UMB-0001"},
    }
    return run(sys.executable, "drive.py", json.dumps(given), PYEVT_BASE_URL=example_server.url)


def pick(outcomes: Outcomes, *steps: str) -> Outcomes:
    return {step: outcomes[step] for step in steps}


def test_the_npm_client_rejects_with_the_body_of_the_error(npm: Outcomes) -> None:
    expected = {step: {"rejected": body} for step, body in NPM_ERRORS.items()}
    assert pick(npm, *NPM_ERRORS) == expected
    internal_error = npm["status 500"]["rejected"]
    assert internal_error == error_body("INTERNAL_ERROR", *internal_error["errors"])
    assert internal_error["errors"]


def test_the_npm_client_parses_every_error(npm: Outcomes) -> None:
    assert not {step: outcome for step, outcome in npm.items() if "broken" in outcome}


def test_the_npm_client_starts_as_an_operator(npm: Outcomes) -> None:
    operator = npm["init"]["resolved"]

    assert operator == {
        "apiKey": WRITE_KEY,
        "initPromise": {},
        "id": ADA["id"],
        "account": ACCOUNT,
        "firstName": "Ada",
        "lastName": "Writer",
        "email": "ada@example.com",
        "createdAt": operator["createdAt"],
        "updatedAt": operator["updatedAt"],
    }


def test_the_npm_client_creates_reads_updates_and_finds_a_thng(npm: Outcomes) -> None:
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
    changes = {
        "update": {"tags": ["npm", "updated"]},
        # The client sends the document that the creation returned, with one field changed.
        "update itself": {"description": "A lamp."},
        "upsert": {"description": "A lamp.", "name": "Npm lamp"},
    }
    for step, change in changes.items():
        updated = npm[step]["resolved"]
        assert updated == {**thng, **change, "updatedAt": updated["updatedAt"]}, step
    for step in ("find by name", "find by identifier", "filter by object"):
        assert npm[step] == {"resolved": [npm["upsert"]["resolved"]]}, step


def test_the_npm_client_deletes_to_undefined(npm: Outcomes) -> None:
    steps = ("delete", "take one out", "take all out", "delete collection")
    assert pick(npm, *steps) == {step: {"resolved": "undefined"} for step in steps}


def test_the_npm_client_fills_a_collection_and_reads_its_pages(npm: Outcomes) -> None:
    thngs = npm["list"]["resolved"]
    ids = npm["created"]["ids"]

    assert [thng["id"] for thng in thngs] == ids
    assert {thng["name"] for thng in thngs} == {"a & b"}
    assert npm["pages"] == {"resolved": [thngs[:2], thngs[2:]]}
    assert [thng["id"] for thng in npm["put one in"]["resolved"]] == ids


def test_a_read_only_key_reads_with_the_npm_client(npm: Outcomes, example_server: Server) -> None:
    thng = send(example_server, "GET", f"/thngs/{UMBRELLA}").json

    assert npm["reader reads"] == {"resolved": thng}


def test_the_python_client_returns_the_body_of_the_error(python: Outcomes) -> None:
    expected = {
        step: {"status": body["status"], "body": body} for step, body in PYTHON_ERRORS.items()
    }
    assert pick(python, *PYTHON_ERRORS) == expected
    internal_error = python["status 500"]["body"]
    assert python["status 500"]["status"] == 500
    assert internal_error == error_body("INTERNAL_ERROR", *internal_error["errors"])
    assert internal_error["errors"]


def test_the_python_client_creates_reads_updates_and_lists_a_thng(python: Outcomes) -> None:
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
    changes = {
        # The client sends null for each field that its user did not set.
        "update": {"description": "A lamp."},
        "update without a name": {"description": "A lamp.", "tags": ["updated"]},
    }
    for step, change in changes.items():
        updated = {**thng, **change, "updatedAt": python[step]["body"]["updatedAt"]}
        assert python[step] == {"status": 200, "body": updated}, step
    assert python["list"] == {"status": 200, "body": [python["update without a name"]["body"]]}


def test_the_python_client_requests_a_page_by_number(python: Outcomes) -> None:
    ids = [thng["id"] for thng in THNGS[2:4]]

    assert python["second page"]["status"] == 200
    assert [thng["id"] for thng in python["second page"]["body"]] == ids


def test_the_python_client_deletes_without_a_body(python: Outcomes) -> None:
    statuses = {"delete": 200, "take one out": 204, "take all out": 204, "delete collection": 200}
    expected = {step: {"status": status, "body": None} for step, status in statuses.items()}
    assert pick(python, *statuses) == expected


def test_the_python_client_fills_a_collection(python: Outcomes) -> None:
    created = python["create collection"]["body"]
    updated = python["update collection"]["body"]
    thngs = python["list collection"]["body"]

    assert python["create collection"]["status"] == 201
    assert python["read collection"] == {"status": 200, "body": created}
    change = {"name": "Shelf", "tags": ["a"], "updatedAt": updated["updatedAt"]}
    assert updated == {**created, **change}
    assert [thng["collections"] for thng in thngs] == [[created["id"]]]
    assert python["put one in"] == {"status": 200, "body": thngs}
