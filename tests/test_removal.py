"""Removing the package: a project without its two lines is as it was."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.docs.projects import DATABASE, SETTINGS, Project, make_project

VIEWS = """
from rest_framework import viewsets

from shop.models import Thing
from shop.serializers import ThingSerializer


class ThingViewSet(viewsets.ModelViewSet):
    queryset = Thing.objects.order_by("pk")
    serializer_class = ThingSerializer
"""
URLS = """
from rest_framework.routers import SimpleRouter

from shop.views import ThingViewSet

router = SimpleRouter()
router.register("things", ThingViewSet)
urlpatterns = router.urls
"""
TWO_LINES = """
INSTALLED_APPS += ["django_apierrors"]
REST_FRAMEWORK |= {"EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler"}
"""
LEFT_BEHIND = """
API_ERRORS = {"DETAILS": True, "CODES": {"ALREADY_EXISTS": {"status": 409}}}
"""
COMMANDS = [
    "python manage.py migrate --run-syncdb --verbosity 0",
    "python manage.py makemigrations --check --dry-run",
    "python manage.py showmigrations",
    "python manage.py check --deploy",
]
REQUESTS = ["/things/", "/things/99/", "/things/ -d name=", "/things/1/ -X PATCH", "/nothing"]


def describe(project: Project, settings: str) -> dict[str, Any]:
    """Return the output of the commands, the tables, and the responses with these settings."""
    (project.root / SETTINGS).write_text(settings, "utf-8")
    outputs = [project.processes.run(command) for command in COMMANDS]
    with closing(sqlite3.connect(project.root / DATABASE)) as database:
        tables = database.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    project.processes.serve()
    url = f"http://{project.processes.address}"
    responses = [project.processes.run(f"curl -i {url}{request}")[1] for request in REQUESTS]
    return {
        "commands": outputs,
        "tables": tables,
        "responses": [re.sub("Date: .*", "", response) for response in responses],
    }


@pytest.mark.once
def test_a_project_without_the_two_lines_does_not_change(tmp_path: Path) -> None:
    with make_project(tmp_path / "project", "stock") as project:
        project.write("shop/views.py", VIEWS)
        project.write("config/urls.py", URLS)
        stock = (project.root / SETTINGS).read_text("utf-8")

        before = describe(project, stock)
        with_package = describe(project, stock + LEFT_BEHIND + TWO_LINES)
        after = describe(project, stock + LEFT_BEHIND)

    assert '"code":"MISSING_RESOURCE"' in with_package["responses"][1]
    assert with_package["tables"] == before["tables"]
    assert after == before
    assert [status for status, _ in before["commands"]] == [0] * len(COMMANDS)
