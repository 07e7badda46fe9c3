"""Clients that three generators make of the example's schema are typed, and parse its errors.

The programs that use the clients are in `tests/clients`. The front end is that of the docs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from example_project.demo.data import READ_KEY, WRITE_KEY
from example_project.demo.server import ROOT, Server, find_free_port, manage, run_server
from tests.docs.blocks import read_blocks
from tests.example_project.client import send
from tests.example_project.fixtures import DATABASE, DEMO_SETTINGS, SETTINGS, get_database
from tests.services import require_package, skip_or_fail

pytestmark = [pytest.mark.once, pytest.mark.timeout(180)]

CLIENTS = ROOT / "tests" / "clients"
NODE_MODULES = CLIENTS / "node_modules"
FRONT_END = ROOT / "example_project" / "frontend"
TSC = ["--strict", "--target", "es2022", "--module", "node16", "--types", "node", "--skipLibCheck"]

# The output of each program: the status and the code of two errors, and the codes of the details.
PRINTED = [[400, "INVALID_CONTENT", ["blank"]], [401, 33619968]]

BLOCKS = list(read_blocks("docs/clients.md"))
PAGE = "".join(block.text for block in BLOCKS)


def run(*command: str, directory: Path, **environment: str) -> str:
    """Run a program in a directory, and return its output."""
    completed = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": get_path(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


def get_path() -> str:
    """Return the directories of programs: npm's, those beside Python, the system's."""
    directories = [NODE_MODULES / ".bin", Path(sys.executable).parent]
    return os.pathsep.join([*map(str, directories), os.environ["PATH"]])


def parse_lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def server(example_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo's server, with `details` in the bodies."""
    directory = tmp_path_factory.mktemp("typed-clients")
    database = Path(shutil.copy(example_database, directory / DATABASE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXAMPLE_DETAILS", "1")
        with run_server(database, directory / "log", settings=DEMO_SETTINGS) as server:
            yield server


@pytest.fixture(scope="module")
def schema(server: Server) -> str:
    """The schema of the server, as JSON."""
    return str(send(server, "GET", "/schema?format=json", key=None).text)


@pytest.fixture(scope="module")
def errors_module() -> str:
    """The TypeScript module of the error codes."""
    command = ("apierrors", "--format", "typescript")
    return manage(*command, database=Path("none"), settings=DEMO_SETTINGS)


@pytest.fixture(scope="module")
def front_end(schema: str, errors_module: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front end, built as its page describes."""
    require_npm()
    directory = tmp_path_factory.mktemp("frontend") / "frontend"
    shutil.copytree(FRONT_END, directory, ignore=shutil.ignore_patterns("node_modules", "build"))
    (directory / "node_modules").symlink_to(NODE_MODULES)
    (directory / "schema.json").write_text(schema, "utf-8")
    (directory / "src" / "errors.ts").write_text(errors_module, "utf-8")
    for script in ("generate", "build"):
        run("npm", "run", "--silent", script, directory=directory)
    return directory


@pytest.fixture(scope="module")
def typescript(front_end: Path, schema: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the TypeScript clients and their programs, compiled."""
    directory = tmp_path_factory.mktemp("typescript")
    (directory / "node_modules").symlink_to(NODE_MODULES)
    (directory / "schema.json").write_text(schema, "utf-8")
    shutil.copy(front_end / "src" / "errors.ts", directory)
    shutil.copytree(front_end / "src" / "api", directory / "hey")
    programs = [shutil.copy(path, directory) for path in CLIENTS.glob("*.ts")]
    run("openapi-typescript", "schema.json", "--output", "schema.ts", directory=directory)
    run("tsc", *TSC, "--outDir", "build", *map(str, programs), directory=directory)
    return directory


def require_npm() -> None:
    """Skip, or fail in CI, if Node.js or the generators are missing."""
    if shutil.which("node") is None:
        skip_or_fail("Node.js is not installed, so the TypeScript clients cannot run")
    if not (NODE_MODULES / "openapi-typescript").is_dir():
        skip_or_fail("the generators are not installed: run npm ci in tests/clients")


def generate_python(schema: str, directory: Path) -> Path:
    """Generate a Python client in a directory, without a warning."""
    require_package("openapi_python_client")
    (directory / "schema.json").write_text(schema, "utf-8")
    options = ("--path", "schema.json", "--output-path", "generated", "--meta", "none")
    output = run("openapi-python-client", "generate", *options, directory=directory)
    assert "WARNING" not in output, output
    return directory


@pytest.fixture(scope="module")
def python_client(schema: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the Python client and its schema."""
    return generate_python(schema, tmp_path_factory.mktemp("python"))


@pytest.mark.parametrize("has_details", [False, True])
def test_openapi_python_client_keeps_every_response(
    request: pytest.FixtureRequest, has_details: bool, tmp_path: Path
) -> None:
    if has_details:
        directory = request.getfixturevalue("python_client")
    else:
        command = ("spectacular", "--format", "openapi-json")
        schema = manage(*command, database=tmp_path / "none", settings=SETTINGS)
        directory = generate_python(schema, tmp_path)
    operations = [
        operation
        for methods in json.loads((directory / "schema.json").read_text())["paths"].values()
        for operation in methods.values()
    ]
    statuses = sum(len(operation["responses"]) for operation in operations)
    modules = (directory / "generated" / "api").rglob("*.py")
    parsed = [
        re.findall(r"if response\.status_code == (\d+)", module.read_text()) for module in modules
    ]
    assert sum(map(len, parsed)) == statuses > 132


def test_the_client_of_openapi_python_client_parses_errors(
    server: Server, python_client: Path
) -> None:
    shutil.copy(CLIENTS / "openapi_python_client.py", python_client / "program.py")
    output = run(sys.executable, "program.py", server.url, WRITE_KEY, directory=python_client)
    assert parse_lines(output) == PRINTED


@pytest.mark.parametrize("name", ["openapi_fetch", "hey_api"])
def test_a_typescript_client_narrows_errors_by_their_codes(
    server: Server, typescript: Path, name: str
) -> None:
    output = run("node", f"build/{name}.js", server.url, WRITE_KEY, directory=typescript)
    assert parse_lines(output) == PRINTED


def test_the_module_of_the_codes_is_typed(typescript: Path) -> None:
    entry = {"code": 33619968, "number": 33619968, "status": 401, "retry": "after change"}
    output = run("node", "build/codes.js", directory=typescript)
    assert parse_lines(output) == [[True, entry, "ALREADY_EXIST"]]


WRONG = """\
import { ERRORS } from "./errors";
import type { ErrorCode } from "./errors";
const code: ErrorCode = "TAKEN";
const status: 200 = ERRORS.GONE.status;
ERRORS.TAKEN;
"""


def test_a_wrong_code_does_not_compile(typescript: Path) -> None:
    (typescript / "wrong.ts").write_text(WRONG, "utf-8")
    with pytest.raises(AssertionError) as raised:
        run("tsc", *TSC, "--noEmit", "wrong.ts", directory=typescript)
    lines = re.findall(r"wrong\.ts\((\d+),\d+\): error TS", str(raised.value))
    assert lines == ["3", "4", "5"]


# The front end.


def use(front_end: Path, server: Server, *arguments: str, key: str = WRITE_KEY) -> str:
    """Run a command of the front end, and return its output."""
    command = ("node", "build/main.js", server.url, *arguments)
    return run(*command, directory=front_end, API_KEY=key)


def test_the_front_end_shows_the_errors_at_the_fields_of_its_form(
    front_end: Path, server: Server
) -> None:
    fields = [
        block.text for block in BLOCKS if block.subsection == "Errors at the fields of a form"
    ]
    sessions = re.findall(r"^\$ .* create '(.*)'\n((?:[^$].*\n)+)", "".join(fields), re.MULTILINE)
    assert len(sessions) == 2
    for form, output in sessions:
        assert use(front_end, server, "create", form) == output


def test_the_front_end_shows_an_error_that_is_not_about_a_field(
    front_end: Path, server: Server
) -> None:
    form = '{"name": "Lamp"}'
    assert use(front_end, server, "create", form, key="wrong") == "Please log in.\n"
    [message] = use(front_end, server, "create", form, key=READ_KEY).splitlines()
    assert "credentials" in message


def test_the_front_end_prints_the_reference_of_an_unhandled_exception(
    front_end: Path, server: Server
) -> None:
    output = use(front_end, server, "status", "500")
    match = re.search(r"Reference: ([0-9a-f]{12})\.\n$", output)
    assert match is not None
    assert match[1] in server.log.read_text()
    assert output.replace(match[1], "57335f43d9c9") in PAGE


def test_the_front_end_sends_a_request_again_after_a_503(front_end: Path, server: Server) -> None:
    database = get_database(server)
    hidden = database.with_name("hidden")
    # A directory in place of the database looks like a disk that is not mounted.
    database.rename(hidden)
    database.mkdir()
    command = ("node", "build/main.js", server.url, "create", '{"name": "Lamp"}')
    environment = {**os.environ, "API_KEY": WRITE_KEY}
    with subprocess.Popen(
        command, cwd=front_end, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        database.rmdir()
        hidden.rename(database)
        output = first + process.stdout.read()
    assert output == "The service is not available. Next attempt in 5 seconds.\nSaved: Lamp\n"
    assert output in PAGE


def test_the_front_end_shows_that_the_server_is_not_reachable(front_end: Path) -> None:
    command = ("node", "build/main.js", f"http://127.0.0.1:{find_free_port()}", "status", "500")
    with pytest.raises(AssertionError, match=r"^The server is not reachable\.\n"):
        run(*command, directory=front_end, API_KEY=WRITE_KEY)


def test_the_front_end_has_the_versions_of_the_tests() -> None:
    packages = json.loads((FRONT_END / "package.json").read_text("utf-8"))["devDependencies"]
    tested = json.loads((CLIENTS / "package.json").read_text("utf-8"))["dependencies"]
    assert packages == {name: tested[name] for name in packages}


def test_the_page_shows_parts_of_the_programs() -> None:
    programs = [FRONT_END / "src" / "main.ts", *CLIENTS.glob("*.ts"), *CLIENTS.glob("*.py")]
    texts = [path.read_text("utf-8") for path in programs]
    shown = [block for block in BLOCKS if block.language in ("typescript", "python")]
    # The first block has settings.
    assert [
        str(block) for block in shown[1:] if not any(indent(block.text) in indent(t) for t in texts)
    ] == []
    assert json.dumps(PRINTED[0]) in PAGE


def indent(text: str) -> str:
    """Return a text without the indentation of its lines."""
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)
