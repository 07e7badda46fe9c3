"""The renderer: errors that a view returns get the format, successes are as DRF renders them."""

from __future__ import annotations

import datetime
import decimal
import json
import re
import subprocess
import sys
from array import array
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from django.utils.functional import lazystr
from pytest_django.fixtures import Settings
from rest_framework import parsers, renderers, serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from django_apierrors.renderers import JSONRenderer
from tests.bodies import body, status_body
from tests.models import Shelf, Thing

pytestmark = pytest.mark.urls(__name__)

SECRET = "/srv/secret.py"


class LineSerializer(serializers.Serializer[Any]):
    """A part of an order."""

    sku = serializers.CharField()


class OrderSerializer(serializers.Serializer[Any]):
    """Has fields with the names of the body's keys."""

    status = serializers.IntegerField()
    errors = serializers.CharField()
    code = serializers.CharField()
    lines = LineSerializer(many=True)


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    """Checks that the name is unique."""

    class Meta:
        model = Shelf
        fields = ("name",)


def make_errors() -> Any:
    """Return the errors of a serializer, nested ones among them."""
    serializer = OrderSerializer(data={"status": "x", "lines": [{}, {"sku": "a"}, {"sku": ""}]})
    assert not serializer.is_valid()
    return serializer.errors


def make_unique_errors() -> Any:
    """Return the errors of a serializer whose only message is about a unique field."""
    Shelf.objects.get_or_create(name="a")
    serializer = ShelfSerializer(data={"name": "a"})
    assert not serializer.is_valid()
    return serializer.errors


def make_queryset_errors() -> Any:
    """Return an error with a queryset of names, and with one of models."""
    Shelf.objects.get_or_create(name="a")
    return {"in use": Shelf.objects.values_list("name", flat=True), "rows": Shelf.objects.all()}


OURS = body("TAKEN", "Taken.", status=409, more_info="https://x.test/taken")

# The data that a view returns, and the body that is sent; the view's status is the body's. More
# shapes of data are in tests/validation/test_details.py.
RETURNED: dict[str, tuple[Any, dict[str, Any]]] = {
    "errors of a serializer": (
        make_errors,
        body(
            "INVALID_CONTENT",
            "status: A valid integer is required.",
            "errors: This field is required.",
            "code: This field is required.",
            "lines[0].sku: This field is required.",
            "lines[2].sku: This field may not be blank.",
        ),
    ),
    "errors of a unique field": (
        make_unique_errors,
        body("ALREADY_EXISTS", "name: shelf with this name already exists."),
    ),
    "nothing": (None, body("MISSING_RESOURCE")),
    "an empty string": ("", status_body(409)),
    "a string": ("The till is closed.", body("CONFLICT", "The till is closed.", status=409)),
    "a lazy string": (lazystr("Closed."), body("PAYMENT_REQUIRED", "Closed.", status=402)),
    "a number": (7, body("IM_A_TEAPOT", "7", status=418)),
    "a detail with its code": (
        {"detail": ErrorDetail("None left.", "out_of_stock")},
        body("OUT_OF_STOCK", "None left.", status=400),
    ),
    "OAuth's": (
        {"error": "invalid_grant", "error_description": "The grant has expired."},
        body("INVALID_GRANT", "The grant has expired.", status=400),
    ),
    "status and errors in another sense": (
        {"status": "error", "errors": {"name": ["Too long."]}},
        body("INVALID_CONTENT", "name: Too long."),
    ),
    "the status of another response": (
        {"status": 404, "errors": ["No."], "code": "X", "moreInfo": ""},
        body("X", "No.", status=400),
    ),
    "all keys but one": (
        {"status": 400, "errors": ["No."], "code": "X"},
        body("X", "No.", status=400),
    ),
    "a model": (lambda: Shelf(name=SECRET), body("INVALID_CONTENT")),
    "an exception": (ValueError(SECRET), body("INVALID_CONTENT")),
    "models and exceptions inside": (
        lambda: {"detail": OSError(2, SECRET), "a": [Thing(name=SECRET)], "b": object, "c": "No."},
        body("INVALID_CONTENT", "c: No."),
    ),
    "a model as a key": (
        lambda: {Shelf(pk=1, name=SECRET): "No."},
        body("INVALID_CONTENT", "No."),
    ),
    "a generator": (
        lambda: (message for message in ["Closed.", "Full."]),
        body("INVALID_CONTENT", "Closed.", "Full."),
    ),
    "views of a dict": (
        lambda: {"errors": {"name": "Too long."}.values(), "size": {"Too small.": 1}.keys()},
        body("INVALID_CONTENT", "Too long.", "size: Too small."),
    ),
    "querysets": (make_queryset_errors, body("INVALID_CONTENT", "in use: a")),
    "an array and a number of an array": (
        lambda: {"sizes": array("i", [3]), "size": memoryview(b"\x07").cast("B", shape=[])},
        {**body("INVALID_CONTENT"), "extra": {"sizes": [3], "size": 7}},
    ),
    "bytes": (b"Closed.", body("INVALID_CONTENT", "Closed.")),
    "half of a surrogate pair": ({"name": ["\ud800"]}, body("INVALID_CONTENT", "name: ?")),
    "a missing credential": (None, body("UNAUTHENTICATED")),
    "a fault of the server": (
        {"detail": "The printer is on fire."},
        body("INTERNAL_ERROR", "The printer is on fire."),
    ),
}


class ReturnView(APIView):
    """Return an error of the table, or a bare status."""

    def get(self, request: Request, name: str = "", status: int = 0) -> Response:
        if not name:
            return Response(status=status)
        data, expected = RETURNED[name]
        return Response(data() if callable(data) else data, status=expected["status"])


class OwnHeadersView(APIView):
    """Sends the headers of its status itself."""

    def get(self, request: Request, status: int) -> Response:
        return Response("No.", status=status, headers={"Retry-After": "77"})


class FormattedView(APIView):
    """Return a body in the format, with another key; or with a value that is not JSON."""

    def get(self, request: Request, kind: str) -> Response:
        return Response({**OURS, "till": 4 if kind == "good" else object()}, status=409)


class BrowsableView(ReturnView):
    """Has pages for people."""

    renderer_classes = [JSONRenderer, renderers.BrowsableAPIRenderer]
    parser_classes = [parsers.JSONParser]

    def post(self, request: Request) -> Response:
        """Exist, so that the page has a form."""
        return Response()


class VendorRenderer(JSONRenderer):
    """A project's own media type for JSON."""

    media_type = "application/vnd.shop+json"
    format = "shop"


class EnvelopeRenderer(JSONRenderer):
    """A project's own shape for errors."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().render({"detail": data}, *args, **kwargs)


urlpatterns = [
    path("returned/<str:name>", ReturnView.as_view()),
    path("status/<int:status>", ReturnView.as_view()),
    path("own-headers/<int:status>", OwnHeadersView.as_view()),
    path("formatted/<str:kind>", FormattedView.as_view()),
    path("browsable/<str:name>", BrowsableView.as_view()),
    path("vendor/<str:name>", ReturnView.as_view(renderer_classes=[VendorRenderer])),
    path("envelope/<str:name>", ReturnView.as_view(renderer_classes=[EnvelopeRenderer])),
]


@pytest.fixture
def renderer_alone(settings: Settings) -> None:
    """Remove the middleware, which would format an error too."""
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]


@pytest.mark.django_db
@pytest.mark.usefixtures("renderer_alone")
@pytest.mark.parametrize("name", RETURNED)
def test_an_error_that_a_view_returns_gets_the_format(name: str, client: Client) -> None:
    response = client.get(f"/returned/{name}")
    assert response.json() == RETURNED[name][1]
    assert response.status_code == response.json()["status"]
    assert response["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_details_and_debug_show_nothing_of_the_server(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    settings.DEBUG = True
    assert [name for name in RETURNED if SECRET in client.get(f"/returned/{name}").text] == []


@pytest.mark.usefixtures("renderer_alone")
def test_a_returned_status_has_the_header_that_it_needs(client: Client) -> None:
    assert client.get("/status/401")["WWW-Authenticate"] == 'Session realm="api"'
    assert client.get("/status/405")["Allow"] == "GET, HEAD, OPTIONS"
    assert client.get("/own-headers/503")["Retry-After"] == "77"


@pytest.mark.parametrize("status", [200, 399])
def test_a_success_without_data_stays_empty(status: int, client: Client) -> None:
    response = client.get(f"/status/{status}")
    assert (response.status_code, response.content) == (status, b"")


def test_a_body_in_the_format_stays_as_it_is(client: Client) -> None:
    response = client.get("/formatted/good")
    assert (response.status_code, response.json()) == (409, {**OURS, "till": 4})


def test_an_error_is_indented_if_the_client_requests_it(client: Client) -> None:
    response = client.get("/formatted/good", headers={"accept": "application/json; indent=2"})
    assert response.text == json.dumps({**OURS, "till": 4}, indent=2)


@pytest.mark.django_db
def test_a_status_that_the_project_changed_is_sent_with_its_headers(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 429}}}
    response = client.get("/returned/errors of a unique field")
    assert response.json() == {**RETURNED["errors of a unique field"][1], "status": 429}
    assert (response.status_code, response["Retry-After"]) == (429, "5")


@pytest.mark.parametrize("kind", ["vendor", "envelope"])
def test_an_error_of_a_projects_own_json_renderer_gets_the_format(
    kind: str, client: Client
) -> None:
    response = client.get(f"/{kind}/a string")
    assert response["Content-Type"] == "application/json"
    assert response.json() == RETURNED["a string"][1]


def test_an_error_below_an_excluded_path_keeps_its_shape(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/returned"]}
    assert client.get("/returned/OAuth's").json() == RETURNED["OAuth's"][0]


@pytest.mark.usefixtures("renderer_alone")
@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("/formatted/bad", {}),
        ("/status/404", {"MAX_ERRORS": "many"}),
    ],
)
def test_if_rendering_an_error_fails_the_fallback_is_sent_and_logged(
    url: str,
    changes: dict[str, Any],
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.API_ERRORS = changes
    response = client.get(url)
    assert (response.status_code, response.json()) == (500, body("INTERNAL_ERROR"))
    assert response["Content-Type"] == "application/json"
    assert "django_apierrors failed while rendering an error." in caplog.text


@pytest.mark.django_db
def test_the_browsable_api_shows_the_body_in_its_page(client: Client) -> None:
    response = client.get("/browsable/a string", headers={"accept": "text/html"})
    assert response.status_code == 409
    assert response["Content-Type"] == "text/html; charset=utf-8"
    shown = re.sub(r"<[^>]*>", "", response.text).replace("&quot;", '"')
    assert "HTTP 409 Conflict" in shown
    assert json.dumps(RETURNED["a string"][1], indent=4) in shown


@pytest.mark.django_db
def test_the_browsable_api_has_a_page_for_every_error(client: Client) -> None:
    client = Client(headers={"accept": "text/html"})
    pages = {name: client.get(f"/browsable/{name}") for name in RETURNED}
    assert {name: (page.status_code, page["Content-Type"]) for name, page in pages.items()} == {
        name: (expected["status"], "text/html; charset=utf-8")
        for name, (_data, expected) in RETURNED.items()
    }
    assert pages["a missing credential"]["WWW-Authenticate"] == 'Session realm="api"'


DATA = {
    "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    "price": decimal.Decimal("1.5"),
    "name": "grün\u2028",
    1: [None, True, {"deep": (1, 2)}],
}


class OwnEncoder(JSONEncoder):
    """A project's own spelling of dates."""

    def default(self, obj: Any) -> Any:
        return obj.year if isinstance(obj, datetime.date) else super().default(obj)


class OwnIndent:
    """A project's own rule for indenting."""

    def get_indent(self, accepted_media_type: str, renderer_context: Any) -> int:
        return 3


JSON_SETTINGS: dict[str, dict[str, Any]] = {
    "DRF's defaults": {},
    "COMPACT_JSON off": {"compact": False},
    "UNICODE_JSON off": {"ensure_ascii": True},
    "STRICT_JSON off": {"strict": False},
    "an encoder": {"encoder_class": OwnEncoder},
    "an indent": {"get_indent": OwnIndent.get_indent},
}
ACCEPTS = [None, *(f"application/json{each}" for each in ("", "; indent=4", "; indent=x"))]
CONTEXTS: list[dict[str, Any] | None] = [None, {"indent": 2}, {"indent": 0}, {"indent": None}]


@pytest.mark.parametrize("name", JSON_SETTINGS)
def test_a_success_has_the_bytes_of_stock_with_any_json_settings(name: str) -> None:
    ours = type("Ours", (JSONRenderer,), JSON_SETTINGS[name])()
    stock = type("Stock", (renderers.JSONRenderer,), JSON_SETTINGS[name])()
    # DRF reads the indent of the client first, and the context's only without it.
    for accept, context in product(ACCEPTS, CONTEXTS):
        assert ours.render(DATA, accept, context) == stock.render(DATA, accept, context)
    assert ours.render(None) == b""


def test_a_renderer_that_is_not_strict_writes_nan_as_stock_does() -> None:
    lax = type("Lax", (JSONRenderer,), {"strict": False})()
    assert lax.render([float("nan")]) == b"[NaN]"


# In its own interpreter: DRF reads its settings when its views are first imported.
START = """
import sys
import django
from django.conf import settings
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=["rest_framework", "django_apierrors"],
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "COMPACT_JSON": False,
        "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
        "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
        "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
    },
)
import importlib
if sys.argv[1] != "django":
    importlib.import_module(sys.argv[1])
django.setup()
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

class EchoAPIView(APIView):
    def post(self, request):
        return Response(request.data)

urlpatterns = [path("", EchoAPIView.as_view())]
print(Client().post("/", {"a": 1}, "application/json").content)
print(Client().get("/").json()["code"])
"""


@pytest.mark.parametrize(
    "first",
    [
        "django",
        "rest_framework.views",
        "django_apierrors.renderers",
        "django_apierrors.handler",
    ],
)
def test_django_starts_with_ours_as_the_defaults_of_drf(first: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", START, first],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr.replace("Method Not Allowed: /\n", "")) == (0, "")
    assert run.stdout == "b'{\"a\": 1}'\nMETHOD_NOT_ALLOWED\n"
