"""The inventory's management package."""
