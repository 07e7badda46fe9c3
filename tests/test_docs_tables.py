"""The tables and the sections of the docs are held against the source."""

from __future__ import annotations

import re

from django_apierrors.semantics import SUCCESSES
from tests.doc_blocks import PAGES


def read_section(page: str, title: str) -> str:
    """Return what a page says below a heading of level 2."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_table_of_verbs_is_the_one_that_views_are_held_to() -> None:
    table: dict[str, set[int]] = {verb: set() for verb in SUCCESSES}
    section = read_section("docs/verbs.md", "The table")
    for verbs, statuses in re.findall(r"^\| ([A-Z].*?) \| (\d.*?) \|", section, re.MULTILINE):
        for verb in re.findall("[A-Z]+", verbs):
            table[verb] |= {int(status) for status in re.findall(r"\d{3}", statuses)}
    assert table == {verb: set(successes) for verb, successes in SUCCESSES.items()}
