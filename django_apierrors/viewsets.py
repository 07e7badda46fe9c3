"""The viewsets of DRF, held to the verb table."""

from __future__ import annotations

from rest_framework import viewsets

from django_apierrors import generics, mixins
from django_apierrors.semantics import StatusAwareMixin


class ViewSet(StatusAwareMixin, viewsets.ViewSet):
    """DRF's viewset without a queryset."""


class GenericViewSet(viewsets.ViewSetMixin, generics.GenericAPIView):
    """DRF's viewset with a queryset; mixins give it its actions."""


class ReadOnlyModelViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, GenericViewSet):
    """Lists resources and shows one."""


class ModelViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    GenericViewSet,
):
    """Creates, shows, updates, deletes and lists resources."""
