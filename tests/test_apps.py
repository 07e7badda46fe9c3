"""The app, and its checks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.utils.functional import Promise
from pytest_django.fixtures import Settings

from django_apierrors.apps import APIErrorsConfig


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


START = """
import sys
import django
from django.conf import settings

settings.configure(
    DEBUG={debug},
    INSTALLED_APPS=["django.contrib.contenttypes", "rest_framework", "django_apierrors"],
)
django.setup()
print("rest_framework.views" in sys.modules)
"""


@pytest.mark.parametrize("debug", [False, True])
def test_the_app_imports_no_views_at_startup(debug: bool) -> None:
    # DRF's views import the classes in the project's settings, before other apps are ready.
    script = START.format(debug=debug)
    output = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert output == "False\n"
