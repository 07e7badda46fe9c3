"""``?filter=name=Umbrella`` and ``?filter=identifiers.serial=42``."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from example_project.inventory.models import Document

if TYPE_CHECKING:
    # DRF imports its default classes while it defines APIView.
    from rest_framework.views import APIView

PARAMETER = "filter"


class ExpressionFilter(BaseFilterBackend):
    """Filters a list by name or by identifier."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Document], view: APIView
    ) -> QuerySet[Document]:
        """Return the documents that match; raise if the expression is malformed."""
        if PARAMETER not in request.query_params:
            return queryset
        field, value = split_expression(request.query_params[PARAMETER])
        prefix, _, type_ = field.partition(".")
        if value and field == "name":
            return queryset.filter(name=value)
        if value and prefix == "identifiers" and type_:
            return queryset.filter(Q(identifier_rows__type=type_, identifier_rows__value=value))
        message = "A filter has the form name=<value> or identifiers.<type>=<value>."
        raise ValidationError({PARAMETER: [message]})


def split_expression(expression: str) -> tuple[str, str]:
    """Return the field and the value of a filter.

    Both parts are percent-decoded once more than a query string, because the API's JavaScript
    client encodes a filter twice if its user passes an object.
    """
    field, _, value = expression.partition("=")
    return unquote(field), unquote(value)


def canonical_expression(expression: str) -> str:
    """Return the filter percent-encoded for a link.

    The value is encoded once more than a query string needs, because the JavaScript client decodes
    a whole link before it follows the link: an ``&`` in the value would end the value. The link
    also works for clients that do not decode.
    """
    field, value = split_expression(expression)
    return f"{quote(field, safe='.')}={quote(value, safe='')}"
