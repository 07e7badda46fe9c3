"""The settings: one dict, `API_ERRORS`, read live so that `override_settings` just works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from django.conf import Settings, settings

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CodeChanges(TypedDict, total=False):
    """What `CODES` may say of a code; one of the project's own must say at least its `status`."""

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


# What was read of the settings once, Django keeps in their own dict, and takes out when it changes.
READ: Final[Mapping[str, Any]] = object.__getattribute__(settings, "__dict__")


def get_setting(name: str, default: Any = None) -> Any:
    """Return a setting of the project's, in fewer steps than `settings` takes for it.

    LazyObject.__getattribute__() runs for each setting that is read of it.
    """
    if name in READ:
        return READ[name]
    module = READ.get("_wrapped")
    if type(module) is Settings and name not in vars(module):
        # Most projects have no dict of ours: that is not kept.
        return default
    return getattr(settings, name, default)


class APIErrorsSettings:
    """A typed view of the `API_ERRORS` dict: each attribute is a key, looked up when it is read.

    Nothing is remembered and nothing is validated here: `checks` says what is wrong with a value.
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
        changes = READ.get("API_ERRORS") or get_setting("API_ERRORS")
        if changes and name in changes:
            return changes[name]
        try:
            return DEFAULTS[name]
        except KeyError:
            raise AttributeError(f"API_ERRORS has no key {name!r}.") from None


api_errors = APIErrorsSettings()
