"""The advice of each code."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.functional import Promise

from django_apierrors.catalog import ADVICE, ADVICE_BY_CLASS, CATALOG, ErrorCode, get_code


@pytest.mark.parametrize("code", CATALOG.values(), ids=CATALOG)
def test_a_code_says_what_to_do_in_sentences_that_can_be_translated(code: ErrorCode) -> None:
    assert isinstance(code.advice, Promise)
    assert str(code.advice)[0].isupper()
    assert str(code.advice)[-1] == "."


def test_there_is_advice_for_the_codes_of_the_catalogue_alone() -> None:
    assert set(ADVICE) == set(CATALOG)


@pytest.mark.parametrize("status_class", [4, 5])
def test_the_advice_for_any_other_code_can_be_translated(status_class: int) -> None:
    assert isinstance(ADVICE_BY_CLASS[status_class], Promise)


def test_a_project_can_say_what_to_do(settings: Any) -> None:
    settings.API_ERRORS = {"CODES": {"GONE": {"advice": "Move on."}}}
    assert get_code("GONE").advice == "Move on."
