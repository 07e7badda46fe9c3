"""The migrations of the minimal project."""
