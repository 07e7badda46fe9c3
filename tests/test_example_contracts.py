"""The endpoints of the example project keep the contract of the verbs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django_apierrors.testing import VerbContract

HERE = Path(__file__).resolve().parent
CHECKS = [name for name in dir(VerbContract) if name.startswith("test_")]


def test_the_endpoints_of_the_example_keep_the_contract() -> None:
    # The suite's own fixtures are about the suite's own models.
    options = ["-q", "--noconftest", "-p", "no:cacheprovider", "--ds", "example_project.settings"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(HERE / "example_contracts.py")],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    # Of two endpoints; none is skipped.
    assert done.stdout.splitlines()[-1].startswith(f"{2 * len(CHECKS)} passed in "), done.stdout
