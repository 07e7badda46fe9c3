"""The data of a message, which an exception raised inside a serializer carries in its code."""

from __future__ import annotations

import copy
import enum
import json
import logging
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors.exceptions import MessageCode, ValidationError
from django_apierrors.recognition import recognise
from tests.bodies import body
from tests.models import Shelf
from tests.support import make_view

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Reason(enum.Enum):
    """A code of the project's; str() returns `Reason.SOLD_OUT`."""

    SOLD_OUT = "sold_out"


class StockError(ValidationError):
    """An exception with the data of its class, or with its own."""

    default_detail = "None is left."
    default_code = "out_of_stock"
    extra: ClassVar[dict[str, Any]] = {"available": 0}


class ConflictError(APIException):
    """An exception that passes a serializer, with its data."""

    status_code = 409
    default_detail = "It is locked."
    extra: ClassVar[dict[str, Any]] = {"by": "Ada"}


def make_exception(cls: type[APIException], *args: Any, extra: Any) -> APIException:
    """Return an exception with data."""
    exception = cls(*args)
    exception.extra = extra  # type: ignore[attr-defined]
    return exception


class QuantityField(serializers.IntegerField):
    """A field that fails with data."""

    default_error_messages: ClassVar[dict[str, str]] = {"too_many": "At most {limit}."}

    def to_internal_value(self, data: Any) -> int:
        value = super().to_internal_value(data)
        if value > 9:
            self.fail(MessageCode("too_many", {"limit": 9}), limit=9)
        return value


def check_even(value: int) -> None:
    """Reject an odd number, as a validator of Django does."""
    if value % 2:
        raise DjangoValidationError("Odd.", code=MessageCode("odd", {"value": value}))


class LineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()
    quantity = QuantityField(default=2, validators=[check_even])

    def validate_sku(self, sku: str) -> str:
        if sku == "none":
            raise StockError
        if sku == "few":
            raise StockError("Only 3 are left.", extra={"available": 3})
        if sku == "locked":
            raise ConflictError
        return sku


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    """A stock ModelSerializer with nested lines."""

    lines = LineSerializer(many=True)

    class Meta:
        model = Shelf
        fields: ClassVar[list[str]] = ["name", "lines"]

    def validate(self, attrs: Any) -> Any:
        if attrs["name"] == "full":
            raise ValidationError("It is full.", "shelf_full", {"capacity": 40})
        return attrs


def post(request: Request) -> Response:
    """Validate a shelf, or a list of shelves."""
    many = isinstance(request.data, list)
    serializer = ShelfSerializer(data=request.data, many=many)
    if "returned" in request.query_params and not serializer.is_valid():
        return Response(serializer.errors, status=400)
    serializer.is_valid(raise_exception=True)
    return Response(status=204)


def send_data(request: Request, name: str) -> Response:
    """Raise or return an error with the data that the URL names."""
    message, data = "No.", {"data": DATA[name]()}
    how = request.query_params["how"]
    if how == "returned":
        return Response({"detail": message, **data}, status=400)
    if how == "ours":
        raise ValidationError([message], extra=data)
    if how == "detail":
        raise serializers.ValidationError({"detail": message, **data})
    exception: Any = serializers.ValidationError(message)
    exception.extra = data
    raise exception


urlpatterns = [path("shelves", make_view(post)), path("data/<name>", make_view(send_data))]


def make_shelf(*lines: dict[str, Any], name: str = "A") -> dict[str, Any]:
    return {"name": name, "lines": list(lines)}


NONE = ("out_of_stock", "None is left.", {"available": 0})
FEW = ("out_of_stock", "Only 3 are left.", {"available": 3})

# A document, and the field, the code, the message and the data of each entry of `details`.
ROWS: dict[str, tuple[Any, list[tuple[str, str, str, Any]]]] = {
    "validate_sku": (
        make_shelf({"sku": "none"}, {"sku": "few"}),
        [("lines[0].sku", *NONE), ("lines[1].sku", *FEW)],
    ),
    "validate": (
        make_shelf(name="full"),
        [("", "shelf_full", "It is full.", {"capacity": 40})],
    ),
    "fail()": (
        make_shelf({"sku": "a", "quantity": 10}),
        [("lines[0].quantity", "too_many", "At most 9.", {"limit": 9})],
    ),
    "a validator of Django's": (
        make_shelf({"sku": "a", "quantity": 3}),
        [("lines[0].quantity", "odd", "Odd.", {"value": 3})],
    ),
    "many": (
        [make_shelf(name="B"), make_shelf({"sku": "few"}, {})],
        [
            ("[1].lines[0].sku", *FEW),
            ("[1].lines[1].sku", "required", "This field is required.", None),
        ],
    ),
}


@pytest.mark.parametrize("query", ["", "?returned"])
@pytest.mark.parametrize("name", ROWS)
def test_the_data_of_an_exception_inside_a_serializer_is_in_the_details_and_in_the_extra(
    client: Client, settings: Settings, name: str, query: str
) -> None:
    document, rows = ROWS[name]
    for settings.API_ERRORS in ({"DETAILS": True}, {}):
        response = client.post(f"/shelves{query}", document, "application/json")
        sent = response.json()
        assert response.status_code == 400
        assert sent["extra"] == rows[0][3]
        assert [
            (it["field"], it["code"], it["message"], it.get("extra"))
            for it in sent.get("details", [])
        ] == (rows if settings.API_ERRORS else [])


def test_another_exception_inside_a_serializer_keeps_its_data(
    client: Client, settings: Settings
) -> None:
    document = make_shelf({"sku": "locked"})
    expected = {**body("CONFLICT", "It is locked.", status=409), "extra": {"by": "Ada"}}
    assert client.post("/shelves", document, "application/json").json() == expected
    settings.API_ERRORS = {"DETAILS": True}
    detail = {"field": "", "code": "invalid", "message": "It is locked.", "extra": {"by": "Ada"}}
    assert client.post("/shelves", document, "application/json").json() == {
        **expected,
        "details": [detail],
    }


@pytest.mark.parametrize(
    ("exception", "extras"),
    [
        # A default message of DRF's is replaced by that of the catalogue.
        (make_exception(NotFound, extra={"shelf": 7}), [{"shelf": 7}]),
        (APIException({"detail": "Only 3 are left.", "available": 3}), [{"available": 3}]),
        (StockError(extra={"available": 1}), [{"available": 1}]),
        # The data may be about any of them.
        (make_exception(APIException, ["One.", "Two."], extra={"limit": 3}), [None, None]),
    ],
)
def test_the_data_of_an_error_with_one_message_are_those_of_the_message(
    settings: Settings, exception: APIException, extras: list[Any]
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    sent = recognise(exception).get_body()
    assert [detail.get("extra") for detail in sent["details"]] == extras
    assert sent["extra"] in (extras[0], {"limit": 3})


def test_data_that_details_repeat_fit_into_the_body(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    large = make_exception(ConflictError, extra={"by": "Ada", "rows": "x" * 600_000})
    sent = recognise(large).get_body()
    assert sent["extra"] == sent["details"][0]["extra"] == {"by": "Ada"}
    assert "rows" in caplog.text


def test_a_problem_has_the_data_of_each_message(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True, "PROBLEM_JSON": True}
    document, headers = make_shelf({"sku": "few"}), {"Accept": "application/problem+json"}
    response = client.post("/shelves", document, "application/json", headers=headers)
    assert response["Content-Type"] == "application/problem+json"
    sent = response.json()
    assert sent["detail"] == "lines[0].sku: Only 3 are left."
    assert sent["extra"] == sent["details"][0]["extra"] == {"available": 3}


def test_the_data_of_an_exception_that_a_view_raises_is_that_of_its_message(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    sent = recognise(StockError({"sku": ["No."]}, extra={"at": 1})).get_body()
    assert sent["extra"] == sent["details"][0]["extra"] == {"at": 1}
    # One message, which is not in a list.
    sent = recognise(APIException("No.", MessageCode("locked", {"by": "Ada"}))).get_body()
    assert sent["code"] == "LOCKED"
    assert sent["extra"] == sent["details"][0]["extra"] == {"by": "Ada"}


def test_if_several_messages_have_a_key_the_first_value_is_sent(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    first, second = StockError(extra={"a": 1}), StockError(extra={"a": 2, "b": 3})
    for exception in (
        serializers.ValidationError([*first.detail, *second.detail]),
        ExceptionGroup("", [first, second]),
    ):
        sent = recognise(exception).get_body()
        assert sent["extra"] == {"a": 1, "b": 3}
        assert [detail["extra"] for detail in sent["details"]] == [{"a": 1}, {"a": 2, "b": 3}]


def test_an_exception_without_data_has_the_detail_and_the_body_of_drfs_exception(
    settings: Settings,
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    for exception in (ValidationError(), ValidationError("No.", "unique"), ValidationError({})):
        expected = serializers.ValidationError(*exception.args)
        assert exception.get_full_details() == expected.get_full_details()
        assert recognise(exception).get_body() == recognise(expected).get_body()


def test_data_that_a_client_may_not_see_is_not_sent() -> None:
    for extra in ({"shelf": Shelf(), "of": Shelf}, "text", None):
        detail: Any = serializers.ErrorDetail("No.", MessageCode("locked", extra))  # type: ignore[arg-type]
        assert recognise(serializers.ValidationError([detail])).get_body() == body(
            "INVALID_CONTENT", "No."
        )


def test_the_message_is_sent_if_its_data_does_not_fit(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    extra = {"rows": "x" * 400_000}
    large = ValidationError(["One.", "Two."], extra=extra)
    error = recognise(serializers.ValidationError(large.detail))
    assert [(item.message, bool(item.extra)) for item in error.items] == [
        ("One.", True),
        ("Two.", False),
    ]
    assert len(json.dumps(error.get_body())) < 1_000_000
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_code_is_pickled_and_copied_with_its_data() -> None:
    code = MessageCode("locked", {"by": "Ada"})
    for other in (pickle.loads(pickle.dumps(code)), copy.deepcopy(code)):
        assert (other, other.extra) == ("locked", {"by": "Ada"})


def test_the_code_of_an_enum_is_its_value() -> None:
    code: Any = Reason.SOLD_OUT
    [item] = recognise(ValidationError({"sku": ["Sold out."]}, code, {"left": 0})).items
    assert (item.code, item.extra) == ("sold_out", {"left": 0})


DATA: dict[str, Callable[[], Any]] = {
    "queryset": lambda: Shelf.objects.values_list("name", flat=True),
    "keys": {"A": 1}.keys,
    "generator": lambda: (name for name in ["A"]),
    "nested": lambda: [{"names": {"A": 1}.keys()}],
}


@pytest.mark.parametrize("name", DATA)
def test_an_iterable_in_the_data_of_an_error_is_sent_if_the_error_is_raised_or_returned(
    client: Client, name: str
) -> None:
    Shelf.objects.create(name="A")
    expected = client.get(f"/data/{name}?how=returned").json()
    assert expected["extra"] == {"data": [{"names": ["A"]}] if name == "nested" else ["A"]}
    for how in ("detail", "attribute", "ours"):
        assert client.get(f"/data/{name}?how={how}").json() == expected


@pytest.mark.parametrize("cls", [APIException, ValidationError])
def test_data_that_are_not_a_dict_are_logged_once(
    caplog: pytest.LogCaptureFixture, cls: type[APIException]
) -> None:
    exception = cls(["One.", "Two."])
    exception.extra = ["secret"]  # type: ignore[attr-defined]
    assert recognise(exception).extra == {}
    assert recognise(ValidationError(["One.", "Two."], extra=["x"])).extra == {}  # type: ignore[arg-type]
    assert [record.getMessage() for record in caplog.records] == [
        "The `extra` of an error must be a dict, not list."
    ] * 2


def test_a_queryset_whose_query_fails_is_logged_and_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = Shelf.objects.using("missing").all()
    error = recognise(make_exception(NotFound, extra={"rows": rows, "shelf": 7}))
    assert error.extra == {"shelf": 7}
    assert [record.getMessage() for record in caplog.records] == [
        "django_apierrors failed while reading a value in the detail of an error."
    ]
