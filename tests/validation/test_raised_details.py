"""The details of exceptions: the messages and codes of a project are kept."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.test import Client
from django.urls import path
from django.utils import translation
from pytest_django.fixtures import Settings
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import AccessToken

from django_apierrors import handler
from django_apierrors.errors import Error
from django_apierrors.recognition import recognise
from tests.bodies import body
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)


class ConflictError(exceptions.APIException):
    """An exception whose status is a member of an Enum."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "No."


class KeySerializer(serializers.Serializer[Any]):
    """A serializer with a foreign key."""

    shelf = serializers.PrimaryKeyRelatedField(
        queryset=Shelf.objects.all(), pk_field=serializers.UUIDField()
    )


def own_body(status: int, code: str | int, message: str) -> dict[str, Any]:
    """Return the body of a code that is not in the catalogue."""
    return {"status": status, "errors": [message], "code": code, "moreInfo": ""}


class RaiseView(APIView):
    """Raises the exception that `as_view()` was given, or returns a body."""

    exception: exceptions.APIException = ConflictError()

    def get(self, request: Request) -> Response:
        raise self.exception

    def post(self, request: Request) -> Response:
        KeySerializer(data=request.data).is_valid(raise_exception=True)
        return Response()

    def put(self, request: Request) -> Response:
        return Response({"detail": "No."}, status=HTTPStatus.CONFLICT)


class TokenView(APIView):
    """Requires a JSON web token."""

    authentication_classes = [JWTAuthentication]

    def get(self, request: Request) -> Response:
        return Response()


MOVED = exceptions.NotFound("Not here.", code="moved_away")
MISSING = exceptions.NotFound("Not here.")

urlpatterns = [
    path("conflict", RaiseView.as_view()),
    path("moved", RaiseView.as_view(exception=MOVED)),
    path("missing", RaiseView.as_view(exception=MISSING)),
    path("token", TokenView.as_view()),
]

HANDLER = f"{__name__}.add_key"
CODES: list[Any] = []


def add_key(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Handle an exception as a project does that reads the exception before and after."""
    CODES.append(getattr(exc, "get_codes", lambda: None)())
    response = handler.exception_handler(exc, context)
    CODES.append(getattr(exc, "get_codes", lambda: None)())
    if response is not None:
        response.data["requestId"] = "a1"
    return response


@pytest.fixture
def own_handler(settings: Settings) -> list[Any]:
    """Install the handler of a project, and return the codes that it reads."""
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": HANDLER}
    CODES.clear()
    return CODES


def test_the_exception_of_a_malformed_key_is_not_changed(
    client: Client, own_handler: list[Any]
) -> None:
    response = client.post("/conflict", {"shelf": "x"}, "application/json")
    assert response.json() == {
        **body("INVALID_ID", "shelf: Must be a valid UUID."),
        "requestId": "a1",
    }
    assert own_handler == [{"shelf": ["invalid"]}] * 2


@pytest.mark.parametrize("method", ["get", "put"])
def test_a_key_is_added_to_an_error_whose_status_is_of_an_enum(
    client: Client, own_handler: list[Any], method: str
) -> None:
    response = getattr(client, method)("/conflict")
    expected = own_body(409, "CONFLICT", "No.")
    assert response.json() == ({**expected, "requestId": "a1"} if method == "get" else expected)


def test_the_same_message_with_another_code_is_another_error(client: Client) -> None:
    for _time in range(2):
        assert client.get("/moved").json() == own_body(404, "MOVED_AWAY", "Not here.")
        assert client.get("/missing").json() == body("MISSING_RESOURCE", "Not here.")


class Priced:
    """An object whose class has a `__str__()`."""

    def __str__(self) -> str:
        return "12 EUR"


class RejectedShelf(exceptions.ValidationError):
    """An exception whose argument is an object."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__({"name": ["No shelf."]})


def test_the_repr_of_an_object_is_not_sent() -> None:
    detail = {
        "detail": "No.",
        "shelf": Shelf(name="secret"),
        "shelves": [Shelf.objects.none(), object(), len],
        "price": Priced(),
        "cause": ValueError("Too much."),
    }
    error = recognise(exceptions.ValidationError(detail))
    assert error.get_body() == {
        **body("INVALID_CONTENT", "No.", "cause: Too much."),
        "extra": {"shelves": [[], {}, {}], "price": "12 EUR"},
    }
    assert error.extra["shelves"] == Error.of_data(detail, 400).extra["shelves"]
    assert recognise(RejectedShelf(Shelf())).get_messages() == ["name: No shelf."]


FULL = DjangoValidationError("Only %(n)d fit.", "full", {"n": 3})


@pytest.mark.parametrize(
    ("detail", "messages"),
    [
        (FULL, [("", "full", "Only 3 fit.")]),
        ([FULL, "No."], [("", "full", "Only 3 fit."), ("", "invalid", "No.")]),
        ({"shelf": FULL}, [("shelf", "full", "Only 3 fit.")]),
        ({"shelf": DjangoValidationError([FULL, FULL])}, [("shelf", "full", "Only 3 fit.")] * 2),
        (DjangoValidationError({"shelf": FULL}), [("shelf", "full", "Only 3 fit.")]),
    ],
)
def test_an_error_of_django_in_a_detail_keeps_its_messages(
    settings: Settings, detail: Any, messages: list[tuple[str, str, str]]
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    document = {"in": "body", "pointer": ""}
    assert recognise(exceptions.ValidationError(detail)).get_body() == {
        **body("INVALID_CONTENT", *(f"{field}: {m}" if field else m for field, _, m in messages)),
        "details": [
            {"field": field, "code": code, "message": message, **({} if field else document)}
            for field, code, message in messages
        ],
    }


def test_a_default_message_keeps_the_code_it_was_raised_with() -> None:
    error = recognise(exceptions.NotFound(code="moved_away"))
    assert error.get_body() == own_body(404, "MOVED_AWAY", "Moved away.")


@pytest.mark.parametrize(
    "exception",
    [
        exceptions.Throttled(detail="Request was throttled. Buy a larger plan."),
        exceptions.Throttled(30, "Request was throttled. Buy a larger plan."),
        exceptions.MethodNotAllowed("PUT", 'Method "PUT" of an order that is "sent" not allowed.'),
        exceptions.MethodNotAllowed("PUT", 'Method "PUT" not allowed. Orders never change.'),
        exceptions.UnsupportedMediaType("a/b", 'Unsupported media type "a/b" in this "request.'),
    ],
)
def test_a_projects_own_message_that_begins_like_drfs_is_sent(
    exception: exceptions.APIException,
) -> None:
    assert recognise(exception).get_messages() == [str(exception.detail)]


@pytest.mark.parametrize(
    ("exception", "code"),
    [
        (exceptions.Throttled(), "THROTTLED"),
        (exceptions.MethodNotAllowed("PUT"), "METHOD_NOT_ALLOWED"),
        (exceptions.MethodNotAllowed(method="PUT"), "METHOD_NOT_ALLOWED"),
        (exceptions.UnsupportedMediaType('a/b; c="d"'), "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_drfs_message_is_replaced_by_that_of_the_code(
    exception: exceptions.APIException, code: str, language: str
) -> None:
    with translation.override(language):
        assert recognise(exception).get_body() == body(code)


def test_drfs_message_about_throttling_is_recognised_in_any_language() -> None:
    with translation.override("de"):
        exception = exceptions.Throttled(30)
        assert recognise(exception).get_messages() == [
            "Zu viele Anfragen, bitte versuchen Sie es später erneut. "
            "Warten Sie 30 Sekunden bis zur nächsten Anfrage."
        ]
    exception = exceptions.Throttled(30)
    exception.wait = float("nan")  # type: ignore[attr-defined]
    assert len(recognise(exception).items) == 1


@pytest.mark.parametrize(
    ("default_code", "code"), [(41003, 41003), (409, "CONFLICT"), ("cart.full", "CART_FULL")]
)
def test_the_default_code_of_a_class_may_be_a_number(default_code: Any, code: str | int) -> None:
    cls = type("FullError", (ConflictError,), {"default_code": default_code})
    assert recognise(cls()).get_body() == own_body(409, code, "No.")


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ({"code": "cart.full", "message": "Full."}, "CART_FULL"),
        ({"code": 41003, "error": "Full."}, 41003),
        ({"code": "invalid", "message": "Full."}, "INVALID_CONTENT"),
    ],
)
def test_a_code_in_the_detail_counts_beside_the_code_that_drf_gives_to_each_message(
    inner: dict[str, Any], code: str | int
) -> None:
    detail = {"message": "No.", "error": inner}
    raised = recognise(exceptions.ValidationError(detail)).get_body()
    assert raised == Error.of_data(detail, 400).get_body()
    assert (raised["errors"], raised["code"]) == (["No.", "Full."], code)


def test_the_errors_of_a_model_are_fields() -> None:
    exception = DjangoValidationError({"title": ["Too long."], "errors": ["No."]})
    assert recognise(exception).get_messages() == ["title: Too long.", "errors: No."]


def test_values_that_drf_made_strings_of_are_restored_only_if_they_fit() -> None:
    class StockError(ConflictError):
        """Builds its detail from other arguments."""

        def __init__(self, stock: dict[str, Any], rows: list[int]) -> None:
            super().__init__({"detail": "No.", "stock": {"left": 3}, "rows": [1, 2], **stock})

    error = recognise(StockError({"id": 5}, [1, 2]))
    assert error.extra == {"stock": {"left": "3"}, "rows": ["1", "2"], "id": 5}


def make_detail(message: str) -> dict[str, str]:
    """Return the entry of `details` for a token."""
    return {"field": "", "code": "token_not_valid", "message": message, "in": "header"}


def test_the_expired_token_of_simple_jwt_has_its_own_message_and_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    token = AccessToken()
    token["exp"] = 0
    response = client.get("/token", headers={"Authorization": f"Bearer {token}"})
    first, second = "Given token not valid for any token type", "Token is expired"
    assert (response.status_code, response.json()) == (
        401,
        {
            **body("UNAUTHENTICATED", first, second),
            "extra": {"messages": [{"token_class": "AccessToken", "token_type": "access"}]},
            "details": [make_detail(message) for message in (first, second)],
        },
    )
