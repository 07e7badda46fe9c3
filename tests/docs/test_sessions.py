"""The test harness of the docs: a page that shows something else than what happens fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, read_blocks
from tests.docs.projects import Project, is_settings, make_project
from tests.docs.sessions import Command, is_shown, read_session

RESPONSE = """HTTP/1.1 405 Method Not Allowed
Date: Mon, 23 Nov 2026 13:24:57 GMT
Allow: GET, POST
Content-Type: application/json

{"status":405,"at":"2026-11-23T13:24:57.021000Z"}
"""


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (RESPONSE, True),
        ('HTTP/1.1 405 Method Not Allowed\nAllow: GET, POST\n\n{"status":405,…}', True),
        ('HTTP/1.1 405 Method Not Allowed\n\n{"status":405,"at":"2031-01-01T00:00:00Z"}', True),
        ('HTTP/1.1 405 Method Not Allowed\nAllow: GET\n\n{"status":405,…}', False),
        ('HTTP/1.1 404 Not Found\nAllow: GET, POST\n\n{"status":405,…}', False),
        ('HTTP/1.1 405 Method Not Allowed\n\n{"status":404,…}', False),
        ("HTTP/1.1 405 Method Not Allowed", False),
        ("…\nAllow: GET, POST\n…", True),
        ("Allow: GET, POST", False),
        ("", False),
    ],
)
def test_a_response_may_have_more_headers_than_the_page(shown: str, expected: bool) -> None:
    assert is_shown(shown, RESPONSE) is expected


def test_a_session_is_a_list_of_commands_and_their_output() -> None:
    text = "$ curl -s \\\n  http://x/\n{}\n\n[]\n$ mkdir a\n"
    assert read_session(text) == [
        Command("curl -s \\\n  http://x/", "{}\n\n[]"),
        Command("mkdir a", ""),
    ]
    with pytest.raises(AssertionError, match="before the first command"):
        read_session("{}\n$ mkdir a\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('import os\n\nMIDDLEWARE += ["x"]\nNAME = os.name', True),
        ("import os", False),
        ("things = []", False),
        ("A = 1\nprint(A)", False),
    ],
)
def test_settings_are_assignments_to_upper_case_names(text: str, expected: bool) -> None:
    assert is_settings(text) is expected


def test_a_block_has_a_place_a_path_and_a_reason_not_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- not run: needs a printer -->\n\n```python\nprint(1)\n```\n\n## Two\n\n"
        "  ```python\n  # shop/x.py\n  X = 1\n  ```\n",
        encoding="utf-8",
    )
    monkeypatch.setitem(PAGES, "page.md", page)
    first, second = read_blocks("page.md")
    assert (str(first), first.section, first.reason) == ("page.md:3", "", "needs a printer")
    assert (str(second), second.section, second.reason) == ("page.md:9", "Two", "")
    assert (second.path, second.text) == ("shop/x.py", "# shop/x.py\nX = 1\n")


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    """A project in an empty directory."""
    with make_project(tmp_path / "project", "empty") as project:
        return project


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Command("echo one", "two"), "printed\none"),
        (Command("python -c 1/0", ""), "ZeroDivisionError"),
        (Command("python missing.py", ""), "FileNotFoundError"),
        (Command("rm -r things", ""), "rm is not a program"),
        (Command("python -m pip install no-such-thing-at-all", ""), "add it to setup.cfg"),
        (Command("python -m pip install 'django-apierrors[no-such]'", ""), "has no extra"),
        (Command("echo http://x/…", ""), "is not in"),
    ],
)
def test_a_command_that_prints_something_else_fails(
    empty: Project, command: Command, reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        empty.execute(command)


def test_a_command_may_use_installed_packages_and_the_output_before(empty: Project) -> None:
    empty.execute(Command("python -m pip install django 'django-apierrors[fast]' pytest>=8", ""))
    empty.execute(Command("echo at http://x/1~2 now", "at http://x/… now"))
    empty.execute(Command("echo http://x/…", "http://x/1~2"))


def test_a_script_runs_in_its_directory_with_its_arguments(empty: Project) -> None:
    (empty.root / "script.py").write_text("import sys; print(*sys.argv); sys.exit(len(sys.argv))")
    assert empty.processes.run("python script.py 'one two'") == (2, "script.py one two\n")
