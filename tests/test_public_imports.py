"""Every import path in the README and the docs can be imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import resolve_name

from tests.docs.blocks import PAGES
from tests.services import require_package

# Some paths belong to optional packages.
require_package("drf_spectacular")
require_package("schemathesis")

DOTTED_PATH = re.compile(r"(?<![\w./-])django_apierrors(?:\.\w+)+")
IMPORT = re.compile(r"\bfrom (django_apierrors[\w.]*) import (\w+(?:, \w+)*|\([^)]*\))")
CHECK_ID = re.compile(r"django_apierrors\.[EWI]\d{3}")


def find_paths(text: str) -> Iterator[str]:
    """Yield the dotted paths of a page, and those of its imports."""
    yield from (path for path in DOTTED_PATH.findall(text) if not CHECK_ID.fullmatch(path))
    for module, names in IMPORT.findall(text):
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


def resolve(path: str) -> None:
    """Import a module or an object of one, as `from module import name` does."""
    try:
        resolve_name(path)
    except AttributeError:
        import_module(path)


def test_every_import_path_in_the_docs_works() -> None:
    paths = {path for page in PAGES.values() for path in find_paths(page.read_text("utf-8"))}
    failures = {}
    for path in sorted(paths):
        try:
            resolve(path)
        except (ImportError, AttributeError) as exc:
            failures[path] = str(exc)
    assert failures == {}
    assert {"django_apierrors.handler.exception_handler", "django_apierrors.generics"} <= paths


def test_the_paths_of_a_page_are_found() -> None:
    text = (
        "`django_apierrors.E001` is silenced; `from django_apierrors.a import b, c` in\n"
        "from django_apierrors.d import (\n    e,\n    f,\n)\n"
        '"django_apierrors.g.h", https://x/django_apierrors.html\n'
    )
    assert set(find_paths(text)) - {"django_apierrors.a", "django_apierrors.d"} == {
        *("django_apierrors.a.b", "django_apierrors.a.c"),
        *("django_apierrors.d.e", "django_apierrors.d.f"),
        "django_apierrors.g.h",
    }
