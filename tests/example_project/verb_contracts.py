"""The contracts of the example project's endpoints, which ``test_verb_contracts.py`` runs.

The contracts need the settings of the example project, so they run in a process of their own.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from django_apierrors.testing import VerbContract
from example_project.demo.data import WRITE_KEY


@pytest.mark.django_db
class TestThngs(VerbContract):
    url = "/thngs"
    resource_url = "/thngs/{id}"
    document = {"name": "lantern"}
    update = {"name": "lamp"}
    unknown_id = "U" * 24
    malformed_id = "x"
    allows_undeclared_errors = False
    ignored_keys = ("updatedAt",)

    @pytest.fixture(autouse=True)
    def seeded(self, db: None) -> None:
        call_command("seed_demo")

    def get_client(self) -> Any:
        return Client(headers={"authorization": WRITE_KEY})


class TestCollections(TestThngs):
    url = "/collections"
    resource_url = "/collections/{id}"
