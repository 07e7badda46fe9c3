"""The system checks: each fault in the settings is named once, with what to do about it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
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

from django_apierrors.catalog import CATALOG
from django_apierrors.checks import settings
from django_apierrors.conf import DEFAULTS, CodeChanges
from django_apierrors.recognition.lookup import STATUSES_BY_NAME
from django_apierrors.recognition.tables import CODES_BY_EXCEPTION

pytestmark = pytest.mark.urls(__name__)

ROOT = Path(__file__).resolve().parents[2]

OURS = "django_apierrors.middleware.APIErrorsMiddleware"
STOCK_RENDERERS = [
    "rest_framework.renderers.JSONRenderer",
    "rest_framework.renderers.BrowsableAPIRenderer",
]


class ShopError(Exception):
    """An exception of a project."""

    class InnerError(Exception):
        """One that stands inside another."""


def get_page(request: HttpRequest, code: str = "") -> HttpResponse:
    """Answer."""
    return HttpResponse(code)


urlpatterns = [
    path("errors/<str:code>", get_page, name="error-page"),
    path("no-code", get_page, name="page-without-a-code"),
]

# A fault for each id; those that the dict cannot have are below.
FAULTS: list[tuple[str, dict[Any, Any], str]] = [
    ("E001", {"CODE_FORMATS": "name"}, "Did you mean 'CODE_FORMAT'?"),
    ("E001", {"max_errors": 5}, "Did you mean 'MAX_ERRORS'?"),
    ("E001", {"ZZZ": 5}, f"Known are: {', '.join(sorted(DEFAULTS))}."),
    ("E001", {1: 5}, f"Known are: {', '.join(sorted(DEFAULTS))}."),
    ("E003", {"CODES": {"out_of_stock": {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {"OUT OF STOCK": {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {"GRÖSSE": {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {404: {"status": 409}}}, "a name in capitals"),
    ("E003", {"CODES": {"GONE": 404}}, "must be a dict, as in {'status': 409}"),
    ("E003", {"CODES": {"GONE": {"state": 404}}}, "Did you mean 'status'?"),
    ("E003", {"CODES": {"GONE": {"Number": 404}}}, "Did you mean 'number'?"),
    ("E003", {"CODES": {"GONE": {"status": 200}}}, "an HTTP status from 400 to 599, not 200"),
    ("E003", {"CODES": {"GONE": {"status": "404"}}}, "an HTTP status from 400 to 599, not '404'"),
    ("E003", {"CODES": {"GONE": {"status": True}}}, "an HTTP status from 400 to 599, not True"),
    ("E003", {"CODES": {"GONE": {"number": -1}}}, "None, or an integer of 32 bits, not -1"),
    ("E003", {"CODES": {"GONE": {"number": 2**32}}}, "None, or an integer of 32 bits"),
    ("E003", {"CODES": {"GONE": {"message": ""}}}, "must be a text"),
    ("E003", {"CODES": {"GONE": {"description": 1}}}, "must be a text, not 1"),
    ("E003", {"CODES": {"OUT_OF_STOCK": {}}}, "Add one, as in {'status': 409}"),
    ("E003", {"CODES": {"ALREADY_EXIST": {"number": 1}}}, "Did you mean 'ALREADY_EXISTS'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "GON"}}, "Did you mean 'GONE'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "not_found"}}, "Did you mean 'NOT_FOUND'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": "OK"}}, "Known are: "),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": ["GONE"]}}, "Did you mean 'GONE'?"),
    ("E004", {"EXCEPTIONS": {"builtins.OSError": 404}}, "Known are: "),
    (
        "E005",
        {"EXCEPTIONS": {"django.http.Http404": "GONE"}},
        "Write 'django.http.response.Http404', as the class itself does.",
    ),
    ("E005", {"EXCEPTIONS": {"TimeoutError": "GONE"}}, "Write 'builtins.TimeoutError'"),
    ("E005", {"EXCEPTIONS": {TimeoutError: "GONE"}}, "Write 'builtins.TimeoutError'"),
    ("E005", {"EXCEPTIONS": {"builtins.NoSuchError": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"builtins.dict": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"builtins.print": None}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"Nothing": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {".errors.Shop": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"django.nowhere.Error": "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {404: "GONE"}}, "Write its module and its name"),
    ("E005", {"EXCEPTIONS": {"broken_module.Error": "GONE"}}, "Write its module and its name"),
    ("E006", {"MORE_INFO": "no-such-page"}, "Name a URL such as"),
    ("E006", {"MORE_INFO": "page-without-a-code"}, "Name a URL such as"),
    ("E006", {"MORE_INFO": "https://d.example/{name}"}, "Write {code} where"),
    ("E006", {"MORE_INFO": "https://d.example/{code"}, "Write {code} where"),
]

# For each key: values that it takes, and values that it does not.
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "CODES": ([{}], [None, [], "GONE"]),
    "CODE_FORMAT": (["legacy", "name", "number"], [None, "NAME", "", 1, ["name"]]),
    "EXCEPTIONS": ([{}], [None, [], "GONE"]),
    "MORE_INFO": (["", "error-page", "https://d.example/{code}", "/errors"], [None, 1, b"/"]),
    "DETAILS": ([True, False], [None, 1, "yes"]),
    "MAX_ERRORS": ([2, 10**6, None], [1, 0, -1, 2.5, "10", True]),
    "PATHS": ([None, [], ["/api"], ("/api", "/v2")], ["/api", [1], {"/api"}]),
    "EXCLUDED_PATHS": ([[], ["/o"], ("/o",)], [None, "/o", [None]]),
    "CHALLENGE": (["Key", 'Bearer realm="api"'], [None, "", "a\r\nb: c", "a\n"]),
    "RETRY_AFTER": ([0, 5], [None, -1, 2.5, "5", False]),
    "PROBE_PERMISSIONS": ([True, False], [None, 0, "no"]),
    "HIDE_FORBIDDEN": ([True, False], [None, 0, "no"]),
    "STRICT": ([None, True, False], [0, "no"]),
    "PROBLEM_JSON": ([True, False], [None, 0, "no"]),
    "OPERATION_MAX_AGE": ([0, 60], [None, -1, 2.5, "5", False]),
    "OPERATION_TIMEOUT": ([0, 60], [None, -1, 2.5, "5", False]),
}


@pytest.fixture(autouse=True)
def broken_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a module that fails when it is imported."""
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('at import')")
    monkeypatch.syspath_prepend(tmp_path)


def get_numbers(messages: list[CheckMessage]) -> list[str]:
    """Return the ids of messages, without the name of the package."""
    return [str(message.id).removeprefix("django_apierrors.") for message in messages]


def read(message: CheckMessage) -> str:
    """Return all that a developer reads of a message."""
    return f"{message.msg} {message.hint or ''}"


@pytest.mark.parametrize(("number", "changes", "advice"), FAULTS)
def test_a_fault_is_named_once_with_what_to_do(
    settings: Settings, number: str, changes: dict[Any, Any], advice: str
) -> None:
    settings.API_ERRORS = changes
    messages = settings.check_settings()
    assert get_numbers(messages) == [number]
    assert advice in read(messages[0])
    assert messages[0].is_serious()


@pytest.mark.parametrize("changes", [None, [], "CODES", 5])
def test_a_value_that_is_no_dict_is_an_error(settings: Settings, changes: object) -> None:
    settings.API_ERRORS = changes
    [message] = settings.check_settings()
    assert (message.id, message.msg) == ("django_apierrors.E001", "API_ERRORS must be a dict.")


def test_each_key_has_values_that_are_tested() -> None:
    assert set(VALUES) == set(DEFAULTS) == set(settings.VALUES)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, (good, _) in VALUES.items() for value in good]
)
def test_a_value_that_the_key_takes_is_passed(settings: Settings, key: str, value: object) -> None:
    settings.API_ERRORS = {key: value}
    assert settings.check_settings() == []


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, (_, bad) in VALUES.items() for value in bad]
)
def test_a_value_that_the_key_does_not_take_is_an_error_that_says_what_it_takes(
    settings: Settings, key: str, value: object
) -> None:
    settings.API_ERRORS = {key: value}
    [message] = settings.check_settings()
    assert (message.id, message.msg) == (
        "django_apierrors.E002",
        f"API_ERRORS['{key}'] must be {settings.VALUES[key][0]}, not {value!r}.",
    )


def test_the_defaults_are_passed(settings: Settings) -> None:
    settings.API_ERRORS = dict(DEFAULTS)
    assert settings.check_settings() == []


def test_without_the_dict_there_is_nothing_to_say(settings: Settings) -> None:
    assert not hasattr(settings, "API_ERRORS")
    assert settings.check_settings() == []


def test_each_wrong_key_and_value_is_named(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAILS": 1, "DETAIL": 1, "RETRY_AFTER": -1, "MORE_INFO": "nowhere"}
    assert get_numbers(settings.check_settings()) == ["E002", "E001", "E002"]


def test_each_wrong_entry_is_named(settings: Settings) -> None:
    settings.API_ERRORS = {
        "CODES": {"GONE": {"status": 1, "number": "a"}, "SOLD": {}},
        "EXCEPTIONS": {"nothing": "NOTHING"},
        "MORE_INFO": "nowhere",
    }
    assert get_numbers(settings.check_settings()) == ["E003"] * 3 + ["E004", "E005", "E006"]


def test_what_a_code_may_say_is_what_is_read_of_it() -> None:
    assert set(settings.CHANGES) == set(CodeChanges.__annotations__)


@pytest.mark.parametrize("name", CATALOG)
def test_each_code_of_ours_may_be_changed(settings: Settings, name: str) -> None:
    settings.API_ERRORS = {
        "CODES": {
            name: {"status": 499, "number": None, "message": "No.", "description": gettext_lazy("")}
        }
    }
    assert settings.check_settings() == []


@pytest.mark.parametrize(
    "code",
    [*CATALOG, *(name for name, status in STATUSES_BY_NAME.items() if status >= 400), "SOLD", None],
)
def test_a_row_may_name_a_code_a_status_or_nothing(settings: Settings, code: str | None) -> None:
    settings.API_ERRORS = {
        "CODES": {"SOLD": {"status": 410}},
        "EXCEPTIONS": {f"{__name__}.ShopError": code},
    }
    assert settings.check_settings() == []


@pytest.mark.parametrize(
    "name",
    [
        f"{__name__}.ShopError",
        f"{__name__}.ShopError.InnerError",
        "builtins.TimeoutError",
        "not_installed_anywhere.errors.UpstreamError",
        *(name for name in CODES_BY_EXCEPTION if not name.startswith("socket.")),
    ],
)
def test_a_row_may_name_a_class_by_its_true_name(settings: Settings, name: str) -> None:
    settings.API_ERRORS = {"EXCEPTIONS": {name: "GONE"}}
    assert settings.check_settings() == []


hashables = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from([*DEFAULTS])
leaves = hashables | st.sampled_from(["GONE", "builtins.OSError", ("GONE",), ["GONE"], {}])
rows = st.dictionaries(hashables | st.just("builtins.OSError"), leaves, max_size=3)
entries = st.dictionaries(st.sampled_from([*settings.CHANGES]) | hashables, leaves, max_size=3)
codes = st.dictionaries(st.sampled_from(["SOLD", "GONE"]) | hashables, entries | leaves, max_size=3)
dicts = st.fixed_dictionaries({"CODES": codes, "EXCEPTIONS": rows, "MORE_INFO": st.text()})
others = st.dictionaries(st.sampled_from([*DEFAULTS]) | hashables, leaves, max_size=3)


@given(dicts | others)
def test_no_dict_at_all_breaks_the_checks(changes: dict[Any, Any]) -> None:
    with override_settings(API_ERRORS=changes):
        messages = settings.check_settings()
    assert all(read(message).strip() for message in messages)


def test_with_all_of_it_installed_there_is_nothing_to_say() -> None:
    assert settings.check_installation() == []


def use_drf(settings: Settings, **changes: Any) -> None:
    """Change DRF's settings; it reloads its own view of them."""
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **changes}


@pytest.mark.parametrize("handler", ["rest_framework.views.exception_handler", None])
def test_without_our_handler_there_is_an_error(settings: Settings, handler: str | None) -> None:
    use_drf(settings, EXCEPTION_HANDLER=handler)
    [message] = settings.check_installation()
    assert (message.id, message.is_serious()) == ("django_apierrors.E007", True)
    assert "'django_apierrors.handler.exception_handler'" in read(message)


def handle(exc: Exception, context: Any) -> None:
    """Handle, as a project does in front of ours."""


def test_a_handler_of_the_projects_is_passed(settings: Settings) -> None:
    use_drf(settings, EXCEPTION_HANDLER=f"{__name__}.handle")
    assert settings.check_installation() == []


def test_without_our_renderer_there_is_a_warning_of_what_it_would_add(settings: Settings) -> None:
    use_drf(settings, DEFAULT_RENDERER_CLASSES=STOCK_RENDERERS)
    [message] = settings.check_installation()
    assert (message.id, message.is_serious()) == ("django_apierrors.W001", False)
    assert "'django_apierrors.renderers.JSONRenderer'" in read(message)
    assert "errors that a view returns" in read(message)


@pytest.mark.parametrize("name", ["django_apierrors.renderers.JSONRenderer", "tests_own"])
def test_our_renderer_or_one_made_of_it_may_stand_anywhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    own = ModuleType("own_renderers")
    own.Own = type("Own", (settings.JSONRenderer,), {})  # type: ignore[attr-defined]
    # A module of a project's, which stands nowhere else.
    monkeypatch.setitem(sys.modules, "own_renderers", own)
    renderer = "own_renderers.Own" if name == "tests_own" else name
    use_drf(settings, DEFAULT_RENDERER_CLASSES=[*STOCK_RENDERERS, renderer])
    assert settings.check_installation() == []


def test_without_the_middleware_there_is_a_warning_of_what_it_would_add(
    settings: Settings,
) -> None:
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    [message] = settings.check_installation()
    assert (message.id, message.is_serious()) == ("django_apierrors.W002", False)
    assert f"Put '{OURS}' first" in read(message)
    assert "errors outside DRF views" in read(message)


def test_a_middleware_that_stands_before_ours_is_named(settings: Settings) -> None:
    settings.MIDDLEWARE = ("django.middleware.common.CommonMiddleware", OURS)
    [message] = settings.check_installation()
    assert (message.id, message.is_serious()) == ("django_apierrors.W003", False)
    assert "before 'django.middleware.common.CommonMiddleware'" in read(message)


def test_the_middleware_alone_is_the_first(settings: Settings) -> None:
    settings.MIDDLEWARE = [OURS]
    assert settings.check_installation() == []


STOCK_NEGOTIATION = "rest_framework.negotiation.DefaultContentNegotiation"


def test_a_negotiation_that_refuses_clients_of_problem_details_is_named(settings: Settings) -> None:
    use_drf(settings, DEFAULT_CONTENT_NEGOTIATION_CLASS=STOCK_NEGOTIATION)
    settings.API_ERRORS = {"PROBLEM_JSON": True}
    [message] = settings.check_installation()
    assert (message.id, message.is_serious()) == ("django_apierrors.W005", False)
    assert "'django_apierrors.negotiation.JSONContentNegotiation'" in read(message)


@pytest.mark.parametrize(
    ("is_on", "negotiation"),
    [(True, "django_apierrors.negotiation.JSONContentNegotiation"), (False, STOCK_NEGOTIATION)],
)
def test_a_negotiation_that_refuses_nobody_whom_it_should_not_is_right(
    settings: Settings, is_on: bool, negotiation: str
) -> None:
    use_drf(settings, DEFAULT_CONTENT_NEGOTIATION_CLASS=negotiation)
    settings.API_ERRORS = {"PROBLEM_JSON": is_on}
    assert settings.check_installation() == []


def test_each_id_of_the_source_is_provoked_here() -> None:
    source = ast.parse((ROOT / "django_apierrors" / "checks.py").read_text(encoding="utf-8"))
    ids = {
        node.value.removeprefix("django_apierrors.")
        for node in ast.walk(source)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("django_apierrors.E", "django_apierrors.W"))
    }
    provoked = {number for number, *_ in FAULTS} | {"E002", "E007", "W001", "W002", "W003", "W005"}
    assert ids == provoked


def test_djangos_command_shows_them(settings: Settings) -> None:
    settings.API_ERRORS = {"DETAIL": True}
    with pytest.raises(SystemCheckError, match=r"\(django_apierrors\.E001\).*unknown key 'DETAIL'"):
        call_command("check", "--tag", "django_apierrors")


# Projects of their own, since import order matters and this process has imported all there is.

TWO_LINES = """
SECRET_KEY = "a key for this test alone"
ROOT_URLCONF = "shop"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", *APPS]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handler.exception_handler"}
"""

# A third-party authenticator that wants the user model as soon as it is imported.
EAGER = """
from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication

User = get_user_model()


class Eager(BaseAuthentication):
    user = User
"""

MODELS = """
from django.db import models

from django_apierrors.exceptions import InvalidState


class Crate(models.Model):
    def close(self):
        raise InvalidState
"""


@pytest.fixture
def check_project(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Return a function that runs `manage.py check` on a project, for its status and its ids."""

    def check(changes: str = "", *, apps: str = '["rest_framework", "django_apierrors"]') -> Any:
        package = tmp_path / "crates"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "models.py").write_text(MODELS)
        (tmp_path / "eager.py").write_text(EAGER)
        (tmp_path / "shop.py").write_text("urlpatterns = []\n")
        (tmp_path / "settings.py").write_text(
            f"APPS = {apps}\n{TWO_LINES}{textwrap.dedent(changes)}"
        )
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "django", "check", "--settings", "settings"],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in run.stderr, run.stderr
        return run.returncode, re.findall(r"\((django_apierrors\.[A-Z]\d+)\)", run.stderr)

    return check


ALL = """
    REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] = ["django_apierrors.renderers.JSONRenderer"]
    REST_FRAMEWORK["DEFAULT_PARSER_CLASSES"] = ["django_apierrors.parsers.JSONParser"]
    REST_FRAMEWORK["DEFAULT_CONTENT_NEGOTIATION_CLASS"] = (
        "django_apierrors.negotiation.JSONContentNegotiation"
    )
    MIDDLEWARE.insert(0, "django_apierrors.middleware.APIErrorsMiddleware")
"""

AUTHENTICATION = 'REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["eager.Eager"]\n'


def test_a_stock_project_with_the_two_lines_sees_two_warnings(
    check_project: Callable[..., Any],
) -> None:
    assert check_project() == (0, ["django_apierrors.W001", "django_apierrors.W002"])


def test_a_project_with_every_line_sees_nothing(check_project: Callable[..., Any]) -> None:
    assert check_project(ALL) == (0, [])


def test_a_project_without_the_handler_is_stopped(check_project: Callable[..., Any]) -> None:
    status, ids = check_project(f"{ALL}\n    REST_FRAMEWORK.pop('EXCEPTION_HANDLER')")
    assert (status, ids) == (1, ["django_apierrors.E007"])


@pytest.mark.parametrize(
    "apps",
    [
        '["django_apierrors", "rest_framework", "crates"]',
        '["crates", "django_apierrors", "rest_framework"]',
        '["crates", "rest_framework", "django_apierrors"]',
    ],
)
def test_an_authenticator_that_wants_models_at_import_finds_them(
    check_project: Callable[..., Any], apps: str
) -> None:
    changes = textwrap.dedent(ALL) + AUTHENTICATION
    assert check_project(changes, apps=apps) == (0, [])
