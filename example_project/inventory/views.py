"""The views of the inventory.

The docstrings of the views are public: OPTIONS responses and the schema contain them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail, ValidationError
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
    TAKEN,
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

# For the schema: a unique identifier is checked by a method of the serializer, not by a field.
DUPLICATE = ValidationError({"identifiers": {"serial": [ErrorDetail(TAKEN, "unique")]}})
DUPLICATE_ERRORS = {"post": [DUPLICATE], "put": [DUPLICATE]}
# A list that is not a field of a serializer.
LIST_ERRORS = [
    ValidationError('Expected a list of items but got type "dict".', "not_a_list"),
    ValidationError("Ensure this field has no more than 100 elements.", "max_length"),
    ValidationError("[0]: This field may not be null.", "null"),
]
KEY_ERRORS = [
    ValidationError(
        '[0]: Invalid pk "111111111111111111111111" - object does not exist.', "does_not_exist"
    ),
    ValidationError("[0]: Incorrect type. Expected pk value, received bool.", "incorrect_type"),
]


class ThngListAPIView(ListCreateAPIView):
    """All thngs: list them, or create one."""

    queryset = THNGS
    serializer_class = ThngSerializer
    possible_errors = DUPLICATE_ERRORS


class ThngDetailAPIView(RetrieveUpdateDestroyAPIView):
    """One thng: read, update or delete it."""

    queryset = THNGS
    serializer_class = ThngSerializer
    partial_put = True
    delete_status = 200
    possible_errors = DUPLICATE_ERRORS


class ThngImportAPIView(AcceptedAPIView):
    """Import many thngs: a worker creates them, and the operation has the report."""

    serializer_class = ThngImportSerializer
    task = import_thngs
    possible_errors = LIST_ERRORS


class CollectionListAPIView(ListCreateAPIView):
    """All collections: list them, or create one."""

    queryset = COLLECTIONS
    serializer_class = CollectionSerializer
    possible_errors = DUPLICATE_ERRORS


class CollectionDetailAPIView(RetrieveUpdateDestroyAPIView):
    """One collection: read, update or delete it. A collection with thngs cannot be deleted."""

    queryset = COLLECTIONS
    serializer_class = CollectionSerializer
    partial_put = True
    delete_status = 200
    possible_errors = DUPLICATE_ERRORS


class CollectionThngsAPIView(ListAPIView):
    """The thngs in a collection: list them, add some, or remove all."""

    possible_errors = {"put": [*KEY_ERRORS, *LIST_ERRORS]}
    serializer_class = ThngSerializer

    def get_collection(self) -> Collection:
        """Return the collection in the URL."""
        return get_object_or_404(Collection, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[Thng]:
        """Return the thngs in the collection."""
        return THNGS.filter(membership__collection=self.get_collection())

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add thngs by id, and list the thngs in the collection."""
        collection = self.get_collection()
        field = serializers.ListField(
            child=IdRelatedField(queryset=Thng.objects.all()),
            max_length=MAX_THNGS_AT_ONCE,
        )
        collection.thngs.add(*field.run_validation(request.data))
        return self.list(request, *args, **kwargs)

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove all thngs from the collection. The thngs are not deleted."""
        self.get_collection().thngs.clear()
        return Response(status=status.HTTP_204_NO_CONTENT)


class CollectionThngAPIView(StatusAwareMixin, APIView):
    """One thng in one collection: remove it."""

    def delete(self, request: Request, pk: str, thng_pk: str) -> Response:
        """Remove the thng from the collection. The thng is not deleted."""
        get_object_or_404(Membership, collection=pk, thng=thng_pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class AccessAPIView(StatusAwareMixin, APIView):
    """The owner of the API key."""

    def get(self, request: Request) -> Response:
        """Return the account and the actor."""
        operator: Operator = request.user
        actor = {"type": "operator", "id": operator.pk}
        return Response({"account": operator.account, "actor": actor})


class OperatorDetailAPIView(RetrieveAPIView):
    """One operator of the same account. Operators of other accounts are out of scope."""

    serializer_class = OperatorSerializer

    def get_queryset(self) -> QuerySet[Operator]:
        """Return the operators of the same account."""
        return Operator.objects.filter(account=self.request.user.account)
