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
    # REST framework imports its defaults while it defines APIView.
    from rest_framework.views import APIView

PARAMETER = "filter"


class ExpressionFilter(BaseFilterBackend):
    """Narrows a list to the documents whose name or identifier equals a value."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Document], view: APIView
    ) -> QuerySet[Document]:
        """Return the documents that match; an expression that does not parse is a 400."""
        if PARAMETER not in request.query_params:
            return queryset
        member, value = split_expression(request.query_params[PARAMETER])
        owner, _, type_ = member.partition(".")
        if value and member == "name":
            return queryset.filter(name=value)
        if value and owner == "identifiers" and type_:
            return queryset.filter(Q(identifier_rows__type=type_, identifier_rows__value=value))
        message = "A filter is written name=<value> or identifiers.<type>=<value>."
        raise ValidationError({PARAMETER: [message]})


def split_expression(expression: str) -> tuple[str, str]:
    """Return the member and the value of a filter.

    They are percent-decoded, beyond the decoding of every query string: the API's JavaScript
    client encodes a filter that it is given as an object twice.
    """
    member, _, value = expression.partition("=")
    return unquote(member), unquote(value)


def canonical_expression(expression: str) -> str:
    """Return the filter percent-encoded, as it may stand in a link.

    The same client decodes a whole link before it follows it. Encoded once more than a query
    string needs, a value with an ``&`` comes through that, and through clients that do not.
    """
    member, value = split_expression(expression)
    return f"{quote(member, safe='.')}={quote(value, safe='')}"
