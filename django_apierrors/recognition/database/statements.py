"""Statements: what the ORM was about to do when a database refused it, read from the traceback.

MySQL names a column or a `PRIMARY` key without its table, SQLite a check without its table, and a
missing parent without anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Model

from django_apierrors.recognition.tracebacks import iter_frames

COMPILER = "django.db.models.sql.compiler"


class Statement(NamedTuple):
    """The model that a statement is about, and the query that it was compiled from."""

    model: type[Model] | None = None
    query: Any = None
    is_deletion: bool = False

    def get_keys(self) -> Mapping[str, set[str]]:
        """Return the foreign keys that were written, as texts, by the names of their fields."""
        keys = defaultdict[str, set[str]](set)
        # Those of an INSERT, and those of an UPDATE.
        for row in getattr(self.query, "objs", ()):
            for field in self.query.fields:
                if field.is_relation:
                    keys[field.name].add(str(getattr(row, field.attname)))
        for field, _, value in getattr(self.query, "values", ()):
            if field.is_relation:
                keys[field.name].add(str(getattr(value, "pk", value)))
        return keys


def get_statement(exception: BaseException) -> Statement:
    """Return the statement that raised `exception`, an empty one if it was not the ORM's."""
    for frame, _is_last in iter_frames(exception):
        if frame.f_code.co_name == "execute_sql" and frame.f_globals.get("__name__") == COMPILER:
            compiler = frame.f_locals["self"]
            is_deletion = type(compiler).__name__ == "SQLDeleteCompiler"
            return Statement(compiler.query.model, compiler.query, is_deletion)
    return Statement()
