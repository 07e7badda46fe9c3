"""The URLs of the example project."""

from __future__ import annotations

from django.contrib.staticfiles.views import serve
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("", include("example_project.inventory.urls")),
    path("errors/", include("django_apierrors.reference.urls")),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(), name="docs"),
    # Without DEBUG, Django's view serves files only if it is called with `insecure`. The files of
    # Swagger UI are public, and the example has no other server for them.
    path("static/<path:path>", serve, {"insecure": True}),
]
