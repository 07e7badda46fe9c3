"""docs/start.md is run in an empty directory and an empty virtual environment.

A file of its own, because `--dist loadfile` can run it beside the other pages.
"""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from tests.distributions import Distributions
from tests.docs.stories import get_stories, run


@pytest.mark.once
@pytest.mark.network
@pytest.mark.timeout(0)
def test_the_start_page_installs_all_that_its_commands_need(
    distributions: Distributions, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    venv.create(environment)
    [story] = get_stories("docs/start.md")
    run(story, tmp_path, "empty", environment, distributions.wheel)
