"""Class paths: the error of an exception of which a task's engine has kept the class's name."""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

from django_apierrors.catalog import find_code, get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.known_exceptions import CODES_BY_EXCEPTION
from django_apierrors.recognition import recognise

# Recognised by its messages, where it has some.
CODES_WITHOUT_MESSAGES: Mapping[str, str] = {
    "django.core.exceptions.ValidationError": "INVALID_CONTENT",
}


def recognise_class_path(path: str) -> Error:
    """Return the error that exceptions of the class at `path` stand for.

    INTERNAL_ERROR where they are not recognised. A class that cannot be imported, since only the
    workers have its package, goes by its name.
    """
    try:
        cls: Any = resolve_name(path)
        # Not cls(): an exception may want arguments, and those are lost.
        return recognise(cls.__new__(cls))
    except Exception:
        return recognise_name(path)


def recognise_name(path: str) -> Error:
    """Return the error that the tables have for the class called `path` itself."""
    for table in (api_errors.EXCEPTIONS, CODES_BY_EXCEPTION, CODES_WITHOUT_MESSAGES):
        name = table.get(path)
        if name is not None:
            return Error.of_code(find_code(name, 500))
    return Error.of_code(get_code("INTERNAL_ERROR"))
