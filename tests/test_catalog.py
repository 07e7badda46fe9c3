"""The catalogue: its numbers, its messages, its categories, and its changes by `CODES`."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.functional import Promise
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response

from django_apierrors.catalog import (
    ADVICE_BY_CLASS,
    CATALOG,
    CATEGORIES,
    CODES_BY_STATUS,
    CUSTOM,
    STATUSES_BY_NAME,
    ErrorCode,
    get_category,
    get_code,
    get_code_of_status,
    get_codes,
    get_or_make_code,
    get_phrase,
    group_by_category,
    resolve_status,
)
from django_apierrors.exceptions import AlreadyExists
from tests.bodies import assert_body, body
from tests.models import Shelf
from tests.support import NameSerializer, make_view, subclass, throw

pytestmark = pytest.mark.urls(__name__)

# The sentences of the API document's "Error Codes" and "Error Messages" about each code.
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

# The codes whose messages correct the English of the document, or its confusion of 503 and 504.
CORRECTED = {
    *("ACCESS_FORBIDDEN", "METHOD_FORBIDDEN", "INVALID_STATE", "METHOD_NOT_ALLOWED"),
    *("SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"),
}

# The published statuses and numbers; a number must never change.
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


# A project's exception, with its own code.
OutOfStock = subclass(
    APIException, status_code=402, default_code="out_of_stock", default_detail="None is left."
)
EXCEPTIONS = {"clash": AlreadyExists, "out-of-stock": OutOfStock, "not-found": NotFound}

urlpatterns = [
    path(
        "shelves",
        make_view(lambda r: NameSerializer(data=r.data).is_valid(raise_exception=True)),
    ),
    path("raise/<str:name>", make_view(lambda _, name: throw(EXCEPTIONS[name]))),
    path("return/<int:status>", make_view(lambda _, status: Response(status=status))),
]


def get_words(sentence: object) -> list[str]:
    """Return the words of a sentence in small letters, without punctuation."""
    return [word.strip('.,!"()').lower() for word in str(sentence).split()]


def is_taken_from(message: object, sentence: str) -> bool:
    """Whether all words of `message` are in `sentence`, in this order."""
    rest = iter(get_words(sentence))
    return all(word in rest for word in get_words(message))


def test_the_statuses_and_numbers_are_the_published_ones() -> None:
    assert {name: (code.status, code.number) for name, code in CATALOG.items()} == NUMBERS
    assert [code.name for code in CATALOG.values()] == [*CATALOG]


def test_a_number_is_its_category_a_count_from_one_and_sixteen_zero_bits() -> None:
    numbers = sorted(code.number or 0 for code in CATALOG.values())
    for category, members in groupby(numbers, lambda number: number >> 24):
        assert category in CATEGORIES
        counts = [number & 0xFFFFFF for number in members]
        assert counts == [count << 16 for count in range(1, len(counts) + 1)]


def test_the_strings_of_a_code_are_translatable_sentences() -> None:
    for code in CATALOG.values():
        for sentence in (code.message, code.description, code.advice):
            assert isinstance(sentence, Promise)
            assert str(sentence)[0].isupper()
            assert str(sentence)[-1] in ".!"
    assert [*ADVICE_BY_CLASS] == [4, 5]
    titles = [text for category in (*CATEGORIES.values(), CUSTOM) for text in category[1:]]
    assert all(isinstance(text, Promise) for text in (*ADVICE_BY_CLASS.values(), *titles))


def test_each_code_has_the_words_of_the_document_or_is_listed_as_an_addition() -> None:
    assert set(CATALOG) == set(DOCUMENT) | BEYOND_THE_DOCUMENT
    for name, originals in DOCUMENT.items():
        sentences = {"description": CATALOG[name].description, "message": CATALOG[name].message}
        corrected = {
            key
            for key, sentence in sentences.items()
            if not any(is_taken_from(sentence, original) for original in originals)
        }
        assert corrected == ({"message"} if name in CORRECTED else set()), name


def test_the_codes_that_the_document_lists_have_its_complete_descriptions() -> None:
    listed = ["INVALID_ID", "INVALID_CONTENT", "INVALID_STATE", "MISSING_RESOURCE"]
    listed += ["ALREADY_EXISTS", "ACCESS_FORBIDDEN", "METHOD_FORBIDDEN"]
    with translation.override("en"):
        descriptions = {name: str(CATALOG[name].description) for name in listed}
    assert descriptions == {name: DOCUMENT[name][-1] for name in listed}


def test_each_status_of_http_has_a_code_with_that_status() -> None:
    statuses = [status.value for status in HTTPStatus if status >= 400]
    assert [get_code_of_status(status).status for status in statuses] == statuses
    assert {code.status for code in CATALOG.values()} == set(CODES_BY_STATUS)


def test_a_status_outside_the_catalogue_has_its_http_name(client: Client) -> None:
    phrases = {
        409: "Conflict",
        414: "URI Too Long",
        418: "I'm a Teapot",
        422: "Unprocessable Content",
        599: "HTTP 599",
    }
    for status, phrase in phrases.items():
        name = phrase.upper().replace(" ", "_").replace("'", "")
        message = f"{name.replace('_', ' ').capitalize()}."
        assert_body(client.get(f"/return/{status}"), body(name, message, status=status))
        assert get_phrase(status) == phrase
        assert STATUSES_BY_NAME.get(name) == (None if status == 599 else status)


ID = CATALOG["INVALID_ID"]
OUT = "Out of stock."


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("INVALID_ID", {}, ID),
        (
            "INVALID_ID",
            {"message": "No id.", "advice": "Move on."},
            ErrorCode("INVALID_ID", 400, ID.number, "No id.", ID.description, "Move on."),
        ),
        (
            "OUT_OF_STOCK",
            {"status": 409, "number": 0x07010000},
            ErrorCode("OUT_OF_STOCK", 409, 0x07010000, OUT, OUT),
        ),
    ],
)
def test_a_changed_code_keeps_its_place_and_a_new_code_comes_last(
    settings: Settings, name: str, changes: Any, expected: ErrorCode
) -> None:
    assert get_codes() == CATALOG
    settings.API_ERRORS = {"CODES": {name: changes}}
    assert [*get_codes().items()] == [*(CATALOG | {name: expected}).items()]


def test_an_unknown_name_has_no_code_but_a_code_can_be_made_of_it() -> None:
    with pytest.raises(KeyError, match="OUT_OF_STOCK"):
        get_code("OUT_OF_STOCK")
    expected = ErrorCode("OUT_OF_STOCK", 402, None, OUT, OUT)
    assert get_or_make_code("OUT_OF_STOCK", 402) == expected


def test_a_changed_status_replaces_that_of_the_catalogue_and_not_that_of_the_exception(
    settings: Settings,
) -> None:
    for code in CATALOG.values():
        settings.API_ERRORS = {}
        assert resolve_status(code, 418) == 418
        settings.API_ERRORS = {"CODES": {code.name: {"status": 451}}}
        assert resolve_status(get_code(code.name), code.status) == 451
        assert resolve_status(get_code(code.name), 418) == 418


def test_a_projects_code_is_in_the_category_of_its_number() -> None:
    names = {None: "custom", 0: "custom", 0x04990000: "conflict", 0xFF000000: "custom"}
    for number, name in names.items():
        assert get_category(ErrorCode("OUT_OF_STOCK", 409, number, "", "")).name == name
        # A code of ours keeps its category.
        assert get_category(ErrorCode("GONE", 410, number, "", "")).name == "lookup"


def test_codes_are_grouped_in_the_order_of_the_categories_without_empty_ones() -> None:
    custom = get_or_make_code("CUSTOM", 409)
    gone, missing = CATALOG["GONE"], CATALOG["MISSING_RESOURCE"]
    groups = group_by_category([custom, gone, missing])
    assert [*groups.items()] == [(CATEGORIES[1], [gone, missing]), (CUSTOM, [custom])]


@pytest.mark.django_db
def test_the_error_of_a_unique_validator_has_the_status_of_its_code(
    client: Client, settings: Settings
) -> None:
    Shelf.objects.create(name="top")
    for status in (400, 409):
        settings.API_ERRORS = {"CODES": {"ALREADY_EXISTS": {"status": status}}}
        response = client.post("/shelves", {"name": "top"}, "application/json")
        message = "name: shelf with this name already exists."
        assert_body(response, body("ALREADY_EXISTS", message, status=status))


CHANGED = {"status": 409, "message": "We have none."}


@pytest.mark.parametrize(
    ("name", "codes", "expected"),
    [
        ("clash", {"ALREADY_EXISTS": CHANGED}, ("ALREADY_EXISTS", "We have none.", 409)),
        ("not-found", {"MISSING_RESOURCE": CHANGED}, ("MISSING_RESOURCE", "We have none.", 409)),
        # A project's exception keeps its message.
        ("out-of-stock", {}, ("OUT_OF_STOCK", "None is left.", 402)),
        ("out-of-stock", {"OUT_OF_STOCK": CHANGED}, ("OUT_OF_STOCK", "None is left.", 409)),
    ],
)
def test_an_exception_has_the_status_and_the_default_message_of_its_changed_code(
    client: Client, settings: Settings, name: str, codes: Any, expected: tuple[str, str, int]
) -> None:
    settings.API_ERRORS = {"CODES": codes}
    code, message, status = expected
    assert_body(client.get(f"/raise/{name}"), body(code, message, status=status))
