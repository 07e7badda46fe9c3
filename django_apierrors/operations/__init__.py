"""Operations: background work accepted with a 202, and the resource that reports its status."""

from django_apierrors.operations.views import (
    AcceptedAPIView,
    AcceptedMixin,
    OperationMixin,
    OperationView,
)

__all__ = ["AcceptedAPIView", "AcceptedMixin", "OperationMixin", "OperationView"]
