"""The URLs of the inventory, without trailing slashes.

Ids are plain strings here. The lookup decides whether an id is malformed (400) or unknown (404).
"""

from __future__ import annotations

from django.urls import path

from django_apierrors.operations import OperationView
from example_project.inventory import views

urlpatterns = [
    path("access", views.AccessAPIView.as_view(), name="access"),
    path("operators/<str:pk>", views.OperatorDetailAPIView.as_view(), name="operator-detail"),
    path("thngs", views.ThngListAPIView.as_view(), name="thng-list"),
    # Before thng-detail, whose pattern matches this path too.
    path("thngs/imports", views.ThngImportAPIView.as_view(), name="thng-imports"),
    path("thngs/<str:pk>", views.ThngDetailAPIView.as_view(), name="thng-detail"),
    path("collections", views.CollectionListAPIView.as_view(), name="collection-list"),
    path(
        "collections/<str:pk>",
        views.CollectionDetailAPIView.as_view(),
        name="collection-detail",
    ),
    path(
        "collections/<str:pk>/thngs",
        views.CollectionThngsAPIView.as_view(),
        name="collection-thngs",
    ),
    path(
        "collections/<str:pk>/thngs/<str:thng_pk>",
        views.CollectionThngAPIView.as_view(),
        name="collection-thng",
    ),
    path("operations/<str:handle>", OperationView.as_view(), name="operation-detail"),
]
