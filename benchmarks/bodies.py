"""Bodies, as a client without Django holds them to be."""

from __future__ import annotations

from functools import cache

from jsonschema import Draft202012Validator


def is_body(document: object) -> bool:
    """Tell whether decoded JSON is the body of an error, by its JSON Schema."""
    return bool(make_validator().is_valid(document))


@cache
def make_validator() -> Draft202012Validator:
    """Return what holds documents to the schema."""
    from django.conf import settings

    # The schema stands beside helpers for tests that have Django, which wants settings.
    if not settings.configured:
        settings.configure()
    from django_apierrors.testing import ERROR_SCHEMA

    return Draft202012Validator(ERROR_SCHEMA)
