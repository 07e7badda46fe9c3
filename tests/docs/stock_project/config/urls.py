"""The URLs, which the examples bring along."""

urlpatterns = []
