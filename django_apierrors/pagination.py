"""DRF's paginations, which reject an invalid parameter instead of ignoring it."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination

from django_apierrors.validation.identifiers import is_malformed

if TYPE_CHECKING:
    from django.core.paginator import Paginator
    from rest_framework.pagination import Cursor
    from rest_framework.request import Request
    from rest_framework.views import APIView

NOT_A_NUMBER = _("A whole number of at least %(least)d is required.")

# What a database takes for a number of rows.
GREATEST = 2**63 - 1


def get_number(request: Request, name: str | None, least: int = 1) -> int | None:
    """Return the query parameter `name`, `None` where it has no name or is not sent.

    Raise ValidationError for one that is no number from `least` to 2^63 - 1.
    """
    if not name or name not in request.query_params:
        return None
    text = request.query_params[name]
    # So many digits at most: int() takes time that grows with the square of their number.
    if text.isascii() and text.isdecimal() and len(text) <= 19 and least <= int(text) <= GREATEST:
        return int(text)
    raise ValidationError({name: [NOT_A_NUMBER % {"least": least}]})


__all__ = [
    "BasePagination",
    "CursorPagination",
    "LimitOffsetPagination",
    "PageNumberPagination",
]


class PageNumberPagination(pagination.PageNumberPagination):
    """DRF's pages: a `page` or page size that is no number is 400, a page beyond the last 404."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the page that was asked for; raise NotFound, naming the parameter, for none."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound as exc:
            raise NotFound({self.page_query_param: [exc.detail]}) from exc

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int | str:
        """Return the number of the page."""
        if request.query_params.get(self.page_query_param) not in self.last_page_strings:
            get_number(request, self.page_query_param)
        return super().get_page_number(request, paginator)

    def get_page_size(self, request: Request) -> int | None:
        """Return the size of a page."""
        get_number(request, self.page_size_query_param)
        return super().get_page_size(request)


class LimitOffsetPagination(pagination.LimitOffsetPagination):
    """DRF's limit and offset: what is no number is 400."""

    def get_limit(self, request: Request) -> int | None:
        """Return the number of entries."""
        get_number(request, self.limit_query_param)
        return super().get_limit(request)

    def get_offset(self, request: Request) -> int:
        """Return the number of entries to leave out."""
        get_number(request, self.offset_query_param, least=0)
        return super().get_offset(request)


class CursorPagination(pagination.CursorPagination):
    """DRF's cursors: one that cannot be decoded, or points at no place in the list, is 400."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return the page that the cursor points at."""
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            field = self.get_ordering(request, queryset, view)[0].lstrip("-")
            if is_malformed(queryset.model, field, cursor.position):
                raise self.refuse()
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the request."""
        try:
            # DRF passes over what is no base64.
            b64decode(request.query_params.get(self.cursor_query_param, ""), validate=True)
            return super().decode_cursor(request)
        except (ValueError, NotFound) as exc:
            raise self.refuse() from exc

    def refuse(self) -> ValidationError:
        """Return the exception for a cursor that is none."""
        return ValidationError({self.cursor_query_param: [self.invalid_cursor_message]})

    def get_page_size(self, request: Request) -> int | None:
        """Return the size of a page."""
        get_number(request, self.page_size_query_param)
        size = super().get_page_size(request)
        # DRF asks for one row more, beyond the offset of the cursor.
        return size and min(size, GREATEST - self.offset_cutoff - 1)
