"""The seed's habits that REST framework's generic views do not have by themselves."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse


class LocationMixin:
    """Answers a POST with the new resource's URL, absolute, in ``Location``."""

    detail_view_name: str

    def get_success_headers(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the headers of the 201."""
        return {"Location": reverse(self.detail_view_name, args=[data["id"]], request=self.request)}


class PartialPutMixin:
    """Makes PUT an update of what is sent, and has no PATCH."""

    http_method_names = ("get", "put", "delete", "head", "options")

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what the body names and leave the rest."""
        return self.partial_update(request, *args, **kwargs)


class DeletedMixin:
    """Answers a DELETE with a 200 that has no body."""

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the resource."""
        self.perform_destroy(self.get_object())
        return Response(status=status.HTTP_200_OK)
