"""The pages of the reference in Chromium, on a phone and on a desktop, light and dark."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path
from pytest_django.fixtures import Settings

from tests.services import skip_or_fail

pytestmark = [pytest.mark.once, pytest.mark.timeout(300), pytest.mark.urls(__name__)]

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
TIMEOUT = 250

urlpatterns = [path("errors/", include("django_apierrors.reference.urls"))]

LONG = "A_CODE_WHOSE_NAME_IS_LONGER_THAN_A_LINE_ON_A_PHONE"
CODES = {
    LONG: {"status": 409, "message": "x" * 99, "description": "y" * 99, "advice": "z" * 99},
    "RIGHT_TO_LEFT": {"status": 409, "description": "\u0627\u0644\u0633\u0644\u0639\u0629"},
}
PAGES = {
    "en": ["", "UNAUTHENTICATED", LONG, "verbs", "nothing"],
    "ar": ["", "RIGHT_TO_LEFT"],
}
# The colours do not depend on the width, so each width has one scheme.
SCREENS = [(360, "light", "rgb(251, 250, 248)"), (1280, "dark", "rgb(22, 23, 26)")]

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


def find_browser() -> str:
    """Return the path of Chromium; skip if it or its driver is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        skip_or_fail("Chromium is not installed")
    if not (CLIENTS / "node_modules" / "playwright-core").is_dir() or not shutil.which("node"):
        skip_or_fail("playwright-core is not installed: run npm ci in tests/clients")
    return str(browser)


def look_at(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Serve the pages, and return the findings of `look.js` for each job."""
    browser = find_browser()
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}/errors/"
        try:
            completed = subprocess.run(
                ["node", "look.js", browser, base, json.dumps(jobs)],
                cwd=CLIENTS,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        finally:
            server.shutdown()
            thread.join()
    assert completed.returncode == 0, completed.stderr
    findings: list[dict[str, Any]] = json.loads(completed.stdout)
    return findings


def test_a_page_is_accessible_fits_the_screen_and_obeys_a_strict_policy(settings: Settings) -> None:
    settings.MIDDLEWARE = [
        f"{__name__}.PolicyMiddleware",
        "django.middleware.locale.LocaleMiddleware",
    ]
    settings.API_ERRORS = {"CODES": CODES, "MORE_INFO": "apierrors:code", "DETAILS": True}
    jobs, expected = [], []
    for language, pages in PAGES.items():
        for page in pages:
            for width, scheme, background in SCREENS:
                job = {"page": page, "language": language, "width": width, "scheme": scheme}
                jobs.append(job)
                expected.append(
                    {
                        **job,
                        "status": 404 if page == "nothing" else 200,
                        "direction": "rtl" if language == "ar" else "ltr",
                        "complaints": [],
                        "violations": [],
                        "overflow": 0,
                        "background": background,
                        # The tables of all categories have the same columns.
                        "columns": 0 if page else 1,
                    }
                )
    findings = look_at(jobs)
    for finding in findings:
        finding["complaints"] = [text for text in finding["complaints"] if text != NOT_OURS]
        finding["columns"] = len(finding["columns"])
    assert findings == expected
