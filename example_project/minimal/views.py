"""The serializer and the view of the minimal project."""

from rest_framework.serializers import ModelSerializer

from django_apierrors.viewsets import ModelViewSet
from example_project.minimal.models import Book


class BookSerializer(ModelSerializer):
    """A book."""

    class Meta:
        model = Book
        fields = ("id", "title", "isbn")


class BookViewSet(ModelViewSet):
    """All books."""

    queryset = Book.objects.order_by("id")
    serializer_class = BookSerializer
