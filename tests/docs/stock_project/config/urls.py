"""The URLs, to which the examples of the docs add theirs."""

urlpatterns = []
