"""The source distribution of a package and an environment for its tests, in `build/suites`."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "suites"

# The tests of each suite run under these.
REQUIREMENTS = ("orjson", "pytest", "pytest-django")


class NotFetchedError(Exception):
    """The package index cannot be reached, or it lacks a distribution."""


def run_pip(*arguments: str, python: Path | str = sys.executable) -> None:
    """Run pip for an environment; raise NotFetchedError with its last line if it fails."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        *arguments,
        "--quiet",
        "--disable-pip-version-check",
    ]
    # A machine without the index should not wait for minutes.
    command += ["--retries", "1"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        lines = [line for line in completed.stderr.splitlines() if line.startswith("ERROR")]
        raise NotFetchedError((lines or completed.stderr.splitlines() or ["pip failed"])[-1])


def fetch_source(package: str, version: str) -> Path:
    """Return the folder of a package's source distribution, which is downloaded once."""
    folder = BUILD / f"{package}-{version.rstrip('.*')}"
    sources = folder / "source"
    if not sources.exists():
        requirement = f"{package}=={version}"
        run_pip("download", "--no-deps", "--no-binary", package, "-d", str(folder), requirement)
        [archive] = folder.glob("*.tar.gz")
        with tarfile.open(archive) as file:
            file.extractall(folder / "unpacked", filter="data")
        (folder / "unpacked").rename(sources)
    # If a suite has no configuration, pytest would use that of a folder above: ours.
    (BUILD / "pytest.ini").write_text("[pytest]\n", "utf-8")
    [source] = sources.iterdir()
    return source


def make_environment(name: str, requirements: Collection[str]) -> Path:
    """Return the Python of an environment, which is made once for its requirements."""
    folder = BUILD / f"venv-{name}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp = folder / "requirements.txt"
    required = "\n".join((*REQUIREMENTS, *requirements))
    if not stamp.exists() or stamp.read_text("utf-8") != required:
        command = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)]
        subprocess.run(command, check=True)
        run_pip("install", *REQUIREMENTS, *requirements, python=python)
        stamp.write_text(required, "utf-8")
    return python
