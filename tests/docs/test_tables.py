"""The tables and the sections of the docs are held against the source."""

from __future__ import annotations

import re

import pytest

from django_apierrors.catalog import CATALOG
from django_apierrors.conf import DEFAULTS
from django_apierrors.recognition.database.codes import (
    CODES_BY_MYSQL_NUMBER,
    CODES_BY_SQLITE_NAME,
    CODES_BY_SQLSTATE,
)
from django_apierrors.semantics import ALLOWED_STATUSES
from tests.docs.blocks import PAGES, ROOT, read_blocks

PACKAGE = "django_apierrors"


def read_section(page: str, title: str) -> str:
    """Return what a page says below a heading of level 2."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def get_titles(page: str) -> list[str]:
    """Return the headings of level 2 that are names of the source."""
    text = PAGES[page].read_text(encoding="utf-8")
    return re.findall(r"^## `(.*)`$", text, re.MULTILINE)


def get_check_ids() -> list[str]:
    """Return the ids that the source gives its system checks."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / PACKAGE).rglob("*.py")]
    return sorted(set(re.findall(rf"{PACKAGE}\.[EWI]\d{{3}}", "".join(sources))))


def test_each_setting_has_its_section() -> None:
    assert get_titles("docs/settings.md") == list(DEFAULTS)


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_setting_has_its_default_and_an_example_that_is_asked_for(key: str) -> None:
    default = read_section("docs/settings.md", f"`{key}`").partition("Default: `")[2]
    value = eval(default.partition("`")[0], {})
    assert value == DEFAULTS[key]
    blocks = [it for it in read_blocks("docs/settings.md") if it.section == f"`{key}`"]
    examples = [it for it in blocks if it.language == "python" and f'"{key}": ' in it.text]
    answers = [it for it in blocks if it.language == "console"]
    assert examples
    assert answers
    assert not any(it.reason for it in blocks)


def test_each_check_has_its_section() -> None:
    assert get_titles("docs/checks.md") == get_check_ids()


@pytest.mark.parametrize("check_id", get_check_ids())
def test_a_check_is_provoked_and_mended(check_id: str) -> None:
    blocks = [it for it in read_blocks("docs/checks.md") if it.section == f"`{check_id}`"]
    first, *_, last = [it for it in blocks if it.language == "console"]
    assert f"({check_id})" in first.text
    assert first.text.count("(django_apierrors.") == first.text.count(f"({check_id})")
    assert last.text.endswith("System check identified no issues (0 silenced).\n")
    assert not any(it.reason for it in blocks)


def test_the_table_of_codes_is_the_catalogue() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (\d+) \|", read_section("docs/index.md", "Codes"), re.MULTILINE
    )
    expected = [(code.name, str(code.status), str(code.number)) for code in CATALOG.values()]
    assert rows == expected


def test_the_table_of_verbs_is_the_one_that_views_are_held_to() -> None:
    table: dict[str, set[int]] = {verb: set() for verb in ALLOWED_STATUSES}
    section = read_section("docs/verbs.md", "The table")
    for verbs, statuses in re.findall(r"^\| ([A-Z].*?) \| (\d.*?) \|", section, re.MULTILINE):
        for verb in re.findall("[A-Z]+", verbs):
            table[verb] |= {int(status) for status in re.findall(r"\d{3}", statuses)}
    assert table == {verb: set(successes) for verb, successes in ALLOWED_STATUSES.items()}


DRIVER_COLUMNS = [CODES_BY_SQLSTATE, CODES_BY_MYSQL_NUMBER, CODES_BY_SQLITE_NAME]


@pytest.mark.parametrize("column", range(3), ids=["PostgreSQL", "MySQL", "SQLite"])
def test_the_table_of_databases_has_all_that_drivers_call_a_failure(column: int) -> None:
    table: dict[str, str] = {}
    section = read_section("docs/databases.md", "What becomes what")
    for code, *cells in re.findall(
        r"^\|[^|]+\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", section, re.MULTILINE
    ):
        table |= dict.fromkeys(re.findall(r"`(\w+)`", cells[column]), code)
    assert table == {str(key): code for key, code in DRIVER_COLUMNS[column].items()}
