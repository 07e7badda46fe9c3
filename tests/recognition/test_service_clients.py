"""The clients of services that are down or never respond, each with its real package."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

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
    subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=True)

    script = [str(python), "-m", "tests.recognition.service_clients", *PACKAGES]
    output = subprocess.run(script, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout

    outcome = json.loads(output.splitlines()[-1])
    codes = ["SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"]
    expected: dict[str, list[Any]] = dict.fromkeys(outcome["codes"], codes)
    expected["use_oracledb"] = ["SERVICE_UNAVAILABLE", None]
    assert outcome == {"codes": expected, "missing": []}
    assert len(expected) == 10


def test_an_exception_whose_attributes_are_not_as_usual_is_an_unhandled_one() -> None:
    for name in ("grpc.RpcError", "botocore.exceptions.ClientError", "oracledb.exceptions.Error"):
        module, _, cls = name.rpartition(".")
        exception = type(cls, (Exception,), {"__module__": module})()
        assert recognise(exception).code.name == "INTERNAL_ERROR"
