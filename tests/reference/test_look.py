"""The pages of the reference in Chromium, on a phone and on a desktop, light and dark."""

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
# Chromium requests an icon by itself, and logs every 404.
NOT_OURS = "Failed to load resource: the server responded with a status of 404 (Not Found)"


class PolicyMiddleware:
    """Adds a policy that allows nothing but a stylesheet of the same origin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def serve() -> Iterator[str]:
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def find_browser() -> str:
    """Return the path of Chromium; skip if it or its driver is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        refuse("Chromium is not installed")
    if not (CLIENTS / "node_modules" / "playwright-core").is_dir() or not shutil.which("node"):
        refuse("playwright-core is not installed: run npm ci in tests/clients")
    return str(browser)


@pytest.fixture(scope="module", params=PAGES)
def looks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The findings of `look.js` for each page, width and colour scheme."""
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
            process = subprocess.run(
                ["node", "look.js", browser, json.dumps(jobs)],
                cwd=CLIENTS,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
    assert process.returncode == 0, process.stderr
    return dict(zip(keys, json.loads(process.stdout), strict=True))


def test_a_page_is_accessible_fits_the_screen_and_obeys_a_strict_policy(looks: Any) -> None:
    for (name, width, scheme), look in looks.items():
        # The tables of all categories have the same columns.
        columns = look.pop("columns")
        assert len(columns) == (0 if name else 1)
        complaints = [text for text in look.pop("complaints") if text != NOT_OURS]
        assert (complaints, look) == (
            [],
            {
                "status": 404 if name == "nothing" else 200,
                "violations": [],
                "overflow": 0,
                "background": BACKGROUNDS[scheme],
            },
        ), (name, width, scheme)
