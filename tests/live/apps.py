"""The app of the servers: receivers of `error_sent` that add headers to the response."""

from __future__ import annotations

import asyncio
from typing import Any

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Connects the receivers, before the first request."""

    name = "tests.live"

    def ready(self) -> None:
        from django_apierrors.signals import error_sent

        error_sent.connect(add_header)
        error_sent.connect(add_header_async)


def add_header(response: Any, error: Any, **kwargs: Any) -> None:
    response["X-Sync"] = error.code.name


async def add_header_async(response: Any, error: Any, **kwargs: Any) -> None:
    await asyncio.sleep(0.001)
    response["X-Async"] = error.code.name
