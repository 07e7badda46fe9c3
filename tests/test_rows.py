"""Rows: the errors of serializers, read straight, are what the walk through any tree finds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from django_apierrors.details import flatten
from django_apierrors.rows import find_in_rows

REQUIRED = ErrorDetail("This field is required.", "required")

names = st.sampled_from(["sku", "non_field_errors", "__all__", "", ".", "[0]"]) | st.text()
codes = st.sampled_from(["required", "invalid", "unique"])
full_texts = st.builds(ErrorDetail, st.text().filter(str.strip) | st.just("One."), codes)
texts = st.builds(ErrorDetail, st.text() | st.just("One."), codes)
odd_texts = texts | st.text() | st.integers() | st.builds(ErrorDetail, st.text(), st.text())


def make_rows(names: st.SearchStrategy[Any], texts: st.SearchStrategy[Any]) -> Any:
    """Return a strategy for the errors of a document, and for those of many in either shape."""
    row = st.dictionaries(names, st.lists(texts, max_size=3), max_size=4)
    return row | st.lists(row, max_size=4) | st.dictionaries(st.integers(0, 20), row, max_size=4)


def make_walked(detail: Any) -> Any:
    """Return `detail` in dicts that are no serializer's, so that it is walked through."""
    if isinstance(detail, dict):
        return OrderedDict((key, make_walked(value)) for key, value in detail.items())
    return [make_walked(value) for value in detail] if isinstance(detail, list) else detail


@given(make_rows(names, full_texts))
def test_rows_with_a_text_in_each_message_are_read_straight(detail: Any) -> None:
    assert find_in_rows(detail) is not None


@given(make_rows(names, texts), st.none() | st.integers(2, 6))
def test_what_is_read_straight_is_what_a_walk_finds(detail: Any, limit: int | None) -> None:
    straight, walked = flatten(detail, limit), flatten(make_walked(detail), limit)
    assert list(straight) == list(walked)
    assert straight.left_out == walked.left_out
    assert straight.codes == walked.codes
    assert straight.get_messages() == walked.get_messages()


odd_names = names | st.integers(-3, 3) | st.booleans() | st.none()


@given(make_rows(odd_names, odd_texts), st.none() | st.integers(2, 6))
def test_what_is_out_of_the_ordinary_is_found_all_the_same(detail: Any, limit: int | None) -> None:
    straight, walked = flatten(detail, limit), flatten(make_walked(detail), limit)
    assert list(straight) == list(walked)
    assert straight.codes == walked.codes


class LineSerializer(serializers.Serializer[Any]):
    """A line of an order."""

    sku = serializers.CharField()


@pytest.mark.parametrize("many", [False, True])
def test_the_errors_of_a_serializer_are_read_straight(many: bool) -> None:
    serializer = LineSerializer(data=[{"sku": "a"}, {}] if many else {}, many=many)
    assert not serializer.is_valid()
    path = "[1].sku" if many else "sku"
    assert find_in_rows(serializer.errors) == ([f"{path}: "], [REQUIRED], {"required"}, 0)


@pytest.mark.parametrize(
    "detail",
    [
        [REQUIRED],
        REQUIRED,
        {"lines": {"sku": [REQUIRED]}},
        {"sku": REQUIRED},
        {"sku": (REQUIRED,)},
        {"sku": ["This field is required."]},
        {"sku": [ErrorDetail("One.", 5)]},  # type: ignore[arg-type]
        {"sku": [ErrorDetail("One.", "no name")]},
        {0: {"sku": [REQUIRED]}, "lines": {"sku": [REQUIRED]}},
        {True: {"sku": [REQUIRED]}},
        {0: [REQUIRED]},
        OrderedDict(sku=[REQUIRED]),
        None,
    ],
)
def test_any_other_shape_is_left_to_the_walk(detail: Any) -> None:
    assert find_in_rows(detail) is None


@pytest.mark.parametrize(
    "detail",
    [
        ReturnDict({"sku": [REQUIRED]}, serializer=None),
        ReturnList([{}, {"sku": [REQUIRED]}], serializer=None),
        {7: {"sku": [REQUIRED]}},
    ],
)
def test_the_containers_of_every_version_of_drf_are_read_straight(detail: Any) -> None:
    found = find_in_rows(detail)
    assert found is not None
    assert found.texts == [REQUIRED]


def test_each_row_has_its_index() -> None:
    """Of a dict whatever indices it has, ready or not."""
    rows = find_in_rows([{"sku": [REQUIRED]}] * 1100)
    failing = find_in_rows({index: {"sku": [REQUIRED]} for index in (-1, 0, 999, 1000, 10**9)})

    assert rows is not None
    assert rows.prefixes == [f"[{index}].sku: " for index in range(1100)]
    assert failing is not None
    assert [prefix.partition("]")[0] for prefix in failing.prefixes] == [
        *("[-1", "[0", "[999", "[1000", "[1000000000")
    ]


def test_no_more_are_kept_than_are_sent() -> None:
    found = find_in_rows([{"sku": [REQUIRED]}] * 1000, limit=10)

    assert found is not None
    assert found.prefixes == [f"[{index}].sku: " for index in range(10)]
    assert (found.texts, found.codes, found.left_out) == ([REQUIRED] * 10, {"required"}, 990)


def test_rows_without_an_error_are_none_of_those_that_are_sent() -> None:
    """DRF before 3.18 has an empty dict for each row that is right."""
    found = find_in_rows([*[{}] * 3, *[{"sku": [REQUIRED]}] * 3], limit=2)

    assert found is not None
    assert found.prefixes == ["[3].sku: ", "[4].sku: "]
    assert found.left_out == 1


def test_a_limit_may_be_larger_than_any_list() -> None:
    found = find_in_rows([{"sku": [REQUIRED]}] * 3, limit=10**20)

    assert found is not None
    assert (len(found.prefixes), found.left_out) == (3, 0)


def test_rows_that_are_left_out_are_not_asked_for_their_paths() -> None:
    sent, left_out = [{"sku": [REQUIRED]}] * 2, [{7: [REQUIRED]}] * 3
    for detail in (sent + left_out, dict(enumerate(sent + left_out))):
        found = find_in_rows(detail, limit=2)

        assert found is not None
        assert found.prefixes == ["[0].sku: ", "[1].sku: "]
        assert found.left_out == 3


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_texts_without_a_word_are_no_messages(blank: str) -> None:
    detail = {"sku": [ErrorDetail(blank, "blank"), REQUIRED]}
    assert flatten(detail).get_messages() == ["sku: This field is required."]


@pytest.mark.parametrize("name", [7, None, ("sku",)])
def test_a_name_that_is_no_text_is_left_to_the_walk(name: Any) -> None:
    row = {name: [REQUIRED]}
    for detail in ([row], {0: row}):
        assert find_in_rows(detail) is None
        assert list(flatten(detail)) == list(flatten(make_walked(detail)))


@pytest.mark.parametrize(
    "detail", [["No."], [7], {0: "No."}, [[REQUIRED]], [{"sku": REQUIRED}], {0: {"sku": {}}}]
)
def test_rows_of_another_shape_are_left_to_the_walk(detail: Any) -> None:
    assert find_in_rows(detail) is None
