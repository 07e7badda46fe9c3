"""Views on classes that DRF does not have: a type checker rejects the lines with "# wrong"."""

from __future__ import annotations

from typing import Any, assert_type

from django.contrib.auth.models import User
from rest_framework.serializers import Serializer

from django_apierrors import viewsets
from django_apierrors.operations import AcceptedAPIView, AcceptedMixin


class UserSerializer(Serializer[User]): ...


class ImportView(AcceptedAPIView):
    serializer_class = UserSerializer


class InviteView(AcceptedAPIView[User]):
    serializer_class = UserSerializer


class NumberView(AcceptedAPIView[int]): ...  # wrong


class InviteViewSet(AcceptedMixin, viewsets.ModelViewSet[User]): ...


def check_types(imported: ImportView, invited: InviteView, viewset: InviteViewSet) -> None:
    """Compare what the type checker infers."""
    assert_type(imported.get_object(), Any)
    assert_type(invited.get_object(), User)
    assert_type(viewset.get_object(), User)
    print(invited.get_object().no_such_attribute)  # wrong
    InviteView.as_view({"get": "list"})  # wrong
    InviteViewSet.as_view(5)  # wrong
