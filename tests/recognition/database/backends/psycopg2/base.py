"""Django's backend for PostgreSQL, imported as where psycopg is not installed."""

from __future__ import annotations

from tests.recognition.database.backends import import_copy

DatabaseWrapper = import_copy(
    "django.db.backends.postgresql", {"psycopg": None}, __package__
).DatabaseWrapper
