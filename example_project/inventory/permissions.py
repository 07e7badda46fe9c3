"""What an API key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from example_project.inventory.models import ApiKey

if TYPE_CHECKING:
    # REST framework imports its defaults while it defines APIView.
    from rest_framework.views import APIView


class KeyAllowsMethod(BasePermission):
    """Lets a writing key do everything, a reading key read, and any other key nothing."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller's key opens the request's method."""
        if not isinstance(request.auth, ApiKey):
            return False
        if request.auth.access == ApiKey.Access.READ:
            return request.method in SAFE_METHODS
        return request.auth.access == ApiKey.Access.WRITE
