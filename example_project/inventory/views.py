"""The resources of the inventory.

The docstrings of the views are public: an OPTIONS request answers with them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.generics import (
    ListAPIView,
    ListCreateAPIView,
    RetrieveAPIView,
    RetrieveUpdateDestroyAPIView,
    get_object_or_404,
)
from django_apierrors.operations import AcceptedAPIView
from django_apierrors.semantics import StatusAwareMixin
from example_project.inventory.models import Collection, Membership, Operator, Thng
from example_project.inventory.serializers import (
    CollectionSerializer,
    IdRelatedField,
    OperatorSerializer,
    ThngImportSerializer,
    ThngSerializer,
)
from example_project.inventory.tasks import import_thngs

COLLECTIONS = Collection.objects.prefetch_related("identifier_rows")
THNGS = Thng.objects.prefetch_related("identifier_rows", "collections")
MAX_THNGS_AT_ONCE = 100

# For the schema: an identifier may be another document's, which no field of the serializer says.
TAKEN = {"post": ["ALREADY_EXISTS"], "put": ["ALREADY_EXISTS"]}
UNKNOWN_THNG = '[0]: Invalid pk "111111111111111111111111" - object does not exist.'


class ThngListAPIView(ListCreateAPIView):
    """All thngs: list them, or create one."""

    queryset = THNGS
    serializer_class = ThngSerializer
    possible_errors = TAKEN


class ThngDetailAPIView(RetrieveUpdateDestroyAPIView):
    """One thng: read, update or delete it."""

    queryset = THNGS
    serializer_class = ThngSerializer
    partial_put = True
    delete_status = 200
    possible_errors = TAKEN


class ThngImportAPIView(AcceptedAPIView):
    """Many new thngs at once: a worker creates them, and an operation tells what came of it."""

    serializer_class = ThngImportSerializer
    task = import_thngs


class CollectionListAPIView(ListCreateAPIView):
    """All collections: list them, or create one."""

    queryset = COLLECTIONS
    serializer_class = CollectionSerializer
    possible_errors = TAKEN


class CollectionDetailAPIView(RetrieveUpdateDestroyAPIView):
    """One collection: read, update or delete it. With thngs in it, it cannot be deleted."""

    queryset = COLLECTIONS
    serializer_class = CollectionSerializer
    partial_put = True
    delete_status = 200
    possible_errors = TAKEN


class CollectionThngsAPIView(ListAPIView):
    """The thngs in a collection: list them, put more in, or take all out."""

    possible_errors = {"put": [ValidationError(UNKNOWN_THNG, "does_not_exist")]}
    serializer_class = ThngSerializer

    def get_collection(self) -> Collection:
        """Return the URL's collection."""
        return get_object_or_404(Collection, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Thng]:
        """Return the collection's thngs."""
        return THNGS.filter(membership__collection=self.get_collection())

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put the thngs whose ids are sent into the collection, and list what is in it now."""
        collection = self.get_collection()
        field = serializers.ListField(
            child=IdRelatedField(queryset=Thng.objects.all()),
            max_length=MAX_THNGS_AT_ONCE,
        )
        collection.thngs.add(*field.run_validation(request.data))
        return self.list(request, *args, **kwargs)

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take all thngs out of the collection; the thngs themselves stay."""
        self.get_collection().thngs.clear()
        return Response(status=status.HTTP_204_NO_CONTENT)


class CollectionThngAPIView(StatusAwareMixin, APIView):
    """One thng's place in one collection: take it out."""

    def delete(self, request: Request, pk: str, thng_pk: str) -> Response:
        """Take the thng out of the collection; the thng itself stays."""
        get_object_or_404(Membership, collection=pk, thng=thng_pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccessAPIView(StatusAwareMixin, APIView):
    """Whom the caller's key belongs to."""

    def get(self, request: Request) -> Response:
        """Return the account and the actor."""
        operator: Operator = request.user
        actor = {"type": "operator", "id": operator.pk}
        return Response({"account": operator.account, "actor": actor})


class OperatorDetailAPIView(RetrieveAPIView):
    """One operator of the caller's account; those of other accounts are out of scope."""

    serializer_class = OperatorSerializer

    def get_queryset(self) -> QuerySet[Operator]:
        """Return the operators of the caller's account."""
        return Operator.objects.filter(account=self.request.user.account)
