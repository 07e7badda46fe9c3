"""The ORM query that a database rejected, read from the traceback.

MySQL names a column or a `PRIMARY` key without its table. SQLite names a check without its table,
and a missing foreign key not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Field, Model

from django_apierrors.recognition.tracebacks import iter_frames

# The functions that have a compiler in a variable. `iterator()` may fail while rows are fetched.
COMPILERS = {
    ("django.db.models.sql.compiler", "execute_sql"): "self",
    ("django.db.models.query", "__iter__"): "compiler",
}
CURSORS = "django.db.backends.utils"

# The attribute that has the JSON in a parameter, by the package of its class.
JSON_ATTRIBUTES = {"psycopg": "obj", "psycopg2": "adapted"}

# Only the first rows are read: a bulk_create() or an executemany() may write a million.
MAX_ROWS = 1_000


class FailedQuery(NamedTuple):
    """The model of a query, the query, and whether it deletes rows; empty if it is unknown."""

    model: type[Model] | None = None
    query: Any = None
    is_deletion: bool = False

    def iter_written(self) -> Iterator[tuple[Field[Any, Any], Any]]:
        """Yield each field that an INSERT or UPDATE wrote, and its value."""
        # InsertQuery has `objs` and `fields`, UpdateQuery has `values`.
        for row in getattr(self.query, "objs", ())[:MAX_ROWS]:
            for field in self.query.fields:
                yield field, getattr(row, field.attname)
        for field, _, value in getattr(self.query, "values", ()):
            yield field, getattr(value, "pk", value)


def get_failed_query(exception: BaseException) -> FailedQuery:
    """Return the query of the ORM that raised `exception`; an empty one for raw SQL."""
    for frame, _is_last in iter_frames(exception):
        function = (str(frame.f_globals.get("__name__")), frame.f_code.co_name)
        compiler = frame.f_locals.get(COMPILERS.get(function, ""))
        if compiler is not None:
            is_deletion = type(compiler).__name__ == "SQLDeleteCompiler"
            # A RawQuery has no model.
            model = getattr(compiler.query, "model", None)
            return FailedQuery(model, compiler.query, is_deletion)
    return FailedQuery()


def find_parameters(exception: BaseException) -> Sequence[Any] | None:
    """Return the parameters of the statement that a database rejected, of raw SQL too.

    `None` if it did not reject a statement: at COMMIT, or while rows are fetched.
    """
    for frame, _is_last in iter_frames(exception):
        if frame.f_globals.get("__name__") == CURSORS:
            # CursorWrapper has `params` in _execute(), `param_list` in _executemany().
            rows = frame.f_locals.get("param_list") or [frame.f_locals.get("params")]
            values = [value for row in rows[:MAX_ROWS] for value in _get_values(row)]
            return [_unwrap(value) for value in values if value is not None]
    return None


def _get_values(parameters: Any) -> Iterable[Any]:
    return parameters.values() if isinstance(parameters, Mapping) else parameters or ()


def _unwrap(value: Any) -> Any:
    """Return the JSON, or the bounds of a range, in a parameter of psycopg 3 or psycopg2."""
    for base in type(value).__mro__:
        name = JSON_ATTRIBUTES.get(base.__module__.partition(".")[0])
        if name is not None:
            is_range = hasattr(value, "lower")
            return (value.lower, value.upper) if is_range else getattr(value, name, value)
    return value
