"""Drives ``python-evrythng`` and prints the outcome of each call, as one JSON object.

The script is a process of its own: the package configures the root logger when imported. The URL
is read from ``PYEVT_BASE_URL`` by the package itself; the keys and ids are the first argument.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import requests
from evrythng import entities, utils

GIVEN = json.loads(sys.argv[1])
WRITE, READ, NOTHING = (GIVEN["keys"][name] for name in ("write", "read", "nothing"))


def describe_response(response: requests.Response) -> dict[str, Any]:
    """Return the values that the test compares: the status, and the body if it is not empty."""
    body = response.json() if response.content else None
    return {"status": response.status_code, "body": body}


def drive_thngs() -> dict[str, requests.Response]:
    """Create, read, update, list and delete a thng."""
    created = entities.create_thng("Python lamp", tags=["python"], api_key=WRITE)
    lamp = created.json()["id"]
    return {
        "create": created,
        "read": entities.read_thng(lamp, api_key=WRITE),
        "update": entities.update_thng(
            lamp, name="Python lamp", description="A lamp.", api_key=WRITE
        ),
        "update without a name": utils.request(
            "PUT", f"/thngs/{lamp}", data={"tags": ["updated"]}, api_key=WRITE
        ),
        "list": entities.list_thngs(
            api_key=READ, request_kwargs={"query_params": {"filter": "name=Python lamp"}}
        ),
        "second page": entities.list_thngs(
            api_key=READ, request_kwargs={"perPage": 2, "pageNumber": 2}
        ),
        "contradicting id": utils.request(
            "PUT", f"/thngs/{lamp}", data={"id": GIVEN["thng"]}, api_key=WRITE
        ),
        "delete": entities.delete_thng(lamp, api_key=WRITE),
        "read deleted": entities.read_thng(lamp, api_key=WRITE),
    }


def drive_collections() -> dict[str, requests.Response]:
    """Create, read, update, fill, empty and delete a collection."""
    created = entities.create_collection("Python shelf", api_key=WRITE)
    shelf = created.json()["id"]
    thng = entities.create_thng("Python lamp", collections=[shelf], api_key=WRITE).json()["id"]
    outcomes = {
        "create collection": created,
        "read collection": entities.read_collection(shelf, api_key=WRITE),
        "update collection": entities.update_collection(shelf, "Shelf", tags=["a"], api_key=WRITE),
        "list collection": entities.list_collection_thngs(shelf, api_key=WRITE),
        "delete full collection": entities.delete_collection(shelf, api_key=WRITE),
        "take one out": entities.delete_collection_thng(shelf, thng, api_key=WRITE),
        "put one in": entities.add_collection_thngs(shelf, [thng], api_key=WRITE),
        "take all out": entities.delete_all_collection_thngs(shelf, api_key=WRITE),
        "delete collection": entities.delete_collection(shelf, api_key=WRITE),
    }
    entities.delete_thng(thng, api_key=WRITE)
    return outcomes


def drive_errors() -> dict[str, requests.Response]:
    def get(path: str, key: str = WRITE, **options: Any) -> requests.Response:
        return utils.request("GET", path, api_key=key, **options)

    return {
        "no key": get("/thngs", ""),
        "wrong key": get("/thngs", "no-such-key"),
        "nothing allowed": get("/access", NOTHING),
        "reader creates": entities.create_thng("Python lamp", api_key=READ),
        "empty name": entities.create_thng("", api_key=WRITE),
        "no body": utils.request("POST", "/thngs", api_key=WRITE),
        "file sent": utils.request(
            "POST", "/thngs", api_key=WRITE, files={"name": ("lamp.txt", b"lamp")}
        ),
        "already exists": utils.request(
            "POST", "/thngs", data={"name": "a", "identifiers": GIVEN["taken"]}, api_key=WRITE
        ),
        "malformed id": entities.read_thng("not-an-id", api_key=WRITE),
        "unknown id": entities.read_thng(GIVEN["unknown"], api_key=WRITE),
        "malformed collection": entities.create_thng("a", collections=["no-id"], api_key=WRITE),
        "no such resource": get("/products"),
        "bad page size": entities.list_thngs(api_key=WRITE, request_kwargs={"perPage": 101}),
        "operator update": utils.request(
            "PUT", f"/operators/{GIVEN['operator']}", data={"a": 1}, api_key=WRITE
        ),
        **{f"status {status}": get(f"/_status/{status}") for status in (500, 503, 504)},
    }


if __name__ == "__main__":
    # On import the package sends all logging, down to its HTTP library's, to standard output.
    logging.disable()
    responses = {**drive_thngs(), **drive_collections(), **drive_errors()}
    print(json.dumps({name: describe_response(response) for name, response in responses.items()}))
