"""DRF's viewsets, checked against the table of methods. To migrate, change the import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import viewsets
from rest_framework.viewsets import ViewSetMixin

from django_apierrors import generics, mixins
from django_apierrors.semantics import StatusAwareMixin

if TYPE_CHECKING:
    # These classes are generic only in the stubs.
    BaseGenericViewSet = viewsets.GenericViewSet[Any]
    BaseModelViewSet = viewsets.ModelViewSet[Any]
    BaseReadOnlyModelViewSet = viewsets.ReadOnlyModelViewSet[Any]
else:
    BaseGenericViewSet = viewsets.GenericViewSet
    BaseModelViewSet = viewsets.ModelViewSet
    BaseReadOnlyModelViewSet = viewsets.ReadOnlyModelViewSet

__all__ = ["GenericViewSet", "ModelViewSet", "ReadOnlyModelViewSet", "ViewSet", "ViewSetMixin"]


class ViewSet(StatusAwareMixin, viewsets.ViewSet):
    """DRF's viewset without a queryset."""


class GenericViewSet(generics.GenericAPIView, BaseGenericViewSet):
    """DRF's viewset with a queryset; mixins add the actions."""


class ReadOnlyModelViewSet(GenericViewSet, BaseReadOnlyModelViewSet):
    """Lists resources and retrieves one."""


class ModelViewSet(
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
    BaseModelViewSet,
):
    """Lists, creates, retrieves, updates and deletes resources."""
