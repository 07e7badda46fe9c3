"""The URLs of ``make demo``: those of the example project, and one that fails on request."""

from __future__ import annotations

from django.urls import path

from example_project.demo.failures import FailureView
from example_project.urls import urlpatterns as example_urlpatterns

urlpatterns = [*example_urlpatterns, path("_status/<int:status>", FailureView.as_view())]
