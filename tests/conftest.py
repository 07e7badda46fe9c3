"""Settings of every test: hypothesis has no deadline, because machines can be slow."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

pytest_plugins = ["tests.example_project.fixtures"]
