"""Class paths: what the name alone of an exception's class tells."""

from __future__ import annotations

import pytest

from django_apierrors.catalog import CATALOG
from django_apierrors.errors import Error
from django_apierrors.exceptions import InvalidState
from django_apierrors.recognition import recognise_class_path
from django_apierrors.recognition.tables import CODES_BY_EXCEPTION


class Importer:
    class WrongRowError(InvalidState):
        """Wants an argument, which no engine keeps."""

        def __init__(self, row: int) -> None:
            super().__init__(f"Row {row}.")


def test_a_class_within_a_class_that_wants_arguments_is_recognised_as_its_parents_are() -> None:
    error = recognise_class_path(f"{__name__}.Importer.WrongRowError")

    assert error.get_body() == Error.of_code(CATALOG["INVALID_STATE"]).get_body()


@pytest.mark.parametrize("path", sorted(CODES_BY_EXCEPTION))
def test_each_row_of_the_table_is_recognised_by_the_path_of_its_class(path: str) -> None:
    assert recognise_class_path(path).code.name == CODES_BY_EXCEPTION[path]


@pytest.mark.parametrize(
    "path", ["", "KeyError", "builtins.ExceptionGroup", "os.getcwd", "tests.nothing.Error"]
)
def test_what_is_no_exception_that_we_know_is_an_internal_error(path: str) -> None:
    assert recognise_class_path(path).code.name == "INTERNAL_ERROR"
