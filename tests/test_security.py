"""Errors do not run scripts, write headers or reveal hidden objects, with any request."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path
from pytest_django import Settings
from rest_framework import viewsets as stock_viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    MethodNotAllowed,
    Throttled,
    ValidationError,
)
from rest_framework.permissions import SAFE_METHODS, BasePermission, DjangoObjectPermissions
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import viewsets
from django_apierrors.renderers import JSONRenderer
from tests.fuzz.project import RawResponse, send
from tests.fuzz.targets import JSON, act
from tests.models import Shelf
from tests.services import skip_or_fail
from tests.support import NameSerializer, make_view, subclass, throw

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

SCRIPT = "<script>document.title = 'pwned'</script>"
LINES = "x\r\nSet-Cookie: session=evil\r\n\r\n<p>"
NOSNIFF = "X-Content-Type-Options"


# Scripts in messages.


class OutOfStock(APIException):
    """An error whose message is a script."""

    status_code = 409
    default_detail = SCRIPT


def make_page(status: int, **headers: str) -> HttpResponse:
    """Return an HTML page that contains the script."""
    return HttpResponse(SCRIPT, status=status, headers=headers)


WAYS: dict[str, Callable[[], RawResponse]] = {
    "a validation error": lambda: act(
        lambda: throw(ValidationError({SCRIPT: SCRIPT})), "drf", "middleware"
    ),
    "an exception, by the handler alone": lambda: act(
        lambda: throw(OutOfStock()), "drf", "handler"
    ),
    "a returned error": lambda: act(lambda: Response({"error": SCRIPT}, 409), "drf", "handler"),
    "a page of a plain view": lambda: act(lambda: make_page(400), "plain", "middleware"),
    "an unhandled exception": lambda: act(lambda: throw(RuntimeError(SCRIPT)), "drf", "middleware"),
    "an async view": lambda: act(lambda: throw(OutOfStock()), "async", "middleware"),
    "another middleware": lambda: act(lambda: throw(OutOfStock()), "middleware", "middleware"),
    "a method": lambda: send(SCRIPT, "/drf", JSON),
    "an unmatched URL": lambda: send("GET", f"/{SCRIPT}", JSON),
    "a bad Host": lambda: send("GET", "/drf", {**JSON, "HTTP_HOST": SCRIPT}),
    "a malformed document": lambda: send("POST", "/ours/shelves", JSON, SCRIPT.encode()),
    "a Content-Type that does not parse": lambda: send(
        "POST", "/drf", {**JSON, "CONTENT_TYPE": f"application/json; a*=bogus''{SCRIPT}"}
    ),
    "an error that cannot be made": lambda: act(
        lambda: throw(ValidationError(SCRIPT)), "drf", "handler", CODE_FORMAT=[], CODES=None
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_error_is_json_that_a_browser_does_not_sniff(way: str) -> None:
    response = WAYS[way]()
    assert response.status >= 400
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers[NOSNIFF] == "nosniff"


def test_a_success_does_not_get_the_header() -> None:
    assert NOSNIFF not in act(lambda: Response({}), "drf", "middleware").headers


class QuietHandler(WSGIRequestHandler):
    """A handler without a log."""

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """A site with an error at `/json`, and the same bytes as HTML at `/page`."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        response = WAYS["a validation error"]()
        headers = dict(response.headers)
        if environ["PATH_INFO"] == "/page":
            headers["Content-Type"] = "text/html"
        start_response("400 Bad Request", list(headers.items()))
        return [response.content]

    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.once
def test_a_browser_shows_a_script_and_does_not_run_it(site: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        skip_or_fail("Chromium is not installed")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]

    def load(url: str) -> str:
        return subprocess.run(
            [*command, url], capture_output=True, text=True, timeout=60, check=True
        ).stdout

    # As HTML the same bytes run, so the test can fail.
    assert "<title>pwned</title>" in load(f"{site}/page")
    document = load(f"{site}/json")
    assert "<title>pwned</title>" not in document
    assert "&lt;script&gt;document.title" in document


def test_the_browsable_api_escapes_a_script(client: Client) -> None:
    page = client.get("/browsable", headers={"Accept": "text/html"}).content.decode()

    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


# Line breaks in headers.


@pytest.mark.parametrize(
    ("exception", "status"),
    [
        (ValidationError({LINES: [LINES]}, LINES), 400),
        (AuthenticationFailed(LINES, LINES), 401),
        (MethodNotAllowed(LINES), 405),
        (Throttled(5, LINES), 429),
        (APIException(LINES, LINES), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_is_not_part_of_a_header(exception: APIException, status: int) -> None:
    response = act(lambda: throw(exception), "drf", "middleware")

    assert response.status == status
    assert "Set-Cookie" not in response.headers
    assert not [value for value in response.headers.values() if "\n" in value or "\r" in value]


@pytest.mark.parametrize("method", ["GET\r\nSet-Cookie: a=b", "\u00e9"])
def test_a_method_is_not_part_of_a_header(method: str) -> None:
    response = send(method, "/drf", JSON)

    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


# Objects of other users.


class NotYours(BasePermission):
    """Allows the object with the name `mine` alone."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        return obj.name == "mine"


class NoShelf(APIException):
    """An exception of the project."""

    status_code = 403
    default_code = "no_shelf"


def make_raising(exception: Exception) -> type[NotYours]:
    """Return a permission that raises `exception`."""

    def has_object_permission(*args: Any) -> bool:
        return args[-1].name == "mine" or throw(exception)

    return subclass(NotYours, has_object_permission=has_object_permission)


class ObjectPermissions(DjangoObjectPermissions):
    """Requires the permission to view too. Django's backend grants none for an object."""

    perms_map = {
        **DjangoObjectPermissions.perms_map,
        **{method: ["%(app_label)s.view_%(model_name)s"] for method in ("GET", "HEAD")},
    }


PERMISSIONS: dict[str, type[Any]] = {
    "plain": NotYours,
    "with a message": subclass(NotYours, code="not_yours", message="Somebody else's."),
    "raises Django's exception": make_raising(PermissionDenied("Not yours.")),
    "raises a project's exception": make_raising(NoShelf()),
    "allows no method that writes": subclass(
        NotYours, has_permission=lambda self, request, view: request.method in SAFE_METHODS
    ),
    "of Django's permissions": ObjectPermissions,
}
VIEWSETS = {"stock": stock_viewsets.ModelViewSet, "ours": viewsets.ModelViewSet}
ACTIONS = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

REQUESTS = [
    *((method, "") for method in ("GET", "HEAD", "DELETE", "OPTIONS")),
    *(
        (method, content)
        for method in ("POST", "PUT", "PATCH")
        for content in ('{"name": "new"}', '{"name": ""}', "{")
    ),
]


def make_viewset(viewset: type[Any], permission: type[Any]) -> Any:
    """Return a view of shelves."""
    return subclass(
        viewset,
        queryset=Shelf.objects.order_by("pk"),
        serializer_class=NameSerializer,
        permission_classes=[permission],
        authentication_classes=[SessionAuthentication],
        renderer_classes=[JSONRenderer, BrowsableAPIRenderer],
        http_method_names=["get", "post", "put", "patch", "delete", "head", "options"],
    ).as_view(ACTIONS)


urlpatterns = [
    path(
        "browsable",
        make_view(
            lambda request: throw(ValidationError({SCRIPT: SCRIPT})),
            renderer_classes=[JSONRenderer, BrowsableAPIRenderer],
        ),
    ),
    *(
        path(f"{name}/{permission}/<int:pk>", make_viewset(viewset, permission_class))
        for name, viewset in VIEWSETS.items()
        for permission, permission_class in PERMISSIONS.items()
    ),
]


@pytest.fixture
def user() -> User:
    """A user with all model permissions for shelves."""
    user = User.objects.create_user("anna")
    user.user_permissions.set(Permission.objects.filter(content_type__model="shelf"))
    return user


def exchange(
    client: Client, method: str, url: str, pk: int, content: str, **headers: str
) -> tuple[int, dict[str, str], str, list[str]]:
    """Return the response and the queries for shelves, with the key and random values replaced."""
    with CaptureQueriesContext(connection) as queries:
        response = client.generic(
            method, f"{url}/{pk}", content, "application/json", headers=headers
        )
    text = response.content.decode().replace(str(pk), "KEY")
    # The CSRF token of the forms of the browsable API differs in each response.
    text = re.sub(r"\b[0-9A-Za-z]{64}\b", "TOKEN", text)
    # The queries of a permission class are not compared: it needs an object.
    queries_for_shelves = [
        query["sql"].replace(str(pk), "KEY")
        for query in queries.captured_queries
        if Shelf._meta.db_table in query["sql"]
    ]
    return response.status_code, dict(response.headers), text, queries_for_shelves


# The viewsets check a permission in different places. Each viewset must hide the objects that each
# permission forbids.
@pytest.mark.parametrize("viewset", VIEWSETS)
@pytest.mark.parametrize(
    ("permission", "changes", "accept", "circumstance"),
    [
        *((permission, {"DETAILS": True}, "application/json", "") for permission in PERMISSIONS),
        ("plain", {}, "application/json", "anonymous"),
        ("plain", {}, "application/json", "handler alone"),
        ("plain", {}, "text/html", "browsable API"),
        # The project's code of a missing object.
        ("plain", {"EXCEPTIONS": {"django.http.response.Http404": "NOT_HERE"}}, "*/*", ""),
        ("plain", {"CODES": {"MISSING_RESOURCE": {"status": 410}}}, "*/*", ""),
    ],
)
def test_a_hidden_object_is_like_a_missing_one(
    client: Client,
    user: User,
    settings: Settings,
    viewset: str,
    permission: str,
    changes: dict[str, Any],
    accept: str,
    circumstance: str,
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True, **changes}
    if circumstance == "handler alone":
        settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    if circumstance != "anonymous":
        client.force_login(user)
    shelf = Shelf.objects.create(pk=777_001, name="theirs")
    url = f"/{viewset}/{permission}"
    for method, content in REQUESTS:
        hidden = exchange(client, method, url, shelf.pk, content, Accept=accept)
        missing = exchange(client, method, url, 777_002, content, Accept=accept)
        assert hidden == missing, (method, content)


@pytest.mark.parametrize("viewset", VIEWSETS)
def test_an_object_is_shown_to_its_user_and_is_a_401_for_others_if_nothing_is_hidden(
    client: Client, user: User, settings: Settings, viewset: str
) -> None:
    url = f"/{viewset}/plain/{Shelf.objects.create(name='theirs').pk}"
    assert client.get(url).status_code == 401
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    client.force_login(user)
    url = f"/{viewset}/plain/{Shelf.objects.create(name='mine').pk}"
    assert [client.get(url).status_code, client.options(url).status_code] == [200, 200]
