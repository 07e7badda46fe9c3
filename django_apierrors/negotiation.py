"""Content negotiation for an API that speaks JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation

from django_apierrors.http.problems import JSON, prefers_problem

if TYPE_CHECKING:
    from rest_framework.parsers import BaseParser
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request

# What clients that want JSON send. Anything else takes DRF's way.
PLAIN = frozenset({"*/*", JSON})


class JSONContentNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, which answers at once where JSON is asked for and comes first.

    What cannot be served is NotAcceptable, `?format=` and a suffix too, for which DRF has a 404,
    and so is an `Accept` that cannot be read. A client of problem details (`PROBLEM_JSON`) names
    what it wants of errors alone; its successes are JSON, or what the view has in place of it.
    """

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the body of `request`, `None` where there is none."""
        parsers = list(parsers)
        if parsers and parsers[0].media_type == request.content_type:
            # The first that matches has the body, and what is the same to the letter matches.
            return parsers[0]
        return super().select_parser(request, parsers)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for `request`, and the media type that it was accepted by."""
        renderers = list(renderers)
        meta = request.META
        if (
            meta.get("HTTP_ACCEPT", "*/*") in PLAIN
            and renderers
            and renderers[0].media_type == JSON
            and not format_suffix
            and not ((query := meta.get("QUERY_STRING")) and self.may_name_format(query))
        ):
            return renderers[0], JSON
        try:
            return super().select_renderer(request, renderers, format_suffix)  # type: ignore[no-any-return]
        except NotAcceptable:
            if not prefers_problem(request):
                raise
            return self.select_for_success(request, renderers, format_suffix)
        except (Http404, ValueError, LookupError) as exc:
            raise NotAcceptable(available_renderers=renderers) from exc

    def select_for_success(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for a client that says nothing of successes: JSON, else the first."""
        asked_for = format_suffix or request.query_params.get(self.settings.URL_FORMAT_OVERRIDE)
        if asked_for:
            renderers = self.filter_renderers(renderers, asked_for)
        if not renderers:
            raise NotAcceptable(available_renderers=renderers)
        chosen = next((each for each in renderers if each.media_type == JSON), renderers[0])
        return chosen, chosen.media_type

    def may_name_format(self, query: str) -> bool:
        """Tell whether DRF's `URL_FORMAT_OVERRIDE` may stand in a query, escaped or not."""
        name: str | None = self.settings.URL_FORMAT_OVERRIDE
        return bool(name) and (str(name) in query or "%" in query)
