"""The inventory's app configuration."""

from __future__ import annotations

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """Names the app."""

    name = "example_project.inventory"
    label = "inventory"
