"""Hold the package to the floors of its house, from the syntax trees of its modules.

A module imports from its own floor or from below, never in a loop, never inside a function to dodge
one. The floors are the table FLOORS: a new module needs a line there before any test passes.
"""

from __future__ import annotations

import ast
import graphlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "django_apierrors"
ROOT = Path(__file__).resolve().parent.parent

MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40

# Lowest first. A subpackage stands on one floor as a whole.
FLOORS = {
    "ground": {
        *("advice", "catalog", "conf", "exceptions", "failsafe", "kinds", "memory", "refusals"),
        "message_codes",
    },
    "first floor": {
        *("errors", "details", "rows", "segments", "database", "known_exceptions", "recognition"),
        *("identifiers", "relations", "class_paths", "passages"),
        *("constraints", "driver_codes", "reports", "statements"),
    },
    "second floor": {
        *("answers", "responses", "renderers", "parsers", "negotiation", "handler", "middleware"),
        *(
            "encoders",
            "headers",
            "scope",
            "probing",
            "problems",
            "reporting",
            "rewriting",
            "rollback",
        ),
        *("wsgi", "asgi", "unreadable"),
        *(
            "semantics",
            "mixins",
            "generics",
            "viewsets",
            "pagination",
            "filters",
            "operations",
            "request",
        ),
        *("locations", "routes", "parameters", "naming", "request"),
        *("validation", "declared_fields", "field_classes"),
        *("atomicity", "callers", "engines", "handles", "states"),
    },
    "face": {
        *("checks", "location_checks", "openapi", "testing", "reference", "management"),
        *("contracts", "contents", "endpoints", "listings", "schemas"),
        *("audit", "departures", "ignoring", "tables"),
    },
    "wiring": {"apps"},
}

# DRF's own defaults: `rest_framework.views` imports them while it is itself being imported.
DRF_DEFAULTS = ("renderers", "parsers", "negotiation")
DRF_VIEWS = ("rest_framework.views", "rest_framework.generics")

# DRF cannot be imported while apps load, so the wiring imports our modules when it is called.
WIRING = f"{PACKAGE}.apps"

NOT_OPTIONAL = {*sys.stdlib_module_names, "django", "rest_framework", PACKAGE}
IMPORTERS = {"__import__", "import_module", "import_string"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """One imported name and the circumstances of its import."""

    name: str
    line: int
    late: bool
    typing_only: bool


def name_of(path: Path) -> str:
    """Return the dotted name of the module at `path`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {name_of(path): path for path in sorted((ROOT / PACKAGE).rglob("*.py"))}
MODULES = sorted(PATHS)
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in PATHS.items()}


def imported_names(module: str, node: ast.AST) -> list[str]:
    """Return the dotted names that one node imports; those of `from x import y` are x.y."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = module if PATHS[module].name == "__init__.py" else module.rpartition(".")[0]
        # One dot is the package itself, each further dot its parent.
        start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*start, *filter(None, [node.module])])
        return [f"{source}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", getattr(node.func, "id", None))
        return [str(node.args[0].value)] if called in IMPORTERS else []
    return []


def walk(
    module: str, node: ast.AST, *, late: bool = False, typing_only: bool = False
) -> Iterator[Import]:
    """Yield every import at and below `node`."""
    for name in imported_names(module, node):
        yield Import(name, getattr(node, "lineno", 0), late, typing_only)
    late = late or isinstance(node, Function | ast.Lambda)
    guarded = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in ast.iter_child_nodes(node):
        in_guard = guarded and child not in getattr(node, "orelse", [])
        yield from walk(module, child, late=late, typing_only=typing_only or in_guard)


IMPORTS = {module: list(walk(module, tree)) for module, tree in TREES.items()}


def module_behind(name: str) -> str | None:
    """Return the module of ours that `name` is, or is a member of; None if it is not ours."""
    while name and name not in PATHS:
        name = name.rpartition(".")[0]
    return name or None


def imports_of(module: str, *, at_run_time: bool = False) -> set[str]:
    """Return the modules of ours that `module` imports when it is loaded."""
    return {
        target
        for item in IMPORTS[module]
        if not item.late and not (at_run_time and item.typing_only)
        if (target := module_behind(item.name)) not in (None, module)
    }


def floor_of(module: str) -> int:
    """Return the number of the floor `module` stands on; the package itself is below them all."""
    if module == PACKAGE:
        return -1
    room = module.split(".")[1]
    for number, rooms in enumerate(FLOORS.values()):
        if room in rooms:
            return number
    raise AssertionError(f"{module} has no floor: give {room!r} one in FLOORS.")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_stands_on_a_floor(module: str) -> None:
    assert floor_of(module) >= -1


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_no_module_of_a_floor_above(module: str) -> None:
    upward = [
        f"line {item.line}: {item.name}"
        for item in IMPORTS[module]
        if (target := module_behind(item.name)) and floor_of(target) > floor_of(module)
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_loop() -> None:
    graph = {module: imports_of(module) for module in MODULES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize("module", MODULES)
def test_a_function_imports_optional_packages_alone(module: str) -> None:
    late = [
        f"line {item.line}: {item.name}"
        for item in IMPORTS[module]
        if item.late and item.name.partition(".")[0] in NOT_OPTIONAL
        if not (module == WIRING and module_behind(item.name))
    ]
    assert late == []


def test_the_package_itself_holds_its_docstring_and_version_alone() -> None:
    names = [
        ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else type(node).__name__
        for node in TREES[PACKAGE].body
    ]
    assert names == ["Expr", "__version__"]
    assert ast.get_docstring(TREES[PACKAGE])


@pytest.mark.parametrize("room", DRF_DEFAULTS)
def test_what_drf_loads_as_a_default_names_no_module_of_its_views(room: str) -> None:
    reached: set[str] = set()
    waiting = {f"{PACKAGE}.{room}"} & set(MODULES)
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting |= imports_of(module, at_run_time=True) - reached
    named = [
        f"{module}, line {item.line}: {item.name}"
        for module in sorted(reached)
        for item in IMPORTS[module]
        if not item.late and not item.typing_only and item.name.startswith(DRF_VIEWS)
    ]
    assert named == []


# In an interpreter of its own: in this one, other tests have imported DRF's views long ago.
LOAD = """
import importlib, json, sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["rest_framework"])
django.setup()
importlib.import_module(sys.argv[1])
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]))
"""


@pytest.mark.parametrize("room", DRF_DEFAULTS)
def test_what_drf_loads_as_a_default_loads_no_module_of_its_views(room: str) -> None:
    module = f"{PACKAGE}.{room}"
    if module not in MODULES:
        pytest.skip(f"{module} is not there yet")
    run = subprocess.run(
        [sys.executable, "-c", LOAD, module, *DRF_VIEWS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    lines = PATHS[module].read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_MODULE_LINES


@pytest.mark.parametrize("module", MODULES)
def test_a_function_can_be_seen_whole(module: str) -> None:
    long = {
        node.name: length
        for node in ast.walk(TREES[module])
        if isinstance(node, Function)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}
