"""The format beside other packages: the bodies, the reports, and the records of the packages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import django
import pytest

from tests.services import skip_or_fail
from tests.systems.systems import SYSTEMS

ROOT = Path(__file__).resolve().parents[2]

MISSING = "The resource you try to access does not exist, or is outside your scope."
INTERNAL = (
    "An error on our side, we're sorry. Please get in touch including details of the request you "
    "tried and the response you received. Reference: …."
)
SILENT = "A service needed to fulfil your request did not reply in time."


def make_body(status: int, code: str, message: str) -> dict[str, Any]:
    return {"status": status, "errors": [message], "code": code, "moreInfo": ""}


# The status and the body, if that is JSON, of each path.
STOCK: dict[str, tuple[int, Any]] = {
    "/": (200, {"name": "Lantern"}),
    "/unhandled": (500, None),
    "/outage": (500, None),
    "/missing": (404, {"detail": "secret"}),
    "/plain/unhandled": (500, None),
    "/plain/outage": (500, None),
    "/plain/missing": (404, None),
    "/rendering": (500, None),
    "/middleware": (500, None),
    "/unmatched": (404, None),
}
HANDLER = STOCK | {
    "/unhandled": (500, make_body(500, "INTERNAL_ERROR", INTERNAL)),
    "/outage": (504, make_body(504, "GATEWAY_TIMEOUT", SILENT)),
    "/missing": (404, make_body(404, "MISSING_RESOURCE", MISSING)),
}
MIDDLEWARE = HANDLER | {
    "/plain/unhandled": HANDLER["/unhandled"],
    "/plain/outage": HANDLER["/outage"],
    "/plain/missing": HANDLER["/missing"],
    "/rendering": HANDLER["/unhandled"],
    "/middleware": HANDLER["/unhandled"],
    "/unmatched": HANDLER["/missing"],
}
STATIC: dict[str, tuple[int, Any]] = {
    "/static/site.css": (200, None),
    "/static/missing.css": (404, None),
}
WAYS = {
    "stock": STOCK | STATIC,
    "handler": HANDLER | STATIC,
    "middleware": MIDDLEWARE | STATIC | {"/static/missing.css": HANDLER["/missing"]},
}


def require_distribution(name: str) -> None:
    """Skip or fail if a package of `requirements/systems.txt`, or django-prometheus, is missing."""
    try:
        version(name)
    except PackageNotFoundError:
        if name == "django-prometheus" and django.VERSION >= (6, 1):
            pytest.skip("django-prometheus 2.5 does not allow Django 6.1")
        skip_or_fail(f"{name} is not installed")


@pytest.mark.parametrize("name", SYSTEMS)
def test_errors_have_the_format_and_are_recorded_as_without_it(name: str, tmp_path: Path) -> None:
    require_distribution(name)
    command = [sys.executable, "-W", "error", "-m", "tests.systems.project", name, str(tmp_path)]

    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

    outcomes = json.loads(re.sub("Reference: [0-9a-f]{12}", "Reference: …", output))
    assert outcomes.keys() == WAYS.keys()
    for way, responses in WAYS.items():
        expected = {
            f"{interface} {path}": {
                "status": responses[path][0],
                "body": responses[path][1],
                "signals": int(responses[path][0] == 500),
                "errors": ["django.request"] if responses[path][0] == 500 else [],
                "recorded": SYSTEMS[name].expect(path, responses[path][0]),
            }
            for interface in ("WSGI", "ASGI")
            for path in (*STOCK, *SYSTEMS[name].paths)
        }
        assert outcomes[way] == expected, way
