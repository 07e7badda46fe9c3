"""The interface to task backends: arguments before a task is enqueued, and missing results."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from django_apierrors.exceptions import Gone
from django_apierrors.operations.tasks import load_result, serialize_arguments
from tests.models import Shelf, Thing
from tests.services import require_package

require_package("django_tasks_db")

from tests.operations import tasks  # noqa: E402

pytestmark = pytest.mark.django_db


def test_arguments_are_serialized_to_json() -> None:
    shelf = Shelf.objects.create(name="left")
    thing = Thing.objects.create(name="thing")
    moment = datetime(2026, 2, 28, 12, 0, 0, 123456, tzinfo=UTC)
    values = {"d": date(2026, 2, 28), "m": moment, "x": Decimal("1.50"), "s": [shelf], "t": thing}

    assert serialize_arguments(tasks.echo, [], values) == (
        [],
        {
            "d": "2026-02-28",
            "m": "2026-02-28T12:00:00.123456Z",
            "x": "1.50",
            "s": [shelf.pk],
            "t": str(thing.pk),
        },
    )


def test_an_argument_without_a_json_type_is_an_error() -> None:
    for value in (object(), SimpleUploadedFile("rows.txt", b"a\nb")):
        with pytest.raises(TypeError):
            serialize_arguments(tasks.echo, [], {"value": value})


def test_a_result_of_a_removed_task_backend_is_gone() -> None:
    for backend in ("", "gone"):
        with pytest.raises(Gone):
            load_result(backend, "1")


def test_a_result_is_not_gone_if_its_backend_does_not_store_results() -> None:
    with pytest.raises(NotImplementedError):
        load_result("immediate", "1")
