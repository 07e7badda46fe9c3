"""The response: bytes at the last moment, and what later stages expect of a DRF Response."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from rest_framework import renderers
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.handler import exception_handler
from django_apierrors.handling.responses import APIErrorResponse, make_last_resort
from django_apierrors.renderers import JSONRenderer

pytestmark = pytest.mark.urls(__name__)

Change = Callable[[HttpResponse], None]

NOT_FOUND = {
    "status": 404,
    "errors": ["The resource you try to access does not exist, or is outside your scope."],
    "code": "MISSING_RESOURCE",
    "moreInfo": "",
}


def set_status(status: int) -> Change:
    """Return a change of the status alone."""

    def change(response: Any) -> None:
        response.status_code = status

    return change


def add_member(response: Any) -> None:
    """Add a member, as DRF's documentation does."""
    response.data["till"] = response.status_code


def put_detail(response: Any) -> None:
    """Put data of another shape in place of ours."""
    response.data = {"detail": "Taken.", "code": "unique"}


def put_text(response: Any) -> None:
    """Put a text."""
    response.data = "Taken."


def put_nothing(response: Any) -> None:
    """Take the data away."""
    response.data = None


def always_200(response: Any) -> None:
    """Tell every client that all is well, as some protocols want it."""
    response.status_code = 200
    response.data = {"ok": False}


def put_no_json(response: Any) -> None:
    """Add what has no JSON."""
    response.data["till"] = object()


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (add_member, put_detail, put_text, put_nothing, always_200, put_no_json)
} | {f"set_{status}": set_status(status) for status in (401, 405, 410, 429, 503)}


class MissingAPIView(APIView):
    """Raises, and has a wrapper in front of our handler."""

    authentication_classes = [TokenAuthentication]

    def get(self, request: Request, change: str = "") -> Response:
        """Raise."""
        raise NotFound

    def get_exception_handler(self) -> Any:
        """Return a handler as projects write them."""

        def wrapper(exc: Exception, context: Any) -> Any:
            response = exception_handler(exc, context)
            if change := context["kwargs"].get("change"):
                CHANGES[change](response)
            return response

        return wrapper


@method_decorator(cache_page(60), name="dispatch")
class CachedAPIView(MissingAPIView):
    """Behind Django's cache."""


class PageAPIView(MissingAPIView):
    """Has pages for people."""

    renderer_classes = [JSONRenderer, renderers.BrowsableAPIRenderer]


class StaticAPIView(MissingAPIView):
    """Has nothing but a page."""

    renderer_classes = [renderers.StaticHTMLRenderer]


urlpatterns = [
    path("missing", MissingAPIView.as_view()),
    path("missing/<str:change>", MissingAPIView.as_view()),
    path("cached", CachedAPIView.as_view()),
    path("page", PageAPIView.as_view()),
    path("static", StaticAPIView.as_view()),
]


def make() -> APIErrorResponse:
    """Return a response that is not rendered yet."""
    response = exception_handler(NotFound(), {})
    assert isinstance(response, APIErrorResponse)
    return response


def read(response: HttpResponse) -> Any:
    """Return the body that is on the wire."""
    return json.loads(response.content)


@pytest.fixture(params=[True, False], ids=["middleware", "two lines only"])
def installed(request: pytest.FixtureRequest, settings: Any) -> None:
    """Run a test with our middleware and without."""
    if not request.param:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]


@pytest.mark.usefixtures("installed")
def test_an_error_is_json_whatever_the_client_reads_it_by(client: Client) -> None:
    response = client.get("/missing")
    assert response.json() == response.data == json.loads(response.text) == NOT_FOUND
    assert b"".join(response) == response.getvalue() == response.content
    assert bytes(response).endswith(b"\r\n\r\n" + response.content)
    assert response["Content-Type"] == "application/json"
    assert response["Content-Length"] == str(len(response.content))


def test_a_head_request_has_the_headers_and_no_body(client: Client) -> None:
    response = client.head("/missing")
    assert (response.status_code, response.content) == (404, b"")
    assert response["Content-Type"] == "application/json"


def test_an_error_is_json_under_asgi_too() -> None:
    response = async_to_sync(AsyncClient().get)("/missing")
    assert response.json() == NOT_FOUND


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("change", "status", "body"),
    [
        ("add_member", 404, {**NOT_FOUND, "till": 404}),
        ("set_410", 410, {**NOT_FOUND, "status": 410}),
        (
            "put_detail",
            404,
            {"status": 404, "errors": ["Taken."], "code": "ALREADY_EXISTS", "moreInfo": ""},
        ),
        (
            "put_text",
            404,
            {"status": 404, "errors": ["Taken."], "code": "MISSING_RESOURCE", "moreInfo": ""},
        ),
        ("put_nothing", 404, NOT_FOUND),
        ("always_200", 200, {"ok": False}),
    ],
)
def test_what_a_handler_in_front_changes_reaches_the_wire(
    change: str, status: int, body: Any, client: Client
) -> None:
    response = client.get(f"/missing/{change}")
    assert response.json() == body
    assert response.status_code == status


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [(401, "WWW-Authenticate", "Token"), (429, "Retry-After", "5"), (503, "Retry-After", "5")],
)
def test_a_status_that_a_handler_in_front_sets_has_its_headers(
    status: int, header: str, value: str, client: Client
) -> None:
    response = client.get(f"/missing/set_{status}")
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert response[header] == value


def test_data_whose_code_the_project_sends_with_another_status_changes_both(
    settings: Any,
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 409}}}
    response = make()
    response.status_code = 400
    put_detail(response)
    response.render()
    assert response.status_code == read(response)["status"] == 409


def test_the_link_of_changed_data_is_absolute(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error"}
    settings.ROOT_URLCONF = Links
    response = client.get("/put_text")
    assert response.json()["moreInfo"] == "http://testserver/errors/MISSING_RESOURCE"


class Links:
    """A URLconf with a page for each code."""

    urlpatterns = [
        path("errors/<str:code>", MissingAPIView.as_view(), name="error"),
        path("<str:change>", MissingAPIView.as_view()),
    ]


@pytest.mark.usefixtures("installed")
def test_data_that_is_no_json_gives_the_last_resort_and_a_record(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/missing/put_no_json")
    assert response.content == make_last_resort().content
    assert response.status_code == 500
    assert response["Content-Type"] == "application/json"
    assert "django_apierrors failed while rendering an error." in caplog.text


def test_the_last_resort_is_a_body() -> None:
    response = make_last_resort()
    assert read(response) == {
        "status": 500,
        "errors": [
            "An error on our side, we're sorry. Please get in touch including details of the "
            "request you tried and the response you received."
        ],
        "code": "INTERNAL_ERROR",
        "moreInfo": "",
    }
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")


def test_a_response_is_rendered_as_tests_with_a_request_factory_do() -> None:
    response = MissingAPIView.as_view()(APIRequestFactory().get("/"))
    assert response.is_rendered is False
    assert response.render() is response
    assert response.is_rendered is True
    assert response.data == read(response) == NOT_FOUND


def test_a_response_that_is_rendered_stays_as_it_is() -> None:
    response = make()
    response.render()
    response.data["till"] = 4
    assert read(response.render()) == NOT_FOUND


def test_content_that_is_set_is_sent() -> None:
    response = make()
    response.content = b"{}"
    assert (response.is_rendered, response.render().content) == (True, b"{}")


def test_a_callback_is_called_once_the_response_is_rendered() -> None:
    response, seen = make(), []
    response.add_post_render_callback(lambda rendered: seen.append(rendered.content))
    assert seen == []
    response.render()
    response.render()
    assert seen == [response.content]


def test_a_callback_is_called_where_the_content_is_asked_for_first() -> None:
    response, seen = make(), []
    response.add_post_render_callback(lambda rendered: seen.append(rendered.content))
    content = response.content
    response.render()
    assert seen == [content]


def test_a_callback_may_put_another_response_in_place() -> None:
    response, other = make(), HttpResponse()
    response.add_post_render_callback(lambda rendered: other)
    assert response.render() is other


def test_a_callback_that_comes_late_is_called_at_once() -> None:
    response, seen = make(), []
    response.render()
    response.add_post_render_callback(seen.append)
    assert seen == [response]


def test_a_cached_view_answers_its_error_each_time(client: Client) -> None:
    cache.clear()
    assert [client.get("/cached").json() for _time in range(2)] == [NOT_FOUND] * 2


def test_a_response_that_was_sent_can_be_pickled(client: Client) -> None:
    response = client.get("/missing")
    thawed = pickle.loads(pickle.dumps(response))
    assert (thawed.status_code, thawed.content, thawed.data) == (404, response.content, NOT_FOUND)
    assert thawed.headers == response.headers


def test_a_response_that_is_not_rendered_is_pickled_as_it_will_be() -> None:
    response = make()
    response.add_post_render_callback(lambda rendered: None)
    thawed = pickle.loads(pickle.dumps(response))
    assert read(thawed.render()) == NOT_FOUND


def test_a_copy_has_the_body() -> None:
    assert read(copy.copy(make())) == NOT_FOUND


class TemplateMiddleware:
    """As Django's documentation has it for template responses."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Read what every DRF response has, and add a member."""
        assert response.context_data is response.template_name is None
        response.data["seen"] = response.is_rendered
        return response


@pytest.mark.usefixtures("installed")
def test_middleware_for_template_responses_sees_the_response(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.TemplateMiddleware"]
    assert client.get("/missing").json() == {**NOT_FOUND, "seen": False}


@pytest.mark.usefixtures("installed")
def test_an_error_of_the_browsable_api_is_a_page(client: Client) -> None:
    response = client.get("/page", headers={"accept": "text/html"})
    assert isinstance(response, Response)
    assert response.data == NOT_FOUND
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "MISSING_RESOURCE" in response.text


def test_an_error_of_the_browsable_api_is_json_for_a_program(client: Client) -> None:
    assert client.get("/page").json() == NOT_FOUND


def test_an_error_of_a_page_without_a_template_is_the_renderer_s(client: Client) -> None:
    response = client.get("/static", headers={"accept": "text/html"})
    assert (response.status_code, response.text) == (404, "404 Not Found")


def test_a_page_has_the_headers_of_its_status() -> None:
    request = Request(APIRequestFactory().get("/"))
    request.accepted_renderer = renderers.BrowsableAPIRenderer()
    response = exception_handler(NotAuthenticated(), {"request": request, "view": PageAPIView()})
    assert isinstance(response, Response)
    assert response["WWW-Authenticate"] == "Token"


def test_the_content_may_be_put_there_in_any_type_that_django_takes() -> None:
    for content in ("café", "café".encode(), ["ca", "fé"]):
        response: Any = exception_handler(NotFound(), {})
        response.content = content
        assert response.content == "café".encode()
        assert response.is_rendered


def test_text_is_that_of_content_that_was_put_there_later() -> None:
    """As with Django's own setter, which forgets the text that it has decoded."""
    response = APIErrorResponse({"status": 400, "errors": ["a"], "code": "X", "moreInfo": ""}, 400)
    assert response.content.decode() == response.text
    response.content = b"new"
    assert response.text == "new"


@pytest.mark.parametrize("status", [99, 600])
def test_a_status_that_http_does_not_have_makes_no_response(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        APIErrorResponse(Error.of_status(404).get_body(), status)


def test_an_error_can_be_copied_and_pickled() -> None:
    error = Error.of_status(404)
    assert copy.deepcopy(error).headers == pickle.loads(pickle.dumps(error)).headers == {}


def test_a_class_of_a_projects_own_keeps_what_it_sets_first() -> None:
    class OwnResponse(APIErrorResponse):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.tag = "own"
            super().__init__(*args, **kwargs)

    body = Error.of_status(400).get_body()
    assert OwnResponse(body, 400).tag == "own"
