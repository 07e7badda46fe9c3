"""Stories: the blocks of a page, or of a section of it, that are run one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.blocks import Block, read_blocks
from tests.docs.projects import make_project
from tests.services import skip_or_fail

# Pages with independent sections. Each section is run after the blocks before the first section.
STANDALONE = {
    *("docs/checks.md", "docs/cookbook.md", "docs/migrating.md", "docs/monitoring.md"),
    *("docs/safe-requests.md", "docs/settings.md"),
}

# Programs that some machines lack, by page.
TOOLS = {"docs/languages.md": "msgfmt"}

NOT_RUN = {"json", "text", "html", "toml", "yaml", "ini", "shell", "typescript"}
RUN = {"python", "console"}


class Story(NamedTuple):
    """Blocks that are run one after the other."""

    page: str
    section: str
    blocks: list[Block]

    def __str__(self) -> str:
        return f"{self.page} {self.section}".strip()


def get_stories(page: str) -> list[Story]:
    """Return the page, or each of its sections, unless there is nothing to run."""
    blocks = list(read_blocks(page))
    stories = [Story(page, "", blocks)]
    if page in STANDALONE:
        opening = [block for block in blocks if not block.section]
        sections = dict.fromkeys(block.section for block in blocks if block.section)
        stories = [
            Story(
                page, section, [*opening, *(block for block in blocks if block.section == section)]
            )
            for section in sections
        ]
    return [story for story in stories if any(block.language in RUN for block in story.blocks)]


def run(story: Story, directory: Path, base: str, *options: Path) -> None:
    """Run a story in a new project; `options` are those of `Project`."""
    for tool in ("curl", TOOLS.get(story.page, "curl")):
        if shutil.which(tool) is None:
            skip_or_fail(f"{tool} is not installed")
    with make_project(directory / "project", base, *options) as project:
        for step in [*story.blocks, None]:
            try:
                project.run(step) if step else project.finish()
            except AssertionError as exc:
                log = project.processes.get_log()
                pytest.fail(f"{step or story}: {exc}\nThe server's log:\n{log}", pytrace=False)
