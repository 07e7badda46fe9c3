"""Views that a type checker reads: our generic classes are as generic as those of DRF's stubs."""

from __future__ import annotations

from typing import assert_type

from django.db.models import QuerySet
from rest_framework import generics as stock
from rest_framework.serializers import BaseSerializer

from django_apierrors import generics, mixins, viewsets
from tests.models import Shelf


class StockShelf(stock.RetrieveUpdateDestroyAPIView[Shelf]):
    """A view of DRF."""


class ShelfView(generics.RetrieveUpdateDestroyAPIView[Shelf]):
    """The same view, with its import changed."""


class ShelfViewSet(viewsets.ModelViewSet[Shelf]):
    """A viewset."""


class ReadOnlyShelfViewSet(viewsets.ReadOnlyModelViewSet[Shelf]):
    """A viewset without mixins of ours."""


class NewShelfViewSet(mixins.CreateModelMixin, viewsets.GenericViewSet[Shelf]):
    """A viewset of one action."""


class ShelfList(generics.ListCreateAPIView[Shelf]):
    """A view of a list."""


def check_types(
    stock_view: StockShelf,
    view: ShelfView,
    viewset: ShelfViewSet,
    read_only: ReadOnlyShelfViewSet,
    new: NewShelfViewSet,
    shelves: ShelfList,
) -> None:
    """Compare what the type checker infers."""
    assert_type(stock_view.get_object(), Shelf)
    assert_type(view.get_object(), Shelf)
    assert_type(viewset.get_object(), Shelf)
    assert_type(read_only.get_object(), Shelf)
    assert_type(new.get_object(), Shelf)
    assert_type(shelves.get_queryset(), QuerySet[Shelf, Shelf])
    assert_type(viewset.get_serializer(), BaseSerializer[Shelf])
    assert_type(viewset.get_serializer_class(), type[BaseSerializer[Shelf]])
