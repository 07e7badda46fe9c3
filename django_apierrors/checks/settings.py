"""System checks of the settings: mistakes in the `API_ERRORS` dict."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any, TypeAlias

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME
from django_apierrors.conf import CodeChanges
from django_apierrors.errors import is_template

Test: TypeAlias = Callable[[Any], bool]
Values: TypeAlias = Mapping[str, tuple[str, Test]]


# The name of a header; RFC 9110, section 5.6.2.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _is(*types: type) -> Test:
    return lambda value: isinstance(value, types)


def _is_list_of_paths(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(item, str) and PATTERN.search(item) is None for item in value
    )


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()


def _is_function(value: object) -> bool:
    try:
        return isinstance(value, str) and callable(import_string(value))
    except Exception:
        # The import of a module may raise anything.
        return False


def _is_header_name(value: object) -> bool:
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


def _is_integer(minimum: int, maximum: float = math.inf) -> Test:
    return lambda value: type(value) is int and minimum <= value <= maximum


def _is_none_or(test: Test) -> Test:
    return lambda value: value is None or test(value)


# A part of a glob, a regular expression, a route or a whole URL: none of them is a prefix.
PATTERN = re.compile(r"[*?\[\]^$<>]|://")

# For each key the values that it accepts: in words, and as a test.
VALUES: Values = {
    "CODES": ("a dict of dicts", _is(Mapping)),
    "CODE_FORMAT": ('"legacy", "name" or "number"', ("legacy", "name", "number").__contains__),
    "EXCEPTIONS": ("a dict of class names", _is(Mapping)),
    "MORE_INFO": ("a string", _is(str)),
    "DETAILS": ("True or False", _is(bool)),
    "FIELD_NAMES": ("None, or the dotted path of a function", _is_none_or(_is_function)),
    "BODY": ("None, or the dotted path of a function", _is_none_or(_is_function)),
    "CODE_HEADER": ("None, or the name of a header", _is_none_or(_is_header_name)),
    "MAX_ERRORS": ("None, or an integer of at least 2", _is_none_or(_is_integer(2))),
    "PATHS": ("None, or a list of paths without patterns", _is_none_or(_is_list_of_paths)),
    "EXCLUDED_PATHS": ("a list of paths without patterns", _is_list_of_paths),
    "CHALLENGE": ("a string of one line", _is_line),
    "RETRY_AFTER": ("a number of seconds", _is_integer(0)),
    "PROBE_PERMISSIONS": ("True or False", _is(bool)),
    "HIDE_FORBIDDEN": ("True or False", _is(bool)),
    "STRICT": ("None, True or False", _is_none_or(_is(bool))),
    "PATCH": ("True or False", _is(bool)),
    "PROBLEM_JSON": ("True or False", _is(bool)),
    "OPERATION_MAX_AGE": ("a number of seconds", _is_integer(0)),
    "OPERATION_TIMEOUT": ("a number of seconds", _is_integer(0)),
}

# The same for the keys of an entry of `CODES`.
CHANGES: Values = {
    "status": ("an HTTP status from 400 to 599", _is_integer(400, 599)),
    "number": ("None, or an integer of 32 bits", _is_none_or(_is_integer(0, 2**32 - 1))),
    "message": ("a string", lambda value: isinstance(value, (str, Promise)) and value != ""),
    "description": ("a string", _is(str, Promise)),
    "advice": ("a string", _is(str, Promise)),
    "retry": ('"no", "later" or "after change"', ("no", "later", "after change").__contains__),
    "since": ("a string", _is(str)),
    "deprecated": ("True or False", _is(bool)),
    "replaced_by": ("None, or the name of a code", _is_none_or(_is(str))),
}


def check_api_errors() -> list[CheckMessage]:
    """Return a message for each mistake in the `API_ERRORS` dict."""
    changes = getattr(settings, "API_ERRORS", {})
    if not isinstance(changes, Mapping):
        return [Error("API_ERRORS must be a dict.", id="django_apierrors.E001")]
    messages = list(check_values("API_ERRORS", changes, VALUES))
    if messages:
        # The other checks would fail on values of a wrong type.
        return messages
    codes = changes.get("CODES", {})
    return [
        *check_codes(codes),
        *check_exceptions(changes.get("EXCEPTIONS", {}), codes),
        *check_more_info(changes.get("MORE_INFO", "")),
        *check_name(),
    ]


def check_name() -> Iterator[CheckMessage]:
    """Yield a warning for each dict with keys of ours whose name is like `API_ERRORS`."""
    names = [name for name in dir(settings) if name.isupper() and name != "API_ERRORS"]
    for name in get_close_matches("API_ERRORS", names, cutoff=0.65):
        value = getattr(settings, name)
        if isinstance(value, Mapping) and not VALUES.keys().isdisjoint(value):
            yield Warning(
                f"The setting {name} is not read.",
                "Did you mean API_ERRORS?",
                id="django_apierrors.W006",
            )


def check_values(
    name: str,
    changes: Mapping[str, Any],
    values: Values,
    key_id: str = "django_apierrors.E001",
    value_id: str = "django_apierrors.E002",
) -> Iterator[CheckMessage]:
    """Yield an error for each unknown key and each wrong value of the dict called `name`."""
    for key, value in changes.items():
        if key not in values:
            yield Error(f"{name} has an unknown key {key!r}.", suggest(str(key), values), id=key_id)
        elif not values[key][1](value):
            yield Error(f"{name}[{key!r}] must be {values[key][0]}, not {value!r}.", id=value_id)


def check_codes(codes: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Yield an error for each mistake in an entry of `CODES`."""
    check_id = "django_apierrors.E003"
    for name, changes in codes.items():
        key = f"API_ERRORS['CODES'][{name!r}]"
        if not _is_code_name(name):
            yield Error(f"{key}: a code is a name in capitals, as in OUT_OF_STOCK.", id=check_id)
        elif not isinstance(changes, Mapping):
            yield Error(f"{key} must be a dict, as in {{'status': 409}}.", id=check_id)
        elif name not in CATALOG and "status" not in changes:
            yield Error(
                f"{key} is a new code without a status.",
                f"Add one, as in {{'status': 409}}; or did you mean another code? "
                f"{suggest(name, CATALOG)}",
                id=check_id,
            )
        else:
            yield from check_values(key, changes, CHANGES, check_id, check_id)
    numbers: dict[str, object] = {name: code.number for name, code in CATALOG.items()}
    for name, changes in codes.items():
        if isinstance(changes, Mapping):
            numbers[name] = changes.get("number", numbers.get(name))
    owners: dict[int, str] = {}
    for name, number in numbers.items():
        if type(number) is int and owners.setdefault(number, name) != name:
            yield Error(
                f"API_ERRORS['CODES']: {owners[number]} and {name} have the number {number}.",
                "Give each code a different number, or None.",
                id=check_id,
            )


def check_exceptions(
    rows: Mapping[Any, Any], codes: Mapping[str, CodeChanges]
) -> Iterator[CheckMessage]:
    """Yield an error for each row of `EXCEPTIONS` that can never apply, or names no code."""
    names = [
        *CATALOG,
        *filter(_is_code_name, codes),
        *(name for name, status in STATUSES_BY_NAME.items() if status >= 400),
    ]
    for name, code in rows.items():
        key = f"API_ERRORS['EXCEPTIONS'][{name!r}]"
        if code is not None and code not in names and not _is_function(code):
            is_path = "." in str(code)
            path_hint = "Write the dotted path of a function that returns an APIException."
            yield Error(
                f"{key} is not the name of a code: {code!r}.",
                path_hint if is_path else suggest(str(code), names),
                id="django_apierrors.E004",
            )
        if hint := find_class_hint(name):
            yield Error(
                f"{key} is not the name of an exception class.", hint, id="django_apierrors.E005"
            )


def check_more_info(more_info: str) -> Iterator[CheckMessage]:
    """Yield an error for a `MORE_INFO` that is neither a URL nor the name of one."""
    check_id = "django_apierrors.E006"
    key = f"API_ERRORS['MORE_INFO'] is {more_info!r}"
    if is_template(more_info):
        for other in re.findall("{[^}]*}?", more_info.replace("{code}", ""))[:1]:
            yield Error(
                f"{key}, but only {{code}} is replaced.",
                f"Write {{code}} for the name of the error code, not {other}.",
                id=check_id,
            )
        return
    try:
        if more_info:
            reverse(more_info, kwargs={"code": "INVALID_ID"})
    except NoReverseMatch as exc:
        yield Error(
            f"{key}, but no URL of that name has `code` as its only variable: {exc}",
            "Name a URL such as path('errors/<str:code>', …), or write a URL with {code} in it.",
            id=check_id,
        )


def suggest(name: str, choices: Iterable[str]) -> str:
    """Return a hint at the choice that is nearest to `name`, or at all choices."""
    by_capitals = {choice.upper(): choice for choice in choices}
    for nearest in get_close_matches(name.upper(), by_capitals, 1):
        return f"Did you mean {by_capitals[nearest]!r}?"
    return f"Use one of: {', '.join(sorted(by_capitals.values()))}."


def _is_code_name(name: object) -> bool:
    return isinstance(name, str) and name.isascii() and name.isidentifier() and name.isupper()


def find_class_hint(name: object) -> str | None:
    """Return a hint if `name` is not the module and name of an exception class, else `None`."""
    form = "Write its module and its name, as in 'requests.exceptions.Timeout'."
    cls: Any = name
    if isinstance(name, str):
        package = name.partition(".")[0]
        try:
            # Some packages (kombu) have no spec after their import.
            if "." in name and package not in sys.modules and find_spec(package) is None:
                # The class is assumed to exist.
                return None
            cls = resolve_name(name if "." in name else f"builtins.{name}")
        except Exception as exc:
            # The import of a module may raise anything, and the name may be right.
            return f"{type(exc).__name__}: {exc}" if "." in name else form
    if not (isinstance(cls, type) and issubclass(cls, BaseException)):
        return form
    class_path = f"{cls.__module__}.{cls.__qualname__}"
    return None if class_path == name else f"Write {class_path!r}, as the class itself does."
