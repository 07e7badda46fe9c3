"""The assertion about an error: responses that pass, those that fail, and the failure's message."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from asgiref.sync import async_to_sync
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, RequestsClient
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.errors import Error
from django_apierrors.http.problems import PROBLEM, make_problem
from django_apierrors.testing import ERROR_SCHEMA, assert_api_error
from django_apierrors.testing.assertions import find_shape_faults
from django_apierrors.testing.exchange import MAX_LENGTH, Exchange
from tests.bodies import body
from tests.docs.blocks import PAGES

pytestmark = pytest.mark.urls(__name__)

VALIDATOR = Draft202012Validator(ERROR_SCHEMA)


FAILURES: dict[str | None, Exception] = {
    None: exceptions.NotFound(),
    "401": exceptions.NotAuthenticated(),
    "invalid": exceptions.ValidationError({"lines": [{"sku": ["Too long.", "Too loud."]}]}),
}


class FailingAPIView(APIView):
    authentication_classes = []

    def get(self, request: Request) -> Response:
        if "returned" in request.query_params:
            return Response("Sold.", status=404)
        raise FAILURES[request.query_params.get("as")]

    def post(self, request: Request) -> Response:
        raise exceptions.ValidationError({"name": ["This field is required."]})


def get_copy(request: HttpRequest) -> HttpResponse:
    """Return the content, the type and the status of the query, unchanged."""
    response = HttpResponse(
        request.GET["content"], request.GET.get("type"), int(request.GET["status"])
    )
    if "retry" in request.GET:
        response["Retry-After"] = request.GET["retry"]
    return response


def get_stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(["{}"], status=404, content_type="application/json")


urlpatterns = [
    path("failing", FailingAPIView.as_view()),
    path("things/", FailingAPIView.as_view()),
    path("copy", get_copy),
    path("stream", get_stream),
]


def make_bodies() -> Iterator[dict[str, Any]]:
    """Yield the body of each code and of validation errors, with the settings as they are."""
    errors = [
        *map(Error.of_code, CATALOG.values()),
        Error.of_data({"name": ["Too long."], "lines": [{"sku": ["Unknown."]}]}, 400),
        Error.of_status(499),
    ]
    for error in errors:
        yield dict(error.get_body())
        yield make_problem(dict(error.get_body()))


def test_every_body_of_every_setting_is_valid(settings: Settings) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"CODE_FORMAT": "name"},
        {"CODE_FORMAT": "number"},
        {"DETAILS": True},
        {"MORE_INFO": "https://docs.example/{code}"},
    ]
    for change in changes:
        settings.API_ERRORS = change
        for each in make_bodies():
            VALIDATOR.validate(each)
            assert list(find_shape_faults(each)) == []


DETAIL = {
    "field": "name",
    "code": "required",
    "message": "Required.",
    "in": "body",
    "pointer": "/name",
}
VALID = {**body("INVALID_CONTENT", "name: Required."), "details": [DETAIL]}

# A change of a valid body that makes it invalid; `...` removes the key.
NEAR_MISSES: list[dict[str, Any]] = [
    *({key: ...} for key in ("status", "errors", "code", "moreInfo")),
    *({"status": value} for value in ("400", True, None, 399, 600, 400.5)),
    *({"errors": value} for value in ("Sold.", [], [""], [None], ["Sold.", 1], {}, None)),
    *({"code": value} for value in ("", "gone", "NOT FOUND", "A-B", "1A", -1, 2**32, True, None)),
    *({"moreInfo": value} for value in (None, 1, {})),
    *({"details": value} for value in (None, {}, [None], [{}], [{**DETAIL, "more": 1}])),
    *({"details": [{**DETAIL, key: 1}]} for key in DETAIL),
    {"details": [{**DETAIL, "code": ""}]},
    {"details": [{**DETAIL, "message": ""}]},
    {"details": [{**DETAIL, "in": "cookie"}]},
    {"details": [{**DETAIL, "pointer": "name"}]},
    {"detail": "Sold."},
    {"message": "Sold."},
    {"type": "about:blank", "title": "Sold", "detail": ""},
    {"type": "about:blank", "title": "Sold"},
]


def test_a_body_with_one_wrong_part_is_invalid() -> None:
    Draft202012Validator.check_schema(ERROR_SCHEMA)
    assert json.loads(json.dumps(ERROR_SCHEMA)) == ERROR_SCHEMA
    for changes in NEAR_MISSES:
        changed = {key: value for key, value in {**VALID, **changes}.items() if value is not ...}
        assert not VALIDATOR.is_valid(changed), changes
        assert list(find_shape_faults(changed)) != [], changes
    for value in (None, [], "x", 1, True, [VALID]):
        assert not VALIDATOR.is_valid(value)
        [fault] = find_shape_faults(value)
        assert fault.startswith("the body must be an object, not ")


scalars = (
    st.none() | st.booleans() | st.integers(-1, 2**33) | st.sampled_from(["", "GONE", "x", 404])
)
details = st.dictionaries(st.sampled_from([*DETAIL, "more"]), scalars)
values = scalars | details | st.lists(scalars | details, max_size=2)


@given(
    st.dictionaries(st.sampled_from([*VALID, "type", "title", "detail", "more"]), values),
    st.sets(st.sampled_from([*VALID])),
)
def test_the_assertion_agrees_with_a_json_schema_validator(
    changes: dict[str, Any], removed: set[str]
) -> None:
    changed = {key: value for key, value in {**VALID, **changes}.items() if key not in removed}
    assert VALIDATOR.is_valid(changed) == (list(find_shape_faults(changed)) == [])


def test_importing_the_helpers_needs_no_further_package() -> None:
    code = (
        "import sys, django; django.setup(); import django_apierrors.testing; "
        "print({'jsonschema', 'schemathesis', 'pytest'} & sys.modules.keys())"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout == "set()\n"


# Responses that pass.

MISSING = body("MISSING_RESOURCE")


@pytest.mark.django_db
def test_an_error_of_any_test_client_passes() -> None:
    factory, view = APIRequestFactory(), FailingAPIView.as_view()
    by_hand = httpx.Response(404, json=MISSING)
    transport = httpx.WSGITransport(app=get_wsgi_application())
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        response = client.get("/failing?as=invalid")
    assert_api_error(response, 400, code=50397184, field="lines[0].sku", message="loud")
    assert str(Exchange.of(response)).startswith("> GET http://testserver/failing?as=invalid\n")
    for response in (
        Client().get("/failing"),
        APIClient().get("/failing"),
        async_to_sync(AsyncClient().get)("/failing"),
        RequestsClient().get("http://testserver/failing"),
        view(factory.get("/")),
        by_hand,
    ):
        assert assert_api_error(response, 404, code="MISSING_RESOURCE") == MISSING
    returned = {**MISSING, "errors": ["Sold."]}
    assert assert_api_error(view(factory.get("/?returned")), 404) == returned
    assert assert_api_error(Client().head("/failing"), 404) == {}
    assert str(Exchange.of(by_hand)).startswith("> unknown request\n")


def test_a_code_matches_by_its_name_and_by_its_number(client: Client, settings: Settings) -> None:
    for code_format in ("legacy", "name", "number"):
        settings.API_ERRORS = {"CODE_FORMAT": code_format}
        response = client.get("/failing?as=401")
        assert_api_error(response, 401, code="UNAUTHENTICATED")
        assert_api_error(response, 401, code=33619968)


def test_problem_details_pass(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    response = client.get("/failing", headers={"accept": PROBLEM})
    assert assert_api_error(response, 404, code="MISSING_RESOURCE")["title"] == "Not Found"


def test_keys_that_the_project_adds_pass_if_they_are_listed() -> None:
    response = JsonResponse({**MISSING, "hint": "Look elsewhere."}, status=404)
    assert assert_api_error(response, 404, more_keys={"hint"})["hint"] == "Look elsewhere."
    with pytest.raises(AssertionError, match="'hint' is not a key"):
        assert_api_error(response, 404)


# Responses that fail.


def send(client: Client, content: object = MISSING, status: int = 404, **query: str) -> Any:
    """Return a response with this content."""
    text = content if isinstance(content, str) else json.dumps(content)
    query = {"type": "application/json", **query}
    return client.get("/copy", {"content": text, "status": status, **query})


# The response, the expected error, and a part of the message of the assertion.
MISMATCHES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"status": 400}, "the status must be 400, not 404"),
    ({"content": {"id": 1}, "status": 200}, {}, "the status must be 404, not 200"),
    ({"type": "text/html"}, {}, "the content type must be application/json, not text/html"),
    ({"content": "<h1>Sold.</h1>"}, {}, "the body is not JSON"),
    ({"content": {"detail": "Sold."}}, {}, "'errors' is missing"),
    ({"content": []}, {}, "the body must be an object, not []"),
    ({"content": {**MISSING, "status": 410}}, {}, "'status' is 410"),
    ({"type": PROBLEM}, {}, f"{PROBLEM} must have the members type, title, detail"),
    ({}, {"code": "GONE"}, "'code' must be 'GONE', not 'MISSING_RESOURCE'"),
    ({}, {"code": "UNKNOWN"}, "'code' must be 'UNKNOWN', not 'MISSING_RESOURCE'"),
    ({}, {"field": "name"}, "no message begins with 'name: '"),
    ({}, {"message": "Moved."}, "no message contains 'Moved.'"),
    (
        {"content": {**MISSING, "errors": ["name: Sold.", "size: Small."]}},
        {"field": "name", "message": "Small."},
        "no message about name contains 'Small.'",
    ),
    *(
        ({"content": body(name), "status": status, **query}, {"status": status}, header)
        for name, status, query, header in [
            ("UNAUTHENTICATED", 401, {}, "a 401 must have the header WWW-Authenticate"),
            ("METHOD_NOT_ALLOWED", 405, {}, "a 405 must have the header Allow"),
            ("SERVICE_UNAVAILABLE", 503, {}, "a 503 must have the header Retry-After"),
            ("THROTTLED", 429, {"retry": ""}, "a 429 must have the header Retry-After"),
        ]
    ),
]


def test_a_mismatch_fails_with_its_reason(client: Client) -> None:
    for response, expected, reason in MISMATCHES:
        with pytest.raises(AssertionError) as caught:
            assert_api_error(send(client, **response), **{"status": 404, **expected})
        assert reason in str(caught.value).partition("\n\n")[0]


def test_a_response_without_a_content_type_or_with_a_stream_fails(client: Client) -> None:
    response = send(client)
    del response["Content-Type"]
    with pytest.raises(AssertionError, match="must be application/json, not absent"):
        assert_api_error(response, 404)
    with pytest.raises(AssertionError, match="the body is not JSON"):
        assert_api_error(client.get("/stream"), 404)
    response = send(client, body("METHOD_NOT_ALLOWED"), 405)
    # A resource without methods.
    response["Allow"] = ""
    assert_api_error(response, 405)


# The output of a failure.


@pytest.fixture
def without_other_middleware(settings: Settings) -> None:
    """Remove the middleware that adds further headers."""
    settings.MIDDLEWARE = settings.MIDDLEWARE[:1]


@pytest.mark.usefixtures("without_other_middleware")
def test_a_failure_shows_the_exchange_without_its_secrets(client: Client) -> None:
    client.cookies["sessionid"] = "hunter1"
    response = client.get(
        "/failing?a=1",
        headers={"accept": "*/*", "authorization": "Bearer hunter2", "x-api-key": "hunter3"},
    )
    response["Set-Cookie"] = "sessionid=hunter4"
    with pytest.raises(AssertionError) as caught:
        assert_api_error(response, 410, code="GONE")
    assert str(caught.value) == (
        "This is not the error that was expected:\n"
        "  - the status must be 410, not 404\n"
        "  - 'code' must be 'GONE', not 'MISSING_RESOURCE'\n"
        "\n"
        "> GET /failing?a=1\n"
        "> Cookie: (not shown)\n"
        "> Accept: */*\n"
        "> Authorization: (not shown)\n"
        "> X-Api-Key: (not shown)\n"
        "\n"
        "< 404 Not Found\n"
        "< Content-Type: application/json\n"
        "< Allow: GET, POST, HEAD, OPTIONS\n"
        "< X-Content-Type-Options: nosniff\n"
        "< Set-Cookie: (not shown)\n"
        "\n"
        f"{response.content.decode()}"
    )


@pytest.mark.usefixtures("without_other_middleware")
def test_a_failure_is_shown_as_in_the_docs(client: Client) -> None:
    page = PAGES["docs/testing.md"].read_text(encoding="utf-8")
    shown = page.partition("```text\nAssertionError: ")[2].partition("\n```")[0]
    headers = {"authorization": "Token hunter2"}
    response = client.post("/things/", {}, "application/json", headers=headers)
    with pytest.raises(AssertionError) as caught:
        assert_api_error(response, 400, code="ALREADY_EXISTS", field="name")
    assert str(caught.value) == shown


def test_credentials_in_a_url_are_not_shown() -> None:
    request = requests.Request("GET", "http://me:hunter2@shop.example/a", headers={"A": b"1"})
    response = requests.Response()
    response.status_code, response.request = 404, request.prepare()
    text = str(Exchange.of(response))
    assert text.startswith("> GET http://(not shown)@shop.example/a\n> A: 1\n")
    assert "hunter2" not in text


def test_a_long_body_is_cut_and_an_empty_one_is_not_shown() -> None:
    for content, last_line in {
        "x" * (MAX_LENGTH + 1): f"{'x' * MAX_LENGTH} ... ({MAX_LENGTH + 1} characters in all)",
        "": "< Content-Type: text/plain",
    }.items():
        response = HttpResponse(content, content_type="text/plain")
        assert str(Exchange.of(response)).splitlines()[-1] == last_line
