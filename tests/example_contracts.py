"""The contracts of the example project's endpoints; `tests/test_example_contracts.py` runs them.

They need the settings of the example project, and so a process of their own.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from django_apierrors.testing import VerbContract
from example_project.demo_data import WRITE_KEY


@pytest.mark.django_db
class TestThngs(VerbContract):
    """Those of the thngs."""

    url = "/thngs"
    resource_url = "/thngs/{id}"
    document = {"name": "lantern"}
    update = {"name": "lamp"}
    unknown_id = "U" * 24
    malformed_id = "x"
    ignored_members = ("updatedAt",)

    @pytest.fixture(autouse=True)
    def seeded(self, db: None) -> None:
        """Have the operators, whose keys let a client in."""
        call_command("seed_demo")

    def get_client(self) -> Any:
        """Return a client that may write."""
        return Client(headers={"authorization": WRITE_KEY})


class TestCollections(TestThngs):
    """Those of the collections."""

    url = "/collections"
    resource_url = "/collections/{id}"
