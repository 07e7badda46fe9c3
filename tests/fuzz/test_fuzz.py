"""A short run of the fuzzer; `python -m stress.fuzz` runs it for minutes or hours."""

from __future__ import annotations

import logging

import pytest

from tests.fuzz.targets import TARGETS, Target

EXAMPLES = 50


@pytest.fixture
def _quiet_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore exceptions of logging, as servers do: the handlers of pytest raise them."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    for name in ("django", "django_apierrors"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)


@pytest.mark.django_db
@pytest.mark.usefixtures("_quiet_logs")
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_property_holds(target: Target) -> None:
    target.run(max_examples=EXAMPLES)
