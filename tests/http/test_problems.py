"""Problem details: RFC 9457 for a client that requests it, the usual body for all others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings
from rest_framework import exceptions, renderers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors.fallback import CONTENT, PROBLEM_CONTENT
from django_apierrors.handling.malformed_requests import make_malformed_request_response
from django_apierrors.http.problems import make_problem, prefers_problem
from django_apierrors.renderers import JSONRenderer
from tests.bodies import (
    REFERENCE,
    assert_body,
    body,
    body_with,
    method_body,
    requested_body,
    sent_body,
)
from tests.support import OpenView, echo, make_view, throw

pytestmark = pytest.mark.urls(__name__)

TYPE = "application/problem+json"
PREFERS_PROBLEM: dict[str, Any] = {"headers": {"accept": TYPE}}

# RFC 9457, appendix A, with all keys required.
MEMBERS: dict[str, dict[str, Any]] = {
    "type": {"type": "string", "format": "uri-reference"},
    "title": {"type": "string"},
    "status": {"type": "integer", "minimum": 100, "maximum": 599},
    "detail": {"type": "string"},
}
SCHEMA = {"type": "object", "properties": MEMBERS, "required": [*MEMBERS]}

BODY_OF_409 = body("TAKEN", "Taken.", status=409)


class TextRenderer(renderers.BaseRenderer):
    """A project's own format."""

    media_type, format = "text/plain", "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        return str(data).encode()


RETURNED: dict[str, tuple[Any, int]] = {
    "": ({"name": "thing"}, 200),
    "returned": ({"name": ["Too long.", "Too loud."]}, 400),
    "body": (BODY_OF_409, 409),
    "problem": (make_problem(BODY_OF_409), 409),
    "another-problem": ({"type": "/no", "detail": "None left."}, 409),
    "no-json": ({**BODY_OF_409, "till": object()}, 409),
}
RAISED: dict[str, Exception | type[Exception]] = {
    "raised": exceptions.ValidationError({"name": ["Too long.", "Too loud."]}),
    "unhandled": LookupError,
    "401": exceptions.NotAuthenticated,
}


def respond(request: Request) -> Response:
    """Respond, or fail, as `?as=` names it."""
    kind = request.query_params.get("as", "")
    return throw(RAISED[kind]) if kind in RAISED else Response(*RETURNED[kind])


# The changes of a project's handler, as `?how=` names them.
CHANGES: dict[str, dict[str, Any]] = {
    "adds": {"title": "Too much", "detail": {"of": "mine"}, "hint": "Less."},
    "replaces": {"errors": ["No."]},
    "breaks": {"hint": object()},
}


class WrappedView(OpenView):
    """A view that changes the response of our handler."""

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        how = self.request.query_params["how"]
        if how == "forgives":
            response.status_code, response.data = 200, []
        else:
            response.data |= CHANGES[how]
        return response


def get_page(request: HttpRequest, code: str = "") -> HttpResponse:
    """Respond from a plain view, with a page."""
    return HttpResponse("<h1>No.</h1>", status=404)


def get_json(request: HttpRequest, kind: str) -> HttpResponse:
    """Respond from a plain view, in the format or with problem details of ours."""
    return JsonResponse(RETURNED[kind][0], status=409)


PAGES = [JSONRenderer, renderers.BrowsableAPIRenderer]
urlpatterns = [
    path("thing", make_view(respond)),
    path("echo", make_view(echo)),
    path("stock", make_view(respond, content_negotiation_class=DefaultContentNegotiation)),
    path("text", make_view(respond, renderer_classes=[TextRenderer])),
    path("text-first", make_view(respond, renderer_classes=[TextRenderer, JSONRenderer])),
    path("no-format", make_view(respond, renderer_classes=[])),
    path("browsable", make_view(respond, renderer_classes=PAGES)),
    path("wrapped", make_view(respond, WrappedView)),
    path("page", get_page),
    path("plain/<str:kind>", get_json),
    path("errors/<str:code>", get_page, name="error-page"),
]


@pytest.fixture(autouse=True)
def on(settings: Settings) -> Settings:
    """Switch problem details on."""
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    return settings


@pytest.fixture
def client(quiet_client: Client) -> Client:
    return quiet_client


def read(response: Any) -> dict[str, Any]:
    """Return the problem in `response`, once its headers and its schema are checked."""
    assert response["Content-Type"] == TYPE
    # Sessions and languages add to it.
    assert "Accept" in response["Vary"].split(", ")
    problem: dict[str, Any] = json.loads(response.content)
    Draft202012Validator(SCHEMA).validate(problem)
    assert problem["status"] == response.status_code
    return problem


def blank(ours: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return the body `ours` as a problem without its own type."""
    return {"type": "about:blank", "title": title, "detail": " ".join(ours["errors"]), **ours}


INVALID = blank(body("INVALID_CONTENT", "name: Too long.", "name: Too loud."), "Bad Request")
MISSING = blank(body("MISSING_RESOURCE"), "Not Found")
TAKEN = blank(BODY_OF_409, "Conflict")
UNSUPPORTED = blank(body("UNSUPPORTED_MEDIA_TYPE"), "Unsupported Media Type")
NOT_ALLOWED = method_body("PUT", "GET, POST, HEAD, OPTIONS")
FALLBACK = json.loads(PROBLEM_CONTENT)

# The requests, each with its problem.
PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "raised": ("GET /thing?as=raised", INVALID),
    "raised in a view without JSON": ("GET /text?as=raised", INVALID),
    "returned": ("GET /thing?as=returned", INVALID),
    "returned by another renderer": ("GET /text?as=returned", INVALID),
    "returned as a body": ("GET /thing?as=body", TAKEN),
    "returned as another problem": (
        "GET /thing?as=another-problem",
        blank({**body("CONFLICT", "None left.", status=409), "extra": {"type": "/no"}}, "Conflict"),
    ),
    "no credentials": ("GET /thing?as=401", blank(body("UNAUTHENTICATED"), "Unauthorized")),
    "no such method": ("PUT /thing", blank(NOT_ALLOWED, "Method Not Allowed")),
    "no such format": (
        "GET /thing?format=xml",
        blank(requested_body("xml"), "Unsupported Media Type"),
    ),
    "no such URL": ("GET /nowhere", MISSING),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_an_error_is_a_problem_for_a_client_that_requests_one_and_the_body_for_others(
    client: Client, settings: Settings, name: str
) -> None:
    request, problem = PROBLEMS[name]
    method, url = request.split()
    ours = {key: problem[key] for key in problem if key not in ("type", "title", "detail")}
    assert read(client.generic(method, url, **PREFERS_PROBLEM)) == problem
    response = client.generic(method, url)
    assert response.json() == ours
    assert (response["Content-Type"], response["Vary"]) == ("application/json", "Accept")
    settings.API_ERRORS = {}
    response = client.generic(method, url, **PREFERS_PROBLEM)
    assert list(response.json())[:4] == list(ours)[:4]
    assert response["Content-Type"] == "application/json"


def test_an_error_is_a_problem_under_asgi_too() -> None:
    assert read(async_to_sync(AsyncClient().get)("/nowhere", **PREFERS_PROBLEM)) == MISSING


def test_a_problem_has_the_header_of_its_status(client: Client) -> None:
    assert (
        client.get("/thing?as=401", **PREFERS_PROBLEM)["WWW-Authenticate"] == 'Session realm="api"'
    )
    assert client.put("/thing", **PREFERS_PROBLEM)["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.usefixtures("has_middleware")
def test_an_unhandled_exception_is_a_problem_with_its_reference(client: Client) -> None:
    problem = read(client.get("/thing?as=unhandled", **PREFERS_PROBLEM))
    instance = problem.pop("instance")
    # A UUID of version 8 (RFC 9562), of the one variant that the RFC defines.
    assert instance.startswith("urn:uuid:")
    uuid = UUID(instance)
    assert (uuid.version, uuid.variant) == (8, RFC_4122)
    assert str(uuid)[-12:] == problem["detail"][-13:-1]
    assert problem == blank(body("INTERNAL_ERROR", *problem["errors"]), "Internal Server Error")
    assert REFERENCE.fullmatch(problem["detail"])


def test_a_csrf_failure_is_a_problem(on: Settings) -> None:
    on.API_ERRORS |= {"PATHS": ["/"]}
    response = Client(enforce_csrf_checks=True).post("/page", **PREFERS_PROBLEM)
    failed = body_with("ACCESS_FORBIDDEN", "The CSRF token is missing or incorrect.")
    assert read(response) == blank(failed, "Forbidden")


def test_the_details_of_an_error_are_a_key_of_the_problem(client: Client, on: Settings) -> None:
    on.API_ERRORS |= {"DETAILS": True}
    item = {"field": "name", "code": "invalid", "in": "query"}
    details = [item | {"message": message} for message in ("Too long.", "Too loud.")]
    assert read(client.get("/thing?as=raised", **PREFERS_PROBLEM)) == INVALID | {"details": details}


def test_a_problem_is_not_wrapped_twice(client: Client, on: Settings) -> None:
    assert read(client.get("/thing?as=problem", **PREFERS_PROBLEM)) == TAKEN
    assert client.get("/thing?as=problem").json() == TAKEN
    # A plain view's is the API's below PATHS only.
    response = client.get("/plain/body", **PREFERS_PROBLEM)
    assert_body(response, BODY_OF_409)
    assert "Vary" not in response
    on.API_ERRORS |= {"PATHS": ["/"]}
    for kind in ("body", "problem"):
        assert read(client.get(f"/plain/{kind}", **PREFERS_PROBLEM)) == TAKEN


def test_a_change_of_a_projects_handler_is_in_the_problem(client: Client) -> None:
    changes = {
        "adds": {"title": "Too much", "hint": "Less."},
        "replaces": {"errors": ["No."], "detail": "No."},
    }
    for how, changed in changes.items():
        assert (
            read(client.get(f"/wrapped?as=raised&how={how}", **PREFERS_PROBLEM))
            == INVALID | changed
        )
    response = client.get("/wrapped?as=raised&how=forgives", **PREFERS_PROBLEM)
    assert (response.status_code, response.json()) == (200, [])
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("url", "changes", "urlconf"),
    [
        ("/wrapped?as=raised&how=breaks", {}, __name__),
        ("/thing?as=no-json", {}, __name__),
        ("/thing?as=raised", {"EXCEPTIONS": None}, __name__),
        ("/nowhere", {"CODES": None}, __name__),
        ("/thing", {"CODES": None}, "no_such_module"),
    ],
)
def test_the_fallback_is_a_problem_too(
    client: Client, on: Settings, url: str, changes: dict[str, Any], urlconf: str
) -> None:
    assert blank(json.loads(CONTENT), "Internal Server Error") == FALLBACK
    on.API_ERRORS |= changes
    on.ROOT_URLCONF = urlconf
    assert read(client.get(url, **PREFERS_PROBLEM)) == FALLBACK
    response = client.get(url)
    assert (response.content, response["Content-Type"]) == (CONTENT, "application/json")


def test_settings_that_cannot_be_read_switch_problems_off(
    client: Client, on: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    on.API_ERRORS = 7
    response = client.get("/thing?as=raised", **PREFERS_PROBLEM)
    assert (response.content, response["Content-Type"]) == (CONTENT, "application/json")
    assert "django_apierrors failed while reading PROBLEM_JSON." in caplog.text


def test_a_malformed_request_gets_a_problem(on: Settings) -> None:
    request = RequestFactory().get("/", **PREFERS_PROBLEM)
    assert read(make_malformed_request_response(415, request)) == UNSUPPORTED
    response = make_malformed_request_response(415, RequestFactory().get("/"))
    assert_body(response, body("UNSUPPORTED_MEDIA_TYPE"))
    assert response["Vary"] == "Accept"
    on.API_ERRORS |= {"CODES": None}
    assert read(make_malformed_request_response(415, request)) == FALLBACK


def test_the_page_of_the_code_is_the_type_and_its_message_the_title(
    client: Client, on: Settings
) -> None:
    docs, title = "https://docs.example/", body("MISSING_RESOURCE")["errors"][0]
    links = {f"{docs}{{code}}": docs, "error-page": "http://testserver/errors/"}
    for more_info, start in links.items():
        for code_format in ("name", "number"):
            on.API_ERRORS |= {"MORE_INFO": more_info, "CODE_FORMAT": code_format}
            problem, link = (
                read(client.get("/nowhere", **PREFERS_PROBLEM)),
                f"{start}MISSING_RESOURCE",
            )
            assert (problem["type"], problem["moreInfo"], problem["title"]) == (link, link, title)


def test_the_title_of_a_projects_code_is_its_message(on: Settings) -> None:
    codes = {"SOLD_OUT": {"status": 409, "number": 7, "message": "None left."}}
    on.API_ERRORS = {"CODES": codes}
    titles = {
        "OUT_OF_STOCK": "Out of stock.",
        "SOLD_OUT": "None left.",
        7: "None left.",
        8: "Conflict",
    }
    for code, title in titles.items():
        problem = make_problem({**BODY_OF_409, "code": code, "moreInfo": "/docs"})
        assert (problem["title"], problem["type"]) == (title, "/docs")


DOCS = (Path(__file__).resolve().parents[2] / "docs" / "problem-details.md").read_text("utf-8")
TABLE = re.findall(r"^\| `(.+?)` \| (problem details|JSON) \|$", DOCS, re.MULTILINE)

# Headers that the table of the docs leaves out.
FURTHER = [
    ("Application/Problem+JSON", "problem details"),
    ("application/problem+json; charset=utf-8", "problem details"),
    ("application/problem+json;q=0.001", "problem details"),
    ("application/problem+json, application/json;q=0", "problem details"),
    ("application/problem+json;q=x, text/csv", "problem details"),
    (f"{TYPE}, application/json;q=0.5, application/problem+json;q=0.1", "problem details"),
    ("application/problem+json, application/json;q=0.9999", "JSON"),
    ("application/problem+json, application/json;q=nan", "JSON"),
    ("application/problem+json;q=0.5, application/*;q=0.6", "JSON"),
    ("application/*;q=0.9, application/json;q=0.5", "JSON"),
    ("text/html, application/json;q=0.5, */*;q=0.8", "JSON"),
    # Django cannot decode it.
    ("application/problem+json, text/html; a*=bogus''x", "JSON"),
]


def test_accept_decides_between_a_problem_and_the_body() -> None:
    assert len(TABLE) == 9
    kinds = {True: "problem details", False: "JSON"}
    for accept, kind in [*TABLE, *FURTHER]:
        request = RequestFactory().get("/", headers={"accept": accept})
        assert (accept, kinds[prefers_problem(request)]) == (accept, kind)


ACCEPTS = st.lists(
    st.sampled_from([TYPE, f"{TYPE};q=0.5", "*/*", "application/json;q=nan", "text/html;a*=x'y'z"])
    | st.text(st.characters(max_codepoint=255), max_size=20),
    max_size=4,
).map(",".join)


@given(ACCEPTS)
def test_any_accept_can_be_read(accept: str) -> None:
    with override_settings(API_ERRORS={"PROBLEM_JSON": True}):
        request = RequestFactory().get("/", headers={"accept": accept})
        assert prefers_problem(request) in (True, False)


THING, TEXT = b'{"name":"thing"}', b"{'name': 'thing'}"


@pytest.mark.parametrize(
    ("url", "accept", "content"),
    [
        ("/thing", TYPE, THING),
        ("/thing", f"{TYPE}, application/json;q=0", THING),
        ("/thing", f"{TYPE}, text/csv", THING),
        ("/thing?format=json", TYPE, THING),
        ("/text-first", TYPE, THING),
        ("/text-first", f"{TYPE}, text/plain;q=0.5", TEXT),
        ("/text-first?format=txt", TYPE, TEXT),
        ("/text", TYPE, TEXT),
    ],
)
def test_a_success_is_not_a_problem(client: Client, url: str, accept: str, content: bytes) -> None:
    response = client.get(url, headers={"accept": accept})
    assert (response.status_code, response.content) == (200, content)
    media_type = "application/json" if content == THING else "text/plain"
    assert response["Content-Type"].partition(";")[0] == media_type


def test_a_success_is_not_acceptable_if_problems_are_off_or_rejected(
    client: Client, settings: Settings
) -> None:
    for accept in ("application/xml", "application/problem+json;q=0"):
        response = client.get("/thing", headers={"accept": accept})
        assert_body(response, requested_body(accept))
    settings.API_ERRORS = {}
    assert client.get("/thing", **PREFERS_PROBLEM).status_code == 415


def test_a_format_that_a_view_lacks_gets_a_problem(client: Client) -> None:
    title = "Unsupported Media Type"
    assert read(client.get("/stock", **PREFERS_PROBLEM)) == blank(requested_body(TYPE), title)
    assert read(client.get("/no-format", **PREFERS_PROBLEM)) == UNSUPPORTED
    response = client.post("/echo", "<a/>", "application/xml", **PREFERS_PROBLEM)
    assert read(response) == blank(sent_body("application/xml"), title)


def test_a_page_is_sent_unless_the_client_prefers_a_problem(client: Client) -> None:
    prefers_problem = {"accept": f"{TYPE}, text/html;q=0.9"}
    for kind in ("raised", "returned"):
        for accept in ("text/html", f"text/html, {TYPE};q=0.9"):
            response = client.get(f"/browsable?as={kind}", headers={"accept": accept})
            assert response["Content-Type"] == "text/html; charset=utf-8"
        assert read(client.get(f"/browsable?as={kind}", headers=prefers_problem)) == INVALID
    assert read(client.get("/nowhere", headers=prefers_problem)) == MISSING
