"""DRF's viewsets, checked against the table of methods. To migrate, change the import."""

from __future__ import annotations

from rest_framework import viewsets
from rest_framework.viewsets import ViewSetMixin

from django_apierrors import generics, mixins
from django_apierrors.generics import ModelT
from django_apierrors.semantics import StatusAwareMixin, hide_docstrings

__all__ = ["GenericViewSet", "ModelViewSet", "ReadOnlyModelViewSet", "ViewSet", "ViewSetMixin"]


class ViewSet(StatusAwareMixin, viewsets.ViewSet):
    """DRF's viewset without a queryset."""


class GenericViewSet(generics.GenericAPIView[ModelT], viewsets.GenericViewSet[ModelT]):
    """DRF's viewset with a queryset; mixins add the actions."""


class ReadOnlyModelViewSet(GenericViewSet[ModelT], viewsets.ReadOnlyModelViewSet[ModelT]):
    """Lists resources and retrieves one."""


class ModelViewSet(
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[ModelT],
    viewsets.ModelViewSet[ModelT],
):
    """Lists, creates, retrieves, updates and deletes resources."""


hide_docstrings(*(globals()[name] for name in __all__))
