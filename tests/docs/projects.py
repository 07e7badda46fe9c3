"""Run the examples of a page in a project, block by block.

- A block whose first line is a comment with a path is that file. The first such block of a page
  replaces the file of the project; later ones, and all of the settings, are appended.
- Other Python that only assigns upper-case names is appended to the settings.
- The rest of the Python is one script for each page, run at its end; with tests, a test module.
- The commands of a console block are run, and must print the text that the block shows. `curl`
  finds a server that knows the current files. `…` in a command is completed from the output before;
  such a command is repeated until it prints the text.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from tests.docs.blocks import Block, read_blocks
from tests.docs.processes import MAX_LOG, STOCK_PROJECT, TIMEOUT, Processes
from tests.docs.sessions import Command, is_shown, read_session

SETTINGS = "config/settings.py"
EXAMPLES = "examples.py"
DATABASE = "db.sqlite3"

# The programs that a page may run; a block with others needs a reason why it is not run.
PROGRAMS = {
    *("python", "pytest", "django-admin", "curl"),
    *("cat", "cd", "echo", "mkdir", "sleep", "tail"),
}
BACKGROUND = re.compile(r"python manage\.py (?P<name>db_worker|runserver)\b")
INSTALL = re.compile(r"python -m pip install (?P<names>.*)")
NEEDS_NO_TABLES = re.compile(
    r"django-admin|python manage\.py (?:check|makemigrations|migrate|startapp|test)\b"
)
RUN_EXAMPLES = 'python -c "import django; django.setup(); import examples"'
# Without the plugins of the tests' other packages, which take seconds to import.
TEST_EXAMPLES = (
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "
    f"python -m pytest -q -p no:cacheprovider -p pytest_django.plugin {EXAMPLES}"
)


class Project:
    """A directory with a Django project, its server and its workers."""

    def __init__(
        self, directory: Path, environment: Path | None = None, wheel: Path | None = None
    ) -> None:
        """Set the directory, a virtual environment to install packages into, and this package.

        Without one, the packages that a page installs must be installed in the tests' own.
        """
        self.root = directory
        self.wheel = wheel
        self.processes = Processes(directory, environment)
        self.written: set[str] = set()
        # The last output that was not empty.
        self.printed = ""
        # Whether files have changed since the last start of the server, and since the last command.
        self.is_stale = self.is_untried = False
        self.lacks_tables = False

    def run(self, block: Block) -> None:
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
        text = command.text
        words = shlex.split(text)
        assert words[0] in PROGRAMS, f"{words[0]} is not a program that the docs may run"
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
            if not NEEDS_NO_TABLES.match(text):
                self.make_tables()
            is_running = "runserver" in self.processes.running
            if words[0] == "curl" and (self.is_stale or not is_running):
                self.serve()
            self.call(text, command.output)

    def install(self, names: str) -> None:
        """Install packages, this one from its wheel; or check that they are installed."""
        if self.processes.environment is None:
            check_installed(shlex.split(names))
            return
        # The environment has no pip of its own.
        pip = f"{sys.executable} -m pip --python {self.processes.environment} --quiet"
        names = names.replace("django-apierrors", str(self.wheel))
        self.call(f"{pip} --disable-pip-version-check install --no-compile {names}", "")

    def make_tables(self) -> None:
        """Recreate the database if tables may be missing, unless the page has migrations."""
        models, migrations = self.root / "shop/models.py", self.root / "shop/migrations"
        if self.lacks_tables and models.exists() and not migrations.exists():
            self.lacks_tables = False
            (self.root / DATABASE).unlink(missing_ok=True)
            self.call("python manage.py migrate --run-syncdb --skip-checks --verbosity 0", "")

    def serve(self) -> None:
        self.make_tables()
        self.is_stale = self.is_untried = False
        self.processes.serve()

    def call(self, text: str, shown: str) -> None:
        """Run a command, and compare its output with the text that is shown."""
        self.is_untried = False
        deadline = time.monotonic() + (TIMEOUT if "…" in text else 0)
        text = self.complete(text)
        while True:
            status, printed = self.processes.run(text)
            if is_shown(shown, printed) if shown else status == 0:
                self.printed = printed or self.printed
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"$ {text}\nprinted\n{printed[:MAX_LOG]}\nnot\n{shown}")
            time.sleep(0.1)

    def complete(self, text: str) -> str:
        """Return a command, with each `…` completed from the last output."""
        for word in re.findall(r"\S*…", text):
            match = re.search(re.escape(word[:-1]) + r"[^\s\"]+", self.printed)
            assert match, f"{word!r} is not in\n{self.printed}"
            text = text.replace(word, match[0])
        return text

    def finish(self) -> None:
        """Run the examples, or else the system checks if the last files were not tried."""
        examples = self.root / EXAMPLES
        if examples.exists():
            self.make_tables()
            has_tests = "def test_" in examples.read_text(encoding="utf-8")
            self.call(TEST_EXAMPLES if has_tests else RUN_EXAMPLES, "")
        elif self.is_untried and (self.root / "manage.py").exists():
            self.call("python manage.py check", "")


def is_settings(text: str) -> bool:
    """Whether Python only assigns upper-case names, or keys of theirs."""
    assigned = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Subscript):
                target = target.value
            assigned.append(isinstance(target, ast.Name) and target.id.isupper())
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            return False
    return bool(assigned) and all(assigned)


def check_installed(requirements: list[str]) -> None:
    """Check that the tests' environment has the packages that a page installs."""
    for requirement in requirements:
        name, *extras = re.findall(r"[\w.-]+", requirement.partition("=")[0])
        try:
            available = metadata(name).get_all("Provides-Extra") or []
        except PackageNotFoundError:
            raise AssertionError(f"{name} is not installed: add it to setup.cfg") from None
        assert set(extras) <= set(available), f"{name} has no extra of the name in {requirement}"


@cache
def get_template(base: str) -> tempfile.TemporaryDirectory[str]:
    """Return a project for others to copy, with its tables; it is deleted with the process."""
    home = tempfile.TemporaryDirectory(prefix="docs-")
    template = Project(Path(home.name) / "project")
    shutil.copytree(STOCK_PROJECT, template.root, ignore=shutil.ignore_patterns("__pycache__"))
    if base == "installed":
        for block in read_blocks("README.md"):
            if block.section == "Install" and block.language == "python":
                template.run(block)
    template.lacks_tables = True
    template.make_tables()
    return home


@contextmanager
def make_project(directory: Path, base: str, *options: Path) -> Iterator[Project]:
    """Make a project: `empty`, `stock` (DRF alone), or `installed` as in the README."""
    if base == "empty":
        directory.mkdir()
    else:
        shutil.copytree(Path(get_template(base).name) / "project", directory)
    project = Project(directory, *options)
    try:
        yield project
    finally:
        project.processes.stop_all()
