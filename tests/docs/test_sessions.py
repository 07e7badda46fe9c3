"""The test harness of the docs: a page that shows another output than the real one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.projects import Project, make_project
from tests.docs.sessions import Command, is_shown

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
