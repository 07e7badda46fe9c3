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
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.doc_blocks import ROOT, Block, read_blocks
from tests.doc_sessions import Command, is_shown, read_session

TEMPLATE = Path(__file__).resolve().parent / "docs_project"
PACKAGE = "django_apierrors"
SETTINGS = "config/settings.py"
EXAMPLES = "examples.py"
ADDRESS = "127.0.0.1:8000"
TIMEOUT = 60
# Of what a failure shows: Django's technical page has 90,000 characters.
LONGEST = 4000

# The commands that a page may have run; a block with others says why it is not run.
COMMANDS = {
    "curl",
    "python",
    "pytest",
    "django-admin",
    "mkdir",
    "cd",
    "cat",
    "tail",
    "echo",
    "sleep",
}
BACKGROUND = re.compile(r"python manage\.py (db_worker|runserver)\b")
INSTALL = re.compile(r"python -m pip install (?P<names>.*)")

RUN_EXAMPLES = "import django; django.setup(); import examples"


class Project:
    """A directory with a Django project, its server and its workers."""

    def __init__(self, directory: Path, environment: Path | None = None) -> None:
        """Take the directory, which may be empty, and a virtual environment to install into.

        Without one the tests' own is used, and what a page installs must be there.
        """
        self.is_virtual = environment is not None
        self.root = self.cwd = directory
        self.written: set[str] = set()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        # What has changed since the server was started, the checks were run, the tables were made.
        self.is_stale = self.is_unchecked = self.lacks_tables = False
        self.printed = ""
        self.log = directory.with_suffix(".log")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        programs = environment / "bin" if environment else Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            # Silences curl's progress.
            "CURL_HOME": str(TEMPLATE),
        }

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
        self.is_stale = self.is_unchecked = True
        if path.endswith("models.py") or "INSTALLED_APPS" in text:
            self.lacks_tables = True

    def execute(self, command: Command) -> None:
        """Run a command of a console block."""
        text = command.text.replace(ADDRESS, self.address)
        words = shlex.split(text)
        assert words[0] in COMMANDS, f"{words[0]} is no command that the docs are run with"
        background, install = BACKGROUND.match(text), INSTALL.fullmatch(text)
        if install and self.is_virtual:
            self.install(install["names"])
        elif install:
            check_installed(shlex.split(install["names"]))
        elif words[0] == "cd":
            self.cwd = (self.cwd / words[1]).resolve()
        elif background:
            self.prepare(is_request=False)
            self.start(background[1], text)
        else:
            if not text.startswith("python manage.py"):
                self.prepare(is_request=words[0] == "curl")
            self.call(text, command.output)

    def install(self, names: str) -> None:
        """Install packages for real, ours from a copy of this checkout."""
        source = self.root.with_name("source")
        if not source.exists():
            shutil.copytree(ROOT / PACKAGE, source / PACKAGE)
            for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
                shutil.copy(ROOT / name, source)
        self.call(f"python -m pip install -q {names.replace('django-apierrors', str(source))}", "")

    def prepare(self, *, is_request: bool) -> None:
        """Make the tables that are missing, and for a request start the server that is stale."""
        if self.lacks_tables and (self.root / SETTINGS).exists() and self.uses_template():
            self.lacks_tables = False
            (self.root / "db.sqlite3").unlink(missing_ok=True)
            self.call("python manage.py migrate --run-syncdb --skip-checks --verbosity 0", "")
        if is_request and (self.is_stale or "runserver" not in self.processes):
            self.start("runserver", f"python manage.py runserver {self.address}")

    def uses_template(self) -> bool:
        """Tell whether the page runs in our project: one that makes its own migrates itself."""
        return "for the examples" in (self.root / SETTINGS).read_text(encoding="utf-8")

    def call(self, text: str, shown: str) -> None:
        """Run a command to its end, and hold what it prints against what is shown."""
        self.is_unchecked = False
        is_poll = "…" in text
        text = self.complete(text)
        deadline = time.monotonic() + (TIMEOUT if is_poll else 0)
        while True:
            status, printed = self.get_output(text)
            if is_shown(shown, printed) if shown else status == 0:
                self.printed = printed or self.printed
                return
            if time.monotonic() > deadline:
                pytest.fail(f"$ {text}\nprinted\n{printed[:LONGEST]}\nnot\n{shown}")
            time.sleep(0.1)

    def complete(self, text: str) -> str:
        """Return a command with the text that the last output has where the command has `…`."""
        for word in re.findall(r"\S*…", text):
            start = re.escape(word[:-1].replace(self.address, ADDRESS))
            found = re.search(start + r"[^\s\"]+", self.printed)
            assert found, f"{word!r} is not in\n{self.printed}"
            text = text.replace(word, found[0].replace(ADDRESS, self.address))
        return text

    def get_output(self, text: str) -> tuple[int, str]:
        """Return the exit status of a command and what it prints."""
        done = subprocess.run(
            text,
            shell=True,
            cwd=self.cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        printed = done.stdout.replace("\r\n", "\n").replace(self.address, ADDRESS)
        return done.returncode, printed

    def start(self, name: str, text: str) -> None:
        """Start what runs until the page ends, a server in place of the one before."""
        self.stop(name)
        if name == "runserver":
            text = f"python manage.py runserver --noreload --skip-checks {self.address}"
            self.is_stale = False
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                shlex.split(text),
                cwd=self.cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes[name] = process
        if name == "runserver":
            self.wait_for_server(process)

    def wait_for_server(self, process: subprocess.Popen[bytes]) -> None:
        """Return once the server listens."""
        host, port = self.address.split(":")
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"the server did not start:\n{self.get_log()}")

    def stop(self, name: str) -> None:
        """Stop what was started by that name."""
        process = self.processes.pop(name, None)
        if process is not None:
            # Not terminated: a worker would see its task to the end first.
            process.kill()
            process.wait(TIMEOUT)

    def get_log(self) -> str:
        """Return the end of what the server and the workers have said."""
        return self.log.read_text(errors="replace")[-LONGEST:] if self.log.exists() else ""

    def finish(self) -> None:
        """Run the examples, and the system checks where nothing was run since the last file."""
        examples = self.root / EXAMPLES
        if examples.exists():
            self.prepare(is_request=False)
            has_tests = "def test_" in examples.read_text(encoding="utf-8")
            self.call(
                f"python -m pytest -q -p no:cacheprovider {EXAMPLES}"
                if has_tests
                else f'python -c "{RUN_EXAMPLES}"',
                "",
            )
        elif self.is_unchecked and (self.root / "manage.py").exists():
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


def check_installed(names: list[str]) -> None:
    """Fail where what a page says to install is not what the tests have installed."""
    for name in names:
        try:
            version(re.split(r"[\[<>=~]", name)[0])
        except PackageNotFoundError:
            pytest.fail(f"{name} is not among the packages of the tests: add it to setup.cfg")


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
    it.prepare(is_request=False)
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
        for name in list(it.processes):
            it.stop(name)
