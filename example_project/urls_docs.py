"""The URLs of the schema, and of Swagger UI with its own files."""

from __future__ import annotations

from django.contrib.staticfiles.views import serve
from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(), name="docs"),
    # Django serves them under DEBUG alone unless it is told that it may: they are public, and
    # whoever runs the example has no other server for them.
    path("static/<path:path>", serve, {"insecure": True}),
]
