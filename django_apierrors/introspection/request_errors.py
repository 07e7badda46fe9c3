"""The errors that the body or the parameters of a request can have at an endpoint.

Each function returns the exception that such a request ends with, or `None` if there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from rest_framework import filters as stock_filters
from rest_framework import pagination as stock_pagination
from rest_framework.exceptions import ErrorDetail, NotFound, ParseError, ValidationError
from rest_framework.relations import RelatedField
from rest_framework.validators import (
    BaseUniqueForValidator,
    UniqueTogetherValidator,
    UniqueValidator,
)

from django_apierrors import filters, pagination
from django_apierrors.exceptions import AlreadyExists, InvalidState
from django_apierrors.filters import NO_ORDERING
from django_apierrors.introspection.endpoints import Endpoint
from django_apierrors.pagination import NOT_A_NUMBER
from django_apierrors.validation.identifiers import is_malformed

UNIQUE_VALIDATORS = (UniqueValidator, UniqueTogetherValidator, BaseUniqueForValidator)

# Keys that nothing need have; the first that is well formed stands in an example.
KEYS = ("4711", "00000000-0000-4000-8000-000000000000", "1" * 24)

PROTECTING = (models.PROTECT, models.RESTRICT)


def refuse_content(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a body: a required field that is not set, else malformed JSON."""
    if not endpoint.takes_body:
        return None
    if not endpoint.is_partial:
        for path, field in endpoint.fields.items():
            if field.required and not path.endswith("]"):
                return refuse(path, field.error_messages["required"], "required")
    return ParseError()


def refuse_twin(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a value that another resource has, by a validator or the database."""
    for path, field in endpoint.fields.items():
        for validator in field.validators:
            if isinstance(validator, UNIQUE_VALIDATORS):
                return refuse(path, get_message(validator), "unique")
    for serializer in endpoint.serializers:
        for validator in getattr(serializer, "validators", ()):
            if isinstance(validator, UNIQUE_VALIDATORS):
                return refuse("", get_message(validator), "unique")
    written = list(get_written_models(endpoint))
    is_unique = any(has_unique(model, names) for model, names in written)
    return AlreadyExists() if is_unique else None


def refuse_malformed_key(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a foreign key whose form is wrong."""
    for path, field in endpoint.fields.items():
        if isinstance(field, RelatedField):
            messages = field.error_messages
            message = messages.get("incorrect_type") or messages["invalid"]
            return refuse(path, message.format(data_type="list"), "incorrect_type")
    return None


def refuse_unknown_key(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a foreign key that is nothing's."""
    for path, field in endpoint.fields.items():
        if isinstance(field, RelatedField):
            slug = getattr(field, "slug_field", None) or "pk"
            key = find_key(getattr(field.get_queryset(), "model", None), slug)
            message = field.error_messages["does_not_exist"]
            text = message.format(pk_value=key, slug_name=slug, value=key)
            return refuse(path, text, "does_not_exist")
    return None


def find_key(model: Any, lookup_field: str) -> str:
    """Return a well-formed key of `model`."""
    keys = (key for key in KEYS if model is None or not is_malformed(model, lookup_field, key))
    return next(keys, KEYS[0])


def refuse_state(endpoint: Endpoint) -> Exception | None:
    """Return the refusal by a check constraint, or by the rows that protect the one to delete."""
    if endpoint.method == "DELETE":
        model = endpoint.model if endpoint.action == "destroy" else None
        return InvalidState() if model is not None and is_protected(model) else None
    checks = (
        isinstance(constraint, models.CheckConstraint)
        for model, _ in get_written_models(endpoint)
        for constraint in model._meta.constraints
    )
    return InvalidState() if any(checks) else None


def refuse(path: str, message: Any, code: str) -> ValidationError:
    """Return the exception for a field, `""` for the whole body."""
    detail = ErrorDetail(str(message), code)
    return ValidationError({path: [detail]} if path else [detail])


def get_message(validator: Any) -> str:
    """Return what a validator of uniqueness says, for the fields that it looks at."""
    names = getattr(validator, "fields", None) or [getattr(validator, "date_field", "")]
    return str(validator.message).format(
        field_names=", ".join(names), date_field=getattr(validator, "date_field", "")
    )


def get_written_models(endpoint: Endpoint) -> Iterator[tuple[Any, set[str]]]:
    """Yield the models that the body is written to, each with the fields that are written.

    Of accepted work that is done by a worker, when the answer was given long ago.
    """
    for serializer in () if endpoint.is_accepting else endpoint.serializers:
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        if model is not None:
            fields = getattr(serializer, "_writable_fields", ())
            yield model, {field.source.partition(".")[0] for field in fields}


def has_unique(model: Any, names: set[str]) -> bool:
    """Tell whether one of the fields called `names` takes part in a promise to be unique."""
    together = [set(fields) for fields in model._meta.unique_together]
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            # What an expression reads is nothing to guess at.
            together.append(set(constraint.fields) or names)
    together.extend({field.name} for field in model._meta.fields if field.unique)
    return any(names & fields for fields in together)


def is_protected(model: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Tell whether rows of another model can keep one of `model` from being deleted.

    A deletion that cascades meets the rows that protect what it cascades to.
    """
    seen |= {model}
    # A relation called `+` is hidden, and protects nonetheless.
    for relation in model._meta.get_fields(include_hidden=True):
        on_delete = getattr(relation, "on_delete", None)
        if on_delete in PROTECTING:
            return True
        other = relation.related_model
        if on_delete is models.CASCADE and other not in seen and is_protected(other, seen):
            return True
    return False


class Paging(NamedTuple):
    """What a pagination does: the attribute with the parameter it refuses, if it knows misses."""

    parameter: str = ""
    message: Any = ""
    misses: bool = False


NO_NUMBER = NOT_A_NUMBER % {"least": 1}

# The nearest row along the class's `__mro__` holds.
PAGINGS: Mapping[type[Any], Paging] = {
    pagination.PageNumberPagination: Paging("page_query_param", NO_NUMBER, misses=True),
    pagination.LimitOffsetPagination: Paging("limit_query_param", NO_NUMBER),
    pagination.CursorPagination: Paging(
        "cursor_query_param", pagination.CursorPagination.invalid_cursor_message
    ),
    stock_pagination.PageNumberPagination: Paging(misses=True),
    stock_pagination.LimitOffsetPagination: Paging(),
    stock_pagination.CursorPagination: Paging(misses=True),
}

# With one of these of its own, a pagination of a project's may refuse what the row does not.
READERS = frozenset(
    {
        *("paginate_queryset", "get_page_number", "get_page_size"),
        *("get_limit", "get_offset", "decode_cursor"),
    }
)


def refuse_page(endpoint: Endpoint) -> Exception | None:
    """Return the refusal of a parameter of the pagination that makes no sense."""
    paginator = get_paginator(endpoint)
    if paginator is None:
        return None
    paging = find_paging(paginator)
    if paging is not None and paging.parameter:
        name = getattr(paginator, paging.parameter)
        return ValidationError({name: [str(paging.message)]})
    return ParseError() if paging is None or reads_by_itself(paginator) else None


def miss_page(endpoint: Endpoint) -> Exception | None:
    """Return the answer to a page that is not there."""
    paginator = get_paginator(endpoint)
    paging = Paging() if paginator is None else find_paging(paginator)
    return NotFound() if paging is None or paging.misses else None


def refuse_filter(endpoint: Endpoint) -> Exception | None:
    """Return the refusal by a filter; `get_object()` of DRF filters too."""
    if not (endpoint.is_list or endpoint.is_about_one_object):
        return None
    for backend in getattr(endpoint.view, "filter_backends", ()):
        refusal = refuse_by(backend)
        if refusal is not None:
            return refusal
    return None


def refuse_by(backend: Any) -> Exception | None:
    """Return the refusal by one filter; a project's own may refuse what it likes."""
    if issubclass(backend, filters.OrderingFilter):
        message = str(NO_ORDERING % {"fields": "colour"})
        return ValidationError({backend.ordering_param: [message]})
    if issubclass(backend, stock_filters.OrderingFilter):
        return None
    if issubclass(backend, stock_filters.SearchFilter):
        # DRF reads the text by a CharField.
        return ValidationError([str(ProhibitNullCharactersValidator.message)])
    return ParseError()


def get_paginator(endpoint: Endpoint) -> Any:
    """Return the paginator of a list, `None` where there is none."""
    return getattr(endpoint.view, "paginator", None) if endpoint.is_list else None


def find_paging(paginator: Any) -> Paging | None:
    """Return the nearest row of the table, `None` where there is none."""
    rows = (PAGINGS[cls] for cls in type(paginator).__mro__ if cls in PAGINGS)
    return next(rows, None)


def reads_by_itself(paginator: Any) -> bool:
    """Tell whether a project has written how the parameters are read."""
    own = takewhile(lambda cls: cls not in PAGINGS, type(paginator).__mro__)
    return any(READERS & vars(cls).keys() for cls in own)
