"""The assertion about an error: what it takes, what it refuses, and what it shows then."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
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
from django_apierrors.testing.assertions import find_faults_of_shape
from django_apierrors.testing.exchange import MAX_LENGTH, Exchange
from tests.bodies import body
from tests.docs.blocks import PAGES

pytestmark = pytest.mark.urls(__name__)

VALIDATOR = Draft202012Validator(ERROR_SCHEMA)


class FailingAPIView(APIView):
    """Fails as the query wants it."""

    authentication_classes = []

    def get(self, request: Request) -> Response:
        """Fail."""
        if request.query_params.get("as") == "401":
            raise exceptions.NotAuthenticated
        if request.query_params.get("as") == "invalid":
            raise exceptions.ValidationError({"lines": [{"sku": ["Too long.", "Too loud."]}]})
        raise exceptions.NotFound

    def post(self, request: Request) -> Response:
        """Refuse the document."""
        raise exceptions.ValidationError({"name": ["This field is required."]})


def get_copy(request: HttpRequest) -> HttpResponse:
    """Answer with what the query has, as it is: no error of ours, however it looks."""
    response = HttpResponse(
        request.GET["content"], request.GET.get("type"), int(request.GET["status"])
    )
    if "retry" in request.GET:
        response["Retry-After"] = request.GET["retry"]
    return response


def get_stream(request: HttpRequest) -> StreamingHttpResponse:
    """Answer with a stream."""
    return StreamingHttpResponse(["{}"], status=404, content_type="application/json")


urlpatterns = [
    path("failing", FailingAPIView.as_view()),
    path("things/", FailingAPIView.as_view()),
    path("copy", get_copy),
    path("stream", get_stream),
]


# The schema, and its twin.


def make_bodies() -> list[dict[str, Any]]:
    """Return a body of each code of the catalogue, by the settings as they are."""
    return [dict(Error.of_code(code).get_body()) for code in CATALOG.values()]


@pytest.mark.parametrize("code_format", ["legacy", "name", "number"])
@pytest.mark.parametrize("details", [True, False])
@pytest.mark.parametrize("more_info", ["", "https://docs.example/{code}"])
@pytest.mark.parametrize("change", [dict, make_problem])
def test_what_each_setting_makes_has_the_shape(
    settings: Settings,
    code_format: str,
    details: bool,
    more_info: str,
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": code_format, "DETAILS": details, "MORE_INFO": more_info}
    invalid = Error.of_data({"name": ["Too long."], "lines": [{"sku": ["No."]}]}, 400).get_body()
    for each in [*make_bodies(), dict(invalid), dict(Error.of_status(499).get_body())]:
        VALIDATOR.validate(change(each))
        assert list(find_faults_of_shape(change(each))) == []


DETAIL = {"field": "name", "code": "required", "message": "Required."}
VALID = {**body("INVALID_CONTENT", "name: Required."), "details": [DETAIL]}
TOO_LARGE = 2**32

# What is changed in a body, to what; `...` takes the member away.
NEAR_MISSES: list[dict[str, Any]] = [
    *({name: ...} for name in ("status", "errors", "code", "moreInfo")),
    *({"status": value} for value in ("400", True, None, 399, 600, 400.5)),
    *({"errors": value} for value in ("No.", [], [""], [None], ["No.", 1], {}, None)),
    *(
        {"code": value}
        for value in ("", "gone", "NOT FOUND", "A-B", "1A", -1, TOO_LARGE, True, None)
    ),
    *({"moreInfo": value} for value in (None, 1, {})),
    *({"details": value} for value in (None, {}, [None], [{}], [{**DETAIL, "more": 1}])),
    *({"details": [{**DETAIL, name: 1}]} for name in DETAIL),
    {"details": [{**DETAIL, "code": ""}]},
    {"details": [{**DETAIL, "message": ""}]},
    {"detail": "No."},
    {"message": "No."},
    {"type": "about:blank", "title": "No", "detail": ""},
    {"type": "about:blank", "title": "No"},
]


@pytest.mark.parametrize("changes", NEAR_MISSES)
def test_a_near_miss_has_not_the_shape(changes: dict[str, Any]) -> None:
    changed = {name: it for name, it in {**VALID, **changes}.items() if it is not ...}
    assert not VALIDATOR.is_valid(changed)
    assert len(list(find_faults_of_shape(changed))) >= 1


@pytest.mark.parametrize("value", [None, [], "x", 1, True, [VALID]])
def test_what_is_no_object_has_not_the_shape(value: object) -> None:
    assert not VALIDATOR.is_valid(value)
    [fault] = find_faults_of_shape(value)
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
def test_the_schema_and_its_twin_are_of_one_mind(
    changes: dict[str, Any], removed: set[str]
) -> None:
    changed = {name: it for name, it in {**VALID, **changes}.items() if name not in removed}
    assert VALIDATOR.is_valid(changed) == (list(find_faults_of_shape(changed)) == [])


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(ERROR_SCHEMA)
    assert copy.deepcopy(ERROR_SCHEMA) == json.loads(json.dumps(ERROR_SCHEMA))


def test_no_package_is_needed_to_import_it() -> None:
    code = (
        "import sys, django; django.setup(); import django_apierrors.testing; "
        "print([it for it in ('jsonschema', 'schemathesis', 'pytest') if it in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# The assertion.

MISSING = body("MISSING_RESOURCE")


@pytest.mark.parametrize("make_client", [Client, APIClient])
def test_an_error_of_a_test_client_is_taken(make_client: Callable[[], Any]) -> None:
    response = make_client().get("/failing")
    assert assert_api_error(response, 404, code="MISSING_RESOURCE") == MISSING


def test_an_error_of_an_async_client_is_taken() -> None:
    response = async_to_sync(AsyncClient().get)("/failing")
    assert assert_api_error(response, 404) == MISSING
    assert Exchange.of(response).url == "/failing"


@pytest.mark.django_db
def test_an_error_of_the_requests_client_is_taken() -> None:
    response = RequestsClient().get("http://testserver/failing")
    assert assert_api_error(response, 404) == MISSING


def test_an_error_of_a_view_that_was_called_is_taken() -> None:
    response = FailingAPIView.as_view()(APIRequestFactory().get("/"))
    assert assert_api_error(response, 404) == MISSING


def test_an_error_that_a_view_returned_is_rendered_and_taken() -> None:
    class ReturningAPIView(APIView):
        def get(self, request: Request) -> Response:
            return Response("No.", status=404)

    response = ReturningAPIView.as_view()(APIRequestFactory().get("/"))
    assert assert_api_error(response, 404) == {**MISSING, "errors": ["No."]}


@pytest.mark.django_db
def test_an_error_of_httpx_is_taken() -> None:
    transport = httpx.WSGITransport(app=get_wsgi_application())
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        response = client.get("/failing?as=invalid")
    assert_api_error(response, 400, code=50397184, field="lines[0].sku", message="loud")
    assert str(Exchange.of(response)).startswith("> GET http://testserver/failing?as=invalid\n")


def test_a_response_that_was_made_by_hand_is_taken() -> None:
    response = httpx.Response(404, json=MISSING)
    assert assert_api_error(response, 404) == MISSING
    assert "> a request that is not known" in str(Exchange.of(response))


def test_the_answer_to_a_head_has_no_body(client: Client) -> None:
    assert assert_api_error(client.head("/failing"), 404) == {}


@pytest.mark.parametrize("code_format", ["legacy", "name", "number"])
@pytest.mark.parametrize("code", ["UNAUTHENTICATED", 33619968])
def test_a_code_is_known_by_its_name_and_its_number(
    client: Client, settings: Settings, code_format: str, code: str | int
) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": code_format}
    assert_api_error(client.get("/failing?as=401"), 401, code=code)


def test_problem_details_are_taken(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    response = client.get("/failing", headers={"accept": PROBLEM})
    assert assert_api_error(response, 404, code="MISSING_RESOURCE")["title"] == "Not Found"


def test_members_that_the_project_adds_are_taken_where_they_are_named() -> None:
    response = JsonResponse({**MISSING, "hint": "Look elsewhere."}, status=404)
    assert assert_api_error(response, 404, more_members={"hint"})["hint"] == "Look elsewhere."
    with pytest.raises(AssertionError, match="'hint' is no member of an error"):
        assert_api_error(response, 404)


def ask(client: Client, content: object = MISSING, status: int = 404, **query: str) -> HttpResponse:
    """Return the answer of the view that answers with what it is sent."""
    text = content if isinstance(content, str) else json.dumps(content)
    query = {"type": "application/json", **query}
    return client.get("/copy", {"content": text, "status": status, **query})


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another status": ({}, {"status": 400}, "the status must be 400, not 404"),
    "a success": (
        {"content": {"id": 1}, "status": 200},
        {"status": 404},
        "the status must be 404, not 200",
    ),
    "a page": (
        {"type": "text/html"},
        {},
        "the content type must be application/json, not text/html",
    ),
    "no JSON": ({"content": "<h1>No.</h1>"}, {}, "the body is no JSON"),
    "another shape": ({"content": {"detail": "No."}}, {}, "'errors' is missing"),
    "a list": ({"content": []}, {}, "the body must be an object, not []"),
    "the status of another": (
        {"content": {**MISSING, "status": 410}},
        {},
        "'status' is 410, and the answer's is 404",
    ),
    "a problem that is none": (
        {"type": PROBLEM},
        {},
        "application/problem+json must have the members type, title, detail",
    ),
    "another code": ({}, {"code": "GONE"}, "'code' must be 'GONE', not 'MISSING_RESOURCE'"),
    "an unknown code": ({}, {"code": "NONE"}, "'code' must be 'NONE', not 'MISSING_RESOURCE'"),
    "another field": ({}, {"field": "name"}, "no message begins with 'name: '"),
    "another message": ({}, {"message": "Moved."}, "no message has in it 'Moved.'"),
    "a message of another field": (
        {"content": {**MISSING, "errors": ["name: No.", "size: Yes."]}},
        {"field": "name", "message": "Yes."},
        "no message about name has in it 'Yes.'",
    ),
    "no challenge": (
        {"content": body("UNAUTHENTICATED"), "status": 401},
        {"status": 401},
        "a 401 must have the header WWW-Authenticate",
    ),
    "no methods": (
        {"content": body("METHOD_NOT_ALLOWED"), "status": 405},
        {"status": 405},
        "a 405 must have the header Allow",
    ),
    "no time": (
        {"content": body("SERVICE_UNAVAILABLE"), "status": 503},
        {"status": 503},
        "a 503 must have the header Retry-After",
    ),
    "an empty time": (
        {"content": body("THROTTLED"), "status": 429, "retry": ""},
        {"status": 429},
        "a 429 must have the header Retry-After",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_as_expected_is_refused_and_named(client: Client, name: str) -> None:
    answer, expected, fault = REFUSED[name]
    with pytest.raises(AssertionError) as caught:
        assert_api_error(ask(client, **answer), **{"status": 404, **expected})
    message = str(caught.value)
    assert message.startswith("This is not the error that was expected:\n  - ")
    assert fault in message.partition("\n\n")[0]


def test_a_content_type_that_is_absent_is_named(client: Client) -> None:
    response = ask(client)
    del response["Content-Type"]
    with pytest.raises(AssertionError, match="must be application/json, not absent"):
        assert_api_error(response, 404)


def test_a_stream_has_no_body(client: Client) -> None:
    with pytest.raises(AssertionError, match="the body is no JSON"):
        assert_api_error(client.get("/stream"), 404)


def test_a_header_that_may_be_empty_is_taken(client: Client) -> None:
    response = ask(client, body("METHOD_NOT_ALLOWED"), 405)
    response["Allow"] = ""
    assert_api_error(response, 405)


# What it shows.


@pytest.fixture
def alone(settings: Settings) -> Settings:
    """Have no middleware but ours: the others add headers that are beside the point."""
    settings.MIDDLEWARE = settings.MIDDLEWARE[:1]
    return settings


@pytest.mark.usefixtures("alone")
def test_the_exchange_is_shown_without_its_secrets(client: Client) -> None:
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
        "< X-Content-Type-Options: nosniff\n"
        "< Allow: GET, POST, HEAD, OPTIONS\n"
        "< Set-Cookie: (not shown)\n"
        "\n"
        f"{response.content.decode()}"
    )


@pytest.mark.usefixtures("alone")
def test_the_page_shows_what_is_shown(client: Client) -> None:
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
    response.status_code = 404
    response.request = request.prepare()
    text = str(Exchange.of(response))
    assert text.startswith("> GET http://(not shown)@shop.example/a\n> A: 1\n")
    assert "hunter2" not in text


def test_a_long_body_is_cut() -> None:
    response = HttpResponse("x" * (MAX_LENGTH + 1))
    assert str(Exchange.of(response)).endswith(f"x ... ({MAX_LENGTH + 1} characters in all)")


def test_an_empty_body_is_not_shown() -> None:
    assert str(Exchange.of(HttpResponse(status=404))).splitlines()[-1].startswith("< ")
