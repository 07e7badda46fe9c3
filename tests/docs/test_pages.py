"""The docs: what the pages show is run, block by block, and prints what they show.

A new block is run, or fails, or says in a comment before it why it is not run.
"""

from __future__ import annotations

import json
import re
import shutil
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.blocks import PAGES, ROOT, Block, read_blocks
from tests.docs.projects import project
from tests.services import refuse

# Where a page begins: in an empty directory, or in a project that has DRF alone. Those that are not
# here begin where the README's installation ends.
BASES = {"README.md": "stock", "docs/index.md": "stock", "docs/start.md": "empty"}

# Pages whose sections stand alone, each after what the page says before the first of them.
STANDALONE = {"docs/settings.md", "docs/checks.md", "docs/cookbook.md", "docs/migrating.md"}

# Pages about what Django 5.2 has a backport of, and says how that is spelt otherwise.
NEEDS = {
    "docs/operations.md": "django.tasks",
    "docs/settings.md `OPERATION_MAX_AGE`": "django.tasks",
    "docs/settings.md `OPERATION_TIMEOUT`": "django.tasks",
}

# Pages that are run with tools that not every machine has, and one of their commands.
TOOLS = {"docs/languages.md": "msgfmt"}

# Languages of blocks that are there to be read.
PROSE = {"json", "text", "html", "toml", "yaml", "ini", "shell"}
RUN = {"python", "console"}


class Story(NamedTuple):
    """Blocks that are run one after the other."""

    page: str
    section: str
    blocks: list[Block]

    def __str__(self) -> str:
        """Return the name of its test."""
        return f"{self.page} {self.section}".strip()


def get_stories(page: str) -> list[Story]:
    """Return the stories of a page that have something to run."""
    blocks = list(read_blocks(page))
    sections = dict.fromkeys(block.section for block in blocks) if page in STANDALONE else [""]
    opening = [block for block in blocks if not block.section]
    stories = [
        Story(page, section, [*opening, *(it for it in blocks if it.section == section)])
        if section
        else Story(page, "", opening if page in STANDALONE else blocks)
        for section in sections
    ]
    return [it for it in stories if any(block.language in RUN for block in it.blocks)]


# Those of pages with many sections take a minute together, and are run for one version.
STORIES = [
    pytest.param(story, id=str(story), marks=[pytest.mark.once] if page in STANDALONE else [])
    for page in PAGES
    for story in get_stories(page)
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES)
def test_what_a_page_shows_is_what_happens(story: Story, tmp_path: Path) -> None:
    needed = NEEDS.get(str(story))
    if needed is not None and find_spec(needed) is None:
        pytest.skip(f"this Django has no {needed}")
    for tool in ("curl", TOOLS.get(story.page, "curl")):
        if shutil.which(tool) is None:
            refuse(f"{tool} is not installed")
    with project(tmp_path / "project", base=BASES.get(story.page, "installed")) as it:
        for step in [*story.blocks, None]:
            try:
                it.run(step) if step else it.finish()
            except (AssertionError, pytest.fail.Exception) as exc:
                log = it.processes.get_log()
                pytest.fail(f"{step or story}: {exc}\nThe server said:\n{log}", pytrace=False)


@pytest.mark.once
@pytest.mark.network
@pytest.mark.timeout(300)
def test_the_start_is_all_that_a_newcomer_needs(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    with project(tmp_path / "project", base="empty", environment=environment) as it:
        for block in read_blocks("docs/start.md"):
            it.run(block)


@pytest.mark.parametrize("page", PAGES)
def test_a_block_is_of_a_language_that_the_tests_know(page: str) -> None:
    blocks = list(read_blocks(page))
    assert [f"{it} {it.language}" for it in blocks if it.language not in PROSE | RUN] == []
    # What is never run anyway needs no reason.
    assert [str(it) for it in blocks if it.reason and it.language in PROSE] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_body_is_json(page: str) -> None:
    for block in read_blocks(page):
        if block.language == "json":
            try:
                json.loads(block.text)
            except ValueError:
                assert [json.loads(line) for line in block.text.splitlines()], str(block)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_file_leads_there(page: str) -> None:
    text = PAGES[page].read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    missing = [it for it in targets if not (PAGES[page].parent / it).exists()]
    assert missing == []


def test_no_page_speaks_of_another_directory_than_the_projects() -> None:
    assert [page for page in PAGES if str(ROOT) in PAGES[page].read_text(encoding="utf-8")] == []
