"""Listings: what the parameters of a list can be refused for, by its pagination and its filters.

Each function returns the exception that such a request ends with, `None` where none can.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from django.core.validators import ProhibitNullCharactersValidator
from rest_framework import filters as stock_filters
from rest_framework import pagination as stock_pagination
from rest_framework.exceptions import NotFound, ParseError, ValidationError

from django_apierrors import filters, pagination
from django_apierrors.endpoints import Endpoint
from django_apierrors.filters import NO_ORDERING
from django_apierrors.parameters import NOT_A_NUMBER


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
