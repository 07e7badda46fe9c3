"""Errors of databases: codes of the drivers, constraints, statements."""
