"""The site of the docs: it builds without a warning, holds each page, and fetches nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT
from tests.services import require_package

pytestmark = pytest.mark.once

DOCS = sorted(page.removeprefix("docs/") for page in PAGES if page.startswith("docs/"))

# What a browser fetches of its own accord, by element: the attributes that say where from.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
}
# Links to other pages, which are followed by nobody but a reader.
NOT_FETCHED = {"canonical", "next", "prev"}


class Fetched(HTMLParser):
    """Collects the addresses that a page has a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag fetches."""
        values = dict(attrs)
        address = values.get(FETCHED.get(tag, ""))
        if address and values.get("rel") not in NOT_FETCHED:
            self.addresses.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    require_package("mkdocs")
    require_package("material")
    directory = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", directory],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return directory


@pytest.mark.parametrize("page", DOCS)
def test_a_page_is_built(site: Path, page: str) -> None:
    name = page.removesuffix(".md")
    assert (site / ("index.html" if name == "index" else f"{name}/index.html")).exists()


def test_each_page_is_in_the_navigation_once() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"[\w/-]+\.md", text.partition("\nnav:")[2])
    assert sorted(named) == DOCS


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    elsewhere = {}
    for path in site.rglob("*.html"):
        parser = Fetched()
        parser.feed(path.read_text(encoding="utf-8"))
        assert parser.addresses
        found = [it for it in parser.addresses if it.startswith(("http:", "https:", "//"))]
        if found:
            elsewhere[path.name] = found
    for path in site.rglob("*.css"):
        found = re.findall(r"url\((?:https?:)?//[^)]*\)", path.read_text(encoding="utf-8"))
        if found:
            elsewhere[path.name] = found
    assert elsewhere == {}
