"""Constraints: from the names in a violation to the model's fields and the project's message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db.backends.utils import names_digest
from django.db.models import BaseConstraint, F, Model, UniqueConstraint
from rest_framework.serializers import Serializer

from django_apierrors.recognition.database.drivers import ConstraintViolation
from django_apierrors.recognition.database.statements import FailedQuery
from django_apierrors.recognition.tracebacks import iter_frames


class ConstraintMatch(NamedTuple):
    """The fields of a model, by name, and the constraint that they violate.

    `is_column_check` is true for the check constraint that Django adds for the type of a field.
    """

    fields: tuple[str, ...] = ()
    constraint: BaseConstraint | None = None
    model: type[Model] | None = None
    is_column_check: bool = False


NO_MATCH = ConstraintMatch()


def find_match(violation: ConstraintViolation, query: FailedQuery) -> ConstraintMatch:
    """Return the fields and the constraint that the names in `violation` refer to."""
    models = [
        model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy
    ]
    tables = {_get_table(model): model for model in models}
    model = tables.get(violation.table) or query.model
    match = _match_constraint(models, model, violation.constraint)
    if match is not None:
        return match
    # MySQL and SQLite name some constraints of a column as the column.
    checked = _get_field_names(models, model, [violation.constraint])
    fields = checked or _get_field_names(models, model, violation.columns)
    return ConstraintMatch(fields, model=model, is_column_check=bool(checked))


def find_unique_constraint(match: ConstraintMatch) -> BaseConstraint | None:
    """Return the one UniqueConstraint on the fields of `match`: SQLite names only its columns."""
    constraints = match.model._meta.constraints if match.model is not None else []
    matches = [
        constraint
        for constraint in constraints
        if isinstance(constraint, UniqueConstraint) and constraint.fields == match.fields
    ]
    return matches[0] if len(matches) == 1 else None


def get_public_names(match: ConstraintMatch) -> tuple[str, ...]:
    """Return the names of the fields of `match` as clients send them.

    A row of the table that a ManyToManyField creates is a value of that field. The two fields of
    the row are named after the models, which clients do not know.
    """
    # `auto_created` is the model with the field, or False. django-stubs types it as a bool.
    owner: Any = match.model is not None and match.model._meta.auto_created
    if not owner:
        return match.fields
    return tuple(
        field.name
        for field in owner._meta.local_many_to_many
        if field.remote_field.through is match.model
        and field.m2m_reverse_field_name() in match.fields
    )


def get_sent_names(match: ConstraintMatch, exception: BaseException) -> tuple[str, ...]:
    """Return the public names as the serializer that saved the row has them, by its sources."""
    names = get_public_names(match)
    for frame, _is_last in iter_frames(exception):
        serializer: Any = frame.f_locals.get("self")
        # Not isinstance(), which evaluates a lazy object.
        if issubclass(type(serializer), Serializer):
            model = getattr(getattr(serializer, "Meta", None), "model", None)
            # The exception may be about a row of another model.
            if model is None or match.model in model.__mro__:
                fields = [field for field in serializer.fields.values() if not field.read_only]
                sent = {field.source: str(field.field_name) for field in fields}
                return tuple(sent.get(name, name) for name in names)
    return names


def find_project_message(constraint: BaseConstraint | None) -> str | None:
    """Return the message that the project gave to `constraint`; Django's default has its name."""
    message = getattr(constraint, "violation_error_message", None)
    if constraint is None or message is None or "%(name)" in str(message):
        return None
    return str(constraint.get_violation_error_message())


def has_relations(model: type[Model] | None, columns: Iterable[str]) -> bool:
    """Whether all `columns` are foreign keys of `model`, or the model is unknown."""
    if model is None:
        return True
    keys = {field.column for field in model._meta.concrete_fields if field.is_relation}
    return keys.issuperset(columns)


def _match_constraint(
    models: Sequence[type[Model]], model: type[Model] | None, name: str
) -> ConstraintMatch | None:
    if not name:
        return None
    if name == "PRIMARY" and model is not None:
        # MySQL's name for every primary key, a CompositePrimaryKey too.
        return ConstraintMatch(tuple(field.name for field in model._meta.pk_fields), model=model)
    matches = [] if model is None else [*_iter_matches(model, name)]
    # A constraint of another model: the parent of `model`, or a table that a trigger writes to.
    matches = matches or [match for other in models for match in _iter_matches(other, name)]
    # Two models may use one name.
    is_certain = len({(match.fields, match.is_column_check) for match in matches}) == 1
    return matches[0] if is_certain else None


def _iter_matches(model: type[Model], name: str) -> Iterator[ConstraintMatch]:
    """Yield the constraints of `model` to which Django or PostgreSQL gives this name."""
    options, table = model._meta, _get_table(model)
    for constraint in options.constraints:
        if constraint.name == name:
            yield ConstraintMatch(_get_unique_fields(model, constraint), constraint, model)
    for names in options.unique_together:
        columns = [str(options.get_field(name).column) for name in names]  # type: ignore[union-attr]
        if _is_unique_name(name, table, columns):
            yield ConstraintMatch(tuple(names), model=model)
    for field in options.local_concrete_fields:
        match, column = ConstraintMatch((field.name,), model=model), str(field.column)
        if name == f"{table}_{column}_check":
            yield match._replace(is_column_check=True)
        elif name == f"{table}_{'pkey' if field.primary_key else f'{column}_key'}" or (
            field.unique and _is_unique_name(name, table, [column])
        ):
            yield match


def _is_unique_name(name: str, table: str, columns: Sequence[str]) -> bool:
    # The name that Django gives to a UNIQUE of several columns, or to one added later. Only the end
    # is compared: each database shortens the part before the digest in its own way.
    return name.endswith(f"{names_digest(table, *columns, length=8)}_uniq")


def _get_table(model: type[Model]) -> str:
    # Projects that need a schema write 'schema"."table'.
    return model._meta.db_table.replace('"', "").rpartition(".")[2]


def _get_unique_fields(model: type[Model], constraint: BaseConstraint) -> tuple[str, ...]:
    """Return the fields of a UniqueConstraint; for other constraints their message is enough."""
    if not isinstance(constraint, UniqueConstraint):
        return ()
    if constraint.fields:
        return tuple(constraint.fields)
    paths = dict.fromkeys(
        path for expression in constraint.expressions for path in _iter_references(expression)
    )
    # `data__city` is a key in the JSON of `data`.
    names = [path.partition("__")[0] for path in paths]
    return tuple(
        str(model._meta.pk.name if name == "pk" else model._meta.get_field(name).name)
        for name in names
    )


def _iter_references(expression: Any) -> Iterator[str]:
    """Yield the names that `expression` refers to: `email` in `Lower("email")`."""
    if isinstance(expression, F):
        yield str(expression.name)  # type: ignore[attr-defined]
        return
    # A Q, and the None that some expressions hold, have no source expressions.
    for source in getattr(expression, "get_source_expressions", list)():
        yield from _iter_references(source)


def _get_field_names(
    models: Sequence[type[Model]], model: type[Model] | None, columns: Iterable[str]
) -> tuple[str, ...]:
    """Return the fields of `columns`; without a model, those that all models have in common."""
    owners = models if model is None else [model]
    names = []
    for column in columns:
        fields = {
            field.name
            for owner in owners
            for field in owner._meta.concrete_fields
            if field.column == column
        }
        if len(fields) == 1:
            names.append(fields.pop())
    return tuple(names)
