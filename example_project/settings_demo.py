"""The settings of ``make demo``: those of production, and URLs that fail on request."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403

ROOT_URLCONF = "example_project.urls_demo"
