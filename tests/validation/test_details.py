"""The reader of details: each message once, in order, with the path of its field, within bounds.

The data that a detail may have besides messages is in `test_error_objects.py`.
"""

from __future__ import annotations

import gc
import json
import logging
import time
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.test import Client, override_settings
from django.urls import path
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework import parsers, serializers
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.http.encoders import encode
from django_apierrors.http.problems import make_problem
from django_apierrors.recognition import recognise
from django_apierrors.validation.details import read_detail
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

REQUIRED = "This field is required."
TOO_LONG = "Ensure this field has no more than 3 characters."


class LineSerializer(serializers.Serializer[Any]):
    """A line of an order."""

    sku = serializers.CharField(max_length=3)
    count = serializers.IntegerField(required=False)

    def validate(self, attrs: Any) -> Any:
        if attrs["sku"] == "bad":
            raise serializers.ValidationError("This line is bad.")
        return attrs


class OrderSerializer(serializers.Serializer[Any]):
    """An order, with every kind of nesting that DRF has."""

    lines = LineSerializer(many=True, required=False)
    gift = LineSerializer(required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
    grid = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), required=False
    )
    prices = serializers.DictField(child=serializers.IntegerField(), required=False)
    lists = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()), required=False
    )
    baskets = serializers.DictField(child=LineSerializer(), required=False)
    color = serializers.ChoiceField(["red"], required=False)

    def validate(self, attrs: Any) -> Any:
        if not attrs:
            raise serializers.ValidationError(["Order something.", lazystr("Anything.")])
        return attrs


class OddSerializer(serializers.Serializer[Any]):
    """Has fields with the names of an error body's keys."""

    status = serializers.CharField()
    errors = serializers.CharField()  # type: ignore[assignment]
    code = serializers.CharField()
    detail = serializers.CharField()
    message = serializers.CharField()
    error = serializers.CharField()
    moreInfo = serializers.CharField()  # noqa: N815 - a key of the body


class RaisingSerializer(serializers.Serializer[Any]):
    """Raises the exception that the document names."""

    raised = serializers.CharField()

    def validate_raised(self, value: str) -> str:
        raise EXCEPTIONS[value]()


EXCEPTIONS: dict[str, Callable[[], Exception]] = {
    "string": lambda: ValidationError("One."),
    "list": lambda: ValidationError(["One.", gettext_lazy("Yes")]),
    "dict": lambda: ValidationError({"a": "One.", "b": {"c": ["Two."]}}),
    "django": lambda: DjangoValidationError(["One.", DjangoValidationError("Two.")]),
    "params": lambda: DjangoValidationError("%(n)d left.", params={"n": 3}),
}


class ValidateView(APIView):
    """Raise or return the errors of the serializer that the URL names."""

    parser_classes = [parsers.JSONParser]
    serializers: Mapping[str, Callable[..., Any]] = {
        "order": OrderSerializer,
        "lines": lambda data: LineSerializer(data=data, many=True),
        "odd": OddSerializer,
        "raising": RaisingSerializer,
    }

    def post(self, request: Request, name: str) -> Response:
        serializer = self.serializers[name](data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response()

    def put(self, request: Request, name: str) -> Response:
        serializer = self.serializers[name](data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=400)


class LongView(APIView):
    """Raise or return an error with the sent data."""

    parser_classes = [parsers.JSONParser]

    def post(self, request: Request) -> Response:
        if request.data["kind"] == "missing":
            raise NotFound(request.data["long"])
        raise ValidationError(self.make_detail(request))

    def put(self, request: Request) -> Response:
        return Response(self.make_detail(request), status=400)

    def make_detail(self, request: Request) -> Any:
        kind, long = request.data["kind"], request.data["long"]
        serializer = OrderSerializer(data={"lists": {long: ["x"] * 2_001}})
        if kind == "wrong":
            assert not serializer.is_valid()
            return serializer.errors
        details = {"key": {long: ["No."]}, "data": {"detail": "No.", "a": long, "left": 3}}
        return details.get(kind, {kind: long if kind == "code" else [long] * 3})


urlpatterns = [path("long", LongView.as_view()), path("<str:name>", ValidateView.as_view())]


class RaiseView(APIView):
    """Raise an exception."""

    exception: Exception | None = None

    def get(self, request: Request) -> Response:
        raise self.exception or ValidationError


class ReturnView(APIView):
    """Return an error."""

    data: Any = None

    def get(self, request: Request) -> Response:
        return Response(self.data, status=409)


def get_body(view: type[APIView], **attributes: Any) -> Any:
    """Return the body of the response of a view with these attributes."""
    response = view.as_view(**attributes)(APIRequestFactory().get("/")).render()
    sent = json.loads(response.content)
    assert response.status_code == sent["status"]
    return sent


def raise_detail(detail: Any, cls: type[APIException] = ValidationError) -> Any:
    """Return the body for an exception whose detail was set afterwards, past DRF's constructor."""
    exception = cls()
    exception.detail = detail
    return get_body(RaiseView, exception=exception)


def invalid(*errors: str) -> dict[str, Any]:
    """Return the body of a document that is not valid."""
    return body("INVALID_CONTENT", *errors)


class Secretive:
    """An object that may not be shown."""

    def __repr__(self) -> str:
        return "<secret>"


class Color(Enum):
    """Messages that are members of an Enum."""

    RED = "red"


class NoMessageError(Exception):
    """An exception whose message cannot be read."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


class BrokenDict(dict[str, Any]):
    """A mapping that cannot be iterated over."""

    def items(self) -> Any:
        raise RuntimeError("no items")


DOCUMENTS: list[tuple[str, Any, list[str]]] = [
    ("order", {}, ["Order something.", "Anything."]),
    (
        "order",
        {"lines": [{}, {"sku": "ok"}, {"sku": "long!", "count": "x"}]},
        [
            f"lines[0].sku: {REQUIRED}",
            f"lines[2].sku: {TOO_LONG}",
            "lines[2].count: A valid integer is required.",
        ],
    ),
    ("order", {"lines": [{"sku": "bad"}]}, ["lines[0]: This line is bad."]),
    ("order", {"lines": 1}, ['lines: Expected a list of items but got type "int".']),
    ("order", {"gift": {}}, [f"gift.sku: {REQUIRED}"]),
    ("order", {"gift": {"sku": "bad"}}, ["gift: This line is bad."]),
    ("order", {"gift": []}, ["gift: Invalid data. Expected a dictionary, but got list."]),
    (
        "order",
        {"tags": ["long!", "ok", "also long!"]},
        [f"tags[0]: {TOO_LONG}", f"tags[2]: {TOO_LONG}"],
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
    (
        "order",
        {"prices": {"\ud800": "x"}, "color": "\udc00"},
        ["prices.?: A valid integer is required.", 'color: "?" is not a valid choice.'],
    ),
    (
        "lines",
        [{}, {"sku": "ok"}, {"sku": "bad"}],
        [f"[0].sku: {REQUIRED}", "[2]: This line is bad."],
    ),
    ("lines", [{"sku": "ok"}, 1], ["[1]: Invalid data. Expected a dictionary, but got int."]),
    ("lines", {}, ['Expected a list of items but got type "dict".']),
    ("odd", {}, [f"{name}: {REQUIRED}" for name in OddSerializer().fields]),
    ("raising", {"raised": "string"}, ["raised: One."]),
    ("raising", {"raised": "list"}, ["raised: One.", "raised: Yes"]),
    ("raising", {"raised": "dict"}, ["raised.a: One.", "raised.b.c: Two."]),
    ("raising", {"raised": "django"}, ["raised: One.", "raised: Two."]),
    ("raising", {"raised": "params"}, ["raised: 3 left."]),
]


@pytest.mark.parametrize(("name", "document", "errors"), DOCUMENTS)
def test_the_errors_of_a_serializer_have_paths_whether_they_are_raised_or_returned(
    client: Client, name: str, document: Any, errors: list[str]
) -> None:
    for method in (client.post, client.put):
        response = method(f"/{name}", json.dumps(document), "application/json")
        assert (response.status_code, response.json()) == (400, invalid(*errors))


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        ("One.", ["One."]),
        (gettext_lazy("Yes"), ["Yes"]),
        (("One.", "Two."), ["One.", "Two."]),
        ([["One."], ["Two."]], ["[0]: One.", "[1]: Two."]),
        (["One.", {"sku": ["Two."]}], ["One.", "[1].sku: Two."]),
        ({"non_field_errors": ["One."], "__all__": ["Two."]}, ["One.", "Two."]),
        ({"lines": {"non_field_errors": ["One."]}}, ["lines: One."]),
        ({"name": "One.", "size": [gettext_lazy("Yes")]}, ["name: One.", "size: Yes"]),
        ({0: {"sku": ["One."]}, 2: {"sku": ["Two."]}}, ["[0].sku: One.", "[2].sku: Two."]),
        ({"prices": {1: ["One."], -1: ["Two."]}}, ["prices[1]: One.", "prices[-1]: Two."]),
        ({"status": ["One."], "code": "Two."}, ["status: One.", "code: Two."]),
        ({"name": ["One.", "", "  ", "One."]}, ["name: One.", "name: One."]),
    ],
)
def test_the_detail_of_a_validation_error_is_flattened(detail: Any, errors: list[str]) -> None:
    assert get_body(RaiseView, exception=ValidationError(detail)) == invalid(*errors)


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        *((detail, []) for detail in ([], {}, (), "", " ", [[]], [{}, {}], {"name": []})),
        (None, []),
        (Secretive(), []),
        (b"One.", ["One."]),
        ({"name": [b"\xff"], "color": [Color.RED]}, ["name: \ufffd", "color: red"]),
        ((name for name in ["One."]), []),
        ({"name": NoMessageError()}, []),
        ({"name": [Secretive(), "One."]}, ["name: One."]),
        (
            {Secretive(): ["One."], None: ["Two."], ("a", "b"): ["Three."]},
            ["One.", "Two.", "Three."],
        ),
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
def test_a_detail_of_any_type_has_a_body(detail: Any, errors: list[str]) -> None:
    assert raise_detail(detail) == invalid(*errors)


def test_a_detail_that_was_deleted_has_a_body() -> None:
    exception = ValidationError("One.")
    del exception.detail
    assert get_body(RaiseView, exception=exception) == invalid()


def test_a_message_that_cannot_be_read_is_logged_and_the_others_are_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    detail = {"name": ["One.", lazystr(NoMessageError()), 10**5000], 10**5000: "Two."}
    assert raise_detail(detail) == invalid("name: One.", "[…]: Two.")
    assert "RuntimeError: no message" in caplog.text
    assert caplog.text.count("failed while reading a value in the detail of an error.") == 2


def test_a_mapping_that_cannot_be_read_keeps_the_status_and_the_messages_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert raise_detail({"name": ["One."], "lines": BrokenDict(a=1)}) == invalid("name: One.")
    assert "failed while reading the detail of an error." in caplog.text


def test_the_key_of_messages_about_no_field_is_drfs_setting(settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NON_FIELD_ERRORS_KEY": "whole"}
    detail = {"whole": ["One."], "non_field_errors": ["Two."]}
    assert raise_detail(detail) == invalid("One.", "non_field_errors: Two.")


def test_a_detail_that_contains_itself_does_not_cause_an_endless_loop() -> None:
    for detail in ({"first": ["One."]}, ReturnDict({"first": ["One."]}, serializer=None)):
        detail |= {"self": detail, "list": [detail, {"sku": ["Two."]}]}
        assert raise_detail(detail) == invalid("first: One.", "list[1].sku: Two.")
    error: dict[str, Any] = {"message": "One.", "left": 3}
    error["self"] = error
    assert raise_detail({"list": [error]}) == {
        **invalid("list[0]: One."),
        "extra": {"list": [{"left": 3}]},
    }


def test_a_detail_in_two_places_is_sent_for_both() -> None:
    shared = {"sku": ["One."]}
    assert raise_detail({"a": shared, "b": [shared]}) == invalid("a.sku: One.", "b[0].sku: One.")


class CountedDict(dict[str, Any]):
    """A dict that counts how often its kind is read."""

    reads = 0

    def items(self) -> Any:
        CountedDict.reads += 1
        return super().items()


@pytest.mark.parametrize(
    "read",
    [
        lambda data: Error.of_data(data, 400),
        lambda data: read_detail(data, 400),
        lambda data: read_detail(data, 400, is_serializer=True),
        lambda data: read_detail("No.", 400, extra=data),
        lambda data: read_detail({"detail": "No.", "title": data, "available": 3}, 400),
    ],
    ids=["returned", "raised", "of a serializer", "extra", "beside a message"],
)
def test_containers_in_many_places_are_read_a_limited_number_of_times(
    read: Callable[[Any], object],
) -> None:
    data = CountedDict(message=["No."])
    for _ in range(18):
        # 2 ** 18 paths lead to the innermost dict, and thirty levels would take an hour.
        data = CountedDict(a=data, b=data)
    CountedDict.reads = 0
    read(data)
    assert 18 <= CountedDict.reads < 100_000


def test_a_detail_deeper_than_python_recurses_is_flattened() -> None:
    detail: list[Any] = ["Deep."]
    for _level in range(99_999):
        detail = [detail]
    assert raise_detail(detail) == invalid("[0]" * 99_999 + ": Deep.")


def make_rows(count: int) -> Any:
    """Return the detail of `count` rows with a message each."""
    return [{"lines": {"sku": [f"Message {number}."]}} for number in range(count)]


def make_stairs(count: int) -> Any:
    """Return a detail with one message more on each of `count` levels."""
    detail: Any = ["Deep."]
    for _level in range(count - 1):
        detail = ["Higher.", {"a": ["High."], "b": detail}]
    return detail


def make_objects(count: int) -> Any:
    """Return `count` error objects, each with data."""
    return {"bulk": [{"id": number, "detail": "Not here."} for number in range(count)]}


def measure(detail: Any) -> float:
    """Return the seconds of this process that reading takes, the best of three."""
    seconds = []
    # The time of a collection depends on all objects of the process.
    gc.disable()
    try:
        for _time in range(3):
            started = time.process_time()
            read_detail(detail, 400)
            seconds.append(time.process_time() - started)
    finally:
        gc.enable()
    return min(seconds)


@pytest.mark.parametrize("make", [make_rows, make_stairs, make_objects])
def test_ten_times_the_messages_take_less_than_forty_times_as_long(
    settings: Settings, make: Callable[[int], Any]
) -> None:
    for limit in (None, 100):
        settings.API_ERRORS = {"MAX_ERRORS": limit}
        assert measure(make(10_000)) < 40 * measure(make(1_000))


# As a message in JSON, a character of the last one has twelve bytes.
LONG = ["x" * 1_100_000, "\0" * 200_000, "\N{PILE OF POO}" * 100_000]


@pytest.mark.parametrize("name", ["wrong", "key", "detail", "code", "errors", "data"])
@pytest.mark.parametrize("changes", [{"MAX_ERRORS": None}, {"DETAILS": True}])
def test_a_body_has_at_most_1_mb_of_sent_values(
    client: Client, settings: Settings, changes: dict[str, Any], name: str
) -> None:
    settings.API_ERRORS = changes
    for long in LONG:
        document = {"kind": name, "long": long}
        for method in (client.post, client.put):
            response = method("/long", json.dumps(document), "application/json")
            assert (response.status_code, response.json()["status"]) == (400, 400)
            assert len(response.content) <= 1_000_000


def test_the_body_of_a_group_has_at_most_1_mb() -> None:
    group = ExceptionGroup("", [ValidationError(f"{n}{'x' * 2_000}") for n in range(900)])
    sent = recognise(group).get_body()
    assert len(encode(sent)) <= 1_000_000
    assert sent["errors"][-1] == f"{901 - len(sent['errors'])} more errors were left out."


@pytest.mark.parametrize("changes", [{}, {"DETAILS": True, "PROBLEM_JSON": True}])
@pytest.mark.parametrize("character", ["a", "\u00e9", "\u4e00", "\U0001f4a9", "\x01", "\u2028"])
def test_messages_are_left_out_only_if_the_body_would_have_more_than_1_mb(
    settings: Settings, changes: dict[str, Any], character: str
) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": None, **changes}
    for size in (100, 3_000):
        detail: Any = {"name": [f"{n}{character * size}" for n in range(3_000_000 // size)]}
        error = Error.of_messages(read_detail(detail, 400, is_serializer=True), 400)
        body: Any = error._replace(place="body").get_body()
        length = len(encode(make_problem(body) if changes else body))
        assert error.left_out
        # Each message also has a constant allowance for the other keys of its entry.
        assert 0.6 * 990_000 < length <= 1_000_000


@pytest.mark.parametrize("character", ["a", "\u00e9", "\U0001f4a9"])
def test_one_long_message_is_cut(settings: Settings, character: str) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    [item] = read_detail(character * 2_000_000, 400).items
    assert item.message == f"{character * (len(item.message) - 1)}…"
    assert len(item.message) > 20_000


def test_the_size_is_that_of_ascii_if_the_renderer_writes_ascii(settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "UNICODE_JSON": False}
    detail = {"name": ["\u00e9" * 1_000] * 900, "long": ["\U0001f4a9" * 200_000]}
    for part in (detail, {"long": detail["long"]}):
        error = Error.of_messages(read_detail(part, 400, is_serializer=True), 400)
        assert 100_000 < len(json.dumps(error.get_body())) <= 1_000_000


def test_the_size_of_pointers_counts_for_the_limit_of_a_body(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True, "MAX_ERRORS": None}
    # A pointer has two characters for each tilde.
    detail: Any = {f"{n}": ["No."] for n in range(2_000)}
    for _level in range(30):
        detail = {"~" * 95: detail}
    error = Error.of_messages(read_detail(detail, 400, is_serializer=True), 400)
    body = error._replace(place="body").get_body()
    assert len(body["details"][0]["pointer"]) > 5_000
    assert len(encode(body)) <= 1_000_000


def test_a_segment_of_a_path_has_at_most_100_characters(client: Client) -> None:
    document = json.dumps({"kind": "wrong", "long": "x" * 1_000_000})
    errors = client.post("/long", document, "application/json").json()["errors"]
    path = f"lists.{'x' * 99}…"
    assert errors[0] == f"{path}[0]: A valid integer is required."
    assert errors[-1] == "1002 more errors were left out."
    assert len(errors) == 1_000


def test_details_of_requests_do_not_stay_in_memory(client: Client) -> None:
    def send(times: int) -> int:
        for number in range(times):
            for kind in ("missing", "code"):
                document = {"kind": kind, "long": f"{number}{'x' * 200_000}"}
                client.post("/long", json.dumps(document), "application/json")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    # pytest keeps the records, and they the requests.
    logging.disable()
    tracemalloc.start()
    try:
        before = send(5)
        assert send(50) - before < 1_000_000
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)


def test_a_large_document_has_each_message_once_and_in_order_up_to_the_limit(
    client: Client, settings: Settings
) -> None:
    messages = f"sku: {REQUIRED}", "count: A valid integer is required."
    errors = [f"[{row}].{message}" for row in range(1_000) for message in messages]

    def send(count: int) -> Any:
        return client.post("/lines", [{"count": "x"}] * count, "application/json").json()

    assert send(500) == invalid(*errors[:1_000])
    assert send(502) == invalid(*errors[:999], "5 more errors were left out.")
    settings.API_ERRORS = {"MAX_ERRORS": None}
    assert send(1_000) == invalid(*errors)


def test_messages_that_are_left_out_count_for_the_code(settings: Settings) -> None:
    settings.API_ERRORS = {"MAX_ERRORS": 3}
    clashes = [ErrorDetail("Taken.", "unique")] * 3
    assert raise_detail(clashes)["code"] == "ALREADY_EXISTS"
    assert raise_detail([*clashes, ErrorDetail(REQUIRED, "required")]) == invalid(
        "Taken.", "Taken.", "2 more errors were left out."
    )


def test_details_have_the_field_the_code_and_the_message_of_each_that_is_sent(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True, "MAX_ERRORS": 4}
    document = {"lines": [{}, {"sku": "bad"}], "tags": ["long!", "ok", "long!", "long!"]}
    response = client.post("/order", document, "application/json")
    assert response.json() == {
        **invalid(
            f"lines[0].sku: {REQUIRED}",
            "lines[1]: This line is bad.",
            f"tags[0]: {TOO_LONG}",
            "2 more errors were left out.",
        ),
        "details": [
            {
                "field": field,
                "code": code,
                "message": message,
                "in": "body",
                "pointer": pointer,
            }
            for field, code, message, pointer in (
                ("lines[0].sku", "required", REQUIRED, "/lines/0/sku"),
                ("lines[1]", "invalid", "This line is bad.", "/lines/1"),
                ("tags[0]", "max_length", TOO_LONG, "/tags/0"),
            )
        ]
        + [
            {
                "field": "",
                "code": "invalid_content",
                "message": "2 more errors were left out.",
            },
        ],
    }
    [detail] = raise_detail({"name": [ErrorDetail("No.", "\ud800")]})["details"]
    assert (detail["field"], detail["code"], detail["message"]) == ("name", "?", "No.")


def test_a_lazy_message_is_in_the_language_of_the_response() -> None:
    with translation.override("de"):
        assert raise_detail({"name": [gettext_lazy("Yes")]}) == invalid("name: Ja")


STRINGS = st.text().map(lambda string: ErrorDetail(string, "invalid"))
LEAVES = STRINGS | st.text().map(lazystr) | st.integers() | st.floats() | st.booleans() | st.none()
KEYS = st.text() | st.integers() | st.just("non_field_errors") | st.none() | st.booleans()
TREES = st.recursive(
    LEAVES | st.binary() | st.builds(Secretive),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.lists(inner).map(tuple),
    max_leaves=40,
)


def get_strings(detail: object) -> Iterator[str]:
    """Yield the messages of `detail` in order, by plain recursion."""
    if isinstance(detail, dict):
        for value in detail.values():
            yield from get_strings(value)
    elif isinstance(detail, list | tuple):
        for value in detail:
            yield from get_strings(value)
    elif detail is not None and not isinstance(detail, Secretive):
        text = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        yield text.encode(errors="replace").decode()


@given(TREES, st.integers(2, 10))
def test_each_message_of_any_tree_is_sent_once_in_order_or_counted(
    detail: object, limit: int
) -> None:
    with override_settings(API_ERRORS={"MAX_ERRORS": None}):
        every = read_detail(detail, 400, is_serializer=True)
    with override_settings(API_ERRORS={"MAX_ERRORS": limit}):
        limited = read_detail(detail, 400, is_serializer=True)
    expected = [string for string in get_strings(detail) if string.strip()]
    assert [item.message for item in every.items] == expected
    assert limited.items == every.items[: len(limited.items)]
    assert len(limited.items) + limited.left_out == len(expected)
    assert len(limited.items) + bool(limited.left_out) <= limit
    assert limited.codes == {item.code for item in every.items}


@given(TREES, st.sampled_from([ValidationError, APIException]))
def test_any_tree_has_a_body_that_can_be_sent(detail: object, cls: type[APIException]) -> None:
    exception = cls()
    exception.detail = detail  # type: ignore[assignment]
    for error in (recognise(exception), Error.of_data(detail, cls.status_code)):
        sent = json.loads(encode(error.get_body()))
        assert list(sent)[:4] == ["status", "errors", "code", "moreInfo"]
        assert sent["status"] == cls.status_code
        assert sent["errors"]
        assert all(message.strip() for message in sent["errors"])


@given(st.lists(st.from_regex(r"\A[a-z]{1,4}\Z") | st.integers(0, 20), min_size=1))
def test_a_path_is_spelt_as_in_javascript(keys: list[Any]) -> None:
    detail: Any = ["One."]
    for key in reversed(keys):
        detail = {key: detail}
    spelt = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    [item] = read_detail(detail, 400, is_serializer=True).items
    assert item[:4] == (spelt.removeprefix("."), None, "One.", tuple(keys))


def test_the_time_for_a_long_key_does_not_grow_with_its_messages() -> None:
    detail = {"é" * 1_000_000: [ErrorDetail("Wrong.", "invalid") for _number in range(1_001)]}
    start = time.perf_counter()
    messages = read_detail([detail], 400)
    # An earlier version took two seconds, because it cleaned the whole key for each message.
    assert time.perf_counter() - start < 3
    assert {len(item.field) for item in messages.items} == {len("[0].") + 100}
