"""The generic views: their names, and OPTIONS."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import generics as stock
from rest_framework.decorators import action
from rest_framework.serializers import ModelSerializer

from django_apierrors import generics, viewsets
from tests.models import Shelf

pytestmark = pytest.mark.django_db


class ShelfSerializer(ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "name"]


OPEN: dict[str, Any] = {"authentication_classes": [], "permission_classes": []}


class Shelves:
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer


class ShelfViewSet(Shelves, viewsets.ModelViewSet):
    @action(detail=True)
    def label(self, request: Any, pk: str) -> Any:
        raise NotImplementedError


ShelfDetail = type("ShelfDetail", (Shelves, generics.RetrieveUpdateDestroyAPIView), {})
CreateShelf = type("CreateShelf", (Shelves, generics.CreateAPIView), {})


@pytest.mark.parametrize("name", sorted(generics.__all__))
def test_each_generic_view_has_the_name_of_drf_s(name: str) -> None:
    view, stock_view = getattr(generics, name), getattr(stock, name)
    if isinstance(view, type):
        assert issubclass(view, (stock_view, generics.GenericAPIView))
        assert "patch" not in view.http_method_names
        # tests/typed is for type checkers.
        assert view[Shelf] is view
    else:
        assert view is stock_view


def test_every_generic_view_of_drf_has_one_of_ours() -> None:
    assert {name for name in vars(stock) if name.endswith("APIView")} <= {*generics.__all__}


@pytest.mark.parametrize(
    ("view", "kwargs", "code"),
    [
        (ShelfViewSet.as_view({"get": "list"}, **OPEN), {}, None),
        (ShelfViewSet.as_view({"post": "create"}, **OPEN), {"pk": "low"}, None),
        # The URL has the key of another resource.
        (CreateShelf.as_view(**OPEN), {"pk": "low"}, None),
        (ShelfDetail.as_view(**OPEN), {"pk": "low"}, "INVALID_ID"),
        (ShelfViewSet.as_view({"get": "retrieve"}, **OPEN), {"pk": "low"}, "INVALID_ID"),
        (
            ShelfViewSet.as_view({"get": "label"}, detail=True, **OPEN),
            {"pk": "1"},
            "MISSING_RESOURCE",
        ),
    ],
    ids=["list", "create", "generic create", "generic detail", "retrieve", "extra action"],
)
def test_options_looks_up_the_object_that_the_view_is_about(
    rf: Any, view: Any, kwargs: dict[str, str], code: str | None
) -> None:
    response = view(rf.options("/"), **kwargs)
    assert response.data.get("code") == code
    assert (response.status_code == 200) is (code is None)


def test_a_view_without_a_model_does_not_check_the_identifier(rf: Any) -> None:
    class NoModel(generics.RetrieveAPIView):
        authentication_classes = ()

        def get_queryset(self) -> Any:
            return []

    # A list has no get(), which DRF treats as an identifier that it cannot look up.
    assert NoModel.as_view()(rf.get("/"), pk="low").status_code in (400, 404)
