"""System checks of the settings: mistakes in the `API_ERRORS` dict."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import NoReverseMatch, get_resolver, reverse

from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME, get_status_name
from django_apierrors.checks import rules
from django_apierrors.conf import CodeChanges
from django_apierrors.errors import is_template
from django_apierrors.routing import get_routes


def check_api_errors() -> list[CheckMessage]:
    """Return a message for each mistake in the `API_ERRORS` dict."""
    changes = getattr(settings, "API_ERRORS", {})
    if not isinstance(changes, Mapping):
        return [Error("API_ERRORS must be a dict.", id="django_apierrors.E001")]
    messages = list(check_values("API_ERRORS", changes, rules.VALUES))
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
        if isinstance(value, Mapping) and not rules.VALUES.keys().isdisjoint(value):
            yield Warning(
                f"The setting {name} is not read.",
                "Did you mean API_ERRORS?",
                id="django_apierrors.W006",
            )


def check_values(
    name: str,
    changes: Mapping[str, Any],
    accepted: rules.Rules,
    key_id: str = "django_apierrors.E001",
    value_id: str = "django_apierrors.E002",
) -> Iterator[CheckMessage]:
    """Yield an error for each unknown key and each wrong value of the dict called `name`."""
    for key, value in changes.items():
        rule = accepted.get(key)
        if rule is None:
            yield Error(
                f"{name} has an unknown key {key!r}.", rules.suggest(str(key), accepted), id=key_id
            )
        elif not rule.test(value):
            message = f"{name}[{key!r}] must be {rule.words}, not {value!r}."
            yield Error(message, rules.find_value_hint(value, rule), id=value_id)


def check_codes(codes: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Yield an error for each mistake in an entry of `CODES`."""
    check_id = "django_apierrors.E003"
    for name, changes in codes.items():
        key = f"API_ERRORS['CODES'][{name!r}]"
        if not rules.CODE_NAME.test(name):
            message = f"{key}: a code is a name in capitals, as in OUT_OF_STOCK."
            yield Error(message, rules.find_value_hint(name, rules.CODE_NAME), id=check_id)
        elif not isinstance(changes, Mapping):
            yield Error(f"{key} must be a dict, as in {{'status': 409}}.", id=check_id)
        elif name not in CATALOG and "status" not in changes:
            yield Error(
                f"{key} is a new code without a status.",
                f"Add a status, as in {{'status': 409}}. Or did you mean another code? "
                f"{rules.suggest(name, CATALOG)}",
                id=check_id,
            )
        else:
            yield from check_values(key, changes, rules.CHANGES, check_id, check_id)
    yield from check_replacements(codes, check_id)
    yield from check_numbers(codes, check_id)


def check_replacements(codes: Mapping[Any, Any], check_id: str) -> Iterator[CheckMessage]:
    """Yield an error for each `replaced_by` that is not a code in use, or that is never shown."""
    entries = {
        name: dict(changes) for name, changes in codes.items() if isinstance(changes, Mapping)
    }
    names = [name for name in {**CATALOG, **entries} if not entries.get(name, {}).get("deprecated")]
    for name, changes in entries.items():
        other, key = changes.get("replaced_by"), f"API_ERRORS['CODES'][{name!r}]"
        if not isinstance(other, str):
            continue
        if not changes.get("deprecated"):
            message = f"{key} has 'replaced_by', but is not deprecated."
            yield Error(message, "Add 'deprecated': True.", id=check_id)
        elif other not in names:
            message = f"{key}['replaced_by'] is not a code that is in use: {other!r}."
            yield Error(message, rules.suggest(other, names), id=check_id)


def check_numbers(codes: Mapping[Any, Any], check_id: str) -> Iterator[CheckMessage]:
    """Yield an error for each number that two codes have."""
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
    """Yield an error for each row of `EXCEPTIONS` that can never apply, or has an invalid code."""
    names = [
        *CATALOG,
        *filter(rules.CODE_NAME.test, codes),
        *(name for name, status in STATUSES_BY_NAME.items() if status >= 400),
    ]
    for name, code in rows.items():
        key = f"API_ERRORS['EXCEPTIONS'][{name!r}]"
        if code is not None and code not in names and not rules.HANDLER.test(code):
            meant = get_status_name(int(code)) if str(code).isdecimal() else code
            hint: str | None = rules.suggest(meant, names)
            if callable(code) or "." in str(code):
                hint = rules.find_value_hint(code, rules.HANDLER)
            yield Error(
                f"{key} is neither the name of a code nor the path of a function: {code!r}.",
                hint or f"Write {rules.HANDLER.words} and returns an APIException.",
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
        names = [
            route.view_name for route in get_routes(get_resolver()) if "code" in route.variables
        ]
        nearest = rules.find_nearest_choice(
            more_info, [name for name in names if name != more_info]
        )
        hint = "Name a URL such as path('errors/<str:code>', …), or write a URL with {code} in it."
        yield Error(
            f"{key}, but no URL of that name has `code` as its only variable: {exc}",
            f"Did you mean {nearest!r}?" if nearest else hint,
            id=check_id,
        )


def find_class_hint(name: object) -> str | None:
    """Return a hint if `name` is not the module and name of an exception class, else `None`."""
    form = "Write its module and its name, as in 'requests.exceptions.Timeout'."
    cls: Any = name
    if isinstance(name, str):
        path = name if "." in name else f"builtins.{name}"
        package = path.partition(".")[0]
        try:
            # Some packages (kombu) have no spec after their import.
            if package not in sys.modules and find_spec(package) is None:
                # The class is assumed to exist.
                return None
            cls = resolve_name(path)
        except Exception as exc:
            # The import of a module may raise anything, and the name may be right.
            reason = f"{type(exc).__name__}: {exc}" if path == name else form
            return rules.find_value_hint(path, rules.EXCEPTION_CLASS) or reason
    if not rules.is_exception_class(cls):
        return form
    class_path = rules.get_dotted_path(cls)
    return None if class_path == name else f"Write {class_path!r}, the name in the class itself."
