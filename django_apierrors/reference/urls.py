"""The URLs of the reference: `path("errors/", include("django_apierrors.reference.urls"))`.

`API_ERRORS = {"MORE_INFO": "apierrors:code"}` makes errors link to it.
"""

from __future__ import annotations

from django.urls import path

from django_apierrors.reference import views

app_name = "apierrors"

# Codes are in capitals: none of them is hidden by the names here.
urlpatterns = [
    path("", views.IndexView.as_view(), name="index"),
    path("verbs", views.VerbsView.as_view(), name="verbs"),
    path("style.css", views.StyleView.as_view(), name="style"),
    path("<str:code>", views.CodeView.as_view(), name="code"),
]
