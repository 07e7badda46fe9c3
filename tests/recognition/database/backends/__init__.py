"""Copies of Django's database backends, over the drivers that Django would not choose here.

Django uses psycopg2 only if psycopg is not installed, and PyMySQL only under mysqlclient's name. A
copy of the backend is imported while the other driver is hidden, so one process can test both.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType


def import_copy(package: str, drivers: Mapping[str, ModuleType | None], name: str) -> ModuleType:
    """Import `package` again with `drivers` in place of the installed ones; return its `base`.

    Django imports the compiler later, by its path. The path leads to the package `name`.
    """
    names = {package, *drivers}
    originals = {
        name: sys.modules.pop(name)
        for name in [*sys.modules]
        if any(name == removed or name.startswith(f"{removed}.") for removed in names)
    }
    sys.modules.update(drivers)  # type: ignore[arg-type]
    try:
        base = import_module(f"{package}.base")
        sys.modules[f"{name}.compiler"] = import_module(f"{package}.compiler")
        base.DatabaseWrapper.ops_class.compiler_module = f"{name}.compiler"
        return base
    finally:
        for name in [*sys.modules]:
            if any(name == removed or name.startswith(f"{removed}.") for removed in names):
                del sys.modules[name]
        sys.modules.update(originals)
        # The import made the copy an attribute of its parent, which must be the original again.
        parent, _, child = package.rpartition(".")
        if package in originals:
            setattr(sys.modules[parent], child, originals[package])
