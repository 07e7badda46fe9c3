"""The generic views of DRF, held to the verb table: changing the import is the whole migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import generics

from django_apierrors import mixins
from django_apierrors.identifiers import check_identifier
from django_apierrors.semantics import StatusAwareMixin

if TYPE_CHECKING:
    Base = generics.GenericAPIView[Any]
else:
    Base = generics.GenericAPIView


class GenericAPIView(StatusAwareMixin, Base):
    """DRF's base of all generic views, which tells a malformed identifier from an unknown one."""

    def get_object(self) -> Any:
        """Return the object of the URL; raise InvalidId or Http404 where there is none."""
        self.check_identifier()
        return super().get_object()

    def check_identifier(self) -> None:
        """Raise InvalidId where the URL's identifier can be nobody's."""
        model = getattr(self.get_queryset(), "model", None)
        name = self.lookup_url_kwarg or self.lookup_field
        if model is not None and name in self.kwargs:
            check_identifier(model, self.lookup_field, self.kwargs[name])


class CreateAPIView(mixins.CreateModelMixin, GenericAPIView, generics.CreateAPIView[Any]):
    """Creates a resource."""


class ListAPIView(GenericAPIView, generics.ListAPIView[Any]):
    """Lists resources."""


class RetrieveAPIView(GenericAPIView, generics.RetrieveAPIView[Any]):
    """Shows a resource."""


class DestroyAPIView(mixins.DestroyModelMixin, GenericAPIView, generics.DestroyAPIView[Any]):
    """Deletes a resource."""


class UpdateAPIView(mixins.UpdateModelMixin, GenericAPIView, generics.UpdateAPIView[Any]):
    """Updates a resource."""


class ListCreateAPIView(mixins.CreateModelMixin, GenericAPIView, generics.ListCreateAPIView[Any]):
    """Lists resources, or creates one."""


class RetrieveUpdateAPIView(
    mixins.UpdateModelMixin, GenericAPIView, generics.RetrieveUpdateAPIView[Any]
):
    """Shows or updates a resource."""


class RetrieveDestroyAPIView(
    mixins.DestroyModelMixin, GenericAPIView, generics.RetrieveDestroyAPIView[Any]
):
    """Shows or deletes a resource."""


class RetrieveUpdateDestroyAPIView(
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericAPIView,
    generics.RetrieveUpdateDestroyAPIView[Any],
):
    """Shows, updates or deletes a resource."""
