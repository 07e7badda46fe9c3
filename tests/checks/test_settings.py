"""The system check of the `API_ERRORS` dict."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework.exceptions import APIException

from django_apierrors.catalog import CATALOG, STATUSES_BY_NAME
from django_apierrors.checks import check_settings
from django_apierrors.checks.rules import CHANGES
from django_apierrors.conf import CodeChanges
from django_apierrors.recognition.tables import CODES_BY_EXCEPTION
from tests.support import DEFAULTS

pytestmark = pytest.mark.urls(__name__)


class SoldOut(APIException):
    """An exception for clients."""


class ShopError(Exception):
    """An exception of a project."""

    class InnerError(Exception):
        """A nested class."""


def make_local_class() -> type[Exception]:
    """Return a class whose name has the function in it."""

    class LocalError(Exception):
        pass

    return LocalError


LocalError = make_local_class()


def add_key(body: Any, error: Any, request: Any) -> Any:
    """Take what BODY is called with."""


def take_nothing() -> None:
    """Take no arguments."""


async def wait(*arguments: object) -> None:
    """Take any arguments, and return a coroutine."""


def get_page(request: HttpRequest, code: str = "") -> HttpResponse:
    return HttpResponse(code)


urlpatterns = [
    path("errors/<str:code>", get_page, name="error-page"),
    path("no-code", get_page, name="page-without-a-code"),
    path("numbers/<int:code>", get_page, name="page-of-a-number"),
    path("<str:language>/errors/<str:code>", get_page, name="page-in-a-language"),
]

# The number of a message, a dict that has it, and words of the message or its hint.
FAULTS: list[tuple[str, dict[Any, Any], str]] = [
    ("E001", {"CODE_FORMATS": "name"}, "Did you mean 'CODE_FORMAT'?"),
    ("E001", {"PATCHES": True}, "Did you mean 'PATCH'?"),
    ("E001", {"CODE_HEADERS": "X-Code"}, "Did you mean 'CODE_HEADER'?"),
    ("E001", {"max_errors": 5}, "Did you mean 'MAX_ERRORS'?"),
    ("E001", {1: 5}, f"Use one of: {', '.join(sorted(DEFAULTS))}."),
    ("E003", {"CODES": {"out of-stock": {"status": 409}}}, "Did you mean 'OUT_OF_STOCK'?"),
    ("E003", {"CODES": {"GRÖSSE": {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {404: {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {"GONE": 404}}, "must be a dict, as in {'status': 409}"),
    ("E003", {"CODES": {"GONE": {"state": 404}}}, "Did you mean 'status'?"),
    ("E003", {"CODES": {"GONE": {"status": "404"}}}, "an HTTP status from 400 to 599, not '404'"),
    ("E003", {"CODES": {"GONE": {"number": -1}}}, "None, or an integer of 32 bits, not -1"),
    ("E003", {"CODES": {"GONE": {"message": ""}}}, "must be a string"),
    ("E003", {"CODES": {"GONE": {"description": 1}}}, "must be a string, not 1"),
    ("E003", {"CODES": {"OUT_OF_STOCK": {}}}, "Add a status, as in {'status': 409}"),
    ("E003", {"CODES": {"ALREADY_EXIST": {"number": 1}}}, "Did you mean 'ALREADY_EXISTS'?"),
    ("E003", {"CODES": {"SOLD": {"status": 410, "number": 33619968}}}, "UNAUTHENTICATED and SOLD"),
    ("E003", {"CODES": {"GONE": {"status": "404"}}}, "Did you mean 404?"),
    ("E003", {"CODES": {"GONE": {"retry": "after_change"}}}, "Did you mean 'after change'?"),
    ("E003", {"CODES": {"GONE": {"retry": "never"}}}, 'must be "no", "later" or "after change"'),
    ("E003", {"CODES": {"GONE": {"since": 2.1}}}, "Did you mean '2.1'?"),
    (
        "E003",
        {"CODES": {"GONE": {"since": gettext_lazy("2.1")}}},
        "must be a string that is not translated, not '2.1'.",
    ),
    ("E003", {"CODES": {"GONE": {"number": "0x1"}}}, "Did you mean 1?"),
    ("E003", {"CODES": {"GONE": {"deprecated": "true"}}}, "Did you mean True?"),
    (
        "E003",
        {"CODES": {"GONE": {"deprecated": True, "replaced_by": "INVALID_STATES"}}},
        "is not a code that is in use: 'INVALID_STATES'. Did you mean 'INVALID_STATE'?",
    ),
    (
        "E003",
        {"CODES": {"GONE": {"deprecated": True, "replaced_by": "GONE"}}},
        "is not a code that is in use: 'GONE'. Use one of: ",
    ),
    (
        "E003",
        {"CODES": {"GONE": {"replaced_by": "INVALID_STATE"}}},
        "is not deprecated. Add 'deprecated': True.",
    ),
    ("E003", {"CODES": {"GONE": {"number": 9}, "THROTTLED": {"number": 9}}}, "have the number 9"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "GON"}}, "Did you mean 'GONE'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "OK"}}, "Use one of: "),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": 409}}, "Did you mean 'CONFLICT'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "404"}}, "Did you mean 'NOT_FOUND'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": 200}}, "ACCESS_FORBIDDEN, ALREADY_EXISTS, "),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.absent"}}, "does not define"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.FAULTS"}}, "Write the dotted path"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.wait"}}, "that is not async"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.add_key"}}, "function (exception)"),
    # The message of an exception of this class would be the message of the OSError.
    ("E004", {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.SoldOut"}}, "dotted path of a func"),
    (
        "E004",
        {"EXCEPTIONS": {"builtins.OSError": f"{__name__}.get_pages"}},
        f"Did you mean '{__name__}.get_page'?",
    ),
    (
        "E005",
        {"EXCEPTIONS": {"django.http.Http404": "GONE"}},
        "Write 'django.http.response.Http404', the name in the class itself.",
    ),
    ("E005", {"EXCEPTIONS": {"TimeoutError": "GONE"}}, "Write 'builtins.TimeoutError'"),
    ("E005", {"EXCEPTIONS": {TimeoutError: "GONE"}}, "Write 'builtins.TimeoutError'"),
    ("E005", {"EXCEPTIONS": {"builtins.Qwxyz": "GONE"}}, "no attribute 'Qwxyz'"),
    ("E005", {"EXCEPTIONS": {"NeverSeen": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"TimeoutErr": "GONE"}}, "Did you mean 'builtins.TimeoutError'?"),
    (
        "E005",
        {"EXCEPTIONS": {"django.http.Htp404": "GONE"}},
        "Did you mean 'django.http.response.Http404'?",
    ),
    (
        "E005",
        {"EXCEPTIONS": {"django.dbb.utils.DataError": "GONE"}},
        "Did you mean 'django.db.utils.DataError'?",
    ),
    # The name that a local class has cannot be imported.
    ("E005", {"EXCEPTIONS": {f"{__name__}.LocalErrors": "GONE"}}, "no attribute 'LocalErrors'"),
    ("E005", {"EXCEPTIONS": {"builtins.dict": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"django.nowhere.Error": "GONE"}}, "no attribute 'nowhere'"),
    ("E005", {"EXCEPTIONS": {404: "GONE"}}, "Write its module and its name"),
    # The name may be right.
    ("E005", {"EXCEPTIONS": {"broken_module.Error": "GONE"}}, "RuntimeError: at import"),
    ("E006", {"MORE_INFO": "nowhere"}, "Name a URL such as"),
    ("E006", {"MORE_INFO": "error-pages"}, "Did you mean 'error-page'?"),
    ("E006", {"MORE_INFO": "page-without-a-code"}, "Name a URL such as"),
    ("E006", {"MORE_INFO": "page-of-a-number"}, "1 pattern(s) tried: ['numbers/(?P<code>"),
    ("E006", {"MORE_INFO": "page-in-a-language"}, "tried: ['(?P<language>[^/]+)/"),
    ("E006", {"MORE_INFO": "https://d.example/{name}"}, "code, not {name}."),
    ("E006", {"MORE_INFO": "https://d.example/{lang}/{code}"}, "code, not {lang}."),
    ("E006", {"MORE_INFO": "https://d.example/{code"}, "code, not {code."),
]

# A prefix is not a glob, a regular expression, a URL pattern or a URL.
PATTERNS = [
    ["/api/*"],
    ["/v?/"],
    ["/v[12]/"],
    ["^/api"],
    ["/<int:tenant>/"],
    ["https://a.example/"],
]

# Functions that no key accepts.
FUNCTIONS = [f"{__name__}.take_nothing", f"{__name__}.wait"]

# For each key: values that it accepts, and values that it rejects.
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "CODES": ([{}], [None, []]),
    "CODE_FORMAT": (["legacy", "name", "number"], ["NAME", ["name"]]),
    "EXCEPTIONS": ([{}], [None, []]),
    "MORE_INFO": (["", "error-page", "https://d.example/{code}", "/errors"], [None, b"/"]),
    "DETAILS": ([True, False], [1]),
    "FIELD_NAMES": (
        [None, f"{__name__}.spell_name", "builtins.max"],
        [
            "camelize",
            f"{__name__}.missing",
            1,
            *FUNCTIONS,
            f"{__name__}.add_key",
            # An exception, a list, an empty name, and half of a surrogate pair.
            f"{__name__}.get_numbers",
            "builtins.sorted",
            "posixpath.dirname",
            f"{__name__}.spell_half",
        ],
    ),
    "BODY": (
        [None, f"{__name__}.add_key", "builtins.max"],
        [
            *FUNCTIONS,
            f"{__name__}.get_numbers",
            "",
            f"{__name__}.missing",
            "broken_module.add",
            f"{__name__}.FAULTS",
            get_close_matches,
        ],
    ),
    "CODE_HEADER": (
        [None, "X-Error-Code", "Error-Code", "Vary-Code"],
        [
            *("", "X Code", "X-Code: 1", "X-Code\n", 1, "Allow", "ETag", "vary", "Content-Length"),
            *("Permissions-Policy", "Clear-Site-Data", "NEL", "Refresh", "Server-Timing"),
            *("Reporting-Endpoints", "Timing-Allow-Origin", "X-Accel-Redirect", "X-Robots-Tag"),
        ],
    ),
    "MAX_ERRORS": ([2, 10**6, None], [1, 2.5, True]),
    "PATHS": ([None, [], ("/api", "/v2.1/a-b_(c)/")], ["/api", [1], [""], {"/api"}, *PATTERNS]),
    "EXCLUDED_PATHS": ([[], ["/o"]], [None, "/o", *PATTERNS]),
    "CHALLENGE": (["Key", 'Bearer realm="api"'], [None, "", "a\r\nb: c", " a ", "ключ"]),
    "RETRY_AFTER": ([0, 5], [None, -1, False]),
    "PROBE_PERMISSIONS": ([True, False], [0]),
    "HIDE_FORBIDDEN": ([True, False], [0]),
    "STRICT": ([None, True, False], [0]),
    "PATCH": ([True, False], [0, None]),
    "PROBLEM_JSON": ([True, False], [0]),
    "OPERATION_MAX_AGE": ([0, 60], [None, -1]),
    "OPERATION_TIMEOUT": ([0, 60], [None, -1]),
}


@pytest.fixture(autouse=True)
def broken_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a module whose import fails."""
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('at import')")
    monkeypatch.syspath_prepend(tmp_path)


def get_numbers(messages: list[CheckMessage]) -> list[str]:
    """Return the ids of messages, without the name of the package."""
    return [str(message.id).removeprefix("django_apierrors.") for message in messages]


def spell_name(name: str) -> str:
    """Return the name of a field as a client spells it."""
    return name.upper()


def spell_half(name: str) -> str:
    """Return a name that cannot be encoded in UTF-8."""
    return f"{name}\ud800"


def read(message: CheckMessage) -> str:
    """Return a message with its hint."""
    return f"{message.msg} {message.hint or ''}"


@pytest.mark.parametrize(("number", "changes", "words"), FAULTS)
def test_a_mistake_has_one_error_with_a_hint(
    settings: Settings, number: str, changes: dict[Any, Any], words: str
) -> None:
    settings.API_ERRORS = changes
    [message] = check_settings()
    assert get_numbers([message]) == [number]
    assert words in read(message)
    assert message.is_serious()


# A setting with a wrong value, and its hint.
HINTS: list[tuple[dict[str, Any], str | None]] = [
    ({"CODE_FORMAT": "NAME"}, "Did you mean 'name'?"),
    ({"CODE_FORMAT": ["numbers"]}, "Did you mean 'number'?"),
    ({"CODE_FORMAT": "roman"}, None),
    ({"DETAILS": "true"}, "Did you mean True?"),
    ({"DETAILS": 1}, "Did you mean True?"),
    ({"PATCH": "yes"}, "Did you mean True?"),
    ({"STRICT": "on"}, "Did you mean True?"),
    ({"PROBLEM_JSON": 0}, "Did you mean False?"),
    ({"STRICT": "Off"}, "Did you mean False?"),
    ({"DETAILS": "sometimes"}, None),
    ({"CODE_HEADER": "Status"}, "Did you mean 'X-Error-Code'?"),
    ({"MAX_ERRORS": 0}, "Did you mean 2?"),
    ({"RETRY_AFTER": -1}, "Did you mean 0?"),
    ({"FIELD_NAMES": f"{__name__}.spell_nam"}, f"Did you mean '{__name__}.spell_name'?"),
    ({"BODY": f"{__name__}.take_nothing"}, None),
    ({"FIELD_NAMES": "django.utils.textt.slugify"}, "Did you mean 'django.utils.text.slugify'?"),
    ({"FIELD_NAMES": "djang.utils.text.slugify"}, "Did you mean 'django.utils.text.slugify'?"),
    ({"BODY": get_close_matches}, "Did you mean 'difflib.get_close_matches'?"),
    ({"BODY": "broken_module.add"}, "RuntimeError: at import"),
    ({"BODY": f"{__name__}.FAULTS"}, None),
    ({"FIELD_NAMES": "qqqq.xxxx"}, "ModuleNotFoundError: No module named 'qqqq'"),
    ({"FIELD_NAMES": 1}, "ImportError: 1 doesn't look like a module path"),
    ({"FIELD_NAMES": ""}, "Did you mean None?"),
    ({"DETAILS": None}, "Did you mean False?"),
    ({"PATCH": ""}, "Did you mean False?"),
    ({"BODY": [f"{__name__}.add_keys"]}, f"Did you mean '{__name__}.add_key'?"),
    ({"CODE_HEADER": ("X-Code",)}, "Did you mean 'X-Code'?"),
    ({"CODE_HEADER": "X Code"}, "Did you mean 'X-Code'?"),
    ({"CODE_HEADER": "WWW-Authenticate"}, "Did you mean 'X-Error-Code'?"),
    ({"CODE_HEADER": "Access-Control-Allow-Origin"}, "Did you mean 'X-Error-Code'?"),
    ({"CODE_HEADER": ""}, "Did you mean 'X-Error-Code'?"),
    ({"MAX_ERRORS": "100"}, "Did you mean 100?"),
    ({"MAX_ERRORS": "many"}, None),
    ({"RETRY_AFTER": 2.0}, "Did you mean 2?"),
    ({"RETRY_AFTER": None}, None),
    ({"CHALLENGE": "Key\r\n"}, "Did you mean 'Key'?"),
    ({"CHALLENGE": " Key "}, "Did you mean 'Key'?"),
    ({"CHALLENGE": "ключ"}, None),
    ({"PATHS": "/api/"}, "Did you mean ['/api/']?"),
    ({"PATHS": {"/api/"}}, "Did you mean ['/api/']?"),
    ({"PATHS": ["/api/ "]}, "Did you mean ['/api/']?"),
    (
        {"PATHS": ["/api/*", "^/v1/", "/v2/<int:tenant>/"]},
        "Did you mean ['/api/', '/v1/', '/v2/']?",
    ),
    ({"EXCLUDED_PATHS": ["https://a.example/o/"]}, "Did you mean ['/o/']?"),
]


@pytest.mark.parametrize(("changes", "hint"), HINTS)
def test_a_wrong_value_has_a_hint_at_the_nearest_right_one(
    settings: Settings, changes: dict[str, Any], hint: str | None
) -> None:
    settings.API_ERRORS = changes
    [message] = check_settings()
    assert (get_numbers([message]), message.hint) == (["E002"], hint)


def test_the_hint_with_all_codes_names_each_once(settings: Settings) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {"builtins.OSError": "Qwxyz"}}
    [message] = check_settings()
    names = str(message.hint).removeprefix("Use one of: ").removesuffix(".").split(", ")
    assert len(names) == len({*names}) > len(CATALOG)


def test_a_code_is_replaced_by_a_code_of_the_project(settings: Settings) -> None:
    old = {"status": 409, "deprecated": True, "replaced_by": "NEW"}
    settings.API_ERRORS = {"CODES": {"OLD": old, "NEW": {"status": 409}}}
    assert check_settings() == []
    settings.API_ERRORS = {"CODES": {"OLD": old, "NEW": {**old, "replaced_by": "OLD"}}}
    assert get_numbers(check_settings()) == ["E003", "E003"]


def test_a_setting_that_is_not_a_dict_is_an_error(settings: Settings) -> None:
    settings.API_ERRORS = ["CODES"]
    assert get_numbers(check_settings()) == ["E001"]


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_key_accepts_its_values_and_no_others(settings: Settings, key: str) -> None:
    accepted, rejected = VALUES[key]
    for value in [DEFAULTS[key], *accepted]:
        settings.API_ERRORS = {key: value}
        assert check_settings() == [], value
    for value in rejected:
        settings.API_ERRORS = {key: value}
        messages = check_settings()
        assert get_numbers(messages) == ["E002"], value
        assert f"API_ERRORS[{key!r}] must be" in messages[0].msg
        assert messages[0].msg.endswith(f"not {value!r}.")


def test_a_project_without_the_dict_is_correct(settings: Settings) -> None:
    del settings.API_ERRORS
    assert check_settings() == []


def test_a_setting_with_a_name_like_ours_is_a_warning(settings: Settings) -> None:
    settings.API_ERRORS = {}
    for name in ("APIERRORS", "API_ERROR", "API_EROORS", "DRF_API_ERRORS", "DJANGO_APIERRORS"):
        with override_settings(**{name: {"DETAILS": True}}):
            [message] = check_settings()
        assert get_numbers([message]) == ["W006"]
        assert f"The setting {name} is not read." in message.msg
    # A dict of another name, a dict without keys of ours, and a value that is not a dict.
    others = {"SPECTACULAR_SETTINGS": {"PATHS": []}, "APP_ERRORS": {"A": 1}, "API_ERRORS_URL": "/"}
    with override_settings(**others):
        assert check_settings() == []


def test_each_mistake_has_an_error(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": 1, "DETAIL": 1, "RETRY_AFTER": -1, "MORE_INFO": "nowhere"}
    assert get_numbers(check_settings()) == ["E002", "E001", "E002"]
    settings.API_ERRORS = {
        "CODES": {"GONE": {"status": 1, "number": "a"}, "SOLD": {}},
        "EXCEPTIONS": {"nothing": "NOTHING"},
        "MORE_INFO": "nowhere",
    }
    assert get_numbers(check_settings()) == ["E003"] * 3 + ["E004", "E005", "E006"]


def test_the_keys_of_a_code_are_those_that_are_read() -> None:
    assert set(CHANGES) == set(CodeChanges.__annotations__)


def test_each_code_of_the_catalogue_can_be_changed(settings: Settings) -> None:
    changes = {"status": 499, "number": None, "message": "No.", "description": gettext_lazy("")}
    settings.API_ERRORS = {"CODES": dict.fromkeys(CATALOG, changes)}
    assert check_settings() == []


def test_a_row_may_name_a_code_a_status_or_nothing(settings: Settings) -> None:
    statuses = [name for name, status in STATUSES_BY_NAME.items() if status >= 400]
    for code in [*CATALOG, *statuses, "SOLD", None]:
        settings.API_ERRORS = {
            "CODES": {"SOLD": {"status": 410}},
            "EXCEPTIONS": {f"{__name__}.ShopError": code},
        }
        assert check_settings() == [], code


def test_a_row_may_name_a_class_by_its_class_path(settings: Settings) -> None:
    names = [
        f"{__name__}.ShopError",
        f"{__name__}.ShopError.InnerError",
        "not_installed_anywhere.errors.UpstreamError",
        *(name for name in CODES_BY_EXCEPTION if not name.startswith("socket.")),
    ]
    settings.API_ERRORS = {"EXCEPTIONS": dict.fromkeys(names, "GONE")}
    assert check_settings() == []


hashables = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from([*DEFAULTS])
leaves = hashables | st.sampled_from(["GONE", "builtins.OSError", ("GONE",), ["GONE"], {}])
rows = st.dictionaries(hashables | st.just("builtins.OSError"), leaves, max_size=3)
entries = st.dictionaries(st.sampled_from([*CHANGES]) | hashables, leaves, max_size=3)
codes = st.dictionaries(st.sampled_from(["SOLD", "GONE"]) | hashables, entries | leaves, max_size=3)
dicts = st.fixed_dictionaries({"CODES": codes, "EXCEPTIONS": rows, "MORE_INFO": st.text()})
others = st.dictionaries(st.sampled_from([*DEFAULTS]) | hashables, leaves, max_size=3)


@given(dicts | others)
def test_the_checks_accept_any_dict_without_an_exception(changes: dict[Any, Any]) -> None:
    with override_settings(API_ERRORS=changes):
        messages = check_settings()
    assert all(read(message).strip() for message in messages)


def test_djangos_command_prints_the_messages(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAIL": True}
    with pytest.raises(SystemCheckError, match=r"\(django_apierrors\.E001\).*unknown key 'DETAIL'"):
        call_command("check", "--tag", "django_apierrors")
