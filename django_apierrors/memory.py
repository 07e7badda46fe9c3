"""Memory: what was made of the settings, for as long as the same would be made of them again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.signals import setting_changed
from django.utils.autoreload import file_changed
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from django_apierrors.conf import get_setting

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

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
        changes = get_setting("API_ERRORS")
        known, made = self._kept
        if changes != known or len(made) >= self.max_entries:
            made = {}
            self._kept = (deepcopy(changes), made)
        return made


# What these make says the same whenever it is read in the same language. A lazy text of another
# kind may say whose request it is. (Under their own names gettext's tools would take what they are
# called with for texts of ours.)
MAKERS: tuple[tuple[Callable[..., object], int], ...] = ((gettext_lazy, 1), (pgettext_lazy, 2))
TRANSLATED: tuple[type, ...] = (str, *(type(make(*["any"] * count)) for make, count in MAKERS))

# With the lazy text itself, so that its id stays its own.
_texts: Memory[tuple[str, object]] = Memory()


def is_lasting(text: StrOrPromise) -> bool:
    """Tell whether `text` depends on nothing but the language."""
    return isinstance(text, TRANSLATED)


def get_text(text: StrOrPromise, language: str | None = None) -> str:
    """Return `text` in the language that is spoken, translated once.

    Most of what a translation takes is the question for the `language`, where none was activated.
    """
    if isinstance(text, str) or not is_lasting(text):
        return str(text)
    texts = _texts.recall()
    key = (id(text), language or get_language())
    known = texts.get(key)
    if known is None:
        texts[key] = known = (str(text), text)
    return known[0]
