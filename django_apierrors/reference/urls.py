"""The URLs of the reference: `path("errors/", include("django_apierrors.reference.urls"))`.

`API_ERRORS = {"MORE_INFO": "apierrors:code"}` adds a link to each error.
"""

from __future__ import annotations

from django.urls import path

from django_apierrors.reference import views

app_name = "apierrors"

# Codes are upper case, so the lower-case names here hide no code.
urlpatterns = [
    path("", views.IndexView.as_view(), name="index"),
    path("verbs", views.VerbsView.as_view(), name="verbs"),
    path("style.css", views.StyleView.as_view(), name="style"),
    path("<str:code>", views.CodeView.as_view(), name="code"),
]
