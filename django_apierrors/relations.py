"""Relations: a foreign key in a body, and whether its form or its target is what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import ErrorDetail
from rest_framework.relations import ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer

# Relations refuse an int of the wrong form with this code.
MALFORMED = "incorrect_type"


def mark_malformed_keys(detail: Any) -> None:
    """Give the messages about malformed keys in a serializer's errors the one code for that.

    DRF lets a key's own field refuse it: a malformed UUID comes out as `invalid`, like anything
    else. Detail that does not come from a serializer is left as it is.
    """
    serializer = getattr(detail, "serializer", None)
    if serializer is not None:
        _mark(serializer, detail)


def _mark(field: Any, detail: Any) -> None:
    if isinstance(field, (RelatedField, ManyRelatedField)):
        for message in _get_messages(detail):
            if message.code == "invalid":
                message.code = MALFORMED
    elif isinstance(field, ListSerializer):
        for row in detail.values() if isinstance(detail, dict) else detail:
            _mark(field.child, row)
    elif isinstance(field, BaseSerializer) and isinstance(detail, dict):
        fields = getattr(field, "fields", {})
        for name, inner in detail.items():
            if name in fields:
                _mark(fields[name], inner)


def _get_messages(detail: Any) -> Iterable[ErrorDetail]:
    messages = detail if isinstance(detail, list) else [detail]
    return (message for message in messages if isinstance(message, ErrorDetail))
