"""Query parameters that are numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from django_apierrors.pagination import MAX_NUMBER, check_number


def make_request(**parameters: str) -> Request:
    """Return a request with query parameters."""
    return Request(APIRequestFactory().get("/", parameters))


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("007", 7), (str(MAX_NUMBER), MAX_NUMBER), ("100", 100)]
)
def test_a_positive_number_of_64_bits_is_taken(text: str, number: int) -> None:
    assert check_number(make_request(size=text), "size") == number


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a", "1.0", "1e3", "-1", "+1", "0x1", "1_0", "\u0661", "\u00b2", "0", "\0"),
        *("NaN", str(MAX_NUMBER + 1), "9" * 20, "9" * 100_000, "\U0001f600", " 1", "1 "),
    ],
)
def test_what_is_no_positive_number_of_64_bits_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_number(make_request(size=text), "size")
    assert caught.value.detail == {"size": ["A whole number of at least 1 is required."]}


def test_the_least_number_may_be_zero() -> None:
    assert check_number(make_request(offset="0"), "offset", least=0) == 0
    with pytest.raises(ValidationError) as caught:
        check_number(make_request(offset="-0"), "offset", least=0)
    assert caught.value.detail == {"offset": ["A whole number of at least 0 is required."]}


@pytest.mark.parametrize("name", [None, "", "other"])
def test_what_has_no_name_or_was_not_sent_is_none(name: str | None) -> None:
    assert check_number(make_request(size="x"), name) is None


@given(st.text())
def test_any_text_is_a_number_in_range_or_refused(text: str) -> None:
    parameters: dict[str, Any] = {"size": text}
    try:
        number = check_number(make_request(**parameters), "size")
    except ValidationError:
        return
    assert number is not None
    assert 1 <= number <= MAX_NUMBER
