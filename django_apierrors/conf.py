"""The settings: one dict, `API_ERRORS`.

The dict is read from the settings once, and again when Django's signal `setting_changed` is sent:
`override_settings` works, as it does for DRF's `api_settings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Value = TypeVar("Value")


# Whether a client can send a request again: not at all, later, or after it has changed it.
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
    """A key of `API_ERRORS` with its default."""

    def __init__(self, default: Value) -> None:
        """Keep the default."""
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        """Keep the name of the attribute, which is the key."""
        self.name = name

    def __get__(self, instance: APIErrorsSettings, owner: type[APIErrorsSettings]) -> Value:
        """Return the project's value, else the default."""
        value: Value = instance.project_settings.get(self.name, self.default)
        return value


class APIErrorsSettings:
    """A typed view of the `API_ERRORS` dict.

    Nothing is validated here: the system checks report a wrong value.
    """

    @cached_property
    def project_settings(self) -> Mapping[str, Any]:
        """The dict of the project; an empty one if it has none."""
        return getattr(settings, "API_ERRORS", None) or {}

    CODES = Setting[Mapping[str, CodeChanges]]({})
    CODE_FORMAT = Setting[Literal["legacy", "name", "number"]]("legacy")
    EXCEPTIONS = Setting[Mapping[str, str | None]]({})
    MORE_INFO = Setting("")
    DETAILS = Setting(False)
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


@receiver(setting_changed)
def reload_settings(setting: str, **kwargs: object) -> None:
    """Forget the dict of the project when a test changes it."""
    if setting == "API_ERRORS":
        vars(api_errors).pop("project_settings", None)


DEFAULTS: Mapping[str, object] = {
    name: setting.default
    for name, setting in vars(APIErrorsSettings).items()
    if isinstance(setting, Setting)
}
