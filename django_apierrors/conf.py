"""The settings: one dict, `API_ERRORS`, read live so that `override_settings` just works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from django.conf import settings

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CodeChanges(TypedDict, total=False):
    """A value of `CODES`: the attributes of a code to change.

    A code of the project's own needs at least a `status`.
    """

    status: int
    number: int | None
    message: StrOrPromise
    description: StrOrPromise
    advice: StrOrPromise


DEFAULTS: Final[Mapping[str, object]] = {
    "CODES": {},
    "CODE_FORMAT": "legacy",
    "EXCEPTIONS": {},
    "MORE_INFO": "",
    "DETAILS": False,
    "MAX_ERRORS": 1000,
    "PATHS": None,
    "EXCLUDED_PATHS": [],
    "CHALLENGE": 'Session realm="api"',
    "RETRY_AFTER": 5,
    "PROBE_PERMISSIONS": True,
    "HIDE_FORBIDDEN": False,
    "STRICT": None,
    "PROBLEM_JSON": False,
    "OPERATION_MAX_AGE": 1_209_600,
    "OPERATION_TIMEOUT": 3_600,
}


class APIErrorsSettings:
    """A typed view of the `API_ERRORS` dict: each attribute is a key, looked up when it is read.

    Nothing is cached or validated here: the system checks report a wrong value.
    """

    CODES: Mapping[str, CodeChanges]
    CODE_FORMAT: Literal["legacy", "name", "number"]
    EXCEPTIONS: Mapping[str, str | None]
    MORE_INFO: str
    DETAILS: bool
    MAX_ERRORS: int | None
    PATHS: Sequence[str] | None
    EXCLUDED_PATHS: Sequence[str]
    CHALLENGE: str
    RETRY_AFTER: int
    PROBE_PERMISSIONS: bool
    HIDE_FORBIDDEN: bool
    STRICT: bool | None
    PROBLEM_JSON: bool
    OPERATION_MAX_AGE: int
    OPERATION_TIMEOUT: int

    def __getattr__(self, name: str) -> object:
        """Return the project's value of the key `name`, else its default."""
        changes = getattr(settings, "API_ERRORS", None)
        if changes and name in changes:
            return changes[name]
        try:
            return DEFAULTS[name]
        except KeyError:
            raise AttributeError(f"API_ERRORS has no key {name!r}.") from None


api_errors = APIErrorsSettings()
