"""The views of the stress scripts: documents (floods), orders (outages), numbers (operations)."""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils.decorators import method_decorator
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.operations import AcceptedAPIView, OperationView
from example_project.inventory.models import Operator

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

# With this pause after each row, a server that stops interrupts transactions.
PAUSE_SECONDS = 0.002

WORK_SECONDS = 0.005


class OpenAPIView(APIView):
    """A view without authentication and permissions."""

    authentication_classes = ()
    permission_classes = ()


class DocumentSerializer(serializers.Serializer[Any]):
    """A short name, a list of numbers, and a dict with lists of numbers."""

    name = serializers.CharField(max_length=100)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)
    tables = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()), required=False
    )


class DocumentView(OpenAPIView):
    """Validates documents."""

    def get(self, request: Request) -> Response:
        """Return a small document."""
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        """Validate a document, or fail on one of its values."""
        if "operator" in request.data:
            # The package then searches the whole request for the rejected key.
            Operator.objects.get(pk=request.data["operator"])
        if "missing" in request.data:
            raise NotFound(f"There is no {request.data['missing']}.")
        if "errors" in request.data:
            raise ExceptionGroup("", [*map(ParseError, map(str, range(request.data["errors"])))])
        serializer = DocumentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"okay": True})


class StockDocumentView(DocumentView):
    """The view of documents with DRF's own parser, renderer and negotiation."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation


class OrderView(OpenAPIView):
    """Orders of several rows; `ATOMIC_REQUESTS` is on, so COMMIT follows the view."""

    def post(self, request: Request) -> Response:
        """Write an order."""
        token = request.data["token"]
        with connection.cursor() as cursor:
            for number in range(settings.ROWS_PER_ORDER):
                cursor.execute("INSERT INTO orders VALUES (%s, %s)", [token, number])
                cursor.execute("SELECT pg_sleep(%s)", [PAUSE_SECONDS])
        return self.make_response(201, token=token)

    def get(self, request: Request) -> Response:
        """Count the rows of an order."""
        token = request.query_params["token"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders WHERE token = %s", [token])
            return self.make_response(200, token=token, rows=cursor.fetchone()[0])

    def make_response(self, status: int, **data: Any) -> Response:
        """Return a response that names the worker process."""
        return Response(data, status, headers={"X-Worker": str(os.getpid())})


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class ExplicitOrderView(OrderView):
    """Orders in a transaction of the view's own, so COMMIT is inside the view."""

    def post(self, request: Request) -> Response:
        """Write an order."""
        with transaction.atomic():
            return super().post(request)


class Owner(NamedTuple):
    """A user without a table."""

    pk: str
    is_authenticated: bool = True


class HeaderAuthentication(BaseAuthentication):
    """Reads the client from the `X-Owner` header, without any proof."""

    def authenticate(self, request: Request) -> tuple[Owner, None] | None:
        """Return the client that the header names."""
        key = request.headers.get("X-Owner")
        return (Owner(key), None) if key else None


@task
def record_number(number: int) -> int:
    """Record this run, then wait for a moment."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO runs (number) VALUES (%s)", [number])
    time.sleep(WORK_SECONDS)
    return number


class NumberSerializer(serializers.Serializer[Any]):
    """The number of an operation."""

    number = serializers.IntegerField()


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class NumberView(AcceptedAPIView):
    """Accepts numbers to record."""

    task = record_number
    authentication_classes = [HeaderAuthentication]
    permission_classes = ()
    serializer_class = NumberSerializer
    operation_view_name = "stress-operation"


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class NumberOperationView(OperationView):
    """Shows the status of an operation."""

    authentication_classes = [HeaderAuthentication]
    permission_classes = ()
    operation_view_name = "stress-operation"
