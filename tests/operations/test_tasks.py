"""Engines: arguments before they go to one, results that one no longer has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from django_apierrors.exceptions import Gone
from django_apierrors.operations.tasks import find_result, find_task, prepare
from tests.models import Shelf, Thing
from tests.services import require_package

require_package("django_tasks_db")

from tests import tasks  # noqa: E402

pytestmark = pytest.mark.django_db


def test_arguments_are_made_safe_for_json() -> None:
    shelf = Shelf.objects.create(name="left")
    thing = Thing.objects.create(name="thing")
    moment = datetime(2026, 2, 28, 12, 0, 0, 123456, tzinfo=UTC)

    prepared = prepare(
        tasks.echo,
        [],
        {"d": date(2026, 2, 28), "m": moment, "x": Decimal("1.50"), "s": [shelf], "t": thing},
    )
    assert prepared == (
        [],
        {
            "d": "2026-02-28",
            "m": "2026-02-28T12:00:00.123456Z",
            "x": "1.50",
            "s": [shelf.pk],
            "t": str(thing.pk),
        },
    )


@pytest.mark.parametrize("value", [object(), SimpleUploadedFile("rows.txt", b"a\nb")])
def test_what_json_has_no_type_for_is_a_bug_before_the_202(value: object) -> None:
    with pytest.raises(TypeError):
        prepare(tasks.echo, [], {"value": value})


def test_an_operation_is_gone_when_its_engine_left_the_settings() -> None:
    with pytest.raises(Gone):
        find_result("tests.tasks.do_nothing", "gone", "1")


def test_what_an_engine_cannot_do_is_no_operation_that_is_gone() -> None:
    with pytest.raises(NotImplementedError):
        find_result("tests.tasks.do_nothing", "immediate", "1")


@pytest.mark.parametrize("task_path", ["tests.tasks.nothing", "tests.nothing.at_all", "nothing"])
def test_a_path_that_leads_nowhere_is_gone(task_path: str) -> None:
    with pytest.raises(Gone):
        find_task(task_path)
