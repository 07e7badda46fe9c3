"""The site of the docs builds without a warning, and loads nothing from another site."""

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

# The attribute with the URL that a browser loads, by element.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
# The values of `rel` of links that a browser does not load.
NOT_LOADED = {"canonical", "next", "prev"}


class ResourceParser(HTMLParser):
    """Collects the URLs that a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        url = values.get(LOADED.get(tag, ""))
        if url and values.get("rel") not in NOT_LOADED:
            self.urls.append(url)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_package("mkdocs")
    require_package("material")
    directory = tmp_path_factory.mktemp("docs") / "site"
    completed = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", directory],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert "WARNING" not in completed.stderr
    return directory


def test_every_page_is_built_and_in_the_navigation_once(site: Path) -> None:
    built = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    names = {page.removesuffix(".md") for page in DOCS} - {"index"}
    assert {"index.html", *(f"{name}/index.html" for name in names)} <= built
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert sorted(re.findall(r"[\w/-]+\.md", navigation)) == DOCS


def test_a_page_loads_nothing_from_another_site(site: Path) -> None:
    external = {}
    for path in site.rglob("*.html"):
        parser = ResourceParser()
        parser.feed(path.read_text(encoding="utf-8"))
        assert parser.urls
        if urls := [url for url in parser.urls if url.startswith(("http:", "https:", "//"))]:
            external[path.name] = urls
    for path in site.rglob("*.css"):
        if urls := re.findall(r"url\((?:https?:)?//[^)]*\)", path.read_text(encoding="utf-8")):
            external[path.name] = urls
    assert external == {}
