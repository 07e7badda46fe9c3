"""Relations: a foreign key in a body, and whether its form or its target is what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from django.db import DataError
from django.urls import get_script_prefix, resolve
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import DictField, ListField, empty
from rest_framework.relations import HyperlinkedRelatedField, ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer
from rest_framework.utils.serializer_helpers import BindingDict

from django_apierrors.failsafe import log_failure
from django_apierrors.identifiers import is_malformed

# Relations refuse an int of the wrong form with this code.
MALFORMED = "incorrect_type"

# What a key of the wrong form is refused with, as other keys are: by its own field, or because
# there is nothing to be found by it, where a text is looked up as it stands.
SUSPECT = frozenset({"invalid", "does_not_exist"})

# A dict is one without being asked whether it is registered as a Mapping.
MAPPINGS = (dict, Mapping)

# The fields that hold others.
HOLDERS = (ListSerializer, ListField, DictField)

# A field, its errors, and what was sent for it.
Step: TypeAlias = tuple[Any, Any, Any]


def mark_malformed_keys(detail: Any) -> bool:
    """Give the messages about malformed keys in a serializer's errors the one code for that.

    Tell whether there were any.

    DRF lets a key's own field refuse it: a malformed UUID comes out as `invalid`, as what a
    `validate_shelf()` says of a well-formed one does. A text that the field's validators refuse is
    looked up, and comes out as `does_not_exist`. What was sent tells them apart. Detail that does
    not come from a serializer is left as it is.
    """
    serializer = getattr(detail, "serializer", None)
    if serializer is None or not hasattr(serializer, "initial_data"):
        return False
    marked: list[ErrorDetail] = []
    try:
        _mark(serializer, detail, serializer.initial_data, marked)
    except Exception:
        # Querysets and fields are the project's; the error is told without them.
        log_failure("looking for malformed keys in the errors of a serializer")
    return bool(marked)


def may_be_about_keys(detail: Any) -> bool:
    """Tell whether the errors of one document may be about a foreign key."""
    try:
        fields = _get_fields(getattr(detail, "serializer", None))
        return any(_may_hold_keys(fields[name]) for name in detail if name in fields)
    except Exception:
        # The fields are the project's: whoever looks at them closely says that they fail.
        return True


def find_refused_key(exception: BaseException) -> str | None:
    """Return the path of the relation whose key the database refused, `None` where it was not that.

    PostgreSQL takes no NUL in a text, and DRF's relations let its DataError pass.
    """
    if not isinstance(exception, DataError):
        return None
    step = exception.__traceback__
    while step is not None:
        frame = step.tb_frame
        is_relation = frame.f_globals.get("__name__") == RelatedField.__module__
        if is_relation and frame.f_code.co_name == "to_internal_value":
            return _get_path(frame.f_locals["self"])
        step = step.tb_next
    return None


def _get_path(field: Any) -> str:
    names: list[str] = []
    while field is not None:
        names.insert(0, field.field_name or "")
        field = field.parent
    return ".".join(filter(None, names))


def _mark(field: Any, detail: Any, sent: Any, marked: list[ErrorDetail]) -> None:
    # Without a key in it there is nothing to look for among the errors of ten thousand rows.
    is_without = isinstance(field, ListSerializer) and not _has_keys(field)
    steps: list[Step] = [] if is_without else [(field, detail, sent)]
    while steps:
        field, detail, sent = steps.pop()
        if isinstance(field, (RelatedField, ManyRelatedField)):
            for message in _get_messages(detail):
                if message.code in SUSPECT and _is_about_malformed(message, field, sent):
                    message.code = MALFORMED
                    marked.append(message)
        else:
            steps.extend(_get_steps(field, detail, sent))


def _get_steps(field: Any, detail: Any, sent: Any) -> Iterator[Step]:
    """Yield what is below a serializer, or a field that holds others."""
    if isinstance(detail, MAPPINGS):
        entries = iter(detail.items())
    else:
        entries = enumerate(detail if isinstance(detail, list) else [detail])
    if isinstance(field, HOLDERS):
        for key, inner in entries:
            if isinstance(inner, ErrorDetail):
                # What a key's own field raised may have passed the one that holds many.
                yield from ((field.child, inner, value) for value in _get_values(sent))
            elif inner and _has(sent, key):
                # Before DRF 3.18 the rows without errors are there too, empty.
                yield field.child, inner, sent[key]
    elif isinstance(field, BaseSerializer) and isinstance(sent, MAPPINGS):
        fields = _get_fields(field)
        for name, inner in entries:
            if name in fields and _may_hold_keys(fields[name]):
                yield fields[name], inner, fields[name].get_value(sent)


def _has_keys(serializer: Any) -> bool:
    """Tell whether a serializer, or that of the rows of a list, has a field that may hold keys."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    return any(map(_may_hold_keys, _get_fields(serializer).values()))


def _get_fields(serializer: Any) -> Mapping[Any, Any]:
    fields = getattr(serializer, "fields", {})
    # DRF has a dict inside one that binds what is put into it.
    return fields.fields if type(fields) is BindingDict else fields


def _may_hold_keys(field: Any) -> bool:
    """Tell whether a key may be in a field; those of a serializer inside may have no end."""
    while isinstance(field, HOLDERS):
        field = field.child
    return isinstance(field, (RelatedField, ManyRelatedField, BaseSerializer))


def _has(sent: Any, key: Any) -> bool:
    if isinstance(sent, MAPPINGS):
        return key in sent
    return isinstance(sent, list) and isinstance(key, int) and key < len(sent)


def _get_values(sent: Any) -> Iterable[Any]:
    if isinstance(sent, MAPPINGS):
        return sent.values()
    return sent if isinstance(sent, list) else ()


def _get_messages(detail: Any) -> Iterator[ErrorDetail]:
    messages = detail if isinstance(detail, list) else [detail]
    return (message for message in messages if isinstance(message, ErrorDetail))


def _is_about_malformed(message: ErrorDetail, field: Any, sent: Any) -> bool:
    if not isinstance(field, ManyRelatedField):
        return _is_malformed(field, sent)
    keys = sent if isinstance(sent, list) else []
    relation = field.child_relation
    if message.code == "does_not_exist":
        # DRF stops at the first key of nothing.
        keys = [key for key in keys if message == _get_message_of_nothing(relation, key)]
    return any(_is_malformed(relation, key) for key in keys)


def _get_message_of_nothing(relation: Any, key: Any) -> str:
    text: str = relation.error_messages["does_not_exist"]
    return text.format(pk_value=key, slug_name=getattr(relation, "slug_field", ""), value=key)


def _is_malformed(field: Any, sent: Any) -> bool:
    model = getattr(field.get_queryset(), "model", None)
    if model is None or sent is None or sent is empty:
        return False
    lookup = getattr(field, "slug_field", None) or getattr(field, "lookup_field", None) or "pk"
    try:
        return is_malformed(model, lookup, _get_key(field, sent))
    except ValidationError:
        return True


def _get_key(field: Any, sent: Any) -> Any:
    """Return the key that was sent; raise ValidationError where `pk_field` refuses it."""
    if getattr(field, "pk_field", None) is not None:
        return field.pk_field.to_internal_value(sent)
    if isinstance(field, HyperlinkedRelatedField):
        path = unquote(urlsplit(sent).path).removeprefix(get_script_prefix().rstrip("/"))
        return resolve(path).kwargs[field.lookup_url_kwarg]
    return sent
