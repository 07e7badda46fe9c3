"""The script of docs/migrating.md: its output about two servers, stock DRF and with the app."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import requests

from tests.docs.blocks import Block, read_blocks
from tests.docs.processes import ADDRESS
from tests.docs.projects import Project, make_project
from tests.docs.sessions import Command, read_session

# The results do not depend on the versions of Django and DRF.
pytestmark = pytest.mark.once

URLS = """
from django.urls import path
from rest_framework import generics

from shop.models import Thing
from shop.serializers import ThingSerializer

options = {"queryset": Thing.objects.order_by("pk"), "serializer_class": ThingSerializer}
urlpatterns = [
    path("things/", generics.ListCreateAPIView.as_view(**options)),
    path("things/<int:pk>/", generics.RetrieveAPIView.as_view(**options)),
]
"""
JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.fixture
def blocks() -> list[Block]:
    """The script and the session of the page."""
    section = "Compare your project before and after"
    return [block for block in read_blocks("docs/migrating.md") if block.section == section]


def record(project: Project, calls: list[tuple[str, str, int]], path: Path) -> None:
    """Send requests to a project, and write them and the responses to a HAR file."""
    project.write("config/urls.py", URLS)
    project.serve()
    entries = []
    for method, target, _ in calls:
        url = f"http://{project.processes.address}{target}"
        response = requests.request(method, url, headers=JSON, data=b"{}")
        headers = [{"name": name, "value": JSON[name]} for name in JSON]
        request = {"method": method, "url": url, "headers": headers, "postData": {"text": "{}"}}
        content = {"text": response.text}
        recorded = {"status": response.status_code, "content": content}
        entries.append({"request": request, "response": recorded})
    path.write_text(json.dumps({"log": {"entries": entries}}), "utf-8")


def test_the_script_prints_the_changes(blocks: list[Block], tmp_path: Path) -> None:
    script, session = blocks
    [command] = read_session(session.text)
    lines = [line.split() for line in command.output.splitlines() if not line.startswith(" ")]
    calls = [(method, target, int(status)) for method, target, status in lines]
    har = tmp_path / "requests.har"
    with make_project(tmp_path / "stock", "stock") as project:
        record(project, calls, har)
    with make_project(tmp_path / "installed", "installed") as project:
        project.write("config/urls.py", URLS)
        project.write("replay.py", script.text)
        shutil.copy(har, project.root)
        project.serve()
        project.execute(Command(f"python replay.py requests.har http://{ADDRESS}", command.output))


def test_the_script_prints_a_success_that_differs_and_an_error_without_the_format(
    blocks: list[Block], tmp_path: Path
) -> None:
    with make_project(tmp_path / "stock", "stock") as project:
        har = project.root / "requests.har"
        record(project, [("GET", "/things/", 200), ("GET", "/things/99/", 404)], har)
        har.write_text(har.read_text().replace('"text": "[]"', '"text": "[1]"'))
        project.write("replay.py", blocks[0].text)
        output = (
            "GET /things/ 200\n    the body was [1]\n"
            "GET /things/99/ 404\n    This is not the error that was expected:\n…"
        )
        project.execute(Command(f"python replay.py requests.har http://{ADDRESS}", output))
