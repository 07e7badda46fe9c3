"""Test helpers: what a project's own tests need to hold its API to the format and to the verbs.

`django_apierrors.testing.schemathesis`, which takes the package of that name, is not imported here.
"""

from __future__ import annotations

from django_apierrors.testing.assertions import ERROR_SCHEMA, assert_api_error
from django_apierrors.testing.verb_contract import VerbContract

__all__ = ["ERROR_SCHEMA", "VerbContract", "assert_api_error"]
