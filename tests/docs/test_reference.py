"""The tables of docs/reference.md and docs/commands.md list what the source has."""

from __future__ import annotations

import re

from django_apierrors.introspection.findings import METHOD_RULES, VIEW_RULES
from django_apierrors.reference.rendering import DIRECTORY, TEMPLATES
from tests.docs.blocks import PAGES

# The blocks of `base.html` that the other templates fill.
INHERITED = {"title", "main", "json", "on_index", "on_verbs"}


def read_section(page: str, title: str) -> str:
    """Return the section below a heading of level 2."""
    text = PAGES[page].read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_first_cells(section: str) -> list[str]:
    """Return the first cell of each row of the first table of a section."""
    table = section.partition("|---")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w[\w.]*)` \|", table, re.MULTILINE)


def test_the_table_of_findings_is_complete() -> None:
    expected = {"handler", "unreadable", *VIEW_RULES, *METHOD_RULES}
    assert set(read_first_cells(read_section("docs/commands.md", "The audit"))) == expected


def test_the_table_of_templates_lists_each_with_its_blocks() -> None:
    section = read_section("docs/reference.md", "Override the templates")
    templates = sorted((TEMPLATES / DIRECTORY).iterdir())
    assert sorted(read_first_cells(section)) == [template.name for template in templates]
    for template in templates:
        row = section.partition(f"| `{template.name}` |")[2].partition("\n")[0]
        blocks = set(re.findall(r"{% block (\w+) %}", template.read_text(encoding="utf-8")))
        hidden = {"on_index", "on_verbs"} if template.name == "base.html" else INHERITED
        assert set(re.findall(r"`(\w+)`", row)) == blocks - hidden
