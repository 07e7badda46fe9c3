"""Content negotiation for an API that speaks JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.settings import api_settings

if TYPE_CHECKING:
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request

# What clients that want JSON send. Anything else takes DRF's way.
PLAIN = frozenset({"*/*", "application/json"})


class JSONContentNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, which answers at once where JSON is asked for and comes first.

    What cannot be served is 415, as the API document has it, not 406; so is an `Accept` that
    cannot be read.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer for `request`, and the media type that it was accepted by."""
        accept = request.META.get("HTTP_ACCEPT", "*/*")
        renderers = list(renderers)
        first = renderers[0]
        if (
            accept in PLAIN
            and first.media_type == "application/json"
            and not format_suffix
            and api_settings.URL_FORMAT_OVERRIDE not in request.META.get("QUERY_STRING", "")
        ):
            return first, "application/json"
        try:
            return super().select_renderer(request, renderers, format_suffix)  # type: ignore[no-any-return]
        except (ValueError, LookupError) as exc:
            raise UnsupportedMediaType(accept) from exc
