"""Views with wrong types: a type checker rejects the lines that end with "# wrong"."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from rest_framework.serializers import BaseSerializer, CharField, Serializer

from django_apierrors import generics, viewsets


class GroupSerializer(Serializer[Group]):
    name = CharField()


class NumberViewSet(viewsets.ModelViewSet[int]): ...  # wrong


class NumberView(generics.ListAPIView[int]): ...  # wrong


class UserViewSet(viewsets.ModelViewSet[User]):
    serializer_class = GroupSerializer  # wrong

    def get_object(self) -> Group:  # wrong
        raise NotImplementedError

    def perform_create(self, serializer: BaseSerializer[Group]) -> None: ...  # wrong


class UserView(generics.RetrieveUpdateDestroyAPIView[User]):
    queryset = Group.objects.all()  # wrong

    def get_queryset(self) -> QuerySet[Group]:  # wrong
        raise NotImplementedError


class ReadOnlyUserViewSet(viewsets.ReadOnlyModelViewSet[User]):
    def get_serializer(self) -> BaseSerializer[Group]:  # wrong
        raise NotImplementedError


def misuse(viewset: ReadOnlyUserViewSet, view: generics.ListCreateAPIView[User]) -> Group:
    print(viewset.get_object().no_such_attribute)  # wrong
    viewset.create(viewset.request)  # wrong
    view.create()  # wrong
    UserViewSet.as_view(5)  # wrong
    UserView.as_view({"get": "list"})  # wrong
    return view.get_object()  # wrong
