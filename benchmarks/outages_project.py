"""The API of the benchmark of outages: orders of several rows, written all or not at all."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# So that a server which is stopped is caught in the middle of a transaction.
PAUSE_SECONDS = 0.002


class OrderAPIView(APIView):
    """Orders; `ATOMIC_REQUESTS` holds the transaction, so a COMMIT fails when this is over."""

    def post(self, request: Request) -> Response:
        """Write an order."""
        token = request.data["token"]
        with connection.cursor() as cursor:
            for number in range(settings.ROWS):
                cursor.execute("INSERT INTO rows VALUES (%s, %s)", [token, number])
                cursor.execute("SELECT pg_sleep(%s)", [PAUSE_SECONDS])
        return self.answer(token, 201)

    def get(self, request: Request) -> Response:
        """Count the rows of an order."""
        token = request.query_params["token"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM rows WHERE token = %s", [token])
            return self.answer(token, 200, rows=cursor.fetchone()[0])

    def answer(self, token: str, status: int, **members: Any) -> Response:
        """Return the answer, which names the worker."""
        data = {"token": token, **members}
        return Response(data, status, headers={"X-Worker": str(os.getpid())})


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class ExplicitOrderAPIView(OrderAPIView):
    """Orders; the view holds the transaction itself, so a COMMIT fails inside of it."""

    def post(self, request: Request) -> Response:
        """Write an order."""
        with transaction.atomic():
            return super().post(request)


urlpatterns = [
    path("orders", OrderAPIView.as_view()),
    path("explicit-orders", ExplicitOrderAPIView.as_view()),
]
