"""The sdist and the wheel: built once, and the wheel installed into an empty environment.

The environment has the run-time dependencies alone, in the versions of Django and DRF that these
tests run with. The time of a build and an installation depends on the package index, so no test
here has a timeout.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
import venv
import zipfile
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import django_apierrors
from tests.distributions import ROOT, Distributions, run
from tests.locale import messages

PACKAGE = "django_apierrors"

# Modules for an optional package: without it, importing them raises a ModuleNotFoundError.
OPTIONAL = {
    "django_apierrors.openapi": "drf_spectacular",
    "django_apierrors.testing.schemathesis": "schemathesis",
}

FILES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / PACKAGE).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
MODULES = sorted(
    file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for file in FILES
    if file.endswith(".py")
)

pytestmark = [pytest.mark.network, pytest.mark.timeout(0)]


@pytest.fixture(scope="session")
def python(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty environment, and return its Python."""
    return install(tmp_path_factory.mktemp("environment"), str(distributions.wheel))


def install(home: Path, *requirements: str) -> Path:
    """Install requirements into a new environment, and return its Python."""
    venv.create(home, symlinks=os.name != "nt")
    tested = [f"{name}=={version(name)}" for name in ("django", "djangorestframework")]
    pip = (sys.executable, "-m", "pip", "--python", home, "--disable-pip-version-check")
    run(*pip, "install", "--no-compile", *requirements, *tested, cwd=home)
    return home / ("Scripts" if os.name == "nt" else "bin") / "python"


@pytest.fixture(scope="session")
def metadata(distributions: Distributions) -> Message:
    """Return the metadata of the wheel."""
    with zipfile.ZipFile(distributions.wheel) as wheel:
        [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(wheel.read(name).decode())


def run_script(python: Path, script: str, *arguments: str) -> Any:
    """Return the JSON that a script prints in the environment."""
    # -I ignores the current directory and PYTHONPATH, so the work tree cannot be imported.
    return json.loads(run(python, "-I", "-c", SETUP + script, *arguments, cwd=python.parent))


def test_the_wheel_contains_the_package_alone(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert sorted(names) == FILES
    assert f"{PACKAGE}/py.typed" in FILES


def test_the_sdist_contains_the_files_that_packagers_need(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {path.partition("/")[2] for path in sdist.getnames()}
    documents = {"CHANGELOG.md", "LICENSE", "README.md"}
    assert documents | {"pyproject.toml", "setup.cfg", "tests/settings.py"} <= names


def test_the_metadata_describes_the_package(metadata: Message) -> None:
    names = ("Name", "Version", "Requires-Python", "License-Expression", "License-File")
    assert [metadata[name] for name in names] == [
        "django-apierrors",
        django_apierrors.__version__,
        ">=3.11",
        "MIT",
        "LICENSE",
    ]
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert str(metadata.get_payload()).strip() == readme.strip()


def test_django_and_drf_are_the_only_requirements(metadata: Message) -> None:
    requirements = metadata.get_all("Requires-Dist", [])
    assert [name for name in requirements if "extra ==" not in name] == [
        "django>=5.2",
        "djangorestframework>=3.16",
    ]


def test_the_classifiers_are_the_versions_of_the_matrix() -> None:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    classifiers = config["metadata"]["classifiers"]
    environments = config["tox:tox"]["env_list"]
    pythons = re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", classifiers, re.M)
    djangos = re.findall(r"^Framework :: Django :: (\d)\.(\d)$", classifiers, re.M)
    assert set(pythons) == set(re.findall(r"\bpy3(\d+)", environments))
    assert set(djangos) == set(re.findall(r"\bdjango(\d)(\d)", environments))


# Each script of the environment begins so.
SETUP = """
import importlib, json, sys, traceback
import django_apierrors
import django
from django.conf import settings
assert not settings.configured
settings.configure(
    SECRET_KEY="a key for this test alone",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework", "django_apierrors"],
    REST_FRAMEWORK={
        "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
        "UNAUTHENTICATED_USER": None,
    },
)
urlpatterns = []
django.setup()
"""

IMPORT_ALL = """
outcomes = {}
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        outcomes[module] = f"needs {error.name}"
    except Exception:
        outcomes[module] = traceback.format_exc()
    else:
        outcomes[module] = "imported"
print(json.dumps(outcomes))
"""


def test_every_module_imports_with_the_run_time_dependencies_alone(python: Path) -> None:
    outcomes = run_script(python, IMPORT_ALL, *MODULES)
    needed = {module: f"needs {package}" for module, package in OPTIONAL.items()}
    assert outcomes == {**dict.fromkeys(MODULES, "imported"), **needed}


CHECK = """
from django.core.checks import ERROR, run_checks
print(json.dumps([str(message) for message in run_checks() if message.level >= ERROR]))
"""


def test_the_app_and_the_handler_alone_pass_the_system_checks(python: Path) -> None:
    assert run_script(python, CHECK) == []


TRANSLATE = """
from django.utils import translation
from django_apierrors.catalog import CATALOG
translations = {}
for locale in sys.argv[1:]:
    with translation.override(translation.to_language(locale)):
        translations[locale] = str(CATALOG["GONE"].message)
print(json.dumps(translations))
"""


def test_the_installed_package_contains_its_translations(python: Path) -> None:
    message = messages.Message("The resource you try to access is no longer available.")
    assert run_script(python, TRANSLATE, *messages.LOCALES) == {
        locale: messages.read_translations(locale)[message].texts[0] for locale in messages.LOCALES
    }


DOCUMENT = """
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from rest_framework import generics, serializers
from django_apierrors.openapi import AutoSchema

class View(generics.CreateAPIView):
    schema = AutoSchema()
    serializer_class = serializers.Serializer

statuses = {}
for version in sys.argv[1:]:
    with patched_settings({"OAS_VERSION": version}):
        document = SchemaGenerator(patterns=[path("a", View.as_view())]).get_schema(public=True)
    status = document["components"]["schemas"]["APIError503ServiceUnavailable"]
    statuses[version] = status["properties"]["status"]
print(json.dumps(statuses))
"""


def test_the_schema_is_made_with_the_oldest_drf_spectacular(
    distributions: Distributions, metadata: Message, tmp_path: Path
) -> None:
    [oldest] = re.findall(r"drf-spectacular>=([\d.]+)", " ".join(metadata.get_all("Requires-Dist")))
    wheel = f"{distributions.wheel}[openapi]"
    python = install(tmp_path / "environment", wheel, f"drf-spectacular=={oldest}")
    assert run_script(python, DOCUMENT, "3.0.3", "3.1.0") == {
        "3.0.3": {"type": "integer", "minimum": 503, "maximum": 503},
        "3.1.0": {"type": "integer", "const": 503},
    }
