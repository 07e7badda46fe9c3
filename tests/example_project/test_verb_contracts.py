"""The endpoints of the example project fulfil the contract of the methods."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django_apierrors.testing import VerbContract
from example_project.demo.server import ROOT
from tests.example_project.fixtures import SETTINGS

CONTRACTS = Path(__file__).with_name("verb_contracts.py")
CHECKS = [name for name in dir(VerbContract) if name.startswith("test_")]


def test_the_endpoints_of_the_example_fulfil_the_contract() -> None:
    # Without conftest.py, whose fixtures need the settings of the package's own tests, and without
    # the plugins of other packages, which take seconds to import.
    options = ["-q", "--noconftest", "-p", "no:cacheprovider", "-p", "pytest_django.plugin"]
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--ds", SETTINGS, str(CONTRACTS)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # All checks of both endpoints; a skipped check would be in the summary line too.
    summary = completed.stdout.splitlines()[-1]
    assert summary.startswith(f"{2 * len(CHECKS)} passed in "), completed.stdout
