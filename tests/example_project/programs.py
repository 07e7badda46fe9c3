"""The programs of the example project as processes."""

from __future__ import annotations

import os
import subprocess
import sys

from example_project.demo.server import ROOT

TIMEOUT = 60


def get_command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"example_project.{module}", *arguments]


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module until it exits, and return its output."""
    return subprocess.run(
        get_command(module, *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
