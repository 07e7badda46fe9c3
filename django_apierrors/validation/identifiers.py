"""Identifiers: is one well formed, before or after something was looked up by it?"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model

# The database's own limits of an integer are validators of its field too: nothing is wrong with
# the form of a number beyond them, it is only nobody's.
OUT_OF_RANGE = frozenset({"min_value", "max_value"})


def is_malformed(model: type[Model], lookup_field: str, value: Any) -> bool:
    """Tell whether no `model` can have this `value`, by the form of the value alone."""
    if "\0" in str(value):
        return True
    field = get_field(model, lookup_field)
    if field is None:
        return False
    try:
        field.run_validators(field.to_python(value))
    except ValidationError as exc:
        return any(error.code not in OUT_OF_RANGE for error in exc.error_list)
    except (TypeError, ValueError, OverflowError):
        # What a field of the project's own may raise, and `float("inf")` as a number of a row.
        return True
    return False


def get_field(model: type[Model], lookup_field: str) -> Field[Any, Any] | None:
    """Return the field that is looked up, `None` where the look-up is of another kind.

    `shelf__name` leads to the other model's field, and so does a foreign key.
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
