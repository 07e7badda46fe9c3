"""The catalogue of error codes, and its changes by `CODES`."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ModelSerializer, Serializer, ValidationError
from rest_framework.views import APIView

from django_apierrors.catalog import (
    CATALOG,
    CATEGORIES,
    CODES_BY_STATUS,
    CUSTOM,
    PRINTED_AS_NUMBER,
    STATUSES_BY_NAME,
    ErrorCode,
    get_category,
    get_code,
    get_code_of_status,
    get_codes,
    get_or_make_code,
    group_by_category,
    resolve_status,
)
from django_apierrors.exceptions import AlreadyExists
from tests.models import Shelf

pytestmark = pytest.mark.urls(__name__)

# The sentences of the API document's "Error Codes" and "Error Messages" that are about each code.
# The codes that are not here are beyond the document.
DOCUMENT = {
    "MISSING_RESOURCE": [
        "Returned when the request is valid, but the resource you try to access does not exist, "
        "or is outside your scope.",
        "A resource does not exist.",
    ],
    "UNAUTHENTICATED": [
        "Access denied, please check your credentials!",
        "The access credentials (via the Authorization header) were missing or are invalid.",
    ],
    "ACCESS_FORBIDDEN": ["A resource does not allow access with the provided credentials."],
    "METHOD_FORBIDDEN": [
        "A resource does not allow to use the verb with the provided credentials, for example it "
        "can happen when the user has limited permissions only to read a content (GET)."
    ],
    "INVALID_CONTENT": [
        'If you send an incorrect JSON document (e.g. a "}" is missing), or if the syntax/content '
        "is incorrect.",
        "A required field or parameter for the resource has not been set.",
    ],
    "INVALID_ID": ["The formatting of a resource identifier is incorrect."],
    "INVALID_STATE": ["The state of a resource does not allow to fulfill a request."],
    "ALREADY_EXISTS": [
        "Another resource has the same value for this field, which can happen when the field is "
        "used as unique key (for example the email address of a user)."
    ],
    "METHOD_NOT_ALLOWED": [
        "The verb/method you used to fulfill the request is not supported for this resource."
    ],
    "UNSUPPORTED_MEDIA_TYPE": [
        "Returned when the the format you requested (e.g., XML) is not supported for this "
        "resource. Note: we only support application/json as valid content type."
    ],
    "INTERNAL_ERROR": [
        "An error on our side, we're sorry. Hopefully, you will never see one, but if you do "
        "please get in touch including details of the request you tried and the response you "
        "received."
    ],
    "SERVICE_UNAVAILABLE": [
        "Most likely when an external service needed to fulfil your request did not reply."
    ],
    "GATEWAY_TIMEOUT": ["A service required to fulfill the request was not available."],
}

# The status and the number of each code. A published number never changes.
NUMBERS = {
    "MISSING_RESOURCE": (404, 16842752),
    "GONE": (410, 16908288),
    "UNAUTHENTICATED": (401, 33619968),
    "ACCESS_FORBIDDEN": (403, 33685504),
    "METHOD_FORBIDDEN": (403, 33751040),
    "INVALID_CONTENT": (400, 50397184),
    "INVALID_ID": (400, 50462720),
    "INVALID_STATE": (400, 67174400),
    "ALREADY_EXISTS": (400, 67239936),
    "METHOD_NOT_ALLOWED": (405, 83951616),
    "UNSUPPORTED_MEDIA_TYPE": (415, 84017152),
    "CONTENT_TOO_LARGE": (413, 84082688),
    "THROTTLED": (429, 84148224),
    "INTERNAL_ERROR": (500, 100728832),
    "SERVICE_UNAVAILABLE": (503, 100794368),
    "GATEWAY_TIMEOUT": (504, 100859904),
}


class OutOfStock(APIException):
    status_code = 402
    default_code = "out_of_stock"
    default_detail = "Sold out."


class DepletedError(Exception):
    """An exception that does not come from DRF."""


class ShelfSerializer(ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ["name"]


class OrderSerializer(Serializer[Any]):
    sku = CharField()

    def validate_sku(self, value: str) -> str:
        raise ValidationError("Sold out.", code="out_of_stock")


class ValidatingView(APIView):
    serializer_class: Any = None

    def post(self, request: Request) -> Response:
        self.serializer_class(data=request.data).is_valid(raise_exception=True)
        return Response()


class RaisingView(APIView):
    exceptions = {
        "clash": AlreadyExists,
        "depleted": DepletedError,
        "out-of-stock": OutOfStock,
        "not-found": NotFound,
    }

    def get(self, request: Request, name: str) -> Response:
        if name.isdecimal():
            return Response(status=int(name))
        raise self.exceptions[name]()


urlpatterns = [
    path("shelves", ValidatingView.as_view(serializer_class=ShelfSerializer)),
    path("orders", ValidatingView.as_view(serializer_class=OrderSerializer)),
    path("raise/<str:name>", RaisingView.as_view()),
]


def assert_error(response: Any, status: int, code: str | int, message: str) -> None:
    assert response.status_code == status
    body = {"status": status, "errors": [message], "code": code, "moreInfo": ""}
    assert response.json() == body


def is_taken_from(text: object, sentence: str) -> bool:
    """Whether all words of `text` are in `sentence`, in the same order."""
    words, rest = (
        iter([word.strip('.,!"()').lower() for word in each.split()])
        for each in (str(text), sentence)
    )
    return all(word in rest for word in words)


def test_the_statuses_and_the_numbers_are_the_published_ones() -> None:
    assert {name: (code.status, code.number) for name, code in CATALOG.items()} == NUMBERS
    assert [code.name for code in CATALOG.values()] == list(CATALOG)
    assert set(CATALOG) >= PRINTED_AS_NUMBER


def test_the_strings_of_a_code_are_sentences_that_can_be_translated() -> None:
    for code in CATALOG.values():
        for text in (code.message, code.description, code.advice):
            assert isinstance(text, Promise)
            assert str(text)[0].isupper()
            assert str(text)[-1] in ".!"


def test_the_strings_of_a_code_have_the_words_of_the_document() -> None:
    assert set(CATALOG) == set(DOCUMENT) | {"GONE", "CONTENT_TOO_LARGE", "THROTTLED"}
    for name, sentences in DOCUMENT.items():
        for text in (CATALOG[name].message, CATALOG[name].description):
            assert any(is_taken_from(text, sentence) for sentence in sentences), name


def test_the_codes_that_the_document_lists_have_its_whole_descriptions() -> None:
    listed = ["INVALID_ID", "INVALID_CONTENT", "INVALID_STATE", "MISSING_RESOURCE"]
    listed += ["ALREADY_EXISTS", "ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"]
    with translation.override("en"):
        descriptions = {name: str(CATALOG[name].description) for name in listed}
    assert descriptions == {name: DOCUMENT[name][-1] for name in listed}


def test_the_high_byte_of_a_number_is_the_category_of_the_code() -> None:
    for code in CATALOG.values():
        assert code.number is not None
        assert get_category(code) is CATEGORIES[code.number >> 24]
        # A code of ours keeps its category if the project changes its number.
        assert get_category(replace(code, number=None)) == get_category(code)
        assert get_category(replace(code, number=0x06FF0000)) == get_category(code)


@pytest.mark.parametrize(
    ("number", "name"), [(None, "own"), (0, "own"), (0x04990000, "conflict"), (0xFF000000, "own")]
)
def test_the_category_of_a_projects_code_is_that_of_its_number(
    number: int | None, name: str
) -> None:
    assert get_category(ErrorCode("OUT_OF_STOCK", 409, number, "", "")).name == name


def test_codes_are_grouped_in_the_order_of_the_categories() -> None:
    custom = get_or_make_code("OUT_OF_STOCK", 409)
    gone, missing = CATALOG["GONE"], CATALOG["MISSING_RESOURCE"]
    groups = group_by_category([custom, gone, missing])
    assert list(groups.items()) == [(CATEGORIES[1], [gone, missing]), (CUSTOM, [custom])]


def test_the_strings_of_a_category_can_be_translated() -> None:
    for category in (*CATEGORIES.values(), CUSTOM):
        assert isinstance(category.title, Promise)
        assert isinstance(category.summary, Promise)


def test_a_bare_status_has_the_general_code_of_that_status() -> None:
    assert CODES_BY_STATUS == {
        400: "INVALID_CONTENT",
        401: "UNAUTHENTICATED",
        403: "ACCESS_FORBIDDEN",
        404: "MISSING_RESOURCE",
        405: "METHOD_NOT_ALLOWED",
        410: "GONE",
        413: "CONTENT_TOO_LARGE",
        415: "UNSUPPORTED_MEDIA_TYPE",
        429: "THROTTLED",
        500: "INTERNAL_ERROR",
        503: "SERVICE_UNAVAILABLE",
        504: "GATEWAY_TIMEOUT",
    }
    for status in HTTPStatus:
        code = get_code_of_status(status)
        assert code.status == status
        assert STATUSES_BY_NAME.get(code.name, status) == status


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (402, "PAYMENT_REQUIRED"),
        (414, "URI_TOO_LONG"),
        (416, "RANGE_NOT_SATISFIABLE"),
        (418, "IM_A_TEAPOT"),
        (422, "UNPROCESSABLE_CONTENT"),
        (599, "HTTP_599"),
    ],
)
def test_a_status_without_a_code_of_ours_has_its_http_name_as_the_code(
    client: Client, status: int, name: str
) -> None:
    message = f"{name.replace('_', ' ').capitalize()}."
    assert_error(client.get(f"/raise/{status}"), status, name, message)


def test_codes_changes_and_extends_the_catalogue(settings: Settings) -> None:
    assert get_codes() == CATALOG
    settings.API_ERRORS = {
        "CODES": {
            "INVALID_ID": {"message": "No id."},
            "GONE": {},
            "OUT_OF_STOCK": {"status": 409, "number": 0x07010000},
        }
    }
    assert list(get_codes().items()) == [
        *{**CATALOG, "INVALID_ID": replace(CATALOG["INVALID_ID"], message="No id.")}.items(),
        (
            "OUT_OF_STOCK",
            ErrorCode("OUT_OF_STOCK", 409, 0x07010000, "Out of stock.", "Out of stock."),
        ),
    ]


def test_an_undefined_name_has_a_code_only_with_a_status() -> None:
    with pytest.raises(KeyError, match="OUT_OF_STOCK"):
        get_code("OUT_OF_STOCK")
    code = ErrorCode("OUT_OF_STOCK", 402, None, "Out of stock.", "Out of stock.")
    assert get_or_make_code("OUT_OF_STOCK", 402) == code


def test_a_changed_status_replaces_that_of_the_catalogue_and_no_other(settings: Settings) -> None:
    for code in CATALOG.values():
        assert resolve_status(code, 418) == 418
        settings.API_ERRORS = {"CODES": {code.name: {"status": 418}}}
        assert resolve_status(get_code(code.name), code.status) == 418


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 409])
def test_a_duplicate_that_a_validator_finds_has_the_status_of_its_code(
    client: Client, settings: Settings, status: int
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": status}}}
    Shelf.objects.create(name="top")
    response = client.post("/shelves", {"name": "top"}, "application/json")
    message = "name: shelf with this name already exists."
    assert_error(response, status, "ALREADY_EXISTS", message)


OUT_OF_STOCK = {"OUT_OF_STOCK": {"status": 409, "number": 7, "message": "We have none."}}


@pytest.mark.parametrize(
    ("name", "changes", "status", "code", "message"),
    [
        (
            "clash",
            {"CODES": {"ALREADY_EXISTS": {"status": 409, "message": "Taken."}}},
            *(409, "ALREADY_EXISTS", "Taken."),
        ),
        (
            "not-found",
            {"CODES": {"MISSING_RESOURCE": {"status": 410, "message": gettext_lazy("Yes")}}},
            *(410, "MISSING_RESOURCE", "Ja"),
        ),
        ("out-of-stock", {}, 402, "OUT_OF_STOCK", "Sold out."),
        ("out-of-stock", {"CODES": OUT_OF_STOCK}, 409, "OUT_OF_STOCK", "Sold out."),
        (
            "depleted",
            {"CODES": OUT_OF_STOCK, "EXCEPTIONS": {f"{__name__}.DepletedError": "OUT_OF_STOCK"}},
            *(409, "OUT_OF_STOCK", "We have none."),
        ),
    ],
)
def test_an_exception_has_the_status_and_the_message_of_its_code(
    client: Client,
    settings: Settings,
    name: str,
    changes: dict[str, Any],
    status: int,
    code: str,
    message: str,
) -> None:
    settings.API_ERRORS = changes
    with translation.override("de"):
        response = client.get(f"/raise/{name}")
    assert_error(response, status, code, message)


def test_a_projects_code_of_a_validator_has_its_status_if_it_is_in_codes(
    client: Client, settings: Settings
) -> None:
    response = client.post("/orders", {"sku": "a"}, "application/json")
    assert_error(response, 400, "INVALID_CONTENT", "sku: Sold out.")
    settings.API_ERRORS = {"CODES": OUT_OF_STOCK, "CODE_FORMAT": "number"}
    response = client.post("/orders", {"sku": "a"}, "application/json")
    assert_error(response, 409, 7, "sku: Sold out.")
