"""The errors that the body or the parameters of a request can cause at an endpoint.

Each `make_…_error` function returns the exception that such a request causes, `None` if the view
cannot raise it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from typing import Any, NamedTuple

from django.core.paginator import Paginator
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
from django_apierrors.introspection.endpoints import Endpoint, get_meta_model, get_writable_fields
from django_apierrors.recognition.tracebacks import get_page_parameter
from django_apierrors.validation.foreign_keys import MALFORMED
from django_apierrors.validation.identifiers import is_malformed
from django_apierrors.validation.places import find_spelling_function

UNIQUE_VALIDATORS = (UniqueValidator, UniqueTogetherValidator, BaseUniqueForValidator)

# Sample keys for examples: the first that the model's field accepts.
KEYS = ("4711", "00000000-0000-4000-8000-000000000000", "1" * 24)

PROTECTING = (models.PROTECT, models.RESTRICT)


def make_content_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a body: a missing required field, else malformed JSON."""
    if not endpoint.reads_body:
        return None
    if not endpoint.is_partial:
        for path, field in endpoint.fields.items():
            if field.required and not path.endswith("]"):
                return make_validation_error(path, find_message(field, "required"), "required")
    return ParseError()


def get_field_codes(endpoint: Endpoint) -> set[str]:
    """Return the codes of the messages that the fields of the body can have."""
    fields = endpoint.fields.values()
    codes = {"invalid", MALFORMED}
    body = endpoint.request_serializer if endpoint.reads_body else None
    # A field's parent is a serializer, or a list or a dict with messages of its own.
    for owner in (body, *fields, *(field.parent for field in fields)):
        codes |= getattr(owner, "error_messages", {}).keys()
        with suppress(Exception):
            # The validators of a ModelSerializer may need a request.
            codes |= set(map(_get_validator_code, getattr(owner, "validators", ())))
    for model, _ in _get_written_models(endpoint):
        for constraint in model._meta.constraints:
            codes.add(constraint.violation_error_code or "invalid")
    return codes


def _get_validator_code(validator: Any) -> str:
    default = "unique" if isinstance(validator, UNIQUE_VALIDATORS) else "invalid"
    return str(getattr(validator, "code", None) or default)


def make_duplicate_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a value that is not unique, of a validator or of the database."""
    owners = [*endpoint.fields.items(), *(("", item) for item in endpoint.serializers)]
    for path, owner in owners:
        for validator in getattr(owner, "validators", ()):
            if isinstance(validator, UNIQUE_VALIDATORS):
                return make_validation_error(path, _get_unique_message(validator), "unique")
    is_unique = any(_has_unique(model, names) for model, names in _get_written_models(endpoint))
    return AlreadyExists() if is_unique else None


def make_malformed_key_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a malformed foreign key."""
    for path, field in _iter_relations(endpoint):
        for code in ("incorrect_type", "invalid"):
            if message := find_message(field, code, data_type="list"):
                return make_validation_error(path, message, "incorrect_type")
    return None


def make_unknown_key_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a foreign key of a resource that does not exist."""
    for path, field in _iter_relations(endpoint):
        slug = getattr(field, "slug_field", None) or "pk"
        key = _make_key(field, slug)
        values = {"pk_value": key, "value": key, "slug_name": slug}
        if message := find_message(field, "does_not_exist", **values):
            return make_validation_error(path, message, "does_not_exist")
    return None


def find_message(field: Any, code: str, **values: str) -> str | None:
    """Return the message of a field, `None` if a project's field does not have it."""
    message = field.error_messages.get(code)
    return None if message is None else format_message(message, **values)


def format_message(message: Any, /, **values: str) -> str:
    """Return a message with its values; unchanged if the project's message has other values."""
    try:
        return str(message).format(**values)
    except (LookupError, AttributeError, ValueError):
        return str(message)


def _make_key(field: Any, slug: str) -> str:
    try:
        model = getattr(field.get_queryset(), "model", None)
    except Exception:
        # The queryset may need the user of a request.
        model = None
    keys = (key for key in KEYS if model is None or not is_malformed(model, slug, key))
    return next(keys, KEYS[0])


def make_state_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception of a check constraint, or of rows that protect the one to delete."""
    if endpoint.method == "DELETE":
        model = endpoint.model if endpoint.action == "destroy" else None
        return InvalidState() if model is not None and _is_protected(model) else None
    has_check = any(
        isinstance(constraint, models.CheckConstraint)
        for model, _ in _get_written_models(endpoint)
        for constraint in model._meta.constraints
    )
    return InvalidState() if has_check else None


def make_validation_error(path: str, message: Any, code: str) -> ValidationError:
    """Return the exception for a field; the path `""` is the whole body."""
    detail = ErrorDetail(str(message), code)
    return ValidationError({path: [detail]} if path else [detail])


def _iter_relations(endpoint: Endpoint) -> Iterator[tuple[str, Any]]:
    return (item for item in endpoint.fields.items() if isinstance(item[1], RelatedField))


def _get_unique_message(validator: Any) -> str:
    # UniqueTogetherValidator has fields, BaseUniqueForValidator a date_field.
    date_field = getattr(validator, "date_field", "")
    names = getattr(validator, "fields", None) or [date_field]
    spelt = ", ".join(map(find_spelling_function() or str, names))
    return format_message(validator.message, field_names=spelt, date_field=date_field)


def _get_written_models(endpoint: Endpoint) -> Iterator[tuple[Any, set[str]]]:
    # Each model that the body is written to, with the names of the written fields. The database
    # errors of accepted work occur in a worker, after the response.
    for serializer in () if endpoint.is_accepting else endpoint.serializers:
        model = get_meta_model(serializer)
        if model is not None:
            fields = get_writable_fields(serializer).values()
            yield model, {field.source.partition(".")[0] for field in fields}


def _has_unique(model: Any, names: set[str]) -> bool:
    unique = [{field.name} for field in model._meta.fields if field.unique]
    unique += map(set, model._meta.unique_together)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            # An expression may read any field.
            unique.append(set(constraint.fields) or names)
    return any(map(names.intersection, unique))


def _is_protected(model: Any, seen: frozenset[Any] = frozenset()) -> bool:
    # A deletion cascades to other rows, which may be protected too.
    seen |= {model}
    # A relation with the name `+` is hidden, but can protect rows too.
    for relation in model._meta.get_fields(include_hidden=True):
        on_delete = getattr(relation, "on_delete", None)
        if on_delete in PROTECTING:
            return True
        other = relation.related_model
        if on_delete is models.CASCADE and other not in seen and _is_protected(other, seen):
            return True
    return False


class Paging(NamedTuple):
    """How a pagination fails.

    `parameter` is the attribute with the name of the parameter that it rejects with `message`;
    `can_be_missing` is true if a page may not exist.
    """

    parameter: str = ""
    message: Any = ""
    can_be_missing: bool = False


# The first class of the paginator's `__mro__` that is a key decides.
PAGINGS: Mapping[type[Any], Paging] = {
    pagination.PageNumberPagination: Paging(
        "page_query_param", pagination.NOT_A_NUMBER, can_be_missing=True
    ),
    pagination.LimitOffsetPagination: Paging("limit_query_param", pagination.NOT_A_NUMBER),
    pagination.CursorPagination: Paging(
        "cursor_query_param", pagination.CursorPagination.invalid_cursor_message
    ),
    stock_pagination.PageNumberPagination: Paging(can_be_missing=True),
    stock_pagination.LimitOffsetPagination: Paging(),
    # A cursor that cannot be decoded is a 404, one whose value the column rejects a 400.
    stock_pagination.CursorPagination: Paging(
        "cursor_query_param", stock_pagination.CursorPagination.invalid_cursor_message, True
    ),
    # A pagination of the project's own.
    object: Paging(can_be_missing=True),
}

# A subclass that overrides one of these methods may reject further values.
PARSING_METHODS = {
    *("paginate_queryset", "get_page_number", "get_page_size"),
    *("get_limit", "get_offset", "decode_cursor"),
}


def make_page_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for an invalid parameter of the pagination."""
    for paginator, paging in _find_paging(endpoint):
        if paging.parameter:
            name = getattr(paginator, paging.parameter)
            return ValidationError({name: [str(paging.message) % {"least": 1}]})
        return ParseError() if overrides_parsing(paginator) else None
    return None


def make_missing_page_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception for a page that does not exist."""
    for paginator, paging in _find_paging(endpoint):
        name, message = get_page_parameter(paginator)
        if paging.can_be_missing:
            reason = str(Paginator.default_error_messages["no_results"])
            text = format_message(message, page_number="99", message=reason)
            return NotFound({name: [text]} if name and text else None)
    return None


def overrides_parsing(paginator: Any) -> bool:
    """Whether a project has overridden how the parameters are parsed."""
    classes = takewhile(lambda cls: cls not in PAGINGS, type(paginator).__mro__)
    return any(PARSING_METHODS & vars(cls).keys() for cls in classes)


def _find_paging(endpoint: Endpoint) -> Iterator[tuple[Any, Paging]]:
    # At most one: only lists are paginated.
    paginator = getattr(endpoint.view, "paginator", None) if endpoint.is_list else None
    if paginator is not None:
        yield paginator, next(PAGINGS[cls] for cls in type(paginator).__mro__ if cls in PAGINGS)


def make_filter_error(endpoint: Endpoint) -> Exception | None:
    """Return the exception of the first filter that can reject a request, for a list or an object.

    `get_object()` filters too.
    """
    if not (endpoint.is_list or endpoint.is_about_one_object):
        return None
    errors = map(_make_backend_error, getattr(endpoint.view, "filter_backends", ()))
    return next(filter(None, errors), None)


def _make_backend_error(backend: Any) -> Exception | None:
    if issubclass(backend, filters.OrderingFilter):
        message = str(filters.NO_ORDERING % {"fields": "colour"})
        return ValidationError({backend.ordering_param: [message]})
    if issubclass(backend, stock_filters.OrderingFilter):
        return None
    if issubclass(backend, stock_filters.SearchFilter):
        # DRF validates the search term with a CharField.
        return ValidationError([str(ProhibitNullCharactersValidator.message)])
    # A filter of the project's own may reject anything.
    return ParseError()
