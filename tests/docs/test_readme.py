"""The README's tables and bodies are held against the source; test_docs runs its examples."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rest_framework.exceptions import NotAuthenticated

from django_apierrors.catalog import CATALOG
from django_apierrors.conf import DEFAULTS
from django_apierrors.errors import Error
from django_apierrors.recognition import recognise

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def get_rows(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the first table below `heading`, its head left out."""
    table = README.partition(heading)[2].partition("\n|")[2].partition("\n\n")[0]
    return [
        [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.splitlines()[2:]
    ]


def test_the_code_table_is_the_catalogue() -> None:
    expected = [[code.name, str(code.status), str(code.number)] for code in CATALOG.values()]
    assert [row[:3] for row in get_rows("## Errors")] == expected


def test_the_settings_table_is_the_defaults() -> None:
    expected = [
        [key, json.dumps(value) if isinstance(value, str) else repr(value)]
        for key, value in DEFAULTS.items()
    ]
    assert [row[:2] for row in get_rows("## Settings")] == expected


def test_the_table_of_checks_names_each_id_of_the_source() -> None:
    paths = sorted((ROOT / "django_apierrors").glob("*checks.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in paths)
    ids = sorted(set(re.findall(r"django_apierrors\.[EW]\d{3}", source)))
    assert sorted(row[0] for row in get_rows("### System checks")) == ids


def test_what_it_shows_of_before_becomes_what_it_shows_of_after() -> None:
    before, after = (
        [json.loads(line) for line in block.splitlines()]
        for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    )
    unauthenticated, unavailable = NotAuthenticated(), ConnectionRefusedError()
    assert after == [
        recognise(unauthenticated).get_body(),
        Error.of_data(before[1], 400).get_body(),
        Error.of_data(before[2], 409).get_body(),
        recognise(unavailable).get_body(),
    ]
    assert before[0] == {"detail": str(unauthenticated.detail)}


def test_the_readme_can_be_read_in_one_go() -> None:
    assert README.count("\n") <= 250
