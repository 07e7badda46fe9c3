"""The OpenAPI schema of the example project, and a run of schemathesis with two users as peers.

``SCHEMATHESIS_EXAMPLES=200 pytest tests/example_project/test_schema.py`` is the long run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from example_project.demo.server import Server, manage
from tests.example_project.client import send
from tests.example_project.fixtures import SETTINGS, execute
from tests.services import require_package

CONFIG = Path(__file__).with_name("schema_run")
PEER, PEERS_KEY = "UoperatorDan111111111111", "demo-key-of-a-peer"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "5")

COMMAND = [
    *(sys.executable, "-m", "schemathesis.cli.__main__"),
    *("--config-file", "schemathesis.toml", "run"),
    # schema_run/checks.py has a check in place of the excluded one.
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
    *("--no-color", "--max-examples", EXAMPLES),
]


def add_peer(server: Server) -> None:
    """Add an operator of another account, with a write key."""
    now = "2026-01-01 00:00:00"
    columns = "id, account, first_name, last_name, email, created_at, updated_at"
    execute(
        server,
        f"INSERT INTO inventory_operator ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(PEER, "UAccountDan1111111111111", "Dan", "Peer", "dan@example.com", now, now),
    )
    execute(
        server,
        "INSERT INTO inventory_apikey (digest, access, operator_id) VALUES (?, ?, ?)",
        *(sha256(PEERS_KEY.encode()).hexdigest(), "write", PEER),
    )


@pytest.fixture
def unlimited_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have gunicorn read any URL: its own response to one over 4094 bytes is an HTML page."""
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--limit-request-line 0")


@pytest.mark.once
@pytest.mark.timeout(0 if "SCHEMATHESIS_EXAMPLES" in os.environ else 180)
def test_schemathesis_passes(
    unlimited_lines: None, production_server: Server, tmp_path: Path
) -> None:
    require_package("schemathesis")
    add_peer(production_server)
    # Schemathesis writes its findings beside its configuration.
    directory = shutil.copytree(CONFIG, tmp_path / "run")
    completed = subprocess.run(
        [*COMMAND, f"{production_server.url}/schema"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert completed.returncode == 0, completed.stdout


def test_the_schema_is_public_and_valid(example_server: Server) -> None:
    require_package("openapi_spec_validator")
    from openapi_spec_validator import validate

    response = send(example_server, "GET", "/schema?format=json", key=None)

    assert response.status == 200, response.text
    validate(response.json)


def test_the_schema_is_generated_without_a_warning(tmp_path: Path) -> None:
    options = ("--validate", "--fail-on-warn", "--format", "openapi-json")
    output = manage("spectacular", *options, database=tmp_path / "none", settings=SETTINGS)
    assert json.loads(output)["openapi"] == "3.1.0"


def test_swagger_ui_loads_only_its_own_files(example_server: Server) -> None:
    page = send(example_server, "GET", "/docs", key=None, Accept="text/html")
    assert page.status == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    assert all(link.startswith("/static/drf_spectacular_sidecar/") for link in links)
    assert [send(example_server, "GET", link, key=None).status for link in links] == [200] * 4
    assert "://" not in page.text
