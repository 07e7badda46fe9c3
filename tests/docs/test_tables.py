"""The tables and the sections of the docs list what the source contains."""

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
from tests.docs.blocks import PAGES, ROOT, Block, read_blocks

PACKAGE = "django_apierrors"


def read_section(page: str, title: str) -> str:
    """Return the text below a heading of level 2."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_section_blocks(page: str, title: str) -> list[Block]:
    """Return the blocks below a heading of level 2."""
    return [block for block in read_blocks(page) if block.section == title]


def get_titles(page: str) -> list[str]:
    """Return the headings of level 2 that are names in the source."""
    return re.findall(r"^## `(.*)`$", PAGES[page].read_text(encoding="utf-8"), re.MULTILINE)


def get_check_ids() -> list[str]:
    """Return the ids of the system checks in the source."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / PACKAGE).rglob("*.py")]
    return sorted(set(re.findall(rf"{PACKAGE}\.[EWI]\d{{3}}", "".join(sources))))


def test_every_setting_has_a_section_with_its_default_and_an_example() -> None:
    page = "docs/settings.md"
    assert get_titles(page) == list(DEFAULTS)
    for key, expected in DEFAULTS.items():
        default = read_section(page, f"`{key}`").partition("Default: `")[2].partition("`")[0]
        assert eval(default, {}) == expected, key
        blocks = read_section_blocks(page, f"`{key}`")
        examples = [it for it in blocks if it.language == "python" and f'"{key}": ' in it.text]
        assert examples, key
        assert any(block.language == "console" for block in blocks), key
        assert not any(block.reason for block in blocks), key


def test_every_check_has_a_section_with_a_mistake_and_its_fix() -> None:
    page = "docs/checks.md"
    assert get_titles(page) == get_check_ids()
    for check_id in get_check_ids():
        blocks = read_section_blocks(page, f"`{check_id}`")
        first, *_, last = [block for block in blocks if block.language == "console"]
        assert set(re.findall(rf"\(({PACKAGE}\.\w+)\)", first.text)) == {check_id}
        assert last.text.endswith("System check identified no issues (0 silenced).\n"), check_id
        assert not any(block.reason for block in blocks), check_id


def test_the_table_of_codes_is_the_catalogue() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (\d+) \|", read_section("docs/index.md", "Codes"), re.MULTILINE
    )
    expected = [(code.name, str(code.status), str(code.number)) for code in CATALOG.values()]
    assert rows == expected


def test_the_table_of_verbs_has_the_allowed_statuses() -> None:
    table: dict[str, set[int]] = {verb: set() for verb in ALLOWED_STATUSES}
    section = read_section("docs/verbs.md", "The table")
    for verbs, statuses in re.findall(r"^\| ([A-Z].*?) \| (\d.*?) \|", section, re.MULTILINE):
        for verb in re.findall("[A-Z]+", verbs):
            table[verb] |= {int(status) for status in re.findall(r"\d{3}", statuses)}
    assert table == {verb: set(successes) for verb, successes in ALLOWED_STATUSES.items()}


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        pytest.param(0, CODES_BY_SQLSTATE, id="PostgreSQL"),
        pytest.param(1, CODES_BY_MYSQL_NUMBER, id="MySQL"),
        pytest.param(2, CODES_BY_SQLITE_NAME, id="SQLite"),
    ],
)
def test_the_table_of_database_errors_is_the_sources(column: int, codes: dict[object, str]) -> None:
    table: dict[str, str] = {}
    section = read_section("docs/databases.md", "What becomes what")
    for code, *cells in re.findall(
        r"^\|[^|]+\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", section, re.MULTILINE
    ):
        table |= dict.fromkeys(re.findall(r"`(\w+)`", cells[column]), code)
    assert table == {str(key): code for key, code in codes.items()}
