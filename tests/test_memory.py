"""The memory: what was made holds for the settings that it was made of, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import translation
from django.utils.autoreload import file_changed
from django.utils.dates import WEEKDAYS
from pytest_django.fixtures import Settings

from django_apierrors.memory import Memory, get_text


@pytest.fixture
def memory() -> Memory[str]:
    """Return a memory that has something in it."""
    memory: Memory[str] = Memory()
    memory.recall()["key"] = "made"
    return memory


def test_what_was_made_is_there_the_next_time(memory: Memory[str]) -> None:
    assert memory.recall() == {"key": "made"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_ERRORS", {"DETAILS": True}), ("LANGUAGE_CODE", "de"), ("REST_FRAMEWORK", {})],
)
def test_where_a_setting_is_overridden_nothing_is_there_within_and_after(
    memory: Memory[str], name: str, value: object
) -> None:
    with override_settings(**{name: value}):
        assert memory.recall() == {}
        memory.recall()["key"] = "made within"
    assert memory.recall() == {}


def test_where_the_dict_itself_is_changed_nothing_is_there(settings: Settings) -> None:
    settings.API_ERRORS = {"CODES": {"GONE": {"status": 410}}}
    memory: Memory[str] = Memory()
    memory.recall()["key"] = "made"
    settings.API_ERRORS["CODES"]["GONE"]["status"] = 404
    assert memory.recall() == {}


def test_where_translations_are_written_anew_nothing_is_there(memory: Memory[str]) -> None:
    file_changed.send(sender=None, file_path=Path("django.mo"))
    assert memory.recall() == {}


def test_it_does_not_grow_without_end(memory: Memory[str]) -> None:
    for number in range(10 * memory.max_entries):
        memory.recall()[number] = "made"
    assert len(memory.recall()) <= memory.max_entries


def test_a_text_is_translated_for_each_language() -> None:
    for language, expected in [("en", "Monday"), ("de", "Montag"), ("en", "Monday")] * 2:
        with translation.override(language):
            assert get_text(WEEKDAYS[0]) == expected


def test_a_text_that_is_no_lazy_one_is_itself() -> None:
    assert get_text("Monday") == "Monday"
