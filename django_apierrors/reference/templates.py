"""Pages: templates, found whatever a project's `TEMPLATES` says of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.template import TemplateDoesNotExist, engines
from django.template.backends.django import DjangoTemplates

if TYPE_CHECKING:
    from django.http import HttpRequest

DIRECTORY = "django_apierrors/reference"
NAMES = ("base.html", "index.html", "code.html", "verbs.html", "missing.html", "style.css")
OURS = str(Path(__file__).resolve().parent.parent / "templates")
LOADERS = "django.template.loaders"


def render(name: str, context: dict[str, Any], request: HttpRequest) -> str:
    """Return the page that the template `name` makes."""
    template = get_engine().get_template(f"{DIRECTORY}/{name}")
    return str(template.render(context, request))


def get_engine() -> DjangoTemplates:
    """Return the project's engine that finds our templates, else one of our own.

    The project's has its context processors and tags, which templates in place of ours may use.
    One without `APP_DIRS` finds those in place of ours alone, and one that does not escape is no
    engine for pages.
    """
    for engine in engines.all():
        if isinstance(engine, DjangoTemplates) and engine.engine.autoescape and finds_ours(engine):
            return engine
    return make_engine(tuple(get_directories()))


def finds_ours(engine: DjangoTemplates) -> bool:
    """Tell whether `engine` finds all of our templates, ours or those in their place."""
    try:
        for name in NAMES:
            engine.get_template(f"{DIRECTORY}/{name}")
    except TemplateDoesNotExist:
        return False
    return True


def get_directories() -> list[str | Path]:
    """Return where the project keeps its templates."""
    return [
        directory
        for engine in engines.all()
        if isinstance(engine, DjangoTemplates)
        for directory in engine.dirs
    ]


@lru_cache(maxsize=8)
def make_engine(directories: tuple[str | Path, ...]) -> DjangoTemplates:
    """Return an engine that looks into `directories`, into the apps, then into this package."""
    loaders = [
        (f"{LOADERS}.filesystem.Loader", directories),
        f"{LOADERS}.app_directories.Loader",
        (f"{LOADERS}.filesystem.Loader", [OURS]),
    ]
    return DjangoTemplates(
        {
            "NAME": "django_apierrors",
            "DIRS": [],
            "APP_DIRS": False,
            "OPTIONS": {"loaders": [(f"{LOADERS}.cached.Loader", loaders)]},
        }
    )
