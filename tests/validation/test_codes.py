"""Message codes: from the code of a message or an exception to a code of the catalogue."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.test import Client
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework import exceptions, serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from django_apierrors.catalog import CATALOG, get_code_of_status
from django_apierrors.validation.codes import (
    CODES_BY_MESSAGE_CODE,
    GENERIC_CODES,
    find_catalog_name,
    find_code,
)
from tests.bodies import body
from tests.models import Shelf, Thing

pytestmark = pytest.mark.urls(__name__)


class NumberedError(APIException):
    """An exception whose code is a number."""

    status_code = 409
    default_code = 4001  # type: ignore[assignment]
    default_detail = "No."


class TeapotError(ValidationError):
    """A validation error with its own code."""

    default_code = "teapot"
    default_detail = "It is a teapot."


class PlainError(APIException):
    """An exception whose code is the name of its status."""

    status_code = 400
    default_code = "bad_request"
    default_detail = "No."


class ListedError(TeapotError):
    """A validation error whose code is a list."""

    default_code = ["teapot"]  # type: ignore[assignment]


def unauthenticated(message: str) -> dict[str, Any]:
    """Return the body of a credential that is not valid."""
    return body("UNAUTHENTICATED", message)


# Exceptions, each with its body.
EXCEPTIONS: dict[str, tuple[Callable[[], Exception], dict[str, Any]]] = {
    "number": (NumberedError, {**body("CONFLICT", "No.", status=409), "code": 4001}),
    "teapot": (TeapotError, body("TEAPOT", "It is a teapot.", status=400)),
    "status": (PlainError, body("INVALID_CONTENT", "No.")),
    "list": (ListedError, body("INVALID_CONTENT", "It is a teapot.")),
    "dict": (
        lambda: APIException({"detail": "No.", "code": {"no": 1}}),
        {**body("INTERNAL_ERROR", "No."), "extra": {"code": {"no": 1}}},
    ),
    "django": (
        lambda: DjangoValidationError({"name": DjangoValidationError("Taken.", "unique")}),
        body("ALREADY_EXISTS", "name: Taken."),
    ),
    "jwt password": (
        lambda: AuthenticationFailed("It was changed.", code="password_changed"),
        body("PASSWORD_CHANGED", "It was changed.", status=401),
    ),
}


class RaiseView(APIView):
    """Raise the exception that the URL names."""

    def get(self, request: Request, name: str) -> Response:
        raise EXCEPTIONS[name][0]()


class CodeView(APIView):
    """Raise an APIException of status 409 with the code of the URL, or a validation error."""

    def get(self, request: Request, code: str) -> Response:
        exception = APIException("No.", code=code)
        exception.status_code = 409
        raise exception

    def post(self, request: Request, code: str) -> Response:
        raise ValidationError({"name": ErrorDetail("No.", code)})


class TokenView(APIView):
    """Require a JSON web token."""

    authentication_classes = [JWTAuthentication]


class ThingSerializer(serializers.ModelSerializer[Thing]):
    """Has a foreign key, a unique field and two fields that are unique together."""

    class Meta:
        model = Thing
        fields = ["name", "size", "shelf"]


class ThingsView(APIView):
    """Validate a thing."""

    def post(self, request: Request) -> Response:
        ThingSerializer(data=request.data).is_valid(raise_exception=True)
        return Response()


urlpatterns = [
    path("raise/<str:name>", RaiseView.as_view()),
    path("code/<path:code>", CodeView.as_view()),
    path("things", ThingsView.as_view()),
    path("token", TokenView.as_view()),
    path("token/obtain", TokenObtainPairView.as_view()),
    path("token/refresh", TokenRefreshView.as_view()),
]


@pytest.mark.parametrize(("message_code", "name"), CODES_BY_MESSAGE_CODE.items())
def test_a_code_that_all_messages_share_is_the_code_of_the_error(
    client: Client, message_code: str, name: str
) -> None:
    expected = body(name, "name: No.", status=400)
    assert client.post(f"/code/{message_code}").json() == expected


def test_a_message_may_have_a_code_of_the_catalogue(client: Client) -> None:
    for name in CATALOG:
        expected = "INVALID_CONTENT" if name.lower() in GENERIC_CODES else name
        response = client.post(f"/code/{name.lower()}")
        assert response.json() == body(expected, "name: No.", status=400)


def test_a_generic_code_gives_the_code_of_the_status(client: Client) -> None:
    for message_code in sorted(GENERIC_CODES):
        response = client.get(f"/code/{message_code}")
        assert response.json() == body("CONFLICT", "No.", status=409)


def test_the_codes_of_drfs_own_exceptions_are_generic() -> None:
    classes = [
        cls
        for cls in vars(exceptions).values()
        if inspect.isclass(cls) and issubclass(cls, APIException)
    ]
    assert {cls.default_code for cls in classes} <= set(GENERIC_CODES)


@pytest.mark.parametrize(
    ("message_code", "name"),
    [
        ("out_of_stock", "OUT_OF_STOCK"),
        ("out-of-stock", "OUT_OF_STOCK"),
        ("OutOfStock2", "OUT_OF_STOCK2"),
        ("x" * 64, "X" * 64),
        ("x" * 65, "CONFLICT"),
        ("out of stock", "CONFLICT"),
        ("/etc/passwd", "CONFLICT"),
        ("2fa", "CONFLICT"),
        ("größe", "CONFLICT"),
    ],
)
def test_an_exceptions_own_code_is_sent_in_capitals_if_it_is_an_identifier(
    client: Client, message_code: str, name: str
) -> None:
    assert client.get(f"/code/{message_code}").json() == body(name, "No.", status=409)


def test_a_value_that_is_not_a_name_or_a_number_is_not_a_code() -> None:
    for message_code in (None, "", True, 4.2, ["a"], {"a": 1}, {1}, b"a", object()):
        assert find_code(message_code, 409) is None
        assert find_catalog_name(message_code) is None


@given(st.text() | st.integers() | st.binary() | st.none() | st.lists(st.text()))
def test_any_code_is_an_identifier_or_a_number_and_keeps_the_status(message_code: object) -> None:
    code = find_code(message_code, 418) or get_code_of_status(418)
    assert code.name.isascii()
    assert code.name.isidentifier() or int(code.name) == code.number
    assert code.name in CATALOG or code.status == 418


def test_a_message_with_a_projects_code_gives_the_error_that_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"OUT_OF_STOCK": {"status": 409}}}
    expected = body("OUT_OF_STOCK", "name: No.", status=409)
    assert client.post("/code/out-of-stock").json() == expected


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_with_an_unusual_code_has_a_body(client: Client, name: str) -> None:
    expected = EXCEPTIONS[name][1]
    response = client.get(f"/raise/{name}")
    assert (response.status_code, response.json()) == (expected["status"], expected)


CLASH = "name: thing with this name already exists."
NO_SHELF = 'shelf: Invalid pk "0" - object does not exist.'


@pytest.mark.parametrize(
    ("document", "code", "errors"),
    [
        ({"name": "taken"}, "ALREADY_EXISTS", [CLASH]),
        (
            {"name": "new", "shelf": 1, "size": 1},
            "ALREADY_EXISTS",
            ["The fields shelf, size must make a unique set."],
        ),
        ({"name": "new", "shelf": 0}, "MISSING_RESOURCE", [NO_SHELF]),
        (
            {"name": "new", "shelf": "top"},
            "INVALID_ID",
            ["shelf: Incorrect type. Expected pk value, received str."],
        ),
        ({"size": 1}, "INVALID_CONTENT", ["name: This field is required."]),
        ({"name": "taken", "shelf": 0}, "INVALID_CONTENT", [CLASH, NO_SHELF]),
    ],
)
@pytest.mark.django_db
def test_the_error_of_a_model_serializer_has_the_code_that_its_messages_share(
    client: Client, document: dict[str, Any], code: str, errors: list[str]
) -> None:
    Thing.objects.create(name="taken", shelf=Shelf.objects.create(pk=1, name="top"), size=1)
    response = client.post("/things", document, "application/json")
    assert (response.status_code, response.json()) == (400, body(code, *errors, status=400))


def make_token(**claims: str) -> str:
    """Return a token that Simple JWT has signed."""
    token = AccessToken()
    for name, value in claims.items():
        token[name] = value
    return str(token)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "a b", "Authorization header must contain two space-delimited values"),
        (lambda: make_token(user_id="1"), "User not found"),
        (
            lambda: make_token(jti=str(uuid.uuid4())),
            "Token contained no recognizable user identification",
        ),
    ],
)
@pytest.mark.django_db
def test_a_rejected_token_is_a_401_with_the_challenge_of_simple_jwt(
    client: Client, make: Callable[[], str], message: str
) -> None:
    response = client.get("/token", headers={"Authorization": f"Bearer {make()}"})
    assert (response.status_code, response.json()) == (401, unauthenticated(message))
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("url", "document", "message"),
    [
        (
            "/token/obtain",
            {"username": "nobody", "password": "wrong"},
            "No active account found with the given credentials",
        ),
        ("/token/refresh", {"refresh": "malformed"}, "Token is invalid"),
    ],
)
@pytest.mark.django_db
def test_the_views_of_simple_jwt_respond_in_the_format(
    client: Client, url: str, document: dict[str, str], message: str
) -> None:
    response = client.post(url, document, "application/json")
    assert (response.status_code, response.json()) == (401, unauthenticated(message))
