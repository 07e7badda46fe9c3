"""Our modules have all public names of DRF's modules that they are named after."""

from __future__ import annotations

from importlib import import_module

import pytest

MODULES = ["filters", "generics", "mixins", "pagination", "viewsets"]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_of_drf_s_module_is_in_ours(name: str) -> None:
    theirs, ours = (
        import_module(f"{package}.{name}") for package in ("rest_framework", "django_apierrors")
    )
    # The names of classes, functions and instances of the module's classes, without its imports.
    defined = {
        key
        for key, value in vars(theirs).items()
        if getattr(value, "__module__", None) == theirs.__name__ and not key.startswith("_")
    }
    assert defined - set(ours.__all__) == set()
    assert len(defined) >= 3
