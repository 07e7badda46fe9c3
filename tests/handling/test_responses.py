"""The response: DRF's `Response`, rendered late and by our renderer."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.http import HttpRequest
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from pytest_django.fixtures import Settings
from rest_framework import renderers
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.handler import exception_handler
from django_apierrors.handling.responses import make_fallback_response
from django_apierrors.renderers import JSONRenderer
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

NOT_FOUND = body("MISSING_RESOURCE")


class YAMLRenderer(renderers.BaseRenderer):
    """A renderer of another format."""

    media_type, format = "application/yaml", "yaml"

    def render(self, data: Any, *args: object) -> bytes:
        return b"".join(f"{key}: {value}\n".encode() for key, value in data.items())


def set_status(response: Any, status: int) -> None:
    """Change the status alone."""
    response.status_code = status


def set_data(response: Any, data: Any, status: int = 404) -> None:
    """Replace the data."""
    response.data, response.status_code = data, status


CHANGES: dict[str, Callable[[Any], None]] = {
    "add-key": lambda response: response.data.update(till=response.status_code),
    "detail": lambda response: set_data(response, {"detail": "Taken.", "code": "unique"}),
    "string": lambda response: set_data(response, "Taken."),
    "nothing": lambda response: set_data(response, None),
    "success": lambda response: set_data(response, {"ok": False}, 200),
    "no-json": lambda response: response.data.update(till=object()),
    "401": lambda response: set_status(response, 401),
    "410": lambda response: set_status(response, 410),
    "503": lambda response: set_status(response, 503),
}


class MissingView(APIView):
    """Raise, and call our handler from a project's."""

    authentication_classes = [TokenAuthentication]

    def get(self, request: Request, change: str = "") -> Response:
        raise NotFound

    def get_exception_handler(self) -> Any:
        def handle(exc: Exception, context: Any) -> Any:
            response = exception_handler(exc, context)
            if change := context["kwargs"].get("change"):
                CHANGES[change](response)
            return response

        return handle


@method_decorator(cache_page(60), name="dispatch")
class CachedView(MissingView):
    """Behind Django's cache."""


PAGES = [JSONRenderer, renderers.BrowsableAPIRenderer]

urlpatterns = [
    path("missing", MissingView.as_view(), name="missing"),
    path("missing/<str:change>", MissingView.as_view()),
    path("errors/<str:code>", MissingView.as_view(), name="error"),
    path("cached", CachedView.as_view()),
    path("page", MissingView.as_view(renderer_classes=PAGES)),
    path("static", MissingView.as_view(renderer_classes=[renderers.StaticHTMLRenderer])),
]


@pytest.fixture(params=["middleware", "handler alone"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    """Return a client of a site with the middleware, or with the handler alone."""
    if request.param == "handler alone":
        settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    return Client()


def make() -> Response:
    """Return a response that is not rendered yet."""
    response = exception_handler(NotFound(), {})
    assert response is not None
    return response


def test_the_content_is_the_body_however_it_is_read(client: Client) -> None:
    response: Any = client.get("/missing")
    assert response.json() == response.data == json.loads(response.text) == NOT_FOUND
    assert b"".join(response) == response.getvalue() == response.content
    assert response["Content-Type"] == "application/json"
    assert response["Content-Length"] == str(len(response.content))
    head = client.head("/missing")
    assert (head.status_code, head.content) == (404, b"")
    assert head["Content-Type"] == "application/json"


def test_an_error_is_json_under_asgi_too() -> None:
    assert async_to_sync(AsyncClient().get)("/missing").json() == NOT_FOUND


# A view without our renderer gets the same response, which DRF's dispatch would render otherwise.
@pytest.mark.parametrize("renderer", [JSONRenderer, renderers.JSONRenderer, YAMLRenderer])
def test_the_response_inside_dispatch_has_the_attributes_of_drfs_responses(
    client: Client, settings: Settings, renderer: type[renderers.BaseRenderer]
) -> None:
    seen: list[Any] = []

    class InspectingView(MissingView):
        renderer_classes = [renderer]

        def handle_exception(self, exc: Exception) -> Response:
            response = super().handle_exception(exc)
            assert response.data == NOT_FOUND
            response.data["till"] = 4
            return response

        def finalize_response(self, request: Request, response: Any, *args: Any, **kw: Any) -> Any:
            response = super().finalize_response(request, response, *args, **kw)
            assert isinstance(response, Response)
            assert isinstance(response.accepted_renderer, JSONRenderer)
            assert response.accepted_media_type == "application/json"
            assert response.renderer_context["view"] is self
            assert response.renderer_context["request"] is request
            assert response.exception is True
            assert response.is_rendered is False
            seen.append(response)
            return response

    class URLs:
        urlpatterns = [path("inspected", InspectingView.as_view())]

    settings.ROOT_URLCONF = URLs
    assert client.get("/inspected").json() == {**NOT_FOUND, "till": 4}
    # Without Django's handler the test renders it.
    response = InspectingView.as_view()(APIRequestFactory().get("/"))
    assert response is seen[1]
    assert response.render() is response
    assert json.loads(response.content) == response.data == {**NOT_FOUND, "till": 4}


@pytest.mark.parametrize(
    ("change", "status", "content"),
    [
        ("add-key", 404, {**NOT_FOUND, "till": 404}),
        ("410", 410, {**NOT_FOUND, "status": 410}),
        ("detail", 404, body("ALREADY_EXISTS", "Taken.", status=404)),
        ("string", 404, body("MISSING_RESOURCE", "Taken.")),
        ("nothing", 404, NOT_FOUND),
        ("success", 200, {"ok": False}),
        ("no-json", 500, body("INTERNAL_ERROR")),
    ],
)
def test_a_change_of_a_projects_handler_reaches_the_wire(
    change: str, status: int, content: Any, client: Client
) -> None:
    response = client.get(f"/missing/{change}")
    assert (response.status_code, response.json()) == (status, content)


@pytest.mark.parametrize(
    ("status", "header", "value"), [(401, "WWW-Authenticate", "Token"), (503, "Retry-After", "5")]
)
def test_a_status_that_a_projects_handler_sets_has_its_header(
    status: int, header: str, value: str, client: Client
) -> None:
    response = client.get(f"/missing/{status}")
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert response[header] == value


def test_the_link_of_changed_data_is_absolute(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error"}
    link = "http://testserver/errors/MISSING_RESOURCE"
    assert client.get("/missing/string").json()["moreInfo"] == link


def test_changed_data_with_the_code_of_another_status_changes_the_status(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 409}}}
    response = make()
    set_data(response, {"detail": "Taken.", "code": "unique"}, 400)
    assert json.loads(response.render().content) == body("ALREADY_EXISTS", "Taken.", status=409)
    assert response.status_code == 409


def test_data_without_json_gets_the_fallback_and_a_record(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/missing/no-json")
    assert response.content == make_fallback_response().render().content
    assert response["Content-Type"] == "application/json"
    assert "django_apierrors failed while rendering an error." in caplog.text


def test_a_cached_view_sends_its_error_each_time(client: Client) -> None:
    cache.clear()
    assert [client.get("/cached").json() for _time in range(2)] == [NOT_FOUND] * 2


def test_a_response_that_was_sent_can_be_pickled(client: Client) -> None:
    response: Any = client.get("/missing")
    copied = pickle.loads(pickle.dumps(response))
    assert (copied.status_code, copied.content, copied.data) == (404, response.content, NOT_FOUND)
    assert copied.headers == response.headers


def test_an_error_can_be_copied_and_pickled() -> None:
    error = Error.of_status(404)
    assert copy.deepcopy(error).headers == pickle.loads(pickle.dumps(error)).headers == {}


class TemplateMiddleware:
    """A middleware for template responses, as in Django's documentation."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        response.data["seen"] = response.is_rendered
        return response


def test_a_middleware_for_template_responses_sees_the_response(
    client: Client, settings: Settings
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.TemplateMiddleware"]
    assert client.get("/missing").json() == {**NOT_FOUND, "seen": False}


def test_an_error_of_the_browsable_api_is_a_page_for_a_browser_only(client: Client) -> None:
    response: Any = client.get("/page", headers={"accept": "text/html"})
    assert response.data == NOT_FOUND
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "MISSING_RESOURCE" in response.text
    assert client.get("/page").json() == NOT_FOUND


def test_an_error_of_a_renderer_of_pages_is_a_page(client: Client) -> None:
    response = client.get("/static", headers={"accept": "text/html"})
    assert (response.status_code, response.text) == (404, "404 Not Found")
