"""The API of the benchmark of floods: one view, once as this project has it and once as DRF has."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class DocumentSerializer(serializers.Serializer[Any]):
    """A short name, and any number of numbers."""

    name = serializers.CharField(max_length=100)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)


class DocumentAPIView(APIView):
    """Takes documents that are valid."""

    def get(self, request: Request) -> Response:
        """Answer a client that has done nothing wrong."""
        return Response({"okay": True})

    def post(self, request: Request) -> Response:
        """Validate a document."""
        serializer = DocumentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"okay": True})


class StockDocumentAPIView(DocumentAPIView):
    """The same with what DRF has."""

    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = DefaultContentNegotiation


urlpatterns = [
    path("ours/documents", DocumentAPIView.as_view()),
    # Below EXCLUDED_PATHS, so DRF's handler answers.
    path("stock/documents", StockDocumentAPIView.as_view()),
]
