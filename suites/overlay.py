"""A pytest plugin that lays the app over the settings of another package's test suite.

`-p overlay` loads it, with this folder in PYTHONPATH. `APIERRORS_WAY` is one of `WAYS`;
`APIERRORS_REPORT` is the file to which it writes the outcome of each test.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import pytest
from suite import FOLDER, WAYS

MODULES = ("mixins", "generics", "viewsets", "pagination", "filters")

# DRF's classes, which are replaced where the settings of the suite have them.
CLASSES = {
    "DEFAULT_RENDERER_CLASSES": ("rest_framework.renderers", "JSONRenderer"),
    "DEFAULT_PARSER_CLASSES": ("rest_framework.parsers", "JSONParser"),
}

# A record in the log that pytest captures, without its level, logger and place.
LOGGED_ERROR = re.compile(r"^(?:ERROR|CRITICAL) +\S+ (.*)", re.MULTILINE)

# Last, because the suites have folders of the same names as ours: `tests`.
sys.path.append(str(FOLDER.parent))

outcomes: dict[str, str] = {}

_setup = django.setup


def setup(set_prefix: bool = True) -> None:
    """Change the settings, which are configured by now, before Django loads the apps."""
    from django.conf import settings

    # Django's default hasher takes a minute for the passwords of some suites, without the app too.
    if not settings.is_overridden("PASSWORD_HASHERS"):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    way = WAYS.index(os.environ["APIERRORS_WAY"])
    if way >= WAYS.index("handler"):
        change_settings(way)
    _setup(set_prefix)
    if way >= WAYS.index("views"):
        replace_modules()


# pytest-django and the `conftest.py` of the suites call it by this name.
django.setup = setup


def change_settings(way: int) -> None:
    """Change the settings as the page "Start" of the docs describes."""
    from django.conf import settings
    from rest_framework.settings import DEFAULTS

    if "django_apierrors" in settings.INSTALLED_APPS:
        return
    # A list stays a list, a tuple a tuple: tests add to them.
    apps = settings.INSTALLED_APPS
    settings.INSTALLED_APPS = type(apps)((*apps, "django_apierrors"))
    rest = dict(getattr(settings, "REST_FRAMEWORK", None) or {})
    rest["EXCEPTION_HANDLER"] = "django_apierrors.handler.exception_handler"
    if way >= WAYS.index("defaults"):
        for setting, (module, name) in CLASSES.items():
            ours = f"django_apierrors.{module.partition('.')[2]}.{name}"
            paths = rest.get(setting, DEFAULTS[setting])
            rest[setting] = [ours if path == f"{module}.{name}" else path for path in paths]
        negotiation = "django_apierrors.negotiation.JSONContentNegotiation"
        rest.setdefault("DEFAULT_CONTENT_NEGOTIATION_CLASS", negotiation)
    settings.REST_FRAMEWORK = rest
    if way >= WAYS.index("middleware"):
        middleware = "django_apierrors.middleware.APIErrorsMiddleware"
        settings.MIDDLEWARE = type(settings.MIDDLEWARE)((middleware, *settings.MIDDLEWARE))
    if way >= WAYS.index("views"):
        settings.API_ERRORS = {"PATCH": True}


def replace_modules() -> None:
    """Replace `rest_framework.generics` and the others by our modules for all later imports."""
    import rest_framework

    modules = {name: import_module(f"django_apierrors.{name}") for name in MODULES}
    for name, module in modules.items():
        sys.modules[f"rest_framework.{name}"] = module
        setattr(rest_framework, name, module)


def pytest_runtest_logreport(report: Any) -> None:
    """Keep the outcome of a test; a failure of one of its phases or subtests is its outcome."""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = getattr(crash, "message", str(report.longrepr)).partition("\n")[0]
        message = message.removeprefix("AssertionError: ").removeprefix("assert ")
        # A 500, or an exception that our code has caught: Django and this app log both.
        if error := LOGGED_ERROR.search(report.caplog):
            message += f", and logs {error[1]}"
        outcomes[report.nodeid] = f"failed: {message}"
    elif report.when == "call" or report.skipped:
        outcomes.setdefault(report.nodeid, report.outcome)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write the outcomes."""
    Path(os.environ["APIERRORS_REPORT"]).write_text(json.dumps(outcomes, indent=0))
