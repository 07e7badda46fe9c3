"""The JSON Schema of an error's body, for clients that do not set Django up."""

from __future__ import annotations

from django.conf import settings
from jsonschema import Draft202012Validator


def make_validator() -> Draft202012Validator:
    """Return a validator of the bodies of errors."""
    # The module of the schema imports DRF, which reads the settings.
    settings.configure()
    from django_apierrors.testing import ERROR_SCHEMA

    return Draft202012Validator(ERROR_SCHEMA)


VALIDATOR = make_validator()


def is_error_body(document: object) -> bool:
    """Whether decoded JSON is the body of an error."""
    return bool(VALIDATOR.is_valid(document))
