"""The permission of an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from example_project.inventory.models import ApiKey

if TYPE_CHECKING:
    # DRF imports its default classes while it defines APIView.
    from rest_framework.views import APIView


class KeyAllowsMethod(BasePermission):
    """Allows all methods for a write key, safe methods for a read key, and nothing for others."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the API key allows the method of the request."""
        if not isinstance(request.auth, ApiKey):
            return False
        if request.auth.access == ApiKey.Access.READ:
            return request.method in SAFE_METHODS
        return request.auth.access == ApiKey.Access.WRITE
