"""Foreign keys in a body: whether a rejected key is malformed, or its resource does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from django.urls import get_script_prefix, resolve
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import DictField, ListField, empty
from rest_framework.relations import HyperlinkedRelatedField, ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer

from django_apierrors.fallback import log_failure
from django_apierrors.validation.extra import MAPPINGS
from django_apierrors.validation.identifiers import is_malformed
from django_apierrors.validation.messages import Path

# The code of a relation's message for a value that is not an int, if the key is an int.
MALFORMED = "incorrect_type"

# The codes with which other malformed keys are rejected: by the key's own field, or because the
# lookup of a string finds nothing.
AMBIGUOUS_CODES = frozenset({"invalid", "does_not_exist"})

CONTAINER_FIELDS = (ListSerializer, ListField, DictField)

# A path, the field there, its errors, and the value that was sent for it.
Step: TypeAlias = tuple[Path, Any, Any, Any]


def find_malformed_keys(detail: Any) -> set[Path]:
    """Return the paths of the messages about malformed keys in the errors of a serializer.

    In DRF a key's own field rejects the key. A malformed UUID has the code `invalid`; the error of
    a `validate_shelf()` about a well-formed UUID has the same code. A string that the field's
    validators reject is looked up, and has the code `does_not_exist`. Only the sent value
    distinguishes these errors. A detail that does not come from a serializer has no such paths.
    """
    serializer = getattr(detail, "serializer", None)
    if serializer is None or not hasattr(serializer, "initial_data"):
        return set()
    try:
        return set(_find_malformed(serializer, detail, serializer.initial_data))
    except Exception:
        # Querysets and fields are the project's. The error is sent without this distinction.
        log_failure("looking for malformed keys in the errors of a serializer")
        return set()


def _find_malformed(field: Any, detail: Any, sent: Any) -> Iterator[Path]:
    # Without a relation there is nothing to look for among the errors of ten thousand rows.
    lacks_keys = isinstance(field, ListSerializer) and not _has_keys(field)
    steps: list[Step] = [] if lacks_keys else [((), field, detail, sent)]
    while steps:
        path, field, detail, sent = steps.pop()
        if isinstance(field, (RelatedField, ManyRelatedField)):
            for keys, message in _get_messages(path, detail):
                if message.code in AMBIGUOUS_CODES and _is_about_malformed(message, field, sent):
                    yield keys
        else:
            steps.extend(_get_steps(path, field, detail, sent))


def _get_steps(path: Path, field: Any, detail: Any, sent: Any) -> Iterator[Step]:
    """Yield the fields below a serializer, or below a field that contains others."""
    if isinstance(detail, MAPPINGS):
        entries = iter(detail.items())
    else:
        entries = enumerate(detail if isinstance(detail, list) else [detail])
    if isinstance(field, CONTAINER_FIELDS):
        for key, inner in entries:
            if isinstance(inner, ErrorDetail):
                # The error may be that of the key's own field: ManyRelatedField does not add the
                # index of the key.
                keys = (*path, key) if isinstance(detail, (*MAPPINGS, list)) else path
                yield from ((keys, field.child, inner, value) for value in _get_values(sent))
            elif inner and _has(sent, key):
                # Before DRF 3.18 the list also has an empty dict for each row without errors.
                yield (*path, key), field.child, inner, sent[key]
    elif isinstance(field, BaseSerializer) and isinstance(sent, MAPPINGS):
        fields = getattr(field, "fields", {})
        for name, inner in entries:
            if name in fields and _may_contain_keys(fields[name]):
                yield (*path, name), fields[name], inner, fields[name].get_value(sent)


def _has_keys(serializer: Any) -> bool:
    """Whether a serializer, or the serializer of a list's rows, has a field that may hold keys."""
    while isinstance(serializer, ListSerializer):
        serializer = serializer.child
    return any(map(_may_contain_keys, getattr(serializer, "fields", {}).values()))


def _may_contain_keys(field: Any) -> bool:
    """Whether a field may contain keys. Nested serializers count unread: they may be recursive."""
    while isinstance(field, CONTAINER_FIELDS):
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


def _get_messages(path: Path, detail: Any) -> Iterator[tuple[Path, ErrorDetail]]:
    if isinstance(detail, ErrorDetail):
        yield path, detail
    elif isinstance(detail, list):
        for index, message in enumerate(detail):
            if isinstance(message, ErrorDetail):
                yield (*path, index), message


def _is_about_malformed(message: ErrorDetail, field: Any, sent: Any) -> bool:
    if not isinstance(field, ManyRelatedField):
        return _is_malformed(field, sent)
    # DRF reads the keys of a dict as a list.
    keys = sent if isinstance(sent, (list, *MAPPINGS)) else []
    relation = field.child_relation
    if message.code == "does_not_exist":
        # DRF stops at the first key without a row.
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
    """Return the key that was sent; raise ValidationError if `pk_field` rejects it."""
    if getattr(field, "pk_field", None) is not None:
        return field.pk_field.to_internal_value(sent)
    if isinstance(field, HyperlinkedRelatedField):
        path = unquote(urlsplit(sent).path).removeprefix(get_script_prefix().rstrip("/"))
        return resolve(path).kwargs[field.lookup_url_kwarg]
    return sent
