"""Message codes: the own code of a message or an exception, as a code of the catalogue."""

from __future__ import annotations

import enum
import inspect
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import TextChoices
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
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from django_apierrors.catalog import CATALOG, get_code_of_status
from django_apierrors.validation.codes import (
    CODES_BY_MESSAGE_CODE,
    GENERIC_CODES,
    get_catalog_name,
    resolve_code,
)
from tests.models import Shelf, Thing

pytestmark = pytest.mark.urls(__name__)


class Codes(TextChoices):
    """Codes as a Django project may keep them."""

    OUT_OF_STOCK = "out_of_stock"
    INVALID = "invalid"


class PlainCodes(str, enum.Enum):  # noqa: UP042 - the point is that str() names its member
    """Codes as a Python project may keep them."""

    OUT_OF_STOCK = "out_of_stock"
    INVALID = "invalid"


class NumberedError(APIException):
    """An exception with a code that is a number."""

    status_code = 409
    default_code = 4001  # type: ignore[assignment]
    default_detail = "No."


class TeapotError(ValidationError):
    """A validation error that always means one thing."""

    default_code = "teapot"
    default_detail = "It is a teapot."


class ListedError(ValidationError):
    """A validation error with a code that is none."""

    default_code = ["teapot"]  # type: ignore[assignment]
    default_detail = "It is a teapot."


EXCEPTIONS: dict[str, Callable[[], Exception]] = {
    "number": NumberedError,
    "teapot": TeapotError,
    "list": ListedError,
    "dict": lambda: APIException({"detail": "No.", "code": {"no": 1}}),
    "django": lambda: DjangoValidationError({"name": DjangoValidationError("Taken.", "unique")}),
    "jwt user": lambda: AuthenticationFailed("User is inactive", code="user_inactive"),
    "jwt password": lambda: AuthenticationFailed("It was changed.", code="password_changed"),
    "jwt bare": InvalidToken,
    "jwt detail": lambda: InvalidToken({"detail": "Not now.", "messages": ["Later.", "Too late."]}),
}


class RaiseView(APIView):
    """Raise what the URL names."""

    def get(self, request: Request, name: str) -> Response:
        """Raise it."""
        raise EXCEPTIONS[name]()


class RefuseView(APIView):
    """Raise an APIException of status 409 with the code of the URL, or a validation error."""

    def get(self, request: Request, code: str) -> Response:
        """Raise the former."""
        exception = APIException("No.", code=code)
        exception.status_code = 409
        raise exception

    def post(self, request: Request, code: str) -> Response:
        """Raise the latter."""
        raise ValidationError({"name": ErrorDetail("No.", code)})


class TokenView(APIView):
    """Ask for a JSON web token."""

    authentication_classes = [JWTAuthentication]

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response()


class ThingSerializer(serializers.ModelSerializer[Thing]):
    """A serializer with a foreign key, a unique field and two that are unique together."""

    class Meta:
        model = Thing
        fields = ["name", "size", "shelf"]


class LinkSerializer(serializers.Serializer[Any]):
    """A serializer with a foreign key as a link."""

    shelf = serializers.HyperlinkedRelatedField(
        view_name="shelf", queryset=Shelf.objects.all(), required=False
    )
    name = serializers.SlugRelatedField("name", queryset=Shelf.objects.all(), required=False)


class ThingsView(APIView):
    """Validate a thing, by the serializer that the URL names."""

    serializers = {"thing": ThingSerializer, "link": LinkSerializer}

    def post(self, request: Request, name: str) -> Response:
        """Fail where it is invalid."""
        self.serializers[name](data=request.data).is_valid(raise_exception=True)
        return Response()


urlpatterns = [
    path("raise/<str:name>", RaiseView.as_view()),
    path("refuse/<path:code>", RefuseView.as_view()),
    path("validate/<str:name>", ThingsView.as_view()),
    path("shelves/<int:pk>", RaiseView.as_view(), name="shelf"),
    path("token", TokenView.as_view()),
    path("token/obtain", TokenObtainPairView.as_view()),
    path("token/refresh", TokenRefreshView.as_view()),
]


def make_body(status: int, code: str | int, *errors: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


@pytest.mark.parametrize(("message_code", "name"), CODES_BY_MESSAGE_CODE.items())
def test_a_message_that_all_share_gives_the_error_its_code(
    client: Client, message_code: str, name: str
) -> None:
    response = client.post(f"/refuse/{message_code}")
    assert response.status_code == 400
    assert response.json() == make_body(400, name, "name: No.")


@pytest.mark.parametrize("name", CATALOG)
def test_a_message_may_have_a_code_of_the_catalogue(client: Client, name: str) -> None:
    response = client.post(f"/refuse/{name.lower()}")
    expected = "INVALID_CONTENT" if name.lower() in GENERIC_CODES else name
    code = CATALOG[expected].number if expected == "UNAUTHENTICATED" else expected
    assert response.json() == make_body(400, code or "", "name: No.")


@pytest.mark.parametrize("message_code", [*GENERIC_CODES])
def test_a_code_that_says_no_more_than_the_status_gives_way_to_it(
    client: Client, message_code: str
) -> None:
    response = client.get(f"/refuse/{message_code}")
    assert response.status_code == 409
    assert response.json() == make_body(409, "CONFLICT", "No.")


@pytest.mark.parametrize(
    "cls",
    [
        cls
        for cls in vars(exceptions).values()
        if inspect.isclass(cls) and issubclass(cls, APIException)
    ],
)
def test_the_codes_of_drfs_own_exceptions_say_no_more_than_their_status(
    cls: type[APIException],
) -> None:
    assert cls.default_code in GENERIC_CODES


@pytest.mark.parametrize(
    ("message_code", "code"),
    [
        ("out_of_stock", "OUT_OF_STOCK"),
        ("out-of-stock", "OUT_OF_STOCK"),
        ("OutOfStock2", "OUTOFSTOCK2"),
        ("x" * 64, "X" * 64),
        ("x" * 65, "CONFLICT"),
        ("out of stock", "CONFLICT"),
        ("/etc/passwd", "CONFLICT"),
        ("2fa", "CONFLICT"),
        ("größe", "CONFLICT"),
    ],
)
def test_an_exceptions_own_code_is_sent_in_capitals_if_it_is_a_name(
    client: Client, message_code: str, code: str
) -> None:
    assert client.get(f"/refuse/{message_code}").json() == make_body(409, code, "No.")


@pytest.mark.parametrize(
    "message_code", [None, "", 4001, 4.2, ["a"], {"a": 1}, {1}, b"a", object()]
)
def test_a_code_that_is_no_text_says_no_more_than_the_status(message_code: object) -> None:
    assert resolve_code(message_code, 409) == get_code_of_status(409)
    assert get_catalog_name(message_code) is None


@pytest.mark.parametrize("codes", [Codes, PlainCodes])
def test_a_code_may_be_a_member_of_an_enumeration(codes: Any) -> None:
    assert resolve_code(codes.OUT_OF_STOCK, 409).name == "OUT_OF_STOCK"
    assert resolve_code(codes.INVALID, 409).name == "CONFLICT"


@given(st.text() | st.integers() | st.binary() | st.none() | st.lists(st.text()))
def test_whatever_is_a_code_has_a_name_of_the_status_and_no_other_status(
    message_code: object,
) -> None:
    code = resolve_code(message_code, 418)
    assert code.name.isascii()
    assert code.name.isidentifier()
    assert code.name in CATALOG or code.status == 418


def test_a_message_of_the_projects_own_code_gives_the_error_that_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"OUT_OF_STOCK": {"status": 409}}}
    response = client.post("/refuse/out-of-stock")
    assert response.json() == make_body(409, "OUT_OF_STOCK", "name: No.")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("number", make_body(409, "CONFLICT", "No.")),
        ("teapot", make_body(400, "TEAPOT", "It is a teapot.")),
        ("list", make_body(400, "INVALID_CONTENT", "It is a teapot.")),
        ("dict", make_body(500, "INTERNAL_ERROR", "No.")),
        ("django", make_body(400, "ALREADY_EXISTS", "name: Taken.")),
    ],
)
def test_an_exception_with_an_odd_code_is_answered_with_its_status(
    client: Client, name: str, body: dict[str, Any]
) -> None:
    response = client.get(f"/raise/{name}")
    assert response.status_code == body["status"]
    assert response.json() == body


@pytest.mark.parametrize(
    ("document", "body"),
    [
        (
            {"name": "taken"},
            make_body(400, "ALREADY_EXISTS", "name: thing with this name already exists."),
        ),
        (
            {"name": "new", "shelf": 0},
            make_body(400, "MISSING_RESOURCE", 'shelf: Invalid pk "0" - object does not exist.'),
        ),
        (
            {"name": "new", "shelf": "top"},
            make_body(400, "INVALID_ID", "shelf: Incorrect type. Expected pk value, received str."),
        ),
        ({"size": 1}, make_body(400, "INVALID_CONTENT", "name: This field is required.")),
        (
            {"name": "taken", "shelf": 0},
            make_body(
                400,
                "INVALID_CONTENT",
                "name: thing with this name already exists.",
                'shelf: Invalid pk "0" - object does not exist.',
            ),
        ),
    ],
)
@pytest.mark.django_db
def test_a_model_serializers_failure_has_the_code_that_its_messages_share(
    client: Client, document: dict[str, Any], body: dict[str, Any]
) -> None:
    Thing.objects.create(name="taken")
    response = client.post("/validate/thing", document, "application/json")
    assert response.status_code == 400
    assert response.json() == body


@pytest.mark.django_db
def test_two_fields_that_clash_together_are_a_clash(client: Client) -> None:
    shelf = Shelf.objects.create(name="top")
    Thing.objects.create(name="old", shelf=shelf, size=1)
    document = {"name": "new", "shelf": shelf.pk, "size": 1}
    response = client.post("/validate/thing", document, "application/json")
    assert response.json() == make_body(
        400, "ALREADY_EXISTS", "The fields shelf, size must make a unique set."
    )


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ({"shelf": "/shelves/0"}, "MISSING_RESOURCE", "Invalid hyperlink - Object does not exist."),
        ({"shelf": "/nowhere"}, "INVALID_ID", "Invalid hyperlink - No URL match."),
        ({"shelf": "/token"}, "INVALID_ID", "Invalid hyperlink - Incorrect URL match."),
        ({"shelf": 1}, "INVALID_ID", "Incorrect type. Expected URL string, received int."),
        ({"name": "top"}, "MISSING_RESOURCE", "Object with name=top does not exist."),
    ],
)
@pytest.mark.django_db
def test_a_link_to_something_else_is_told_from_a_link_to_nothing(
    client: Client, document: dict[str, Any], code: str, message: str
) -> None:
    response = client.post("/validate/link", document, "application/json")
    [field] = document
    assert response.json() == make_body(400, code, f"{field}: {message}")


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("jwt bare", 33619968, "Token is invalid or expired"),
        ("jwt detail", 33619968, "Not now."),
        ("jwt user", 33619968, "User is inactive"),
        ("jwt password", "PASSWORD_CHANGED", "It was changed."),
    ],
)
def test_the_dict_of_a_jwt_exception_becomes_one_message(
    client: Client, name: str, code: str | int, message: str
) -> None:
    response = client.get(f"/raise/{name}")
    assert response.status_code == 401
    assert response.json() == make_body(401, code, message)


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("Bearer malformed", "Given token not valid for any token type"),
        (
            "Bearer a b",
            "Authorization header must contain two space-delimited values",
        ),
    ],
)
def test_a_token_that_is_refused_is_401_with_the_librarys_challenge(
    client: Client, authorization: str, message: str
) -> None:
    response = client.get("/token", headers={"Authorization": authorization})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json() == make_body(401, 33619968, message)


@pytest.mark.django_db
def test_a_token_of_a_user_that_is_gone_is_401(client: Client) -> None:
    token = AccessToken()
    token["user_id"] = "1"
    response = client.get("/token", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.json() == make_body(401, 33619968, "User not found")


def test_a_token_that_names_no_user_is_401(client: Client) -> None:
    token = AccessToken()
    token["jti"] = str(uuid.uuid4())
    response = client.get("/token", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.json() == make_body(
        401, 33619968, "Token contained no recognizable user identification"
    )


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
def test_the_librarys_own_views_answer_401_in_the_format(
    client: Client, url: str, document: dict[str, str], message: str
) -> None:
    response = client.post(url, document, "application/json")
    assert response.status_code == 401
    assert response.json() == make_body(401, 33619968, message)
