"""Projects in which the examples of the docs are run, block by block, as a reader would.

- A block whose first line is a comment with a path is that file. The first one of a page takes the
  place of what the project has; those that follow, and all of the settings, are added at the end.
- Other Python that only assigns names in capitals is added to the settings.
- All other Python is one script for each page, or a test module where it has tests, run at the end.
- In a console block commands are run, and must print what is shown; `curl` finds a server with the
  files as they are then. `…` in a command is what the output before had there; such a command is
  repeated until it prints what is shown.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, read_blocks
from tests.docs.processes import LONGEST, TIMEOUT, Processes
from tests.docs.sessions import Command, is_shown, read_session

TEMPLATE = Path(__file__).resolve().parent / "stock_project"
PACKAGE = "django_apierrors"
SETTINGS = "config/settings.py"
EXAMPLES = "examples.py"
DATABASE = "db.sqlite3"

# The commands that a page may have run; a block with others says why it is not run.
COMMANDS = {
    *("python", "pytest", "django-admin", "curl"),
    *("cat", "cd", "echo", "mkdir", "sleep", "tail"),
}
BACKGROUND = re.compile(r"python manage\.py (?P<name>db_worker|runserver)\b")
INSTALL = re.compile(r"python -m pip install (?P<names>.*)")
NEEDS_NO_TABLES = re.compile(
    r"django-admin|python manage\.py (?:check|makemigrations|migrate|startapp|test)\b"
)
RUN_EXAMPLES = 'python -c "import django; django.setup(); import examples"'
TEST_EXAMPLES = f"python -m pytest -q -p no:cacheprovider {EXAMPLES}"


class Project:
    """A directory with a Django project, its server and its workers."""

    def __init__(self, directory: Path, environment: Path | None = None) -> None:
        """Take the directory, which may be empty, and a virtual environment to install into.

        Without one the tests' own is used, and what a page installs must be there.
        """
        self.root = directory
        self.processes = Processes(directory, environment)
        self.is_virtual = environment is not None
        self.written: set[str] = set()
        # What the last command printed that printed anything.
        self.printed = ""
        # What has changed since the server was started, anything was run, the tables were made.
        self.is_stale = self.is_untried = self.lacks_tables = False

    def run(self, block: Block) -> None:
        """Do what a reader of `block` would."""
        if block.reason:
            return
        if block.path:
            self.write(block.path, block.text)
        elif block.language == "python":
            self.write(SETTINGS if is_settings(block.text) else EXAMPLES, block.text)
        elif block.language == "console":
            for command in read_session(block.text):
                self.execute(command)

    def write(self, path: str, text: str) -> None:
        """Make a file, or add to it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        is_addition = file.exists() and (path in self.written or path == SETTINGS)
        with file.open("a" if is_addition else "w", encoding="utf-8") as output:
            output.write(f"\n\n{text}" if is_addition else text)
        self.written.add(path)
        self.is_stale = self.is_untried = True
        if path.endswith("models.py") or "INSTALLED_APPS" in text:
            self.lacks_tables = True

    def execute(self, command: Command) -> None:
        """Run a command of a console block."""
        text = command.text
        words = shlex.split(text)
        assert words[0] in COMMANDS, f"{words[0]} is no command that the docs are run with"
        background, install = BACKGROUND.match(text), INSTALL.fullmatch(text)
        if install:
            self.install(install["names"])
        elif words[0] == "cd":
            self.processes.cwd = (self.processes.cwd / words[1]).resolve()
        elif background and background["name"] == "runserver":
            self.serve()
        elif background:
            self.make_tables()
            self.processes.start(background["name"], text)
        else:
            self.prepare(text)
            self.call(text, command.output)

    def install(self, names: str) -> None:
        """Install packages, ours from a copy of this checkout; or see that they are installed."""
        if not self.is_virtual:
            check_installed(shlex.split(names))
            return
        source = self.root.with_name("source")
        if not source.exists():
            shutil.copytree(ROOT / PACKAGE, source / PACKAGE)
            for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
                shutil.copy(ROOT / name, source)
        self.call(f"python -m pip install -q {names.replace('django-apierrors', str(source))}", "")

    def prepare(self, text: str) -> None:
        """Make what a command needs: tables, and for a request a server that knows the files."""
        if not NEEDS_NO_TABLES.match(text):
            self.make_tables()
        if text.startswith("curl") and (self.is_stale or "runserver" not in self.processes.running):
            self.serve()

    def make_tables(self) -> None:
        """Make the database anew where tables are new; a page's own project does so itself."""
        if self.lacks_tables and (self.root / SETTINGS).exists() and self.is_of_template():
            self.lacks_tables = False
            (self.root / DATABASE).unlink(missing_ok=True)
            self.call("python manage.py migrate --run-syncdb --skip-checks --verbosity 0", "")

    def is_of_template(self) -> bool:
        """Tell whether the project is a copy of ours."""
        return "for the examples" in (self.root / SETTINGS).read_text(encoding="utf-8")

    def serve(self) -> None:
        """Start the server, with the files as they are now."""
        self.make_tables()
        self.is_stale = self.is_untried = False
        self.processes.serve()

    def call(self, text: str, shown: str) -> None:
        """Run a command to its end, and hold what it prints against what is shown."""
        self.is_untried = False
        deadline = time.monotonic() + (TIMEOUT if "…" in text else 0)
        text = self.complete(text)
        while True:
            status, printed = self.processes.run(text)
            if is_shown(shown, printed) if shown else status == 0:
                self.printed = printed or self.printed
                return
            if time.monotonic() > deadline:
                pytest.fail(f"$ {text}\nprinted\n{printed[:LONGEST]}\nnot\n{shown}")
            time.sleep(0.1)

    def complete(self, text: str) -> str:
        """Return a command with the text that the last output has where the command has `…`."""
        for word in re.findall(r"\S*…", text):
            found = re.search(re.escape(word[:-1]) + r"[^\s\"]+", self.printed)
            assert found, f"{word!r} is not in\n{self.printed}"
            text = text.replace(word, found[0])
        return text

    def finish(self) -> None:
        """Run the examples, and the system checks where nothing was run since the last file."""
        examples = self.root / EXAMPLES
        if examples.exists():
            self.make_tables()
            has_tests = "def test_" in examples.read_text(encoding="utf-8")
            self.call(TEST_EXAMPLES if has_tests else RUN_EXAMPLES, "")
        elif self.is_untried and (self.root / "manage.py").exists():
            self.call("python manage.py check", "")


def is_settings(text: str) -> bool:
    """Tell whether Python does nothing but assign names in capitals."""
    assigned = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            assigned.append(isinstance(target, ast.Name) and target.id.isupper())
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            return False
    return bool(assigned) and all(assigned)


def check_installed(requirements: list[str]) -> None:
    """Fail where what a page says to install is not what the tests have installed."""
    for requirement in requirements:
        name, *extras = re.findall(r"[\w.-]+", requirement.partition("=")[0])
        try:
            known = metadata(name).get_all("Provides-Extra") or []
        except PackageNotFoundError:
            pytest.fail(f"{name} is not among the packages of the tests: add it to setup.cfg")
        assert set(extras) <= set(known), f"{name} has no extra of the name in {requirement}"


@cache
def get_template(base: str) -> tempfile.TemporaryDirectory[str]:
    """Make a project for others to copy, its tables made; it goes when the process ends."""
    home = tempfile.TemporaryDirectory(prefix="docs-")
    it = Project(Path(home.name) / "project")
    shutil.copytree(TEMPLATE, it.root, ignore=shutil.ignore_patterns("__pycache__"))
    if base == "installed":
        for block in read_blocks("README.md"):
            if block.section == "Install" and block.language == "python":
                it.run(block)
    it.lacks_tables = True
    it.make_tables()
    return home


@contextmanager
def project(directory: Path, *, base: str, environment: Path | None = None) -> Iterator[Project]:
    """Make a project: `empty`, `stock` (DRF alone), or `installed`, as the README says."""
    if base == "empty":
        directory.mkdir()
    else:
        shutil.copytree(Path(get_template(base).name) / "project", directory)
    it = Project(directory, environment)
    try:
        yield it
    finally:
        it.processes.stop_all()
