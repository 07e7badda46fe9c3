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
from tests.bodies import requested_body, sent_body
from tests.example_project.bodies import (
    MALFORMED,
    TAKEN,
    LinkTo,
    error_body,
    invalid_content,
    method_error,
)
from tests.example_project.client import send
from tests.services import skip_or_fail

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
    "operator update": method_error("PUT"),
    "status 503": error_body("SERVICE_UNAVAILABLE"),
    "status 504": error_body("GATEWAY_TIMEOUT"),
}
"""The errors that both clients receive, by step."""
WRONG_FORMAT = {"moreInfo": LinkTo("UNSUPPORTED_MEDIA_TYPE")}
NO_NAME = invalid_content("name: This field is required.")
NPM_ERRORS = {
    **ERRORS,
    "no name": NO_NAME,
    "asked for XML": requested_body("application/xml") | WRONG_FORMAT,
    "bad filter": invalid_content(
        "filter: A filter has the form name=<value> or identifiers.<type>=<value>."
    ),
}
PYTHON_ERRORS = {
    **ERRORS,
    "no key": error_body("UNAUTHENTICATED"),
    "no body": NO_NAME,
    "file sent": sent_body("multipart/form-data") | WRONG_FORMAT,
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
        skip_or_fail("Node.js is not installed, so the npm client cannot run")
    if not (CLIENTS / "node_modules" / "evrythng").is_dir():
        skip_or_fail("the npm client is not installed: run npm ci in tests/clients")
    demo = {"thng": UMBRELLA, "unknown": NO_SUCH_THNG}
    return run(str(node), "drive.js", example_server.url, json.dumps(KEYS), json.dumps(demo))


@pytest.fixture(scope="module")
def python(example_server: Server) -> Outcomes:
    if importlib.util.find_spec("evrythng") is None:
        skip_or_fail("python-evrythng is not installed")
    inputs = {
        "keys": KEYS,
        "thng": UMBRELLA,
        "unknown": NO_SUCH_THNG,
        "operator": ADA["id"],
        "taken": {"serial": "UMB-0001"},
    }
    return run(sys.executable, "drive.py", json.dumps(inputs), PYEVT_BASE_URL=example_server.url)


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


def test_the_npm_client_returns_undefined_for_a_delete(npm: Outcomes) -> None:
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


def test_the_python_client_returns_each_response(python: Outcomes) -> None:
    def respond(body: Any, status: int = 200) -> Outcomes:
        return {"status": status, "body": body}

    def read(step: str, before: Outcomes, **changes: Any) -> Outcomes:
        """Return the document of a step, which has these changes."""
        return {**before, **changes, "updatedAt": python[step]["body"]["updatedAt"]}

    created, shelf = (python[step]["body"] for step in ("create", "create collection"))
    thng = {
        "id": created["id"],
        "name": "Python lamp",
        "description": "",
        "identifiers": {},
        "customFields": {},
        "tags": ["python"],
        "collections": [],
        "createdAt": created["createdAt"],
        "updatedAt": created["updatedAt"],
    }
    # The client sends null for each field that its user did not set.
    update = read("update", thng, description="A lamp.")
    tagged = read("update without a name", update, tags=["updated"])
    contents = python["list collection"]["body"]
    assert [thng["collections"] for thng in contents] == [[shelf["id"]]]
    page = python["second page"]["body"]
    assert [thng["id"] for thng in page] == [thng["id"] for thng in THNGS[2:4]]
    [message] = python["status 500"]["body"]["errors"]
    assert python == {
        "create": respond(thng, 201),
        "read": respond(thng),
        "update": respond(update),
        "update without a name": respond(tagged),
        "list": respond([tagged]),
        "second page": respond(page),
        "delete": respond(None),
        "create collection": respond(shelf, 201),
        "read collection": respond(shelf),
        "update collection": respond(
            read("update collection", shelf, name="Shelf", tags=["a"]),
        ),
        "list collection": respond(contents),
        "put one in": respond(contents),
        "take one out": respond(None, 204),
        "take all out": respond(None, 204),
        "delete collection": respond(None),
        "status 500": respond(error_body("INTERNAL_ERROR", message), 500),
        **{step: respond(body, body["status"]) for step, body in PYTHON_ERRORS.items()},
    }
