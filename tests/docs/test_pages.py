"""The examples of the README and the docs are run, and print the output that the pages show.

A block that cannot be run needs a comment with the reason before it.
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
from tests.docs.projects import make_project
from tests.services import refuse

# The project that a page starts with. The others start with the README's installation.
BASES = {"README.md": "stock", "docs/index.md": "stock"}

# A page for newcomers, which is run in an empty directory and an empty environment.
START = "docs/start.md"

# Pages with independent sections. Each section is run after the blocks before the first section.
STANDALONE = {"docs/settings.md", "docs/checks.md", "docs/cookbook.md", "docs/migrating.md"}

# Pages and sections with examples for Django 6; for Django 5.2 the page names a backport.
NEEDS = {
    "docs/operations.md": "django.tasks",
    "docs/settings.md `OPERATION_MAX_AGE`": "django.tasks",
    "docs/settings.md `OPERATION_TIMEOUT`": "django.tasks",
}

# Programs that some machines lack, by page.
TOOLS = {"docs/languages.md": "msgfmt"}

NOT_RUN = {"json", "text", "html", "toml", "yaml", "ini", "shell"}
RUN = {"python", "console"}


class Story(NamedTuple):
    """Blocks that are run one after the other."""

    page: str
    section: str
    blocks: list[Block]

    def __str__(self) -> str:
        """Return the id of its test."""
        return f"{self.page} {self.section}".strip()


def get_stories(page: str) -> list[Story]:
    """Return the page, or each of its sections, unless there is nothing to run."""
    blocks = list(read_blocks(page))
    stories = [Story(page, "", blocks)]
    if page in STANDALONE:
        opening = [block for block in blocks if not block.section]
        sections = dict.fromkeys(block.section for block in blocks if block.section)
        stories = [
            Story(page, section, [*opening, *(it for it in blocks if it.section == section)])
            for section in sections
        ]
    return [story for story in stories if any(block.language in RUN for block in story.blocks)]


# The many sections are run with one version of Django and DRF.
STORIES = [
    pytest.param(story, id=str(story), marks=[pytest.mark.once] if page in STANDALONE else [])
    for page in PAGES
    if page != START
    for story in get_stories(page)
]


def run(story: Story, directory: Path, base: str, environment: Path | None = None) -> None:
    """Run a story in a new project."""
    for tool in ("curl", TOOLS.get(story.page, "curl")):
        if shutil.which(tool) is None:
            refuse(f"{tool} is not installed")
    with make_project(directory / "project", base=base, environment=environment) as project:
        for step in [*story.blocks, None]:
            try:
                project.run(step) if step else project.finish()
            except AssertionError as exc:
                log = project.processes.get_log()
                pytest.fail(f"{step or story}: {exc}\nThe server's log:\n{log}", pytrace=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES)
def test_a_page_shows_the_output_of_its_commands(story: Story, tmp_path: Path) -> None:
    needed = NEEDS.get(str(story))
    if needed is not None and find_spec(needed) is None:
        pytest.skip(f"this Django has no {needed}")
    run(story, tmp_path, BASES.get(story.page, "installed"))


@pytest.mark.once
@pytest.mark.network
@pytest.mark.timeout(0)
def test_the_start_page_installs_all_that_its_commands_need(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    [story] = get_stories(START)
    run(story, tmp_path, "empty", environment)


def test_every_block_is_in_a_language_of_the_tests() -> None:
    blocks = [block for page in PAGES for block in read_blocks(page)]
    assert [f"{it} {it.language}" for it in blocks if it.language not in NOT_RUN | RUN] == []
    # A block that is never run needs no reason.
    assert [str(it) for it in blocks if it.reason and it.language in NOT_RUN] == []


def test_every_json_block_is_json() -> None:
    blocks = [block for page in PAGES for block in read_blocks(page) if block.language == "json"]
    assert [str(block) for block in blocks if not is_json(block.text)] == []


def is_json(text: str) -> bool:
    """Whether a text is one JSON document, or has one on each line."""
    for documents in ([text], text.splitlines()):
        try:
            return bool([json.loads(document) for document in documents])
        except ValueError:
            continue
    return False


def test_every_relative_link_leads_to_a_file() -> None:
    missing = {
        (page, target)
        for page, path in PAGES.items()
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    }
    assert missing == set()


def test_no_page_contains_the_path_of_the_checkout() -> None:
    assert [page for page in PAGES if str(ROOT) in PAGES[page].read_text(encoding="utf-8")] == []
