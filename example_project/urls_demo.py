"""The URLs of the demo: the example project's own, and the failures."""

from __future__ import annotations

from django.urls import path

from example_project.failures import FailureView
from example_project.urls import urlpatterns as project_urlpatterns

urlpatterns = [*project_urlpatterns, path("_status/<int:status>", FailureView.as_view())]
