"""The templates of the reference, with every kind of `TEMPLATES`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.urls import include, path

from django_apierrors.reference.rendering import DIRECTORY

pytestmark = pytest.mark.urls(__name__)

urlpatterns = [path("errors/", include("django_apierrors.reference.urls"))]

DJANGO = "django.template.backends.django.DjangoTemplates"
DUMMY = "django.template.backends.dummy.TemplateStrings"
LOADERS = "django.template.loaders"
APP_LOADER = f"{LOADERS}.app_directories.Loader"
REQUEST = "django.template.context_processors.request"

TEMPLATES: dict[str, list[dict[str, Any]]] = {
    "no engine": [],
    "no APP_DIRS": [{"BACKEND": DJANGO}],
    "APP_DIRS": [{"BACKEND": DJANGO, "APP_DIRS": True}],
    "loaders": [{"BACKEND": DJANGO, "OPTIONS": {"loaders": [APP_LOADER]}}],
    "no loaders": [{"BACKEND": DJANGO, "OPTIONS": {"loaders": []}}],
    "another engine alone": [{"BACKEND": DUMMY, "APP_DIRS": True}],
    "another engine first": [{"BACKEND": DUMMY}, {"BACKEND": DJANGO, "APP_DIRS": True}],
    "no escaping": [{"BACKEND": DJANGO, "APP_DIRS": True, "OPTIONS": {"autoescape": False}}],
}
URLS = ["/errors/", "/errors/verbs", "/errors/style.css", "/errors/OUT_OF_STOCK", "/errors/nothing"]


def get(client: Client, url: str) -> str:
    response = client.get(url, headers={"Accept": "text/html"})
    assert response.status_code == (404 if url == "/errors/nothing" else 200)
    return response.content.decode()


@pytest.fixture(autouse=True)
def markup(settings: Any) -> None:
    """Add a code whose description is markup."""
    settings.API_ERRORS = {
        "CODES": {"OUT_OF_STOCK": {"status": 409, "message": "<b>", "description": "<b>"}}
    }


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_pages_render_with_any_templates_setting(
    client: Client, settings: Any, name: str
) -> None:
    settings.TEMPLATES = TEMPLATES[name]
    assert run_checks(tags=["templates", "django_apierrors"]) == []
    for url in URLS:
        page = get(client, url)
        assert "<b>" not in page
        assert page.startswith(("<!DOCTYPE html>", "/*"))


def test_the_pages_render_if_the_app_is_not_installed(client: Client, settings: Any) -> None:
    settings.INSTALLED_APPS = []
    settings.MIDDLEWARE = []
    for url in URLS:
        assert get(client, url)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a project's templates that override three of ours."""
    home = tmp_path / DIRECTORY
    home.mkdir(parents=True)
    (home / "base.html").write_text(
        "{% extends 'django_apierrors/reference/base.html' %}"
        "{% block footer %}Ask us: help@example.com{% endblock %}"
    )
    (home / "style.css").write_text("/* theirs */")
    (home / "code.html").write_text(
        "{{ request.path }} {{ name }} {{ status }} {{ category.title }} {{ advice }}"
    )
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        {"APP_DIRS": True, "OPTIONS": {"context_processors": [REQUEST]}},
        {"APP_DIRS": False, "OPTIONS": {"context_processors": [REQUEST]}},
        {
            "OPTIONS": {
                "context_processors": [REQUEST],
                "loaders": [(f"{LOADERS}.cached.Loader", [f"{LOADERS}.filesystem.Loader"])],
            }
        },
    ],
)
def test_a_template_of_the_project_overrides_ours(
    client: Client, settings: Any, directory: Path, options: Any
) -> None:
    settings.TEMPLATES = [{"BACKEND": DJANGO, "DIRS": [directory], **options}]
    for url in ("/errors/", "/errors/verbs", "/errors/nothing"):
        page = get(client, url)
        assert page.count("Ask us: help@example.com") == 1
        assert "<main>" in page
    assert get(client, "/errors/style.css") == "/* theirs */"
    assert get(client, "/errors/OUT_OF_STOCK") == (
        "/errors/OUT_OF_STOCK OUT_OF_STOCK 409 More codes "
        "Read the messages, and change the request before you send it again."
    )


def test_an_edited_template_applies_at_once(client: Client, settings: Any, directory: Path) -> None:
    settings.TEMPLATES = [{"BACKEND": DJANGO, "DIRS": [directory], "APP_DIRS": True}]
    get(client, "/errors/style.css")
    (directory / DIRECTORY / "style.css").write_text("/* edited */")
    assert get(client, "/errors/style.css") == "/* edited */"
