"""The examples of the README and the docs are run, and print the output that the pages show.

A block that cannot be run needs a comment with the reason before it.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, read_blocks
from tests.docs.stories import NOT_RUN, RUN, STANDALONE, Story, get_stories, run

# The project that a page starts with. The others start with the README's installation.
BASES = {"README.md": "stock", "docs/index.md": "stock"}

# test_start.py runs this page.
START = "docs/start.md"

# Pages and sections with examples for Django 6; for Django 5.2 the page names a backport.
NEEDS = {
    "docs/operations.md": "django.tasks",
    "docs/settings.md `OPERATION_MAX_AGE`": "django.tasks",
    "docs/settings.md `OPERATION_TIMEOUT`": "django.tasks",
}

# The many sections are run with one version of Django and DRF.
STORIES = [
    pytest.param(story, id=str(story), marks=[pytest.mark.once] if page in STANDALONE else [])
    for page in PAGES
    if page != START
    for story in get_stories(page)
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES)
def test_a_page_shows_the_output_of_its_commands(story: Story, tmp_path: Path) -> None:
    needed = NEEDS.get(str(story))
    if needed is not None and find_spec(needed) is None:
        pytest.skip(f"this Django has no {needed}")
    run(story, tmp_path, BASES.get(story.page, "installed"))


def test_every_block_is_in_a_language_of_the_tests() -> None:
    blocks = [block for page in PAGES for block in read_blocks(page)]
    assert [
        f"{block} {block.language}" for block in blocks if block.language not in NOT_RUN | RUN
    ] == []
    # A block that is never run needs no reason.
    assert [str(block) for block in blocks if block.reason and block.language in NOT_RUN] == []


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


def test_every_page_begins_with_a_sentence_about_its_use() -> None:
    missing = []
    for page, path in PAGES.items():
        _title, introduction, *_ = path.read_text("utf-8").split("\n\n", 2)
        if page != "README.md" and "After reading" not in introduction:
            missing.append(page)
    assert missing == []


LISTS = re.compile(r'"DEFAULT_(?:RENDERER|PARSER)_CLASSES": \[')


def test_a_page_that_replaces_a_list_of_classes_warns_of_it() -> None:
    pages = {page: path.read_text("utf-8") for page, path in PAGES.items()}
    replacing = {page for page, text in pages.items() if LISTS.search(text)}
    warning = {page for page, text in pages.items() if re.search(r"\*\*[^*]*\breplaces? the", text)}
    assert replacing - warning == set()


def test_every_page_has_one_name() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    names = dict(re.findall(r"- (.+): ([\w-]+\.md)$", navigation, re.MULTILINE))
    names = {page: name for name, page in names.items()}
    texts = {page: path.read_text("utf-8") for page, path in PAGES.items()}
    titles = {
        page.removeprefix("docs/"): text.partition("\n")[0].removeprefix("# ")
        for page, text in texts.items()
        if page != "README.md"
    }
    assert titles == names
    # A link in lower case describes the page: "the schema".
    links = [
        (page, name, target)
        for page, text in texts.items()
        for name, target in re.findall(r"\[([A-Z][^]]*)\]\((?:docs/)?([\w-]+\.md)\)", text)
        if target in names
    ]
    assert [link for link in links if names[link[2]] != link[1]] == []
