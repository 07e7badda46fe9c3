"""DRF's filters; the ordering filter rejects an ordering that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import filters
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend, SearchFilter, search_smart_split
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["BaseFilterBackend", "OrderingFilter", "SearchFilter", "search_smart_split"]

with suppress(ImportError):
    # DRF 3.18 and later.
    from rest_framework.filters import UnaccentedSearchFilter

    __all__ += ["UnaccentedSearchFilter"]

NO_ORDERING = _("Ordering by %(fields)s is not supported.")


class OrderingFilter(filters.OrderingFilter):
    """DRF's ordering filter, with a 400 for an invalid field, which DRF ignores."""

    def remove_invalid_fields(
        self, queryset: QuerySet[Any], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        """Return `fields`, or raise ValidationError with those that DRF would remove."""
        valid = super().remove_invalid_fields(queryset, fields, view, request)
        names = set(valid)
        # DRF's split by commas leaves an empty string for each superfluous comma.
        invalid = [field for field in fields if field and field not in names]
        if invalid:
            message = NO_ORDERING % {"fields": ", ".join(invalid)}
            raise ValidationError({self.ordering_param: [message]})
        return valid
