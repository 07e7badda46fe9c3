"""The inventory's management commands."""
