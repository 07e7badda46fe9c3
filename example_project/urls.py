"""The URLs of the example project."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("example_project.inventory.urls"))]
