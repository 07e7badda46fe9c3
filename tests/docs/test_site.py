"""The site of the docs builds without a warning, and loads nothing from another site."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT
from tests.services import require_package, skip_or_fail

pytestmark = pytest.mark.once

DOCS = sorted(page.removeprefix("docs/") for page in PAGES if page.startswith("docs/"))
NAMES = sorted({page.removesuffix(".md") for page in DOCS} - {"index"})

# The attribute with the URL that a browser loads, by element.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
# The values of `rel` of links that a browser does not load.
NOT_LOADED = {"canonical", "next", "prev"}


WIDTHS = [360, 1280]
# A page that loads the pages of the site at each width, and lists the tables that do not fit.
MEASURE = """<!DOCTYPE html><pre></pre><script>
async function measure(page, width) {
  const frame = document.createElement("iframe");
  frame.style.width = `${width}px`;
  frame.src = page;
  document.body.append(frame);
  await new Promise((resolve) => { frame.onload = resolve; });
  // Without a timer the virtual time of Chromium does not advance.
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  const tables = [...frame.contentDocument.querySelectorAll(".md-typeset__table")];
  const hidden = tables.filter(({ parentElement: it }) => it.scrollWidth > it.clientWidth);
  const texts = hidden.map((table) => `${page} ${width}: ${table.innerText.slice(0, 40)}`);
  frame.remove();
  return [tables.length, texts];
}
async function measureAll() {
  const results = [];
  for (const page of PAGES) for (const width of WIDTHS) results.push(await measure(page, width));
  document.querySelector("pre").textContent = JSON.stringify(results);
}
measureAll();
</script>"""


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves the site, and the page that measures it."""

    def do_GET(self) -> None:
        if self.path != "/measure":
            super().do_GET()
            return
        pages = json.dumps(["/", *(f"/{name}/" for name in NAMES)])
        page = MEASURE.replace("PAGES", pages).replace("WIDTHS", json.dumps(WIDTHS)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        pass


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
    assert {"index.html", *(f"{name}/index.html" for name in NAMES)} <= built
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


def test_no_table_hides_a_column_on_a_phone_or_on_a_desktop(site: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        skip_or_fail("Chromium is not installed")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SiteHandler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900"]
        command += ["--virtual-time-budget=100000", "--dump-dom"]
        url = f"http://127.0.0.1:{server.server_port}/measure"
        document = subprocess.run(
            [*command, url], capture_output=True, text=True, timeout=110, check=True
        ).stdout
        server.shutdown()
    results = json.loads(re.findall("<pre>(.*?)</pre>", document, flags=re.S)[0])
    assert len(results) == len(DOCS) * len(WIDTHS)
    # Most pages have tables, so the selector is that of the theme.
    assert sum(number > 0 for number, _ in results) > len(DOCS)
    assert [table for _, tables in results for table in tables] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/images/*.svg")), ids=lambda path: path.stem)
def test_the_text_of_an_image_is_legible_on_a_phone(path: Path) -> None:
    image = path.read_text(encoding="utf-8")
    [width] = map(int, re.findall(r'viewBox="0 0 (\d+) \d+" role="img"', image))
    smallest = min(map(int, re.findall(r'font-size="(\d+)"', image)))
    # The theme leaves 328 of the 360 pixels for the image.
    assert smallest * 328 / width > 11
