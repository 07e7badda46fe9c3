"""The profile of the property tests, and the fixtures of all folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.urls import clear_url_caches
from hypothesis import HealthCheck
from hypothesis import settings as profiles
from pytest_django.fixtures import Settings

# A property does not fail on a slow machine.
profiles.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profiles.load_profile("tests")

pytest_plugins = ["tests.distributions", "tests.example_project.fixtures"]


@pytest.fixture
def set_urls(settings: Settings) -> Iterator[Callable[..., None]]:
    """Return a function that replaces the URL patterns of the project."""

    def set_patterns(*patterns: Any) -> None:
        urlconf: Any = ModuleType("urlconf")
        urlconf.urlpatterns = list(patterns)
        settings.ROOT_URLCONF = urlconf
        clear_url_caches()

    yield set_patterns
    clear_url_caches()
