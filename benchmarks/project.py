"""The project that the benchmarks measure: the configurations of DRF, and the same views for each.

Each configuration has view classes of its own, so that it does not share their caches with another,
and the same URL patterns in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from django.http import Http404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings


class Configuration(NamedTuple):
    """The `REST_FRAMEWORK` setting, the generic views that the views extend, and `MIDDLEWARE`."""

    rest_framework: Mapping[str, object]
    generics: str = "rest_framework.generics"
    middleware: Sequence[str] = ()


STOCK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
STANDARDIZED_ERRORS = {
    **STOCK,
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
}
# As in the README.
OURS = {
    "EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["django_apierrors.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["django_apierrors.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "django_apierrors.negotiation.JSONContentNegotiation",
}

CONFIGURATIONS = {
    "stock DRF": Configuration(STOCK),
    "stock again": Configuration(STOCK),
    "drf-standardized-errors": Configuration(STANDARDIZED_ERRORS),
    "settings alone": Configuration(OURS),
    "with the middleware": Configuration(
        OURS, middleware=("django_apierrors.middleware.APIErrorsMiddleware",)
    ),
    "generic views": Configuration(OURS, generics="django_apierrors.generics"),
}


class Thing(NamedTuple):
    """A resource. A database would cost every configuration the same."""

    id: int
    name: str
    price: int
    email: str


class ThingSerializer(serializers.Serializer[Thing]):
    """A resource with three fields that a client writes."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    price = serializers.IntegerField(min_value=0)
    email = serializers.EmailField()

    def create(self, validated_data: dict[str, Any]) -> Thing:
        """Return the new resource."""
        return Thing(1, **validated_data)


FormSerializer: Any = type(
    "FormSerializer",
    (serializers.Serializer,),
    {f"field_{number}": serializers.CharField(max_length=100) for number in range(20)},
)

THINGS = [Thing(number, f"Lantern {number}", number, "a@example.com") for number in range(100)]
ROWS = [thing._asdict() for thing in THINGS] * 100


def make_urlpatterns(configuration: Configuration) -> list[URLPattern]:
    """Return the URL patterns and the views of a configuration."""
    drf_settings = APISettings(configuration.rest_framework, DEFAULTS, IMPORT_STRINGS)
    generics: Any = import_module(configuration.generics)

    class Policies:
        settings = drf_settings
        renderer_classes = drf_settings.DEFAULT_RENDERER_CLASSES
        parser_classes = drf_settings.DEFAULT_PARSER_CLASSES
        content_negotiation_class = drf_settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
        serializer_class: Any = ThingSerializer

    class ProtectedView(Policies, generics.GenericAPIView):  # type: ignore[misc]
        authentication_classes = [BasicAuthentication]
        permission_classes = [IsAuthenticated]

        def get(self, request: Any) -> Response:
            return Response({})

    class ForbiddenView(ProtectedView):
        authentication_classes: list[type] = []

    class MissingView(Policies, generics.GenericAPIView):  # type: ignore[misc]
        def get(self, request: Any) -> Response:
            raise Http404

    class BrokenView(Policies, generics.GenericAPIView):  # type: ignore[misc]
        def get(self, request: Any) -> Response:
            raise RuntimeError("An unhandled exception.")

    class RowsView(Policies, generics.GenericAPIView):  # type: ignore[misc]
        def get(self, request: Any) -> Response:
            return Response(ROWS)

    class ThingsView(Policies, generics.ListCreateAPIView):  # type: ignore[misc]
        def get_queryset(self) -> Any:
            return THINGS

    class ThingView(Policies, generics.RetrieveAPIView):  # type: ignore[misc]
        lookup_field = "id"

    class FormsView(Policies, generics.CreateAPIView):  # type: ignore[misc]
        serializer_class = FormSerializer

    class ImportsView(Policies, generics.CreateAPIView):  # type: ignore[misc]
        def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
            return super().get_serializer(*args, many=True, **kwargs)

    return [
        path("protected", ProtectedView.as_view()),
        path("forbidden", ForbiddenView.as_view()),
        path("missing", MissingView.as_view()),
        path("broken", BrokenView.as_view()),
        path("rows", RowsView.as_view()),
        path("things", ThingsView.as_view(), name="thing-list"),
        path("things/<int:id>", ThingView.as_view(), name="thing-detail"),
        path("forms", FormsView.as_view()),
        path("imports", ImportsView.as_view()),
    ]
