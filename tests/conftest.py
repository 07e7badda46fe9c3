"""The profile of the property tests, the order of the files, and the fixtures of all folders."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches
from hypothesis import HealthCheck
from hypothesis import settings as profiles
from pytest_django.fixtures import Settings

# A property does not fail on a slow machine.
profiles.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profiles.load_profile("tests")

# The files that take longest. `--dist loadfile` hands out the files in the order of their tests, so
# that none of these runs alone at the end. pytest-xdist would begin with the files of most tests.
LONGEST = [
    "docs/test_pages.py",
    "example_project/test_demo.py",
    "example_project/test_typed_clients.py",
    "test_scripts.py",
    "operations/test_task_backends.py",
    "docs/test_start.py",
    "recognition/test_service_clients.py",
    "typed/test_types.py",
    "recognition/database/test_outages.py",
    "example_project/test_schema.py",
    "recognition/database/test_own_servers.py",
    "recognition/database/test_values.py",
    "recognition/test_provenance.py",
    "test_suites.py",
    "example_project/test_tour.py",
    "reference/test_look.py",
    "test_packaging.py",
    "testing/test_schemathesis.py",
    "live/test_chunked_bodies.py",
]
TESTS = Path(__file__).parent

pytest_plugins = ["tests.distributions", "tests.example_project.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Keep the order of `LONGEST` if the tests run in several processes."""
    config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the files of `LONGEST` to the front, in any order of the other files."""
    ranks = {TESTS / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape half of a surrogate pair in the captured log: pytest-xdist cannot send it."""
    report = yield
    report.sections = [
        (title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections
    ]
    return report


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


@pytest.fixture
def quiet_client() -> Client:
    """Return a client that gets the response to an unhandled exception, as a server's does."""
    return Client(raise_request_exception=False)


@pytest.fixture(params=[True, False], ids=["with the middleware", "handler alone"])
def has_middleware(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """Run a test with the middleware, and without it: the handler then responds to everything."""
    if not request.param:
        settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    return bool(request.param)
