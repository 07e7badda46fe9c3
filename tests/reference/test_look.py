"""The reference in Chromium: for a person on a phone or at a desk, by day or by night."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import include, path

from tests.services import refuse

pytestmark = [pytest.mark.once, pytest.mark.timeout(300)]

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
TIMEOUT = 250

urlpatterns = [path("errors/", include("django_apierrors.reference.urls"))]

LONG = "A_CODE_WHOSE_NAME_IS_LONGER_THAN_A_LINE_ON_A_PHONE"
CODES = {
    LONG: {"status": 409, "message": "x" * 99, "description": "y" * 99, "advice": "z" * 99},
    "RIGHT_TO_LEFT": {"status": 409, "description": "\u0627\u0644\u0633\u0644\u0639\u0629"},
}
WIDTHS = [360, 1280]
PAGES = {
    "en": ["", "UNAUTHENTICATED", LONG, "verbs", "nothing"],
    "ar": ["", "RIGHT_TO_LEFT"],
}
BACKGROUNDS = {"light": "rgb(251, 250, 248)", "dark": "rgb(22, 23, 26)"}

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
# Of Chromium, which asks for an icon of its own accord, and tells of every 404.
NOT_OURS = "Failed to load resource: the server responded with a status of 404 (Not Found)"


class PolicyMiddleware:
    """Allows a page nothing but a stylesheet from where it comes from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the policy to an answer."""
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response


class QuietHandler(WSGIRequestHandler):
    """A handler of requests that logs none."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve() -> Iterator[str]:
    """Run a server until it is no longer needed."""
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def find_browser() -> str:
    """Return where Chromium is; skip where there is none, or nothing to drive it."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        refuse("Chromium is not installed")
    if not (CLIENTS / "node_modules" / "playwright-core").is_dir() or not shutil.which("node"):
        refuse("playwright-core is not installed: run npm ci in tests/clients")
    return str(browser)


@pytest.fixture(scope="module", params=PAGES)
def looks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What was seen of each page, at each width, in each scheme."""
    browser = find_browser()
    directory = tmp_path_factory.mktemp("looks")
    names = PAGES[request.param]
    keys = [(name, width, scheme) for name in names for width in WIDTHS for scheme in BACKGROUNDS]
    changes: dict[str, Any] = {
        "ROOT_URLCONF": __name__,
        "LANGUAGE_CODE": request.param,
        "MIDDLEWARE": [f"{__name__}.PolicyMiddleware"],
        "API_ERRORS": {"CODES": CODES, "MORE_INFO": "apierrors:code", "DETAILS": True},
    }
    with override_settings(**changes):
        for url in serve():
            jobs = [
                {
                    "url": f"{url}/errors/{name}",
                    "width": width,
                    "scheme": scheme,
                    "screenshot": str(directory / f"{name or 'index'}-{width}-{scheme}.png"),
                }
                for name, width, scheme in keys
            ]
            done = subprocess.run(
                ["node", "look.js", browser, json.dumps(jobs)],
                cwd=CLIENTS,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
    assert done.returncode == 0, done.stderr
    return dict(zip(keys, json.loads(done.stdout), strict=True))


def test_axe_finds_nothing_to_complain_of(looks: Any) -> None:
    assert {key: look["violations"] for key, look in looks.items() if look["violations"]} == {}


def test_no_page_scrolls_sideways(looks: Any) -> None:
    assert {key: look["overflow"] for key, look in looks.items() if look["overflow"]} == {}


def test_a_page_has_the_colours_of_its_readers_scheme_under_a_strict_policy(looks: Any) -> None:
    for (_, _, scheme), look in looks.items():
        assert look["background"] == BACKGROUNDS[scheme]


def test_the_tables_of_all_kinds_have_the_same_columns(looks: Any) -> None:
    for (name, _, _), look in looks.items():
        assert len(look["columns"]) == (0 if name else 1)


def test_the_browser_complains_of_nothing(looks: Any) -> None:
    complaints = [text for look in looks.values() for text in look["complaints"]]
    assert [text for text in complaints if text != NOT_OURS] == []


def test_every_page_has_the_status_that_it_should(looks: Any) -> None:
    for (name, _, _), look in looks.items():
        assert look["status"] == (404 if name == "nothing" else 200)
