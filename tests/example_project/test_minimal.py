"""The minimal project: a real server, and the settings of the README."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from example_project.demo.server import ROOT, Server, manage, run_server
from example_project.minimal import settings
from tests.bodies import body, method_body
from tests.example_project.client import send

SETTINGS = "example_project.minimal.settings"
REQUIRED = "This field is required."
BOOK = {"title": "Emma", "isbn": "9780141439587"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The minimal project, started with the two commands of the README."""
    directory = tmp_path_factory.mktemp("minimal")
    database = directory / "minimal.sqlite3"
    manage("migrate", "--verbosity", "0", database=database, settings=SETTINGS)
    log = directory / "server.log"
    with run_server(database, log, kind="runserver", settings=SETTINGS) as server:
        yield server


def test_a_post_creates_a_book_and_returns_201_with_its_location(server: Server) -> None:
    response = send(server, "POST", "/books/", BOOK, key=None)

    assert (response.status, response.json) == (201, {"id": response.json["id"], **BOOK})
    location = f"{server.url}/books/{response.json['id']}/"
    assert response.headers["Location"] == location
    path = location.removeprefix(server.url)
    assert send(server, "GET", path, key=None).json == response.json
    assert send(server, "DELETE", path, key=None).status == 204


@pytest.mark.parametrize(
    ("method", "path", "sent", "expected"),
    [
        ("GET", "/books/0/", None, body("MISSING_RESOURCE")),
        ("GET", "/films/", None, body("MISSING_RESOURCE")),
        ("GET", "/books/emma/", None, body("INVALID_ID")),
        ("POST", "/books/", {"title": "Emma"}, body("INVALID_CONTENT", "isbn: " + REQUIRED)),
        ("PATCH", "/books/1/", {}, method_body("PATCH", "GET, PUT, DELETE, HEAD, OPTIONS")),
    ],
)
def test_an_error_has_the_format(
    server: Server, method: str, path: str, sent: object, expected: dict[str, object]
) -> None:
    response = send(server, method, path, sent, key=None)

    assert (response.status, response.json) == (expected["status"], expected)
    assert response.headers["Content-Type"] == "application/json"


def test_the_settings_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = readme.partition("\n## Install\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^   ```python\n(.*?)^   ```", install, re.MULTILINE | re.DOTALL)
    names = {"INSTALLED_APPS": [], "MIDDLEWARE": [], "REST_FRAMEWORK": {}}
    for block in blocks:
        exec(re.sub("^   ", "", block, flags=re.MULTILINE), names)

    assert names["REST_FRAMEWORK"] == settings.REST_FRAMEWORK
    assert settings.INSTALLED_APPS[-1:] == names["INSTALLED_APPS"] == ["django_apierrors"]
    assert settings.MIDDLEWARE[:1] == names["MIDDLEWARE"]
    for command in ("migrate", "runserver"):
        assert f"manage.py {command} --settings {SETTINGS}" in readme


def test_the_project_fits_on_a_screen() -> None:
    modules = (ROOT / "example_project" / "minimal").glob("*.py")

    assert sum(path.read_text().count("\n") for path in modules) <= 80
