"""Views with types, which a type checker accepts.

The tests have them checked twice: as they stand here, and on DRF's classes of the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, CharField, Serializer

from django_apierrors import filters, generics, mixins, pagination, viewsets

if TYPE_CHECKING:
    from rest_framework.views import AsView, GenericView


class UserSerializer(Serializer[User]):
    username = CharField()


class UserPagination(pagination.PageNumberPagination):
    page_size = 20


class UserViewSet(viewsets.ModelViewSet[User]):
    queryset = User.objects.all()
    serializer_class = UserSerializer
    pagination_class = UserPagination
    filter_backends = [filters.SearchFilter, filters.OrderingFilter]

    def get_queryset(self) -> QuerySet[User]:
        return super().get_queryset().filter(is_active=True)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    # DRF's stubs give the serializer a type variable, which pyright lets no override narrow.
    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(is_active=True)

    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: str) -> Response:
        user = self.get_object()
        user.is_active = False
        user.save()
        return Response(self.get_serializer(user).data)


class OldUserViewSet(viewsets.ModelViewSet[User]):
    http_method_names = ("get", "patch")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        return super().finalize_response(request, response, *args, **kwargs)


class ReadOnlyUserViewSet(viewsets.ReadOnlyModelViewSet[User]): ...


class NewUserViewSet(mixins.CreateModelMixin, viewsets.GenericViewSet[User]): ...


class UserMixinViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[User],
): ...


class UserView(generics.GenericAPIView[User]): ...


class CreateView(generics.CreateAPIView[User]): ...


class ListView(generics.ListAPIView[User]): ...


class RetrieveView(generics.RetrieveAPIView[User]): ...


class DestroyView(generics.DestroyAPIView[User]): ...


class UpdateView(generics.UpdateAPIView[User]): ...


class ListCreateView(generics.ListCreateAPIView[User]): ...


class RetrieveUpdateView(generics.RetrieveUpdateAPIView[User]): ...


class RetrieveDestroyView(generics.RetrieveDestroyAPIView[User]): ...


class RetrieveUpdateDestroyView(generics.RetrieveUpdateDestroyAPIView[User]): ...


class PlainViewSet(viewsets.ViewSet):
    def list(self, request: Request) -> Response:
        return Response([])


def get_model(view: generics.GenericAPIView[Model]) -> type[Model]:
    """Take a view of any model: the type variable is covariant."""
    return view.get_queryset().model


def check_types(
    viewset: UserViewSet,
    read_only: ReadOnlyUserViewSet,
    new: NewUserViewSet,
    mixed: UserMixinViewSet,
    view: UserView,
    created: CreateView,
    listed: ListView,
    retrieved: RetrieveView,
    destroyed: DestroyView,
    updated: UpdateView,
    listed_and_created: ListCreateView,
    retrieved_and_updated: RetrieveUpdateView,
    retrieved_and_destroyed: RetrieveDestroyView,
    everything: RetrieveUpdateDestroyView,
) -> None:
    """Compare what the type checker infers."""
    assert_type(viewset.get_object(), User)
    assert_type(read_only.get_object(), User)
    assert_type(new.get_object(), User)
    assert_type(mixed.get_object(), User)
    assert_type(view.get_object(), User)
    assert_type(created.get_object(), User)
    assert_type(listed.get_object(), User)
    assert_type(retrieved.get_object(), User)
    assert_type(destroyed.get_object(), User)
    assert_type(updated.get_object(), User)
    assert_type(listed_and_created.get_object(), User)
    assert_type(retrieved_and_updated.get_object(), User)
    assert_type(retrieved_and_destroyed.get_object(), User)
    assert_type(everything.get_object(), User)
    assert_type(get_model(viewset), type[Model])
    assert_type(listed.get_queryset(), QuerySet[User, User])
    assert_type(viewset.get_serializer(), BaseSerializer[User])
    assert_type(viewset.get_serializer_class(), type[BaseSerializer[User]])
    assert_type(ListView.as_view(), AsView[GenericView])
    # The type of an action of a viewset is partly unknown in DRF's stubs.
    assert_type(UserViewSet.as_view({}), AsView[GenericView])  # pyright: ignore[reportUnknownMemberType]
    for pages in (UserPagination(), pagination.CursorPagination()):
        page = pages.paginate_queryset(User.objects.all(), viewset.request)
        assert_type(page, list[User] | None)
