"""The system checks of the installation."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import ERROR, WARNING
from django.urls import path
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware
from pytest_django.fixtures import Settings
from rest_framework.views import APIView

from django_apierrors.checks import check_installation
from django_apierrors.handler import ErrorFormatMixin
from django_apierrors.middleware import APIErrorsMiddleware
from django_apierrors.renderers import JSONRenderer

ROOT = Path(__file__).resolve().parents[2]

MIDDLEWARE = "django_apierrors.middleware.APIErrorsMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
MONITORS = [
    "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
    f"{__name__}.OwnMonitor",
]
STOCK_RENDERERS = [
    "rest_framework.renderers.JSONRenderer",
    "rest_framework.renderers.BrowsableAPIRenderer",
]
STOCK_NEGOTIATION = "rest_framework.negotiation.DefaultContentNegotiation"


class OwnRenderer(JSONRenderer):
    """A renderer of a project, based on ours."""


class OwnMiddleware(APIErrorsMiddleware):
    """A middleware of a project, based on ours."""


class OwnMonitor(_DjangoMiddleware):
    """A middleware of a project, based on that of OpenTelemetry."""


def handle(exc: Exception, context: Any) -> None:
    """Handle an exception, as a project's handler in front of ours."""


HANDLER_HINT = "'django_apierrors.handler.exception_handler'"
OWN = f"{__name__}.OwnMiddleware"
NO_MIDDLEWARE = [COMMON, "tests.nowhere.Middleware"]

# The changed settings, those of DRF or those of Django; the messages, each with words of its hint.
CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"EXCEPTION_HANDLER": f"{__name__}.handle"}, {}),
    ({"DEFAULT_RENDERER_CLASSES": [*STOCK_RENDERERS, f"{__name__}.OwnRenderer"]}, {}),
    ({"DEFAULT_CONTENT_NEGOTIATION_CLASS": STOCK_NEGOTIATION}, {}),
    ({"API_ERRORS": {"PROBLEM_JSON": True}}, {}),
    ({"MIDDLEWARE": [OWN, COMMON]}, {}),
    ({"MIDDLEWARE": [*MONITORS, MIDDLEWARE, COMMON]}, {}),
    # The middleware formats returned errors.
    ({"DEFAULT_RENDERER_CLASSES": STOCK_RENDERERS, "MIDDLEWARE": [MIDDLEWARE]}, {}),
    ({"EXCEPTION_HANDLER": "rest_framework.views.exception_handler"}, {"E007": HANDLER_HINT}),
    ({"EXCEPTION_HANDLER": None}, {"E007": HANDLER_HINT}),
    (
        {"DEFAULT_RENDERER_CLASSES": STOCK_RENDERERS, "MIDDLEWARE": NO_MIDDLEWARE},
        {"W001": "'django_apierrors.renderers.JSONRenderer'", "W002": f"{MIDDLEWARE!r} first"},
    ),
    ({"MIDDLEWARE": NO_MIDDLEWARE}, {"W002": f"{MIDDLEWARE!r} first"}),
    ({"MIDDLEWARE": (COMMON, MIDDLEWARE)}, {"W003": f"before {COMMON!r}"}),
    ({"MIDDLEWARE": [*MONITORS, COMMON, MIDDLEWARE]}, {"W003": f"before {COMMON!r}"}),
    # Django reports that it does not exist.
    ({"MIDDLEWARE": ["shop.Missing", MIDDLEWARE]}, {"W003": "before 'shop.Missing'"}),
    ({"MIDDLEWARE": (COMMON, OWN)}, {"W003": f"before {COMMON!r}"}),
    (
        {
            "DEFAULT_CONTENT_NEGOTIATION_CLASS": STOCK_NEGOTIATION,
            "API_ERRORS": {"PROBLEM_JSON": True},
        },
        {"W005": "'django_apierrors.negotiation.JSONContentNegotiation'"},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_a_missing_part_has_one_message_with_a_hint(
    settings: Settings, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    ours = {"MIDDLEWARE", "API_ERRORS"}
    for name in ours & changes.keys():
        setattr(settings, name, changes[name])
    stock = {name: value for name, value in changes.items() if name not in ours}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **stock}
    messages = check_installation()
    assert [message.id for message in messages] == [f"django_apierrors.{id}" for id in expected]
    for message, (number, words) in zip(messages, expected.items(), strict=True):
        assert words in str(message.hint)
        assert message.is_serious() is number.startswith("E")


# The order of imports matters, so each project has a process of its own.

TWO_LINES = """
SECRET_KEY = "a key for this test alone"
ROOT_URLCONF = "shop"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", *APPS]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler"}
"""

# A third-party authenticator that reads the user model when it is imported.
EAGER = """
from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication

User = get_user_model()


class Eager(BaseAuthentication):
    user = User
"""

MODELS = """
from django.db import models

from django_apierrors.exceptions import InvalidState


class Crate(models.Model):
    def close(self):
        raise InvalidState
"""


@pytest.fixture
def check_project(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Return a function that runs `manage.py check` on a project; it returns status and ids."""

    def check(changes: str = "", *, apps: str = '["rest_framework", "django_apierrors"]') -> Any:
        package = tmp_path / "crates"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "models.py").write_text(MODELS)
        (tmp_path / "eager.py").write_text(EAGER)
        (tmp_path / "shop.py").write_text("urlpatterns = []\n")
        (tmp_path / "settings.py").write_text(
            f"APPS = {apps}\n{TWO_LINES}{textwrap.dedent(changes)}"
        )
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "django", "check", "--settings", "settings"],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in run.stderr, run.stderr
        return run.returncode, re.findall(r"\((django_apierrors\.[A-Z]\d+)\)", run.stderr)

    return check


ALL = """
    REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] = ["django_apierrors.renderers.JSONRenderer"]
    REST_FRAMEWORK["DEFAULT_PARSER_CLASSES"] = ["django_apierrors.parsers.JSONParser"]
    REST_FRAMEWORK["DEFAULT_CONTENT_NEGOTIATION_CLASS"] = (
        "django_apierrors.negotiation.JSONContentNegotiation"
    )
    MIDDLEWARE.insert(0, "django_apierrors.middleware.APIErrorsMiddleware")
    REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["eager.Eager"]
"""


def test_a_project_with_the_two_required_lines_has_two_warnings(
    check_project: Callable[..., Any],
) -> None:
    assert check_project() == (0, ["django_apierrors.W001", "django_apierrors.W002"])


@pytest.mark.parametrize(
    "apps",
    [
        '["django_apierrors", "rest_framework", "crates"]',
        '["crates", "rest_framework", "django_apierrors"]',
    ],
)
def test_an_authenticator_can_read_models_when_it_is_imported(
    check_project: Callable[..., Any], apps: str
) -> None:
    assert check_project(ALL, apps=apps) == (0, [])


class SingleView(ErrorFormatMixin, APIView):
    """A view that has the format in a project without our handler."""


def test_without_a_handler_a_view_with_the_mixin_makes_a_warning_of_the_error(
    settings: Settings, set_urls: Callable[..., None]
) -> None:
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
    }
    for view, level in [(APIView, ERROR), (SingleView, WARNING)]:
        set_urls(path("single", view.as_view()))
        [message] = [each for each in check_installation() if each.id == "django_apierrors.E007"]
        assert message.level == level
    settings.ROOT_URLCONF = "tests.nowhere"
    assert "django_apierrors.E007" in [each.id for each in check_installation()]
