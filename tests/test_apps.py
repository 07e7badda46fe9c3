"""The app: it registers its checks, and imports nothing of DRF to do so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.utils.functional import Promise
from pytest_django.fixtures import Settings

from django_apierrors.apps import APIErrorsConfig

ROOT = Path(__file__).resolve().parent.parent

# In its own interpreter: in this one, other tests have imported DRF.
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


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("API_ERRORS", {}, []),
        ("API_ERRORS", {"DETAIL": True}, ["django_apierrors.E001"]),
        ("MIDDLEWARE", [], ["django_apierrors.W002"]),
    ],
)
def test_the_checks_are_registered_under_the_name_of_the_package(
    settings: Settings, name: str, value: object, ids: list[str]
) -> None:
    setattr(settings, name, value)
    assert [message.id for message in run_checks(tags=["django_apierrors"])] == ids


def test_starting_django_imports_nothing_of_drf() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == []
