"""The kinds of codes."""

from __future__ import annotations

import pytest
from django.utils.functional import Promise

from django_apierrors.catalog import (
    CATALOG,
    CATEGORIES,
    CUSTOM,
    ErrorCode,
    get_category,
    get_or_make_code,
    group,
)


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_a_code_of_ours_is_of_the_kind_that_its_number_begins_with(code: ErrorCode) -> None:
    assert code.number is not None
    assert get_category(code) is CATEGORIES[code.number >> 24]


def test_a_code_of_ours_keeps_its_kind_whatever_its_number() -> None:
    assert get_category(ErrorCode("GONE", 410, None, "", "")).name == "look-up"
    assert get_category(ErrorCode("GONE", 410, 0x06000000, "", "")).name == "look-up"


@pytest.mark.parametrize(
    ("number", "name"), [(None, "own"), (0, "own"), (0x04990000, "conflict"), (0xFF000000, "own")]
)
def test_a_code_of_a_project_is_of_the_kind_of_its_number_if_it_has_one(
    number: int | None, name: str
) -> None:
    assert get_category(ErrorCode("OUT_OF_STOCK", 409, number, "", "")).name == name


def test_codes_are_grouped_in_the_order_of_the_kinds_without_empty_ones() -> None:
    own, gone, missing = (
        get_or_make_code("CUSTOM", 409),
        CATALOG["GONE"],
        CATALOG["MISSING_RESOURCE"],
    )
    assert group([own, gone, missing]) == {CATEGORIES[1]: [gone, missing], CUSTOM: [own]}


@pytest.mark.parametrize("kind", [*CATEGORIES.values(), CUSTOM])
def test_the_texts_of_a_kind_can_be_translated(kind: object) -> None:
    assert isinstance(kind, tuple)
    assert all(isinstance(text, Promise) for text in kind[1:])
