"""The fuzzer, a little of it; `python -m benchmarks.fuzz` runs it for as long as it is told."""

from __future__ import annotations

import pytest

from tests.fuzz_targets import TARGETS, Target

EXAMPLES = 100


@pytest.mark.django_db
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_sent_or_raised_is_answered_in_the_format(target: Target) -> None:
    target.run(max_examples=EXAMPLES)
