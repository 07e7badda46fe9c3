"""The sdist and the wheel of the checkout, which all processes of a test run share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.sharing import locked_directory

ROOT = Path(__file__).resolve().parent.parent
IGNORED = (".*", "*.egg-info", "__pycache__", "build", "dist", "node_modules")


class Distributions(NamedTuple):
    """The two files of a release."""

    wheel: Path
    sdist: Path


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Return the output of a command; the test fails with all of it if the command does."""
    completed = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode:
        pytest.fail(f"{command[:4]} failed:\n{completed.stdout}\n{completed.stderr}")
    return completed.stdout


def build(directory: Path) -> None:
    """Build the sdist, and the wheel from it, in a copy, so that the work tree stays clean."""
    source, backend = directory / "source", directory / "backend"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*IGNORED))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # `build` would install the backend twice, into an environment for each of the two files.
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-compile")
    run(*pip, "--target", backend, *project["build-system"]["requires"], cwd=directory)
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", directory / "dist")
    run(*command, cwd=source, PYTHONPATH=str(backend))


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist and the wheel, built by the first process that needs them."""
    with locked_directory(tmp_path_factory, "distributions") as directory:
        dist = directory / "dist"
        if not dist.exists():
            build(directory)
    return Distributions(*dist.glob("*.whl"), *dist.glob("*.tar.gz"))
