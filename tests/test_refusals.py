"""Refusals: DRF's exceptions in all but when their detail is made."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from django.utils import translation
from rest_framework import exceptions, serializers

from django_apierrors import refusals
from django_apierrors.handler import exception_handler
from django_apierrors.refusals import Refusal, get_detail
from tests.bodies import body

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "MethodNotAllowed": ("DELETE",),
    "UnsupportedMediaType": ("text/plain",),
    "ValidationError": ({"sku": [exceptions.ErrorDetail("No.", "required")]},),
}
NAMES = sorted(cls.__name__ for cls in Refusal.__subclasses__())


def make(module: Any, name: str) -> Any:
    """Return the exception `name` of DRF's, or ours."""
    return getattr(module, name)(*ARGUMENTS.get(name, ()))


@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_says_what_the_exception_of_drf_says(name: str) -> None:
    with translation.override("de"):
        ours, stock = make(refusals, name), make(exceptions, name)
        assert isinstance(ours, type(stock))
        assert ours.detail == stock.detail
        assert str(ours) == str(stock)
        assert ours.get_codes() == stock.get_codes()
        assert ours.get_full_details() == stock.get_full_details()


@pytest.mark.parametrize("name", NAMES)
def test_its_detail_is_made_when_it_is_read(name: str) -> None:
    refusal = make(refusals, name)
    assert not refusal.is_read
    assert refusal.detail is refusal.detail
    assert refusal.is_read


@pytest.mark.parametrize("name", NAMES)
def test_another_detail_may_be_put_in_its_place(name: str) -> None:
    refusal = make(refusals, name)
    refusal.detail = exceptions.ErrorDetail("Not today.", "closed")
    assert refusal.detail == "Not today."
    assert exception_handler(refusal, {}).data["errors"] == ["Not today."]  # type: ignore[union-attr, attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_says_the_same(name: str) -> None:
    refusal = make(refusals, name)
    for same in (copy.copy(refusal), pickle.loads(pickle.dumps(refusal))):
        assert same.detail == make(exceptions, name).detail


@pytest.mark.parametrize("name", NAMES)
def test_it_is_answered_as_the_exception_of_drf_is_read_or_not(name: str) -> None:
    expected: Any = exception_handler(make(exceptions, name), {})
    unread, read = make(refusals, name), make(refusals, name)
    assert read.detail
    for refusal in (unread, read, make(refusals, name)):
        answer: Any = exception_handler(refusal, {})
        assert (answer.status_code, answer.data) == (expected.status_code, expected.data)


def test_the_answer_has_the_language_of_each() -> None:
    for language, message in (("en", "Access denied"), ("de", "Zugriff verweigert")):
        with translation.override(language):
            answer: Any = exception_handler(refusals.NotAuthenticated(), {})
            assert answer.data["errors"][0].startswith(message)


class LineSerializer(serializers.Serializer[Any]):
    """One field."""

    sku = serializers.CharField()


def test_the_detail_of_a_serializer_is_the_one_that_it_has() -> None:
    serializer = LineSerializer(data={})
    assert not serializer.is_valid()
    errors = serializer.errors
    refusal = refusals.ValidationError(errors)
    assert get_detail(refusal) is errors
    assert refusal.detail == errors
    assert get_detail(refusal) is refusal.detail is not errors


def test_what_has_no_detail_has_none() -> None:
    assert get_detail(ValueError("No.")) is None


def test_it_is_answered_with_its_fields() -> None:
    serializer = LineSerializer(data={})
    assert not serializer.is_valid()
    answer: Any = exception_handler(refusals.ValidationError(serializer.errors), {})
    assert answer.data == body("INVALID_CONTENT", "sku: This field is required.")
