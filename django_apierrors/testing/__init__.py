"""Test helpers: assertions about the errors of an API, and a contract for its endpoints.

`django_apierrors.testing.schemathesis` is not imported here: it needs the package of that name.
"""

from __future__ import annotations

from django_apierrors.testing.assertions import ERROR_SCHEMA, assert_api_error, assert_declared
from django_apierrors.testing.verb_contract import VerbContract

__all__ = ["ERROR_SCHEMA", "VerbContract", "assert_api_error", "assert_declared"]
