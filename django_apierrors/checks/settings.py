"""System checks of the settings: wrong keys and values of `API_ERRORS`."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME
from django_apierrors.conf import CodeChanges
from django_apierrors.errors import is_template


def is_text(value: object) -> bool:
    """Tell whether `value` is a text, or will be when it is translated."""
    return isinstance(value, (str, Promise))


def is_texts(value: object) -> bool:
    """Tell whether `value` is a list of texts."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def is_natural(value: object, at_least: int = 0) -> bool:
    """Tell whether `value` is an integer of `at_least` or more."""
    return type(value) is int and value >= at_least


# For each key what its value must be: in words, and as a test.
VALUES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "CODES": ("a dict of dicts", lambda value: isinstance(value, Mapping)),
    "CODE_FORMAT": (
        '"legacy", "name" or "number"',
        lambda value: value in ("legacy", "name", "number"),
    ),
    "EXCEPTIONS": ("a dict of class names", lambda value: isinstance(value, Mapping)),
    "MORE_INFO": ("a text", lambda value: isinstance(value, str)),
    "DETAILS": ("True or False", lambda value: isinstance(value, bool)),
    "MAX_ERRORS": (
        "None, or an integer of at least 2",
        lambda value: value is None or is_natural(value, 2),
    ),
    "PATHS": ("None, or a list of paths", lambda value: value is None or is_texts(value)),
    "EXCLUDED_PATHS": ("a list of paths", is_texts),
    "CHALLENGE": (
        "a text of one line",
        lambda value: isinstance(value, str) and value != "" and value.isprintable(),
    ),
    "RETRY_AFTER": ("a number of seconds", is_natural),
    "PROBE_PERMISSIONS": ("True or False", lambda value: isinstance(value, bool)),
    "HIDE_FORBIDDEN": ("True or False", lambda value: isinstance(value, bool)),
    "STRICT": ("None, True or False", lambda value: value is None or isinstance(value, bool)),
    "PROBLEM_JSON": ("True or False", lambda value: isinstance(value, bool)),
    "OPERATION_MAX_AGE": ("a number of seconds", is_natural),
    "OPERATION_TIMEOUT": ("a number of seconds", is_natural),
}

# The same for what `CODES` may say of a code.
CHANGES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "status": (
        "an HTTP status from 400 to 599",
        lambda value: type(value) is int and 400 <= value <= 599,
    ),
    "number": (
        "None, or an integer of 32 bits",
        lambda value: value is None or (is_natural(value) and value < 2**32),
    ),
    "message": ("a text", lambda value: is_text(value) and value != ""),
    "description": ("a text", is_text),
    "advice": ("a text", is_text),
}


def check_settings() -> list[CheckMessage]:
    """Return what is wrong with the `API_ERRORS` dict."""
    changes = getattr(settings, "API_ERRORS", {})
    if not isinstance(changes, Mapping):
        return [Error("API_ERRORS must be a dict.", id="django_apierrors.E001")]
    messages = list(check_values("API_ERRORS", changes, VALUES))
    if messages:
        # What follows reads values that these make unreadable.
        return messages
    return [
        *check_codes(changes.get("CODES", {})),
        *check_exceptions(changes.get("EXCEPTIONS", {}), changes.get("CODES", {})),
        *check_more_info(changes.get("MORE_INFO", "")),
    ]


def check_values(
    name: str,
    values: Mapping[str, Any],
    known: Mapping[str, tuple[str, Callable[[Any], bool]]],
    unknown_id: str = "django_apierrors.E001",
    value_id: str = "django_apierrors.E002",
) -> Iterator[CheckMessage]:
    """Yield an error for each key of the dict `name` that is unknown or has a wrong value."""
    for key, value in values.items():
        if key not in known:
            hint = suggest(str(key), known)
            yield Error(f"{name} has an unknown key {key!r}.", hint, id=unknown_id)
        elif not known[key][1](value):
            yield Error(f"{name}[{key!r}] must be {known[key][0]}, not {value!r}.", id=value_id)


def check_codes(codes: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Yield an error for each entry of `CODES` that makes no entry of the catalogue."""
    check_id = "django_apierrors.E003"
    for name, changes in codes.items():
        where = f"API_ERRORS['CODES'][{name!r}]"
        if not is_code_name(name):
            yield Error(f"{where}: a code is a name in capitals, as in OUT_OF_STOCK.", id=check_id)
        elif not isinstance(changes, Mapping):
            yield Error(f"{where} must be a dict, as in {{'status': 409}}.", id=check_id)
        elif name not in CATALOG and "status" not in changes:
            yield Error(
                f"{where} is a code of the project's own and says no status.",
                f"Add one, as in {{'status': 409}}; or did you mean another code? "
                f"{suggest(name, CATALOG)}",
                id=check_id,
            )
        else:
            yield from check_values(where, changes, CHANGES, check_id, check_id)


def check_exceptions(
    rows: Mapping[Any, Any], codes: Mapping[str, CodeChanges]
) -> Iterator[CheckMessage]:
    """Yield an error for each row of `EXCEPTIONS` that can never apply, or names no code."""
    known = [
        *CATALOG,
        *filter(is_code_name, codes),
        *(name for name, status in STATUSES_BY_NAME.items() if status >= 400),
    ]
    for name, code in rows.items():
        where = f"API_ERRORS['EXCEPTIONS'][{name!r}]"
        if code is not None and code not in known:
            yield Error(
                f"{where} names no code: {code!r}.",
                suggest(str(code), known),
                id="django_apierrors.E004",
            )
        true_name = get_true_name(name)
        if true_name != name:
            yield Error(
                f"{where} is not the name of an exception class.",
                f"Write {true_name!r}, as the class itself does."
                if true_name
                else "Write its module and its name, as in 'requests.exceptions.Timeout'.",
                id="django_apierrors.E005",
            )


def check_more_info(more_info: str) -> Iterator[CheckMessage]:
    """Yield an error for a `MORE_INFO` that leads nowhere."""
    if is_template(more_info) and "{" in more_info.replace("{code}", ""):
        yield Error(
            f"API_ERRORS['MORE_INFO'] is {more_info!r}, and only {{code}} is filled in.",
            "Write {code} where the name of the error code is to stand.",
            id="django_apierrors.E006",
        )
    if not more_info or is_template(more_info):
        return
    try:
        reverse(more_info, kwargs={"code": "INVALID_ID"})
    except NoReverseMatch:
        yield Error(
            f"API_ERRORS['MORE_INFO'] is {more_info!r}, and no URL of that name takes a `code`.",
            "Name a URL such as path('errors/<str:code>', …), or write a URL with {code} in it.",
            id="django_apierrors.E006",
        )


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint at the name of `known` that is nearest to `name`, or at all of them."""
    by_capitals = {key.upper(): key for key in known}
    nearest = get_close_matches(name.upper(), by_capitals, 1)
    if nearest:
        return f"Did you mean {by_capitals[nearest[0]]!r}?"
    return f"Known are: {', '.join(sorted(by_capitals.values()))}."


def is_code_name(name: object) -> bool:
    """Tell whether `name` is spelt as a code of the catalogue is."""
    return isinstance(name, str) and name.isascii() and name.isidentifier() and name.isupper()


def get_true_name(name: object) -> str | None:
    """Return what the class that `name` is or leads to calls itself, `None` where there is none.

    What belongs to a package that is not installed is believed.
    """
    found = name
    if isinstance(name, str):
        try:
            if "." not in name:
                found = getattr(builtins, name, None)
            elif not is_installed(name.partition(".")[0]):
                return name
            else:
                found = resolve_name(name)
        except Exception:
            # The modules on the way may raise anything when they are imported.
            return None
    if isinstance(found, type) and issubclass(found, BaseException):
        return f"{found.__module__}.{found.__qualname__}"
    return None


def is_installed(package: str) -> bool:
    """Tell whether `package` can be imported; some (kombu) have no spec once they are."""
    return package in sys.modules or find_spec(package) is not None
