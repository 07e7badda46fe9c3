"""The renderer: errors that a view returns come out in the format, successes as DRF has them."""

from __future__ import annotations

import datetime
import decimal
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from django.utils.functional import lazystr
from rest_framework import authentication, parsers, renderers, serializers
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from django_apierrors.renderers import JSONRenderer
from tests.models import Shelf, Thing

pytestmark = pytest.mark.urls(__name__)

SECRET = "/srv/secret.py"


class LineSerializer(serializers.Serializer[Any]):
    """A part of an order."""

    sku = serializers.CharField()


class OrderSerializer(serializers.Serializer[Any]):
    """Has fields called as the members of the body are."""

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
    """Return the errors of a serializer whose one message is a clash."""
    Shelf.objects.get_or_create(name="a")
    serializer = ShelfSerializer(data={"name": "a"})
    assert not serializer.is_valid()
    return serializer.errors


OURS = {"status": 409, "errors": ["Taken."], "code": "TAKEN", "moreInfo": "https://x.test/taken"}

INCORRECT = "The syntax/content is incorrect."

# What a view returns, its status, and the errors, the code and the status that are sent.
RETURNED: dict[str, tuple[Any, int, list[str], str | int]] = {
    "errors of a serializer": (
        make_errors,
        400,
        [
            "status: A valid integer is required.",
            "errors: This field is required.",
            "code: This field is required.",
            "lines[0].sku: This field is required.",
            "lines[2].sku: This field may not be blank.",
        ],
        "INVALID_CONTENT",
    ),
    "errors of a unique field": (
        make_unique_errors,
        400,
        ["name: shelf with this name already exists."],
        "ALREADY_EXISTS",
    ),
    "nothing": (
        None,
        404,
        ["The resource you try to access does not exist, or is outside your scope."],
        "MISSING_RESOURCE",
    ),
    "an empty text": ("", 409, ["Conflict."], "CONFLICT"),
    "an empty list": ([], 400, [INCORRECT], "INVALID_CONTENT"),
    "an empty dict": ({}, 400, [INCORRECT], "INVALID_CONTENT"),
    "a text": ("The till is closed.", 409, ["The till is closed."], "CONFLICT"),
    "a lazy text": (lazystr("Closed."), 402, ["Closed."], "PAYMENT_REQUIRED"),
    "a number": (7, 418, ["7"], "IM_A_TEAPOT"),
    "a detail": ({"detail": "No entry."}, 403, ["No entry."], "ACCESS_FORBIDDEN"),
    "a detail with its code": (
        {"detail": ErrorDetail("None left.", "out_of_stock")},
        400,
        ["None left."],
        "OUT_OF_STOCK",
    ),
    "a message and a code": (
        {"message": "None left.", "code": "out_of_stock"},
        400,
        ["None left."],
        "OUT_OF_STOCK",
    ),
    "OAuth's": (
        {"error": "invalid_grant", "error_description": "The grant has expired."},
        400,
        ["The grant has expired."],
        "INVALID_CONTENT",
    ),
    "a list of texts": (["Too old.", "Too big."], 400, ["Too old.", "Too big."], "INVALID_CONTENT"),
    "a list of objects": (
        [{}, {"name": ["Too long."]}],
        400,
        ["[1].name: Too long."],
        "INVALID_CONTENT",
    ),
    "nested objects": (
        {"shop": {"owner": {"name": "Too long."}}},
        422,
        ["shop.owner.name: Too long."],
        "UNPROCESSABLE_CONTENT",
    ),
    "status and errors in another sense": (
        {"status": "error", "errors": {"name": ["Too long."]}},
        400,
        ["name: Too long."],
        "INVALID_CONTENT",
    ),
    "the status of another answer": (
        {"status": 404, "errors": ["No."], "code": "X", "moreInfo": ""},
        400,
        ["No."],
        "X",
    ),
    "all members but one": (
        {"status": 400, "errors": ["No."], "code": "X"},
        400,
        ["No."],
        "X",
    ),
    "a model": (lambda: Shelf(name=SECRET), 400, [INCORRECT], "INVALID_CONTENT"),
    "an exception": (ValueError(SECRET), 400, [INCORRECT], "INVALID_CONTENT"),
    "models and exceptions inside": (
        lambda: {"detail": OSError(2, SECRET), "a": [Thing(name=SECRET)], "b": object, "c": "No."},
        400,
        ["c: No."],
        "INVALID_CONTENT",
    ),
    "a model as a key": (
        lambda: {Shelf(pk=1, name=SECRET): "No."},
        400,
        ["No."],
        "INVALID_CONTENT",
    ),
    "bytes": (SECRET.encode(), 400, [INCORRECT], "INVALID_CONTENT"),
    "half of a surrogate pair": ({"name": ["\ud800"]}, 400, ["name: ?"], "INVALID_CONTENT"),
    "a credential missing": (
        None,
        401,
        ["Access denied, please check your credentials!"],
        33619968,
    ),
    "a server's fault": (
        {"detail": "The printer is on fire."},
        500,
        ["The printer is on fire."],
        "INTERNAL_ERROR",
    ),
}


class ReturnedAPIView(APIView):
    """Returns an error; `headers` are the view's own."""

    def get(self, request: Request, name: str = "", status: int = 0) -> Response:
        """Return what the table has, or a bare status."""
        data, status = RETURNED[name][:2] if name else (None, status)
        return Response(data() if callable(data) else data, status=status)


class OwnHeaders(ReturnedAPIView):
    """Sends the headers of its status itself."""

    def get(self, request: Request, status: int = 0) -> Response:
        """Return the status with the headers that any may need."""
        headers = {"WWW-Authenticate": "Own", "Allow": "TRACE", "Retry-After": "77"}
        return Response("No.", status=status, headers=headers)


class TokenAPIView(ReturnedAPIView):
    """Has a challenge of its own."""

    authentication_classes = [TokenAuthentication]


class BasicAPIView(ReturnedAPIView):
    """Has the challenge that opens a login dialog, in the first place."""

    authentication_classes = [authentication.BasicAuthentication]


class OursAPIView(APIView):
    """Returns a body that is ours already, with a member more."""

    def get(self, request: Request) -> Response:
        """Return it."""
        return Response({**OURS, "till": 4}, status=409)


class BrowsableAPIView(ReturnedAPIView):
    """Shows its answers to people."""

    renderer_classes = [JSONRenderer, renderers.BrowsableAPIRenderer]
    parser_classes = [parsers.JSONParser]

    def post(self, request: Request) -> Response:
        """Be there, so that the page has a form."""
        return Response()


class FailingErrorAPIView(APIView):
    """Returns a body of ours with what is no JSON beside it."""

    def get(self, request: Request) -> Response:
        """Return it."""
        return Response({**OURS, "till": object()}, status=409)


class VendorRenderer(JSONRenderer):
    """A project's own name for JSON."""

    media_type = "application/vnd.shop+json"
    format = "shop"


class EnvelopeRenderer(JSONRenderer):
    """A project's own shape for errors."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Put the data into an envelope."""
        return super().render({"detail": data}, *args, **kwargs)


urlpatterns = [
    path("returned/<str:name>", ReturnedAPIView.as_view()),
    path("status/<int:status>", ReturnedAPIView.as_view()),
    path("own-headers/<int:status>", OwnHeaders.as_view()),
    path("token/<int:status>", TokenAPIView.as_view()),
    path("basic/<int:status>", BasicAPIView.as_view()),
    path("ours", OursAPIView.as_view()),
    path("browsable/<str:name>", BrowsableAPIView.as_view()),
    path("failing-error", FailingErrorAPIView.as_view()),
    path("vendor/<str:name>", ReturnedAPIView.as_view(renderer_classes=[VendorRenderer])),
    path("envelope/<str:name>", ReturnedAPIView.as_view(renderer_classes=[EnvelopeRenderer])),
]


@pytest.fixture(params=[True, False], ids=["middleware", "two lines only"])
def installed(request: pytest.FixtureRequest, settings: Any) -> None:
    """Run a test with our middleware and without."""
    if not request.param:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]


@pytest.mark.django_db
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", RETURNED)
def test_an_error_that_a_view_returns_comes_out_in_the_format(name: str, client: Client) -> None:
    _data, status, errors, code = RETURNED[name]
    response = client.get(f"/returned/{name}")
    assert response.json() == {"status": status, "errors": errors, "code": code, "moreInfo": ""}
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"


@pytest.mark.django_db
@pytest.mark.parametrize("name", RETURNED)
def test_nothing_of_the_server_leaks_with_details_either(
    name: str, client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    settings.DEBUG = True
    assert SECRET not in client.get(f"/returned/{name}").text


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("status", "header", "value"),
    [
        (401, "WWW-Authenticate", 'Session realm="api"'),
        (405, "Allow", "GET, HEAD, OPTIONS"),
        (429, "Retry-After", "5"),
        (503, "Retry-After", "5"),
        (504, "Retry-After", "5"),
    ],
)
def test_a_returned_status_has_the_headers_that_it_needs(
    status: int, header: str, value: str, client: Client
) -> None:
    assert client.get(f"/status/{status}")[header] == value


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [(401, "WWW-Authenticate", "Own"), (429, "Retry-After", "77"), (503, "Retry-After", "77")],
)
def test_the_headers_of_the_view_itself_stay(
    status: int, header: str, value: str, client: Client
) -> None:
    assert client.get(f"/own-headers/{status}")[header] == value


@pytest.mark.parametrize(
    ("url", "challenge"), [("/token/401", "Token"), ("/basic/401", 'Basic realm="api"')]
)
def test_a_returned_401_has_the_challenge_of_its_authenticator(
    url: str, challenge: str, client: Client
) -> None:
    assert client.get(url)["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("status", [200, 201, 302, 399])
def test_a_success_without_data_stays_empty(status: int, client: Client) -> None:
    response = client.get(f"/status/{status}")
    assert (response.status_code, response.content) == (status, b"")
    assert "WWW-Authenticate" not in response


def test_a_body_that_is_ours_already_stays_as_it_is(client: Client) -> None:
    response = client.get("/ours")
    assert response.json() == {**OURS, "till": 4}
    assert response.status_code == 409


@pytest.mark.django_db
def test_a_code_sent_with_another_status_by_the_project_changes_both(
    client: Client, settings: Any
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 409}}}
    response = client.get("/returned/errors of a unique field")
    assert response.status_code == response.json()["status"] == 409


@pytest.mark.django_db
def test_the_headers_are_those_of_the_status_that_is_sent(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": 429}}}
    response = client.get("/returned/errors of a unique field")
    assert (response.status_code, response["Retry-After"]) == (429, "5")


def test_a_vendor_s_name_for_json_gives_way_for_an_error(client: Client) -> None:
    response = client.get("/vendor/a text")
    assert response["Content-Type"] == "application/json"
    assert response.json()["errors"] == ["The till is closed."]


def test_a_project_s_own_envelope_is_brought_into_the_format(client: Client) -> None:
    response = client.get("/envelope/a text")
    assert response.json()["errors"] == ["The till is closed."]


def test_an_error_below_an_excluded_path_keeps_its_shape(client: Client, settings: Any) -> None:
    settings.API_ERRORS = {"EXCLUDED_PATHS": ["/returned"]}
    response = client.get("/returned/OAuth's")
    assert response.json() == RETURNED["OAuth's"][0]


def test_an_error_is_indented_where_that_is_asked_for(client: Client) -> None:
    response = client.get("/ours", headers={"accept": "application/json; indent=2"})
    assert response.text == json.dumps({**OURS, "till": 4}, indent=2)


def test_an_error_that_is_no_json_is_a_500(client: Client) -> None:
    client.raise_request_exception = False
    response = client.get("/failing-error")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("url", ["/status/404", "/status/401"])
def test_a_failure_to_make_the_error_gives_the_last_resort_and_a_record(
    url: str, client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": "many", "CHALLENGE": "not\na header"}
    response = client.get(url)
    assert response.status_code == 500
    assert response["Content-Type"] == "application/json"
    assert response.json()["code"] == "INTERNAL_ERROR"
    assert "bringing a returned error into the format" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("installed")
def test_the_browsable_api_shows_the_body_in_its_page(client: Client) -> None:
    response = client.get("/browsable/a text", headers={"accept": "text/html"})
    assert response.status_code == 409
    assert response["Content-Type"] == "text/html; charset=utf-8"
    shown = re.sub(r"<[^>]*>", "", response.text).replace("&quot;", '"')
    assert "HTTP 409 Conflict" in shown
    body = {"status": 409, "errors": ["The till is closed."], "code": "CONFLICT", "moreInfo": ""}
    assert json.dumps(body, indent=4) in shown


@pytest.mark.django_db
@pytest.mark.parametrize("name", RETURNED)
def test_the_browsable_api_has_a_page_for_every_error(name: str, client: Client) -> None:
    response = client.get(f"/browsable/{name}", headers={"accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (
        RETURNED[name][1],
        "text/html; charset=utf-8",
    )


def test_a_page_has_the_headers_of_its_status_too(client: Client) -> None:
    response = client.get("/browsable/a credential missing", headers={"accept": "text/html"})
    assert response["WWW-Authenticate"] == 'Session realm="api"'


DATA = {
    "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    "price": decimal.Decimal("1.5"),
    "name": "grün\u2028",
    1: [None, True, {"deep": (1, 2)}],
}


class OwnEncoder(JSONEncoder):
    """A project's own spelling of dates."""

    def default(self, obj: Any) -> Any:
        """Write a date as a year."""
        return obj.year if isinstance(obj, datetime.date) else super().default(obj)


class OwnIndent:
    """A project's own idea of who gets lines."""

    def get_indent(self, accepted_media_type: str, renderer_context: Any) -> int:
        """Indent for everyone."""
        return 3


JSON_SETTINGS: dict[str, dict[str, Any]] = {
    "DRF's defaults": {},
    "COMPACT_JSON off": {"compact": False},
    "UNICODE_JSON off": {"ensure_ascii": True},
    "STRICT_JSON off": {"strict": False},
    "an encoder": {"encoder_class": OwnEncoder},
    "an indent": {"get_indent": OwnIndent.get_indent},
}


@pytest.mark.parametrize("changes", JSON_SETTINGS.values(), ids=JSON_SETTINGS)
@pytest.mark.parametrize(
    "accept",
    [
        None,
        "application/json",
        "application/json; indent=4",
        "application/json; indent=0",
        "application/json; indent=99",
        "application/json; indent=x",
    ],
)
@pytest.mark.parametrize("context", [None, {}, {"indent": 2}, {"indent": 0}, {"indent": None}])
def test_a_success_has_the_bytes_of_stock_with_any_json_settings(
    changes: dict[str, Any], accept: str | None, context: Any
) -> None:
    ours = type("Ours", (JSONRenderer,), changes)()
    stock = type("Stock", (renderers.JSONRenderer,), changes)()
    assert ours.render(DATA, accept, context) == stock.render(DATA, accept, context)


def test_a_renderer_that_is_not_strict_writes_nan_as_stock_does() -> None:
    lax = type("Lax", (JSONRenderer,), {"strict": False})()
    assert lax.render([float("nan")]) == b"[NaN]"


def test_nothing_is_rendered_as_nothing() -> None:
    assert JSONRenderer().render(None) == b""


# In an interpreter of its own: DRF reads its settings when its views are first imported.
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
        *("django", "rest_framework.views", "rest_framework.response"),
        *(
            f"django_apierrors.{name}"
            for name in ("renderers", "parsers", "negotiation", "handler")
        ),
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
