"""Our generic classes have DRF's types: the same lines are right and wrong with both."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from rest_framework import generics as stock_generics

from django_apierrors import generics, operations, viewsets
from tests.services import require_package, skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
PYRIGHT = ROOT / "tests/clients/node_modules/.bin/pyright"
FILES = ("views.py", "wrong_views.py")
# DRF has no classes of these names.
OWN_FILES = (*FILES, "own_views.py")

# The name of a file, and the number of a line.
Line = tuple[str, int]


def run_mypy(folder: Path) -> set[Line]:
    """Return the lines that mypy rejects."""
    require_package("mypy")
    output = subprocess.run(
        [sys.executable, "-m", "mypy", *(str(path) for path in folder.glob("*.py"))],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    assert re.search(r"^(Found \d+ errors|Success)", output, re.MULTILINE), output
    errors = re.findall(r"([\w.]+):(\d+): error:", output)
    return {(name, int(number)) for name, number in errors}


def run_pyright(folder: Path) -> set[Line]:
    """Return the lines that pyright rejects."""
    if not PYRIGHT.exists():
        skip_or_fail("pyright is not installed: run `npm ci` in tests/clients")
    config = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), "utf-8")
    command = [str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    output = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
    assert output["summary"]["filesAnalyzed"] == len([*folder.glob("*.py")])
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in output["generalDiagnostics"]
    }


@pytest.mark.once
@pytest.mark.timeout(300)
@pytest.mark.parametrize("check", [run_mypy, run_pyright])
@pytest.mark.parametrize(
    ("package", "files"), [("django_apierrors", OWN_FILES), ("rest_framework", FILES)]
)
def test_the_wrong_lines_are_rejected_and_no_others(
    package: str, files: tuple[str, ...], check: Callable[[Path], set[Line]], tmp_path: Path
) -> None:
    wrong = set()
    for name in files:
        text = (Path(__file__).parent / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("django_apierrors", package), "utf-8")
        lines = enumerate(text.splitlines(), start=1)
        wrong |= {(name, number) for number, line in lines if line.endswith("# wrong")}

    assert check(tmp_path) == wrong


@pytest.mark.once
def test_each_class_with_a_generic_class_of_drf_as_its_base_is_checked() -> None:
    text = "".join((Path(__file__).parent / name).read_text("utf-8") for name in OWN_FILES)
    classes = {
        cls
        for module in (generics, operations, viewsets)
        for name in module.__all__
        if isinstance(cls := getattr(module, name), type)
        and issubclass(cls, stock_generics.GenericAPIView)
    }
    assert {cls.__name__ for cls in classes if f"{cls.__name__}[User]" not in text} == set()
    # DRF's classes return themselves when the program runs.
    assert [cls for cls in classes if cls[User] is not cls] == []
    assert operations.AcceptedAPIView in classes
