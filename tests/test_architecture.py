"""The structure of the package, and the import paths that the docs promise."""

from __future__ import annotations

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.docs.blocks import PAGES
from tests.services import require_package

PACKAGE = "django_apierrors"
ROOT = Path(__file__).resolve().parent.parent

# The folders and the modules of the top level, lowest first: imports go down.
LAYERS = [
    {"conf", "fallback"},
    {"catalog"},
    {"exceptions", "validation"},
    {"errors"},
    {"http", "signals"},
    {"renderers", "parsers", "negotiation", "recognition"},
    {"handling", "filters", "pagination", "routing"},
    {"handler", "middleware", "wsgi", "asgi", "semantics", "mixins"},
    {"generics"},
    {"viewsets", "operations"},
    {"introspection"},
    {"checks", "openapi", "testing", "reference", "management"},
    {"apps"},
]

# The private attributes of Django and DRF that may be used, and where; each has a comment there.
PRIVATE_ATTRIBUTES = {
    "atomic_blocks": {"handling/rollback.py"},
    "savepoint_ids": {"handling/rollback.py"},
    "_from_testcase": {"handling/rollback.py"},
    "_request": {"errors.py"},
    "_read_started": {"validation/places.py"},
    "_has_been_logged": {"handling/rewriting.py"},
}

MAX_FUNCTION_LINES = 40

PATHS = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in PATHS.items()}


def get_module(name: str) -> str:
    """Return the module of ours that `name` is, or is defined in; `""` for other packages."""
    while name and name not in PATHS:
        name = name.rpartition(".")[0]
    return name


def iter_imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules of ours that the code in `node` imports when it runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom):
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from filter(None, map(get_module, names))
        yield from iter_imports(child)


IMPORTS = {name: set(iter_imports(tree)) - {name} for name, tree in TREES.items()}


def get_layer(module: str) -> int:
    """Return the number of the layer of a module; the package itself is below them all."""
    if module == PACKAGE:
        return -1
    [layer] = [number for number, names in enumerate(LAYERS) if module.split(".")[1] in names]
    return layer


def test_imports_go_down_the_layers() -> None:
    upward = [
        f"{module} imports {imported}"
        for module in PATHS
        for imported in IMPORTS[module]
        if get_layer(imported) > get_layer(module)
    ]
    assert upward == []


def test_no_modules_import_each_other() -> None:
    graphlib.TopologicalSorter(IMPORTS).prepare()


def test_the_top_level_has_few_names() -> None:
    names = {path.name for path in (ROOT / PACKAGE).iterdir()} - {"__pycache__"}
    assert len(names) <= 35, sorted(names)


def count_code_lines(name: str) -> int:
    """Return the number of lines of a module without blank lines, comments and docstrings."""
    has_docstring = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        number
        for node in ast.walk(TREES[name])
        if isinstance(node, has_docstring) and ast.get_docstring(node) is not None
        for number in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = enumerate(PATHS[name].read_text("utf-8").splitlines(), start=1)
    return sum(
        number not in docstrings and not re.match(r"\s*(#|$)", line) for number, line in lines
    )


def test_the_package_is_small() -> None:
    assert sum(map(count_code_lines, PATHS)) <= 9_550


def test_no_function_is_long() -> None:
    long = [
        f"{module}.{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        if node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_no_public_name_is_defined_twice() -> None:
    modules: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        if ".management.commands." in module:
            # Django prescribes the name of a command's class.
            continue
        for node in tree.body:
            names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                inner = (name for target in targets for name in ast.walk(target))
                names = [name.id for name in inner if isinstance(name, ast.Name)]
            for name in {name for name in names if not name.startswith("_")}:
                modules.setdefault(name, []).append(module)
    # DRF or Django prescribes the name; the registered check imports the function of its module.
    allowed = {"check_settings", "check_installation", "check_locations"}
    assert {name: found for name, found in modules.items() if len(found) > 1}.keys() <= allowed


def test_a_function_that_may_return_none_is_not_called_get() -> None:
    names = {
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and re.match("_?get_", node.name) and node.returns
        if "None" in re.findall(r"\w+", re.sub(r"\[.*\]", "", ast.unparse(node.returns)))
    }
    # Methods that a project may override: DRF, drf-spectacular or the docs have their names.
    assert names == {
        "get_caller",
        "get_document_for",
        "get_limit",
        "get_location",
        "get_operation",
        "get_page_size",
        "get_result_url",
    }


def iter_private_attributes(tree: ast.AST) -> Iterator[str]:
    """Yield the private attributes of other objects than `self` and `cls` that the code uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner, name = ast.unparse(node.value), node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
            owner, name = ast.unparse(node.args[0]), ast.unparse(node.args[1]).strip("'")
        else:
            continue
        # Django documents `_meta`, Python the methods of a NamedTuple.
        is_private = re.fullmatch(r"_[a-z]\w*", name) and name not in ("_meta", "_replace")
        if (is_private and owner not in ("self", "cls", "super()")) or name in PRIVATE_ATTRIBUTES:
            yield name


def test_private_attributes_of_others_are_used_where_they_are_listed() -> None:
    used = {
        (name, path.relative_to(ROOT / PACKAGE).as_posix())
        for module, path in PATHS.items()
        for name in iter_private_attributes(TREES[module])
    }
    assert used == {(name, path) for name, paths in PRIVATE_ATTRIBUTES.items() for path in paths}


# In an interpreter of its own: in this one, other tests have imported DRF's views long ago.
LOAD = """
import importlib, json, sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=[sys.argv[1], "django.contrib.contenttypes"])
django.setup()
importlib.import_module(sys.argv[2])
print(json.dumps(sys.argv[3] in sys.modules))
"""


@pytest.mark.parametrize(
    ("app", "module", "other"),
    [
        *(
            ("rest_framework", f"{PACKAGE}.{name}", "rest_framework.views")
            # DRF imports its defaults while `rest_framework.views` is itself being imported.
            for name in ("renderers", "parsers", "negotiation")
        ),
        # The checks of the app are registered without DRF.
        (PACKAGE, PACKAGE, "rest_framework"),
    ],
)
def test_a_module_does_not_import_another(app: str, module: str, other: str) -> None:
    command = [sys.executable, "-c", LOAD, app, module, other]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) is False


DOTTED_PATH = re.compile(r"(?<![\w./-])django_apierrors(?:\.\w+)+")
IMPORT = re.compile(r"\bfrom (django_apierrors[\w.]*) import (\w+(?:, \w+)*|\([^)]*\))")
CHECK_ID = re.compile(r"django_apierrors\.[EWI]\d{3}")


def find_paths(text: str) -> Iterator[str]:
    """Yield the dotted paths of a page, and those of its imports."""
    yield from (path for path in DOTTED_PATH.findall(text) if not CHECK_ID.fullmatch(path))
    for module, names in IMPORT.findall(text):
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


def resolve(path: str) -> None:
    """Import a module or an object of one, as `from module import name` does."""
    try:
        resolve_name(path)
    except AttributeError:
        import_module(path)


def test_every_import_path_in_the_docs_works() -> None:
    # Some paths belong to optional packages.
    require_package("drf_spectacular")
    require_package("schemathesis")
    paths = {path for page in PAGES.values() for path in find_paths(page.read_text("utf-8"))}
    failures = {}
    for path in sorted(paths):
        try:
            resolve(path)
        except (ImportError, AttributeError) as exc:
            failures[path] = str(exc)
    assert failures == {}
    # A setting, the module of an import, and the names of an import of several.
    assert {"django_apierrors.handler.exception_handler", "django_apierrors.generics"} <= paths
    names = ("AlreadyExists", "InvalidState", "ServiceUnavailable")
    assert {f"django_apierrors.exceptions.{name}" for name in names} <= paths
