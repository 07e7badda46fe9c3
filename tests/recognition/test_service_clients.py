"""The clients of services that are down or never respond, each with its real package."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from django_apierrors.recognition import recognise

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    *("botocore.", "elastic_transport.", "grpc.", "niquests."),
    *("opensearchpy.", "oracledb.", "pika.", "pymongo.", "valkey."),
)


@pytest.mark.network
@pytest.mark.once
@pytest.mark.timeout(300)
def test_an_outage_has_its_code_for_each_client(tmp_path: Path) -> None:
    venv.create(tmp_path / "environment", with_pip=False, symlinks=True)
    python = tmp_path / "environment" / "bin" / "python"
    requirements = [
        "-r",
        str(ROOT / "requirements" / "clients.txt"),
        "django",
        "djangorestframework",
    ]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-compile"]
    subprocess.run([*pip, *options, *requirements], check=True)

    script = [str(python), "-m", "tests.recognition.service_clients", *PACKAGES]
    output = subprocess.run(script, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout

    outcome = json.loads(output.splitlines()[-1])
    refused, late = "503 SERVICE_UNAVAILABLE 5", "504 GATEWAY_TIMEOUT 5"
    down = {"refuses": refused, "hangs up": refused}
    responses = {**down, "never responds": late, "never accepts": late}
    expected: dict[str, dict[str, str]] = dict.fromkeys(outcome["middleware"], responses)
    # A sync connection to a silent server never ends, and a pool has no connection in time.
    expected["use_oracledb"] = {**down, "never accepts": late}
    expected["use_oracledb_pool"] = {**down, "never accepts": refused}
    # The channel connects again until the time of the caller is over.
    expected["wait_for_grpc"] = dict.fromkeys(responses, late)
    assert outcome == {"handler alone": expected, "middleware": expected, "missing": []}
    assert len(expected) == 16


def test_an_exception_whose_attributes_are_not_as_usual_is_an_unhandled_one() -> None:
    for name in ("grpc.RpcError", "botocore.exceptions.ClientError", "oracledb.exceptions.Error"):
        module, _, cls = name.rpartition(".")
        exception = type(cls, (Exception,), {"__module__": module})()
        assert recognise(exception).code.name == "INTERNAL_ERROR"
