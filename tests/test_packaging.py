"""Hold the distributions to their promise: build them, install the wheel alone, import it.

The wheel is installed in an environment that has the run-time dependencies and nothing else, in the
versions of Django and DRF that these tests run with.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

import django_apierrors
from tests.locale import messages

PACKAGE = "django_apierrors"
ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / PACKAGE

# Modules that are written for an optional package, and its name: they need not import without it.
WRITTEN_FOR = {
    "django_apierrors.openapi": "drf_spectacular",
    "django_apierrors.testing.schemathesis": "schemathesis",
}

FILES = sorted(
    str(path.relative_to(ROOT))
    for path in SOURCE.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
MODULES = sorted(
    file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for file in FILES
    if file.endswith(".py")
)

pytestmark = pytest.mark.network


class Distributions(NamedTuple):
    """The two files that a release consists of."""

    wheel: Path
    sdist: Path


def run(*command: str | Path, cwd: Path) -> str:
    """Return what `command` printed; fail with all of it when the command fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{command[:4]} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Build the wheel and the sdist from a copy, so that the work tree stays clean."""
    copy = tmp_path_factory.mktemp("source") / "copy"
    hidden = shutil.ignore_patterns(
        ".*", "*.egg-info", "__pycache__", "build", "dist", "node_modules"
    )
    shutil.copytree(ROOT, copy, ignore=hidden)
    output = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", output, cwd=copy)
    return Distributions(*output.glob("*.whl"), *output.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def python(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with the wheel and its run-time dependencies."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    executable = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    tested = [f"{name}=={version(name)}" for name in ("django", "djangorestframework")]
    run(executable, "-m", "pip", "install", distributions.wheel, *tested, cwd=home)
    return executable


@pytest.fixture(scope="module")
def metadata(distributions: Distributions) -> Message:
    """Return the metadata that the wheel carries."""
    with zipfile.ZipFile(distributions.wheel) as wheel:
        [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_every_file_of_the_package_and_no_other(
    distributions: Distributions,
) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        packed = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert sorted(packed) == FILES


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_the_wheel_holds_what_a_language_is_made_of(
    distributions: Distributions, locale: str
) -> None:
    directory = f"{PACKAGE}/locale/{locale}/LC_MESSAGES"
    with zipfile.ZipFile(distributions.wheel) as wheel:
        packed = [name for name in wheel.namelist() if name.startswith(f"{directory}/")]
        assert sorted(packed) == [f"{directory}/django.mo", f"{directory}/django.po"]
        assert wheel.read(packed[0]) == (ROOT / packed[0]).read_bytes()


def test_the_package_says_that_it_is_typed() -> None:
    assert f"{PACKAGE}/py.typed" in FILES


@pytest.mark.parametrize(
    "name",
    ["CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "setup.cfg", "tests/settings.py"],
)
def test_the_sdist_holds_what_a_packager_needs(distributions: Distributions, name: str) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {path.partition("/")[2] for path in sdist.getnames()}
    assert name in names


def test_the_metadata_names_the_package_its_version_and_its_licence(metadata: Message) -> None:
    names = ("Name", "Version", "Requires-Python", "License-Expression", "License-File")
    assert [metadata[name] for name in names] == [
        "django-apierrors",
        django_apierrors.__version__,
        ">=3.11",
        "MIT",
        "LICENSE",
    ]


def test_the_metadata_carries_the_readme(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert str(metadata.get_payload()).strip() == readme.strip()


def test_django_and_drf_are_all_that_the_wheel_requires(metadata: Message) -> None:
    requirements = [
        item for item in metadata.get_all("Requires-Dist", []) if "extra ==" not in item
    ]
    assert requirements == ["django>=5.2", "djangorestframework>=3.16"]


def test_the_classifiers_claim_the_versions_that_the_matrix_runs() -> None:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    classifiers = config["metadata"]["classifiers"].split("\n")
    claimed = {
        prefix: {line.removeprefix(prefix) for line in classifiers if line.startswith(prefix)}
        for prefix in ("Programming Language :: Python :: 3.", "Framework :: Django :: ")
    }
    factors = {part for name in config["tox:tox"]["env_list"].split() for part in name.split("-")}
    assert claimed == {
        "Programming Language :: Python :: 3.": {
            factor.removeprefix("py3") for factor in factors if factor.startswith("py3")
        },
        "Framework :: Django :: ": {
            f"{factor[6]}.{factor[7:]}" for factor in factors if factor.startswith("django")
        },
    }


IMPORT_ALL = """
import importlib, json, sys, traceback
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["rest_framework", "django_apierrors"])
django.setup()
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


@pytest.fixture(scope="module")
def outcomes(python: Path) -> dict[str, str]:
    """Import every module of the installed wheel and return what came of each."""
    # -I keeps the work tree out: neither the current directory nor PYTHONPATH is searched.
    return json.loads(run(python, "-I", "-c", IMPORT_ALL, *MODULES, cwd=python.parent))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_with_the_run_time_dependencies_alone(
    outcomes: dict[str, str], module: str
) -> None:
    missing = WRITTEN_FOR.get(module)
    assert outcomes[module] == (f"needs {missing}" if missing else "imported")


def test_the_package_imports_where_django_is_not_configured(python: Path) -> None:
    script = f"import {PACKAGE}; print({PACKAGE}.__version__)"
    printed = run(python, "-I", "-c", script, cwd=python.parent)
    assert printed.strip() == django_apierrors.__version__


CHECK_TWO_LINES = """
from django.conf import settings
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
from django.core.management import execute_from_command_line
execute_from_command_line(["manage", "check"])
print("passed")
"""


def test_a_project_of_the_two_lines_passes_its_checks(python: Path) -> None:
    printed = run(python, "-I", "-c", CHECK_TWO_LINES, cwd=python.parent)
    assert printed.strip() == "passed"


SPEAK = """
import sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["rest_framework", "django_apierrors"], LANGUAGE_CODE=sys.argv[1])
django.setup()
from django.utils import translation
from django_apierrors.catalog import CATALOG
translation.activate(settings.LANGUAGE_CODE)
sys.stdout.buffer.write(str(CATALOG["GONE"].message).encode())
"""


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_the_installed_package_speaks_its_languages(python: Path, locale: str) -> None:
    text = "The resource you try to access is no longer available."
    code = locale.replace("_", "-").lower()
    printed = run(python, "-I", "-c", SPEAK, code, cwd=python.parent)
    translations = messages.read_translations(locale)
    assert printed == translations[messages.Message(text)].texts[0]
