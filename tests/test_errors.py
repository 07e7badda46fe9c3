"""The error: its body, by `CODE_FORMAT`, `MORE_INFO`, `DETAILS` and `MAX_ERRORS`."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG, CODES_BY_STATUS, ErrorCode
from django_apierrors.errors import Error
from django_apierrors.validation.messages import Item, Messages
from django_apierrors.validation.shape import is_error_body
from tests.bodies import body
from tests.models import Thing
from tests.support import DEFAULTS

pytestmark = pytest.mark.urls(__name__)

SECRET = "s3cret-text-of-an-exception"

OWN_CODES = {
    "OUT_OF_STOCK": {"status": 409, "number": 0x07010000, "message": "We have none."},
    "SOLD": {"status": 410, "message": "It was sold."},
}


class ConflictError(APIException):
    """An exception with a status that has no code of ours."""

    status_code = 409
    default_detail = "No."


def make_chained() -> Exception:
    """Return an exception with a secret in each place that an exception has."""
    exception = KeyError(SECRET)
    exception.__cause__ = ValueError(SECRET)
    exception.add_note(SECRET)
    exception.detail = SECRET  # type: ignore[attr-defined]
    exception.code = SECRET  # type: ignore[attr-defined]
    return exception


EXCEPTIONS: dict[str, Callable[[], Exception]] = {
    "denied": NotAuthenticated,
    "missing": NotFound,
    "invalid": lambda: ValidationError({"name": ["One.", "Two.", "Three."]}),
    "conflict": ConflictError,
    "out-of-stock": lambda: APIException("None.", code="out_of_stock"),
    "sold": lambda: APIException("Sold.", code="sold"),
}

# Exceptions that are not DRF's: a client may not see their messages.
THIRD_PARTY: dict[str, Callable[[], Exception]] = {
    "unhandled": lambda: RuntimeError(SECRET),
    "chained": make_chained,
    "group": lambda: ExceptionGroup(SECRET, [ValueError(SECRET), TimeoutError(SECRET)]),
    "does not exist": lambda: Thing.DoesNotExist(SECRET),
    "integrity": lambda: IntegrityError(SECRET),
    "database": lambda: OperationalError(SECRET),
    "programming": lambda: ProgrammingError(SECRET),
}


class RaiseView(APIView):
    """Raise the exception that the URL names."""

    def get(self, request: Request, name: str) -> Response:
        raise (EXCEPTIONS.get(name) or THIRD_PARTY[name])()


class LookUpView(APIView):
    """Fail in the database, as views do."""

    def get(self, request: Request) -> Response:
        return Response(get_object_or_404(Thing, name=SECRET))

    def post(self, request: Request) -> Response:
        Thing.objects.create(name="broken", size=-1)
        return Response()

    def put(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT s3cret FROM nowhere")
        return Response()


class ReturnView(APIView):
    """Return a body in the format, with a key more."""

    def get(self, request: Request) -> Response:
        return Response(RETURNED, status=409)


def get_page(request: HttpRequest, code: str) -> JsonResponse:
    """Respond as the page about a code does."""
    return JsonResponse({"page": code})


urlpatterns = [
    path("raise/<str:name>", RaiseView.as_view()),
    path("lookup", LookUpView.as_view()),
    path("return", ReturnView.as_view()),
    path("errors/<str:code>", get_page, name="error-page"),
    path("no-code", get_page, name="page-without-a-code"),
]

OURS = body("SOLD", "It was sold.", status=409, more_info="https://docs.example/sold")
RETURNED = {**OURS, "requestId": "a1"}


@pytest.fixture
def client() -> Client:
    """Return a client that gets the response to an unhandled exception."""
    return Client(raise_request_exception=False)


def test_a_default_401_is_the_documents_example_to_the_byte(client: Client) -> None:
    assert client.get("/raise/denied").content == (
        b'{"status":401,"errors":["Access denied, please check your credentials!"],'
        b'"code":33619968,"moreInfo":""}'
    )


@pytest.mark.parametrize(
    ("code_format", "codes"),
    [
        ("legacy", [33619968, "MISSING_RESOURCE", "CONFLICT", "OUT_OF_STOCK", "SOLD"]),
        ("name", ["UNAUTHENTICATED", "MISSING_RESOURCE", "CONFLICT", "OUT_OF_STOCK", "SOLD"]),
        ("number", [33619968, 16842752, "CONFLICT", 0x07010000, "SOLD"]),
    ],
)
def test_code_format_chooses_between_the_name_and_the_number(
    client: Client, settings: Settings, code_format: str, codes: list[str | int]
) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": code_format, "CODES": OWN_CODES}
    names = ["denied", "missing", "conflict", "out-of-stock", "sold"]
    assert [client.get(f"/raise/{name}").json()["code"] for name in names] == codes


def test_by_default_the_401_is_the_only_code_sent_as_a_number() -> None:
    codes = [Error.of_code(code).get_body()["code"] for code in CATALOG.values()]
    assert codes == [33619968 if name == "UNAUTHENTICATED" else name for name in CATALOG]


def test_a_401_whose_number_a_project_removed_is_sent_by_name(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"UNAUTHENTICATED": {"number": None}}}
    assert client.get("/raise/denied").json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("https://d.example/{code}#{code}", "https://d.example/CONFLICT#CONFLICT"),
        ("/errors#{code}", "/errors#CONFLICT"),
        ("{code}", "CONFLICT"),
        ("https://d.example/errors", "https://d.example/errors"),
    ],
)
def test_a_template_is_filled_in(
    client: Client, settings: Settings, template: str, link: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": template}
    assert client.get("/raise/conflict").json()["moreInfo"] == link


@pytest.mark.parametrize(("name", "code"), [("sold", "SOLD"), ("unhandled", "INTERNAL_ERROR")])
def test_the_name_of_a_url_becomes_a_link_to_the_host_of_the_request(
    client: Client, settings: Settings, name: str, code: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page", "CODES": OWN_CODES}
    response = client.get(f"/raise/{name}", secure=True, headers={"Host": "localhost:8443"})
    link = response.json()["moreInfo"]
    assert link == f"https://localhost:8443/errors/{code}"
    assert client.get(link).json() == {"page": code}


def test_an_error_outside_drf_has_a_link_too(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    link = "http://testserver/errors/MISSING_RESOURCE"
    assert client.get("/nowhere").json() == body("MISSING_RESOURCE", more_info=link)


def test_a_code_outside_the_catalogue_has_no_link(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    assert client.get("/raise/conflict").json() == body("CONFLICT", "No.", status=409)


def test_without_a_request_the_link_is_a_path(settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    assert Error.of_status(404).get_body()["moreInfo"] == "/errors/MISSING_RESOURCE"


def test_if_the_host_is_not_allowed_the_link_is_a_path(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    response = client.get("/raise/missing", headers={"Host": "evil.example"})
    assert response.json() == body("INVALID_CONTENT", more_info="/errors/INVALID_CONTENT")


@pytest.mark.parametrize("name", ["no-such-name", "page-without-a-code", "no_namespace:errors"])
def test_if_more_info_does_not_name_a_url_the_error_has_no_link(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": name}
    assert client.get("/raise/missing").json() == body("MISSING_RESOURCE")
    assert "NoReverseMatch" in caplog.text
    assert "MORE_INFO" in caplog.text


def test_if_the_urlconf_is_broken_the_error_has_no_link(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    settings.ROOT_URLCONF = "tests.no_such_urls"
    sent = client.get("/raise/missing").json()
    assert sent == body("INTERNAL_ERROR", *sent["errors"])
    assert "failed while reversing the URL named by MORE_INFO." in caplog.text


def test_details_come_last_and_only_if_they_are_switched_on(
    client: Client, settings: Settings
) -> None:
    without_details = body("INVALID_CONTENT", "name: One.", "name: Two.", "name: Three.")
    assert client.get("/raise/invalid").json() == without_details
    settings.API_ERRORS = {"DETAILS": True}
    sent = client.get("/raise/invalid").json()
    assert list(sent) == [*without_details, "details"]
    assert sent == {
        **without_details,
        "details": [
            {"field": "name", "code": "invalid", "message": message, "in": "path"}
            for message in ("One.", "Two.", "Three.")
        ],
    }
    settings.API_ERRORS = {"DETAILS": True, "MAX_ERRORS": 2}
    # The truncation message does not have a place.
    for name, code, place in (
        ("denied", "unauthenticated", {"in": "header"}),
        ("invalid", "invalid_content", {}),
    ):
        sent = client.get(f"/raise/{name}").json()
        assert len(sent["details"]) == len(sent["errors"])
        last = {"field": "", "code": code, "message": sent["errors"][-1], **place}
        assert sent["details"][-1] == last


def test_a_bare_status_has_its_code() -> None:
    errors = {status: Error.of_status(status) for status in CODES_BY_STATUS}
    assert errors == {
        status: Error(CATALOG[name], status) for status, name in CODES_BY_STATUS.items()
    }


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ([], "INVALID_CONTENT"),
        ([None], "INVALID_CONTENT"),
        (["required"], "INVALID_CONTENT"),
        (["unique", "unique_together"], "ALREADY_EXISTS"),
        (["unique", "required"], "INVALID_CONTENT"),
        (["unique", None], "INVALID_CONTENT"),
        (["unique", "does_not_exist"], "INVALID_CONTENT"),
    ],
)
def test_messages_have_the_code_that_all_of_them_share(codes: list[str | None], name: str) -> None:
    messages = Messages([Item("sku", code, "No.") for code in codes], frozenset(codes))
    error = Error.of_messages(messages, 400)
    assert (error.status, error.code.name) == (400, name)


@pytest.mark.parametrize(
    ("limit", "errors"),
    [
        (3, ["name: One.", "name: Two.", "name: Three."]),
        (2, ["name: One.", "2 more errors were left out."]),
        # A limit below two would leave no room for a message.
        (0, ["name: One.", "2 more errors were left out."]),
        (None, ["name: One.", "name: Two.", "name: Three."]),
    ],
)
def test_the_last_message_counts_those_that_were_left_out(
    client: Client, settings: Settings, limit: int | None, errors: list[str]
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": limit}
    assert client.get("/raise/invalid").json() == body("INVALID_CONTENT", *errors)


def test_a_lazy_message_is_translated_when_the_body_is_built() -> None:
    code = ErrorCode("SOLD", 410, None, gettext_lazy("Yes"), "")
    with translation.override("de"):
        assert Error.of_code(code).get_body()["errors"] == ["Ja"]


def test_a_body_is_recognised_by_its_whole_shape() -> None:
    bodies: list[object] = [OURS, {**OURS, "code": 7}, RETURNED, UserDict(OURS)]
    assert all(is_error_body(each, 409) for each in bodies)
    others: list[object] = [
        *(None, "It was sold.", [OURS], {}),
        *({key: value for key, value in OURS.items() if key != missing} for missing in OURS),
        *({**OURS, "status": status} for status in (400, "409", 409.0)),
        *({**OURS, "errors": errors} for errors in ([], [""], "It was sold.", {"name": ["No."]})),
        {**OURS, "errors": [{"detail": "It was sold."}]},
        *({**OURS, "code": code} for code in (None, 7.5)),
        {**OURS, "moreInfo": None},
    ]
    assert [other for other in others if is_error_body(other, 409)] == []


def test_a_body_in_the_format_that_a_view_returns_is_unchanged(client: Client) -> None:
    response = client.get("/return")
    assert (response.status_code, response.json()) == (409, RETURNED)


def assert_no_secret(response: Any, *words: str) -> None:
    """Assert that `response` is an error without words of its exception."""
    assert is_error_body(response.json(), response.status_code)
    assert [word for word in ("Traceback", *words) if word in response.text] == []


@pytest.mark.parametrize("name", THIRD_PARTY)
def test_the_message_of_a_third_party_exception_is_not_sent(
    client: Client, settings: Settings, name: str
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    for debug in (False, True):
        settings.DEBUG = debug
        response = client.get(f"/raise/{name}")
        assert_no_secret(response, SECRET, type(THIRD_PARTY[name]()).__name__)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.django_db
def test_no_model_constraint_sql_or_path_is_sent(
    client: Client, settings: Settings, method: str
) -> None:
    settings.DEBUG = True
    settings.API_ERRORS = {"DETAILS": True}
    words = ("s3cret", "Thing", "thing", "natural", "SELECT", "nowhere", "constraint", "/")
    assert_no_secret(client.generic(method, "/lookup"), *words)


# A wrong type for each key: a string in place of a number, a number in place of anything else.
WRONG_VALUES = [
    *((key, "many" if type(value) is int else 5) for key, value in DEFAULTS.items()),
    ("CODES", {"INVALID_CONTENT": 5, "INTERNAL_ERROR": 5}),
    ("PATHS", [5]),
]


@pytest.mark.parametrize(("key", "value"), WRONG_VALUES)
def test_with_a_setting_of_a_wrong_type_an_error_has_a_body(
    client: Client, settings: Settings, key: str, value: object
) -> None:
    settings.API_ERRORS = {key: value}
    for name in ("invalid", "unhandled"):
        response = client.get(f"/raise/{name}")
        assert is_error_body(response.json(), response.status_code)
