"""Constraints: the fields, and the project's own words, behind the names that a database reports.

A look-up over all models is built once, when the first failure wants it, and again when the app
registry has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db.backends.utils import names_digest
from django.db.models import BaseConstraint, F, Model, UniqueConstraint

from django_apierrors.fallback import log_failure
from django_apierrors.recognition.database.drivers import Report
from django_apierrors.recognition.database.statements import Statement


class Trace(NamedTuple):
    """What a failure is about: fields of a model, by name, and the constraint that says so.

    `is_of_column` tells the check that a field's own type brings with it.
    """

    fields: tuple[str, ...] = ()
    constraint: BaseConstraint | None = None
    model: type[Model] | None = None
    is_of_column: bool = False


class Index(NamedTuple):
    """The models by table, the traces by the name of a constraint, the fields by column."""

    models: dict[str, type[Model]]
    traces: dict[str, list[Trace]]
    fields: dict[str, set[str]]


UNTRACED = Trace()

# What ends the name that Django gives to a UNIQUE of several columns, or to a later one.
UNIQUE_ENDING = "_uniq"
DIGEST_LENGTH = 8

# The list of models that the index was made of, and the index. Django's registry keeps that very
# list until a model is added or the installed apps change.
_built: tuple[Sequence[type[Model]], Index] | None = None


def trace(report: Report, statement: Statement) -> Trace:
    """Return what the names in `report` stand for, as far as the models know them."""
    index = get_index()
    model = index.models.get(report.table) or statement.model
    return (
        _find_constraint(index, model, report.constraint)
        or _find_column_of_name(index, model, report.constraint)
        or Trace(_get_names(index, model, report.columns), model=model)
    )


def find_unique_constraint(found: Trace) -> BaseConstraint | None:
    """Return the one constraint on the fields that were found, for what SQLite calls by columns."""
    constraints = found.model._meta.constraints if found.model is not None else []
    same = [
        constraint
        for constraint in constraints
        if isinstance(constraint, UniqueConstraint) and constraint.fields == found.fields
    ]
    return same[0] if len(same) == 1 else None


def get_sent_fields(found: Trace) -> tuple[str, ...]:
    """Return the fields as clients know them.

    A row of the table that a ManyToManyField makes for itself is a value of that field; its own
    two fields are called as the models are.
    """
    # Django's own type of it is a bool, and the model that has the field where it is not False.
    owner: Any = found.model is not None and found.model._meta.auto_created
    if not owner:
        return found.fields
    return tuple(
        field.name
        for field in owner._meta.local_many_to_many
        if field.remote_field.through is found.model
        and field.m2m_reverse_field_name() in found.fields
    )


def get_own_message(constraint: BaseConstraint | None) -> str | None:
    """Return the message that the project gave to `constraint`; Django's would tell its name."""
    message = getattr(constraint, "violation_error_message", None)
    if constraint is None or message is None or "%(name)" in str(message):
        return None
    return str(constraint.get_violation_error_message())


def has_relations(model: type[Model] | None, columns: Iterable[str]) -> bool:
    """Tell whether all `columns` are foreign keys of `model`, or nothing is known of them."""
    if model is None:
        return True
    keys = {field.column for field in model._meta.concrete_fields if field.is_relation}
    return keys.issuperset(columns)


def get_index() -> Index:
    """Return the look-up over the models that are installed now."""
    global _built
    models = apps.get_models(include_auto_created=True)
    if _built is None or _built[0] is not models:
        # Whole, so that another thread finds the old one or the new one.
        _built = models, _build_index(models)
    return _built[1]


def _build_index(models: Iterable[type[Model]]) -> Index:
    index = Index({}, defaultdict(list), defaultdict(set))
    for model in models:
        if model._meta.proxy:
            continue
        index.models[_get_table(model)] = model
        for field in model._meta.local_concrete_fields:
            index.fields[str(field.column)].add(field.name)
        try:
            for name, found in _get_traces(model):
                index.traces[name].append(found)
        except Exception:
            # Constraints and their expressions are the project's; the other models' are good.
            log_failure("reading the constraints of a model")
    return index


def _get_table(model: type[Model]) -> str:
    # Where a schema is wanted, projects write 'schema"."table'.
    return model._meta.db_table.replace('"', "").rpartition(".")[2]


def _get_traces(model: type[Model]) -> Iterator[tuple[str, Trace]]:
    """Yield the constraints of `model` by the names that Django and PostgreSQL give them."""
    options, table = model._meta, _get_table(model)
    for constraint in options.constraints:
        yield constraint.name, Trace(_get_unique_fields(model, constraint), constraint, model)
    for names in options.unique_together:
        columns = [str(options.get_field(name).column) for name in names]  # type: ignore[union-attr]
        yield _get_unique_name(table, columns), Trace(tuple(names), model=model)
    for field in options.local_concrete_fields:
        found, column = Trace((field.name,), model=model), str(field.column)
        yield f"{table}_{column}_check", found._replace(is_of_column=True)
        if field.primary_key:
            yield f"{table}_pkey", found
        elif field.unique:
            yield f"{table}_{column}_key", found
            yield _get_unique_name(table, [column]), found


def _get_unique_name(table: str, columns: Sequence[str]) -> str:
    # The names in front of it are cut where they are too long, differently on each database.
    return names_digest(table, *columns, length=DIGEST_LENGTH) + UNIQUE_ENDING


def _get_unique_fields(model: type[Model], constraint: BaseConstraint) -> tuple[str, ...]:
    """Return the fields of a UniqueConstraint; what another is about its own message tells."""
    if not isinstance(constraint, UniqueConstraint):
        return ()
    if constraint.fields:
        return tuple(constraint.fields)
    names = dict.fromkeys(
        name for expression in constraint.expressions for name in _get_references(expression)
    )
    return tuple(_get_field_name(model, name) for name in names)


def _get_references(expression: Any) -> Iterator[str]:
    """Yield the names that `expression` refers to: `email` in `Lower("email")`."""
    if isinstance(expression, F):
        yield str(expression.name)  # type: ignore[attr-defined]
        return
    # A condition inside, or nothing, has none.
    for source in getattr(expression, "get_source_expressions", list)():
        yield from _get_references(source)


def _get_field_name(model: type[Model], name: str) -> str:
    # `data__city` looks into the JSON of `data`.
    first = name.partition("__")[0]
    return str(model._meta.pk.name if first == "pk" else model._meta.get_field(first).name)


def _find_constraint(index: Index, model: type[Model] | None, name: str) -> Trace | None:
    if name == "PRIMARY" and model is not None:
        # What MySQL calls every primary key, a CompositePrimaryKey too.
        return Trace(tuple(field.name for field in model._meta.pk_fields), model=model)
    ending = name[-DIGEST_LENGTH - len(UNIQUE_ENDING) :]
    traces = index.traces.get(name) or index.traces.get(ending, [])
    own = [found for found in traces if found.model is model] or traces
    # Two tables may call theirs by one name.
    is_certain = len({(found.fields, found.is_of_column) for found in own}) == 1
    return own[0] if is_certain else None


def _find_column_of_name(index: Index, model: type[Model] | None, name: str) -> Trace | None:
    """Return the column whose own constraint is called as it is, by MySQL and SQLite."""
    fields = _get_names(index, model, [name])
    return Trace(fields, model=model, is_of_column=True) if fields else None


def _get_names(index: Index, model: type[Model] | None, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of `columns`; without a model, those that all models call the same."""
    if model is not None:
        names = {field.column: field.name for field in model._meta.concrete_fields}
        return tuple(names[column] for column in columns if column in names)
    fields = (index.fields.get(column, set()) for column in columns)
    return tuple(next(iter(names)) for names in fields if len(names) == 1)
