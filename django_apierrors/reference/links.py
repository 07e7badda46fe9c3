"""Links between the pages of the reference, wherever a project has put it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch


class Links:
    """The URLs of the pages beside the one that a request is for.

    They stay in its namespace, whose name a project may have changed, and keep the variables of the
    URL that the reference is included below: a language, a version.
    """

    def __init__(self, request: HttpRequest) -> None:
        """Take the request for a page."""
        self.request = request
        match: ResolverMatch = request.resolver_match  # type: ignore[assignment]
        self.namespaces = match.namespaces
        self.kwargs = {name: value for name, value in match.kwargs.items() if name != "code"}

    def get_path(self, name: str, **kwargs: str) -> str:
        """Return the path of the page called `name`."""
        return reverse(":".join([*self.namespaces, name]), kwargs={**self.kwargs, **kwargs})

    def get_url(self, name: str, **kwargs: str) -> str:
        """Return the absolute URL of the page called `name`."""
        url: str = self.request.build_absolute_uri(self.get_path(name, **kwargs))
        return url
