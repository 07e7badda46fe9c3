"""`python -m suites.applications`: the faults of a response of ours."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from suites import applications
from suites.applications.__main__ import Application, find_faults
from suites.applications.comparison import compare, compare_schemas, judge

# The results do not depend on the versions of Django and DRF.
pytestmark = pytest.mark.once

JSON = [["Content-Type", "application/json"]]


def make_response(status: int, body: object, headers: Any = (), **reports: int) -> dict[str, Any]:
    return {
        "status": status,
        "headers": [*JSON, *headers],
        "body": json.dumps(body, separators=(",", ":")),
        "signals": 0,
        "records": 0,
        **reports,
    }


def make_error(
    status: int, code: str, *errors: str, detail: Any = None, headers: Any = (), **reports: int
) -> Any:
    body = {"status": status, "errors": errors or ["No."], "code": code, "moreInfo": ""}
    if detail is not None:
        body["details"] = [{"in": "body", **detail}]
    return make_response(status, body, headers, **reports)


def make_standardized(kind: str, code: str, message: str, attr: str | None) -> Any:
    """Return a response of drf-standardized-errors."""
    error = {"code": code, "detail": message, "attr": attr}
    return make_response(400, {"type": kind, "errors": [error]})


TOO_LONG = {
    "field": "lines[1].sku",
    "code": "max_length",
    "message": "Too long.",
    "pointer": "/lines/1/sku",
}
INVALID = {**TOO_LONG, "field": "lines[1]", "code": "invalid", "pointer": "/lines/1"}
MALFORMED_KEY = {
    "field": "shelf",
    "code": "incorrect_type",
    "message": "Not a UUID.",
    "pointer": "/shelf",
}
REQUIRED = {"lines": [{"sku": ["This field is required."]}]}
UNHANDLED = make_response(500, "", signals=1, records=1)


@pytest.mark.parametrize(
    ("stock", "ours", "fault"),
    [
        (make_response(200, [1]), make_response(200, [1]), None),
        (make_response(200, [1]), make_response(200, [2]), "the body is [2], not [1]"),
        (
            make_response(200, "2026-01-01T00:00:00Z"),
            make_response(200, "2026-01-01T00:00:01Z"),
            None,
        ),
        (
            make_response(200, [1], [["Link", "<a>"]]),
            make_response(200, [1]),
            "the header Link: <a> is lost",
        ),
        (
            make_response(200, [1], [["Allow", "GET, PUT"]]),
            make_response(200, [1], [["Allow", "GET"]]),
            "the header Allow lost PUT",
        ),
        (
            make_response(200, [1], [["Link", "<a>"]]),
            make_response(200, [1], [["Link", "<b>"]]),
            "the header Link is <b>, not <a>",
        ),
        (
            make_response(400, REQUIRED),
            make_error(400, "INVALID_CONTENT", "lines[0].sku: This field is required."),
            None,
        ),
        (
            make_response(400, REQUIRED),
            make_error(400, "INVALID_CONTENT", "lines[0]: This field is required."),
            "the field 'sku' is lost",
        ),
        (
            make_response(400, ["Sold out."]),
            make_error(400, "INVALID_CONTENT"),
            "the message 'Sold out.' is lost",
        ),
        (
            make_response(404, {"detail": "No Thing matches the given query."}),
            make_error(404, "MISSING_RESOURCE"),
            None,
        ),
        (
            make_standardized("validation_error", "max_length", "Too long.", "lines.1.sku"),
            make_error(400, "INVALID_CONTENT", "lines[1].sku: Too long.", detail=TOO_LONG),
            None,
        ),
        (
            make_standardized("validation_error", "max_length", "Too long.", "lines.1.sku"),
            make_error(400, "INVALID_CONTENT", "lines[1]: Too long.", detail=INVALID),
            ["the field 'sku' is lost", "the code 'max_length' is lost"],
        ),
        (
            make_standardized("validation_error", "invalid", "Not a UUID.", "shelf"),
            make_error(400, "INVALID_ID", "shelf: Not a UUID.", detail=MALFORMED_KEY),
            None,
        ),
        (
            make_standardized("client_error", "not_found", "Not found.", None),
            make_error(400, "INVALID_CONTENT", "No such thing."),
            None,
        ),
        (make_response(404, ""), make_response(404, []), "the body must be an object, not []"),
        (make_response(404, {"detail": "Not found."}), make_error(400, "INVALID_ID"), None),
        (
            make_response(404, {"detail": "Not found."}),
            make_error(400, "INVALID_CONTENT"),
            "the status is 400, not 404",
        ),
        (make_response(200, [1]), make_error(500, "INTERNAL_ERROR"), "the status is 500, not 200"),
        (UNHANDLED, make_error(500, "INTERNAL_ERROR", signals=1, records=1), None),
        (
            UNHANDLED,
            make_error(500, "INTERNAL_ERROR", signals=1, records=2),
            "2 records instead of 1",
        ),
        (UNHANDLED, make_error(500, "INTERNAL_ERROR", records=1), "0 signals instead of 1"),
        (UNHANDLED, make_error(400, "INVALID_CONTENT"), None),
    ],
)
def test_a_change_that_the_docs_do_not_describe_is_a_fault(
    stock: dict[str, Any], ours: dict[str, Any], fault: str | list[str] | None
) -> None:
    expected = [fault] if isinstance(fault, str) else fault or []
    faults = list(compare({"method": "GET", "path": "/"}, stock, ours))
    assert [text.partition(":")[0] for text in faults] == [f.partition(":")[0] for f in expected]


def test_a_fault_is_shown_with_its_request_and_the_stock_body() -> None:
    request = {"method": "PUT", "path": "/things/1/", "body": "{}"}
    [(call, fault)] = find_faults([request], [make_response(200, 1)], [make_response(200, 2)])
    assert (call, fault) == ("PUT /things/1/ {}\n    stock: 1", "the body is 2, not 1")


@pytest.mark.parametrize(
    ("statuses", "column"),
    [((200, 200), "successes"), ((400, 400), "errors"), ((404, 400), "documented")],
)
def test_a_pair_of_responses_counts_in_one_column(statuses: tuple[int, int], column: str) -> None:
    stock, ours = (make_response(status, []) for status in statuses)
    assert judge(stock, ours) == column


def make_schema_response(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": name, "content": {"application/json": {"schema": schema}}}


def test_a_schema_may_have_other_errors_and_nothing_else() -> None:
    success = {"200": make_schema_response("List")}
    operation = {"operationId": "list", "responses": success}
    schemas = {
        "List": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "Thing": {"type": "object"},
    }
    old = {**operation, "responses": {**success, "404": make_schema_response("OldError")}}
    stock = {
        "components": {"schemas": {**schemas, "OldError": {}}, "securitySchemes": {"token": {}}},
        "paths": {"/things/": {"get": old, "parameters": []}, "/others/": {"get": operation}},
    }
    new = {**operation, "responses": {**success, "404": make_schema_response("Error")}}
    ours: dict[str, Any] = {
        "components": {"schemas": {**schemas, "Error": {}}, "securitySchemes": {"token": {}}},
        "paths": {"/things/": {"get": new, "parameters": []}, "/others/": {"get": new}},
    }
    assert list(compare_schemas(stock, ours)) == []
    ours["components"] = {"schemas": {**schemas, "Thing": {"type": "string"}}}
    ours["paths"] = {"/things/": {"get": {**new, "responses": {}}, "parameters": []}}
    assert list(compare_schemas(stock, ours)) == [
        "components.schemas.Thing",
        "components.securitySchemes.token",
        "GET /things/: responses",
        "GET /others/ is lost",
    ]


def test_each_file_names_an_application_and_its_requests() -> None:
    paths = sorted(Path(applications.__file__).parent.glob("*.toml"))
    assert [Application(path).name for path in paths] == [path.stem for path in paths]
    keys = [set(tomllib.loads(path.read_text("utf-8"))) for path in paths]
    needed = {"package", "requirements", "paths", "headers", "migrate", "setup"}
    assert [needed - names for names in keys] == [set()] * len(paths)
