"""The error: its body, by `CODE_FORMAT`, `MORE_INFO` and `DETAILS`."""

from __future__ import annotations

import sys
from collections import UserDict
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError, ProgrammingError, connection
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG, CODES_BY_STATUS, ErrorCode, get_codes
from django_apierrors.conf import DEFAULTS
from django_apierrors.errors import Error, get_truncation_message, is_error_body, is_template
from django_apierrors.validation.details import Item, Items
from tests.models import Thing

pytestmark = pytest.mark.urls(__name__)

DENIED = "Access denied, please check your credentials!"

SECRET = "s3cret-text-of-an-exception"

OWN_CODES = {
    "OUT_OF_STOCK": {"status": 409, "number": 0x07010000, "message": "We have none."},
    "SOLD": {"status": 410, "message": "It was sold."},
}


class ConflictError(APIException):
    """An exception with a status that has no code of ours."""

    status_code = 409
    default_detail = "No."


class NoTextError(Exception):
    """An exception whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def make_chained() -> Exception:
    """Return an exception with a secret in each place that an exception has."""
    exception = KeyError(SECRET)
    exception.__cause__ = ValueError(SECRET)
    exception.add_note(SECRET)
    exception.detail = SECRET  # type: ignore[attr-defined]
    exception.code = SECRET  # type: ignore[attr-defined]
    return exception


# What is neither DRF's nor a validation error: its text is nobody's business.
FOREIGN: dict[str, Callable[[], Exception]] = {
    "bug": lambda: RuntimeError(SECRET),
    "chained": make_chained,
    "group": lambda: ExceptionGroup(SECRET, [ValueError(SECRET), TimeoutError(SECRET)]),
    "timeout": lambda: TimeoutError(SECRET),
    "refused": lambda: ConnectionRefusedError(111, SECRET),
    "file": lambda: FileNotFoundError(2, SECRET, f"/srv/{SECRET}"),
    "404": lambda: Http404(SECRET),
    "does not exist": lambda: Thing.DoesNotExist(SECRET),
    "403": lambda: PermissionDenied(SECRET),
    "400": lambda: BadRequest(SECRET),
    "suspicious": lambda: SuspiciousOperation(SECRET),
    "integrity": lambda: IntegrityError(SECRET),
    "database": lambda: OperationalError(SECRET),
    "programming": lambda: ProgrammingError(SECRET),
}


EXCEPTIONS: dict[str, Callable[[], Exception]] = {
    "denied": NotAuthenticated,
    "missing": NotFound,
    "invalid": lambda: ValidationError({"name": ["One.", "Two."]}),
    "conflict": ConflictError,
    "out-of-stock": lambda: APIException("None.", code="out_of_stock"),
    "sold": lambda: APIException("Sold.", code="sold"),
    "strange": lambda: APIException("What?", code="not_in_any_catalogue"),
    "no-text": NoTextError,
    "no-text-denied": lambda: PermissionDenied(NoTextError()),
}


class RaiseView(APIView):
    """Raise what the URL names."""

    def get(self, request: Request, name: str) -> Response:
        """Raise it."""
        raise (EXCEPTIONS.get(name) or FOREIGN[name])()


class LookUpView(APIView):
    """Look something up, or make it, as views do."""

    def get(self, request: Request) -> Response:
        """Find nothing."""
        return Response(get_object_or_404(Thing, name=SECRET))

    def post(self, request: Request) -> Response:
        """Break a constraint of the database."""
        Thing.objects.create(name="broken", size=-1)
        return Response()

    def put(self, request: Request) -> Response:
        """Send SQL that is none."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT s3cret FROM nowhere")
        return Response()


class ReturnView(APIView):
    """Return a body that is as ours."""

    def get(self, request: Request) -> Response:
        """Return it."""
        body = make_body(409, "SOLD", "It was sold.", more_info="https://docs.example/sold")
        return Response({**body, "requestId": "a1"}, status=409)


def get_page(request: HttpRequest, code: str) -> JsonResponse:
    """Answer as a page about a code does."""
    if code not in get_codes():
        raise Http404
    return JsonResponse({"code": code})


urlpatterns = [
    path("raise/<str:name>", RaiseView.as_view()),
    path("look-up", LookUpView.as_view()),
    path("return", ReturnView.as_view()),
    path("errors/<str:code>", get_page, name="error-page"),
    path("no-code", get_page, name="page-without-a-code"),
]


def make_body(status: int, code: str | int, *errors: str, more_info: str = "") -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": more_info}


@pytest.mark.parametrize("changes", [{}, {"CODE_FORMAT": "legacy"}])
def test_a_default_401_is_the_documents_example_to_the_byte(
    client: Client, settings: Settings, changes: dict[str, Any]
) -> None:
    settings.API_ERRORS = changes
    assert client.get("/raise/denied").content == (
        b'{"status":401,"errors":["Access denied, please check your credentials!"],'
        b'"code":33619968,"moreInfo":""}'
    )


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_as_a_name_each_code_goes_by_its_name(settings: Settings, code: ErrorCode) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": "name"}
    assert Error.of_code(code).get_body() == make_body(code.status, code.name, str(code.message))


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_as_a_number_each_code_goes_by_its_number(settings: Settings, code: ErrorCode) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": "number"}
    assert Error.of_code(code).get_body() == make_body(
        code.status, code.number or 0, str(code.message)
    )


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_by_default_the_401_alone_is_a_number(code: ErrorCode) -> None:
    expected = 33619968 if code.name == "UNAUTHENTICATED" else code.name
    assert Error.of_code(code).get_body() == make_body(code.status, expected, str(code.message))


@pytest.mark.parametrize(
    ("code_format", "name", "code"),
    [
        ("legacy", "denied", 33619968),
        ("legacy", "missing", "MISSING_RESOURCE"),
        ("legacy", "out-of-stock", "OUT_OF_STOCK"),
        ("name", "denied", "UNAUTHENTICATED"),
        ("number", "missing", 16842752),
        ("number", "out-of-stock", 0x07010000),
        ("number", "sold", "SOLD"),
        ("number", "conflict", "CONFLICT"),
    ],
)
def test_the_code_is_sent_as_the_setting_says(
    client: Client, settings: Settings, code_format: str, name: str, code: str | int
) -> None:
    settings.API_ERRORS = {"CODE_FORMAT": code_format, "CODES": OWN_CODES}
    assert client.get(f"/raise/{name}").json()["code"] == code


@pytest.mark.parametrize("code_format", ["legacy", "name", "number"])
def test_a_401_whose_number_was_taken_away_goes_by_its_name(
    client: Client, settings: Settings, code_format: str
) -> None:
    settings.API_ERRORS = {
        "CODE_FORMAT": code_format,
        "CODES": {"UNAUTHENTICATED": {"number": None}},
    }
    assert client.get("/raise/denied").json() == make_body(401, "UNAUTHENTICATED", DENIED)


@pytest.mark.parametrize(
    ("template", "name", "link"),
    [
        ("https://d.example/{code}", "missing", "https://d.example/MISSING_RESOURCE"),
        (
            "https://d.example/{code}#{code}",
            "denied",
            "https://d.example/UNAUTHENTICATED#UNAUTHENTICATED",
        ),
        ("https://d.example/?c={code}", "conflict", "https://d.example/?c=CONFLICT"),
        ("/errors#{code}", "sold", "/errors#SOLD"),
        ("https://d.example/errors", "missing", "https://d.example/errors"),
    ],
)
def test_a_template_is_filled_in(
    client: Client, settings: Settings, template: str, name: str, link: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": template, "CODES": OWN_CODES}
    assert client.get(f"/raise/{name}").json()["moreInfo"] == link


@pytest.mark.parametrize("name", ["denied", "missing", "invalid", "out-of-stock", "sold"])
def test_the_name_of_a_url_becomes_an_absolute_link_that_answers_200(
    client: Client, settings: Settings, name: str
) -> None:
    settings.API_ERRORS = {
        "MORE_INFO": "error-page",
        "CODES": OWN_CODES,
        "CODE_FORMAT": "name",
    }
    body = client.get(f"/raise/{name}").json()
    assert body["moreInfo"] == f"http://testserver/errors/{body['code']}"
    assert client.get(body["moreInfo"]).status_code == 200


def test_the_link_has_the_scheme_and_the_host_of_the_request(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    response = client.get("/raise/missing", secure=True, headers={"Host": "localhost:8443"})
    assert response.json()["moreInfo"] == "https://localhost:8443/errors/MISSING_RESOURCE"


def test_an_error_outside_drf_has_its_link_too(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    assert client.get("/nowhere").json() == make_body(
        404,
        "MISSING_RESOURCE",
        "The resource you try to access does not exist, or is outside your scope.",
        more_info="http://testserver/errors/MISSING_RESOURCE",
    )


@pytest.mark.parametrize("name", ["conflict", "strange", "out-of-stock"])
def test_a_code_that_no_reference_has_a_page_for_has_no_link(
    client: Client, settings: Settings, name: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    assert client.get(f"/raise/{name}").json()["moreInfo"] == ""


def test_without_a_request_the_link_is_a_path(settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    body = Error.of_status(404).get_body()
    assert body["moreInfo"] == "/errors/MISSING_RESOURCE"


@pytest.mark.parametrize("host", ["evil.example", "no host", "a/b"])
def test_with_a_host_that_is_not_allowed_the_link_is_a_path(
    client: Client, settings: Settings, host: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    response = client.get("/raise/missing", headers={"Host": host})
    assert response.json() == make_body(
        400,
        "INVALID_CONTENT",
        "The syntax/content is incorrect.",
        more_info="/errors/INVALID_CONTENT",
    )


@pytest.mark.parametrize("name", ["no-such-name", "page-without-a-code", "no_namespace:errors"])
def test_a_name_of_no_url_costs_the_link_alone(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    settings.API_ERRORS = {"MORE_INFO": name}
    response = client.get("/raise/missing")
    assert response.status_code == 404
    assert response.json()["moreInfo"] == ""
    assert "django_apierrors failed while reversing the URL named by MORE_INFO." in caplog.text
    assert "NoReverseMatch" in caplog.text


def test_a_broken_urlconf_costs_the_link_alone(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    client.raise_request_exception = False
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    settings.ROOT_URLCONF = "tests.no_such_urls"
    response = client.get("/raise/missing")
    body = response.json()
    [message] = body["errors"]
    assert message.startswith(str(CATALOG["INTERNAL_ERROR"].message))
    assert body == make_body(500, "INTERNAL_ERROR", message)
    assert "django_apierrors failed while reversing the URL named by MORE_INFO." in caplog.text


def test_a_urlconf_with_an_entry_that_is_no_url_costs_the_link_alone(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.raise_request_exception = False
    urls = ModuleType("broken_urls")
    urls.urlpatterns = ["errors/<str:code>"]  # type: ignore[attr-defined]
    # Not a module that is replaced, but one that stands nowhere else.
    monkeypatch.setitem(sys.modules, "broken_urls", urls)
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    settings.ROOT_URLCONF = "broken_urls"
    response = client.get("/raise/missing")
    assert response.status_code == 500
    assert response.json()["moreInfo"] == ""


@pytest.mark.parametrize(
    ("more_info", "expected"),
    [
        ("errors:page", False),
        ("error-page", False),
        ("https://d.example", True),
        ("{code}", True),
    ],
)
def test_a_template_has_a_slash_or_a_brace(more_info: str, expected: bool) -> None:
    assert is_template(more_info) is expected


def test_details_come_last_and_only_where_they_are_wanted(
    client: Client, settings: Settings
) -> None:
    body = make_body(400, "INVALID_CONTENT", "name: One.", "name: Two.")
    assert client.get("/raise/invalid").json() == body
    settings.API_ERRORS = {"DETAILS": True}
    with_details = client.get("/raise/invalid").json()
    assert list(with_details) == [*body, "details"]
    assert with_details == {
        **body,
        "details": [
            {"field": "name", "code": "invalid", "message": "One."},
            {"field": "name", "code": "invalid", "message": "Two."},
        ],
    }


def test_an_error_without_messages_of_its_own_has_no_details(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    assert client.get("/raise/missing").json()["details"] == []


def test_a_messages_own_code_is_among_the_details(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    items = [Item("sku", "required", "One."), Item("", None, "Two.")]
    assert Error.of_code(CATALOG["INVALID_CONTENT"], items).get_body() == {
        **make_body(400, "INVALID_CONTENT", "sku: One.", "Two."),
        "details": [
            {"field": "sku", "code": "required", "message": "One."},
            {"field": "", "code": "invalid", "message": "Two."},
        ],
    }


@pytest.mark.parametrize(("status", "name"), CODES_BY_STATUS.items())
def test_a_bare_status_has_its_code(status: int, name: str) -> None:
    error = Error.of_status(status)
    assert (error.status, error.code) == (status, CATALOG[name])


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ([], "INVALID_CONTENT"),
        ([None], "INVALID_CONTENT"),
        (["required"], "INVALID_CONTENT"),
        (["unique"], "ALREADY_EXISTS"),
        (["unique", "unique_together"], "ALREADY_EXISTS"),
        (["unique", "required"], "INVALID_CONTENT"),
        (["unique", None], "INVALID_CONTENT"),
        (["unique", "does_not_exist"], "INVALID_CONTENT"),
        (["does_not_exist", "does_not_exist"], "MISSING_RESOURCE"),
    ],
)
def test_messages_have_the_code_that_all_of_them_share(codes: list[str | None], name: str) -> None:
    items = Items([Item("sku", code, "No.") for code in codes])
    error = Error.of_items(items, 400)
    assert (error.status, error.code.name) == (400, name)


@pytest.mark.parametrize(
    ("left_out", "notice"),
    [(1, "1 more error was left out."), (12, "12 more errors were left out.")],
)
def test_the_notice_counts(left_out: int, notice: str) -> None:
    assert get_truncation_message(left_out) == notice


def test_a_text_of_the_catalogue_is_read_when_the_body_is_made() -> None:
    code = ErrorCode("SOLD", 410, None, gettext_lazy("Yes"), "")
    with translation.override("de"):
        assert Error.of_code(code).get_body() == make_body(410, "SOLD", "Ja")


def test_a_drf_request_makes_the_link_as_djangos_does(settings: Settings) -> None:
    settings.API_ERRORS = {"MORE_INFO": "error-page"}
    request = RequestFactory().get("/")
    error = Error.of_status(404)
    assert error.get_body(Request(request)) == error.get_body(request)


OURS = make_body(409, "SOLD", "It was sold.")


@pytest.mark.parametrize(
    "data",
    [
        OURS,
        {**OURS, "code": 7},
        {**OURS, "details": []},
        {**OURS, "requestId": "a1"},
        UserDict(OURS),
    ],
)
def test_a_body_of_the_whole_shape_is_ours(data: object) -> None:
    assert is_error_body(data, 409)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "It was sold.",
        [OURS],
        {},
        *({key: value for key, value in OURS.items() if key != missing} for missing in OURS),
        {**OURS, "status": 400},
        {**OURS, "status": "409"},
        {**OURS, "status": 409.0},
        {**OURS, "errors": []},
        {**OURS, "errors": [""]},
        {**OURS, "errors": "It was sold."},
        {**OURS, "errors": {"name": ["It was sold."]}},
        {**OURS, "errors": [{"detail": "It was sold."}]},
        {**OURS, "code": None},
        {**OURS, "code": 7.5},
        {**OURS, "moreInfo": None},
    ],
)
def test_a_body_of_another_shape_is_not_ours(data: object) -> None:
    assert not is_error_body(data, 409)


def test_a_body_of_ours_that_a_view_returns_is_left_as_it_is(client: Client) -> None:
    response = client.get("/return")
    assert response.status_code == 409
    assert response.json() == {
        **make_body(409, "SOLD", "It was sold.", more_info="https://docs.example/sold"),
        "requestId": "a1",
    }


def send(client: Client, settings: Settings, method: str, url: str, *, two_lines: bool) -> Any:
    """Return the answer to a request, with the middleware installed or with the handler alone."""
    client.raise_request_exception = False
    if two_lines:
        settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    return client.generic(method, url)


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", FOREIGN)
def test_the_text_of_a_foreign_exception_is_not_sent(
    client: Client, settings: Settings, name: str, debug: bool, two_lines: bool
) -> None:
    settings.DEBUG = debug
    settings.API_ERRORS = {"DETAILS": True}
    response = send(client, settings, "GET", f"/raise/{name}", two_lines=two_lines)
    assert is_error_body(response.json(), response.status_code)
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert type(FOREIGN[name]()).__name__ not in response.text


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.django_db
def test_no_model_constraint_sql_or_path_is_sent(
    client: Client, settings: Settings, method: str, debug: bool, two_lines: bool
) -> None:
    settings.DEBUG = debug
    settings.API_ERRORS = {"DETAILS": True}
    response = send(client, settings, method, "/look-up", two_lines=two_lines)
    assert is_error_body(response.json(), response.status_code)
    for word in ("s3cret", "Thing", "thing", "natural", "SELECT", "nowhere", "constraint", "/"):
        assert word not in response.text


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize(("name", "status"), [("no-text", 500), ("no-text-denied", 403)])
def test_an_exception_whose_text_cannot_be_had_is_answered(
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    name: str,
    status: int,
    two_lines: bool,
) -> None:
    response = send(client, settings, "GET", f"/raise/{name}", two_lines=two_lines)
    assert response.status_code == status
    assert is_error_body(response.json(), status)
    assert "no text" not in response.text
    assert status == 403 or "NoTextError" in caplog.text


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize("name", ["missing", "denied", "404", "bug"])
def test_a_translation_that_fails_is_answered_and_logged(
    client: Client,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    name: str,
    two_lines: bool,
) -> None:
    broken = {"message": lazystr(NoTextError())}
    settings.API_ERRORS = {"CODES": dict.fromkeys(CATALOG, broken)}
    response = send(client, settings, "GET", f"/raise/{name}", two_lines=two_lines)
    assert response.status_code == 500
    assert response.json() == make_body(
        500, "INTERNAL_ERROR", str(CATALOG["INTERNAL_ERROR"].message)
    )
    assert "RuntimeError: no text" in caplog.text


@pytest.mark.parametrize("two_lines", [False, True])
@pytest.mark.parametrize("value", [5, "many", object(), {"GONE": 5}, [5]])
@pytest.mark.parametrize("key", DEFAULTS)
@pytest.mark.parametrize("name", ["invalid", "bug"])
def test_a_setting_that_makes_no_sense_costs_no_body(
    client: Client, settings: Settings, name: str, key: str, value: object, two_lines: bool
) -> None:
    settings.API_ERRORS = {key: value}
    response = send(client, settings, "GET", f"/raise/{name}", two_lines=two_lines)
    assert is_error_body(response.json(), response.status_code)
