"""Problem details: RFC 9457 for the client that asks for it, and nothing new for all others."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings
from rest_framework import exceptions, renderers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.asgi import get_asgi_application
from django_apierrors.fallback import BODY, PROBLEM
from django_apierrors.http.problems import get_phrase, make_problem, prefers_problem
from django_apierrors.negotiation import JSONContentNegotiation
from django_apierrors.renderers import JSONRenderer
from django_apierrors.wsgi import get_wsgi_application
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

TYPE = "application/problem+json"
ASKS: dict[str, Any] = {"headers": {"accept": TYPE}}

# RFC 9457, appendix A, its members all required.
SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}


class TextRenderer(renderers.BaseRenderer):
    """Another format of a project's own."""

    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *args: Any) -> bytes:
        """Return it as a text."""
        return str(data).encode()


class ThingAPIView(APIView):
    """Answers, fails, and returns errors."""

    authentication_classes = []

    def get(self, request: Request) -> Response:
        """Answer as the query wants it."""
        return self.answer(request, request.query_params.get("as", ""))

    def post(self, request: Request) -> Response:
        """Read what was sent."""
        return Response(request.data)

    def answer(self, request: Request, how: str) -> Response:
        """Return the answer called `how`."""
        if how == "raised":
            raise exceptions.ValidationError({"name": ["Too long.", "Too loud."]})
        if how == "bug":
            raise LookupError("secret")
        if how == "401":
            raise exceptions.NotAuthenticated
        return {
            "": Response({"name": "thing"}),
            "returned": Response({"name": ["Too long.", "Too loud."]}, status=400),
            "body": Response(make_taken(), status=409),
            "problem": Response(make_problem(make_taken()), status=409),
            "foreign": Response({"type": "/no", "detail": "None left."}, status=409),
            "unspeakable": Response({"detail": lazystr(Unprintable())}, status=409),
        }[how]


class Unprintable:
    """An object without a text."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError("secret")


def make_taken() -> dict[str, Any]:
    """Return a body of ours that a view may return."""
    return {"status": 409, "errors": ["Taken."], "code": "TAKEN", "moreInfo": ""}


class StockAPIView(ThingAPIView):
    """Negotiates as DRF does."""

    content_negotiation_class = DefaultContentNegotiation


class TextAPIView(ThingAPIView):
    """Has no JSON."""

    renderer_classes = [TextRenderer]


class TextFirstAPIView(ThingAPIView):
    """Prefers another format."""

    renderer_classes = [TextRenderer, JSONRenderer]


class BrowsableAPIView(ThingAPIView):
    """Has pages for people."""

    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]


class WrappedAPIView(ThingAPIView):
    """Has a handler in front of ours that changes what it answers."""

    def handle_exception(self, exc: Exception) -> Any:
        """Change the answer as the query wants it."""
        response = super().handle_exception(exc)
        how = self.request.query_params["how"]
        if how == "adds":
            response.data |= {"title": "Too much", "detail": {"of": "mine"}, "hint": "Less."}
        elif how == "replaces":
            response.data["errors"] = ["No."]
        elif how == "forgives":
            response.status_code, response.data = 200, []
        else:
            response.data["hint"] = object()
        return response


def get_page(request: HttpRequest) -> HttpResponse:
    """Answer as a plain view does, with a page."""
    return HttpResponse("<h1>No.</h1>", status=404)


def get_json(request: HttpRequest) -> HttpResponse:
    """Answer as a plain view does, in the format, as if from another server."""
    return JsonResponse(make_taken(), status=409)


def get_problem(request: HttpRequest) -> HttpResponse:
    """Answer as a plain view does, with problem details of ours."""
    return JsonResponse(make_problem(make_taken()), status=409, content_type=TYPE)


urlpatterns = [
    path("thing", ThingAPIView.as_view()),
    path("stock", StockAPIView.as_view()),
    path("text", TextAPIView.as_view()),
    path("no-format", ThingAPIView.as_view(renderer_classes=[])),
    path("text-first", TextFirstAPIView.as_view()),
    path("browsable", BrowsableAPIView.as_view()),
    path("wrapped", WrappedAPIView.as_view()),
    path("page", get_page),
    path("json", get_json),
    path("problem", get_problem),
    path("errors/<str:code>", get_page, name="error-page"),
]


@pytest.fixture
def on(settings: Settings) -> Settings:
    """Have problem details on."""
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    return settings


@pytest.fixture
def client() -> Client:
    """Return a client that sees a 500 as any other answer."""
    return Client(raise_request_exception=False)


def read(response: Any) -> dict[str, Any]:
    """Return the problem in `response`, which must be labelled as one, and valid."""
    assert response["Content-Type"] == TYPE
    # Sessions and languages add what they go by.
    assert "Accept" in response["Vary"].split(", ")
    problem: dict[str, Any] = json.loads(response.content)
    Draft202012Validator(SCHEMA).validate(problem)
    assert problem["status"] == response.status_code
    return problem


def blank(ours: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return the problem without a type that the body `ours` is."""
    return {"type": "about:blank", "title": title, "detail": " ".join(ours["errors"]), **ours}


INVALID = blank(body("INVALID_CONTENT", "name: Too long.", "name: Too loud."), "Bad Request")
MISSING = blank(body("MISSING_RESOURCE"), "Not Found")
TAKEN = blank(make_taken(), "Conflict")

UNSUPPORTED = blank(body("UNSUPPORTED_MEDIA_TYPE"), "Unsupported Media Type")
NONE_LEFT = {"status": 409, "errors": ["None left."], "code": "CONFLICT", "moreInfo": ""}

# What is asked for, and the problem that is the answer.
ANSWERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "raised": ("GET", "/thing?as=raised", INVALID),
    "raised in a view without JSON": ("GET", "/text?as=raised", INVALID),
    "returned": ("GET", "/thing?as=returned", INVALID),
    "returned as a body": ("GET", "/thing?as=body", TAKEN),
    "returned as a foreign problem": ("GET", "/thing?as=foreign", blank(NONE_LEFT, "Conflict")),
    "returned by another renderer": ("GET", "/text?as=returned", INVALID),
    "no credentials": ("GET", "/thing?as=401", blank(body("UNAUTHENTICATED"), "Unauthorized")),
    "no such verb": ("PUT", "/thing", blank(body("METHOD_NOT_ALLOWED"), "Method Not Allowed")),
    "no such format": ("GET", "/thing?format=xml", UNSUPPORTED),
    "no such URL": ("GET", "/nowhere", MISSING),
}


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("name", ANSWERS)
def test_an_error_is_problem_details_for_who_asks_for_them(client: Client, name: str) -> None:
    method, url, problem = ANSWERS[name]
    assert read(client.generic(method, url, **ASKS)) == problem


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("name", ANSWERS)
def test_for_all_others_an_error_is_the_body_and_varies(client: Client, name: str) -> None:
    method, url, problem = ANSWERS[name]
    response = client.generic(method, url)
    ours = {name: problem[name] for name in ("status", "errors", "code", "moreInfo")}
    assert response.json() == ours
    assert (response["Content-Type"], response["Vary"]) == ("application/json", "Accept")


@pytest.mark.parametrize("name", ANSWERS)
def test_without_the_setting_nobody_gets_them(client: Client, name: str) -> None:
    method, url, _ = ANSWERS[name]
    response = client.generic(method, url, **ASKS)
    assert list(response.json()) == ["status", "errors", "code", "moreInfo"]
    assert response["Content-Type"] == "application/json"


async def _ask_async(client: AsyncClient) -> dict[str, Any]:
    return read(await client.get("/nowhere", **ASKS))


@pytest.mark.usefixtures("on")
def test_under_asgi_it_is_the_same() -> None:
    assert async_to_sync(_ask_async)(AsyncClient()) == MISSING


@pytest.mark.usefixtures("on")
def test_a_problem_has_the_header_of_its_status(client: Client) -> None:
    assert client.get("/thing?as=401", **ASKS)["WWW-Authenticate"] == 'Session realm="api"'
    assert client.put("/thing", **ASKS)["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("middleware", [True, False])
def test_a_bug_is_a_problem_with_its_reference(
    client: Client, on: Settings, middleware: bool
) -> None:
    if not middleware:
        on.MIDDLEWARE = []
    problem = read(client.get("/thing?as=bug", **ASKS))
    assert (problem["title"], problem["code"]) == ("Internal Server Error", "INTERNAL_ERROR")
    assert re.search(r"Reference: [0-9a-f]{12}\.$", problem["detail"])


def test_a_refused_csrf_token_is_a_problem(on: Settings) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "PATHS": ["/"]}
    response = Client(enforce_csrf_checks=True).post("/page", **ASKS)
    assert read(response) == blank(body("ACCESS_FORBIDDEN"), "Forbidden")


def test_the_details_of_an_error_are_a_member_too(client: Client, on: Settings) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "DETAILS": True}
    details = [
        {"field": "name", "code": "invalid", "message": text} for text in ("Too long.", "Too loud.")
    ]
    response = client.get("/thing?as=raised", **ASKS)
    assert read(response) == INVALID | {"details": details}


# What a plain view answers below `PATHS`, where all is ours.
@pytest.mark.parametrize("url", ["/json", "/problem"])
def test_what_is_in_the_format_already_is_not_wrapped_twice(
    client: Client, on: Settings, url: str
) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "PATHS": ["/"]}
    assert read(client.get(url, **ASKS)) == TAKEN


@pytest.mark.usefixtures("on")
def test_a_problem_of_ours_that_a_view_returns_is_not_wrapped_twice(client: Client) -> None:
    assert read(client.get("/thing?as=problem", **ASKS)) == TAKEN
    assert client.get("/thing?as=problem").json() == TAKEN


@pytest.mark.usefixtures("on")
def test_what_a_plain_view_answers_elsewhere_is_left_alone(client: Client) -> None:
    response = client.get("/json", **ASKS)
    assert (response.json(), response["Content-Type"]) == (make_taken(), "application/json")
    assert "Vary" not in response


# A handler in front of ours.


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(
    ("how", "changes"),
    [
        ("adds", {"title": "Too much", "hint": "Less."}),
        ("replaces", {"errors": ["No."], "detail": "No."}),
    ],
)
def test_what_a_handler_in_front_changes_is_in_the_problem(
    client: Client, how: str, changes: dict[str, Any]
) -> None:
    assert read(client.get(f"/wrapped?as=raised&how={how}", **ASKS)) == INVALID | changes


@pytest.mark.usefixtures("on")
def test_an_error_that_a_handler_in_front_makes_a_success_is_json(client: Client) -> None:
    response = client.get("/wrapped?as=raised&how=forgives", **ASKS)
    assert (response.status_code, response.json()) == (200, [])
    assert response["Content-Type"] == "application/json"


# What is sent when making an error fails.


def test_the_last_resort_as_a_problem_is_the_one_that_it_is_otherwise() -> None:
    assert json.loads(PROBLEM) == blank(json.loads(BODY), "Internal Server Error")


@pytest.mark.parametrize(
    ("url", "settings_of_ours"),
    [
        ("/wrapped?as=raised&how=breaks", {}),
        ("/thing?as=unspeakable", {}),
        ("/thing?as=raised", {"EXCEPTIONS": None}),
        ("/nowhere", {"CODES": None}),
    ],
)
def test_the_last_resort_is_a_problem_too(
    client: Client, on: Settings, url: str, settings_of_ours: dict[str, Any]
) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, **settings_of_ours}
    assert read(client.get(url, **ASKS)) == json.loads(PROBLEM)
    response = client.get(url)
    assert response.content == BODY
    assert response["Content-Type"] == "application/json"


def test_the_last_resort_for_a_broken_urlconf_is_a_problem_too(
    client: Client, on: Settings
) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "CODES": None}
    on.ROOT_URLCONF = "no_such_module"
    assert read(client.get("/thing", **ASKS)) == json.loads(PROBLEM)


def test_settings_that_cannot_be_read_have_no_problems(
    client: Client, on: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    on.API_ERRORS = 7
    response = client.get("/thing?as=raised", **ASKS)
    assert (response.content, response["Content-Type"]) == (BODY, "application/json")
    messages = [record.getMessage() for record in caplog.records]
    assert "django_apierrors failed while reading PROBLEM_JSON." in messages


# Requests that Django cannot make an object of.

MALFORMED_REQUEST_ERRORS = "application/json; a*=bogus''x"


def ask_wsgi(headers: Mapping[str, str]) -> HttpResponse:
    """Send an unreadable request to the WSGI application, and return the answer."""
    answer = HttpResponse()

    def start_response(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
        answer.status_code = int(status.split()[0])
        for name, value in headers:
            answer[name] = value

    environ: dict[str, Any] = {"CONTENT_TYPE": MALFORMED_REQUEST_ERRORS, "wsgi.input": io.BytesIO()}
    setup_testing_defaults(environ)
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    response: Any = get_wsgi_application()(environ, start_response)
    answer.content = b"".join(response)
    response.close()
    return answer


def ask_asgi(headers: Mapping[str, str]) -> HttpResponse:
    """Send an unreadable request to the ASGI application, and return the answer."""
    sent = {**headers, "content-type": MALFORMED_REQUEST_ERRORS}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/thing",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }

    async def ask() -> HttpResponse:
        communicator = ApplicationCommunicator(get_asgi_application(), scope)
        await communicator.send_input({"type": "http.request", "body": b""})
        start = await communicator.receive_output(5)
        content = await communicator.receive_output(5)
        answer = HttpResponse(content["body"], status=start["status"])
        for name, value in start["headers"]:
            answer[name.decode()] = value.decode()
        return answer

    return async_to_sync(ask)()


@pytest.mark.usefixtures("on")
@pytest.mark.django_db
@pytest.mark.parametrize("ask", [ask_wsgi, ask_asgi])
def test_a_request_that_cannot_be_read_is_a_problem(ask: Any) -> None:
    assert read(ask({"accept": TYPE})) == UNSUPPORTED


@pytest.mark.usefixtures("on")
@pytest.mark.django_db
@pytest.mark.parametrize("ask", [ask_wsgi, ask_asgi])
def test_a_request_that_cannot_be_read_and_asks_for_nothing_is_json(ask: Any) -> None:
    response = ask({})
    assert json.loads(response.content) == body("UNSUPPORTED_MEDIA_TYPE")
    assert (response["Content-Type"], response["Vary"]) == ("application/json", "Accept")


@pytest.mark.django_db
@pytest.mark.parametrize("ask", [ask_wsgi, ask_asgi])
def test_a_request_that_cannot_be_answered_either_is_the_last_resort(
    ask: Any, on: Settings
) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "CODES": None}
    assert read(ask({"accept": TYPE})) == json.loads(PROBLEM)


# `type` and `title`.

MESSAGE = "The resource you try to access does not exist, or is outside your scope."


@pytest.mark.parametrize("code_format", ["legacy", "name", "number"])
@pytest.mark.parametrize(
    ("more_info", "link"),
    [
        ("https://docs.example/{code}", "https://docs.example/MISSING_RESOURCE"),
        ("error-page", "http://testserver/errors/MISSING_RESOURCE"),
    ],
)
def test_with_a_page_for_the_code_that_is_the_type_and_its_message_the_title(
    client: Client, on: Settings, more_info: str, link: str, code_format: str
) -> None:
    on.API_ERRORS = {"PROBLEM_JSON": True, "MORE_INFO": more_info, "CODE_FORMAT": code_format}
    problem = read(client.get("/nowhere", **ASKS))
    assert (problem["type"], problem["moreInfo"], problem["title"]) == (link, link, MESSAGE)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("OUT_OF_STOCK", "Out of stock."),
        ("SOLD_OUT", "None left."),
        (7, "None left."),
        (8, "Conflict"),
    ],
)
def test_the_title_of_a_code_of_the_projects_own_is_its_message(
    on: Settings, code: str | int, title: str
) -> None:
    codes = {"SOLD_OUT": {"status": 409, "number": 7, "message": "None left."}}
    on.API_ERRORS = {"CODES": codes}
    more_info = "https://docs.example/"
    problem = make_problem({**make_taken(), "code": code, "moreInfo": more_info})
    assert (problem["title"], problem["type"]) == (title, more_info)


def speak_english_at_the_end(get_response: Any) -> Any:
    """Return a middleware that leaves the thread in another language than that of the request."""

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        translation.activate("en")
        return response

    return answer


@pytest.mark.parametrize("url", ["/nowhere", "/thing?as=bug"])
def test_the_title_is_in_the_language_of_the_request(
    client: Client, on: Settings, url: str
) -> None:
    on.MIDDLEWARE = [
        on.MIDDLEWARE[0],
        f"{__name__}.speak_english_at_the_end",
        "django.middleware.locale.LocaleMiddleware",
        *on.MIDDLEWARE[1:],
    ]
    names = ("MISSING_RESOURCE", "INTERNAL_ERROR")
    on.API_ERRORS = {
        "PROBLEM_JSON": True,
        "MORE_INFO": "https://docs.example/{code}",
        "CODES": {name: {"message": gettext_lazy("Forbidden")} for name in names},
    }
    with translation.override("en"):
        response = client.get(url, headers={"accept": TYPE, "accept-language": "de"})
    problem = read(response)
    assert problem["title"] == "Verboten"
    assert problem["detail"].startswith("Verboten")


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (499, "HTTP 499"),
    ],
)
def test_the_phrase_of_a_status_is_the_same_on_each_python(status: int, phrase: str) -> None:
    assert get_phrase(status) == phrase


# Who asks.

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "problem-details.md").read_text("utf-8")
ASKING = {"problem details": TYPE, "JSON": "application/json"}
TABLE = re.findall(r"^\| `(.+?)` \| (problem details|JSON) \|$", DOCS, re.MULTILINE)

# What the page leaves out.
FURTHER = [
    ("Application/Problem+JSON", "problem details"),
    ("application/problem+json; charset=utf-8", "problem details"),
    ("application/problem+json;q=0.001", "problem details"),
    ("application/problem+json, application/json;q=0", "problem details"),
    ("application/problem+json;q=x, text/csv", "problem details"),
    (
        "application/problem+json, application/json;q=0.5, application/problem+json;q=0.1",
        "problem details",
    ),
    ("application/problem+json, application/json;q=0.9999", "JSON"),
    ("application/problem+json, application/json;q=nan", "JSON"),
    ("application/problem+json;q=0.5, application/*;q=0.6", "JSON"),
    ("application/*;q=0.9, application/json;q=0.5", "JSON"),
    ("text/html, application/json;q=0.5, */*;q=0.8", "JSON"),
]


def test_the_page_has_a_table_of_who_asks() -> None:
    assert len(TABLE) == 9
    assert {kind for _, kind in TABLE} == set(ASKING)


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(("accept", "kind"), [*TABLE, *FURTHER])
def test_the_kind_of_an_error_goes_by_accept(client: Client, accept: str, kind: str) -> None:
    response = client.get("/thing?as=raised", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (400, ASKING[kind])


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("url", ["/thing?as=raised", "/nowhere"])
def test_an_accept_that_cannot_be_read_asks_for_nothing(client: Client, url: str) -> None:
    accept = f"{TYPE}, text/html; a*=bogus''x"
    response = client.get(url, headers={"accept": accept})
    assert response["Content-Type"] == "application/json"
    assert response.json()["status"] == response.status_code


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(
    ("url", "accept", "content"),
    [
        ("/thing", TYPE, b'{"name":"thing"}'),
        ("/thing", f"{TYPE}, application/json;q=0", b'{"name":"thing"}'),
        ("/thing", f"{TYPE}, text/csv", b'{"name":"thing"}'),
        ("/thing?format=json", TYPE, b'{"name":"thing"}'),
        ("/text-first", TYPE, b'{"name":"thing"}'),
        ("/text-first", f"{TYPE}, text/plain;q=0.5", b"{'name': 'thing'}"),
        ("/text-first?format=txt", TYPE, b"{'name': 'thing'}"),
        ("/text", TYPE, b"{'name': 'thing'}"),
    ],
)
def test_a_success_is_what_it_was(client: Client, url: str, accept: str, content: bytes) -> None:
    response = client.get(url, headers={"accept": accept})
    assert (response.status_code, response.content) == (200, content)
    media_type = "application/json" if content.startswith(b'{"') else "text/plain"
    assert response["Content-Type"].partition(";")[0] == media_type


def test_without_the_setting_there_is_no_success(client: Client) -> None:
    assert client.get("/thing", **ASKS).status_code == 415


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("accept", ["application/xml", "application/problem+json;q=0"])
def test_others_are_refused_what_there_is_not(client: Client, accept: str) -> None:
    response = client.get("/thing", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (415, "application/json")


@pytest.mark.usefixtures("on")
def test_a_stock_negotiation_refuses_with_a_problem(client: Client) -> None:
    assert read(client.get("/stock", **ASKS)) == UNSUPPORTED


@pytest.mark.usefixtures("on")
def test_a_view_without_renderers_refuses_with_a_problem(client: Client) -> None:
    assert read(client.get("/no-format", **ASKS)) == UNSUPPORTED


@pytest.mark.usefixtures("on")
def test_a_body_in_another_format_is_refused(client: Client) -> None:
    response = client.post("/thing", "<a/>", "application/xml", **ASKS)
    assert read(response)["code"] == "UNSUPPORTED_MEDIA_TYPE"


ACCEPTS = st.lists(
    st.sampled_from([TYPE, f"{TYPE};q=0.5", "*/*", "application/json;q=nan", "text/html;a*=x'y'z"])
    | st.text(st.characters(max_codepoint=255), max_size=20),
    max_size=4,
).map(",".join)


@given(ACCEPTS)
def test_whatever_accept_is_the_question_is_answered(accept: str) -> None:
    with override_settings(API_ERRORS={"PROBLEM_JSON": True}):
        request = RequestFactory().get("/", headers={"accept": accept})
        assert prefers_problem(request) in (True, False)


# Pages for people.

HTML_TOO = f"{TYPE}, text/html;q=0.9"


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("how", ["raised", "returned"])
@pytest.mark.parametrize("accept", ["text/html", f"text/html, {TYPE};q=0.9"])
def test_who_asks_for_no_problem_gets_a_page(client: Client, accept: str, how: str) -> None:
    response = client.get(f"/browsable?as={how}", headers={"accept": accept})
    assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("how", ["raised", "returned"])
def test_who_would_rather_have_a_problem_gets_no_page_of_an_error(client: Client, how: str) -> None:
    response = client.get(f"/browsable?as={how}", headers={"accept": HTML_TOO})
    assert read(response) == INVALID


@pytest.mark.usefixtures("on")
def test_who_would_rather_have_a_problem_gets_no_page_of_an_unmatched_url(client: Client) -> None:
    assert read(client.get("/nowhere", headers={"accept": HTML_TOO})) == MISSING


# What the page says of a project's own classes and functions.


class NewestNegotiation(DefaultContentNegotiation):
    """A project's own."""


class Negotiation(JSONContentNegotiation, NewestNegotiation):
    """The same, after ours."""


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(("cls", "status"), [(NewestNegotiation, 415), (Negotiation, 200)])
def test_a_negotiation_of_the_projects_own_may_come_after_ours(
    cls: type[DefaultContentNegotiation], status: int
) -> None:
    view = ThingAPIView.as_view(content_negotiation_class=cls)
    assert view(RequestFactory().get("/", **ASKS)).status_code == status
