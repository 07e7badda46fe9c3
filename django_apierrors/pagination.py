"""DRF's paginations, which reject an invalid parameter instead of ignoring it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.paginator import Paginator
from django.db.models import DurationField, F, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import PAGE_BREAK, BasePagination, Cursor, PageLink
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = [
    "PAGE_BREAK",
    "BasePagination",
    "Cursor",
    "CursorPagination",
    "LimitOffsetPagination",
    "PageLink",
    "PageNumberPagination",
]

RowT = TypeVar("RowT")
RowSource: TypeAlias = QuerySet[Any, RowT] | Sequence[RowT]

NOT_A_NUMBER = _("A whole number of at least %(least)d is required.")

# The greatest LIMIT or OFFSET that all databases accept.
MAX_LIMIT = 2**63 - 1


def check_number(request: Request, name: str | None, minimum: int = 1) -> None:
    """Raise ValidationError if a parameter is sent and not a number up to `MAX_LIMIT`.

    An empty parameter counts as not sent, as in DRF.
    """
    if not name or not request.query_params.get(name):
        return
    value = request.query_params[name]
    # The length first: the time of int() grows with the square of the number of digits.
    is_number = value.isascii() and value.isdecimal() and len(value) <= 19
    if not is_number or not minimum <= int(value) <= MAX_LIMIT:
        raise ValidationError({name: [NOT_A_NUMBER % {"least": minimum}]})


class PageNumberPagination(pagination.PageNumberPagination):
    """DRF's pages, with a 400 for an invalid number; the 404 of an unknown page names `page`."""

    def paginate_queryset(
        self, queryset: RowSource[RowT], request: Request, view: APIView | None = None
    ) -> list[RowT] | None:
        """Return the page, or raise NotFound with the parameter if it does not exist."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound as exc:
            raise NotFound({self.page_query_param: [exc.detail]}) from exc

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int | str:
        """Return the number of the page; raise ValidationError if it is not a positive number."""
        if request.query_params.get(self.page_query_param) not in self.last_page_strings:
            check_number(request, self.page_query_param)
        return super().get_page_number(request, paginator)

    def get_page_size(self, request: Request) -> int | None:
        """Return the size of a page; raise ValidationError if it is not a positive number."""
        check_number(request, self.page_size_query_param)
        return super().get_page_size(request)


class LimitOffsetPagination(pagination.LimitOffsetPagination):
    """DRF's limit and offset, with a 400 for an invalid number."""

    def get_limit(self, request: Request) -> int | None:
        """Return the limit; raise ValidationError if it is not a positive number."""
        check_number(request, self.limit_query_param)
        return super().get_limit(request)

    def get_offset(self, request: Request) -> int:
        """Return the offset; raise ValidationError if it is not a number from 0 on."""
        check_number(request, self.offset_query_param, minimum=0)
        return super().get_offset(request)


class CursorPagination(pagination.CursorPagination):
    """DRF's cursors, with a 400 for an invalid cursor or page size."""

    queryset: Any = None

    def paginate_queryset(
        self, queryset: RowSource[RowT], request: Request, view: APIView | None = None
    ) -> list[RowT] | None:
        """Return the page of the cursor; raise ValidationError if the cursor is invalid."""
        self.queryset = queryset
        page = super().paginate_queryset(queryset, request, view)
        for name in ("next_position", "previous_position"):
            # DRF compares them with strings.
            if isinstance(getattr(self, name, None), timedelta):
                setattr(self, name, str(getattr(self, name)))
        return page

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the request, if any; raise ValidationError if it is invalid."""
        try:
            # DRF does not validate: b64decode() skips all characters that are not base64.
            b64decode(request.query_params.get(self.cursor_query_param, ""), validate=True)
            cursor = super().decode_cursor(request)
            if cursor is None or cursor.position is None:
                return cursor
            return cursor._replace(position=self.parse_position(cursor.position))
        except (ValueError, NotFound, DjangoValidationError) as exc:
            raise self.make_invalid_cursor_error() from exc

    def parse_position(self, position: Any) -> Any:
        """Return the position of a cursor as the database compares it with the rows.

        The lookups of a DurationField accept no strings, unlike the lookups of other fields.
        """
        if not isinstance(self.queryset, QuerySet):
            return position
        name = self.ordering[0].lstrip("-")
        field = F(name).resolve_expression(self.queryset.query.clone()).output_field
        return field.to_python(position) if isinstance(field, DurationField) else position

    def make_invalid_cursor_error(self) -> ValidationError:
        """Return the exception for an invalid cursor."""
        return ValidationError({self.cursor_query_param: [self.invalid_cursor_message]})

    def get_page_size(self, request: Request) -> int | None:
        """Return the size of a page, which is limited so that no LIMIT exceeds `MAX_LIMIT`."""
        check_number(request, self.page_size_query_param)
        size = super().get_page_size(request)
        # DRF adds the offset of the cursor, and one row to see whether there is a next page.
        return size and min(size, MAX_LIMIT - self.offset_cutoff - 1)
