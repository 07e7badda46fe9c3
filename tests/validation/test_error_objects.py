"""Details that are more than fields: a raised one and the same one returned give the same body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import path
from django.utils.functional import lazystr
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer as StockRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList
from rest_framework.views import APIView

from django_apierrors.errors import Error
from django_apierrors.http.encoders import encode
from django_apierrors.recognition import recognise
from django_apierrors.testing.assertions import find_shape_faults
from django_apierrors.validation.details import read_detail
from django_apierrors.validation.error_objects import (
    CODE_KEYS,
    ENVELOPE_KEYS,
    FIELD_KEYS,
    LIST_KEYS,
    LISTED_FIELD_KEYS,
    MESSAGE_KEYS,
)
from tests.bodies import body
from tests.models import Shelf
from tests.support import make_view, throw

pytestmark = pytest.mark.urls(__name__)

REQUIRED = "This field is required."
SYNTAX = "The syntax/content is incorrect."


class BadRequestError(APIException):
    """An exception of the project that is not a ValidationError."""

    status_code = 400


class Number(IntEnum):
    """Codes that are numbers."""

    CART_FULL = 41003


class Name(StrEnum):
    """Codes that are names."""

    CART_FULL = "cart_full"


class Mixed(str, Enum):  # noqa: UP042 - its str() is the name in the Enum
    """Codes whose str() is another string."""

    CART_FULL = "cart_full"


class Plain(Enum):
    """Codes that are neither."""

    CART_FULL = "cart.full"


def make_body(*errors: str, code: str | int = "INVALID_CONTENT", **keys: Any) -> dict[str, Any]:
    """Return the body of a 400."""
    return {"status": 400, "errors": list(errors), "code": code, "moreInfo": "", **keys}


MISSING = [ErrorDetail("This field is required.", "required")]
CLOSED = [ErrorDetail("The ticket is closed.", "invalid")]

# Fields with the names of the keys of error objects.
FIELDS = ("detail", "error", "message", "code", "title", "name")

SPELLINGS = ("cart_full", "CART_FULL", "cart.full", "cart-full", "cart:full")

# The table of the docs, and what real packages send: the detail, and its body.
DETAILS: list[tuple[Any, dict[str, Any]]] = [
    ({"name": ["Too long."]}, make_body("name: Too long.")),
    ({"lines": [{}, {"sku": "One."}]}, make_body("lines[1].sku: One.")),
    *(
        ({key: "The ticket is closed."}, make_body("The ticket is closed."))
        for key in ("detail", "message", "error", "error_description", "msg", "reason", "title")
    ),
    ({"errors": "The ticket is closed."}, make_body("The ticket is closed.")),
    (
        {"message": "Invalid input.", "errors": {"name": ["Too long."]}},
        make_body("Invalid input.", "name: Too long."),
    ),
    (
        {"error": "Rejected.", "reason": "The card is expired.", "fields": {"sku": ["One."]}},
        make_body("Rejected.", "The card is expired.", "fields.sku: One."),
    ),
    *(
        ({"detail": "It is full.", "code": code}, make_body("It is full.", code="CART_FULL"))
        for code in (
            "cart_full",
            "CART_FULL",
            "cart.full",
            "cart-full",
            "cart:full",
            "cartFull",
            "CartFull",
            *Name,
            *Mixed,
            *Plain,
        )
    ),
    *(
        ({"detail": "It is full.", "code": code}, make_body("It is full.", code=41003))
        for code in (41003, "41003", Number.CART_FULL)
    ),
    (
        {"detail": "It is full.", "error_code": "cart_full"},
        make_body("It is full.", code="CART_FULL"),
    ),
    ({"message": "It is full.", "error": "cart_full"}, make_body("It is full.", code="CART_FULL")),
    (
        {"detail": {"message": "It is full.", "code": "cart_full", "limit": 3}},
        make_body("It is full.", code="CART_FULL", extra={"detail": {"limit": 3}}),
    ),
    ({"code": "cart_full", "errors": ["No."]}, make_body("No.", code="CART_FULL")),
    ({"code": "cart_full", "sku": ["No."]}, make_body("sku: No.", code="CART_FULL")),
    ({"code": "cart_full"}, make_body("Cart full.", code="CART_FULL")),
    ({"code": "Expired"}, make_body("code: Expired")),
    ({"detail": "No.", "code": "No such code."}, make_body("No.", "code: No such code.")),
    # A code that is as general as the status.
    ({"detail": "No.", "code": 400, "status": "400"}, make_body("No.")),
    ({"detail": "No.", "code": "error"}, make_body("No.")),
    ({"detail": "No.", "code": "007"}, make_body("No.", extra={"code": "007"})),
    ({"detail": "No.", "code": -1}, make_body("No.", extra={"code": -1})),
    ({"detail": "No.", "code": {"no": 1}}, make_body("No.", extra={"code": {"no": 1}})),
    # DRF's own codes of validation messages are codes of the catalogue.
    ({"detail": "Taken.", "code": "unique"}, make_body("Taken.", code="ALREADY_EXISTS")),
    # A list of error objects: drf-standardized-errors, JSON:API, pydantic, RFC 9457, Google.
    (
        {
            "type": "validation_error",
            "errors": [
                {"code": "required", "detail": "No sku.", "attr": "lines.0.sku"},
                {"code": "invalid", "detail": "No.", "attr": None},
            ],
        },
        make_body("lines[0].sku: No sku.", "No.", extra={"type": "validation_error"}),
    ),
    (
        {
            "errors": [
                {
                    "status": "400",
                    "code": "unique",
                    "title": "Invalid",
                    "detail": "Taken.",
                    "source": {"pointer": "/data/attributes/name"},
                },
                {"code": "unique", "detail": "Taken.", "source": {"parameter": "page"}, "id": "7"},
                {"code": "unique", "detail": "Taken.", "source": {"pointer": "/data"}},
            ]
        },
        make_body(
            "name: Taken.",
            "page: Taken.",
            "Taken.",
            code="ALREADY_EXISTS",
            extra={"errors": [{"title": "Invalid"}, {"id": "7"}, {}]},
        ),
    ),
    (
        {
            "detail": [
                {"type": "missing", "loc": ["body", "lines", 0, "sku"], "msg": "Field required"},
                {"type": "int", "loc": ["query"], "msg": "No.", "input": "x y", "ctx": {"a": [1]}},
            ]
        },
        make_body(
            "lines[0].sku: Field required",
            "No.",
            extra={"detail": [{}, {"input": "x y", "ctx": {"a": [1]}}]},
        ),
    ),
    (
        {
            "type": "about:blank",
            "title": "Your request is not valid.",
            "status": 400,
            "instance": "/orders/7",
            "invalid-params": [
                {"name": "age", "reason": "must be positive"},
                {"pointer": "#/a~1b/0", "reason": "must be an integer"},
            ],
        },
        make_body(
            "Your request is not valid.",
            "age: must be positive",
            "a/b[0]: must be an integer",
            extra={"instance": "/orders/7"},
        ),
    ),
    (
        # The rows of a bulk request that failed.
        {
            "detail": "1 of 3 rows failed.",
            "errors": [{"index": 2, "errors": {"name": ["No."]}}],
        },
        make_body("1 of 3 rows failed.", "[2].name: No.", extra={"errors": [{"index": 2}]}),
    ),
    (
        # RFC 9457, section 3.
        {
            "type": "https://example.com/out-of-credit",
            "title": "You do not have enough credit.",
            "detail": "Your balance is 30, but that costs 50.",
            "balance": 30,
        },
        make_body(
            "Your balance is 30, but that costs 50.",
            extra={
                "type": "https://example.com/out-of-credit",
                "title": "You do not have enough credit.",
                "balance": 30,
            },
        ),
    ),
    (
        {"bulk": [{"id": 1, "status": 404, "detail": "Not here."}, {"id": 2}]},
        make_body("bulk[0]: Not here.", extra={"bulk": [{"id": 1, "status": 404}, {"id": 2}]}),
    ),
    (
        [{"detail": "One."}, {"message": "Two.", "id": 2}],
        make_body("One.", "Two.", extra={"errors": [{}, {"id": 2}]}),
    ),
    # Further lists of error objects: Symfony, Spring, Google, Microsoft, Kubernetes.
    *(
        (detail, make_body("name: Too long."))
        for detail in (
            {"errors": [{"field": "name", "description": "Too long."}]},
            {"errors": [{"field": "name", "messages": ["Too long."]}]},
            {"errors": [{"field": "name", "errors": ["Too long."]}]},
            {"violations": [{"propertyPath": "name", "message": "Too long."}]},
            {"violations": [{"field": "name", "messages": ["Too long."]}]},
        )
    ),
    *(
        (
            {
                "message": "Validation failed.",
                key: [{"field": "name", "defaultMessage": "Too long.", "rejectedValue": "a b"}],
            },
            make_body(
                "Validation failed.", "name: Too long.", extra={key: [{"rejectedValue": "a b"}]}
            ),
        )
        for key in ("errors", "fieldErrors")
    ),
    (
        {
            "error": {
                "message": "Invalid input.",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.BadRequest",
                        "fieldViolations": [
                            {"field": "a.b", "description": "Too long.", "reason": "LENGTH"}
                        ],
                    }
                ],
            }
        },
        make_body(
            "Invalid input.",
            "a.b: Too long.",
            extra={
                "error": {
                    "details": [
                        {
                            "@type": "type.googleapis.com/google.rpc.BadRequest",
                            "fieldViolations": [{"reason": "LENGTH"}],
                        }
                    ]
                }
            },
        ),
    ),
    (
        {
            "error": {
                "code": "BadArgument",
                "message": "Several errors.",
                "details": [{"code": "NullValue", "target": "name", "message": "Too long."}],
            }
        },
        make_body("Several errors.", "name: Too long.", code="BAD_ARGUMENT"),
    ),
    (
        {
            "kind": "Status",
            "message": "The pod is invalid.",
            "reason": "Invalid",
            "details": {
                "name": "x",
                "kind": "pods",
                "causes": [{"field": "spec", "message": "Too long."}],
            },
            "code": 400,
        },
        make_body(
            "The pod is invalid.",
            "spec: Too long.",
            extra={
                "kind": "Status",
                "reason": "Invalid",
                "details": {"name": "x", "kind": "pods"},
            },
        ),
    ),
    (
        {
            "kind": "Status",
            "message": "The pod is missing.",
            "reason": "NotFound",
            "details": {"name": "web", "kind": "pods", "retryAfterSeconds": 3},
            "code": 400,
        },
        make_body(
            "The pod is missing.",
            extra={
                "kind": "Status",
                "reason": "NotFound",
                "details": {"name": "web", "kind": "pods", "retryAfterSeconds": 3},
            },
        ),
    ),
    # GitHub.
    (
        {
            "message": "Validation failed.",
            "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}],
        },
        make_body(
            "Validation failed.",
            "title: missing_field",
            extra={"errors": [{"resource": "Issue"}]},
        ),
    ),
    ([{"field": "title"}, {"code": "gone"}], make_body("[0].field: title", "[1].code: gone")),
    # Dicts made of the errors of a serializer.
    (
        {**dict.fromkeys(FIELDS, MISSING), "lines": [{}, {"detail": MISSING}]},
        make_body(*(f"{name}: {MISSING[0]}" for name in (*FIELDS, "lines[1].detail"))),
    ),
    ([{}, {"detail": CLOSED, "lines": []}], make_body("[1].detail: The ticket is closed.")),
    ({"errors": {"error": MISSING}}, make_body(f"error: {MISSING[0]}")),
    ({"detail": MISSING}, make_body(f"detail: {MISSING[0]}")),
    *(
        ({key: value}, make_body(f"{key}{field}: {MISSING[0]}"))
        for key in ("causes", "details", "messages", "violations")
        for value, field in ((MISSING, ""), ([{}, {"sku": MISSING}], "[1].sku"))
    ),
    ({"details": {1: {"sku": MISSING}}}, make_body(f"details[1].sku: {MISSING[0]}")),
    # The errors themselves in an envelope.
    *(
        ({key: ReturnDict({"name": MISSING}, serializer=None)}, make_body(f"name: {MISSING[0]}"))
        for key in ("detail", "details", "error", "messages")
    ),
    *(
        (
            {key: ReturnList([{"name": MISSING}], serializer=None)},
            make_body(f"[0].name: {MISSING[0]}"),
        )
        for key in ("detail", "details", "error")
    ),
    # The details of exceptions.
    ({"details": {"name": CLOSED}}, make_body("name: The ticket is closed.")),
    ({"error": CLOSED}, make_body("The ticket is closed.")),
    (
        {"detail": CLOSED, "errors": {"name": MISSING}},
        make_body("The ticket is closed.", f"name: {MISSING[0]}"),
    ),
    (
        {"error": {"name": CLOSED}, "available": MISSING},
        make_body("name: The ticket is closed.", f"available: {MISSING[0]}"),
    ),
    ({"detail": MISSING, "left": 3}, make_body(str(MISSING[0]), extra={"left": 3})),
    # Envelopes alone. A message in a list of fields keeps its row.
    *(
        (detail, make_body(*errors))
        for key in sorted(LIST_KEYS)
        for detail, errors in (
            ({key: ["Too long."]}, ["Too long."]),
            ({key: {"name": ["Too long."]}}, ["name: Too long."]),
            ({"error": {key: {"name": ["Too long."]}}}, ["name: Too long."]),
            ({key: [{"messages": ["Too long."]}]}, ["[0].messages: Too long."]),
        )
    ),
    (
        {"code": "cart_full", "details": {"name": ["One."]}, "left": 3},
        make_body("name: One.", code="CART_FULL", extra={"left": 3}),
    ),
    ({"fieldErrors": {"name": ["One."]}, "sku": ["Two."]}, make_body("name: One.", "sku: Two.")),
    # Fields with these names.
    ({"details": ["One."], "sku": ["Two."]}, make_body("details: One.", "sku: Two.")),
    ({"gift": {"messages": ["One."]}}, make_body("gift.messages: One.")),
    *(
        ({key: value}, make_body(f"{path}: Too long."))
        for key in ("description", "defaultMessage", "target")
        for value, path in (
            ("Too long.", key),
            (["Too long."], key),
            ([{"description": "Too long."}], f"{key}[0].description"),
            ([{"messages": ["Too long."]}], f"{key}[0].messages"),
        )
    ),
    (
        {"errors": [{"field": ["One."], "description": ["Two."], "messages": ["Three."]}]},
        make_body("[0].field: One.", "[0].description: Two.", "[0].messages: Three."),
    ),
    # One error object; the code of a field's message goes to `details`.
    ({"code": "required", "detail": REQUIRED, "attr": "name"}, make_body(f"name: {REQUIRED}")),
    (
        {"error": {"message": "Declined.", "param": "lines[0].card", "code": "card_declined"}},
        make_body("lines[0].card: Declined."),
    ),
    (
        {"gift": {"message": "Sold out.", "field": "not a field", "left": 0}},
        make_body("gift: Sold out.", "gift.field: not a field", extra={"gift": {"left": 0}}),
    ),
    (
        {"detail": "No.", "source": "shop", "loc": {"a": 1}},
        make_body("No.", extra={"source": "shop", "loc": {"a": 1}}),
    ),
    # Lists that hold error objects or stand beside a message.
    ({"details": "No."}, make_body("details: No.")),
    ({"messages": [{"message": "Too few."}]}, make_body("Too few.")),
    ({"detail": "No.", "messages": ["Too few."]}, make_body("No.", "Too few.")),
    # Data.
    *(
        ({"name": ["Too long."], "left": left}, make_body("name: Too long.", extra={"left": left}))
        for left in (3, 1.5, True)
    ),
    (
        {"lines": [{"sku": ["One."], "left": 3}]},
        make_body("lines[0].sku: One.", extra={"lines": [{"left": 3}]}),
    ),
    *(
        (data, make_body(SYNTAX, extra=data))
        for data in ({"available": 3}, {"left": 1.5, "ids": [1, 2]}, {"shop": {"open": False}})
    ),
    ({"login_url": "https://example.com/"}, make_body("login_url: https://example.com/")),
    ({"until": None}, make_body(SYNTAX)),
    (
        {"detail": None, "available": 3},
        make_body(SYNTAX, extra={"available": 3}),
    ),
    ({"detail": "Only 3 left.", "available": 3}, make_body("Only 3 left.", extra={"available": 3})),
    (
        {
            "detail": "You lack scopes.",
            "required_scopes": ["orders:write", "orders"],
            "login": "https://example.com/login?next=/",
            "label": "Log in.",
            "price": Decimal("1.50"),
            "until": date(2030, 1, 1),
            "at": time(12, tzinfo=UTC),
            "wait": timedelta(seconds=5),
            "id": UUID(int=1),
            "color": Plain.CART_FULL,
            "nan": float("nan"),
            "half": "\ud800",
            "retry": True,
            "none": None,
            "empty": {"list": [], "dict": {}},
            "nested": {"note": "Two words", "ids": [1, 2]},
        },
        make_body(
            "You lack scopes.",
            "label: Log in.",
            "nested.note: Two words",
            extra={
                "required_scopes": ["orders:write", "orders"],
                "login": "https://example.com/login?next=/",
                "price": "1.50",
                "until": "2030-01-01",
                "at": "12:00:00+00:00",
                "wait": "5.0",
                "id": str(UUID(int=1)),
                "color": "cart.full",
                "nan": None,
                "half": "?",
                "retry": True,
                "none": None,
                "empty": {"list": [], "dict": {}},
                "nested": {"ids": [1, 2]},
            },
        ),
    ),
    # Keys that repeat the status.
    (
        {"success": False, "statusCode": 400, "error": "Bad Request", "message": "It is full."},
        make_body("It is full."),
    ),
    ({"title": "Bad Request", "status": 400}, make_body("Bad Request")),
    ({"ok": False, "sku": ["One."]}, make_body("sku: One.")),
    # In a script without spaces a message is a message too.
    ({"detail": "エラー", "name": "必須です"}, make_body("エラー", "name: 必須です")),
]


class RaiseView(APIView):
    """Raises the detail of a row, in the exception that the URL names."""

    def get(self, request: Request, row: int, name: str) -> Response:
        classes = {"project": BadRequestError, "validation": ValidationError}
        raise classes[name](DETAILS[row][0])


class ReturnView(APIView):
    """Returns the detail of a row."""

    def get(self, request: Request, row: int) -> Response:
        return Response(DETAILS[row][0], status=400)


class ShelfSerializer(serializers.Serializer[Any]):
    """A serializer whose fields have the names of the keys of error objects."""

    detail = serializers.CharField()
    title = serializers.CharField()
    shelf = serializers.PrimaryKeyRelatedField(
        queryset=Shelf.objects.all(), pk_field=serializers.UUIDField()
    )


class SizeSerializer(serializers.Serializer[Any]):
    """A serializer that rejects a value with the code of a malformed key, `invalid`."""

    size = serializers.IntegerField()


class WrapView(APIView):
    """Raises or returns the errors of a serializer inside an envelope."""

    def post(self, request: Request) -> Response:
        raise ValidationError(self.make_detail())

    def put(self, request: Request) -> Response:
        return Response(self.make_detail(), status=400)

    def make_detail(self) -> Any:
        serializers = [
            SizeSerializer(data={"size": "x"}),
            ShelfSerializer(data={"detail": "a", "title": "b", "shelf": "x"}),
            ShelfSerializer(data={"detail": "a", "title": "b", "shelf": "y"}),
        ]
        assert not any(serializer.is_valid() for serializer in serializers)
        size, first, second = (serializer.errors for serializer in serializers)
        return {"message": "Invalid input.", "error": size, "errors": first, "gift": second}


class ExtraError(APIException):
    """An exception with data for clients."""

    status_code = 409
    default_detail = "Only a few are left."
    default_code = "out_of_stock"

    def __init__(self, extra: Any, detail: Any = None) -> None:
        super().__init__(detail)
        self.extra = extra


# More data than a body can have.
CROWDED = {f"{number:09}": "x" for number in range(70_000)}

urlpatterns = [
    path("raise/<int:row>/<str:name>", RaiseView.as_view()),
    path("alone/raise/<int:row>/<str:name>", RaiseView.as_view(renderer_classes=[StockRenderer])),
    path("return/<int:row>", ReturnView.as_view()),
    path("wrap", WrapView.as_view()),
    path("crowded", make_view(lambda request: throw(ExtraError(CROWDED)))),
]


@pytest.mark.parametrize("row", range(len(DETAILS)))
def test_a_detail_has_the_same_body_whether_it_is_raised_or_returned(
    client: Client, settings: Settings, row: int
) -> None:
    urls = [f"/raise/{row}/project", f"/raise/{row}/validation", f"/return/{row}"]
    bodies = {url: client.get(url).json() for url in urls}
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    bodies |= {f"{url}, the renderer alone": client.get(url).json() for url in urls}
    bodies |= {f"{url}, the handler alone": client.get(f"/alone{url}").json() for url in urls[:2]}
    assert bodies == dict.fromkeys(bodies, DETAILS[row][1])


def test_the_codes_of_error_objects_are_in_the_details(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    data = {
        "code": "cart.full",
        "message": "Invalid.",
        "errors": [{"code": "required", "detail": "No sku.", "attr": "sku"}],
    }
    assert Error.of_data(data, 409).get_body()["details"] == [
        {"field": "", "code": "cart.full", "message": "Invalid."},
        {"field": "sku", "code": "required", "message": "No sku."},
    ]


def make_detail(field: str, code: str, message: str, pointer: str) -> dict[str, str]:
    """Return an entry of `details` about the body."""
    return {"field": field, "code": code, "message": message, "in": "body", "pointer": pointer}


def test_the_errors_of_a_serializer_in_an_envelope_are_fields(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"DETAILS": True}
    size, message = "A valid integer is required.", "Must be a valid UUID."
    for method in (client.post, client.put):
        response = method("/wrap", {}, "application/json")
        assert response.json() == make_body(
            "Invalid input.",
            f"size: {size}",
            f"shelf: {message}",
            f"gift.shelf: {message}",
            details=[
                make_detail("", "invalid", "Invalid input.", ""),
                make_detail("size", "invalid", size, "/size"),
                make_detail("shelf", "incorrect_type", message, "/shelf"),
                make_detail("gift.shelf", "incorrect_type", message, "/gift/shelf"),
            ],
        )


@pytest.mark.parametrize("key", ["errors", "message", "msg"])
def test_errors_of_serializers_in_one_another_are_fields_without_a_serializer_too(key: str) -> None:
    inner = ReturnDict({"title": [ErrorDetail("No.", "invalid")]}, serializer=None)
    outer = ReturnDict({"gift": inner, "detail": ["One."]}, serializer=None)
    messages = read_detail({key: outer}, 400)
    assert [str(item) for item in messages.items] == ["gift.title: No.", "detail: One."]


def test_objects_that_a_client_may_not_see_are_not_in_the_extra() -> None:
    secret = Shelf(pk=1, name="secret")
    unseen = {secret: {"d": 1}}
    data = {"detail": "No.", "a": secret, "b": [object(), b"bytes"], secret: 1, "c": unseen}
    assert read_detail(data, 400).extra == {"b": ["bytes"]}


def test_a_number_of_the_catalogue_is_sent_by_the_setting(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"CART_FULL": {"status": 409, "number": 41003}}}
    assert Error.of_data({"detail": "No.", "code": 41003}, 409).get_body()["code"] == "CART_FULL"
    settings.API_ERRORS = {"CODE_FORMAT": "name"}
    assert Error.of_data({"detail": "No.", "code": 41003}, 409).get_body() == {
        "status": 409,
        "errors": ["No."],
        "code": 41003,
        "moreInfo": "",
    }


@pytest.mark.parametrize(
    ("extra", "detail", "sent"),
    [
        ({"available": 3, "ids": [1], "at": {"shop": "Two words."}}, None, True),
        ({}, None, False),
        (["available"], None, False),
        (None, None, False),
    ],
)
def test_the_attribute_extra_of_an_exception_is_sent(extra: Any, detail: Any, sent: bool) -> None:
    expected: Mapping[str, Any] = {
        "status": 409,
        "errors": ["Only a few are left."],
        "code": "OUT_OF_STOCK",
        "moreInfo": "",
        **({"extra": extra} if sent else {}),
    }
    assert recognise(ExtraError(extra, detail)).get_body() == expected


def test_the_attribute_extra_is_added_to_the_data_of_the_detail() -> None:
    error = recognise(ExtraError({"available": 3}, {"detail": "No.", "sku": "abc", "available": 2}))
    assert error.extra == {"sku": "abc", "available": 3}


def test_data_that_does_not_fit_is_left_out_with_its_key_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {"detail": "No.", "rows": ["x" * 1_000] * 1_000, "left": 3}
    error = recognise(ExtraError({"more": "x" * 600_000, "last": "y" * 600_000}, data))
    assert error.extra.keys() == {"left", "more"}
    assert "'rows' does not fit into the body" in caplog.text
    assert "'last' does not fit into the body" in caplog.text


def test_many_keys_that_do_not_fit_are_logged_once(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/crowded")
    sent = len(response.json()["extra"])
    assert 10_000 < sent < len(CROWDED)
    records = [record for record in caplog.records if record.name == "django_apierrors"]
    first = [*CROWDED][sent : sent + 10]
    assert [record.args for record in records] == [(", ".join(first),)]


def test_the_extra_of_an_unhandled_exception_is_not_sent() -> None:
    exception = ValueError()
    exception.extra = {"secret": 1}  # type: ignore[attr-defined]
    assert recognise(exception).get_body() == body("INTERNAL_ERROR")


def test_a_lazy_message_is_read_once_it_is_sent() -> None:
    assert Error.of_data({"detail": lazystr("No.")}, 400).get_body() == make_body("No.")


KEYS = st.sampled_from(
    [
        *MESSAGE_KEYS,
        *CODE_KEYS,
        *sorted(ENVELOPE_KEYS),
        *sorted(LIST_KEYS),
        *FIELD_KEYS,
        *LISTED_FIELD_KEYS,
        *("status", "success", "type", "non_field_errors", "available"),
    ]
)
LEAVES = st.sampled_from(
    ["No.", "Too long a name.", "required", "cart.full", "/data/a", "body", ""]
)
VALUES = LEAVES | st.integers() | st.booleans() | st.none() | st.sampled_from([*Number, *Plain])
TREES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5)
)


@given(st.dictionaries(KEYS, TREES, max_size=5) | st.lists(TREES, max_size=4))
def test_any_detail_of_these_keys_has_one_valid_body(detail: Any) -> None:
    returned = json.loads(encode(Error.of_data(detail, 400).get_body()))
    assert list(find_shape_faults(returned)) == []
    for cls in (BadRequestError, ValidationError):
        exception = cls(detail)
        before = repr(exception.detail)
        assert json.loads(encode(recognise(exception).get_body())) == returned
        assert repr(exception.detail) == before
