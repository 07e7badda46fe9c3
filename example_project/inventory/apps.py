"""The app configuration of the inventory."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The inventory."""

    name = "example_project.inventory"
    label = "inventory"

    def ready(self) -> None:
        """Register the extensions for drf-spectacular."""
        import_module("example_project.inventory.openapi")
