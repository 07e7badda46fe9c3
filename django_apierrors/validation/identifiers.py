"""Identifiers: whether a value has the form of an identifier. Its resource may not exist."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import CharField, Field, Model, TextField

# The codes of the validators for the range of a database's integers. A number out of range is well
# formed and matches no row: 404, not 400.
OUT_OF_RANGE_CODES = frozenset({"min_value", "max_value"})


def is_malformed(model: type[Model], lookup_field: str, value: Any) -> bool:
    """Whether `value` cannot be the `lookup_field` of any `model`, by its form alone."""
    if "\0" in str(value):
        return True
    field = find_lookup_field(model, lookup_field)
    if field is None:
        return False
    if isinstance(field, (CharField, TextField)) and isinstance(value, (dict, list)):
        # These fields accept any value that has a string.
        return True
    try:
        field.run_validators(field.to_python(value))
    except ValidationError as exc:
        return any(error.code not in OUT_OF_RANGE_CODES for error in exc.error_list)
    except (TypeError, ValueError, OverflowError):
        # Raised by fields of the project, and by IntegerField for `float("inf")` in a body.
        return True
    return False


def find_lookup_field(model: type[Model], lookup_field: str) -> Field[Any, Any] | None:
    """Return the field of a lookup (`pk`, `shelf__name`), or `None` if it ends in a transform.

    For a foreign key it is the field of the other model.
    """
    field: Any = None
    for name in lookup_field.split("__"):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        model = field.related_model or model
    while field is not None and field.is_relation:
        field = getattr(field, "target_field", None)
    return field  # type: ignore[no-any-return]
