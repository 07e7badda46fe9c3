"""The workflows of GitHub: their commands exist, and run on the Python that they install."""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from suites.suite import read_suites

# A version of Django or DRF changes none of it.
pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent


def read_commands(name: str) -> Iterator[tuple[str, str]]:
    """Yield the Python of each job of a workflow, and the `make` command that it runs."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8"))
    for job in workflow["jobs"].values():
        [python] = [
            s["with"]["python-version"] for s in job["steps"] if "python" in s.get("uses", "")
        ]
        commands = [step["run"] for step in job["steps"] if "make" in step.get("run", "")]
        for row in job.get("strategy", {}).get("matrix", {}).get("include", [{"python": python}]):
            for command in [row["run"]] if "run" in row else commands:
                yield row["python"], command


@pytest.mark.parametrize("name", ["ci", "prereleases"])
def test_the_commands_of_a_workflow_exist(name: str) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    environments = {*config["tox:tox"]["env_list"].split(), "prerelease"}
    assert "testenv:prerelease" in config
    suites = [f"{s.package}-{v.version.rstrip('.*')}" for s in read_suites() for v in s.versions]
    for python, command in read_commands(name):
        target, *arguments = command.removeprefix("make ").split()
        values = dict(argument.split("=") for argument in arguments)
        assert target in targets
        if target == "matrix":
            assert values["ONLY"] in environments
            number = python.replace(".", "")
            assert (
                values["ONLY"].startswith(f"py{number}-") or values["PYTHON"] == f"python{python}"
            )
        if target == "suites":
            assert values.get("ONLY", "") in ("", *suites)


def test_the_ci_script_runs_the_suites_of_drf_and_the_workflow_all_suites() -> None:
    assert "make suites" in [command for _, command in read_commands("ci")]
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make suites ONLY=djangorestframework-3" in lines
