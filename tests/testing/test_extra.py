"""The `extra` of a body is an object with any keys, for the assertion and the schema alike."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from django_apierrors.testing import ERROR_SCHEMA
from django_apierrors.testing.assertions import find_shape_faults
from django_apierrors.validation.shape import is_error_body
from tests.bodies import body


@pytest.mark.parametrize(
    ("extra", "is_right"),
    [({}, True), ({"available": 3, "at": {"ids": [1]}}, True), ([], False), ("3", False)],
)
def test_an_extra_is_an_object(extra: Any, is_right: bool) -> None:
    sent = {**body("INVALID_CONTENT"), "extra": extra}
    assert Draft202012Validator(ERROR_SCHEMA).is_valid(sent) is is_right
    assert (not list(find_shape_faults(sent))) is is_right
    assert is_error_body(sent, 400) is is_right
