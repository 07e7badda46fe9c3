"""The inventory's app configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from example_project import documentation


class InventoryConfig(AppConfig):
    """Names the app."""

    name = "example_project.inventory"
    label = "inventory"

    def ready(self) -> None:
        """Tell drf-spectacular, where it is installed, what it cannot tell by itself."""
        if documentation.IS_INSTALLED:
            import_module("example_project.inventory.openapi")
