"""The templates of the reference, in projects that keep theirs in all kinds of ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.urls import include, path

from django_apierrors.reference import templates

pytestmark = pytest.mark.urls(__name__)

urlpatterns = [path("errors/", include("django_apierrors.reference.urls"))]

DJANGO = "django.template.backends.django.DjangoTemplates"
JINJA = "django.template.backends.jinja2.Jinja2"
DUMMY = "django.template.backends.dummy.TemplateStrings"
APP_LOADER = "django.template.loaders.app_directories.Loader"

SETUPS: dict[str, list[dict[str, Any]]] = {
    "no engine": [],
    "no APP_DIRS": [{"BACKEND": DJANGO}],
    "APP_DIRS": [{"BACKEND": DJANGO, "APP_DIRS": True}],
    "loaders": [{"BACKEND": DJANGO, "OPTIONS": {"loaders": [APP_LOADER]}}],
    "no loaders": [{"BACKEND": DJANGO, "OPTIONS": {"loaders": []}}],
    "another engine alone": [{"BACKEND": DUMMY, "APP_DIRS": True}],
    "another engine first": [{"BACKEND": DUMMY}, {"BACKEND": DJANGO, "APP_DIRS": True}],
    "two engines": [
        {"BACKEND": DJANGO, "NAME": "bare"},
        {"BACKEND": DJANGO, "NAME": "whole", "APP_DIRS": True},
    ],
    "no escaping": [{"BACKEND": DJANGO, "APP_DIRS": True, "OPTIONS": {"autoescape": False}}],
    "context processors": [
        {
            "BACKEND": DJANGO,
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ]
            },
        }
    ],
}

URLS = ["/errors/", "/errors/verbs", "/errors/style.css", "/errors/OUT_OF_STOCK", "/errors/nothing"]


def get(client: Client, url: str) -> str:
    """Return what a browser gets."""
    response = client.get(url, headers={"Accept": "text/html"})
    assert response.status_code == (404 if url == "/errors/nothing" else 200)
    return response.content.decode()


@pytest.fixture(autouse=True)
def own_code(settings: Any) -> None:
    """Have a code whose text is markup."""
    settings.API_ERRORS = {
        "CODES": {"OUT_OF_STOCK": {"status": 409, "message": "<b>", "description": "<b>"}}
    }


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("templates", SETUPS.values(), ids=SETUPS)
def test_the_pages_are_there_whatever_the_templates_setting_says(
    client: Client, settings: Any, templates: Any, url: str
) -> None:
    settings.TEMPLATES = templates
    assert run_checks(tags=["templates", "django_apierrors"]) == []
    page = get(client, url)
    assert "<b>" not in page
    assert page.startswith(("<!DOCTYPE html>", "/*"))


def test_the_pages_are_there_where_the_app_is_not_installed(client: Client, settings: Any) -> None:
    settings.INSTALLED_APPS = []
    settings.MIDDLEWARE = []
    for url in URLS:
        assert get(client, url)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a project's templates in place of two of ours."""
    home = tmp_path / templates.DIRECTORY
    home.mkdir(parents=True)
    (home / "base.html").write_text(
        "{% extends 'django_apierrors/reference/base.html' %}"
        "{% block footer %}Ask us: help@example.com{% endblock %}"
    )
    (home / "style.css").write_text("/* ours */")
    return tmp_path


@pytest.mark.parametrize("options", [{"APP_DIRS": True}, {"APP_DIRS": False}])
def test_a_template_of_the_project_stands_in_place_of_ours(
    client: Client, settings: Any, directory: Path, options: Any
) -> None:
    settings.TEMPLATES = [{"BACKEND": DJANGO, "DIRS": [directory], **options}]
    for url in ("/errors/", "/errors/verbs", "/errors/GONE", "/errors/nothing"):
        page = get(client, url)
        assert "Ask us: help@example.com" in page
        assert "<main>" in page
    assert get(client, "/errors/style.css") == "/* ours */"


def test_a_template_of_the_project_has_its_context_processors(
    client: Client, settings: Any, directory: Path
) -> None:
    name = directory / templates.DIRECTORY / "code.html"
    name.write_text("{{ request.path }} {{ name }} {{ status }} {{ kind.title }} {{ advice }}")
    [options] = SETUPS["context processors"]
    settings.TEMPLATES = [{**options, "DIRS": [directory]}]
    assert get(client, "/errors/OUT_OF_STOCK") == (
        "/errors/OUT_OF_STOCK OUT_OF_STOCK 409 More of this API "
        "Read the messages, and change the request before you send it again."
    )


def test_templates_are_compiled_once(client: Client, settings: Any) -> None:
    settings.TEMPLATES = []
    get(client, "/errors/")
    engine = templates.get_engine()
    template = engine.get_template(f"{templates.DIRECTORY}/index.html")
    get(client, "/errors/")
    assert templates.get_engine() is engine
    again = engine.get_template(f"{templates.DIRECTORY}/index.html")
    assert again.template is template.template


def test_every_template_is_looked_for() -> None:
    directory = Path(templates.OURS, templates.DIRECTORY)
    assert {*templates.NAMES} == {path.name for path in directory.iterdir()}
