"""The settings: one dict, `API_ERRORS`, read live so that `override_settings` just works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypedDict, TypeVar

from django.conf import settings

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Value = TypeVar("Value")


# Whether a client can send a request again: never, later, or after a change of the request.
Retry = Literal["no", "later", "after change"]


class CodeChanges(TypedDict, total=False):
    """A value of `CODES`; a code of the project's own needs at least a `status`."""

    status: int
    number: int | None
    message: StrOrPromise
    description: StrOrPromise
    advice: StrOrPromise
    retry: Retry
    since: str
    deprecated: bool
    replaced_by: str | None


class Setting(Generic[Value]):
    """A key of `API_ERRORS` with its default; looked up in the settings when it is read."""

    def __init__(self, default: Value) -> None:
        """Keep the default."""
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        """Keep the name of the attribute, which is the key."""
        self.name = name

    def __get__(self, instance: object, owner: type) -> Value:
        """Return the project's value, else the default."""
        project_settings = getattr(settings, "API_ERRORS", None)
        if project_settings and self.name in project_settings:
            value: Value = project_settings[self.name]
            return value
        return self.default


class APIErrorsSettings:
    """The keys of the `API_ERRORS` dict as attributes with types.

    Nothing is cached or validated here: the system checks report a wrong value. All times are in
    seconds.
    """

    CODES = Setting[Mapping[str, CodeChanges]]({})
    CODE_FORMAT = Setting[Literal["legacy", "name", "number"]]("legacy")
    EXCEPTIONS = Setting[Mapping[str, str | None]]({})
    MORE_INFO = Setting("")
    DETAILS = Setting(False)
    FIELD_NAMES = Setting[str | None](None)
    BODY = Setting[str | None](None)
    CODE_HEADER = Setting[str | None](None)
    MAX_ERRORS = Setting[int | None](1000)
    PATHS = Setting[Sequence[str] | None](None)
    EXCLUDED_PATHS = Setting[Sequence[str]]([])
    CHALLENGE = Setting('Session realm="api"')
    RETRY_AFTER = Setting(5)
    PROBE_PERMISSIONS = Setting(True)
    HIDE_FORBIDDEN = Setting(False)
    STRICT = Setting[bool | None](None)
    PATCH = Setting(False)
    PROBLEM_JSON = Setting(False)
    OPERATION_MAX_AGE = Setting(1_209_600)
    OPERATION_TIMEOUT = Setting(3_600)


api_errors = APIErrorsSettings()


def is_strict() -> bool:
    """Whether `STRICT` is on; if the setting is `None`, whether `DEBUG` is on."""
    return settings.DEBUG if api_errors.STRICT is None else api_errors.STRICT
