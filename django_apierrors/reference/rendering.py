"""Rendering: the templates of the pages, each of which a project can override."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.template import engines
from django.template.backends.django import DjangoTemplates

# A project's templates override these. The project's own loaders would not find them, because
# loaders search only the folder `templates` at the top of an app.
TEMPLATES = Path(__file__).parent / "templates"
DIRECTORY = "django_apierrors/reference"

FILESYSTEM = "django.template.loaders.filesystem.Loader"
APP_DIRECTORIES = "django.template.loaders.app_directories.Loader"


def render_page(name: str, context: dict[str, Any], request: HttpRequest) -> str:
    """Return the page (or the stylesheet) of the template `name`."""
    template = make_engine().get_template(f"{DIRECTORY}/{name}")
    return str(template.render(context, request))


def make_engine() -> DjangoTemplates:
    """Return a template engine with the options of the project's first `DjangoTemplates`, if any.

    The project's directories and apps are searched first, then this package. No template engine is
    cached, so that edited templates apply at once: Django reloads those of `TEMPLATES` only.
    """
    engine = next((each for each in engines.all() if isinstance(each, DjangoTemplates)), None)
    engine_class = DjangoTemplates if engine is None else type(engine)
    params = {"DIRS": [], "OPTIONS": {}} if engine is None else engines.templates[engine.name]
    loaders = params["OPTIONS"].get("loaders", [FILESYSTEM, APP_DIRECTORIES])
    return engine_class(
        {
            "NAME": "django_apierrors",
            "DIRS": params["DIRS"],
            "APP_DIRS": False,
            "OPTIONS": {
                **params["OPTIONS"],
                "autoescape": True,
                "loaders": [*loaders, (FILESYSTEM, [TEMPLATES])],
            },
        }
    )
