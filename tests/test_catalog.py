"""The catalogue: its numbers, its words, its look-up, and what `CODES` changes of it."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby
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
    CODES_BY_STATUS,
    PRINTED_AS_NUMBER,
    ErrorCode,
    get_code,
    get_code_of_status,
    get_codes,
    get_or_make_code,
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

BEYOND_THE_DOCUMENT = {"GONE", "CONTENT_TOO_LARGE", "THROTTLED"}

# Kind and count as the public list of numbers has them; a number must never change.
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
    """An exception of a project, with a code of its own."""

    status_code = 402
    default_code = "out_of_stock"
    default_detail = "None is left."


class DepletedError(Exception):
    """An exception of a project that knows nothing of HTTP."""


class ShelfSerializer(ModelSerializer[Shelf]):
    """A serializer with DRF's own validator of a unique field."""

    class Meta:
        model = Shelf
        fields = ["name"]


class OrderSerializer(Serializer[Any]):
    """A serializer whose validation has a code of the project's."""

    sku = CharField()

    def validate_sku(self, value: str) -> str:
        """Refuse all of them."""
        raise ValidationError("None is left.", code="out_of_stock")


class ShelvesView(APIView):
    """Make a shelf."""

    def post(self, request: Request) -> Response:
        """Fail where there is a shelf of that name."""
        serializer = ShelfSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data, status=201)


class OrdersView(APIView):
    """Order something."""

    def post(self, request: Request) -> Response:
        """Fail by a validator."""
        OrderSerializer(data=request.data).is_valid(raise_exception=True)
        return Response()


class RaiseView(APIView):
    """Raise."""

    exceptions = {
        "clash": AlreadyExists,
        "depleted": DepletedError,
        "out-of-stock": OutOfStock,
        "not-found": NotFound,
    }

    def get(self, request: Request, name: str) -> Response:
        """Raise what the URL names."""
        raise self.exceptions[name]()


class ReturnView(APIView):
    """Return an error."""

    def get(self, request: Request, status: int) -> Response:
        """Return it bare."""
        return Response(status=status)


urlpatterns = [
    path("shelves", ShelvesView.as_view()),
    path("orders", OrdersView.as_view()),
    path("raise/<str:name>", RaiseView.as_view()),
    path("return/<int:status>", ReturnView.as_view()),
]


def make_body(status: int, code: str | int, *errors: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": status, "errors": list(errors), "code": code, "moreInfo": ""}


def get_words(text: object) -> list[str]:
    """Return the words of a text in small letters, punctuation left out."""
    return [word.strip('.,!"()').lower() for word in str(text).split()]


def is_taken_from(text: object, sentence: str) -> bool:
    """Tell whether all words of `text` stand in `sentence`, in this order."""
    rest = iter(get_words(sentence))
    return all(word in rest for word in get_words(text))


@pytest.mark.parametrize(("name", "code"), CATALOG.items())
def test_a_code_stands_under_its_own_name(name: str, code: ErrorCode) -> None:
    assert name == code.name


def test_the_statuses_and_numbers_are_the_published_ones() -> None:
    assert {name: (code.status, code.number) for name, code in CATALOG.items()} == NUMBERS


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_a_number_has_its_kind_in_the_high_byte_and_zeroes_in_the_low_ones(code: ErrorCode) -> None:
    assert code.number is not None
    assert code.number >> 24 in range(1, 7)
    assert code.number & 0xFFFF == 0


def test_the_numbers_of_a_kind_count_from_one() -> None:
    numbers = sorted(code.number or 0 for code in CATALOG.values())
    kinds = {
        kind: [number >> 16 & 0xFF for number in group]
        for kind, group in groupby(numbers, lambda number: number >> 24)
    }
    assert kinds == {kind: list(range(1, len(counts) + 1)) for kind, counts in kinds.items()}


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_the_texts_of_a_code_are_translated_when_they_are_read(code: ErrorCode) -> None:
    assert isinstance(code.message, Promise)
    assert isinstance(code.description, Promise)


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_the_texts_of_a_code_are_sentences(code: ErrorCode) -> None:
    assert str(code.message)[0].isupper()
    assert str(code.message)[-1] in ".!"
    assert str(code.description)[0].isupper()
    assert str(code.description)[-1] in ".!"


def test_each_code_is_in_the_document_or_known_to_be_beyond_it() -> None:
    assert set(CATALOG) == set(DOCUMENT) | BEYOND_THE_DOCUMENT


@pytest.mark.parametrize("name", DOCUMENT)
@pytest.mark.parametrize("attribute", ["message", "description"])
def test_a_text_has_the_words_of_the_document(name: str, attribute: str) -> None:
    text = getattr(CATALOG[name], attribute)
    assert any(is_taken_from(text, sentence) for sentence in DOCUMENT[name])


def test_the_codes_that_the_document_lists_have_its_descriptions_whole() -> None:
    listed = ["INVALID_ID", "INVALID_CONTENT", "INVALID_STATE", "MISSING_RESOURCE"]
    listed += ["ALREADY_EXISTS", "ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"]
    with translation.override("en"):
        descriptions = {name: str(CATALOG[name].description) for name in listed}
    assert descriptions == {name: DOCUMENT[name][-1] for name in listed}


def test_the_codes_printed_as_a_number_are_in_the_catalogue() -> None:
    assert set(CATALOG) >= PRINTED_AS_NUMBER


@pytest.mark.parametrize(("status", "name"), CODES_BY_STATUS.items())
def test_the_code_of_a_status_is_sent_with_that_status(status: int, name: str) -> None:
    assert CATALOG[name].status == status


def test_each_status_of_the_catalogue_has_a_code() -> None:
    assert {code.status for code in CATALOG.values()} == set(CODES_BY_STATUS)


@pytest.mark.parametrize("status", [status.value for status in HTTPStatus if status >= 400])
def test_each_status_of_http_has_a_code_with_that_status(status: int) -> None:
    assert get_code_of_status(status).status == status


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (402, "PAYMENT_REQUIRED"),
        (406, "NOT_ACCEPTABLE"),
        (409, "CONFLICT"),
        (414, "URI_TOO_LONG"),
        (416, "RANGE_NOT_SATISFIABLE"),
        (418, "IM_A_TEAPOT"),
        (422, "UNPROCESSABLE_CONTENT"),
        (501, "NOT_IMPLEMENTED"),
        (599, "HTTP_599"),
    ],
)
def test_a_status_without_a_code_of_ours_goes_by_its_http_name(
    client: Client, status: int, name: str
) -> None:
    response = client.get(f"/return/{status}")
    assert response.status_code == status
    assert response.json() == make_body(status, name, f"{name.replace('_', ' ').capitalize()}.")


def test_without_changes_the_project_has_our_catalogue() -> None:
    assert get_codes() == CATALOG


def test_a_change_leaves_the_rest_of_an_entry(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"INVALID_ID": {"message": "No id."}}}
    known = CATALOG["INVALID_ID"]
    assert get_code("INVALID_ID") == ErrorCode(
        "INVALID_ID", 400, known.number, "No id.", known.description, known.advice
    )


def test_a_projects_own_code_follows_ours(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"OUT_OF_STOCK": {"status": 409, "number": 0x07010000}}}
    own = ErrorCode("OUT_OF_STOCK", 409, 0x07010000, "Out of stock.", "Out of stock.")
    assert get_codes() == {**CATALOG, "OUT_OF_STOCK": own}


def test_an_empty_change_changes_nothing(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"GONE": {}}}
    assert get_codes() == CATALOG


def test_a_name_that_nobody_defined_has_no_code() -> None:
    with pytest.raises(KeyError, match="OUT_OF_STOCK"):
        get_code("OUT_OF_STOCK")


def test_a_name_that_nobody_defined_is_found_with_the_status_at_hand() -> None:
    assert get_or_make_code("OUT_OF_STOCK", 402) == ErrorCode(
        "OUT_OF_STOCK", 402, None, "Out of stock.", "Out of stock."
    )


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_an_exceptions_own_status_is_kept(code: ErrorCode) -> None:
    assert resolve_status(code, 418) == 418


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_a_changed_status_takes_the_place_of_the_catalogues(
    settings: Settings, code: ErrorCode
) -> None:
    settings.API_ERRORS = {"CODES": {code.name: {"status": 418}}}
    assert resolve_status(get_code(code.name), code.status) == 418


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 409])
def test_a_unique_clash_of_a_validator_has_the_status_of_its_code(
    client: Client, settings: Settings, status: int
) -> None:
    settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": status}}}
    Shelf.objects.create(name="top")
    response = client.post("/shelves", {"name": "top"}, "application/json")
    assert response.status_code == status
    assert response.json() == make_body(
        status, "ALREADY_EXISTS", "name: shelf with this name already exists."
    )


def test_an_exception_of_ours_has_the_status_of_its_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {
        "CODES": {"ALREADY_EXISTS": {"status": 409, "message": "It is there already."}}
    }
    response = client.get("/raise/clash")
    assert response.status_code == 409
    assert response.json() == make_body(409, "ALREADY_EXISTS", "It is there already.")


def test_a_changed_code_of_a_status_has_its_new_status(client: Client, settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"MISSING_RESOURCE": {"status": 410, "number": None}}}
    response = client.get("/raise/not-found")
    assert response.status_code == 410
    assert response.json()["status"] == 410


OUT_OF_STOCK = {"OUT_OF_STOCK": {"status": 409, "number": 7, "message": "We have none."}}


def test_a_validator_with_a_code_of_the_projects_has_the_status_of_that_code(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": OUT_OF_STOCK, "CODE_FORMAT": "number"}
    response = client.post("/orders", {"sku": "a"}, "application/json")
    assert response.status_code == 409
    assert response.json() == make_body(409, 7, "sku: None is left.")


def test_without_an_entry_a_validators_own_code_stays_invalid_content(client: Client) -> None:
    response = client.post("/orders", {"sku": "a"}, "application/json")
    assert response.status_code == 400
    assert response.json() == make_body(400, "INVALID_CONTENT", "sku: None is left.")


@pytest.mark.parametrize(("codes", "status"), [({}, 402), (OUT_OF_STOCK, 409)])
def test_an_exception_has_its_own_status_until_the_catalogue_has_its_code(
    client: Client, settings: Settings, codes: Any, status: int
) -> None:
    settings.API_ERRORS = {"CODES": codes}
    response = client.get("/raise/out-of-stock")
    assert response.status_code == status
    assert response.json() == make_body(status, "OUT_OF_STOCK", "None is left.")


def test_a_row_of_exceptions_may_name_a_code_of_the_projects(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {
        "CODES": OUT_OF_STOCK,
        "EXCEPTIONS": {f"{__name__}.DepletedError": "OUT_OF_STOCK"},
    }
    response = client.get("/raise/depleted")
    assert response.status_code == 409
    assert response.json() == make_body(409, "OUT_OF_STOCK", "We have none.")


def test_a_lazy_message_of_a_project_is_read_when_it_is_sent(
    client: Client, settings: Settings
) -> None:
    settings.API_ERRORS = {"CODES": {"MISSING_RESOURCE": {"message": gettext_lazy("Yes")}}}
    with translation.override("de"):
        response = client.get("/raise/not-found")
    assert response.json() == make_body(404, "MISSING_RESOURCE", "Ja")
