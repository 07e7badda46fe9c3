"""Identifiers: is the one in the URL well formed, before anything is looked up by it?"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model
from rest_framework.exceptions import NotFound

from django_apierrors.exceptions import InvalidId

# The database's own limits of an integer are validators of its field too: nothing is wrong with
# the form of a number beyond them, it is only nobody's.
OUT_OF_RANGE = frozenset({"min_value", "max_value"})


def check_identifier(model: type[Model], lookup_field: str, value: Any) -> None:
    """Raise InvalidId where no `model` can have this `value`, NotFound where it is out of range."""
    if "\0" in str(value):
        raise InvalidId
    field = get_field(model, lookup_field)
    if field is None:
        return
    try:
        field.run_validators(field.to_python(value))
    except ValidationError as exc:
        if all(error.code in OUT_OF_RANGE for error in exc.error_list):
            raise NotFound from exc
        raise InvalidId from exc


def get_field(model: type[Model], lookup_field: str) -> Field[Any, Any] | None:
    """Return the field that is looked up, that of another model for a foreign key."""
    meta = model._meta
    try:
        field: Any = meta.pk if lookup_field == "pk" else meta.get_field(lookup_field)
    except FieldDoesNotExist:
        # A look-up through a relation, or one of another kind.
        return None
    while field is not None and field.is_relation:
        field = getattr(field, "target_field", None)
    return field  # type: ignore[no-any-return]
