"""Flattening: each message of a validation error once, in order, with the path of its field."""

from __future__ import annotations

import gc
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework import parsers, serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList
from rest_framework.views import APIView

from django_apierrors.catalog import CATALOG
from django_apierrors.errors import Error
from django_apierrors.http.encoders import encode
from django_apierrors.recognition import recognise
from django_apierrors.validation.details import Item, flatten, flatten_body, get_message

pytestmark = pytest.mark.urls(__name__)

REQUIRED = "This field is required."


class LineSerializer(serializers.Serializer[Any]):
    """A line of an order."""

    sku = serializers.CharField(max_length=3)
    count = serializers.IntegerField(required=False)

    def validate(self, attrs: Any) -> Any:
        """Refuse a line as a whole."""
        if attrs["sku"] == "bad":
            raise serializers.ValidationError("This line is bad.")
        return attrs


class OrderSerializer(serializers.Serializer[Any]):
    """An order: every kind of nesting that DRF has."""

    lines = LineSerializer(many=True, required=False)
    gift = LineSerializer(required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
    grid = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), required=False
    )
    prices = serializers.DictField(child=serializers.IntegerField(), required=False)
    baskets = serializers.DictField(child=LineSerializer(), required=False)
    color = serializers.ChoiceField(["red"], required=False)

    def validate(self, attrs: Any) -> Any:
        """Refuse an order as a whole."""
        if not attrs:
            raise serializers.ValidationError(["Order something.", lazystr("Anything.")])
        return attrs


class OddSerializer(serializers.Serializer[Any]):
    """Fields with the names that bodies of errors have."""

    status = serializers.CharField()
    errors = serializers.CharField()  # type: ignore[assignment]
    code = serializers.CharField()
    detail = serializers.CharField()
    message = serializers.CharField()
    error = serializers.CharField()
    moreInfo = serializers.CharField()  # noqa: N815 - the member of a body


class LateSerializer(serializers.Serializer[Any]):
    """A serializer that goes through all of what a validator may raise."""

    raised = serializers.CharField()

    def validate_raised(self, value: str) -> str:
        """Raise what the document names."""
        raise EXCEPTIONS[value]()


class ValidateView(APIView):
    """Validate the document by the serializer that the URL names."""

    parser_classes = [parsers.JSONParser]
    serializers: Mapping[str, Callable[..., Any]] = {
        "order": OrderSerializer,
        "lines": lambda data: LineSerializer(data=data, many=True),
        "odd": OddSerializer,
        "late": LateSerializer,
    }

    def post(self, request: Request, name: str) -> Response:
        """Fail where it is invalid."""
        serializer = self.serializers[name](data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response()

    def put(self, request: Request, name: str) -> Response:
        """Return what is invalid."""
        serializer = self.serializers[name](data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=400)


def make_deep(depth: int, message: str = "Deep.") -> list[Any]:
    """Return a message inside `depth` lists."""
    detail: list[Any] = [message]
    for _ in range(depth - 1):
        detail = [detail]
    return detail


def make_cycle() -> dict[str, Any]:
    """Return details that hold themselves, twice."""
    detail: dict[str, Any] = {"first": ["One."]}
    detail["self"] = detail
    detail["list"] = [detail, {"sku": ["Two."]}]
    return detail


class RawError(ValidationError):
    """A validation error whose details were set behind DRF's back."""

    def __init__(self, detail: Any) -> None:
        """Take the details as they are."""
        super().__init__()
        self.detail = detail


class Loud:
    """What must never be shown."""

    def __repr__(self) -> str:
        return "<secret>"


class NoTextError(Exception):
    """An exception whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


EXCEPTIONS: dict[str, Callable[[], Exception]] = {
    "text": lambda: ValidationError("One."),
    "lazy": lambda: ValidationError(gettext_lazy("Yes")),
    "list": lambda: ValidationError(["One.", gettext_lazy("Yes")]),
    "dict": lambda: ValidationError({"a": "One.", "b": {"c": ["Two."]}}),
    "django": lambda: DjangoValidationError(["One.", DjangoValidationError("Two.")]),
    "assertion": lambda: DjangoValidationError("%(n)d left.", params={"n": 3}),
}


class RaiseView(APIView):
    """Raise what the test has set."""

    make: Callable[[], Exception] = ValidationError

    def get(self, request: Request) -> Response:
        """Raise it."""
        raise RaiseView.make()


class ReturnView(APIView):
    """Return what the test has set."""

    data: Any = None

    def get(self, request: Request) -> Response:
        """Return it as an error."""
        return Response(ReturnView.data, status=409)


urlpatterns = [
    path("validate/<str:name>", ValidateView.as_view()),
    path("raise", RaiseView.as_view()),
    path("return", ReturnView.as_view()),
]


def make_body(status: int, code: str | int, *errors: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def invalid(*errors: str) -> dict[str, Any]:
    """Return the body of a document that is invalid."""
    return make_body(400, "INVALID_CONTENT", *errors)


@pytest.fixture
def get_body(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return a function that has a view raise an exception, and returns the body."""

    def get(make: Callable[[], Exception]) -> dict[str, Any]:
        # Not our code: it is the view that this module's URLs have.
        monkeypatch.setattr(RaiseView, "make", staticmethod(make))
        response = client.get("/raise")
        body: dict[str, Any] = response.json()
        assert response.status_code == body["status"]
        return body

    return get


@pytest.fixture
def get_returned_body(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Return a function that has a view return an error, and returns the body."""

    def get(data: Any) -> dict[str, Any]:
        monkeypatch.setattr(ReturnView, "data", data)
        body: dict[str, Any] = client.get("/return").json()
        return body

    return get


DOCUMENTS: list[Any] = [
    ("order", {}, ["Order something.", "Anything."]),
    ("order", {"lines": [{}]}, [f"lines[0].sku: {REQUIRED}"]),
    (
        "order",
        {"lines": [{}, {"sku": "ok"}, {"sku": "long!", "count": "x"}]},
        [
            f"lines[0].sku: {REQUIRED}",
            "lines[2].sku: Ensure this field has no more than 3 characters.",
            "lines[2].count: A valid integer is required.",
        ],
    ),
    ("order", {"lines": [{"sku": "bad"}]}, ["lines[0]: This line is bad."]),
    ("order", {"lines": 1}, ['lines: Expected a list of items but got type "int".']),
    ("order", {"gift": {}}, [f"gift.sku: {REQUIRED}"]),
    ("order", {"gift": {"sku": "bad"}}, ["gift: This line is bad."]),
    (
        "order",
        {"gift": []},
        ["gift: Invalid data. Expected a dictionary, but got list."],
    ),
    (
        "order",
        {"tags": ["long!", "ok", "also long!"]},
        [
            "tags[0]: Ensure this field has no more than 3 characters.",
            "tags[2]: Ensure this field has no more than 3 characters.",
        ],
    ),
    ("order", {"grid": [[1], [2, "x"]]}, ["grid[1][1]: A valid integer is required."]),
    (
        "order",
        {"prices": {"1": "x", "two": "y", "3": 3}},
        ["prices.1: A valid integer is required.", "prices.two: A valid integer is required."],
    ),
    (
        "order",
        {"baskets": {"7": {}, "eight": {"sku": "bad"}}},
        [f"baskets.7.sku: {REQUIRED}", "baskets.eight: This line is bad."],
    ),
    ("order", [], ["Invalid data. Expected a dictionary, but got list."]),
    ("order", "text", ["Invalid data. Expected a dictionary, but got str."]),
    (
        "lines",
        [{}, {"sku": "ok"}, {"sku": "bad"}],
        [f"[0].sku: {REQUIRED}", "[2]: This line is bad."],
    ),
    ("lines", [{"sku": "ok"}, 1], ["[1]: Invalid data. Expected a dictionary, but got int."]),
    ("lines", {}, ['Expected a list of items but got type "dict".']),
    (
        "odd",
        {},
        [
            f"{name}: {REQUIRED}"
            for name in ["status", "errors", "code", "detail", "message", "error", "moreInfo"]
        ],
    ),
    ("late", {"raised": "text"}, ["raised: One."]),
    ("late", {"raised": "lazy"}, ["raised: Yes"]),
    ("late", {"raised": "list"}, ["raised: One.", "raised: Yes"]),
    ("late", {"raised": "dict"}, ["raised.a: One.", "raised.b.c: Two."]),
    ("late", {"raised": "django"}, ["raised: One.", "raised: Two."]),
    ("late", {"raised": "assertion"}, ["raised: 3 left."]),
]


@pytest.mark.parametrize(("name", "document", "errors"), DOCUMENTS)
def test_a_serializers_messages_come_with_their_paths(
    client: Client, name: str, document: Any, errors: list[str]
) -> None:
    response = client.post(f"/validate/{name}", json.dumps(document), "application/json")
    assert response.status_code == 400
    assert response.json() == invalid(*errors)


@pytest.mark.parametrize(("name", "document", "errors"), DOCUMENTS)
def test_a_serializers_errors_that_are_returned_come_with_the_same_paths(
    client: Client, name: str, document: Any, errors: list[str]
) -> None:
    response = client.put(f"/validate/{name}", json.dumps(document), "application/json")
    assert response.status_code == 400
    assert response.json() == invalid(*errors)


def test_half_of_a_surrogate_pair_in_a_code_does_not_break_the_details(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    error = Error.of_items(flatten({"name": [ErrorDetail("No.", "\ud800")]}), 400)

    assert error.get_body()["details"] == [{"field": "name", "code": "?", "message": "No."}]


def test_half_of_a_surrogate_pair_that_a_message_repeats_does_not_break_it(client: Client) -> None:
    document = r'{"prices": {"\ud800": "x"}, "color": "\udc00"}'
    response = client.post("/validate/order", document, "application/json")
    assert response.status_code == 400
    assert response.json() == invalid(
        "prices.?: A valid integer is required.", 'color: "?" is not a valid choice.'
    )


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        ("One.", ["One."]),
        (gettext_lazy("Yes"), ["Yes"]),
        (["One.", "Two."], ["One.", "Two."]),
        (("One.", "Two."), ["One.", "Two."]),
        ([["One."], ["Two."]], ["[0]: One.", "[1]: Two."]),
        (["One.", {"sku": ["Two."]}], ["One.", "[1].sku: Two."]),
        ({"non_field_errors": ["One."]}, ["One."]),
        ({"__all__": ["One."]}, ["One."]),
        ({"lines": {"non_field_errors": ["One."]}}, ["lines: One."]),
        ({"name": "One."}, ["name: One."]),
        ({"name": [gettext_lazy("Yes")]}, ["name: Yes"]),
        ({0: {"sku": ["One."]}, 2: {"sku": ["Two."]}}, ["[0].sku: One.", "[2].sku: Two."]),
        ({"prices": {1: ["One."], -1: ["Two."]}}, ["prices[1]: One.", "prices[-1]: Two."]),
        ([{}, {"sku": ["One."]}], ["[1].sku: One."]),
        ({"status": ["One."], "errors": ["Two."]}, ["status: One.", "errors: Two."]),
        ({"code": "One.", "detail": "Two."}, ["code: One.", "detail: Two."]),
        ({"name": ["One.", "", "  ", "One."]}, ["name: One.", "name: One."]),
        ({"name": 5, "size": True}, ["name: 5", "size: True"]),
    ],
)
def test_the_details_of_a_validation_error_are_flattened(
    get_body: Callable[..., Any], detail: Any, errors: list[str]
) -> None:
    assert get_body(lambda: ValidationError(detail)) == invalid(*errors)


@pytest.mark.parametrize("detail", [[], {}, (), "", " ", [[]], [{}, {}], {"name": []}, {"a": {}}])
def test_without_a_message_the_error_has_the_one_of_its_code(
    get_body: Callable[..., Any], detail: Any
) -> None:
    assert get_body(lambda: ValidationError(detail)) == invalid("The syntax/content is incorrect.")


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        (None, ["The syntax/content is incorrect."]),
        (Loud(), ["The syntax/content is incorrect."]),
        (b"One.", ["The syntax/content is incorrect."]),
        ({"name": [Loud(), "One."]}, ["name: One."]),
        ({Loud(): ["One."]}, ["One."]),
        ({None: ["One."], ("a", "b"): ["Two."]}, ["One.", "Two."]),
        ({"name": NoTextError()}, ["The syntax/content is incorrect."]),
        (5, ["5"]),
        (Decimal("1.50"), ["1.50"]),
        ({"day": date(2000, 1, 1)}, ["day: 2000-01-01"]),
        ({UUID(int=1): "One."}, ["00000000-0000-0000-0000-000000000001: One."]),
        ({lazystr("name"): "One."}, ["name: One."]),
        ({"name": {"One."}, "size": frozenset({"Two."})}, ["name: One.", "size: Two."]),
        (OrderedDict(name=("One.",)), ["name: One."]),
        (MappingProxyType({"name": ["One."]}), ["name: One."]),
        (ReturnDict({"name": ["One."]}, serializer=None), ["name: One."]),
        (ReturnList([{"name": ["One."]}], serializer=None), ["[0].name: One."]),
    ],
)
def test_details_of_any_type_make_a_body(
    get_body: Callable[..., Any], detail: Any, errors: list[str]
) -> None:
    assert get_body(lambda: RawError(detail)) == invalid(*errors)


def test_details_that_were_taken_away_make_a_body(get_body: Callable[..., Any]) -> None:
    def make() -> Exception:
        exception = ValidationError("One.")
        del exception.detail
        return exception

    assert get_body(make) == invalid("The syntax/content is incorrect.")


def test_a_text_that_cannot_be_had_is_answered_and_logged(
    get_body: Callable[..., Any], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.raise_request_exception = False
    body = get_body(lambda: RawError({"name": ["One.", lazystr(NoTextError())]}))
    assert (body["status"], body["code"], body["moreInfo"]) == (500, "INTERNAL_ERROR", "")
    [message] = body["errors"]
    assert message.startswith(str(CATALOG["INTERNAL_ERROR"].message))
    assert "no text" not in message
    reasons = [record for record in caplog.records if record.name == "django_apierrors"]
    assert "RuntimeError('no text')" in {
        repr(record.exc_info[1]) for record in reasons if record.exc_info
    }


def test_the_key_of_messages_without_a_field_is_drfs_setting(
    get_body: Callable[..., Any], settings: Settings
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NON_FIELD_ERRORS_KEY": "whole"}
    detail = {"whole": ["One."], "non_field_errors": ["Two."]}
    assert get_body(lambda: ValidationError(detail)) == invalid("One.", "non_field_errors: Two.")


def test_details_that_hold_themselves_end(get_body: Callable[..., Any]) -> None:
    assert get_body(lambda: RawError(make_cycle())) == invalid("first: One.", "list[1].sku: Two.")


def test_details_that_stand_in_two_places_are_sent_from_both(get_body: Callable[..., Any]) -> None:
    shared = {"sku": ["One."]}
    assert get_body(lambda: RawError({"a": shared, "b": [shared]})) == invalid(
        "a.sku: One.", "b[0].sku: One."
    )


def test_details_deeper_than_python_recurses_are_flattened(get_body: Callable[..., Any]) -> None:
    body = get_body(lambda: RawError(make_deep(100_000)))
    assert body == invalid("[0]" * 99_999 + ": Deep.")


def make_rows(count: int) -> list[Any]:
    """Return the details of `count` rows with a message each."""
    return [{"lines": {"sku": [f"Message {number}."]}} for number in range(count)]


def make_stairs(count: int) -> list[Any]:
    """Return details that hold one message more on each of `count` levels."""
    detail = ["Deep."]
    for _ in range(count - 1):
        detail = ["Higher.", detail]  # type: ignore[list-item]
    return detail


def measure(detail: Any, limit: int | None) -> float:
    """Return the seconds of this process that `detail` takes, at best of five."""
    seconds = []
    # What the collector does meanwhile depends on all that the process holds.
    gc.disable()
    try:
        for _ in range(5):
            started = time.process_time()
            flatten(detail, limit)
            seconds.append(time.process_time() - started)
    finally:
        gc.enable()
    return min(seconds)


@pytest.mark.parametrize(("make", "limit"), [(make_rows, None), (make_stairs, 100)])
def test_ten_times_the_messages_take_no_hundred_times_as_long(
    make: Callable[[int], Any], limit: int | None
) -> None:
    assert measure(make(20_000), limit) < 40 * measure(make(2_000), limit)


def test_of_messages_on_many_levels_those_left_out_are_counted() -> None:
    items = flatten(make_stairs(20_000), 100)
    assert (len(items), items.left_out) == (99, 20_000 - 99)


def test_a_large_document_has_each_message_once_and_in_order(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": None}
    response = client.post("/validate/lines", [{}] * 2_000, "application/json")
    assert response.json() == invalid(*(f"[{row}].sku: {REQUIRED}" for row in range(2_000)))


def test_up_to_the_limit_all_messages_are_sent(client: Client) -> None:
    response = client.post("/validate/lines", [{}] * 1_000, "application/json")
    assert response.json() == invalid(*(f"[{row}].sku: {REQUIRED}" for row in range(1_000)))


def test_over_the_limit_the_last_message_says_how_many_were_left_out(client: Client) -> None:
    response = client.post("/validate/lines", [{}] * 1_001, "application/json")
    assert response.json() == invalid(
        *(f"[{row}].sku: {REQUIRED}" for row in range(999)), "2 more errors were left out."
    )


@pytest.mark.parametrize(
    ("limit", "errors"),
    [
        (1, ["a: One.", "3 more errors were left out."]),
        (2, ["a: One.", "3 more errors were left out."]),
        (3, ["a: One.", "b: Two.", "2 more errors were left out."]),
        (4, ["a: One.", "b: Two.", "c: Three.", "Four."]),
        (5, ["a: One.", "b: Two.", "c: Three.", "Four."]),
        (None, ["a: One.", "b: Two.", "c: Three.", "Four."]),
    ],
)
def test_as_many_messages_are_sent_as_the_setting_says(
    get_body: Callable[..., Any], settings: Settings, limit: int | None, errors: list[str]
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": limit}
    detail = {"a": ["One."], "b": ["Two."], "blank": [""], "c": ["Three."], "__all__": ["Four."]}
    assert get_body(lambda: ValidationError(detail)) == invalid(*errors)


def test_an_empty_message_is_not_counted_as_left_out(
    get_body: Callable[..., Any], settings: Settings
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 2}
    assert get_body(lambda: ValidationError(["One.", "Two.", "", " "])) == invalid("One.", "Two.")


def test_messages_that_are_left_out_count_for_the_code(
    get_body: Callable[..., Any], settings: Settings
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 3}
    clashes = [ErrorDetail("Taken.", "unique")] * 3
    assert get_body(lambda: ValidationError(clashes))["code"] == "ALREADY_EXISTS"
    required = ErrorDetail(REQUIRED, "required")
    assert get_body(lambda: ValidationError([*clashes, required])) == invalid(
        "Taken.", "Taken.", "2 more errors were left out."
    )


def test_the_notice_is_not_among_the_details(
    get_body: Callable[..., Any], settings: Settings
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 2, "DETAILS": True}
    detail = {"a": [ErrorDetail("One.", "first")], "b": ["Two."], "c": ["Three."]}
    assert get_body(lambda: ValidationError(detail)) == {
        **invalid("a: One.", "2 more errors were left out."),
        "details": [{"field": "a", "code": "first", "message": "One."}],
    }


def test_details_say_field_code_and_message_of_each(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    document = {"lines": [{}, {"sku": "bad"}], "tags": ["long!"]}
    response = client.post("/validate/order", document, "application/json")
    too_long = "Ensure this field has no more than 3 characters."
    assert response.json() == {
        **invalid(
            f"lines[0].sku: {REQUIRED}", "lines[1]: This line is bad.", f"tags[0]: {too_long}"
        ),
        "details": [
            {"field": "lines[0].sku", "code": "required", "message": REQUIRED},
            {"field": "lines[1]", "code": "invalid", "message": "This line is bad."},
            {"field": "tags[0]", "code": "max_length", "message": too_long},
        ],
    }


def test_a_lazy_message_is_in_the_language_of_the_answer(get_body: Callable[..., Any]) -> None:
    with translation.override("de"):
        assert get_body(lambda: RawError({"name": [gettext_lazy("Yes")]})) == invalid("name: Ja")


@pytest.mark.parametrize(
    ("detail", "code", "errors"),
    [
        ({"detail": "No.", "code": "out_of_stock"}, "OUT_OF_STOCK", ["No."]),
        ({"detail": lazystr("No."), "code": "nope"}, "NOPE", ["No."]),
        ({"detail": ErrorDetail("No.", "why_not")}, "WHY_NOT", ["No."]),
        ({"message": "No.", "code": 7}, "INTERNAL_ERROR", ["No."]),
        ({"detail": " ", "message": "No."}, "INTERNAL_ERROR", ["No."]),
        ({"detail": [], "stock": ["None left."]}, "INTERNAL_ERROR", ["stock: None left."]),
        (["One.", "Two."], "INTERNAL_ERROR", ["One.", "Two."]),
    ],
)
def test_a_dict_of_details_that_is_no_validation_error_is_one_message(
    get_body: Callable[..., Any], detail: Any, code: str, errors: list[str]
) -> None:
    def make() -> Exception:
        exception = APIException()
        exception.detail = detail
        return exception

    assert get_body(make) == make_body(500, code, *errors)


@pytest.mark.parametrize(
    ("data", "code", "errors"),
    [
        ("No.", "CONFLICT", ["No."]),
        (lazystr("No."), "CONFLICT", ["No."]),
        ({"detail": "No.", "code": "sold"}, "SOLD", ["No."]),
        ({"detail": lazystr("No.")}, "CONFLICT", ["No."]),
        ({"error": "a_name", "error_description": "No."}, "CONFLICT", ["No."]),
        ({"error": "No.", "ok": False, "id": 7}, "CONFLICT", ["No."]),
        ({"error": "No.", "fields": {"sku": ["One."]}}, "CONFLICT", ["No.", "fields.sku: One."]),
        ({"detail": "No.", "__all__": ["One."]}, "CONFLICT", ["No.", "One."]),
        ({"msg": "No.", "other": ["No."]}, "CONFLICT", ["No.", "other: No."]),
        ({"message": ["No."]}, "CONFLICT", ["message: No."]),
        ({"error": "No.", "email": "Used."}, "CONFLICT", ["No.", "email: Used."]),
        ({"detail": ["No."]}, "CONFLICT", ["No."]),
        ({"errors": ["No.", "Nor."], "code": "sold"}, "SOLD", ["No.", "Nor."]),
        ({"errors": {"sku": ["One."]}}, "CONFLICT", ["sku: One."]),
        ({"error": {"code": "sold", "message": "No."}}, "SOLD", ["No."]),
        ({"sku": ["One."], "lines": [{}, {"sku": "Two."}]}, "CONFLICT", None),
        ([], "CONFLICT", ["Conflict."]),
        ({}, "CONFLICT", ["Conflict."]),
        (None, "CONFLICT", ["Conflict."]),
        ({"detail": None}, "CONFLICT", ["Conflict."]),
    ],
)
def test_an_error_that_was_made_up_is_flattened(
    get_returned_body: Callable[..., Any], data: Any, code: str, errors: list[str] | None
) -> None:
    expected = errors or ["sku: One.", "lines[1].sku: Two."]
    assert get_returned_body(data) == make_body(409, code, *expected)


def test_a_message_of_its_own_counts_towards_the_limit() -> None:
    items = flatten_body({"detail": "No.", "fields": ["One.", "Two."]}, 2)
    assert list(items) == [Item("", None, "No.")]
    assert items.left_out == 2


@pytest.mark.parametrize("data", [None, "detail", ["detail"], {"detail": ""}, {"detail": ["No."]}])
def test_without_a_message_of_its_own_there_is_none(data: object) -> None:
    assert get_message(data) is None


texts = st.text().map(lambda text: ErrorDetail(text, "invalid"))
leaves = texts | st.text().map(lazystr) | st.integers() | st.floats() | st.booleans() | st.none()
keys = st.text() | st.integers() | st.just("non_field_errors") | st.none() | st.booleans()
trees = st.recursive(
    leaves | st.binary() | st.builds(Loud),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.lists(inner).map(tuple),
    max_leaves=40,
)


def get_texts(detail: object) -> Iterator[str]:
    """Yield the texts of `detail` in order, by plain recursion."""
    if isinstance(detail, dict):
        for value in detail.values():
            yield from get_texts(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            yield from get_texts(value)
    elif detail is not None and not isinstance(detail, bytes | Loud):
        yield str(detail)


def make_sendable(text: str) -> str:
    """Return `text` as UTF-8 can hold it."""
    return text.encode(errors="replace").decode()


@given(trees)
def test_each_message_of_any_tree_is_there_once_and_in_order(detail: object) -> None:
    expected = [make_sendable(text) for text in get_texts(detail) if text.strip()]
    assert [item.message for item in flatten(detail)] == expected


@given(trees, st.integers(2, 10))
def test_of_any_tree_no_more_are_sent_than_the_limit_and_none_is_forgotten(
    detail: object, limit: int
) -> None:
    every, items = flatten(detail), flatten(detail, limit)
    assert items == every[: len(items)]
    assert len(items) + items.left_out == len(every)
    assert len(items) + bool(items.left_out) <= limit
    assert items.codes == {item.code for item in every}


@given(trees)
def test_the_body_of_any_tree_can_be_sent(detail: object) -> None:
    body = json.loads(encode(Error.of_data(detail, 400).get_body()))
    assert list(body) == ["status", "errors", "code", "moreInfo"]
    assert body["errors"]
    assert all(message.strip() for message in body["errors"])


@given(trees, st.sampled_from([ValidationError, APIException]))
def test_an_exception_with_any_tree_is_answered_with_its_status(
    detail: object, cls: type[APIException]
) -> None:
    exception = cls()
    exception.detail = detail  # type: ignore[assignment]
    body = json.loads(encode(recognise(exception).get_body()))
    assert body["status"] == cls.status_code
    assert body["errors"]


path_steps = st.lists(st.from_regex(r"\A[a-z]{1,4}\Z") | st.integers(0, 20), min_size=1)


@given(path_steps)
def test_a_path_is_spelt_as_in_javascript(steps: list[Any]) -> None:
    detail: Any = ["One."]
    for step in reversed(steps):
        detail = {step: detail}
    spelt = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    assert flatten(detail) == [Item(spelt.removeprefix("."), None, "One.")]


class Name(str):
    """A name that is a text of the project's own class."""

    __slots__ = ()


def test_a_name_of_another_class_stands_for_no_field_where_that_of_a_text_does() -> None:
    for name in ("__all__", "non_field_errors"):
        assert flatten({Name(name): ["Nothing of it."]}) == [Item("", None, "Nothing of it.")]
    assert flatten({Name("sku"): ["No."]}) == [Item("sku", None, "No.")]
