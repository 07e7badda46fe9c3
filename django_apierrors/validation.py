"""Validation: serializers that do not copy their errors in order to raise them.

DRF makes each text anew for its ValidationError, which is a twelfth of a request with a thousand
rows. The handler reads the serializer's own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework.serializers import BaseSerializer, ListSerializer

from django_apierrors.refusals import ValidationError

# A serializer with another one says itself how it raises.
STOCK = (BaseSerializer.is_valid, ListSerializer.is_valid)


def spare_copy(serializer: Any) -> None:
    """Let `serializer.is_valid(raise_exception=True)` raise its errors as they are."""
    known = vars(serializer)
    is_own = "is_valid" in known or type(serializer).is_valid not in STOCK
    if "initial_data" in known and not is_own:
        serializer.is_valid = partial(_is_valid, serializer)


def _is_valid(serializer: Any, *, raise_exception: bool = False) -> bool:
    is_valid: bool = type(serializer).is_valid(serializer)
    if raise_exception and not is_valid:
        raise ValidationError(serializer.errors)
    return is_valid
