"""``manage.py seed_demo``: creates the operators, API keys, collections and thngs of the demo."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from example_project.demo import data as demo_data
from example_project.inventory.models import ApiKey, Collection, Operator, Thng


class Command(BaseCommand):
    """Creates the data of the demo; another run restores data that was changed."""

    help = "Create the operators, API keys, collections and thngs of the demo."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create all of it, or nothing."""
        for seed in (seed_operators, seed_collections, seed_thngs):
            self.stdout.write(f"  {seed()}")


def seed_operators() -> str:
    """Create the operators, each with an API key, and return a line for the output."""
    for data in demo_data.OPERATORS:
        operator, _ = Operator.objects.update_or_create(
            id=data["id"],
            defaults={
                "account": demo_data.ACCOUNT,
                "first_name": data["first_name"],
                "last_name": data["last_name"],
                "email": f"{data['first_name'].lower()}@example.com",
            },
        )
        ApiKey.objects.update_or_create(
            digest=ApiKey.digest_of(data["key"]),
            defaults={"operator": operator, "access": data["access"]},
        )
    return f"seeded {len(demo_data.OPERATORS)} operators, each with an API key"


def seed_collections() -> str:
    """Create the collections and return a line for the output."""
    for data in demo_data.COLLECTIONS:
        defaults = {"name": data["name"], "description": data["description"]}
        Collection.objects.update_or_create(id=data["id"], defaults=defaults)
    return f"seeded {len(demo_data.COLLECTIONS)} collections"


def seed_thngs() -> str:
    """Create the thngs and return a line for the output."""
    for data in demo_data.THNGS:
        defaults = {"name": data["name"], "tags": data["tags"]}
        thng, _ = Thng.objects.update_or_create(id=data["id"], defaults=defaults)
        thng.set_identifiers({"serial": data["serial"]})
        thng.collections.set([data["collection"]] if data["collection"] else [])
    return f"seeded {len(demo_data.THNGS)} thngs"
