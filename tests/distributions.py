"""The sdist and the wheel of the checkout, which all processes of a test run share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

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
    directory = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        directory = directory.parent
    directory = directory / "distributions"
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "dist").exists():
            build(directory)
    return Distributions(
        *(directory / "dist").glob("*.whl"), *(directory / "dist").glob("*.tar.gz")
    )
