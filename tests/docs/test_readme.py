"""The README's tables and bodies are the source's; test_pages.py runs its examples."""

from __future__ import annotations

import json
import re

from rest_framework.exceptions import NotAuthenticated

from django_apierrors.catalog import CATALOG
from django_apierrors.conf import DEFAULTS
from django_apierrors.errors import Error
from django_apierrors.recognition import recognise
from tests.docs.blocks import PAGES

README = PAGES["README.md"].read_text(encoding="utf-8")


def read_rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    table = README.partition(heading)[2].partition("\n|")[2].partition("\n\n")[0]
    return [
        [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table.splitlines()[2:]
    ]


def test_the_tables_are_the_sources() -> None:
    codes = [[code.name, str(code.status), str(code.number)] for code in CATALOG.values()]
    assert [row[:3] for row in read_rows("## Errors")] == codes
    defaults = [
        [key, json.dumps(value) if isinstance(value, str) else repr(value)]
        for key, value in DEFAULTS.items()
    ]
    assert [row[:2] for row in read_rows("## Settings")] == defaults


def test_the_bodies_of_drf_become_the_bodies_of_the_package() -> None:
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


def test_the_readme_has_at_most_200_lines() -> None:
    assert README.count("\n") <= 200
