"""The URLs of the stress scripts: the demo's, and below `/stress/` the scripts' own."""

from __future__ import annotations

from django.urls import include, path

from stress import views

urlpatterns = [
    path("", include("example_project.demo.urls")),
    path("stress/ours/documents", views.DocumentView.as_view()),
    path("stress/stock/documents", views.StockDocumentView.as_view()),
    path("stress/orders", views.OrderView.as_view()),
    path("stress/explicit-orders", views.ExplicitOrderView.as_view()),
    path("stress/numbers", views.NumberView.as_view()),
    path(
        "stress/operations/<str:handle>",
        views.NumberOperationView.as_view(),
        name="stress-operation",
    ),
]
