"""Schemathesis against the running example project, with two users as peers.

`SCHEMATHESIS_EXAMPLES=200 pytest tests/example_project/test_schema_run.py` is the long run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from example_project.demo.server import Server
from tests.example_project.fixtures import execute
from tests.services import require_package

require_package("schemathesis")

CONFIG = Path(__file__).resolve().parent / "schema_run"
PEER, PEERS_KEY = "UoperatorDan111111111111", "demo-key-of-a-peer"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "5")

COMMAND = [
    *(
        sys.executable,
        "-m",
        "schemathesis.cli.__main__",
        "--config-file",
        "schemathesis.toml",
        "run",
    ),
    # schema_run/checks.py has a check in its place.
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
    *("--no-color", "--max-examples", EXAMPLES),
]

pytestmark = pytest.mark.once


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


@pytest.mark.timeout(0 if "SCHEMATHESIS_EXAMPLES" in os.environ else 180)
def test_schemathesis_finds_no_failure(production_server: Server, tmp_path: Path) -> None:
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
