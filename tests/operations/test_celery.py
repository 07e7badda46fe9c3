"""Operations on Celery in one process: results that Celery does not have.

`test_task_backends.py` runs Celery with a worker.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from django_apierrors.operations.handles import read_handle
from tests.bodies import body
from tests.services import require_package

require_package("django_tasks_celery")

from celery import Celery  # noqa: E402
from celery.signals import before_task_publish  # noqa: E402

from tests.operations import tasks  # noqa: E402
from tests.operations.test_views import api, post  # noqa: E402, F401

pytestmark = [pytest.mark.urls("tests.operations.test_views"), pytest.mark.django_db]

app = Celery("in_process", broker="memory://", backend="cache+memory://", set_as_current=False)


@pytest.fixture(autouse=True)
def celery(settings: Settings) -> Iterator[None]:
    """Let Celery accept the tasks of the backend `other`."""
    options = {"CELERY_APP": f"{__name__}.app"}
    backend = {"BACKEND": "django_tasks_celery.CeleryBackend", "OPTIONS": options}
    settings.TASKS = {**settings.TASKS, "other": backend}
    app.conf.result_extended = True
    receivers = len(before_task_publish.receivers)
    yield
    assert len(before_task_publish.receivers) == receivers


def test_an_operation_that_celery_does_not_have_is_gone(api: Client) -> None:  # noqa: F811
    accepted = post(api, "/accept/do_nothing/other")
    assert api.get(accepted["Location"]).json() == {**accepted.json(), "status": "ready"}

    handle = read_handle(accepted.json()["id"], None)
    assert handle is not None
    app.backend.forget(handle.result_id)
    response = api.get(accepted["Location"])
    assert (response.status_code, response.json()) == (410, body("GONE"))


def test_an_operation_whose_task_was_removed_is_gone(
    api: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = post(api, "/accept/doomed/other")["Location"]
    monkeypatch.delattr(tasks, "doomed")
    response = api.get(url)
    assert (response.status_code, response.json()) == (410, body("GONE"))


def test_a_missing_result_is_ready_if_celery_does_not_store_names(api: Client) -> None:  # noqa: F811
    app.conf.result_extended = False
    accepted = post(api, "/accept/do_nothing/other")
    response = api.get(accepted["Location"])
    assert (response.status_code, response.json()) == (200, accepted.json())
