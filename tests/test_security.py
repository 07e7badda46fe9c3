"""Errors do not run scripts, write headers or reveal hidden objects, whatever a client sends."""

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
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    MethodNotAllowed,
    NotAuthenticated,
    Throttled,
    ValidationError,
)
from rest_framework.permissions import BasePermission, DjangoObjectPermissions
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from django_apierrors import generics, viewsets
from django_apierrors.renderers import JSONRenderer
from tests.bodies import body
from tests.fuzz.project import RawResponse, send
from tests.fuzz.targets import JSON, act, throw
from tests.models import Shelf
from tests.services import refuse

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

SCRIPT = "<script>document.title = 'pwned'</script>"
LINES = "x\r\nSet-Cookie: session=evil\r\n\r\n<p>"
NOSNIFF = "X-Content-Type-Options"


class ShelfSerializer(ModelSerializer):
    """A shelf."""

    class Meta:
        model = Shelf
        fields = "__all__"


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
    "a bug": lambda: act(lambda: throw(RuntimeError(SCRIPT)), "drf", "middleware"),
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


@pytest.mark.parametrize("way", ["a validation error", "a page of a plain view", "a bug"])
def test_the_header_follows_the_setting_of_django(way: str, settings: Settings) -> None:
    settings.SECURE_CONTENT_TYPE_NOSNIFF = False

    assert NOSNIFF not in WAYS[way]().headers


def test_the_header_of_a_view_is_kept() -> None:
    response = act(lambda: make_page(400, **{NOSNIFF: "own"}), "plain", "middleware")

    assert response.headers[NOSNIFF] == "own"


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
        refuse("Chromium is not installed")
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


class BrowsableAPIView(APIView):
    """Raises on a page of the browsable API."""

    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Raise an error with the script."""
        raise ValidationError({SCRIPT: SCRIPT})


def test_the_browsable_api_escapes_a_script(client: Client) -> None:
    page = client.get("/browsable", headers={"Accept": "text/html"}).content.decode()

    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


# Line breaks in headers.


class ReflectingAuthentication(BaseAuthentication):
    """An authentication whose challenge contains a query parameter."""

    def authenticate(self, request: Request) -> None:
        """Authenticate nobody."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge."""
        return f'Bearer error_description="{request.query_params.get("realm", "")}"'


class SilentAuthentication(BaseAuthentication):
    """An authentication without a challenge."""

    def authenticate(self, request: Request) -> None:
        """Authenticate nobody."""


class ReflectingAPIView(APIView):
    """Rejects every request."""

    authentication_classes = (ReflectingAuthentication,)
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Reject the request."""
        raise NotAuthenticated


class SecondReflectingAPIView(ReflectingAPIView):
    """Rejects every request, with the challenge of the second authentication."""

    authentication_classes = (SilentAuthentication, ReflectingAuthentication)


@pytest.mark.parametrize("url", ["/reflecting", "/second-reflecting"])
def test_a_challenge_with_a_line_break_is_replaced_by_the_setting(client: Client, url: str) -> None:
    valid, invalid = (client.get(url, {"realm": realm}) for realm in ("x", "x\nSet-Cookie: a=b"))

    assert (valid.status_code, invalid.status_code) == (401, 401)
    assert valid["WWW-Authenticate"] == 'Bearer error_description="x"'
    assert invalid.json() == body("UNAUTHENTICATED")
    assert invalid["WWW-Authenticate"] == 'Session realm="api"'
    assert "Set-Cookie" not in invalid


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


class NamedShelf(Shelf):
    """A shelf with a URL of its own."""

    class Meta:
        proxy = True
        app_label = "tests"

    def get_absolute_url(self) -> str:
        """Return a URL that contains the unescaped name."""
        return f"/named/{self.name}"


class NamedShelfSerializer(ShelfSerializer):
    """A shelf with a URL of its own."""

    class Meta(ShelfSerializer.Meta):
        model = NamedShelf


class ShelfListAPIView(generics.ListCreateAPIView):
    """Shelves by name."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    lookup_field = "name"


class ShelfDetailAPIView(generics.RetrieveAPIView):
    """A shelf by name."""

    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
    lookup_field = "name"


class NamedShelfListAPIView(ShelfListAPIView):
    """Shelves with URLs of their own."""

    serializer_class = NamedShelfSerializer


# The lists find a URL in different ways: a route escapes the name, `get_absolute_url()` may not.
@pytest.mark.parametrize("url", ["/shelves", "/named-shelves"])
@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "//evil.example", "a\u2028b"])
def test_a_location_is_a_url_of_this_host(client: Client, url: str, name: str) -> None:
    response = client.post(url, {"name": name}, content_type="application/json")

    assert response.status_code == 201
    assert "X-Evil" not in response
    # A path converter does not match a line break: a Location cannot be made.
    assert re.fullmatch(r"(http://testserver/[!-~]+)?", response.get("Location", ""))
    assert "Location" in response or not name.isprintable()


# Objects of other users.


class NotYours(BasePermission):
    """Allows the object with the name `mine` alone."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Whether the object is the user's."""
        return obj.name == "mine"


class NotYoursByCode(NotYours):
    """A permission with a code and a message."""

    code = "not_yours"
    message = "This shelf is somebody else's."


class NotYoursByDjango(NotYours):
    """A permission that raises Django's exception."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Raise unless the object is the user's."""
        if obj.name != "mine":
            raise PermissionDenied("Not yours.")
        return True


class NoShelf(APIException):
    """An exception of the project."""

    status_code = 403
    default_code = "no_shelf"


class NotYoursByOwnException(NotYours):
    """A permission that raises an exception of the project."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Raise unless the object is the user's."""
        if obj.name != "mine":
            raise NoShelf
        return True


class OnlyRead(NotYours):
    """A permission that allows no method that writes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the method is safe."""
        return request.method in ("GET", "HEAD", "OPTIONS")


class ObjectPermissions(DjangoObjectPermissions):
    """Requires the permission to view too. Django's backend grants none for an object."""

    perms_map = {
        **DjangoObjectPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
    }


PERMISSIONS = {
    cls.__name__: cls
    for cls in (
        *(NotYours, NotYoursByCode, NotYoursByDjango, NotYoursByOwnException),
        *(OnlyRead, ObjectPermissions),
    )
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


def make_view(viewset: type[Any], permission: type[Any]) -> Any:
    """Return a view of shelves."""
    members = {
        "queryset": Shelf.objects.order_by("pk"),
        "serializer_class": ShelfSerializer,
        "permission_classes": [permission],
        "authentication_classes": [SessionAuthentication],
        "renderer_classes": [JSONRenderer, BrowsableAPIRenderer],
        "http_method_names": ["get", "post", "put", "patch", "delete", "head", "options"],
    }
    return type("ShelfViewSet", (viewset,), members).as_view(ACTIONS)


urlpatterns = [
    path("browsable", BrowsableAPIView.as_view()),
    path("reflecting", ReflectingAPIView.as_view()),
    path("second-reflecting", SecondReflectingAPIView.as_view()),
    path("shelves", ShelfListAPIView.as_view(), name="shelf-list"),
    path("named-shelves", NamedShelfListAPIView.as_view(), name="shelf-list"),
    path("shelves/<path:name>", ShelfDetailAPIView.as_view(), name="shelf-detail"),
    *(
        path(f"{name}/{permission}/<int:pk>", make_view(viewset, cls))
        for name, viewset in VIEWSETS.items()
        for permission, cls in PERMISSIONS.items()
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


def assert_hidden(client: Client, url: str, **headers: str) -> None:
    """Check that an object of another user and a missing one have the same responses."""
    shelf = Shelf.objects.create(pk=777_001, name="theirs")
    for method, content in REQUESTS:
        hidden = exchange(client, method, url, shelf.pk, content, **headers)
        missing = exchange(client, method, url, 777_002, content, **headers)
        assert hidden == missing, (method, content)


# The viewsets ask a permission in different places: each of them is to hide what each permission
# forbids.
@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("viewset", VIEWSETS)
def test_a_hidden_object_is_like_a_missing_one(
    client: Client, user: User, settings: Settings, viewset: str, permission: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True, "DETAILS": True}
    client.force_login(user)

    assert_hidden(client, f"/{viewset}/{permission}", Accept="application/json")


@pytest.mark.parametrize("viewset", VIEWSETS)
def test_a_hidden_object_is_like_a_missing_one_for_anonymous_users(
    client: Client, settings: Settings, viewset: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}

    assert_hidden(client, f"/{viewset}/NotYours", Accept="application/json")


@pytest.mark.parametrize("viewset", VIEWSETS)
def test_a_hidden_object_is_like_a_missing_one_in_the_browsable_api(
    client: Client, user: User, settings: Settings, viewset: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    client.force_login(user)

    assert_hidden(client, f"/{viewset}/NotYours", Accept="text/html")


@pytest.mark.parametrize("viewset", VIEWSETS)
def test_a_hidden_object_is_like_a_missing_one_without_the_middleware(
    client: Client, user: User, settings: Settings, viewset: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    client.force_login(user)

    assert_hidden(client, f"/{viewset}/NotYours", Accept="application/json")


@pytest.mark.parametrize("viewset", VIEWSETS)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_an_object_of_the_user_is_shown(
    client: Client, user: User, settings: Settings, viewset: str, method: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    client.force_login(user)
    shelf = Shelf.objects.create(name="mine")

    assert client.generic(method, f"/{viewset}/NotYours/{shelf.pk}").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"EXCEPTIONS": {"django.http.response.Http404": "NOT_HERE"}},
        {"CODES": {"MISSING_RESOURCE": {"status": 410}}},
    ],
)
def test_a_hidden_object_follows_the_projects_code_of_a_missing_one(
    client: Client, user: User, settings: Settings, changes: dict[str, Any]
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True, **changes}
    client.force_login(user)

    assert_hidden(client, "/stock/NotYours")


def test_an_anonymous_user_gets_a_401_if_nothing_is_hidden(client: Client) -> None:
    shelf = Shelf.objects.create(name="theirs")

    assert client.get(f"/ours/NotYours/{shelf.pk}").status_code == 401
