"""The rules of `API_ERRORS`: the values that each key accepts, and corrections of wrong ones."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from importlib.util import find_spec
from inspect import iscoroutinefunction, signature
from pkgutil import iter_modules, resolve_name
from typing import Any, NamedTuple, TypeAlias

from django.utils.functional import Promise
from django.utils.module_loading import import_string

from django_apierrors.http.headers import TOKEN, is_header_name, is_header_safe
from django_apierrors.validation.places import is_field_name

Test: TypeAlias = Callable[[Any], bool]


class ValueRule(NamedTuple):
    """The values that a key accepts, in words and as a test.

    `correct` returns the value that was probably meant, or raises an exception.
    """

    words: str
    test: Test
    correct: Callable[[Any], object] = lambda value: None


Rules: TypeAlias = Mapping[str, ValueRule]

HEADER_EXAMPLE = "X-Error-Code"

# A part of a glob, a regular expression, a route or a whole URL, which are not prefixes.
WILDCARD = re.compile(r"[*?\[\]^$<>\s]|://")

# The headers of responses that have a meaning of their own: those of the registry of HTTP field
# names of the IANA, and others that browsers and proxies read. Compiled when a check needs it.
USED_HEADERS = (
    r"(?i)(accept|access-control|attribution-reporting|content|cross-origin|proxy|sec|surrogate"
    r"|x-accel|x-forwarded)(-.*)?"
    r"|age|allow|alt-svc|authentication-(control|info)|authorization|cache-(control|status|tag)"
    r"|cdn-(cache-control|loop)|clear-site-data|close|connection|cookie|critical-ch|date|dav"
    r"|delta-base|deprecation|(repr-)?digest|dpop-nonce|etag|expect-ct|expires|feature-policy"
    r"|forwarded|host|im|keep-alive|last-modified|link|location|memento-datetime|mime-version|nel"
    r"|no-vary-search|optional-www-authenticate|origin(-agent-cluster|-trial)?|p3p|pragma"
    r"|(document|integrity|permissions)-policy(-report-only)?|preference-applied|priority"
    r"|public-key-pins(-report-only)?|ratelimit(-.*)?|referrer-policy|refresh|replay-nonce|report-to"
    r"|reporting-endpoints|retry-after|server(-timing)?|service-worker-allowed|set-cookie2?|set-login"
    r"|signature(-input)?|sourcemap|speculation-rules|status|strict-transport-security|sunset"
    r"|supports-loading-mode|te|timing-allow-origin|tk|trace(parent|response|state)|trailer"
    r"|transfer-encoding|upgrade|use-as-dictionary|variant-vary|vary|via|want-.*digest|warning"
    r"|www-authenticate|x-content-type-options|x-dns-prefetch-control|x-download-options"
    r"|x-frame-options|x-permitted-cross-domain-policies|x-robots-tag|x-sendfile|x-sourcemap"
    r"|x-ua-compatible|x-xss-protection"
)


def _is(*types: type) -> Test:
    return lambda value: isinstance(value, types)


def _is_list_of_paths(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(item, str) and item and WILDCARD.search(item) is None for item in value
    )


def _is_line(value: object) -> bool:
    return isinstance(value, str) and is_header_safe(value)


def _is_function(value: object, *arguments: str) -> bool:
    try:
        function = import_string(str(value))
        # A function that is written in C may have no signature.
        with suppress(ValueError):
            signature(function).bind(*arguments)
        # A class is rejected: an APIException that is made from the exception has its message.
        is_function = not isinstance(function, type) and not iscoroutinefunction(function)
        return isinstance(value, str) and is_function
    except Exception:
        # The import of a module may raise anything.
        return False


def _make_function_rule(*arguments: str) -> ValueRule:
    words = f"the dotted path of a function ({', '.join(arguments)}) that is not async"
    return ValueRule(words, lambda value: _is_function(value, *arguments), _correct_path)


def _is_name_function(value: object) -> bool:
    # The function is the project's: it may raise anything.
    with suppress(Exception):
        return _is_function(value, "name") and is_field_name(import_string(str(value))("a_name"))
    return False


def _is_header_name(value: object) -> bool:
    return is_header_name(value) and re.fullmatch(USED_HEADERS, value) is None


def _is_code_name(name: object) -> bool:
    return isinstance(name, str) and name.isascii() and name.isidentifier() and name.isupper()


def _is_integer(minimum: int, maximum: float = math.inf) -> Test:
    return lambda value: type(value) is int and minimum <= value <= maximum


def _make_optional(rule: ValueRule) -> ValueRule:
    test = rule.test
    return rule._replace(
        words=f"None, or {rule.words}", test=lambda value: value is None or test(value)
    )


def _make_choice(*choices: object) -> ValueRule:
    *others, last = (f'"{name}"' if isinstance(name, str) else repr(name) for name in choices)
    # True is equal to 1.
    return ValueRule(
        f"{', '.join(others)} or {last}",
        lambda value: any(type(value) is type(choice) and value == choice for choice in choices),
        lambda value: find_nearest_choice(value, choices),
    )


# The spellings of booleans in environment variables and in INI and YAML files.
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True}
BOOLEANS |= {"false": False, "no": False, "off": False, "0": False}


def _correct_boolean(value: object) -> bool:
    return BOOLEANS[str(find_nearest_choice(value, BOOLEANS))]


def _correct_integer(minimum: float = -math.inf) -> Callable[[Any], float]:
    return lambda value: max(minimum, int(value, 0) if isinstance(value, str) else int(value))


def _correct_header_name(value: str) -> str:
    name = "-".join(TOKEN.findall(value))
    return HEADER_EXAMPLE if re.fullmatch(USED_HEADERS, name) else name or HEADER_EXAMPLE


def _correct_prefixes(value: Any) -> list[str]:
    """Return the prefixes up to their patterns or spaces, without the server of a URL."""
    prefixes = [prefix.strip() for prefix in ([value] if isinstance(value, str) else value)]
    paths = [re.sub(r"^\^|^\w+://[^/]*", "", prefix) for prefix in prefixes]
    return [re.sub(rf"[^/]*({WILDCARD.pattern}).*", "", path) for path in paths]


def _correct_path(value: Any) -> str | None:
    return find_nearest_path(value if isinstance(value, str) else get_dotted_path(value))


def _is_class_path(value: Any) -> bool:
    return is_exception_class(resolve_name(value))


def _correct_class_path(value: str) -> str:
    return get_dotted_path(resolve_name(find_nearest_path(value) or ""))


BOOLEAN = _make_choice(True, False)._replace(correct=_correct_boolean)
SECONDS = ValueRule("a number of seconds", _is_integer(0), _correct_integer(0))
TEXT = ValueRule("a string", _is(str, Promise))
HANDLER = _make_function_rule("exception")
PREFIXES = ValueRule("a list of paths without patterns", _is_list_of_paths, _correct_prefixes)
EXCEPTION_CLASS = ValueRule("an exception class", _is_class_path, _correct_class_path)
NAME_FUNCTION = ValueRule(
    "the dotted path of a function (name) that is not async, and returns a name for 'a_name'",
    _is_name_function,
    _correct_path,
)
CODE_NAME = ValueRule("", _is_code_name, lambda name: re.sub(r"\W+", "_", name.upper()))
HEADER_NAME = ValueRule("the name of a header of your own", _is_header_name, _correct_header_name)

# For each key the values that it accepts.
VALUES: Rules = {
    "CODES": ValueRule("a dict of dicts", _is(Mapping)),
    "CODE_FORMAT": _make_choice("legacy", "name", "number"),
    "EXCEPTIONS": ValueRule("a dict of class names", _is(Mapping)),
    "MORE_INFO": ValueRule("a string", _is(str)),
    "DETAILS": BOOLEAN,
    "FIELD_NAMES": _make_optional(NAME_FUNCTION),
    "BODY": _make_optional(_make_function_rule("body", "error", "request")),
    "CODE_HEADER": _make_optional(HEADER_NAME),
    "MAX_ERRORS": _make_optional(
        ValueRule("an integer of at least 2", _is_integer(2), _correct_integer(2))
    ),
    "PATHS": _make_optional(PREFIXES),
    "EXCLUDED_PATHS": PREFIXES,
    "CHALLENGE": ValueRule("a line of Latin-1", _is_line, lambda value: " ".join(value.split())),
    "RETRY_AFTER": SECONDS,
    "PROBE_PERMISSIONS": BOOLEAN,
    "HIDE_FORBIDDEN": BOOLEAN,
    "STRICT": _make_choice(None, True, False)._replace(correct=_correct_boolean),
    "PATCH": BOOLEAN,
    "PROBLEM_JSON": BOOLEAN,
    "OPERATION_MAX_AGE": SECONDS,
    "OPERATION_TIMEOUT": SECONDS,
}

# For each key of an entry of `CODES` the values that it accepts.
CHANGES: Rules = {
    "status": ValueRule(
        "an HTTP status from 400 to 599", _is_integer(400, 599), _correct_integer()
    ),
    "number": _make_optional(
        ValueRule("an integer of 32 bits", _is_integer(0, 2**32 - 1), _correct_integer())
    ),
    "message": ValueRule(
        "a string", lambda value: isinstance(value, (str, Promise)) and value != ""
    ),
    "description": TEXT,
    "advice": TEXT,
    "retry": _make_choice("no", "later", "after change"),
    "since": ValueRule("a string that is not translated", _is(str), str),
    "deprecated": BOOLEAN,
    "replaced_by": _make_optional(ValueRule("the name of a code", _is(str))),
}


def suggest(name: object, choices: Iterable[object]) -> str:
    """Return a hint with the choice that is nearest to `name`, or with all choices."""
    choices = [*choices]
    nearest = find_nearest_choice(name, choices)
    if nearest is not None:
        return f"Did you mean {nearest!r}?"
    return f"Use one of: {', '.join(sorted({*map(str, choices)}))}."


def find_nearest_choice(name: object, choices: Iterable[object]) -> object:
    """Return the choice whose spelling is nearest to `name`, `None` if no choice is similar.

    Case is ignored. A choice has priority if it begins with `name`, or if `name` begins with it.
    """
    by_capitals = {str(choice).upper(): choice for choice in choices}
    start = str(name).upper()
    nearest = get_close_matches(start, by_capitals)
    related = [other for other in nearest if other.startswith(start) or start.startswith(other)]
    return by_capitals[[*related, *nearest][0]] if nearest else None


def find_value_hint(value: object, rule: ValueRule) -> str | None:
    """Return a hint with the value that was probably meant, or with the error of an import."""
    # A comma may make a tuple of the value, and an environment variable may be missing or empty.
    for candidate in (value, *(value if isinstance(value, (list, tuple)) else ())):
        # The value may be of any type.
        with suppress(Exception):
            corrected = None if candidate is None else rule.correct(candidate)
            if corrected is not None and rule.test(corrected):
                return f"Did you mean {corrected!r}?"
    for default in (None, False):
        if not value and rule.test(default):
            return f"Did you mean {default!r}?"
    return find_import_error(value) if rule.correct is _correct_path else None


def find_import_error(path: object) -> str | None:
    """Return the exception of the import of `path`, `None` if it succeeds."""
    try:
        import_string(str(path))
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
    return None


def find_nearest_path(path: str) -> str | None:
    """Return `path` with each wrong part corrected, `None` if no similar name exists for a part."""
    first, *others = path.split(".")
    exists = first in sys.modules or find_spec(first) is not None
    names = {first} if exists else {name.partition(".")[0] for name in sys.modules}
    parts: list[str] = []
    for part in (first, *others):
        nearest = get_close_matches(part, sorted(names), 1)
        if not nearest:
            return None
        parts += nearest
        value = resolve_name(".".join(parts))
        modules = iter_modules(getattr(value, "__path__", []))
        names = {*dir(value), *(module.name for module in modules)}
    return ".".join(parts)


def is_exception_class(value: object) -> bool:
    """Whether `value` is a class of exceptions."""
    return isinstance(value, type) and issubclass(value, BaseException)


def get_dotted_path(value: Any) -> str:
    """Return the `__module__` and the `__qualname__` of a class or a function."""
    return f"{value.__module__}.{value.__qualname__}"
