"""What a stranger could do with an error: have it run, write headers, or learn from it."""

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
from tests.fuzz.project import Answer, ask
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


# A reflected message.


class OutOfStock(APIException):
    """An error that repeats what it is about."""

    status_code = 409
    default_detail = SCRIPT


def make_page(status: int, **headers: str) -> HttpResponse:
    """Return a page of HTML that repeats what the client sent."""
    return HttpResponse(SCRIPT, status=status, headers=headers)


WAYS: dict[str, Callable[[], Answer]] = {
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
    "a method": lambda: ask(SCRIPT, "/drf", JSON),
    "an unmatched URL": lambda: ask("GET", f"/{SCRIPT}", JSON),
    "a bad Host": lambda: ask("GET", "/drf", {**JSON, "HTTP_HOST": SCRIPT}),
    "a malformed document": lambda: ask("POST", "/ours/shelves", JSON, SCRIPT.encode()),
    "an unreadable Content-Type": lambda: ask(
        "POST", "/drf", {**JSON, "CONTENT_TYPE": f"application/json; a*=bogus''{SCRIPT}"}
    ),
    "an error that cannot be made": lambda: act(
        lambda: throw(ValidationError(SCRIPT)), "drf", "handler", CODE_FORMAT=[], CODES=None
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_error_is_json_that_no_browser_takes_for_anything_else(way: str) -> None:
    answer = WAYS[way]()

    assert answer.status >= 400
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers[NOSNIFF] == "nosniff"


@pytest.mark.parametrize("way", WAYS)
def test_a_project_that_lets_browsers_sniff_is_obeyed(way: str, settings: Settings) -> None:
    settings.SECURE_CONTENT_TYPE_NOSNIFF = False

    assert NOSNIFF not in WAYS[way]().headers


def test_a_header_of_the_project_s_own_stays() -> None:
    answer = act(lambda: make_page(400, **{NOSNIFF: "own"}), "plain", "middleware")

    assert answer.headers[NOSNIFF] == "own"


def test_a_success_is_not_touched() -> None:
    assert NOSNIFF not in act(lambda: Response({}), "drf", "middleware").headers


class QuietHandler(WSGIRequestHandler):
    """Does not write down what it is asked for."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """A site whose `/json` is an error of ours, and whose `/page` is the same as a page."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        answer = WAYS["a validation error"]()
        headers = dict(answer.headers)
        if environ["PATH_INFO"] == "/page":
            headers["Content-Type"] = "text/html"
        start_response("400 Bad Request", list(headers.items()))
        return [answer.content]

    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.once
def test_a_browser_shows_a_reflected_script_and_does_not_run_it(site: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        refuse("there is no Chromium")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]

    def look_at(url: str) -> str:
        return subprocess.run(
            [*command, url], capture_output=True, text=True, timeout=60, check=True
        ).stdout

    # That it is run where the same bytes are a page shows that this can be told.
    assert "<title>pwned</title>" in look_at(f"{site}/page")
    shown = look_at(f"{site}/json")
    assert "<title>pwned</title>" not in shown
    assert "&lt;script&gt;document.title" in shown


class BrowsableAPIView(APIView):
    """Fails on a page of the browsable API."""

    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Fail."""
        raise ValidationError({SCRIPT: SCRIPT})


def test_the_browsable_api_escapes_a_reflected_script(client: Client) -> None:
    page = client.get("/browsable", headers={"Accept": "text/html"}).content.decode()

    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


# Headers that a client could write.


class ReflectingAuthentication(BaseAuthentication):
    """Repeats what a client sent in its challenge."""

    def authenticate(self, request: Request) -> None:
        """Know nobody."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge."""
        return f'Bearer error_description="{request.query_params.get("realm", "")}"'


class OtherAuthentication(ReflectingAuthentication):
    """One that is asked where the first has no challenge."""


class SilentAuthentication(BaseAuthentication):
    """Has no challenge."""

    def authenticate(self, request: Request) -> None:
        """Know nobody."""


class ReflectingAPIView(APIView):
    """Refuses everybody."""

    authentication_classes = (ReflectingAuthentication,)
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Refuse."""
        raise NotAuthenticated


class SecondReflectingAPIView(ReflectingAPIView):
    """Refuses everybody, with the challenge of the second authenticator."""

    authentication_classes = (SilentAuthentication, OtherAuthentication)


@pytest.mark.parametrize("url", ["/reflecting", "/second-reflecting"])
def test_a_challenge_of_one_line_is_sent(client: Client, url: str) -> None:
    response = client.get(url, {"realm": "x"})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer error_description="x"'


@pytest.mark.parametrize("url", ["/reflecting", "/second-reflecting"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_a_challenge_with_a_line_of_the_client_s_gives_way_to_the_setting(
    client: Client, url: str, ends: str
) -> None:
    response = client.get(url, {"realm": f"x{ends}Set-Cookie: a=b"})

    assert (response.status_code, response.json()) == (401, body("UNAUTHENTICATED"))
    assert response["WWW-Authenticate"] == 'Session realm="api"'
    assert "Set-Cookie" not in response


@pytest.mark.parametrize("layers", ["handler", "middleware"])
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
def test_no_text_of_an_exception_gets_into_a_header(
    exception: APIException, status: int, layers: str
) -> None:
    answer = act(lambda: throw(exception), "drf", layers)

    assert answer.status == status
    assert "Set-Cookie" not in answer.headers
    assert not [value for value in answer.headers.values() if "\n" in value or "\r" in value]


@pytest.mark.parametrize("method", ["GET\r\nSet-Cookie: a=b", "\u00e9"])
def test_no_method_gets_into_a_header(method: str) -> None:
    answer = ask(method, "/drf", JSON)

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


class NamedShelf(Shelf):
    """A shelf that says itself where it is."""

    class Meta:
        proxy = True
        app_label = "tests"

    def get_absolute_url(self) -> str:
        """Return a URL with the name as it is."""
        return f"/named/{self.name}"


class NamedShelfSerializer(ShelfSerializer):
    """A shelf that says itself where it is."""

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
    """Shelves that say themselves where they are."""

    serializer_class = NamedShelfSerializer


@pytest.mark.parametrize("url", ["/shelves", "/named-shelves"])
@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "//evil.example", "a\u2028b"])
def test_a_location_is_one_url_of_this_host_whatever_a_client_names(
    client: Client, url: str, name: str
) -> None:
    response = client.post(url, {"name": name}, content_type="application/json")

    assert response.status_code == 201
    assert "X-Evil" not in response
    # The route takes no ends of lines: then there is none.
    assert re.fullmatch(r"(http://testserver/[!-~]+)?", response.get("Location", ""))
    assert "Location" in response or not name.isprintable()


# Is it not there, or not yours?


class NotYours(BasePermission):
    """Refuses every object but that of the name `mine`."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Tell whether it is the caller's."""
        return obj.name == "mine"


class NotYoursByCode(NotYours):
    """Gives its refusal a code and a message."""

    code = "not_yours"
    message = "This shelf is somebody else's."


class NotYoursByDjango(NotYours):
    """Refuses with Django's exception."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Tell whether it is the caller's."""
        if obj.name != "mine":
            raise PermissionDenied("Not yours.")
        return True


class NoShelf(APIException):
    """A refusal of the project's own."""

    status_code = 403
    default_code = "no_shelf"


class NotYoursByOwnException(NotYours):
    """Refuses with an exception of the project's."""

    def has_object_permission(self, request: Request, view: APIView, obj: Shelf) -> bool:
        """Tell whether it is the caller's."""
        if obj.name != "mine":
            raise NoShelf
        return True


class OnlyRead(NotYours):
    """Lets read what is the caller's, and nothing be written."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether it is a verb that reads."""
        return request.method in ("GET", "HEAD", "OPTIONS")


class ObjectPermissions(DjangoObjectPermissions):
    """Asks for the permission to view too; no backend here grants any for an object."""

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
CATEGORIES = {"stock": stock_viewsets.ModelViewSet, "ours": viewsets.ModelViewSet}
ACTIONS = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def make_view(kind: type[Any], permission: type[Any]) -> Any:
    """Return a view of shelves."""
    members = {
        "queryset": Shelf.objects.order_by("pk"),
        "serializer_class": ShelfSerializer,
        "permission_classes": [permission],
        "authentication_classes": [SessionAuthentication],
        "renderer_classes": [JSONRenderer, BrowsableAPIRenderer],
        "http_method_names": ["get", "post", "put", "patch", "delete", "head", "options"],
    }
    return type("ShelfViewSet", (kind,), members).as_view(ACTIONS)


urlpatterns = [
    path("browsable", BrowsableAPIView.as_view()),
    path("reflecting", ReflectingAPIView.as_view()),
    path("second-reflecting", SecondReflectingAPIView.as_view()),
    path("shelves", ShelfListAPIView.as_view(), name="shelf-list"),
    path("named-shelves", NamedShelfListAPIView.as_view(), name="shelf-list"),
    path("shelves/<path:name>", ShelfDetailAPIView.as_view(), name="shelf-detail"),
    *(
        path(f"{kind}/{name}/<int:pk>", make_view(CATEGORIES[kind], permission))
        for kind in CATEGORIES
        for name, permission in PERMISSIONS.items()
    ),
]


@pytest.fixture
def user() -> User:
    """A user with every permission for shelves, as far as Django's models know them."""
    user = User.objects.create_user("anna")
    user.user_permissions.set(Permission.objects.filter(content_type__model="shelf"))
    return user


@pytest.fixture(params=["signed in", "anonymous"])
def caller(request: pytest.FixtureRequest, client: Client, user: User) -> Client:
    """Somebody whose shelf it is not."""
    if request.param == "signed in":
        client.force_login(user)
    return client


def ask_for(
    caller: Client, method: str, url: str, pk: int, content: str, **headers: str
) -> tuple[int, dict[str, str], str, list[str]]:
    """Return all that a caller gets and what it costs, without what the key and chance put in."""
    with CaptureQueriesContext(connection) as queries:
        response = caller.generic(
            method, f"{url}/{pk}", content, "application/json", headers=headers
        )
    text = response.content.decode().replace(str(pk), "KEY")
    # The token that guards the forms of the browsable API is another each time.
    text = re.sub(r"\b[0-9A-Za-z]{64}\b", "TOKEN", text)
    # What a permission itself asks is its own: there has to be an object for it to ask about.
    queries_for_shelves = [
        query["sql"].replace(str(pk), "KEY")
        for query in queries.captured_queries
        if Shelf._meta.db_table in query["sql"]
    ]
    return response.status_code, dict(response.headers), text, queries_for_shelves


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("kind", CATEGORIES)
@pytest.mark.parametrize("with_middleware", [True, False])
def test_a_hidden_object_cannot_be_told_from_one_that_is_not_there(
    caller: Client,
    settings: Settings,
    kind: str,
    permission: str,
    accept: str,
    with_middleware: bool,
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True, "DETAILS": True}
    if not with_middleware:
        settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    shelf = Shelf.objects.create(pk=777_001, name="theirs")
    url = f"/{kind}/{permission}"

    for method in METHODS:
        for content in ('{"name": "new"}', '{"name": ""}', "{"):
            there = ask_for(caller, method, url, shelf.pk, content, Accept=accept)
            absent = ask_for(caller, method, url, 777_002, content, Accept=accept)
            assert there == absent, (method, content)


@pytest.mark.parametrize("kind", CATEGORIES)
@pytest.mark.parametrize("permission", ["NotYours", "NotYoursByCode", "NotYoursByDjango"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_what_is_the_caller_s_is_shown_to_it(
    client: Client, user: User, settings: Settings, kind: str, permission: str, method: str
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True}
    client.force_login(user)
    shelf = Shelf.objects.create(name="mine")

    assert client.generic(method, f"/{kind}/{permission}/{shelf.pk}").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"EXCEPTIONS": {"django.http.response.Http404": "NOT_HERE"}},
        {"CODES": {"MISSING_RESOURCE": {"status": 410}}},
    ],
)
def test_a_hidden_object_is_what_the_project_makes_of_a_missing_one(
    client: Client, user: User, settings: Settings, changes: dict[str, Any]
) -> None:
    settings.API_ERRORS = {"HIDE_FORBIDDEN": True, **changes}
    client.force_login(user)
    shelf = Shelf.objects.create(pk=777_001, name="theirs")

    there = ask_for(client, "GET", "/stock/NotYours", shelf.pk, "")
    assert there == ask_for(client, "GET", "/stock/NotYours", 777_002, "")


def test_an_anonymous_caller_is_asked_for_credentials_where_nothing_is_hidden(
    client: Client,
) -> None:
    shelf = Shelf.objects.create(name="theirs")

    assert client.get(f"/ours/NotYours/{shelf.pk}").status_code == 401
