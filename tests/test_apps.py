"""The app: it registers its checks, and imports nothing of DRF to do so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.utils.functional import Promise
from pytest_django.fixtures import Settings

from django_apierrors.apps import (
    APIErrorsConfig,
    check_installation,
    check_locations,
    check_settings,
)

ROOT = Path(__file__).resolve().parent.parent

TAG = "django_apierrors"

# In an interpreter of its own: in this one, other tests have imported DRF long ago.
LOAD = """
import json, sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="a key for this test alone",
    INSTALLED_APPS=["django_apierrors", "django.contrib.auth", "django.contrib.contenttypes"],
)
django.setup()
print(json.dumps(sorted(name for name in sys.modules if name.startswith("rest_framework"))))
"""


def test_the_app_is_found_by_the_name_of_the_package() -> None:
    config = apps.get_app_config("django_apierrors")
    assert isinstance(config, APIErrorsConfig)
    assert isinstance(config.verbose_name, Promise)


def test_the_checks_are_registered_under_the_name_of_the_package() -> None:
    ours = {check for check in registry.get_checks() if check.__module__.startswith(TAG)}
    assert ours == {check_settings, check_installation, check_locations}
    assert registry.tag_exists(TAG)


def test_the_checks_of_the_settings_run(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAIL": True}
    assert [message.id for message in run_checks(tags=[TAG])] == ["django_apierrors.E001"]


def test_the_checks_of_the_installation_run(settings: Settings) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    assert [message.id for message in run_checks(tags=[TAG])] == ["django_apierrors.W002"]


def test_a_sound_project_is_told_nothing() -> None:
    assert run_checks(tags=[TAG]) == []


def test_starting_django_imports_nothing_of_drf() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == []
