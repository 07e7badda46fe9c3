"""The tables of the pages on the reference and the commands are held against the source."""

from __future__ import annotations

import re
from pathlib import Path

from django_apierrors.introspection.findings import METHOD_RULES, VIEW_RULES
from tests.docs.blocks import PAGES

# What every page fills of what `base.html` has.
INHERITED = ("title", "main", "json", "on_index", "on_verbs")


def read_section(page: str, title: str) -> str:
    """Return what a page says below a heading of level 2."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_first_cells(section: str) -> list[str]:
    """Return the first cell of each row of the first table of a section."""
    table = section.partition("|---")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w[\w.]*)` \|", table, re.MULTILINE)


def test_the_table_of_findings_is_the_audits() -> None:
    expected = {"handler", "unreadable", *VIEW_RULES, *METHOD_RULES}
    assert set(read_first_cells(read_section("docs/commands.md", "The audit"))) == expected


def test_the_table_of_templates_names_each_and_its_blocks() -> None:
    section = read_section("docs/reference.md", "Your own look")
    assert set(read_first_cells(section)) == set(templates.NAMES)
    for name in templates.NAMES:
        template = Path(templates.OURS, templates.DIRECTORY, name).read_text(encoding="utf-8")
        row = section.partition(f"| `{name}` |")[2].partition("\n")[0]
        blocks = set(re.findall(r"{% block (\w+) %}", template))
        own = blocks - set(INHERITED) if name != "base.html" else blocks - {"on_index", "on_verbs"}
        assert set(re.findall(r"`(\w+)`", row)) == own
