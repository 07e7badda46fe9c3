"""Memory: what was made of the settings and a language, for as long as it would be made again."""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.autoreload import file_changed

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """A dict that is empty again once the settings are others, or it has grown too large.

    `API_ERRORS` is compared with what it was, since nothing tells when somebody changes the dict
    itself; of all other settings Django tells where it changes them, in tests, and of translations
    that are written anew while its own server runs.
    """

    max_entries = 256

    def __init__(self) -> None:
        """Begin with nothing."""
        self.forget()
        setting_changed.connect(self.forget)
        file_changed.connect(self.forget)

    def forget(self, **kwargs: Any) -> None:
        """Forget everything."""
        # One assignment of both: threads read them without a lock.
        self._kept: tuple[object, dict[Hashable, Made]] = (None, {})

    def recall(self) -> dict[Hashable, Made]:
        """Return what was made of the settings that hold now, to be looked into and added to."""
        changes = getattr(settings, "API_ERRORS", None)
        known, made = self._kept
        if changes != known or len(made) >= self.max_entries:
            made = {}
            self._kept = (deepcopy(changes), made)
        return made
