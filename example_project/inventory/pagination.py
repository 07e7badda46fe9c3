"""Pagination with bare arrays and a ``Link`` header for the next page."""

from __future__ import annotations

import re
from typing import Any

from django.core.paginator import Paginator
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from example_project.inventory import filters

POSITIVE_INTEGER = re.compile(r"[1-9][0-9]{0,17}")


class LinkPagination(PageNumberPagination):
    """Pages of ``perPage`` documents, numbered by ``page``."""

    page_size = 30
    max_page_size = 100
    page_size_query_param = "perPage"
    invalid_page_message = "{message}."

    def get_page_size(self, request: Request) -> int:
        """Return ``perPage``; raise if it is not between 1 and 100."""
        value = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if POSITIVE_INTEGER.fullmatch(value) and int(value) <= self.max_page_size:
            return int(value)
        message = f"A number from 1 to {self.max_page_size} is expected."
        raise ValidationError({self.page_size_query_param: [message]})

    def get_page_number(self, request: Request, paginator: Paginator) -> int:
        """Return ``page``; raise if it is not a positive number."""
        value = request.query_params.get(self.page_query_param, "1")
        if POSITIVE_INTEGER.fullmatch(value):
            return int(value)
        raise ValidationError({self.page_query_param: ["A positive number is expected."]})

    def get_next_link(self) -> str | None:
        """Return the URL of the next page, with a filter that a client may decode."""
        link = super().get_next_link()
        expression = self.request.query_params.get(filters.PARAMETER)
        if link is None or expression is None:
            return link
        return replace_query_param(
            link, filters.PARAMETER, filters.canonical_expression(expression)
        )

    def get_paginated_response(self, data: list[Any]) -> Response:
        """Return the array, with a link to the next page in the header."""
        link = self.get_next_link()
        return Response(data, headers={"Link": f'<{link}>; rel="next"'} if link else None)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of the bare array."""
        return schema

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters, with their minimum and maximum."""
        numbers = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
        sizes = {**numbers, "maximum": self.max_page_size, "default": self.page_size}
        parameters = {self.page_query_param: numbers, self.page_size_query_param: sizes}
        return [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in parameters.items()
        ]
