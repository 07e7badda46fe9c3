"""DRF's generic views, checked against the table of methods. To migrate, change the import."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import Http404
from rest_framework import generics
from rest_framework import mixins as stock_mixins
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from django_apierrors import mixins
from django_apierrors.exceptions import InvalidId
from django_apierrors.recognition.permissions import is_hidden
from django_apierrors.semantics import StatusAwareMixin, hide_docstrings
from django_apierrors.validation.identifiers import is_malformed

__all__ = [
    "CreateAPIView",
    "DestroyAPIView",
    "GenericAPIView",
    "ListAPIView",
    "ListCreateAPIView",
    "RetrieveAPIView",
    "RetrieveDestroyAPIView",
    "RetrieveUpdateAPIView",
    "RetrieveUpdateDestroyAPIView",
    "UpdateAPIView",
    "get_object_or_404",
]

# The stubs of DRF have this variable. DRF's classes can be subscripted at run time too.
ModelT = TypeVar("ModelT", bound=Model, covariant=True)

ONE_OBJECT_MIXINS = (
    stock_mixins.RetrieveModelMixin,
    stock_mixins.UpdateModelMixin,
    stock_mixins.DestroyModelMixin,
)
ONE_OBJECT_ACTIONS = frozenset({"retrieve", "update", "partial_update", "destroy"})


class GenericAPIView(mixins.LocationMixin, StatusAwareMixin, generics.GenericAPIView[ModelT]):
    """DRF's `GenericAPIView`, except that a malformed identifier gets a 400, not a 404."""

    def get_object(self) -> ModelT:
        """Return the object of the URL, or raise InvalidId or Http404."""
        try:
            return super().get_object()
        except Http404:
            self.check_identifier()
            raise

    def check_identifier(self) -> None:
        """Raise InvalidId if the identifier in the URL is malformed."""
        model = getattr(self.get_queryset(), "model", None)
        identifier = self.kwargs.get(self.lookup_url_kwarg or self.lookup_field)
        if model is not None and is_malformed(model, self.lookup_field, identifier):
            raise InvalidId

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Describe the resource, or raise Http404 or InvalidId if it does not exist."""
        if self.is_about_one_object() and is_hidden(request, self, self.get_object()):
            raise Http404
        return super().options(request, *args, **kwargs)

    def is_about_one_object(self) -> bool:
        """Whether the URL names one object, which the view's methods look up."""
        if (self.lookup_url_kwarg or self.lookup_field) not in self.kwargs:
            return False
        actions = getattr(self, "action_map", None)
        if actions is None:
            return isinstance(self, ONE_OBJECT_MIXINS)
        # A router sets `detail` for extra actions too.
        return bool(getattr(self, "detail", False)) or not ONE_OBJECT_ACTIONS.isdisjoint(
            actions.values()
        )


class CreateAPIView(
    mixins.CreateModelMixin, GenericAPIView[ModelT], generics.CreateAPIView[ModelT]
):
    """Creates a resource."""


class ListAPIView(GenericAPIView[ModelT], generics.ListAPIView[ModelT]):
    """Lists resources."""


class RetrieveAPIView(GenericAPIView[ModelT], generics.RetrieveAPIView[ModelT]):
    """Retrieves a resource."""


class DestroyAPIView(
    mixins.DestroyModelMixin, GenericAPIView[ModelT], generics.DestroyAPIView[ModelT]
):
    """Deletes a resource."""


class UpdateAPIView(
    mixins.UpdateModelMixin, GenericAPIView[ModelT], generics.UpdateAPIView[ModelT]
):
    """Updates a resource."""


class ListCreateAPIView(
    mixins.CreateModelMixin, GenericAPIView[ModelT], generics.ListCreateAPIView[ModelT]
):
    """Lists resources or creates one."""


class RetrieveUpdateAPIView(
    mixins.UpdateModelMixin, GenericAPIView[ModelT], generics.RetrieveUpdateAPIView[ModelT]
):
    """Retrieves or updates a resource."""


class RetrieveDestroyAPIView(
    mixins.DestroyModelMixin, GenericAPIView[ModelT], generics.RetrieveDestroyAPIView[ModelT]
):
    """Retrieves or deletes a resource."""


class RetrieveUpdateDestroyAPIView(
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericAPIView[ModelT],
    generics.RetrieveUpdateDestroyAPIView[ModelT],
):
    """Retrieves, updates or deletes a resource."""


hide_docstrings(*(globals()[name] for name in __all__))
