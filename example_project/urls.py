"""The URLs of the example project."""

from __future__ import annotations

from django.urls import include, path

from example_project import documentation

urlpatterns = [
    path("errors/", include("django_apierrors.reference.urls")),
    path("", include("example_project.inventory.urls")),
]

if documentation.IS_INSTALLED:
    urlpatterns += [path("", include("example_project.urls_docs"))]
