"""No URLs: a test that needs some marks its module with `pytest.mark.urls(__name__)`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
